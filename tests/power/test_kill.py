"""The power is cut two hundred times, whenever chance will have it: the next start finds what it can use."""

from __future__ import annotations

import asyncio
import json
import random

import pytest

from appliance.standin.server import Options, StandIn
from tests.whole.house import no_traceback

from .lives import INITIAL, Life, Place, names
from .test_files import use

pytestmark = pytest.mark.slow
LANES = 4  # places, side by side
LIVES = 50  # in each of them, one after the other
BEFORE_READY = 0.15  # share of lives that end before they are ready
START_S = 0.8  # about how long that takes
TALK_S = 1.5  # and how much of what follows is seen of the others
OPTIONS = Options(brain=False, voice="tone", answer="Yes, there is an answer.")


async def busy(life: Life, chance: random.Random) -> bool:
    """Do what people do until it is dead; whether it was ever ready."""
    if not await life.ready():
        return False
    asyncio.get_running_loop().call_later(chance.uniform(0.0, TALK_S), _cut, life)
    lights = await life.lights()
    assert lights in (INITIAL, None), "every light shows its initial state, whatever it showed before"
    doings: list[dict[str, object]] = [
        {"do": "talk", "hold_s": chance.uniform(0.1, 0.6)},
        {"do": "lights", "name": "all", "change": chance.choice(["on", "off"])},
        {"do": "set_timer", "seconds": 3600, "name": str(chance.random())},
        {"do": "timers", "cancel": "all"},
        {"do": "ask", "text": "What is this?"},
        {"do": "status"},
    ]
    while not life.is_over:
        await life.ask(**chance.choice(doings))
    return True


def _cut(life: Life) -> None:
    if not life.is_over:
        life.process.kill()


async def lane(number: int, url: str) -> tuple[int, int]:
    """How many of its lives were ready, and how many files were found half-way."""
    chance, ready, halves = random.Random(number), 0, 0
    known = {f"{name}.json" for name in names()} | {f".{name}.new" for name in names()}
    with Place(url) as place:
        for _ in range(LIVES):
            async with place.life() as life:
                if chance.random() < BEFORE_READY:
                    asyncio.get_running_loop().call_later(chance.uniform(0.0, START_S), _cut, life)
                ready += await busy(life, chance)
                no_traceback(life.log)
                assert life.process.returncode == -9, life.log
                assert "damaged" not in life.log, "a file is whole or not there"
            assert place.files() <= known, "nothing piles up"
            halves += sum(name.startswith(".") for name in place.files())
            for name in place.files():
                if name.endswith(".json"):
                    json.loads((place.state / name).read_text())
        async with place.life() as life:
            await use(life)
            assert await life.stop() == 0
            no_traceback(life.log)
        assert not place.socket.exists()
        assert not [name for name in place.files() if name.startswith(".")]
    return ready, halves


def test_two_hundred_power_cuts() -> None:
    async def lanes() -> list[tuple[int, int]]:
        async with StandIn(OPTIONS) as standin:
            return list(await asyncio.gather(*(lane(number, standin.url) for number in range(LANES))))

    found = asyncio.run(lanes())
    ready = sum(count for count, _ in found)
    assert LANES * LIVES * 0.5 < ready < LANES * LIVES, "some in a conversation, some before"
