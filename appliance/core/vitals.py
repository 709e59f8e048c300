"""How the machine under the box is: how long the daemon has run, how warm it is, and its power.

Knows the bits in which the firmware of a Raspberry Pi tells it. Must never know where they are
read: they come with the question, because nobody looks before somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping

from .values import dataclass

# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
# What is now; 16 bits higher, what has been since the start.
TROUBLES = ("under-voltage", "slower clock", "throttled", "soft temperature limit")
EARLIER = 16


@dataclass(frozen=True, slots=True)
class Vitals:
    """What could be read; None for what this machine does not tell."""

    uptime_s: float | None = None
    celsius: float | None = None
    throttled: int | None = None

    def shown(self) -> Mapping[str, object]:
        """What `status` says of it: nothing of what nobody could read."""
        told: dict[str, object] = {}
        if self.uptime_s is not None:
            told["uptime_s"] = round(self.uptime_s)
        if self.celsius is not None:
            told["temperature_c"] = round(self.celsius, 1)
        if self.throttled is not None:
            told["power"] = {"now": _named(self.throttled), "earlier": _named(self.throttled >> EARLIER)}
        return told


NOTHING_TOLD = Vitals()


def _named(bits: int) -> list[str]:
    return [name for number, name in enumerate(TROUBLES) if bits >> number & 1]
