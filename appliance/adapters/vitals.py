"""The machine under the daemon, looked at when somebody asks.

Knows where Linux shows temperatures and a Raspberry Pi its power. Must never know who asks, nor look unasked.
"""

from __future__ import annotations

import time
from pathlib import Path

from ..core.vitals import Vitals

ZONES = "class/thermal/thermal_zone*"
CHIPS = ("cpu", "soc", "x86_pkg")  # in the name of the zone that is the processor's; else the first one
# soc/soc:firmware on a Pi up to the 4, soc@107c000000/soc@107c000000:firmware on the 5
THROTTLED = "devices/platform/*/*:firmware/get_throttled"
ALARMS = "class/hwmon/hwmon*/in0_lcrit_alarm"  # the driver rpi_volt
UNDER_VOLTAGE = 1


class Pulse:
    """Call it for the Vitals of now. `sys` stands for /sys in tests."""

    def __init__(self, sys: Path = Path("/sys")) -> None:
        self._sys = sys
        self._since = time.monotonic()

    def __call__(self) -> Vitals:
        """Takes a millisecond or two, and never raises: what cannot be read is not told."""
        return Vitals(time.monotonic() - self._since, self._celsius(), self._throttled())

    def _celsius(self) -> float | None:
        zones = sorted(self._sys.glob(ZONES))
        own = [zone for zone in zones if (_word(zone / "type") or "").startswith(CHIPS)]
        for zone in (own or zones)[:1]:
            told = _word(zone / "temp")
            if told is not None and told.removeprefix("-").isdecimal():
                return int(told) / 1000
        return None

    def _throttled(self) -> int | None:
        bits: int | None = None
        for path in self._sys.glob(THROTTLED):
            try:
                bits = int(_word(path) or "", 16)
            except ValueError:
                continue
        alarms = [told for path in self._sys.glob(ALARMS) if (told := _word(path)) is not None]
        if not alarms:
            return bits
        return (bits or 0) | (UNDER_VOLTAGE if "1" in alarms else 0)


def _word(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip("\0\n ")
    except OSError:
        return None
