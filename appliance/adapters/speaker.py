"""The speaker: plays answers turn by turn, and says when the first and the last sample are out.

Knows one output device, kept open with silence between answers. Must never know why something is said.
While it may doze, the device is stopped between two sounds, and nothing wakes the processor.

    loop: play, finish, flush ─► Playout ─► PortAudio's thread: one block ─► device
      ▲                                            │
      └── Sounding, Drained (when it was heard) ◄──┘
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from array import array
from collections.abc import Callable, Mapping
from typing import NoReturn

import pyaudio

from ..core.earcons import Earcon
from ..core.events import Drained, Event, Gauged, Sounding, SpeakerDown, SpeakerUp
from .choice import Format, Wanted
from .jingles import Jingles
from .playout import Ended, Playout, Pulled, Resamples
from .portaudio import PortAudio, Stream
from .upkeep import Heartbeat, RecalledError, kept

log = logging.getLogger(__name__)

RATE_HZ = 24_000  # what the service sends
BLOCK_MS = (
    20  # PortAudio keeps two: 45 ms to the air. With 10 ms (25 to the air) a busy board was seen to underrun
)
PRIMED = 6  # callbacks: more than any device swallows before it begins to move
RATES_HZ = (24_000, 48_000, 96_000, 32_000, 16_000, 44_100)
SHUTDOWN_FADE_MS = 30
FAREWELL_S = 1.0  # a device that has not played the fade by then plays nothing any more
GAUGE_S = 1.0  # how often counters are told at most
DOZE_S = 1.0  # of silence before the device is stopped
LOOK_S = 2.0  # how often somebody looks whether the stream is wanted back meanwhile
LEAD_IN_MS = 100  # of silence when it goes on: an amplifier that was asleep swallows the beginning
FARTHEST_S = 1.0  # a latency beyond that is a driver's mistake, not a distance


class SoundCardSpeaker:
    """Plays on the device called `name`; run it for ever, it survives the device.

    What is given while there is no device is lost, and its turn with it: Drained comes for it as soon as it
    is finished.
    """

    def __init__(
        self,
        name: str,
        portaudio: PortAudio,
        *,
        post: Callable[[Event], None],
        rates_hz: tuple[int, ...] = RATES_HZ,
        jingles: Jingles | None = None,
        on_played: Callable[[bytes, int], None] | None = None,
    ) -> None:
        """`jingles`: what the earcons sound like. `on_played` gets every block that is handed to the device,
        silence too, and its rate: mono, on the sound card's thread; an empty one where the device ran dry."""
        self._wanted = Wanted("speaker", name, rates_hz, BLOCK_MS)
        self._portaudio = portaudio
        self._post = post
        self._jingles = jingles or Jingles()
        self._on_played = on_played
        self._playout = Playout(_resampler, RATE_HZ)
        self._mouth: _Mouth | None = None
        self._lost_turn = -1  # this one and those before it were lost with a device
        self._silent = asyncio.Event()
        self._dozes = False
        self._needed = asyncio.Event()
        self._counters = {"device_underruns": 0, "lost_chunks": 0, "reopened": 0}

    @property
    def counters(self) -> dict[str, int]:
        """What went wrong so far, by kind."""
        return self._playout.counters | self._counters

    @property
    def is_answering(self) -> bool:
        """An answer is there that has not been played."""
        return self._playout.is_answering

    async def run(self) -> NoReturn:
        """Play until cancelled."""
        await kept(
            self._wanted,
            self._session,
            lambda: self._post(SpeakerUp()),
            self._down,
            self._portaudio.changed,
        )

    def play(self, turn: int, pcm: bytes, rate_hz: int) -> None:
        """Append mono PCM16LE, cut anywhere, to the answer of this turn."""
        if self._mouth is None:
            self._counters["lost_chunks"] += 1
            self._playout.flush(turn)
            self._lost_turn = max(self._lost_turn, turn)
        else:
            self._playout.add(turn, pcm, rate_hz)
            self._needed.set()

    def finish(self, turn: int) -> None:
        """Nothing more comes for this turn: Drained follows when it was heard, at once if nothing waits."""
        if self._playout.finish(turn) or turn <= self._lost_turn:
            self._post(Drained(turn, 0))

    def flush(self, turn: int) -> None:
        """Silence this turn and those before it; nothing is heard or reported of them any more."""
        self._playout.flush(turn)

    def chime(self, earcon: Earcon, repeats: int, notice: str = "") -> None:
        """Sound this earcon so many times over, and the sentence; without a device nobody hears it."""
        if self._mouth is not None:
            self._playout.chime(self._jingles(earcon, self._playout.rate_hz, notice), repeats)
            self._needed.set()

    def hush(self) -> None:
        """End the earcon that sounds."""
        self._playout.hush()

    def loud(self, level: int) -> None:
        """Speak as loud as this from now on, in per cent of loudness."""
        self._playout.loud(level)

    def doze(self, *, on: bool) -> None:
        """Whether the device may be stopped while there is nothing to play: what is then to be played begins
        some tenths of a second later."""
        self._dozes = on
        self._needed.set()

    async def fade(self) -> None:
        """Fade out what plays; returns when it is silent."""
        mouth = self._mouth
        self._playout.hush()
        self._silent.clear()
        if self._playout.flush_all(SHUTDOWN_FADE_MS) and mouth:
            try:
                async with asyncio.timeout(FAREWELL_S):
                    await self._silent.wait()
                    await asyncio.sleep(mouth.latency_s)
            except TimeoutError:
                log.debug("the speaker did not take the fade")

    async def _session(self, up: Callable[[], None]) -> NoReturn:
        mouth = _Mouth(self._playout, self._counters, self._happened, self._on_played)
        try:
            async with self._portaudio.opened(self._wanted, mouth.tap) as stream:
                mouth.latency_s = stream.latency_s
                log.info("speaker: %s, latency %.0f ms", stream.form, 1000 * stream.latency_s)
                await self._play(stream, mouth, up)
        except RecalledError:  # what is queued waits, and is heard when the stream is open again
            self._counters["reopened"] += 1
            raise

    async def _play(self, stream: Stream, mouth: _Mouth, up: Callable[[], None]) -> NoReturn:
        heart, gauged, works, told_at = Heartbeat(self._wanted, stream), None, False, 0.0
        loop = asyncio.get_running_loop()
        sounded_at = loop.time()
        while True:
            heart.check(mouth.beats)
            if not works and mouth.beats >= PRIMED:
                works = True
                self._mouth = mouth
                up()
            if works and loop.time() > told_at + GAUGE_S:
                told_at = loop.time()
                counts = self.counters | {"jitter_ms": self._playout.jitter_ms}
                gauge = Gauged("speaker", str(stream.form), counts)
                if gauge != gauged:
                    gauged = gauge
                    self._post(gauge)
            await mouth.wait(Heartbeat.CHECK_S)
            if not (works and self._dozes and self._playout.is_idle):
                sounded_at = loop.time()
            elif loop.time() > sounded_at + DOZE_S:
                await self._sleep(stream, mouth)
                heart, sounded_at = Heartbeat(self._wanted, stream), loop.time()

    async def _sleep(self, stream: Stream, mouth: _Mouth) -> None:
        """Until something is to be played, or the stream is wanted back."""
        self._needed.clear()
        log.debug("the speaker dozes")
        await self._portaudio.told(self._wanted, stream.stop)
        while not (self._needed.is_set() or stream.is_recalled):
            await _until(self._needed, LOOK_S)
        mouth.begin_anew()
        await self._portaudio.told(self._wanted, stream.start)

    def _down(self, reason: str) -> None:
        self._mouth = None
        self._lost_turn = max(self._lost_turn, self._playout.lose())
        self._post(SpeakerDown(reason))

    def _happened(self, pulled: Pulled, leaves_at: float) -> None:
        """On the loop: what the sound card's thread has seen. `leaves_at`: when the block begins to sound."""
        for turn in pulled.sounding:
            if turn > self._playout.silenced:
                self._post(Sounding(turn))
        if pulled.ended:
            # The loop's clock is time.monotonic; one timer for all that ended here keeps them in order.
            heard_at = leaves_at + pulled.ended[-1].at / self._playout.rate_hz
            asyncio.get_running_loop().call_at(heard_at, self._drained, pulled.ended)
        if pulled.faded:
            self._silent.set()

    def _drained(self, answers: tuple[Ended, ...]) -> None:
        for answer in answers:
            if answer.turn > self._playout.silenced:
                self._post(Drained(answer.turn, answer.played_ms))


