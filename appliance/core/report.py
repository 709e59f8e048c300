"""What `status` shows.

Knows where each number is. Must never know how it is printed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import lines
from .health import NOT_YET
from .session import Live

if TYPE_CHECKING:
    from .conversation import Conversation
    from .session import Session


def report(box: Conversation, now: float) -> dict[str, object]:
    """What a person wants to know of it all."""
    fault = box.session.trouble
    return {
        "phase": str(box.mood),
        "says": repr(box),
        "trouble": None if fault is None else {"what": fault.name, "advice": fault.advice},
        "line": _ages(box.session, now),
        "muted": box.mute.is_on,
        "button": "stuck" if box.button.is_stuck else "fine",
        "microphone": box.health.microphone or box.health.doubt or "open",
        "speaker": box.health.speaker or ("open" if box.health.heard_of_speaker else NOT_YET),
        "sound": box.health.shown(),
        "camera": box.eye.shown,
        "offline": "serving" if lines.is_offline(box) else box.offline.shown,
        "echo": box.barge_in.shown,
        "volume": box.volume.level,
        "turns": box.turn.number,
        "last_turn_ms": dict(box.timeline.last),
        "turns_ms": box.timeline.summary(),
        "usage": box.ledger.shown(),
        **box.calls.lighting.shown(),
    }


def _ages(session: Session, now: float) -> dict[str, object] | None:
    """Of the line to the service, and of the session that went on over this line and those before it."""
    if not isinstance(session.line, Live):
        return None
    return {
        "age_s": round(now - session.line.since),
        "session_age_s": round(now - min(session.opened, session.line.since)),
        "resumed": session.resumed,
    }
