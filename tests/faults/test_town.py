"""The town itself: without a fault everything in it is as it should be, and its checks can fail."""

from __future__ import annotations

import asyncio

import pytest

from appliance.core.effects import Flush, Play
from appliance.standin.server import Options

from .town import LAMP, town

pytestmark = pytest.mark.slow


def test_a_question_is_answered_and_every_frame_of_it_arrived() -> None:
    async def life() -> None:
        async with town() as here:
            here.talk(1.0)
            assert await here.outcome(0) == "answered"
            [(link, frames, ended)] = here.activities()
            assert (link, ended) == (1, True)
            assert len(frames) >= 50 + 15
            here.check()

    asyncio.run(life())


def test_a_function_is_called_once() -> None:
    async def life() -> None:
        async with town(Options(voice="tone"), lights_s=1.0) as here:
            here.type(f"turn on the {LAMP}")
            assert await here.outcome(0) == "answered"
            assert len(here.lights.orders) == 1
            here.check()

    asyncio.run(life())


def test_a_broken_promise_is_noticed() -> None:
    async def life() -> None:
        async with town() as here:
            here.promises.check(Flush(9))
            here._watch(object(), (Play(9, b"", 24_000),), 0.0)  # type: ignore[arg-type]
            with pytest.raises(AssertionError, match="stays silent"):
                here.check()

    asyncio.run(life())
