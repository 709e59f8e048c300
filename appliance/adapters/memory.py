"""A microphone and a speaker made of memory, for the demo and the tests: they obey physics, not a sound card.

Know their own clock. Must never be kinder than hardware: a microphone yields 20 ms every 20 ms and never
twice, a speaker plays no faster than its clock, and what was silenced stays silent.

Both reckon from the moment they were started, never from the last wake: a late loop is caught up with, sample
for sample.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import field
from typing import NoReturn

from ..core.earcons import Earcon, drawn
from ..core.events import Drained, Event, Sounding, SpeakerDown, SpeakerUp
from ..core.mixing import Mixer, both, faded
from ..core.mute import MUTED
from ..core.values import dataclass
from ..core.volume import Gain

HEARD_HZ = 16_000
FRAME_MS = 20
FRAME_BYTES = 2 * HEARD_HZ * FRAME_MS // 1000
HISS_PEAK = 32  # evenly spread over ±32 steps: RMS 18.5 of 32768, -65 dBFS, a quiet room
PLAYED_HZ = 24_000
STEP_MS = 5  # how often the speaker looks what there is to play
JITTER_MS = 40  # an answer begins when so much of it is there, or when it has waited so long
CATCH_UP = 40  # steps: what a microphone hears of 200 ms has been played before it is heard
FADE_SAMPLES = PLAYED_HZ * STEP_MS // 1000


def usual(earcon: Earcon, rate_hz: int, _: str = "") -> bytes:
    """The box's own sound, at its usual volume."""
    return drawn(earcon, rate_hz, 60)


class _Clock:
    """Ticks every `step_s` of its own time, which runs `speed` times as fast as the loop's.

    Of the ticks that are overdue `at_once` follow each other before anybody else has a turn.
    """

    def __init__(self, step_s: float, speed: float, at_once: int = 1) -> None:
        self._step_s = step_s / speed
        self._at_once = at_once
        self._loop = asyncio.get_running_loop()
        self._zero = self._loop.time()
        self._ticks = 0

    async def tick(self) -> None:
        """Until the next tick is due; ticks that are overdue follow at once, none is left out."""
        self._ticks += 1
        wait_s = self._zero + self._ticks * self._step_s - self._loop.time()
        if wait_s > 0 or self._ticks % self._at_once == 0:
            await asyncio.sleep(max(0.0, wait_s))


