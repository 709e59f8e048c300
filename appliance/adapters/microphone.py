"""The microphone: whatever the sound card delivers, as 20 ms frames of 16 kHz.

Knows one input device. Must never know what the sound means.

    PortAudio's thread: copy, count ─► Backlog (bounded) ─► loop: one channel ─► 16 kHz ─► Framer ─► on_frame
                                                                    └── native ───────► Twins ────────┘
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NoReturn

import pyaudio

from ..core.events import Gauged
from ..core.mute import MUTED
from .choice import Format, Wanted
from .doubt import Doubt
from .portaudio import PortAudio, Stream
from .upkeep import Gate, Heartbeat, RecalledError, kept

if TYPE_CHECKING:
    from .level import Level
    from .resample import Resampler

log = logging.getLogger(__name__)

RATE_HZ = 16_000  # what the service and the voice detector take
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
BLOCK_MS = 20  # one wake of the loop for each frame; PortAudio keeps two or three of them
BACKLOG_MS = 2_000  # longer than any stall seen of a loop that still lives; what is older is no conversation
RATES_HZ = (16_000, 48_000, 32_000, 96_000, 44_100, 24_000, 8_000)  # integer ratios first
GAUGE_S = 1.0  # how often counters are told at most
MOST_LOST_S = 3_600.0  # a laptop that slept for longer has no use for the numbers between


class Backlog:
    """Captured blocks on their way between two threads, at most `bound` sample frames of them.

    When full, the oldest block goes. What is missing is kept at its place: before the block that follows it.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._lock = threading.Lock()
        self._blocks: deque[tuple[int, int, bytes]] = deque()  # missing before it, its frames, it
        self._held = 0

    def put(self, block: bytes, frames: int, missing: int = 0) -> bool:
        """Append; True when the reader has to be woken, since nothing was waiting before. So many frames were
        `missing` directly before it."""
        with self._lock:
            idle = not self._blocks
            self._blocks.append((missing, frames, block))
            self._held += frames
            while self._held > self._bound and len(self._blocks) > 1:
                before, gone, _ = self._blocks.popleft()
                self._held -= gone
                more, frames, block = self._blocks[0]
                self._blocks[0] = (before + gone + more, frames, block)
            return idle

    def take(self) -> list[tuple[int, bytes]]:
        """Everything that waits, each block with the number of frames that are missing before it."""
        with self._lock:
            blocks = [(missing, block) for missing, _, block in self._blocks]
            self._blocks.clear()
            self._held = 0
            return blocks


class Gaps:
    """How many samples the device lost: those that the clock on the wall says should have come.

    Blocks may come late and in a heap, so the answer is given when the heap is over. `offset` is how late the
    newest sample is; its least value is the way through the buffers, and where it stays above that by more
    than a stall lasts, something is missing.
    """

    STALL_S = 0.25
    HEAP_S = 0.3
    DRIFT = 0.001  # of the time: the device's clock may be slow by so much

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._came = 0
        self._usual: float | None = None
        self._least = 0.0
        self._until: float | None = None

    def missing(self, now: float, frames: int, *, overflow: bool = False) -> int:
        """A block of so many frames came, and the device said that it had lost some; how many that were, once
        that is known."""
        self._came += frames
        offset = now - self._came / self._rate_hz
        if self._usual is None:
            self._usual = offset
        if self._until is None and (overflow or offset > self._usual + self.STALL_S):
            self._until, self._least = now + self.HEAP_S, offset
        if self._until is None:
            self._usual = min(offset, self._usual + self.DRIFT * frames / self._rate_hz)
            return 0
        self._least = min(self._least, offset)
        if now < self._until:
            return 0
        self._until = None
        lost = max(0, round((self._least - self._usual) * self._rate_hz))
        self._came += lost
        return lost


