"""The ages of a connection: what comes right after a resumption, and the end that goAway announces.

Knows: the delays, on the stand-in's clock, and the faults around them.
Must never know: turns.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from . import messages
from .refusal import BAD_TOKEN, GO_AWAY_IGNORED, POLICY, Refusal
from .resumption import Exchange

if TYPE_CHECKING:
    from .connection import Connection


async def after_resume(connection: Connection, history: tuple[Exchange, ...]) -> None:
    """Play the known faults of a resumed session, where they were asked for."""
    if not connection.setup.get("sessionResumption", {}).get("handle"):
        return
    faults = connection.options.faults
    if faults.replayed_transcripts and history:
        last = history[-1]
        for name, text in (("inputTranscription", last.asked), ("outputTranscription", last.answered)):
            await connection.send(messages.content(**{name: messages.transcript(text)}))
    if faults.poisoned_resume:
        connection.mute()


async def until_go_away(connection: Connection, usual_age_s: float | None) -> None:
    """Announce the end at its time, and hang up when the time left is over. Raises Refusal to hang up."""
    faults, scale = connection.options.faults, connection.options.time_scale
    age_s = usual_age_s if faults.go_away_s is None else faults.go_away_s
    if age_s is None:
        return
    await asyncio.sleep(age_s / scale)
    await connection.send(messages.go_away(faults.go_away_left))
    if faults.go_away_mute:
        connection.mute()
        return
    await asyncio.sleep(_seconds(faults.go_away_left) / scale)
    reason = GO_AWAY_IGNORED if faults.go_away_code == POLICY else faults.go_away_reason
    raise Refusal(faults.go_away_code, reason)


async def until_token_ends(left_s: float) -> None:
    """Hang up when the token of the connection is over: its messages are refused from then on."""
    await asyncio.sleep(left_s)
    raise Refusal(POLICY, BAD_TOKEN)


def _seconds(duration: str) -> float:
    """A proto3-JSON duration; 0 for none, or for a text that is not one."""
    try:
        return max(0.0, float(duration.removesuffix("s")))
    except ValueError:
        return 0.0
