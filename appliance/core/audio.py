"""PCM arithmetic: frames, durations, and the ring that remembers what was just heard.

Knows samples. Must never know what they say. Samples are the clock of everything here.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

from .values import dataclass

RATE_HZ = 16_000
FRAME_MS = 20  # what webrtcvad takes: 10, 20 or 30; its measured accuracy hardly depends on which
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000 * 2
SAMPLE_BYTES = 2

# A press reaches back 0.3 s, an onset 0.5 s plus the 0.24 s it takes to be sure; and a person may begin
# to speak within a hold that is not yet known to be one. Two seconds cover all of it: 64 kB.
RING_FRAMES = 2000 // FRAME_MS


def frames(ms: float) -> int:
    """How many whole frames last at least so long."""
    return math.ceil(ms / FRAME_MS)


def duration_ms(pcm_bytes: int, rate_hz: int) -> float:
    """How long so many bytes of mono PCM16 last."""
    return pcm_bytes * 1000 / (SAMPLE_BYTES * rate_hz)


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms at its place on the sample clock; `speech` from 0 (surely none) to 9 (surely). `wide` is the same
    at `rate_hz`, where that is what is sent."""

    index: int
    pcm: bytes
    speech: int
    wide: bytes = b""
    rate_hz: int = RATE_HZ

    @property
    def sound(self) -> bytes:
        """What is sent of it."""
        return self.wide or self.pcm

    def hushed(self) -> Frame:
        """The same place, and nothing to hear."""
        return replace(self, pcm=bytes(len(self.pcm)), wide=bytes(len(self.wide)))


class Ring:
    """The last two seconds of frames."""

    def __init__(self, size: int = RING_FRAMES) -> None:
        self._frames: deque[Frame] = deque(maxlen=size)

    @property
    def now(self) -> int:
        """The index that the next frame will have, if none is lost."""
        return self._frames[-1].index + 1 if self._frames else 0

    def push(self, frame: Frame) -> None:
        self._frames.append(frame)

    def since(self, index: int) -> list[Frame]:
        """Every frame still remembered from this place on, of one sample rate: another device's are not."""
        rate_hz = self._frames[-1].rate_hz if self._frames else RATE_HZ
        return [frame for frame in self._frames if frame.index >= index and frame.rate_hz == rate_hz]
