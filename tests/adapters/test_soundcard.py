"""The sound card: the contract on a real sound server with virtual devices, and what only hardware does."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from appliance.adapters import portaudio, upkeep
from appliance.adapters.choice import Device, Format, Wanted, formats
from appliance.adapters.microphone import FRAME_SAMPLES, Backlog, Framer, Gaps, Twins, _Ear
from appliance.adapters.playout import Ended, Playout
from appliance.adapters.resample import Resampler
from appliance.adapters.soundcard import PortAudio, SoundCardMicrophone, SoundCardSpeaker
from appliance.adapters.speaker import _spread
from appliance.core.earcons import Earcon, drawn
from appliance.core.events import Drained, Event, Sounding, SpeakerDown, SpeakerUp
from appliance.core.jitter import START_MS
from appliance.errors import MicrophoneError
from tests.adapters import contract_sound as contract
from tests.adapters.contract_sound import PATIENCE_S, PLAYED_HZ, Notes, Room, Samples, samples, speechlike
from tests.soundserver import Recording, SoundServer, missing_tools

NATIVE = (16_000,)
TRIES = 3


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if reason := missing_tools():
        pytest.skip(reason)
    with SoundServer() as running, pytest.MonkeyPatch.context() as patch:
        for key in os.environ.keys() - running.environment.keys():
            patch.delenv(key)
        for key, value in running.environment.items():
            patch.setenv(key, value)
        yield running


class CardEar:
    def __init__(
        self, server: SoundServer, rates_hz: tuple[int, ...], *, name: str = "default", shared: PortAudio
    ) -> None:
        self.frames: list[tuple[bytes, int, int]] = []
        self.ups: list[str] = []
        self.downs: list[str] = []
        self._server = server
        self._more = asyncio.Event()
        self.microphone = SoundCardMicrophone(
            name,
            shared,
            on_frame=lambda *frame: self._note(self.frames, frame),
            on_up=lambda: self._note(self.ups, "up"),
            on_down=lambda reason: self._note(self.downs, reason),
            rates_hz=rates_hz,
        )

    def _note(self, notes: list, what: object) -> None:  # type: ignore[type-arg]
        notes.append(what)
        self._more.set()

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                self._more.clear()
                await self._more.wait()

    async def speak(self, pcm: bytes) -> None:
        await asyncio.to_thread(self._server.speak, pcm, contract.HEARD_HZ)

    async def hear(self, seconds: float) -> None:
        enough = len(self.frames) + round(50 * seconds)
        await self.until(lambda: len(self.frames) >= enough)


class CardMouth(Notes):
    def __init__(
        self, server: SoundServer, rates_hz: tuple[int, ...], *, name: str = "default", shared: PortAudio
    ) -> None:
        super().__init__()
        self.recording: Recording
        self.speaker = SoundCardSpeaker(name, shared, post=self.post, rates_hz=rates_hz)

    async def told(self, *events: Event) -> None:
        await self.until(lambda: all(event in self.events for event in events))

    async def recorded(self, quiet_s: float) -> Samples:
        return samples(await asyncio.to_thread(self.recording.more, quiet_s))


class CardRoom:
    """The virtual card, opened at one given rate."""

    speed = 1.0

    def __init__(self, server: SoundServer, ear_hz: int = 16_000, mouth_hz: int = 24_000) -> None:
        self._server = server
        self._used: list[CardEar | CardMouth] = []
        self._ear_hz = ear_hz
        self._mouth_hz = mouth_hz

    def starved(self) -> bool:
        """The machine was too busy to serve the card in time, which is no fault of what is tested."""
        return any(
            used.microphone.counters["overflows"]
            if isinstance(used, CardEar)
            else used.speaker.counters["device_underruns"]
            for used in self._used
        )

    @asynccontextmanager
    async def ear(self) -> AsyncIterator[CardEar]:
        ear = CardEar(self._server, (self._ear_hz,), shared=PortAudio())
        self._used.append(ear)
        async with running(ear.microphone.run()):
            await ear.until(lambda: bool(ear.ups))
            yield ear

    @asynccontextmanager
    async def mouth(self) -> AsyncIterator[CardMouth]:
        mouth = CardMouth(self._server, (self._mouth_hz,), shared=PortAudio())
        self._used.append(mouth)
        with self._server.record(PLAYED_HZ) as mouth.recording:
            async with running(mouth.speaker.run()):
                await mouth.told(SpeakerUp())
                await mouth.recorded(0.05)
                yield mouth


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        done = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(done[0], asyncio.CancelledError), done


def run(promise: Awaitable[None]) -> None:
    async def main() -> None:
        await promise

    asyncio.run(main(), debug=True)


def keep(promise: Callable[[Room], Awaitable[None]], *rooms: CardRoom) -> None:
    """The promise is kept in one of these rooms; only a starved one may be left for the next."""
    for room in rooms:
        try:
            run(promise(room))
            return
        except AssertionError:
            if room is rooms[-1] or not room.starved():
                raise


# -- the contract -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("promise", contract.EARS + contract.MOUTHS, ids=lambda promise: promise.__name__)
def test_contract(server: SoundServer, promise: Callable[[Room], Awaitable[None]]) -> None:
    keep(promise, *(CardRoom(server) for _ in range(TRIES)))


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 32_000])
def test_a_microphone_of_another_rate(server: SoundServer, rate_hz: int) -> None:
    keep(contract.a_clip_arrives_whole, *(CardRoom(server, ear_hz=rate_hz) for _ in range(TRIES)))


@pytest.mark.slow
@pytest.mark.parametrize("rate_hz", [48_000, 44_100, 16_000])
@pytest.mark.parametrize("promise", [contract.it_plays_what_it_was_given, contract.turns_play_in_order])
def test_a_speaker_of_another_rate(
    server: SoundServer, rate_hz: int, promise: Callable[[Room], Awaitable[None]]
) -> None:
    keep(promise, *(CardRoom(server, mouth_hz=rate_hz) for _ in range(TRIES)))


# -- devices come and go ----------------------------------------------------------------------------


@pytest.mark.slow
def test_no_microphone_of_that_name(server: SoundServer) -> None:
    async def main() -> None:
        ear = CardEar(server, NATIVE, name="Kitchen USB", shared=PortAudio())
        async with running(ear.microphone.run()):
            await ear.until(lambda: bool(ear.downs))
            assert ear.downs[0].startswith("no microphone called 'Kitchen USB'; there are: 'pulse'")

    run(main())


@pytest.mark.slow
def test_a_device_that_takes_no_rate_of_ours(server: SoundServer) -> None:
    """It is said by name, with what was tried."""

    async def main() -> None:
        mouth = CardMouth(server, (999_999,), shared=PortAudio())
        async with running(mouth.speaker.run()):
            await mouth.until(lambda: bool(mouth.events))
            assert isinstance(mouth.events[0], SpeakerDown)
            assert "'pulse' at 999999 Hz, 1 channel" in mouth.events[0].reason

    run(main())


@pytest.mark.slow
def test_no_speaker_of_that_name(server: SoundServer) -> None:
    async def main() -> None:
        mouth = CardMouth(server, (24_000,), name="Kitchen USB", shared=PortAudio())
        async with running(mouth.speaker.run()):
            await mouth.until(lambda: bool(mouth.events))
            assert isinstance(mouth.events[0], SpeakerDown)
            assert "no speaker called 'Kitchen USB'; there are: 'pulse'" in mouth.events[0].reason
            mouth.speaker.play(1, bytes(9600), PLAYED_HZ)
            mouth.speaker.finish(1)
            mouth.speaker.finish(2)
            assert mouth.events[1:] == [Drained(1, 0), Drained(2, 0)]
            async with asyncio.timeout(PATIENCE_S):
                await mouth.speaker.fade()

    run(main())


@pytest.mark.slow
def test_unplugged_and_plugged_again(server: SoundServer) -> None:
    """Both are told once that they are down, come back by themselves, and what was queued is gone."""

    async def main() -> None:
        shared = PortAudio()
        ear, mouth = CardEar(server, NATIVE, shared=shared), CardMouth(server, (24_000,), shared=shared)
        async with running(ear.microphone.run()), running(mouth.speaker.run()):
            await mouth.told(SpeakerUp())
            await ear.hear(0.2)
            mouth.speaker.play(1, speechlike(20, PLAYED_HZ), PLAYED_HZ)
            mouth.speaker.finish(1)
            await mouth.told(Sounding(1))
            await asyncio.to_thread(server.unplug_microphone)
            await asyncio.to_thread(server.unplug_speaker)
            await ear.until(lambda: bool(ear.downs))
            await mouth.until(lambda: isinstance(mouth.events[-1], SpeakerDown))
            had = len(ear.frames)
            await asyncio.to_thread(server.plug_speaker)
            await asyncio.to_thread(server.plug_microphone)
            await mouth.until(lambda: mouth.events.count(SpeakerUp()) == 2)
            await ear.hear(0.2)
            assert ear.frames[had][1] == had
            assert ear.downs == ["the microphone 'pulse' went away"]
            assert ear.ups == ["up", "up"]
            mouth.speaker.play(2, speechlike(0.2, PLAYED_HZ), PLAYED_HZ)
            mouth.speaker.finish(2)
            await mouth.told(Drained(2, 200))
            assert [e for e in mouth.events if isinstance(e, Drained | Sounding)] == [
                Sounding(1),
                Sounding(2),
                Drained(2, 200),
            ]

    run(main())


@pytest.mark.slow
def test_a_frozen_sound_server(server: SoundServer) -> None:
    """PortAudio calls such a stream active, and closing it hangs: we are told all the same."""

    async def main() -> None:
        shared = PortAudio()
        ear, mouth = CardEar(server, NATIVE, shared=shared), CardMouth(server, (24_000,), shared=shared)
        async with running(ear.microphone.run()), running(mouth.speaker.run()):
            await mouth.told(SpeakerUp())
            await ear.hear(0.2)
            server.freeze()
            try:
                await ear.until(lambda: bool(ear.downs))
                await mouth.until(lambda: isinstance(mouth.events[-1], SpeakerDown))
            finally:
                server.thaw()
            assert ear.downs == ["the microphone 'pulse' does not move"]
            await mouth.until(lambda: mouth.events.count(SpeakerUp()) == 2)
            await ear.hear(0.2)

    run(main())


@pytest.mark.slow
def test_nothing_of_the_search_reaches_the_terminal() -> None:
    """No sound server, no card: one sentence, and none of ALSA's."""
    program = """
import asyncio
from appliance.adapters.soundcard import PortAudio, SoundCardMicrophone
async def main():
    down = asyncio.get_running_loop().create_future()
    microphone = SoundCardMicrophone("attic", PortAudio(), on_frame=lambda *_: None, on_up=lambda: None,
                                     on_down=down.set_result)
    task = asyncio.create_task(microphone.run())
    print(await down)
    task.cancel()
asyncio.run(main())
"""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PULSE_SERVER": "unix:/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("no microphone called 'attic'; there are: ")
    assert done.stderr == f"microphone: {done.stdout}"