class Framer:
    """Cuts samples into numbered frames; lost samples are numbered too, in whole frames."""

    def __init__(self) -> None:
        self.index = 0
        self._rest = bytearray()
        self._owed = 0  # lost samples that do not yet make a frame
        self._lost = 0

    def begin(self) -> None:
        """Another stream begins: what is left of the former makes no frame."""
        self._rest.clear()

    def skip(self, samples: int) -> None:
        """So many samples never came."""
        frames, self._owed = divmod(self._owed + samples, FRAME_SAMPLES)
        self.index += frames
        self._lost += frames

    def add(self, pcm: bytes) -> Iterator[tuple[bytes, int, int]]:
        """The frames that are complete now: (640 bytes, index, frames lost directly before)."""
        self._rest += pcm
        size = 2 * FRAME_SAMPLES
        while len(self._rest) >= size:
            frame = bytes(self._rest[:size])
            del self._rest[:size]
            lost, self._lost = self._lost, 0
            self.index += 1
            yield frame, self.index - 1, lost


Framed = tuple[bytes, int, int]


class Twins:
    """Finds to each frame the same 20 ms at the device's own rate."""

    def __init__(self, rate_hz: int) -> None:
        self._size = 2 * rate_hz * FRAME_MS // 1000
        self._frames: deque[Framed] = deque()
        self._wide = bytearray()

    def add(self, frames: Iterable[Framed], wide: bytes) -> Iterator[tuple[bytes, int, int, bytes]]:
        """The frames whose twin is there; one that is a sample ahead of it waits for the next block."""
        self._frames += frames
        self._wide += wide
        while self._frames and len(self._wide) >= self._size:
            twin = bytes(self._wide[: self._size])
            del self._wide[: self._size]
            yield (*self._frames.popleft(), twin)


