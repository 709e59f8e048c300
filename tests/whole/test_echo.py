"""The daemon through an open speaker: it does not interrupt itself, and whoever speaks over it does.

In the air of memory, with the canceller that ships, in real time, across a real WebSocket.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest

from appliance import app
from appliance.adapters.air import Air
from appliance.adapters.memory import MemoryMicrophone, MemorySpeaker
from appliance.config import parse
from appliance.core.events import Asked, Stop, Talk
from appliance.standin.server import Options, StandIn

from ..adapters.contract_sound import samples
from .house import clip

pytestmark = pytest.mark.slow

LONG = (
    "The weather tomorrow will be mostly sunny with some clouds in the afternoon. It will be warm, with a "
    "light wind from the west, and in the evening there may be a little rain near the coast and in the hills."
)
GAIN = 0.6
QUIET = (np.random.default_rng(1).standard_normal(24_000) * 15).astype("<i2").tobytes()


class House:
    """A box whose microphone stands beside its speaker."""

    def __init__(self, box: app.Box, air: Air) -> None:
        self.box = box
        self.told: list[tuple[str, dict[str, object]]] = []
        self._changed = asyncio.Event()
        microphone, speaker = box.microphone, box.speaker
        assert isinstance(microphone, MemoryMicrophone)
        assert isinstance(speaker, MemorySpeaker)
        self.microphone, self.speaker = microphone, speaker
        microphone.around = air.read
        speaker.listeners.append(air.write)
        box.desk.watchers.append(self._tell)

    def _tell(self, kind: str, fields: object) -> None:
        self.told.append((kind, dict(fields)))  # type: ignore[call-overload]
        self._changed.set()

    def of(self, kind: str) -> list[dict[str, object]]:
        return [fields for told, fields in self.told if told == kind]

    async def until(self, there: Callable[[], object]) -> None:
        async with asyncio.timeout(40):
            while not there():
                self._changed.clear()
                await self._changed.wait()

    def speaks(self) -> bool:
        return self.of("phase")[-1]["mood"] == "speaking" if self.of("phase") else False

    async def ask(self) -> None:
        """A question, spoken, and the beginning of its answer."""
        await self.microphone.say(QUIET)  # a box that has just begun does not know the room yet
        self.box.pump.post(Asked(1, Talk()))
        await self.microphone.say(QUIET[:16_000] + person())
        await self.until(self.speaks)


def person(gain: float = 0.5) -> bytes:
    pcm, _ = clip("turn-on-the-kitchen-light.wav")
    return (samples(pcm) * gain).astype("<i2").tobytes()


@contextlib.asynccontextmanager
async def open_speaker(place: Path, echo: str) -> AsyncIterator[House]:
    options = Options(brain=False, answer=LONG, playback_wait=0.0)
    async with StandIn(options) as standin:
        table = {
            "live": {"endpoint": standin.url},
            "audio": {"backend": "memory", "echo": echo},
            "turns": {"follow_up_s": 0},
            "control": {"socket": str(place / "c.sock")},
        }
        box = app.build(parse(table), state=place / "state")
        air = Air(delay_ms=60, gain=GAIN, echoes=((17, 0.3), (41, 0.2), (83, -0.1)))
        house = House(box, air)
        life = asyncio.create_task(app.live(box))
        try:
            await house.until(lambda: house.of("microphone"))
            yield house
        finally:
            box.pump.post(Stop())
            await life


def test_it_does_not_interrupt_itself_and_a_person_does(tmp_path: Path) -> None:
    pytest.importorskip("pywebrtc_audio", reason="the canceller is not installed")

    async def life() -> None:
        async with open_speaker(tmp_path, "cancel") as house:
            for _ in range(2):
                await house.ask()
                turns = len(house.of("turn"))
                await house.until(lambda turns=turns: len(house.of("turn")) > turns)
            assert [turn["outcome"] for turn in house.of("turn")] == ["answered", "answered"]
            assert not house.of("barge-in")
            [judged] = house.of("echo")
            assert judged["shield"] == "cancel"
            assert float(str(judged["lowered_db"])) > 15

            await house.ask()
            await asyncio.sleep(2.0)  # in the midst of the answer
            house.microphone.say(person())
            await house.until(lambda: house.of("barge-in"))
            await house.until(lambda: house.of("turn")[-1]["outcome"] == "interrupted")

    asyncio.run(life())


def test_a_busy_board_does_not_interrupt_itself(tmp_path: Path) -> None:
    """The loop stands still, and what is played is written late: for a moment it hears nobody, not itself."""
    pytest.importorskip("pywebrtc_audio", reason="the canceller is not installed")

    async def life() -> None:
        async with open_speaker(tmp_path, "cancel") as house:
            await house.ask()
            for stall_s in (0.11, 0.23, 0.05, 0.17, 0.13, 0.07):
                await asyncio.sleep(0.9)
                asyncio.get_running_loop().call_soon(time.sleep, stall_s)
            await house.until(lambda: house.of("turn"))
            assert house.of("turn")[0]["outcome"] == "answered"
            assert not house.of("barge-in")

    asyncio.run(life())


def test_in_half_duplex_nothing_is_heard_while_it_speaks(tmp_path: Path) -> None:
    async def life() -> None:
        async with open_speaker(tmp_path, "half-duplex") as house:
            await house.ask()
            await house.microphone.say(person())
            await house.until(lambda: house.of("turn"))
            assert house.of("turn")[0]["outcome"] == "answered"
            assert not house.of("barge-in")
            loud = max(abs(samples(piece.pcm)).max() for piece in house.speaker.record)
            assert loud > 1000, "it did speak"

    asyncio.run(life())
