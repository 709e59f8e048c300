"""What is to be played: answers in order, a jitter buffer before each, and sudden silence without a click.

Knows turns, PCM and the sound card's sample clock. Must never know a device, or the time of day: waiting is
counted in samples.

An answer waits until enough of it is there, plays, and waits again when it runs dry before it was finished.
An earcon is mixed into whatever leaves for the device, and is part of no answer.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import field
from typing import Protocol

from ..core.jitter import Jitter
from ..core.mixing import FADE_MS, Mixer, faded
from ..core.values import dataclass
from ..core.volume import Gain

LONGEST_MS = 300_000  # five minutes of answer, 14 MB at 24 kHz: more is a fault of the sender
STEP_MS = 10  # what is resampled at a time, so that the sound card's thread is never kept long


class Resamples(Protocol):
    """What Playout needs of a resampler."""

    def __call__(self, pcm: bytes, /) -> bytes: ...
    def tail(self) -> bytes: ...


class MakesResampler(Protocol):
    def __call__(self, from_hz: int, to_hz: int, /) -> Resamples: ...


@dataclass(frozen=True, slots=True)
class Ended:
    """A finished answer has been given away, up to its last sample, `at` samples into the block."""

    turn: int
    played_ms: int
    at: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """One block for the device, whose samples are all there, and what happened in it."""

    pcm: bytes
    sounding: tuple[int, ...] = ()
    ended: tuple[Ended, ...] = ()
    faded: bool = False  # the fade is over: from here on it is silent


@dataclass(slots=True)
class _Stretch:
    """A run of samples of one rate."""

    rate_hz: int
    pcm: bytearray

    def ms(self) -> float:
        return len(self.pcm) * 500 / self.rate_hz


@dataclass(slots=True)
class _Answer:
    """The sound of one turn, as far as it is not played."""

    turn: int
    stretches: deque[_Stretch] = field(default_factory=deque)
    ready: bytearray = field(default_factory=bytearray)  # at the device's rate
    half: bytes = b""  # the first byte of a sample whose second one has not come
    resampler: Resamples | None = None
    resampled_hz: int = 0
    finished: bool = False
    playing: bool = False
    sounded: bool = False
    dry: bool = False
    waited: int = 0  # device samples since it had something to play and did not
    silent: int = 0  # device samples since it ran dry
    gaps: int = 0
    played_ms: float = 0.0

    def queued_ms(self) -> float:
        return sum(stretch.ms() for stretch in self.stretches)

    def add(self, pcm: bytes, rate_hz: int) -> None:
        pcm = self.half + pcm
        whole = len(pcm) & ~1
        self.half = pcm[whole:]
        if self.stretches and self.stretches[-1].rate_hz == rate_hz:
            self.stretches[-1].pcm += memoryview(pcm)[:whole]
        elif whole:
            self.stretches.append(_Stretch(rate_hz, bytearray(memoryview(pcm)[:whole])))


class Playout:
    """The queue between the loop and the sound card's thread; every method may be called from either.

    `rate_hz` is the device's; `resampler` makes what turns another rate into it.
    """

    def __init__(self, resampler: MakesResampler, rate_hz: int) -> None:
        self.counters = {"underruns": 0, "late_chunks": 0, "overlong_chunks": 0}
        self._lock = threading.Lock()
        self._resampler = resampler
        self.rate_hz = rate_hz
        self._queue: deque[_Answer] = deque()
        self._fading = bytearray()
        self._newest = -1
        self._silenced = -1  # this turn and those before it will not be heard again
        self._mixer = Mixer(rate_hz)
        self._jitter = Jitter()
        self._gain = Gain()

    @property
    def silenced(self) -> int:
        return self._silenced

    @property
    def is_answering(self) -> bool:
        """An answer is there that has not been played."""
        with self._lock:
            return bool(self._queue)

    @property
    def is_idle(self) -> bool:
        """There is nothing to play, and nobody plays."""
        with self._lock:
            return not (self._queue or self._fading or self._mixer.is_sounding)

    @property
    def jitter_ms(self) -> int:
        """How much of an answer has to be there before it sounds."""
        return round(self._jitter.ms)

    def use(self, rate_hz: int, resampler: MakesResampler) -> None:
        """From now on a device of this rate pulls; of what was queued, a few milliseconds that were ready for
        another rate are lost."""
        with self._lock:
            if rate_hz != self.rate_hz:
                for answer in self._queue:
                    answer.ready.clear()
                    answer.resampler, answer.resampled_hz = None, 0
                self._fading.clear()
                self._mixer = Mixer(rate_hz)
            self.rate_hz, self._resampler = rate_hz, resampler

    def add(self, turn: int, pcm: bytes, rate_hz: int) -> None:
        """Append to the answer of this turn; what comes for a silenced or former turn is dropped."""
        with self._lock:
            if turn <= self._silenced or turn < self._newest:
                self.counters["late_chunks"] += 1
                return
            answer = self._of(turn)
            if answer is None or answer.finished:
                self.counters["late_chunks"] += 1
            elif answer.queued_ms() > LONGEST_MS:
                self.counters["overlong_chunks"] += 1
            else:
                answer.add(pcm, rate_hz)
                if answer.dry and answer.stretches:
                    self.counters["underruns"] += 1
                    self._jitter.ran_dry(answer.silent * 1000 / self.rate_hz)
                    answer.dry, answer.waited, answer.silent = False, 0, 0
                    answer.gaps += 1

    def finish(self, turn: int) -> bool:
        """Nothing more comes for this turn. True when there is nothing to wait for: it has ended now."""
        with self._lock:
            if turn <= self._silenced or turn < self._newest:
                return False
            answer = self._of(turn)
            if answer is None:
                return False
            answer.finished = True
            if len(self._queue) > 1 or answer.sounded or answer.stretches:
                return False
            self._queue.clear()
            return True

    def flush(self, turn: int, fade_ms: int = FADE_MS) -> bool:
        """Silence this turn and those before it. False when it is silent already."""
        with self._lock:
            self._silenced = max(self._silenced, turn)
            playing = self._queue[0] if self._queue else None
            if playing and playing.playing and playing.turn <= turn:
                samples = self.rate_hz * fade_ms // 1000
                self._fill(playing, samples)
                self._fading += faded(playing.ready[: 2 * samples])
            while self._queue and self._queue[0].turn <= turn:
                self._queue.popleft()
            return bool(self._fading)

    def flush_all(self, fade_ms: int = FADE_MS) -> bool:
        """Silence everything there is. False when it is silent already."""
        return self.flush(max(self._newest, self._silenced), fade_ms)

    def lose(self) -> int:
        """Everything there is, is lost with its device; the newest turn that is."""
        self.flush_all()
        with self._lock:
            self._fading.clear()
            self._mixer = Mixer(self.rate_hz)
            return self._silenced

    def chime(self, pcm: bytes, repeats: int) -> None:
        """Sound this earcon so many times over, from now on and in place of a former one."""
        with self._lock:
            self._mixer.ring(pcm, repeats)

    def hush(self) -> None:
        """End the earcon that sounds."""
        with self._lock:
            self._mixer.hush()

    def loud(self, level: int) -> None:
        """Speak as loud as this from now on, in per cent of loudness."""
        with self._lock:
            self._gain.set(level)

    def pull(self, frames: int) -> Pulled:
        """So many mono samples at the device's rate: sound as far as there is some, else silence."""
        with self._lock:
            out = self._fading[: 2 * frames]
            del self._fading[: 2 * frames]
            faded = bool(out) and not self._fading
            sounding: list[int] = []
            ended: list[Ended] = []
            if self._queue:
                self._jitter.played()
            else:
                self._jitter.quiet(frames * 1000 / self.rate_hz)
            while self._queue and len(out) < 2 * frames:
                answer = self._queue[0]
                overtaken = len(self._queue) > 1
                if not self._ready(answer, frames, overtaken=overtaken):
                    break
                missing = frames - len(out) // 2
                self._fill(answer, missing)
                if answer.ready and not answer.sounded:
                    answer.sounded = True
                    sounding.append(answer.turn)
                out += answer.ready[: 2 * missing]
                del answer.ready[: 2 * missing]
                if len(out) == 2 * frames:
                    break
                if answer.finished or overtaken:
                    if not answer.gaps:
                        self._jitter.went_well()
                    ended.append(Ended(answer.turn, round(answer.played_ms), len(out) // 2))
                    self._queue.popleft()
                else:
                    answer.playing, answer.dry = False, True
                    answer.silent = -(len(out) // 2)  # it is asked once more in this block
            speech = bool(out)
            spoken = self._gain.apply(bytes(out)).ljust(2 * frames, b"\0")
            pcm = self._mixer.mix(spoken, speech=speech)
            return Pulled(pcm, tuple(sounding), tuple(ended), faded)

    def _of(self, turn: int) -> _Answer | None:
        """The answer of the newest turn there is, or of a newer one; None when it has ended."""
        if turn > self._newest:
            self._newest = turn
            self._queue.append(_Answer(turn))
        return self._queue[-1] if self._queue and self._queue[-1].turn == turn else None

    def _ready(self, answer: _Answer, frames: int, *, overtaken: bool) -> bool:
        if not answer.playing:
            if answer.stretches:
                answer.waited += frames
            elif answer.dry:
                answer.silent += frames
            answer.playing = (
                answer.finished
                or overtaken
                or answer.queued_ms() >= self._jitter.ms
                or answer.waited * 1000 > self._jitter.ms * self.rate_hz
            )
        return answer.playing

    def _fill(self, answer: _Answer, samples: int) -> None:
        """See to it that so many samples are ready at the device's rate, or all there are."""
        while len(answer.ready) < 2 * samples and answer.stretches:
            stretch = answer.stretches[0]
            step = 2 * (stretch.rate_hz * STEP_MS // 1000)
            block = bytes(stretch.pcm[:step])
            del stretch.pcm[:step]
            answer.played_ms += len(block) * 500 / stretch.rate_hz
            answer.ready += self._converted(answer, block, stretch.rate_hz)
            if not stretch.pcm:
                answer.stretches.popleft()
        over = answer.finished or self._queue[-1] is not answer
        if over and not answer.stretches and answer.resampler:
            answer.ready += answer.resampler.tail()
            answer.resampler, answer.resampled_hz = None, 0

    def _converted(self, answer: _Answer, block: bytes, rate_hz: int) -> bytes:
        if rate_hz == answer.resampled_hz or (rate_hz == self.rate_hz and answer.resampler is None):
            return answer.resampler(block) if answer.resampler else block
        rest = answer.resampler.tail() if answer.resampler else b""
        answer.resampler, answer.resampled_hz = None, 0
        if rate_hz != self.rate_hz:
            answer.resampler, answer.resampled_hz = self._resampler(rate_hz, self.rate_hz), rate_hz
        return rest + (answer.resampler(block) if answer.resampler else block)