class SoundCardMicrophone:
    """Delivers what the device called `name` hears; run it for ever, it survives the device."""

    def __init__(
        self,
        name: str,
        portaudio: PortAudio,
        *,
        on_frame: Callable[..., None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        on_gauge: Callable[[Gauged], None] = lambda _: None,
        rates_hz: tuple[int, ...] = RATES_HZ,
        channel: int = 1,
        gain_db: float = 0.0,
        auto_gain: bool = False,
        native: bool = False,
    ) -> None:
        """`channel`: of several, counted from 1. `gain_db` is fixed, `auto_gain` finds more by itself.

        `on_frame(pcm, index, lost)`; with `native`, where the device has another rate than 16 kHz, it is
        `on_frame(pcm, index, lost, wide, rate_hz)`: with the same 20 ms at that rate besides.
        """
        self._wanted = Wanted("microphone", name, rates_hz, BLOCK_MS, channel, native)
        self._portaudio = portaudio
        self._on_frame = on_frame
        self._on_up = on_up
        self._on_down = on_down
        self._on_gauge = on_gauge
        self._framer = Framer()
        self._level = _level(gain_db, automatic=auto_gain)
        self._wide_level = _level(gain_db, automatic=auto_gain) if native else None
        self._doubt = Doubt()
        self._stream: Stream | None = None
        self._gate = Gate()
        self._left_at: float | None = None  # when the stream was recalled: what is said meanwhile is lost
        self.counters = {"overflows": 0, "lost_frames": 0, "reopened": 0}

    async def run(self) -> NoReturn:
        """Deliver frames until cancelled. An outage is told to `on_down` and not counted in the index."""

        async def work() -> NoReturn:
            await kept(self._wanted, self._session, self._on_up, self._down, self._portaudio.changed)

        await self._gate.run(work, lambda: self._down(MUTED))

    def muffle(self, *, on: bool) -> None:
        """Close the device and look for none, or go on."""
        self._gate.shut(on=on)

    def reopen(self) -> None:
        """Close the device and open it again, since what comes from it cannot be right."""
        if self._stream is not None:
            self._stream.recall()

    def _down(self, reason: str) -> None:
        self._left_at = None
        self._on_down(reason)

    async def _session(self, up: Callable[[], None]) -> NoReturn:
        ear = _Ear(self.counters, self._wanted.channel)
        try:
            async with self._portaudio.opened(self._wanted, ear.tap) as stream:
                log.info("microphone: %s", stream.form)
                self._stream = stream
                await self._listen(stream, ear, up)
        except RecalledError:
            self._left_at = asyncio.get_running_loop().time()
            self.counters["reopened"] += 1
            raise
        finally:
            self._stream = None

    async def _listen(self, stream: Stream, ear: _Ear, up: Callable[[], None]) -> NoReturn:
        self._framer.begin()
        loop, heart = asyncio.get_running_loop(), Heartbeat(self._wanted, stream)
        hears, gauged, told_at = False, None, 0.0
        while True:
            await ear.wait(Heartbeat.CHECK_S)
            blocks = ear.backlog.take()
            if blocks and not hears:
                hears = True
                self._bridge(loop.time())
                up()
            changed = self._deliver(stream, ear, blocks)
            heart.check(ear.beats)
            if hears and (changed or loop.time() > told_at + GAUGE_S):
                told_at = loop.time()
                gauge = Gauged("microphone", str(stream.form), dict(self.counters), self._doubt.why)
                if gauge != gauged:
                    gauged = gauge
                    self._on_gauge(gauge)

    def _bridge(self, now: float) -> None:
        """Number what was lost while the stream was opened again."""
        if self._left_at is not None:
            away_s = min(now - self._left_at, MOST_LOST_S)
            self._framer.skip(round((away_s - BLOCK_MS / 1000) * RATE_HZ))
            self._left_at = None

    def _deliver(self, stream: Stream, ear: _Ear, blocks: list[tuple[int, bytes]]) -> bool:
        """Whether our opinion of the sound has changed."""
        changed = False
        for lost, block in blocks:
            if lost:
                self._framer.skip(round(lost * RATE_HZ / stream.form.rate_hz))
            mono = ear.mono(block)
            frames = list(self._framer.add(ear.at_16k(mono)))
            for frame, _, missing in frames:
                self.counters["lost_frames"] += missing
                changed |= self._doubt.hear(frame)
            self._tell(frames, mono, stream.form.rate_hz, ear.twins)
        return changed

    def _tell(self, frames: list[Framed], mono: bytes, rate_hz: int, twins: Twins) -> None:
        """What the frames of this block are to others; `mono` is the block at the device's own rate."""
        level, wide_level = self._level or bytes, self._wide_level or bytes
        if not self._wanted.native or rate_hz == RATE_HZ:
            for frame, index, missing in frames:
                self._on_frame(level(frame), index, missing)
            return
        for frame, index, missing, wide in twins.add(frames, mono):
            self._on_frame(level(frame), index, missing, wide_level(wide), rate_hz)


def _level(gain_db: float, *, automatic: bool) -> Level | None:
    if not gain_db and not automatic:
        return None
    from .level import Level  # late: only for those who want a gain

    return Level(gain_db, automatic=automatic)


class _Ear:
    """One open stream: its callback, its backlog, and its way to 16 kHz mono."""

    def __init__(self, counters: dict[str, int], channel: int) -> None:
        self.beats = 0
        self._counters = counters
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None

    def tap(self, form: Format) -> Callable[..., tuple[None, int]]:
        """The callback for a stream of this format."""
        self.backlog = Backlog(form.rate_hz * BACKLOG_MS // 1000)
        self._gaps = Gaps(form.rate_hz)
        self._channels = form.channels
        self.twins = Twins(form.rate_hz)
        self._resample: Resampler | None = None
        if form.rate_hz != RATE_HZ:
            from .resample import Resampler  # late: most devices take the rate as it is

            self._resample = Resampler(form.rate_hz, RATE_HZ)
        return self._take

    def _take(self, pcm: bytes, frames: int, _times: Mapping[str, float], status: int) -> tuple[None, int]:
        self.beats += 1
        overflow = bool(status & pyaudio.paInputOverflow)
        self._counters["overflows"] += overflow
        missing = self._gaps.missing(time.monotonic(), frames, overflow=overflow)
        if self.backlog.put(pcm, frames, missing):
            try:
                self._loop.call_soon_threadsafe(self._arrived.set)
            except RuntimeError:  # the loop has ended: nobody listens any more
                return None, pyaudio.paComplete
        return None, pyaudio.paContinue

    async def wait(self, at_most_s: float) -> None:
        """Until something was captured, or the time is over, or less: one alarm does for many blocks."""
        if self._alarm is None:
            self._alarm = self._loop.call_later(at_most_s, self._remind)
        await self._arrived.wait()
        self._arrived.clear()

    def _remind(self) -> None:
        self._alarm = None
        self._arrived.set()

    def mono(self, block: bytes) -> bytes:
        """The wanted channel of a captured block."""
        if self._channels == 1:
            return block
        return array("h", block)[self._channel - 1 :: self._channels].tobytes()

    def at_16k(self, mono: bytes) -> bytes:
        return self._resample(mono) if self._resample else mono