class _Mouth:
    """One open stream: its callback, on PortAudio's thread."""

    def __init__(
        self,
        playout: Playout,
        counters: dict[str, int],
        happened: Callable[[Pulled, float], None],
        on_played: Callable[[bytes, int], None] | None,
    ) -> None:
        self.beats = 0
        self.latency_s = 0.0
        self._lead_in = 0  # frames
        self._playout = playout
        self._counters = counters
        self._happened = happened
        self._on_played = on_played
        self._loop = asyncio.get_running_loop()
        self._moves = asyncio.Event()

    def tap(self, form: Format) -> Callable[..., tuple[bytes, int]]:
        """The callback for a stream of this format."""
        self._channels = form.channels
        self._rate_hz = form.rate_hz
        if form.rate_hz != RATE_HZ:
            _resampler(RATE_HZ, form.rate_hz)  # its filter is computed now, not on the sound card's thread
        self._playout.use(form.rate_hz, _resampler)
        return self._give

    def _give(self, _pcm: None, frames: int, times: Mapping[str, float], status: int) -> tuple[bytes, int]:
        self.beats += 1
        if self._lead_in > 0:
            self._lead_in -= frames
            pulled = Pulled(bytes(2 * frames))
        else:
            pulled = self._playout.pull(frames)
        ran_dry = bool(status & pyaudio.paOutputUnderflow)
        self._counters["device_underruns"] += ran_dry
        if self._on_played is not None:
            if ran_dry:
                self._on_played(b"", self._playout.rate_hz)
            self._on_played(pulled.pcm, self._playout.rate_hz)
        try:
            if pulled.sounding or pulled.ended or pulled.faded:
                ahead = times["output_buffer_dac_time"] - times["current_time"]
                if not 0.0 < ahead < FARTHEST_S:  # some drivers leave it out
                    ahead = self.latency_s
                self._loop.call_soon_threadsafe(self._happened, pulled, time.monotonic() + ahead)
            elif self.beats == PRIMED:
                self._loop.call_soon_threadsafe(self._moves.set)
        except RuntimeError:  # the loop has ended: nobody asks any more
            return bytes(2 * frames * self._channels), pyaudio.paComplete
        return _spread(pulled.pcm, self._channels), pyaudio.paContinue

    async def wait(self, at_most_s: float) -> None:
        """Until the device moves for the first time, or the time is over."""
        await _until(self._moves, at_most_s)
        self._moves.clear()

    def begin_anew(self) -> None:
        """The stream was stopped, and is about to be started."""
        self._lead_in = self._rate_hz * LEAD_IN_MS // 1000


async def _until(event: asyncio.Event, at_most_s: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(at_most_s):
            await event.wait()


def _resampler(from_hz: int, to_hz: int) -> Resamples:
    from .resample import Resampler  # late: most devices take the rate as it is

    return Resampler(from_hz, to_hz)


def _spread(pcm: bytes, channels: int) -> bytes:
    """The same sample on every channel."""
    if channels == 1:
        return pcm
    samples = array("h", pcm)
    spread = array("h", bytes(2 * len(samples) * channels))
    for channel in range(channels):
        spread[channel::channels] = samples
    return spread.tobytes()
