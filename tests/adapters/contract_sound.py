"""What every microphone and every speaker of this house must do, real or made of memory.

A room is what differs: how to speak into the microphone, and how to learn what the speaker played.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.core.earcons import Earcon, drawn
from appliance.core.events import Drained, Event, Gauged, Sounding, SpeakerUp

Samples = NDArray[np.float64]

HEARD_HZ = 16_000
PLAYED_HZ = 24_000
PATIENCE_S = 30.0  # for a machine with better things to do; nothing here waits so long when it works
FAINT = 8.0  # in steps of 16 bits: below it the sound server's rounding is what one would compare
TURN_MS = 40  # the jitter buffer


class Ear(Protocol):
    """A microphone that runs, and everything it delivered."""

    frames: list[tuple[bytes, int, int]]

    async def speak(self, pcm: bytes) -> None:
        """Speak 16 kHz into it, to the end."""

    async def hear(self, seconds: float) -> None:
        """Until so much more was delivered."""


class Mouth(Protocol):
    """A speaker that runs, and everything it told and played."""

    speaker: Any
    events: list[Event]

    async def told(self, *events: Event) -> None:
        """Until all of these were posted."""

    async def recorded(self, quiet_s: float) -> Samples:
        """All that was played so far, at 24 kHz, after waiting so much longer."""


class Room(Protocol):
    speed: float  # how many seconds pass in it while one passes outside

    def ear(self) -> AbstractAsyncContextManager[Ear]: ...
    def mouth(self) -> AbstractAsyncContextManager[Mouth]: ...


class Notes:
    """A list of events that one can wait for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def post(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                self._more.clear()
                await self._more.wait()


# -- signals ----------------------------------------------------------------------------------------


def speechlike(seconds: float, rate_hz: int, *, seed: int = 1, level: float = 0.12) -> bytes:
    """Noise between 200 and 5000 Hz in syllables of a quarter of a second: no part of it is like another."""
    count = int(seconds * rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    at = np.fft.rfftfreq(count, 1 / rate_hz)
    spectrum[(at < 200) | (at > 5000)] = 0
    noise = np.fft.irfft(spectrum, count)
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(count) / rate_hz)
    sound = noise / noise.std() * syllables * level
    pcm: bytes = (np.clip(sound, -0.99, 0.99) * 32767).astype("<i2").tobytes()
    return pcm


def samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm[: len(pcm) & ~1], "<i2").astype(np.float64)


def dbfs(sound: Samples) -> float:
    return float(20 * np.log10(max(1e-3, float(np.sqrt((sound**2).mean()))) / 32768))


def find(part: Samples, whole: Samples) -> int:
    """Where `part` lies in `whole`, by cross-correlation."""
    size = 1 << (len(part) + len(whole)).bit_length()
    product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    return int(np.argmax(np.fft.irfft(product, size)[: max(1, len(whole) - len(part) + 1)]))


def assert_same(given: bytes, heard: Samples, rate_hz: int, *, least: float = 0.97) -> int:
    """`heard` holds `given` once, whole, in time, at its level; returns the sample at which it begins.

    Every 50 ms are compared by themselves: one lost or doubled block of 10 ms shifts all that follow it, and
    a wrong pitch shifts them more and more. One sample of shift is left to the sound server's resampler, and
    quarters of a sample are looked at because it delays by such fractions.
    """
    clip = samples(given)
    start = find(clip, np.concatenate((heard, np.zeros(len(clip)))))
    span = heard[max(0, start - 50) : start + len(clip) + 50]
    fine = np.fft.irfft(np.fft.rfft(span), 4 * len(span)) * 4
    origin = 4 * (start - max(0, start - 50))
    step = rate_hz // 20
    for at in range(0, len(clip) - step + 1, step):
        want = clip[at : at + step]
        alike, gain_db = max(_compare(want, fine[max(0, origin + 4 * at + by) :: 4]) for by in range(-4, 5))
        where = f"{at / rate_hz:.2f} s into the clip (found at {start / rate_hz:.3f} s)"
        assert alike > least, f"only {alike:.3f} alike {where}"
        assert abs(gain_db) < 0.7, f"{gain_db:+.2f} dB {where}"
    return start


