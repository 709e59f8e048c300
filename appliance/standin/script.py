"""Plays a scene on one connection: the steps in order, each with the connection's own strictness around it.

Knows: what each verb of a scene does.
Must never know: how scenes are written down, or checked (scene.py).
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from . import garbage, messages
from .gate import INPUT_RATE_HZ, Ended
from .mind import Call
from .refusal import INTERNAL, Refusal
from .scene import Scene, Step
from .turn import Interrupted, Turn
from .voice import tones

if TYPE_CHECKING:
    from .connection import Connection

log = logging.getLogger(__name__)

_PATIENCE_S = 30.0  # for an expected message, unless the step says otherwise


class Script:
    """One playing of a scene. `tell` brings it what the client does."""

    def __init__(self, connection: Connection, scene: Scene) -> None:
        self.playing = True
        self.expects = ""  # what is waited for now
        self._connection = connection
        self._scene = scene
        self._steps = scene.steps_on(connection.number)
        self._told: asyncio.Queue[tuple[str, Ended | None]] = asyncio.Queue()
        self._turn: Turn | None = None
        self._ended = Ended()
        self._ids: list[str] = []

    @property
    def wants_setup(self) -> bool:
        """Whether the scene answers the setup itself."""
        return bool(self._steps) and self._steps[0].get("expect") == "setup"

    def tell(self, happening: str, ended: Ended | None = None) -> None:
        if self.playing:
            self._told.put_nowait((happening, ended))

    async def play(self) -> None:
        """Carry out every step; raises Refusal to hang up."""
        steps = self._steps[1:] if self.wants_setup else self._steps
        for number, step in enumerate(steps, 1):
            await self._guarded(step, number)
        while self._scene.then == "repeat" and steps:
            for number, step in enumerate(steps, 1):
                await self._guarded(step, number)
        await self._finish()
        self.playing = self._scene.then == "silence"

    async def _guarded(self, step: Step, number: int) -> None:
        try:
            await self._do(step)
        except Interrupted:
            if self._turn is not None:
                cancelled = self._connection.calls.cancel_all()
                await self._turn.break_off("", self._heard_s(), cancelled)
                await self._close_turn()
        except TimeoutError:
            log.error("scene %s, step %d: %s did not come", self._scene.name, number, step.get("expect"))
            raise Refusal(INTERNAL, f"The scene expected {step.get('expect')}.") from None

    async def _do(self, step: Step) -> None:
        connection = self._connection
        match step:
            case {"expect": happening}:
                await self._expect(happening, step.get("within_s", _PATIENCE_S))
            case {"hear": text}:
                await self._now().hear(text)
            case {"speak": text}:
                await self._speak(text, step)
            case {"call": rows}:
                await self._call(rows, wait=step.get("wait", True))
            case {"cancel": _}:
                await connection.send(messages.cancellation(connection.calls.cancel_all()))
            case {"interrupt": _}:
                raise Interrupted
            case {"send": message}:
                await connection.send(self._filled(message))
            case {"garbage": kind}:
                for name, frame in garbage.frames(kind):
                    await connection.send_raw(name, frame)
            case {"wait_s": seconds}:
                await (self._turn.wait(seconds) if self._turn else asyncio.sleep(self._scaled(seconds)))
            case {"goaway": left}:
                await connection.send(messages.go_away(left))
            case {"mute": True}:
                connection.mute()
            case {"close": code}:
                raise Refusal(code, step.get("reason", ""))
            case _:
                pass

    async def _expect(self, wanted: str, within_s: float) -> None:
        self.expects = wanted
        async with asyncio.timeout(self._scaled(within_s)):
            while True:
                happening, ended = await self._told.get()
                if ended is not None:
                    self._ended = ended
                if happening == wanted:
                    self.expects = ""
                    return

    async def _speak(self, text: str, step: Step) -> None:
        turn = self._now()
        if "seconds" in step:
            pcm = (tones(text) * 1000)[: int(step["seconds"] * messages.OUTPUT_RATE_HZ) * 2]
        else:
            pcm = await turn.until(self._connection.house.voice.say(text))
        await turn.speak(text, pcm)
        if step.get("complete", True):
            await self._finish()

    async def _call(self, rows: list[dict[str, Any]], *, wait: bool) -> None:
        turn, connection = self._now(), self._connection
        calls = tuple(Call(row["name"], row.get("args", {})) for row in rows)
        ids = [row.get("id", "") for row in rows]
        self._ids = await turn.call(calls, connection.calls, connection.behaviors(), ids, awaited=wait)
        if wait:
            await turn.until(connection.calls.wait(self._ids))

    async def _finish(self) -> None:
        if self._turn is not None:
            await self._turn.finish("", self._heard_s())
            await self._close_turn()

    async def _close_turn(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            await self._connection.end_turn(turn, "")

    def _now(self) -> Turn:
        if self._turn is None:
            self._turn = self._connection.new_turn()
        return self._turn

    def _heard_s(self) -> float:
        return len(self._ended.pcm) / 2 / INPUT_RATE_HZ

    def _scaled(self, seconds: float) -> float:
        return seconds / self._connection.options.time_scale

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._filled(inner) for inner in value]
        if value == "@handle":
            return self._connection.issue_handle()
        if isinstance(value, str) and value.startswith("@audio "):
            return (tones("standin") * 1000)[: int(float(value[7:]) * messages.OUTPUT_RATE_HZ) * 2]
        return value
