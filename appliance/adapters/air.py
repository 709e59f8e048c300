"""The air between a speaker and a microphone of memory: what is played is heard, late and at some level.

Knows samples of both sides. Must never know what they say. Physics: what has sounded cannot be taken back,
and nothing is heard before it was played.
"""

from __future__ import annotations

from array import array
from collections import deque

HEARD_HZ = 16_000
FRAME_BYTES = 640
MOST_MS = 2_000  # that nobody hears: a microphone that was unplugged does not hear later what it missed


class Air:
    """`write` what the speaker plays, `read` what the microphone hears of it, 20 ms at a time."""

    def __init__(self, *, delay_ms: int, gain: float, echoes: tuple[tuple[int, float], ...] = ()) -> None:
        """`echoes`: what comes back from the walls, each so many ms after the direct sound, at a part of its
        level."""
        self._paths = tuple((HEARD_HZ * late // 1000, gain * part) for late, part in ((0, 1.0), *echoes))
        self._past: deque[int] = deque(maxlen=1 + max(late for late, _ in self._paths))
        self._past.extend([0] * (self._past.maxlen or 0))
        self._coming = bytearray(2 * (HEARD_HZ * delay_ms // 1000))
        self._phase = 0
        self._last = 0

    def write(self, pcm: bytes, rate_hz: int) -> None:
        """Mono PCM16LE as it is played."""
        sums = array("h")
        for sample in self._at_16k(array("h", pcm), rate_hz):
            self._past.append(sample)
            loud = sum(part * self._past[-1 - late] for late, part in self._paths)
            sums.append(max(-32768, min(32767, round(loud))))
        self._coming += sums.tobytes()
        surplus = len(self._coming) - 2 * HEARD_HZ * MOST_MS // 1000
        if surplus > 0:
            del self._coming[:surplus]

    def read(self) -> bytes:
        """What is heard in the next 20 ms."""
        frame = bytes(self._coming[:FRAME_BYTES]).ljust(FRAME_BYTES, b"\0")
        del self._coming[:FRAME_BYTES]
        return frame

    def _at_16k(self, samples: array[int], rate_hz: int) -> array[int]:
        """Straight lines between the samples: a room dulls more than that."""
        result = array("h")
        for sample in samples:
            while self._phase < HEARD_HZ:
                result.append(self._last + (sample - self._last) * self._phase // HEARD_HZ)
                self._phase += rate_hz
            self._phase -= HEARD_HZ
            self._last = sample
        return result
