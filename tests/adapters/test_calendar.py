"""The clock on the wall: told at once, with each minute, and with its offset from UTC."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from appliance.adapters.calendar import Calendar, read
from appliance.core.events import Event, WallClock

NOON = 1_795_604_400.0  # 2026-11-25 11:00 UTC


@pytest.fixture
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")  # the rule itself: zone files may be missing
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("_berlin")
@pytest.mark.parametrize(
    ("epoch_s", "told"),
    [
        (NOON, WallClock("2026-11-25", NOON, 3600)),
        (1_782_000_000.5, WallClock("2026-06-21", 1_782_000_000.5, 7200)),
        (1_792_889_999.0, WallClock("2026-10-25", 1_792_889_999.0, 7200)),  # the last second of summer time
        (1_792_890_000.0, WallClock("2026-10-25", 1_792_890_000.0, 3600)),
        (NOON + 12 * 3600, WallClock("2026-11-26", NOON + 12 * 3600, 3600)),  # the day is the local one
        (0.0, WallClock("")),
        (1_700_000_000.0, WallClock("")),
    ],
)
def test_what_it_says(epoch_s: float, told: WallClock) -> None:
    assert read(epoch_s) == told


def test_it_is_told_at_once_with_the_minute_and_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Event] = []
    slept: list[float] = []
    wall = NOON + 12.5

    async def main() -> None:
        calendar = Calendar(told.append, lambda: wall)

        async def sleep(seconds: float) -> None:
            nonlocal wall
            slept.append(round(seconds, 3))
            if len(slept) == 3:
                raise asyncio.CancelledError
            wall += seconds

        monkeypatch.setattr(asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await calendar.run()
        calendar.look()

    asyncio.run(main())
    assert slept == [47.51, 60.0, 60.0]
    assert [e.epoch_s - NOON for e in told if isinstance(e, WallClock)] == pytest.approx(
        [12.5, 60.01, 120.01, 120.01]
    )
