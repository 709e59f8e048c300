"""Which of the sounds that are no speech are wanted, and the hours without any.

Knows a day's minutes. Must never know when a sound would be due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from .earcons import Earcon
from .values import dataclass

SECONDS_A_MINUTE, MINUTES_A_DAY = 60, 1440


@dataclass(frozen=True, slots=True)
class Earcons:
    """Which are wanted, and how long each of them lasts; the hours without any, in minutes of the day.

    `notices_s`: of which failures there is a sentence, by their names, and how long it lasts.
    """

    lengths_s: Mapping[Earcon, float] = field(default_factory=dict)
    quiet: tuple[int, int] | None = None
    notices_s: Mapping[str, float] = field(default_factory=dict)

    def is_night(self, local_s: float | None) -> bool:
        """Whether it is one of the quiet hours; where nobody knows the time it is not."""
        if self.quiet is None or local_s is None:
            return False
        begin, end = self.quiet
        minute = int(local_s // SECONDS_A_MINUTE) % MINUTES_A_DAY
        return begin <= minute < end if begin <= end else not end <= minute < begin


SILENT = Earcons()