class MemoryMicrophone:
    """Hears what is `say`-ed into it, and a quiet room in between.

    `wide_hz`, a multiple of 16 kHz, is the rate of a device that delivers its own sound besides.
    """

    def __init__(
        self,
        *,
        on_frame: Callable[..., None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        speed: float = 1.0,
        wide_hz: int = 0,
    ) -> None:
        self._wide_hz = wide_hz
        self._on_frame = on_frame
        self._on_up = on_up
        self._on_down = on_down
        self._speed = speed
        self._clips: deque[_Clip] = deque()
        self._hiss = _hiss()
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._heeded = asyncio.Event()
        self._heeded.set()
        self._index = 0
        self.around: Callable[[], bytes] | None = None
        """What else sounds in the room: 20 ms of it, 16 kHz, for each frame."""

    async def run(self) -> NoReturn:
        """Deliver frames until cancelled."""
        while True:
            if not self._heeded.is_set():
                self._on_down(MUTED)
                await self._heeded.wait()
            elif not self._plugged.is_set():
                self._on_down("no microphone called 'memory'; there are: none at all")
                await self._plugged.wait()
            if not self._is_open:
                continue
            self._on_up()
            clock = _Clock(FRAME_MS / 1000, self._speed)
            while self._is_open:
                await clock.tick()
                if self._is_open:
                    self._deliver(self._frame())
                    self._index += 1

    def _deliver(self, frame: bytes) -> None:
        if self._wide_hz:
            samples = array("h", frame)
            times = self._wide_hz // HEARD_HZ
            wide = array("h", (sample for sample in samples for _ in range(times))).tobytes()
            self._on_frame(frame, self._index, 0, wide, self._wide_hz)
        else:
            self._on_frame(frame, self._index, 0)

    def say(self, pcm: bytes) -> asyncio.Future[None]:
        """Speak 16 kHz mono PCM16LE into it, after what is being said; done when the last of it was heard."""
        heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._clips.append(_Clip(bytearray(pcm[: len(pcm) & ~1]), heard))
        return heard

    def unplug(self) -> None:
        """Pull the plug; what is said meanwhile is not lost but waits, as a person would."""
        self._plugged.clear()

    def plug(self) -> None:
        self._plugged.set()

    def reopen(self) -> None:
        """It cannot stall, so there is nothing to mend."""

    def muffle(self, *, on: bool) -> None:
        """Close it, or open it again."""
        self._heeded.clear() if on else self._heeded.set()

    @property
    def _is_open(self) -> bool:
        return self._plugged.is_set() and self._heeded.is_set()

    def _frame(self) -> bytes:
        frame = bytearray()
        while self._clips and len(frame) < FRAME_BYTES:
            clip = self._clips[0]
            missing = FRAME_BYTES - len(frame)
            frame += clip.pcm[:missing]
            del clip.pcm[:missing]
            if not clip.pcm:
                self._clips.popleft()
                if not clip.heard.done():
                    clip.heard.set_result(None)
        if len(frame) < FRAME_BYTES:
            frame += self._hiss[len(frame) :]
            self._hiss = self._hiss[2 * 97 :] + self._hiss[: 2 * 97]
        return bytes(frame) if self.around is None else both(frame, self.around())


@dataclass(frozen=True, slots=True)
class _Clip:
    pcm: bytearray
    heard: asyncio.Future[None]


def _hiss() -> bytes:
    """One frame of noise, the same in every run (a linear congruential generator, Knuth's constants)."""
    state, samples = 1, array("h")
    for _ in range(FRAME_BYTES // 2):
        state = (1_664_525 * state + 1_013_904_223) % 2**32
        samples.append((state >> 16) % (2 * HISS_PEAK + 1) - HISS_PEAK)
    return samples.tobytes()


RECORD_PIECES = 60_000  # of 5 ms: five minutes of what was played, 15 MB; a daemon of memory lives for days


@dataclass(frozen=True, slots=True)
class Played:
    """A run of samples as it left the speaker, `at_s` of its clock after it was started."""

    at_s: float
    turn: int
    pcm: bytes


@dataclass(slots=True)
class _Answer:
    turn: int
    pcm: bytearray = field(default_factory=bytearray)  # 24 kHz
    half: bytes = b""
    finished: bool = False
    playing: bool = False
    sounded: bool = False
    dry: bool = False
    waited_ms: int = 0
    bytes_played: int = 0
    phase: int = 0  # of the conversion from another rate


@dataclass(frozen=True, slots=True)
class Rung:
    """A run of samples of an earcon, beside whatever was played at that time."""

    at_s: float
    pcm: bytes


class MemorySpeaker:
    """Plays into `record`, and earcons into `rung`, at the pace of its clock, 24 kHz."""

    def __init__(
        self,
        *,
        post: Callable[[Event], None],
        speed: float = 1.0,
        jingles: Callable[[Earcon, int, str], bytes] = usual,
    ) -> None:
        self.record: deque[Played] = deque(maxlen=RECORD_PIECES)
        self.rung: deque[Rung] = deque(maxlen=RECORD_PIECES)
        self._mixer = Mixer(PLAYED_HZ)
        self._gain = Gain()
        self._jingles = jingles
        self._post = post
        self._speed = speed
        self._up = False
        self._plugged = asyncio.Event()
        self._plugged.set()
        self._queue: deque[_Answer] = deque()
        self._newest = -1
        self._silenced = -1
        self._lost_turn = -1  # this one and those before it were lost with a plug
        self._clock_ms = 0
        self._counters = {"underruns": 0, "late_chunks": 0, "lost_chunks": 0}
        self._air = bytearray()  # what of the next 5 ms is known
        self.listeners: list[Callable[[bytes, int], None]] = []
        """Told of every 5 ms that it played, silence too, and of their rate."""

    @property
    def counters(self) -> dict[str, int]:
        """What went wrong so far, by kind."""
        return dict(self._counters)

    @property
    def clock_s(self) -> float:
        """How long it has been playing, silence included."""
        return self._clock_ms / 1000

    def played(self, turn: int) -> bytes:
        """Everything of this turn that was played, gaps left out."""
        return b"".join(piece.pcm for piece in self.record if piece.turn == turn)

    async def run(self) -> NoReturn:
        """Play until cancelled."""
        while True:
            if not self._plugged.is_set():
                self._post(SpeakerDown("no speaker called 'memory'; there are: none at all"))
                await self._plugged.wait()
            self._up = True
            self._post(SpeakerUp())
            clock = _Clock(STEP_MS / 1000, self._speed, CATCH_UP)
            while self._plugged.is_set():
                await clock.tick()
                self._step()
            self._up = False
            self._silenced = self._lost_turn = max(self._silenced, self._newest)
            self._queue.clear()
            self._air.clear()
            self._mixer = Mixer(PLAYED_HZ)

    def unplug(self) -> None:
        """Pull the plug: what was queued is lost."""
        self._plugged.clear()

    def plug(self) -> None:
        self._plugged.set()

    def play(self, turn: int, pcm: bytes, rate_hz: int) -> None:
        """Append mono PCM16LE, cut anywhere, to the answer of this turn."""
        answer = self._of(turn)
        if not self._up:
            self._counters["lost_chunks"] += 1
            self.flush(turn)
            self._lost_turn = max(self._lost_turn, turn)
        elif answer is None or answer.finished:
            self._counters["late_chunks"] += 1
        else:
            pcm = answer.half + pcm
            whole = len(pcm) & ~1
            answer.half = pcm[whole:]
            answer.pcm += _at_24k(answer, pcm[:whole], rate_hz)
            if answer.dry and answer.pcm:
                self._counters["underruns"] += 1
                answer.dry, answer.waited_ms = False, 0

    def finish(self, turn: int) -> None:
        """Nothing more comes for this turn: Drained follows when it was played, at once if nothing waits."""
        answer = self._of(turn)
        if turn <= self._lost_turn:
            self._post(Drained(turn, 0))
        if answer is None or answer.finished:
            return
        answer.finished = True
        if len(self._queue) == 1 and not answer.pcm:
            self._end(answer)

    def flush(self, turn: int) -> None:
        """Silence this turn and those before it; nothing is heard or reported of them any more."""
        self._silenced = max(self._silenced, turn)
        while self._queue and self._queue[0].turn <= turn:
            answer = self._queue.popleft()
            if answer.playing and answer.pcm:
                self._keep(answer, faded(answer.pcm[: 2 * FADE_SAMPLES]), 0.0)

    def chime(self, earcon: Earcon, repeats: int, notice: str = "") -> None:
        """Sound this earcon so many times over, and the sentence; without a device nobody hears it."""
        if self._up:
            self._mixer.ring(self._jingles(earcon, PLAYED_HZ, notice), repeats)

    def hush(self) -> None:
        """End the earcon that sounds."""
        self._mixer.hush()

    def doze(self, *, on: bool) -> None:
        """There is no device to stop."""

    def loud(self, level: int) -> None:
        """Speak as loud as this from now on, in per cent of loudness."""
        self._gain.set(level)

    async def fade(self) -> None:
        """Fade out what plays; returns when it is silent."""
        self.flush(self._newest)
        self.hush()

    def _of(self, turn: int) -> _Answer | None:
        """The answer of this turn while it may still be added to."""
        if turn <= self._silenced or turn < self._newest:
            return None
        if turn > self._newest:
            self._newest = turn
            self._queue.append(_Answer(turn))
        return self._queue[-1] if self._queue and self._queue[-1].turn == turn else None

    def _step(self) -> None:
        """Play 5 ms: whatever is there of the answers that are due, in order."""
        room = 2 * FADE_SAMPLES
        while self._queue and room and self._due(answer := self._queue[0]):
            if answer.pcm:
                if not answer.sounded:
                    answer.sounded = True
                    self._post(Sounding(answer.turn))
                piece = bytes(answer.pcm[:room])
                del answer.pcm[:room]
                self._keep(answer, piece, STEP_MS - room * 500 / PLAYED_HZ)
                room -= len(piece)
            elif answer.finished or len(self._queue) > 1:
                self._end(answer)
            else:
                answer.playing, answer.dry = False, True
        if sound := self._mixer.take(2 * FADE_SAMPLES, speech=room < 2 * FADE_SAMPLES):
            self.rung.append(Rung(self._clock_ms / 1000, sound))
        air = bytes(self._air[: 2 * FADE_SAMPLES].ljust(2 * FADE_SAMPLES, b"\0"))
        del self._air[: 2 * FADE_SAMPLES]
        for listener in self.listeners:
            listener(both(air, sound), PLAYED_HZ)
        self._clock_ms += STEP_MS

    def _due(self, answer: _Answer) -> bool:
        if not answer.playing:
            answer.waited_ms += STEP_MS if answer.pcm else 0
            enough = len(answer.pcm) * 500 >= JITTER_MS * PLAYED_HZ or answer.waited_ms > JITTER_MS
            answer.playing = enough or answer.finished or len(self._queue) > 1
        return answer.playing

    def _keep(self, answer: _Answer, pcm: bytes, offset_ms: float) -> None:
        answer.bytes_played += len(pcm)
        pcm = self._gain.apply(pcm)
        self._air += pcm
        self.record.append(Played((self._clock_ms + offset_ms) / 1000, answer.turn, pcm))

    def _end(self, answer: _Answer) -> None:
        self._queue.popleft()
        self._post(Drained(answer.turn, round(answer.bytes_played * 500 / PLAYED_HZ)))


def _at_24k(answer: _Answer, pcm: bytes, rate_hz: int) -> bytes:
    """At 24 kHz, by taking the nearest former sample: good enough for a speaker nobody hears."""
    if rate_hz == PLAYED_HZ:
        return pcm
    samples, result = array("h", pcm), array("h")
    end = len(samples) * PLAYED_HZ
    while answer.phase < end:
        result.append(samples[answer.phase // PLAYED_HZ])
        answer.phase += rate_hz
    answer.phase -= end
    return result.tobytes()
