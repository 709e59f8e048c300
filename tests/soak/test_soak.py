"""The soak itself, for seconds: it sees what it is there to see."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from appliance.standin.server import StandIn
from tests.faults.wire import Wire
from tests.whole.house import box

from .soak import OPTIONS, RECORD_MB, Sample, Soak, soak, table

pytestmark = pytest.mark.slow


def test_twenty_seconds_of_it() -> None:
    found = asyncio.run(soak(20.0, memory=True, seed=2))
    assert not found["broken"], found
    assert not found["grown"], found
    samples = cast(list[dict[str, float]], found["samples"])
    last = samples[-1]
    assert last["asked"] == last["answered"] + last["told"] > 3
    assert last["frames"] >= 15 * last["answered"]
    assert last["faults"] >= 1
    assert last["unique_mb"] > 5
    assert "asked" in table(found)


def test_what_grows_and_what_is_broken_is_seen() -> None:
    async def life() -> None:
        async with StandIn(OPTIONS) as standin, Wire(standin.port) as wire, box(standin) as daemon:
            here = Soak(daemon, standin, wire, None, 1)
            here.sample()
            first = here.samples[0]
            here.samples = [_later(first, n) for n in range(9)]
            assert [what.split(":")[0] for what in here.grown()] == ["unique_mb", "descriptors"]
            here._asked = 1
            await daemon.stop()
            assert here.found(0)["broken"] == ["1 questions and 0 outcomes"]

    asyncio.run(life())


def _later(first: Sample, number: int) -> Sample:
    held = first.unique_mb + number * RECORD_MB
    return replace(first, unique_mb=held, descriptors=first.descriptors + 2 * number)


def test_without_an_outcome_it_is_broken() -> None:
    async def life() -> None:
        async with StandIn(OPTIONS) as standin, Wire(standin.port) as wire, box(standin) as daemon:
            here = Soak(daemon, standin, wire, None, 1)
            await daemon.ask(do="status")
            here._asked = 1
            await here._outcome(0.2)
            assert "no outcome of question 1" in here.broken[0]

    asyncio.run(life())