@pytest.mark.slow
def test_cancelled_while_it_opens(server: SoundServer) -> None:
    """Whoever is stopped at any moment leaves no stream open behind."""

    async def main() -> None:
        for after_s in (0.0, 0.001, 0.02, 0.05, 0.3):
            shared = PortAudio()
            ear = CardEar(server, NATIVE, shared=shared)
            async with running(ear.microphone.run()):
                await asyncio.sleep(after_s)
            async with asyncio.timeout(PATIENCE_S):
                while shared._calls or shared._audio is not None:  # noqa: ASYNC110 - it has no event
                    await asyncio.sleep(0.01)
            assert shared._streams == []

    run(main())


@pytest.mark.slow
def test_a_stalled_loop_loses_the_oldest(server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What overflows is counted in whole frames, once, and the sample clock goes on as if it had come."""
    monkeypatch.setattr("appliance.adapters.microphone.BACKLOG_MS", 200)

    async def main() -> None:
        ear = CardEar(server, NATIVE, shared=PortAudio())
        async with running(ear.microphone.run()):
            await ear.hear(0.2)
            had, zero = len(ear.frames), time.monotonic()
            time.sleep(1.0)  # noqa: ASYNC251 - the stall is what is tested
            stalled = (time.monotonic() - zero) * 50
            await ear.hear(0.4)
            gaps = [(index, lost) for _, index, lost in ear.frames[had:] if lost]
            assert len(gaps) == 1
            assert 30 < gaps[0][1] < stalled
            expected = 0
            for _, index, lost in ear.frames:
                expected += lost
                assert index == expected
                expected += 1
            assert ear.microphone.counters["lost_frames"] == gaps[0][1]

    run(main())


# -- parts, without a card --------------------------------------------------------------------------


def test_backlog_drops_the_oldest_and_wakes_once() -> None:
    backlog = Backlog(bound=30)
    assert backlog.put(b"a", 10)
    assert not backlog.put(b"b", 10)
    assert not backlog.put(b"c", 10)
    assert not backlog.put(b"d", 10)
    assert backlog.take() == [(10, b"b"), (0, b"c"), (0, b"d")]
    assert backlog.take() == []
    assert backlog.put(b"e", 10)
    backlog.put(b"f", 10, 7)
    assert backlog.take() == [(0, b"e"), (7, b"f")]
    for number in range(5):
        backlog.put(bytes([number]), 10, number)
    assert backlog.take() == [(10 + 10 + 0 + 1 + 2, b"\2"), (3, b"\3"), (4, b"\4")]


def test_framer_counts_lost_samples_in_whole_frames() -> None:
    framer = Framer()
    pcm = bytes(range(256)) * 10
    assert list(framer.add(pcm[:639])) == []
    assert list(framer.add(pcm[639:1290])) == [(pcm[:640], 0, 0), (pcm[640:1280], 1, 0)]
    framer.skip(FRAME_SAMPLES - 1)
    assert [(index, lost) for _, index, lost in framer.add(bytes(630))] == [(2, 0)]
    framer.skip(1)
    framer.skip(2 * FRAME_SAMPLES)
    assert [(index, lost) for _, index, lost in framer.add(bytes(1280))] == [(6, 3), (7, 0)]


BLOCK = 320  # frames of 20 ms at 16 kHz


def gaps(*arrivals: tuple[float, int], late_s: float = 0.0) -> int:
    """What was missing in all of blocks that came at these times, so many of them each."""
    found = Gaps(16_000)
    return sum(found.missing(at + late_s, BLOCK) for at, count in arrivals for _ in range(count))


@pytest.mark.parametrize("late_s", [0.0, 1e6])
def test_what_the_device_lost_is_reckoned_from_the_clock(late_s: float) -> None:
    steady = [(0.02 * n, 1) for n in range(100)]
    after = [(3.0 + 0.02 * n, 1) for n in range(50)]
    assert gaps(*steady, late_s=late_s) == 0
    assert gaps(*steady, *after, late_s=late_s) == pytest.approx(16_000, abs=20)


def test_what_only_comes_late_is_not_lost() -> None:
    """After a stall of a second its blocks come in a heap, or bit by bit."""
    steady = [(0.02 * n, 1) for n in range(100)]
    heap = [(3.0, 51), *[(3.0 + 0.02 * n, 1) for n in range(1, 50)]]
    drip = [(3.0 + 0.02 * n, 1 + 5 * (n < 10)) for n in range(50)]
    assert gaps(*steady, *heap) == 0
    assert gaps(*steady, *drip) == 0


def test_an_overflow_that_the_device_tells_of_is_reckoned_even_if_it_is_short() -> None:
    found, lost = Gaps(16_000), 0
    for n in range(200):
        at = 0.02 * n + 0.1 * (n >= 100)
        lost += found.missing(at, BLOCK, overflow=n == 100)
    assert lost == pytest.approx(1600, abs=40)


def test_a_slow_crystal_loses_nothing() -> None:
    assert gaps(*[(0.02 * 1.0005 * n, 1) for n in range(50 * 600)]) == 0


@pytest.mark.parametrize("channel", [1, 2, 6])
def test_the_channel_that_was_asked_for(channel: int) -> None:
    async def main() -> None:
        ear = _Ear({"overflows": 0}, channel)
        ear.tap(Format("array", 16_000, 6))
        frames = array("h", [10 * frame + n for frame in range(4) for n in range(1, 7)])
        assert array("h", ear.at_16k(ear.mono(frames.tobytes()))).tolist() == [
            channel,
            10 + channel,
            20 + channel,
            30 + channel,
        ]

    asyncio.run(main())


def test_one_sample_on_every_channel() -> None:
    assert array("h", _spread(array("h", [1, -2]).tobytes(), 3)).tolist() == [1, 1, 1, -2, -2, -2]


def playout(rate_hz: int = 24_000) -> Playout:
    return Playout(Resampler, rate_hz)


def tone(ms: float, level: int = 1000) -> bytes:
    return np.full(round(24 * ms), level, "<i2").tobytes()


def test_an_answer_waits_for_the_jitter_buffer_in_samples() -> None:
    queue = playout()
    queue.add(1, tone(20), 24_000)
    pulls = [queue.pull(240) for _ in range(6)]
    begun = next(number for number, pulled in enumerate(pulls) if pulled.sounding)
    assert begun * 10 == START_MS
    assert not any(pulled.pcm.strip(b"\0") for pulled in pulls[:begun])
    queue = playout()
    queue.add(1, tone(START_MS), 24_000)
    assert queue.pull(240).sounding == (1,)
    queue = playout()
    queue.add(1, tone(5), 24_000)
    queue.finish(1)
    pulled = queue.pull(240)
    assert pulled.sounding == (1,)
    assert [(end.turn, end.played_ms, end.at) for end in pulled.ended] == [(1, 5, 120)]


def test_the_jitter_buffer_learns_from_a_gap() -> None:
    """The answer after one with a gap of 100 ms waits so much longer, later ones less and less."""
    queue = playout()

    def plays(turn: int, *, gap_blocks: int = 0) -> int:
        """How many blocks of 10 ms it waited for 400 ms that came all at once but for a gap."""
        queue.add(turn, tone(100), 24_000)
        waited = 0
        while not queue.pull(240).sounding:
            waited += 1
        for _ in range(9 + gap_blocks):
            queue.pull(240)
        queue.add(turn, tone(300), 24_000)
        queue.finish(turn)
        while not queue.pull(240).ended:
            pass
        return waited

    assert plays(1) == 0
    assert plays(2, gap_blocks=10) == 0
    assert queue.counters["underruns"] == 1
    assert queue.jitter_ms == 140
    queue.add(3, tone(100), 24_000)
    waited = next(n for n in range(100) if queue.pull(240).sounding)
    assert waited == 14, "100 ms are less than is wanted now"
    queue.finish(3)
    while not queue.pull(240).ended:
        pass
    assert queue.jitter_ms == 105
    for _ in range(6001):
        queue.pull(240)
    assert queue.jitter_ms == START_MS


def test_a_pause_of_the_device_loses_nothing_that_is_queued() -> None:
    queue = playout()
    queue.add(1, tone(200), 24_000)
    before = queue.pull(240).pcm
    queue.use(24_000, Resampler)
    queue.finish(1)
    rest = b"".join(queue.pull(240).pcm for _ in range(19))
    assert before + rest == tone(200)


def test_a_pause_for_another_rate_loses_a_few_milliseconds() -> None:
    queue = playout()
    queue.add(1, tone(200), 24_000)
    queue.pull(240)
    queue.use(48_000, Resampler)
    queue.finish(1)
    pulled = [queue.pull(480) for _ in range(25)]
    assert [end.turn for pull in pulled for end in pull.ended] == [1]
    assert samples(b"".join(pull.pcm for pull in pulled)).sum() / 1000 / 48_000 > 0.17


def test_what_a_device_took_with_it() -> None:
    queue = playout()
    queue.add(4, tone(200), 24_000)
    queue.pull(240)
    queue.chime(drawn(Earcon.TIMER, 24_000, 50), 5)
    assert queue.lose() == 4
    assert not queue.pull(480).pcm.strip(b"\0")
    queue.add(4, tone(200), 24_000)
    assert queue.counters["late_chunks"] == 1


def test_a_change_of_rate_within_an_answer_keeps_every_sample() -> None:
    queue = playout(48_000)
    for rate_hz in (24_000, 16_000, 48_000, 24_000):
        queue.add(1, np.full(rate_hz // 10, 1000, "<i2").tobytes(), rate_hz)
    queue.finish(1)
    sound = b""
    ended: tuple[Ended, ...] = ()
    while not ended:
        pulled = queue.pull(480)
        sound, ended = sound + pulled.pcm, pulled.ended
    assert ended[0].played_ms == 400
    level = samples(sound).sum() / 1000 / 48_000
    assert abs(level - 0.4) < 0.0005


def test_an_overlong_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.adapters.playout.LONGEST_MS", 100)
    queue = playout()
    for _ in range(20):
        queue.add(1, tone(20), 24_000)
    assert queue.counters["overlong_chunks"] == 14


def test_a_chime_is_mixed_into_the_block_and_into_no_answer() -> None:
    queue = playout()
    queue.chime(drawn(Earcon.NOTHING_HEARD, 24_000, 50), 2)
    alone = b"".join(queue.pull(240).pcm for _ in range(16))
    assert alone == drawn(Earcon.NOTHING_HEARD, 24_000, 50)
    queue.add(1, tone(100), 24_000)
    mixed = samples(queue.pull(240).pcm)
    assert len(mixed) == 240
    assert abs(mixed.mean() - 1000) < 100
    assert np.abs(mixed - 1000).max() < 32767 / 4
    queue.hush()
    pulled = [queue.pull(240) for _ in range(3)]
    assert samples(pulled[2].pcm).tolist() == [1000] * 240
    assert [end for pull in pulled for end in pull.ended] == []


def test_a_newer_turn_ends_an_unfinished_older_one() -> None:
    queue = playout()
    queue.add(1, tone(5), 24_000)
    queue.add(2, tone(START_MS, 2000), 24_000)
    pulled = queue.pull(240)
    assert [end.turn for end in pulled.ended] == [1]
    assert samples(pulled.pcm)[[0, 119, 120, 239]].tolist() == [1000, 1000, 2000, 2000]
    assert not queue.finish(1)


def test_a_flush_of_silence_has_nothing_to_fade() -> None:
    queue = playout()
    assert not queue.flush(3)
    queue.add(3, tone(100), 24_000)
    queue.add(4, tone(100), 24_000)
    assert queue.counters["late_chunks"] == 1
    assert queue.pull(240).sounding == (4,)
    assert queue.flush_all(30)
    pulls = [queue.pull(240) for _ in range(4)]
    assert [pulled.faded for pulled in pulls] == [False, False, True, False]
    assert not pulls[3].pcm.strip(b"\0")


@pytest.mark.slow
def test_muffled_the_device_is_closed_and_not_looked_for(server: SoundServer) -> None:
    """The sound server is asked: no client records from it any more."""

    def recorders() -> bool:
        return "protocol-native" in server.control("list", "short", "source-outputs")

    async def main() -> None:
        ear = CardEar(server, NATIVE, shared=PortAudio())
        async with running(ear.microphone.run()):
            await ear.hear(0.2)
            assert await asyncio.to_thread(recorders)
            ear.microphone.muffle(on=True)
            await ear.until(lambda: ear.downs == ["muted"])
            assert not await asyncio.to_thread(recorders)
            had = len(ear.frames)
            await asyncio.to_thread(server.unplug_microphone)
            await asyncio.to_thread(server.plug_microphone)
            assert len(ear.frames) == had
            ear.microphone.muffle(on=False)
            await ear.hear(0.2)
            assert (ear.ups, ear.downs) == (["up", "up"], ["muted"])

    run(main())


@pytest.mark.slow
def test_a_speaker_that_dozes_asks_for_nothing_and_wakes_for_every_sound(server: SoundServer) -> None:
    """Its callback is not called any more; an earcon then sounds whole, and an answer, too."""
    blocks: list[bytes] = []
    notes = Notes()
    speaker = SoundCardSpeaker(
        "default", PortAudio(), post=notes.post, on_played=lambda pcm, _: blocks.append(pcm)
    )

    def loud(pcm: bytes) -> int:
        return int(np.count_nonzero(np.abs(np.frombuffer(pcm[: len(pcm) & ~1], np.int16)) > 100))

    with server.record(PLAYED_HZ) as recording:

        async def asleep() -> None:
            async with asyncio.timeout(PATIENCE_S):
                had = -1
                while had != len(blocks):
                    had = len(blocks)
                    await asyncio.to_thread(recording.more, 0.3)

        async def heard(whole: int, before: int) -> None:
            async with asyncio.timeout(PATIENCE_S):
                while loud(recording.pcm()[before:]) < 0.97 * whole:
                    await asyncio.to_thread(recording.more, 0.1)

        async def main() -> None:
            async with running(speaker.run()):
                await notes.until(lambda: SpeakerUp() in notes.events)
                speaker.doze(on=True)
                await asleep()
                before, sound = len(recording.pcm()), drawn(Earcon.MUTED, PLAYED_HZ, 60)
                speaker.chime(Earcon.MUTED, 1)
                await heard(loud(sound), before)
                await asleep()
                before, answer = len(recording.pcm()), speechlike(0.5, PLAYED_HZ)
                speaker.play(1, answer, PLAYED_HZ)
                speaker.finish(1)
                await notes.until(lambda: Drained(1, 500) in notes.events)
                await heard(loud(answer), before)
                await asleep()
                speaker.doze(on=False)
                had = len(blocks)
                await asyncio.to_thread(recording.more, 2.0)  # longer than it dozed after
                assert len(blocks) > had + 60
                assert speaker.counters["reopened"] == 0

        run(main())


def test_a_gate_that_is_shut_from_the_start_opens_nothing() -> None:
    worked: list[str] = []

    async def work() -> NoReturn:
        worked.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            worked.append("closed")
        raise AssertionError

    async def main() -> None:
        gate = upkeep.Gate()
        gate.shut(on=True)
        async with running(gate.run(work, lambda: worked.append("shut"))):
            await asyncio.sleep(0)
            assert worked == ["shut"]
            for on in (False, True):
                gate.shut(on=on)
                for _ in range(20):
                    await asyncio.sleep(0)
            assert worked == ["shut", "began", "closed", "shut"]

    run(main())


def test_a_bug_in_what_a_gate_guards_is_not_swallowed() -> None:
    async def work() -> NoReturn:
        raise ValueError("a bug")

    async def main() -> None:
        with pytest.raises(ValueError, match="a bug"):
            await upkeep.Gate().run(work, lambda: None)

    run(main())


def test_a_dead_stream_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream whose callback is not called any more, though PortAudio calls it active."""

    class Line:
        def is_active(self) -> bool:
            return True

    async def main() -> None:
        monkeypatch.setattr(upkeep.Heartbeat, "START_S", 0.05)
        monkeypatch.setattr(upkeep.Heartbeat, "STALL_S", 0.05)
        stream = portaudio.Stream(Format("card", 16_000, 1), 0.02, Line())
        heart = upkeep.Heartbeat(Wanted("microphone", "card", NATIVE, 20), stream)
        heart.check(1)
        await asyncio.sleep(0.06)
        with pytest.raises(MicrophoneError, match="'card' does not move"):
            heart.check(1)

    run(main())


def test_a_failing_device_is_down_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "RETRY_S", 0.0)
    tries: list[int] = []
    ups: list[int] = []
    downs: list[str] = []
    wanted = Wanted("microphone", "card", NATIVE, 20)
    done = asyncio.Event()

    async def session(up: Callable[[], None]) -> NoReturn:
        tries.append(len(tries))
        if len(tries) == 4:
            up()
        if len(tries) == 6:
            done.set()
            await asyncio.Event().wait()
        raise MicrophoneError(f"failure {len(tries)}")

    async def main() -> None:
        async with running(upkeep.kept(wanted, session, lambda: ups.append(1), downs.append)):
            async with asyncio.timeout(PATIENCE_S):
                await done.wait()

    run(main())
    assert downs == ["failure 1", "failure 4"]
    assert ups == [1]
    assert threading.active_count() < 20


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("block", [17, 160, 441, 960, 5_000])
def test_every_frame_has_its_twin_whatever_the_blocks_are(rate_hz: int, block: int) -> None:
    resample, framer, twins = Resampler(rate_hz, 16_000), Framer(), Twins(rate_hz)
    pcm = np.arange(rate_hz, dtype="<i2").tobytes()
    found = []
    for at in range(0, len(pcm), 2 * block):
        piece = pcm[at : at + 2 * block]
        found += list(twins.add(list(framer.add(resample(piece))), piece))
    assert [index for _, index, _, _ in found] == list(range(50))
    assert b"".join(wide for *_, wide in found) == pcm


