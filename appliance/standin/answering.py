"""What happens between a person's turn and the end of the answer: understand, call, speak.

Knows: in which order the mind, the calls and the voice are asked, and the faults among these steps.
Must never know: frames and sockets; it speaks through a Turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import garbage, messages
from .gate import INPUT_RATE_HZ, Ended
from .mind import Understanding
from .profile import declarations_in
from .turn import Interrupted, Turn

if TYPE_CHECKING:
    from .connection import Connection

_EMPTY_BYTES = INPUT_RATE_HZ * 2 // 10  # less than 100 ms is no utterance


async def answer(connection: Connection, turn: Turn, ended: Ended) -> None:
    """Carry the turn from the person's last word to its end, interrupted or not. Raises Refusal."""
    heard_s = len(ended.pcm) / 2 / INPUT_RATE_HZ
    empty = len(ended.pcm) < _EMPTY_BYTES and not ended.text
    understood = Understanding(transcript=ended.text)
    if connection.options.faults.mute == "turn":
        connection.mute()
    try:
        if not empty or connection.options.empty_activity == "answer":
            await turn.wait(connection.options.faults.answer_delay_s)
            understood = await _understand(connection, turn, ended)
            await _reply(connection, turn, ended, understood)
        if not empty or connection.options.empty_activity != "no-answer":
            await turn.finish(understood.transcript, heard_s)
    except Interrupted:
        await turn.break_off(understood.transcript, heard_s, connection.calls.cancel_all())
    await connection.end_turn(turn, understood.transcript)


async def speak_of(connection: Connection, turn: Turn, response: dict[str, Any]) -> None:
    """A turn of the model's own, about a late answer to a call. Raises Refusal."""
    noted = connection.requests.get(response["id"])
    understood = Understanding(requests=(noted,) if noted is not None else ())
    try:
        words = connection.house.mind.put(understood, [response["response"]])
        await turn.speak(words, await turn.until(connection.house.voice.say(words)))
        await turn.finish("", 0.0)
    except Interrupted:
        await turn.break_off("", 0.0, [])
    await connection.end_turn(turn, "")


async def _understand(connection: Connection, turn: Turn, ended: Ended) -> Understanding:
    for kind, frame in garbage.frames(connection.options.faults.garbage):
        await connection.send_raw(kind, frame)
    mind, declarations = connection.house.mind, declarations_in(connection.setup)
    work = mind.read(ended.text, declarations) if ended.text else mind.hear(ended.pcm, declarations)
    return await turn.until(work)


async def _reply(connection: Connection, turn: Turn, ended: Ended, understood: Understanding) -> None:
    heard = "" if ended.text else understood.transcript
    when = connection.options.variants.input_transcript
    if when == "before":
        await turn.hear(heard)
    words = understood.answer
    if understood.calls:
        responses = await _call(connection, turn, understood)
        silent = all(response.get("scheduling") == "SILENT" for response in responses)
        words = "" if silent else connection.house.mind.put(understood, [r["response"] for r in responses])
    words = _greeted(connection, words)
    pcm = await turn.until(connection.house.voice.say(words))
    if when == "during":
        await turn.hear(heard)
    if words:
        await turn.speak(words, pcm)
    if when == "end":
        await turn.hear(heard)


def _greeted(connection: Connection, words: str) -> str:
    """The words, the first ones with the greeting before them, unless they say as much."""
    greeting = connection.greeting
    if not words or not greeting:
        return words
    connection.greeting = ""
    return words if greeting.removeprefix("I am ").rstrip(".") in words else f"{greeting} {words}"


async def _call(connection: Connection, turn: Turn, understood: Understanding) -> list[dict[str, Any]]:
    ids = await turn.call(understood.calls, connection.calls, connection.behaviors())
    connection.requests |= zip(ids, understood.requests, strict=False)
    if "sessionResumption" in connection.setup:
        await connection.send(messages.resumption_update(None))
    connection.reached("tool-call")
    return await turn.until(connection.calls.wait(ids))
