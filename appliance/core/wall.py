"""What the clock on the wall says at any moment, from when it was last looked at.

Knows one WallClock and the time since. Must never know a calendar: a local time is counted in seconds since
1970 as the wall shows it, so that 86400 of them are a day, and a day has 24 hours whatever summer time does.
"""

from __future__ import annotations

from .events import WallClock

DAY_S = 86_400


class Wall:
    """`tell` it what the clock said; ask it what the clock says now, if nobody sets it meanwhile."""

    def __init__(self) -> None:
        self._said = WallClock("")
        self._at = 0.0

    @property
    def is_known(self) -> bool:
        return bool(self._said.date)

    def tell(self, said: WallClock, now: float) -> float:
        """How far it had jumped, in seconds; 0 where that cannot be known."""
        both = self.is_known and bool(said.date)
        jumped = said.epoch_s - self._epoch_s(now) if both else 0.0
        self._said, self._at = said, now
        return jumped

    def epoch_s(self, now: float) -> float | None:
        return self._epoch_s(now) if self.is_known else None

    def local_s(self, now: float) -> float | None:
        return self._epoch_s(now) + self._said.offset_s if self.is_known else None

    def when(self, local_s: float) -> float | None:
        """The moment, as `now` counts, at which the wall will show this local time."""
        return self._at + local_s - self._said.epoch_s - self._said.offset_s if self.is_known else None

    def _epoch_s(self, now: float) -> float:
        return self._said.epoch_s + now - self._at