def _compare(want: Samples, heard: Samples) -> tuple[float, float]:
    """How alike (1: the same but for the level), and how much louder in dB."""
    got = heard[: len(want)]
    if len(got) == len(want) and np.sqrt((want**2).mean()) < FAINT:  # nothing there to be alike
        return float(np.sqrt((got**2).mean()) < 2 * FAINT), 0.0
    if len(got) < len(want) or not got.any():
        return 0.0, 0.0
    alike = float(want @ got / np.sqrt((want @ want) * (got @ got)))
    return alike, float(10 * np.log10((got @ got) / (want @ want)))


# -- the microphone ---------------------------------------------------------------------------------


async def frames_are_exact_and_numbered(room: Room) -> None:
    async with room.ear() as ear:
        await ear.hear(1.0)
        assert {len(frame) for frame, _, _ in ear.frames} == {640}
        assert [index for _, index, _ in ear.frames] == list(range(len(ear.frames)))
        assert not any(lost for _, _, lost in ear.frames)


async def a_clip_arrives_whole(room: Room) -> None:
    clip = speechlike(2.5, HEARD_HZ)
    async with room.ear() as ear:
        await ear.speak(clip)
        await ear.hear(0.7)
        heard = samples(b"".join(frame for frame, _, _ in ear.frames))
        start = assert_same(clip, heard, HEARD_HZ)
        assert dbfs(heard[start + len(clip) // 2 + 400 :]) < -50, "it goes on after its end"


# -- the speaker ------------------------------------------------------------------------------------


async def it_plays_what_it_was_given(room: Room) -> None:
    """Chunks of every size, odd ones too: nothing lost, nothing twice, right pitch and level."""
    clip = speechlike(2.0, PLAYED_HZ)
    sizes = iter([1, 1, 3, 961, 1, 40_001] + [777] * 200)
    async with room.mouth() as mouth:
        at = 0
        while at < len(clip):
            size = next(sizes)
            mouth.speaker.play(1, clip[at : at + size], PLAYED_HZ)
            at += size
        mouth.speaker.finish(1)
        await mouth.told(Sounding(1), Drained(1, 2000))
        heard = await mouth.recorded(0.3)
        assert_same(clip, heard, PLAYED_HZ)
        assert [e for e in mouth.events if isinstance(e, Sounding)] == [Sounding(1)]
        assert mouth.speaker.counters["underruns"] == 0


async def it_plays_a_stream(room: Room) -> None:
    """Chunks that come at the pace of speech are one sound without a gap."""
    clip = speechlike(1.2, PLAYED_HZ)
    head, step = 2 * PLAYED_HZ // 4, 2 * PLAYED_HZ // 20  # 250 ms in hand, 50 ms every 40 ms
    async with room.mouth() as mouth:
        loop = asyncio.get_running_loop()
        zero = loop.time()
        mouth.speaker.play(1, clip[:head], PLAYED_HZ)
        for number, at in enumerate(range(head, len(clip), step), start=1):
            await asyncio.sleep(zero + 0.04 * number / room.speed - loop.time())
            mouth.speaker.play(1, clip[at : at + step], PLAYED_HZ)
        mouth.speaker.finish(1)
        await mouth.told(Drained(1, 1200))
        assert_same(clip, await mouth.recorded(0.3), PLAYED_HZ)


async def one_huge_chunk(room: Room) -> None:
    """Giving a minute at once takes no time, and what plays first is its beginning."""
    async with room.mouth() as mouth:
        clip = speechlike(0.6, PLAYED_HZ, seed=3)
        mouth.speaker.play(1, clip + bytes(2 * PLAYED_HZ * 60), PLAYED_HZ)
        await mouth.told(Sounding(1))
        heard = await mouth.recorded(1.0)
        mouth.speaker.flush(1)
        assert_same(clip, heard, PLAYED_HZ)


async def turns_play_in_order(room: Room) -> None:
    """A newer turn waits for the older one, and follows it without a gap."""
    first, second = speechlike(0.5, PLAYED_HZ, seed=4), speechlike(0.5, PLAYED_HZ, seed=5)
    async with room.mouth() as mouth:
        mouth.speaker.play(1, first, PLAYED_HZ)
        mouth.speaker.finish(1)
        mouth.speaker.play(2, second, PLAYED_HZ)
        mouth.speaker.finish(2)
        mouth.speaker.finish(3)
        await mouth.told(Drained(1, 500), Drained(2, 500), Drained(3, 0))
        heard = await mouth.recorded(0.3)
        apart = assert_same(second, heard, PLAYED_HZ) - assert_same(first, heard, PLAYED_HZ)
        assert 0 <= apart - len(first) // 2 < 0.002 * PLAYED_HZ, "a resampler's delay, no more"
        drained = [event for event in mouth.events if isinstance(event, Drained)]
        assert drained == [Drained(1, 500), Drained(2, 500), Drained(3, 0)]
        assert [e for e in mouth.events if isinstance(e, Sounding)] == [Sounding(1), Sounding(2)]


async def a_late_chunk_is_dropped(room: Room) -> None:
    clip = speechlike(0.4, PLAYED_HZ, seed=6)
    async with room.mouth() as mouth:
        mouth.speaker.play(2, clip, PLAYED_HZ)
        mouth.speaker.play(1, speechlike(0.4, PLAYED_HZ, seed=7), PLAYED_HZ)
        mouth.speaker.finish(1)
        mouth.speaker.finish(2)
        await mouth.told(Drained(2, 400))
        heard = await mouth.recorded(0.4)
        start = assert_same(clip, heard, PLAYED_HZ)
        assert dbfs(heard[start + PLAYED_HZ // 2 :]) < -60
        assert mouth.speaker.counters["late_chunks"] == 1
        assert [event for event in mouth.events if not isinstance(event, SpeakerUp | Gauged)] == [
            Sounding(2),
            Drained(2, 400),
        ]


async def nothing_to_play_has_drained_at_once(room: Room) -> None:
    async with room.mouth() as mouth:
        mouth.speaker.finish(5)
        assert mouth.events[-1] == Drained(5, 0)
        mouth.speaker.finish(5)
        assert mouth.events.count(Drained(5, 0)) == 1


async def a_flush_is_silence(room: Room) -> None:
    """The turn stops soon, never resumes, and is never reported as drained; the next one plays."""
    clip, after = speechlike(3.0, PLAYED_HZ, seed=8), speechlike(0.5, PLAYED_HZ, seed=9)
    async with room.mouth() as mouth:
        mouth.speaker.play(1, clip, PLAYED_HZ)
        mouth.speaker.finish(1)
        await mouth.told(Sounding(1))
        await mouth.recorded(0.4)
        mouth.speaker.flush(1)
        mouth.speaker.play(1, clip, PLAYED_HZ)
        mouth.speaker.finish(1)
        quiet = await mouth.recorded(0.6)
        assert dbfs(quiet[-PLAYED_HZ // 10 :]) < -60, "it resumed"
        spoken = np.flatnonzero(np.abs(quiet) > 100)
        assert 0.2 * PLAYED_HZ < spoken[-1] - spoken[0] < 2.0 * PLAYED_HZ
        mouth.speaker.play(2, after, PLAYED_HZ)
        mouth.speaker.finish(2)
        await mouth.told(Drained(2, 500))
        assert_same(after, (await mouth.recorded(0.3))[len(quiet) :], PLAYED_HZ)
        assert [e for e in mouth.events if isinstance(e, Drained)] == [Drained(2, 500)]


async def a_flush_makes_no_click(room: Room) -> None:
    """A steady tone ends on a ramp: no two neighbouring samples are farther apart than while it sounded."""
    tone = (16_000 * np.sin(2 * np.pi * 220 * np.arange(PLAYED_HZ * 2) / PLAYED_HZ)).astype("<i2").tobytes()
    async with room.mouth() as mouth:
        mouth.speaker.play(1, tone, PLAYED_HZ)
        await mouth.told(Sounding(1))
        await mouth.recorded(0.3)
        mouth.speaker.flush(1)
        heard = await mouth.recorded(0.4)
        end = int(np.flatnonzero(np.abs(heard) > 30)[-1])
        steepest = np.abs(np.diff(heard[end - PLAYED_HZ // 10 : end - PLAYED_HZ // 50])).max()
        assert np.abs(np.diff(heard[end - PLAYED_HZ // 50 : end + 100])).max() < 1.15 * steepest


async def a_flush_leaves_newer_turns(room: Room) -> None:
    clip = speechlike(0.5, PLAYED_HZ, seed=10)
    async with room.mouth() as mouth:
        mouth.speaker.play(1, speechlike(3.0, PLAYED_HZ, seed=11), PLAYED_HZ)
        await mouth.told(Sounding(1))
        mouth.speaker.play(2, clip, PLAYED_HZ)
        mouth.speaker.finish(2)
        mouth.speaker.flush(1)
        await mouth.told(Drained(2, 500))
        assert_same(clip, await mouth.recorded(0.3), PLAYED_HZ)
        assert not [e for e in mouth.events if isinstance(e, Drained) and e.turn == 1]


async def a_gap_is_waited_out(room: Room) -> None:
    """When the sound of a turn comes too late it is late, not lost, and the gap is counted."""
    first, second = speechlike(0.3, PLAYED_HZ, seed=12), speechlike(0.3, PLAYED_HZ, seed=13)
    async with room.mouth() as mouth:
        mouth.speaker.play(1, first, PLAYED_HZ)
        await mouth.told(Sounding(1))
        await mouth.recorded(0.6)
        mouth.speaker.play(1, second, PLAYED_HZ)
        mouth.speaker.finish(1)
        await mouth.told(Drained(1, 600))
        heard = await mouth.recorded(0.3)
        assert assert_same(second, heard, PLAYED_HZ) > assert_same(first, heard, PLAYED_HZ) + 0.4 * PLAYED_HZ
        assert mouth.speaker.counters["underruns"] == 1
        assert [e for e in mouth.events if isinstance(e, Sounding)] == [Sounding(1)]


async def a_short_answer_is_not_held_back(room: Room) -> None:
    """Less than the jitter buffer and never finished: it sounds all the same."""
    async with room.mouth() as mouth:
        mouth.speaker.play(1, speechlike(0.02, PLAYED_HZ), PLAYED_HZ)
        await mouth.told(Sounding(1))
        mouth.speaker.finish(1)
        await mouth.told(Drained(1, 20))


async def fading_ends_in_silence(room: Room) -> None:
    async with room.mouth() as mouth:
        mouth.speaker.play(1, speechlike(3.0, PLAYED_HZ, seed=14), PLAYED_HZ)
        await mouth.told(Sounding(1))
        await mouth.recorded(0.2)
        async with asyncio.timeout(PATIENCE_S):
            await mouth.speaker.fade()
        heard = await mouth.recorded(0.3)
        assert dbfs(heard[-PLAYED_HZ // 10 :]) < -60
        async with asyncio.timeout(PATIENCE_S):
            await mouth.speaker.fade()  # of silence
        assert not [e for e in mouth.events if isinstance(e, Drained)]


async def a_chime_is_heard_and_hushed(room: Room) -> None:
    """By itself, as often as it was asked for or until it is hushed, and no turn knows of it."""
    once = drawn(Earcon.UNMUTED, PLAYED_HZ, 60)
    async with room.mouth() as mouth:
        mouth.speaker.chime(Earcon.UNMUTED, 1)
        heard = await mouth.recorded(0.6)
        assert_same(once, heard, PLAYED_HZ)
        mouth.speaker.chime(Earcon.TIMER, 30)
        await mouth.recorded(2.2)
        mouth.speaker.hush()
        before = len(await mouth.recorded(0.1))
        quiet = (await mouth.recorded(2.0))[before:]
        assert dbfs(quiet) < -60, "it went on"
        assert not [e for e in mouth.events if isinstance(e, Sounding | Drained)]


async def a_chime_beneath_speech_leaves_it_as_it_is(room: Room) -> None:
    clip = speechlike(1.0, PLAYED_HZ, seed=15)
    async with room.mouth() as mouth:
        mouth.speaker.play(1, clip, PLAYED_HZ)
        mouth.speaker.finish(1)
        await mouth.told(Sounding(1))
        mouth.speaker.chime(Earcon.TIMER, 1)
        await mouth.told(Drained(1, 1000))


EARS = (frames_are_exact_and_numbered, a_clip_arrives_whole)
MOUTHS = (
    it_plays_what_it_was_given,
    it_plays_a_stream,
    one_huge_chunk,
    turns_play_in_order,
    a_late_chunk_is_dropped,
    nothing_to_play_has_drained_at_once,
    a_flush_is_silence,
    a_flush_makes_no_click,
    a_flush_leaves_newer_turns,
    a_gap_is_waited_out,
    a_short_answer_is_not_held_back,
    fading_ends_in_silence,
    a_chime_is_heard_and_hushed,
    a_chime_beneath_speech_leaves_it_as_it_is,
)
