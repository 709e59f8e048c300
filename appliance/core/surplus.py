"""How much more is heard, band by band, than the box's own voice is expected to leave.

Knows levels in dB, frame by frame. Must never know samples, a device, nor whose turn it is.

Where the expected echo is only subtracted, a share of it is left that differs from band to band: a small
speaker has no bass and distorts. `Surplus` learns that share, and the room's noise, while the box speaks. It
learns slowly, so that whoever interrupts is not learned to be an echo.
"""

from __future__ import annotations

from .audio import frames
from .values import dataclass

EDGES_HZ = (100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150, 3700)
BANDS = len(EDGES_HZ) - 1

FADES_DB = 1.0  # a frame: what comes later than the expected echo
QUIETEST_DB = -80.0
RISE_DB, RISE_PLAYING_DB, SINK_DB = 0.1, 0.02, 1.0  # of the noise, a frame
OVER_NOISE_DB = 6.0
AUDIBLE_DB = 10.0  # over the noise: an echo from which something is learned
SHARE_UP_DB, SHARE_DOWN_DB = 0.16, 0.03  # a frame: what is left is below its share five times of six
HASTE, HASTY = 3.0, frames(3000)  # so much faster in the beginning
LEAST_SHARE_DB, MOST_SHARE_DB = -30.0, 15.0
MOST_DB = 20.0


@dataclass(frozen=True, slots=True)
class Bands:
    """Of one frame, in dB, band by band between EDGES_HZ: what is left of what was heard, less what is
    expected of the box itself, and what is expected."""

    left: tuple[float, ...]
    expected: tuple[float, ...]


class Band:
    """One of them."""

    def __init__(self) -> None:
        self._noise = -60.0
        self._expected = -90.0
        self._share = 0.0
        self._learned = 0

    def hear(self, left: float, expected: float, *, playing: bool) -> float:
        """By how many dB, 0 to MOST_DB, there is more than noise and echo explain."""
        self._expected = max(expected, self._expected - FADES_DB)
        rise = RISE_PLAYING_DB if playing else RISE_DB
        self._noise = max(QUIETEST_DB, self._noise + (rise if left > self._noise else -SINK_DB))
        echo = self._expected + self._share
        surplus = left - max(self._noise + OVER_NOISE_DB, echo)
        if playing and self._expected > self._noise + AUDIBLE_DB:
            self._learn(more=left > echo)
        return min(max(surplus, 0.0), MOST_DB)

    def _learn(self, *, more: bool) -> None:
        self._learned += 1
        step = SHARE_UP_DB if more else -SHARE_DOWN_DB
        share = self._share + step * (HASTE if self._learned < HASTY else 1.0)
        self._share = min(max(share, LEAST_SHARE_DB), MOST_SHARE_DB)


class Surplus:
    """`hear` every frame in order."""

    def __init__(self) -> None:
        self._bands = [Band() for _ in range(BANDS)]

    def hear(self, bands: Bands, *, playing: bool) -> list[float]:
        """In dB, band by band; 0 where nothing is more than was expected."""
        both = zip(self._bands, bands.left, bands.expected, strict=True)
        return [band.hear(left, expected, playing=playing) for band, left, expected in both]
