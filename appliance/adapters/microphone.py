"""The microphone: whatever the sound card delivers, as 20 ms frames of 16 kHz.

Knows one input device. Must never know what the sound means.

    PortAudio's thread: copy, count ─► Backlog (bounded) ─► loop: channel 0 ─► 16 kHz ─► Framer ─► on_frame
"""

from __future__ import annotations

import asyncio
import logging
import threading
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NoReturn

import pyaudio

from .portaudio import Format, Heartbeat, PortAudio, Stream, Wanted, kept

if TYPE_CHECKING:
    from .resample import Resampler

log = logging.getLogger(__name__)

RATE_HZ = 16_000  # what the service and the voice detector take
FRAME_MS = 20
FRAME_SAMPLES = RATE_HZ * FRAME_MS // 1000
BLOCK_MS = 20  # one wake of the loop for each frame; PortAudio keeps two or three of them
BACKLOG_MS = 2_000  # longer than any stall seen of a loop that still lives; what is older is no conversation
RATES_HZ = (16_000, 48_000, 32_000, 96_000, 44_100, 24_000, 8_000)  # integer ratios first


class Backlog:
    """Captured blocks on their way between two threads, at most `bound` sample frames of them.

    When full, the oldest block goes, so that what is lost lies before all that is kept.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._lock = threading.Lock()
        self._blocks: deque[bytes] = deque()
        self._frames: deque[int] = deque()
        self._held = 0
        self._lost = 0

    def put(self, block: bytes, frames: int) -> bool:
        """Append; True when the reader has to be woken, since nothing was waiting before."""
        with self._lock:
            idle = not self._blocks
            self._blocks.append(block)
            self._frames.append(frames)
            self._held += frames
            while self._held > self._bound and len(self._blocks) > 1:
                self._blocks.popleft()
                gone = self._frames.popleft()
                self._held -= gone
                self._lost += gone
            return idle

    def take(self) -> tuple[int, list[bytes]]:
        """Everything that waits, and how many sample frames are missing directly before it."""
        with self._lock:
            lost, blocks = self._lost, list(self._blocks)
            self._blocks.clear()
            self._frames.clear()
            self._held = self._lost = 0
            return lost, blocks


class Framer:
    """Cuts samples into numbered frames; lost samples are numbered too, in whole frames."""

    def __init__(self) -> None:
        self.index = 0
        self._rest = bytearray()
        self._owed = 0  # lost samples that do not yet make a frame
        self._lost = 0

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


class SoundCardMicrophone:
    """Delivers what the device called `name` hears; run it for ever, it survives the device."""

    def __init__(
        self,
        name: str,
        portaudio: PortAudio,
        *,
        on_frame: Callable[[bytes, int, int], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        rates_hz: tuple[int, ...] = RATES_HZ,
    ) -> None:
        self._wanted = Wanted("microphone", name, rates_hz, BLOCK_MS)
        self._portaudio = portaudio
        self._on_frame = on_frame
        self._on_up = on_up
        self._on_down = on_down
        self._framer = Framer()
        self.counters = {"overflows": 0, "lost_frames": 0}

    async def run(self) -> NoReturn:
        """Deliver frames until cancelled. An outage is told to `on_down` and not counted in the index."""
        await kept(self._wanted, self._session, self._on_up, self._on_down)

    async def _session(self, up: Callable[[], None]) -> NoReturn:
        ear = _Ear(self.counters)
        async with self._portaudio.opened(self._wanted, ear.tap) as stream:
            log.info("microphone: %s", stream.form)
            heart = Heartbeat(self._wanted, stream)
            hears = False
            while True:
                await ear.wait(Heartbeat.CHECK_S)
                lost, blocks = ear.backlog.take()
                if blocks and not hears:
                    hears = True
                    up()
                self._deliver(stream, ear, lost, blocks)
                heart.check(ear.beats)

    def _deliver(self, stream: Stream, ear: _Ear, lost: int, blocks: list[bytes]) -> None:
        if lost:
            self._framer.skip(round(lost * RATE_HZ / stream.form.rate_hz))
        for block in blocks:
            for frame, index, missing in self._framer.add(ear.pcm(block)):
                self.counters["lost_frames"] += missing
                self._on_frame(frame, index, missing)


class _Ear:
    """One open stream: its callback, its backlog, and its way to 16 kHz mono."""

    def __init__(self, counters: dict[str, int]) -> None:
        self.beats = 0
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()

    def tap(self, form: Format) -> Callable[..., tuple[None, int]]:
        """The callback for a stream of this format."""
        self.backlog = Backlog(form.rate_hz * BACKLOG_MS // 1000)
        self._channels = form.channels
        self._resample: Resampler | None = None
        if form.rate_hz != RATE_HZ:
            from .resample import Resampler  # numpy: 20 MB and half a second, only for those who need it

            self._resample = Resampler(form.rate_hz, RATE_HZ)
        return self._take

    def _take(self, pcm: bytes, frames: int, _times: Mapping[str, float], status: int) -> tuple[None, int]:
        self.beats += 1
        if status & pyaudio.paInputOverflow:
            self._counters["overflows"] += 1
        if self.backlog.put(pcm, frames):
            try:
                self._loop.call_soon_threadsafe(self._arrived.set)
            except RuntimeError:  # the loop has ended: nobody listens any more
                return None, pyaudio.paComplete
        return None, pyaudio.paContinue

    async def wait(self, at_most_s: float) -> None:
        """Until something was captured, or the time is over."""
        try:
            async with asyncio.timeout(at_most_s):
                await self._arrived.wait()
        except TimeoutError:
            return
        self._arrived.clear()

    def pcm(self, block: bytes) -> bytes:
        """A captured block as 16 kHz mono."""
        if self._channels > 1:
            block = array("h", block)[:: self._channels].tobytes()
        return self._resample(block) if self._resample else block