def test_what_is_left_of_a_former_stream_makes_no_frame() -> None:
    framer = Framer()
    assert not list(framer.add(bytes(100)))
    framer.begin()
    assert not list(framer.add(bytes(2 * FRAME_SAMPLES - 2)))
    assert [frame[1] for frame in framer.add(bytes(2))] == [0]


def test_a_device_is_opened_at_its_own_rate_where_that_is_wanted() -> None:
    usb = Device(0, "USB", 1, rate_hz=44_100)
    rates = (16_000, 48_000, 44_100)
    assert [form.rate_hz for form in formats(Wanted("microphone", "USB", rates, 20), usb)] == list(rates)
    native = Wanted("microphone", "USB", rates, 20, native=True)
    assert [form.rate_hz for form in formats(native, usb)] == [44_100, 16_000, 48_000]
    strange = Device(0, "USB", 1, rate_hz=11_025)
    assert [form.rate_hz for form in formats(native, strange)] == list(rates)


def test_what_is_sent_at_the_own_rate_is_as_loud_as_the_rest() -> None:
    told: list[tuple[bytes, int, int, bytes, int]] = []
    microphone = SoundCardMicrophone(
        "default",
        PortAudio(),
        on_frame=lambda *frame: told.append(frame),
        on_up=lambda: None,
        on_down=lambda _: None,
        gain_db=6.0,
        native=True,
    )
    frame, wide = np.full(320, 1000, "<i2").tobytes(), np.full(960, 1000, "<i2").tobytes()
    microphone._tell([(frame, 7, 2)], wide, 48_000, Twins(48_000))
    [(pcm, index, lost, sent, rate_hz)] = told
    assert (index, lost, rate_hz) == (7, 2, 48_000)
    assert pcm == np.full(320, 1995, "<i2").tobytes()
    assert sent == np.full(960, 1995, "<i2").tobytes()


def test_a_real_device_delivers_its_own_rate_besides(server: SoundServer) -> None:
    async def life() -> None:
        frames: list[tuple[bytes, int, int, bytes, int]] = []
        enough = asyncio.Event()

        def on_frame(*frame: object) -> None:
            frames.append(frame)  # type: ignore[arg-type]
            if len(frames) >= 60:
                enough.set()

        microphone = SoundCardMicrophone(
            "default",
            PortAudio(),
            on_frame=on_frame,
            on_up=lambda: None,
            on_down=lambda _: None,
            rates_hz=(48_000,),
            native=True,
        )
        running = asyncio.create_task(microphone.run())
        async with asyncio.timeout(PATIENCE_S):
            await enough.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert [frame[1] for frame in frames] == list(range(len(frames)))
        assert {(len(pcm), len(wide), rate) for pcm, _, _, wide, rate in frames} == {(640, 1920, 48_000)}

    asyncio.run(life())
