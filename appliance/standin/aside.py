"""Speaks of the answer to a call that nobody has waited for, when its scheduling says.

        SILENT      never: the model knows it now
        WHEN_IDLE   when the turn that runs is over; so is an answer that says nothing of it
        INTERRUPT   at once: the turn that runs is broken off

Knows: one function response at a time.
Must never know: who made the call, or what is waited for by a turn (calls.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .turn import Interrupted

if TYPE_CHECKING:
    from .connection import Connection


async def tell_of(connection: Connection, response: dict[str, Any]) -> None:
    """One turn about this response, in its time; none at all where it is to be silent."""
    scheduling = response.get("scheduling", "WHEN_IDLE")
    if scheduling == "SILENT":
        return
    if scheduling == "INTERRUPT":
        connection.interrupt()
    turn = await connection.next_turn()
    told = ", ".join(str(value) for value in response["response"].values()) or "nothing"
    words = f"Of {response.get('name', 'it')}: {told}."
    try:
        pcm = await turn.until(connection.house.voice.say(words))
        await turn.speak(words, pcm)
        await turn.finish("", 0.0)
    except Interrupted:
        await turn.break_off("", 0.0, connection.calls.cancel_all())
    await connection.end_turn(turn, "")
