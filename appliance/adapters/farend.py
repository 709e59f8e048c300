"""The far end: what was handed to the speaker, kept until the microphone has heard so far.

Knows sample counts of two devices. Must never know what is said, nor touch a device.

    sound card's thread: write ─► blocks ─► loop: read, one frame for each frame of the microphone

Both sides are counted in samples, so a frame that is read belongs to its frame of the microphone whatever
the loop was doing. The two devices have their own clocks, and deliver in bursts of their own: the queue is as
long as it must be so that there is always something to read, and no longer. When it grows or shrinks, as by
a drift of the clocks, single samples are left out or repeated, which a canceller follows as it follows the
drift itself. Steps are for the times when nothing has been played for long: in the pauses of an answer they
would undo what the canceller has learned.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

RATE_HZ = 16_000
FRAME_SAMPLES = 320
FRAME_BYTES = 2 * FRAME_SAMPLES
MOST_MS = 1_000  # that wait; more is a microphone that was away
WINDOW = 100  # reads over which the shortest queue is found: longer than any burst of a sound server
SPARE = 160  # samples that may lie idle: 10 ms. Less would be filled and emptied by every jitter
EASE = 20  # reads for each sample left out: 156 ppm, more than two crystals differ
SILENT_READS = 15  # 300 ms: no room's echo is louder than its noise by then
ASLEEP_READS = 150  # 3 s: no answer pauses so long


class Resamples(Protocol):
    def __call__(self, pcm: bytes, /) -> bytes: ...


class FarEnd:
    """`write` on any thread what is handed to the device; `read` on one what belongs to the next frame heard.

    `resampler` makes what turns another rate into 16 kHz.
    """

    def __init__(self, resampler: Callable[[int, int], Resamples]) -> None:
        self.counters = {"repeated": 0, "left_out": 0, "jumps": 0}
        self._resampler = resampler
        self._lock = threading.Lock()
        self._blocks: deque[tuple[bytes, int]] = deque()
        self._rate_hz = 0
        self._resample: Resamples | None = None
        self._rings = False  # the filter still holds sound
        self._ready = bytearray()
        self._silence = ASLEEP_READS  # reads since there was sound
        self._reads = 0
        self._shortest = MOST_MS * RATE_HZ
        self._surplus = 0

    @property
    def is_audible(self) -> bool:
        """Something was played just now: the room may still sound of it."""
        return self._silence < SILENT_READS

    @property
    def is_asleep(self) -> bool:
        """Nothing has been played for long: there is nothing to cancel."""
        return self._silence >= ASLEEP_READS

    def write(self, pcm: bytes, rate_hz: int) -> None:
        """Mono PCM16LE as it was handed over, silence too. Never blocks for long."""
        with self._lock:
            self._blocks.append((pcm, rate_hz))
            if len(self._blocks) > MOST_MS:  # nobody reads: no block is shorter than a millisecond
                self._blocks.popleft()

    def read(self) -> bytes:
        """The next 20 ms at 16 kHz; silence, as far as nothing was played."""
        with self._lock:
            blocks = list(self._blocks)
            self._blocks.clear()
        for pcm, rate_hz in blocks:
            self._ready += self._converted(pcm, rate_hz)
        if len(self._ready) > 2 * MOST_MS * RATE_HZ // 1000:
            del self._ready[:-FRAME_BYTES]
            self.counters["jumps"] += 1
        frame = bytes(self._ready[:FRAME_BYTES])
        del self._ready[:FRAME_BYTES]
        if missing := (FRAME_BYTES - len(frame)) // 2:
            self.counters["repeated"] += missing
            frame += (frame[-2:] if missing == 1 else b"") or bytes(2)
            frame = frame.ljust(FRAME_BYTES, b"\0")
        self._silence = 0 if frame.strip(b"\0") else min(self._silence + 1, ASLEEP_READS)
        self._level()
        return frame

    def skip(self, frames: int) -> None:
        """So many frames of the microphone were lost: what was played meanwhile is past."""
        for _ in range(min(frames, MOST_MS // 20)):
            self.read()

    def _level(self) -> None:
        """Keep the queue no longer than it has to be."""
        self._shortest = min(self._shortest, len(self._ready) // 2)
        self._reads += 1
        if self._reads % WINDOW == 0:
            self._surplus = max(0, self._shortest - SPARE)
            self._shortest = MOST_MS * RATE_HZ
        if self._surplus and self.is_asleep:
            self._leave_out(self._surplus)
        elif self._surplus and self._reads % EASE == 0:
            self._leave_out(1)

    def _leave_out(self, samples: int) -> None:
        del self._ready[: 2 * samples]
        self._surplus -= samples
        self.counters["left_out"] += samples

    def _converted(self, pcm: bytes, rate_hz: int) -> bytes:
        if rate_hz == RATE_HZ:
            return pcm
        silent = not pcm.strip(b"\0")
        if silent and not self._rings:  # the usual case costs nothing
            return bytes(2 * (len(pcm) // 2 * RATE_HZ // rate_hz))
        if self._resample is None or rate_hz != self._rate_hz:
            self._rate_hz, self._resample = rate_hz, self._resampler(rate_hz, RATE_HZ)
        self._rings = not silent
        return self._resample(pcm)
