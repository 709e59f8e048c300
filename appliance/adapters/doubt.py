"""Whether what a microphone delivers can be a room at all.

Knows samples. Must never know what they mean. It is asked before any gain, which would hide the truth.
"""

from __future__ import annotations

from array import array

FULL = 32_767
SILENT_S = 60.0  # a room is never digitally silent, a muted or broken device is
CLIPPING_S = 10.0  # a shout is over by then, a wrong gain or a defect is not
SILENCE = "it delivers digital silence: is it muted, or is another channel the right one?"
NOISE = "it delivers noise at full scale: is its gain too high, or is it broken?"


class Doubt:
    """Whether what is delivered can be a room at all. Before any gain: that would hide it."""

    def __init__(self, frame_s: float = 0.02) -> None:
        self._frame_s = frame_s
        self._silent = 0
        self._clipping = 0
        self.why = ""
        """What is strange about it; "" for nothing."""

    def hear(self, pcm: bytes) -> bool:
        """True when our opinion has changed."""
        is_silent = not pcm.strip(b"\0")
        self._silent = self._silent + 1 if is_silent else 0
        samples = array("h", pcm)
        both = not is_silent and max(samples) >= FULL - 1 and min(samples) <= -FULL
        self._clipping = self._clipping + 1 if both else 0
        was, self.why = self.why, self._opinion()
        return was != self.why

    def _opinion(self) -> str:
        if self._silent * self._frame_s >= SILENT_S:
            return SILENCE
        if self._clipping * self._frame_s >= CLIPPING_S:
            return NOISE
        return ""
