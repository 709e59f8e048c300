"""Changed settings, taken over by a conversation that goes on.

Knows which machine holds which of them. Must never know where they come from.

What has begun goes on as it was begun; the next turn, press or line is as the new settings say. A line that
was set up otherwise is left between two turns, and its session resumed on the next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .effects import Effect, Tell
from .events import Changed
from .rules import Rules
from .session import Live, Session

if TYPE_CHECKING:
    from .conversation import Conversation


def adopt(box: Conversation, changed: Changed) -> list[Effect]:
    """Be as these rules say from now on."""
    rules = changed.rules
    box.button.grip = rules.grip
    box.turn.manners = rules.manners
    box.ear.tune(rules.hangover_ms, rules.min_speech_ms, rules.noise_guard_ms)
    box.barge_in.interruptible = rules.manners.interruptible
    box.ledger.budget = rules.budget
    box.lamp.shine = rules.shine
    box.timing.ringing.ring_s = changed.ring_s
    _prepare(box.session, rules)
    return [Tell("settings", {"applied": list(changed.keys)})]


def _prepare(session: Session, rules: Rules) -> None:
    """The next line is as these rules say."""
    session.always, session.idle_close_s = rules.always_connected, rules.idle_close_s
    if (session.setup, session.fallbacks) == (rules.setup, rules.fallbacks):
        return
    if session.setup.model != rules.setup.model:  # whose handles are good for no other
        session.handles.forget()
        session.handles.model = rules.setup.model
    session.setup, session.fallbacks = rules.setup, rules.fallbacks
    if isinstance(session.line, Live):
        session.line = replace(session.line, hurry=True)
