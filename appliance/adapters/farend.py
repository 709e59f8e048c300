"""The far end: what was handed to the speaker, kept until the microphone has heard so far.

Knows sample counts of two devices. Must never know what is said, nor touch a device.

    sound card's thread: write ─► blocks ─► loop: read, one frame for each frame of the microphone

Both sides are counted in samples, so a frame that is read belongs to its frame of the microphone whatever
the loop was doing. The two devices have their own clocks, and deliver in bursts of their own: the queue is as
long as it must be so that there is always something to read, and no longer. When it grows or shrinks, as by
a drift of the clocks, single samples are left out or repeated, which a canceller follows as it follows the
drift itself. Steps are for the times when nothing has been played for long: in the pauses of an answer they
would undo what the canceller has learned.

Where one side stumbles, as on a busy board, the microphone is ahead of what was written, and silence is read
in its place. What then comes late is left out again at once, before the canceller believes that the room has
changed: it follows an echo that comes later within a moment, but one that comes earlier for seconds. Until
all is as it was, `is_settled` says that the canceller cannot be relied on.
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
STUMBLE = 32  # samples that are missing at once: 2 ms, more than a drift makes of it
OFTEN = 2  # times within a window
LATE_READS = 10  # looks for what is late: longer than a burst
LATEST_READS = 50
SETTLING_READS = 50  # 1 s: in the benchmark's rooms the canceller had found back within 0.9 s
MOVED_READS = 100  # 2 s, where it has to begin anew; else it would have taken 4 s


class Resamples(Protocol):
    def __call__(self, pcm: bytes, /) -> bytes: ...


class FarEnd:
    """`write` on any thread what is handed to the device; `read` on one what belongs to the next frame heard.

    `resampler` makes what turns another rate into 16 kHz.
    """

    def __init__(self, resampler: Callable[[int, int], Resamples]) -> None:
        self.counters = {"repeated": 0, "left_out": 0, "moves": 0, "stumbles": 0}
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
        self._idle = SPARE  # how short the queue was in a usual window
        self._starved = 0  # reads in a row
        self._owed = 0  # samples that are late
        self._late = 0  # reads since then
        self._shortest_late = 0
        self._stumbled_at = -WINDOW
        self._caught_up = deque([-WINDOW] * OFTEN, OFTEN)  # reads
        self._unsettled = 0  # reads

    @property
    def is_settled(self) -> bool:
        """What is read is where the canceller expects it; else it cannot be relied on."""
        return self._unsettled == 0

    @property
    def is_audible(self) -> bool:
        """Something was played just now: the room may still sound of it."""
        return self._silence < SILENT_READS

    @property
    def is_asleep(self) -> bool:
        """Nothing has been played for long: there is nothing to cancel."""
        return self._silence >= ASLEEP_READS

    def write(self, pcm: bytes, rate_hz: int) -> None:
        """Mono PCM16LE as it was handed over, silence too; nothing at all where the device ran dry before it.
        Never blocks for long."""
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
            if pcm:
                self._ready += self._converted(pcm, rate_hz)
            else:
                self._unsettle(SETTLING_READS)
        if len(self._ready) > 2 * MOST_MS * RATE_HZ // 1000:
            del self._ready[:-FRAME_BYTES]
            self._move()
        frame = bytes(self._ready[:FRAME_BYTES])
        del self._ready[:FRAME_BYTES]
        if missing := (FRAME_BYTES - len(frame)) // 2:
            self.counters["repeated"] += missing
            frame += (frame[-2:] if missing == 1 else b"") or bytes(2)
            frame = frame.ljust(FRAME_BYTES, b"\0")
        self._starved = self._starved + 1 if missing > STUMBLE else 0
        if self._starved:
            self._stumble(missing)
        if frame.strip(b"\0"):
            self._silence = 0
        elif not 0 < self._starved < LATEST_READS:  # what is late may sound all the same
            self._silence = min(self._silence + 1, ASLEEP_READS)
        self._level()
        if self.is_audible and self._unsettled:
            self._unsettled -= 1
        return frame

    def skip(self, frames: int) -> None:
        """So many frames of the microphone were lost: what was played meanwhile is past."""
        for _ in range(min(frames, MOST_MS // 20)):
            self.read()
        self._unsettle(SETTLING_READS)

    def _unsettle(self, reads: int) -> None:
        self._unsettled = max(self._unsettled, reads)

    def _move(self) -> None:
        """From now on all is in another place."""
        self.counters["moves"] += 1
        self._owed = 0
        self._caught_up.extend([-WINDOW] * OFTEN)
        self._unsettle(MOVED_READS)

    def _stumble(self, missing: int) -> None:
        """So much was not there in time. If that happens often, the queue has to be longer from now on."""
        self.counters["stumbles"] += 1
        self._stumbled_at = self._reads
        if all(self._reads - at < WINDOW for at in self._caught_up):
            self._move()
            return
        self._unsettle(SETTLING_READS)
        self._owed += missing
        self._late, self._shortest_late = 0, MOST_MS * RATE_HZ

    def _catch_up(self) -> None:
        """What comes after a stumble is too late: it is left out, and all is in its place again. Where
        nothing comes, it was a hole in what is heard, too, or nobody knows."""
        self._late += 1
        self._shortest_late = min(self._shortest_late, len(self._ready) // 2)
        if self._late % LATE_READS:
            return
        late = max(0, min(self._owed, self._shortest_late - self._idle))
        self._shortest_late = MOST_MS * RATE_HZ
        if late:
            self._leave_out(late)
            self._caught_up.append(self._reads)
            self._unsettle(SETTLING_READS)
        self._owed -= late
        if self._owed <= STUMBLE or self._late == LATEST_READS:
            if self._owed > STUMBLE:
                self._move()
            self._owed = 0

    def _level(self) -> None:
        """Keep the queue no longer than it has to be."""
        self._shortest = min(self._shortest, len(self._ready) // 2)
        self._reads += 1
        if self._owed and self._reads > self._stumbled_at + 1:
            self._catch_up()
        elif self._reads % WINDOW == 0:
            self._surplus = max(0, self._shortest - SPARE)
            if self._reads - self._stumbled_at > WINDOW:
                self._idle = self._shortest
            self._shortest = MOST_MS * RATE_HZ
        if self._surplus and self.is_asleep:
            self._unsettle(SETTLING_READS if self._surplus > STUMBLE else 0)
            self._leave_out(self._surplus)
            self._idle = SPARE
        elif self._surplus and self._reads % EASE == 0:
            self._leave_out(1)

    def _leave_out(self, samples: int) -> None:
        del self._ready[: 2 * samples]
        self._surplus = max(0, self._surplus - samples)
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
