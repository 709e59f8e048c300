"""The clock on the wall: what day and what time it is, as far as anybody knows.

Knows the system's clock and time zone. Must never know what is due when.

It is told at the start, whenever somebody asks for a `look`, and with each minute of the wall: a clock that
was set, by a person or by the network, is noticed within a minute, and summer time at the moment it begins.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from ..core.events import Event, WallClock

MINUTE_S = 60.0
BUILT = 2026  # a Pi without a battery wakes up in the year its image was made in, or before
SPARE_S = 0.01  # after the minute, so that it has surely begun


class Calendar:
    """Run it for ever; `look` may be called at any time. `wall` is the system's clock, or another's."""

    def __init__(self, post: Callable[[Event], None], wall: Callable[[], float] = time.time) -> None:
        self._post = post
        self._wall = wall

    def look(self) -> None:
        """Tell what the clock says now."""
        self._post(read(self._wall()))

    async def run(self) -> NoReturn:
        """Tell it now, and every minute from now on, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(MINUTE_S - self._wall() % MINUTE_S + SPARE_S)


def read(epoch_s: float) -> WallClock:
    """This moment on the local clock; without a date where the year shows that nobody has set it."""
    now = datetime.fromtimestamp(epoch_s).astimezone()
    offset = now.utcoffset()
    if now.year < BUILT or offset is None:
        return WallClock("")
    return WallClock(now.date().isoformat(), epoch_s, round(offset.total_seconds()))
