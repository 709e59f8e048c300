"""How loud the box speaks: the function over it, and what it means for samples.

Knows per cent and gain. Must never know a device.

Per cent are of loudness as it is felt, not of the signal: half is felt to be half as loud. By Stevens' power
law (S. S. Stevens, "The measurement of loudness", J. Acoust. Soc. Am. 27, 1955) loudness grows with the sound
pressure to the power of 0.6, which is a factor of two every 10 dB. No gain is more than 1, so nothing clips.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Annotated, Literal

from .catalogue import Capability
from .effects import Keep, SetVolume
from .functions import function
from .outcomes import Answer
from .parameters import Bad, Between

LOUDNESS_EXPONENT = 0.6
FULL = 100
STEP = 10  # per cent: what is heard as a step
LEAST = 10  # "quieter" does not end in silence, which would look like a fault

Change = Literal["louder", "quieter"]


class Volume(Capability):
    """`level` in per cent."""

    def __init__(self, initial: int, kept: object = None) -> None:
        """`kept` is what a former life asked to Keep, or whatever was found in its place."""
        found = kept.get("level") if isinstance(kept, Mapping) else None
        is_level = isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= FULL
        self.level = found if is_level and isinstance(found, int) else initial

    @function()
    def set_volume(
        self,
        level: Annotated[int | None, "Per cent of the loudest.", Between(0, FULL)] = None,
        change: Annotated[Change | None, "A step, where no level is said."] = None,
    ) -> Answer:
        """Set how loud you speak. Returns the level."""
        if (level is None) == (change is None):
            raise Bad("say either a level or louder or quieter")
        if change == "louder":
            level = min(FULL, self.level + STEP)
        elif change == "quieter":
            level = min(self.level, max(LEAST, self.level - STEP))
        assert level is not None
        return self.set(level)

    def set(self, level: int) -> Answer:
        self.level = level
        return Answer({"volume": level}, (SetVolume(level), Keep("volume", {"level": level})))


def gain(level: int) -> float:
    """What samples are multiplied with at so many per cent."""
    return float((level / FULL) ** (1 / LOUDNESS_EXPONENT))


class Gain:
    """Multiplies PCM16; a change is spread over the next piece, so that it is no click."""

    def __init__(self, level: int = FULL) -> None:
        self._is = self._wanted = gain(level)

    def set(self, level: int) -> None:
        self._wanted = gain(level)

    def apply(self, pcm: bytes) -> bytes:
        """The same samples, as loud as they shall be."""
        if not pcm or self._is == self._wanted == 1.0:
            return pcm
        samples = array("h", pcm)
        step = (self._wanted - self._is) / len(samples)
        now, self._is = self._is, self._wanted
        return array("h", (int(s * (now + step * (i + 1))) for i, s in enumerate(samples))).tobytes()
