"""The microphone and the speaker of memory: the contract, and the physics they enforce."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from appliance.adapters.memory import HISS_PEAK, MemoryMicrophone, MemorySpeaker
from appliance.core.earcons import Earcon
from appliance.core.events import Drained, Event, Sounding, SpeakerDown, SpeakerUp
from tests.adapters import contract_sound as contract
from tests.adapters.contract_sound import HEARD_HZ, PLAYED_HZ, Notes, Room, Samples, dbfs, samples, speechlike

SPEED = 5.0


class MemoryEar:
    def __init__(self) -> None:
        self.frames: list[tuple[bytes, int, int]] = []
        self.notes = Notes()
        self.downs: list[str] = []
        self.ups = 0
        self.microphone = MemoryMicrophone(
            on_frame=self._frame, on_up=self._up, on_down=self._down, speed=SPEED
        )

    def _frame(self, frame: bytes, index: int, lost: int) -> None:
        self.frames.append((frame, index, lost))
        self.notes.post(SpeakerUp())

    def _up(self) -> None:
        self.ups += 1
        self.notes.post(SpeakerUp())

    def _down(self, reason: str) -> None:
        self.downs.append(reason)
        self.notes.post(SpeakerUp())

    async def speak(self, pcm: bytes) -> None:
        await self.microphone.say(pcm)

    async def hear(self, seconds: float) -> None:
        enough = len(self.frames) + round(50 * seconds)
        await self.notes.until(lambda: len(self.frames) >= enough)


class MemoryMouth(Notes):
    def __init__(self) -> None:
        super().__init__()
        self.speaker = MemorySpeaker(post=self.post, speed=SPEED)

    async def told(self, *events: Event) -> None:
        await self.until(lambda: all(event in self.events for event in events))

    async def recorded(self, quiet_s: float) -> Samples:
        until_s = self.speaker.clock_s + quiet_s
        while self.speaker.clock_s < until_s:  # noqa: ASYNC110 - a clock has no event
            await asyncio.sleep(0.01)
        line = np.zeros(0)
        for piece in self.speaker.record:
            at = round(piece.at_s * PLAYED_HZ)
            line = np.pad(line, (0, max(0, at - len(line))))
            line = np.concatenate((line, samples(piece.pcm)))
        for rung in self.speaker.rung:
            at = round(rung.at_s * PLAYED_HZ)
            line = np.pad(line, (0, max(0, at + len(rung.pcm) // 2 - len(line))))
            line[at : at + len(rung.pcm) // 2] += samples(rung.pcm)
        # Short of the clock by more than a fade, which is kept when it begins: what is played next may begin
        # as soon as the time is over.
        return np.concatenate((line, np.zeros(int((quiet_s - 0.01) * PLAYED_HZ))))


class MemoryRoom:
    speed = SPEED

    @asynccontextmanager
    async def ear(self) -> AsyncIterator[MemoryEar]:
        ear = MemoryEar()
        async with running(ear.microphone.run()):
            yield ear

    @asynccontextmanager
    async def mouth(self) -> AsyncIterator[MemoryMouth]:
        mouth = MemoryMouth()
        async with running(mouth.speaker.run()):
            await mouth.told(SpeakerUp())
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


@pytest.mark.parametrize("promise", contract.EARS + contract.MOUTHS, ids=lambda promise: promise.__name__)
def test_contract(promise: Callable[[Room], Awaitable[None]]) -> None:
    async def main() -> None:
        await promise(MemoryRoom())

    asyncio.run(main(), debug=True)


def test_a_quiet_room_hisses_and_is_the_same_every_time() -> None:
    async def main() -> bytes:
        async with MemoryRoom().ear() as ear:
            await ear.hear(1.0)
            return b"".join(frame for frame, _, _ in ear.frames[:50])

    once, again = asyncio.run(main()), asyncio.run(main())
    assert once == again
    assert -67 < dbfs(samples(once)) < -63
    assert np.abs(samples(once)).max() <= HISS_PEAK
    assert abs(samples(once).mean()) < 3


def test_clips_follow_each_other_sample_for_sample() -> None:
    first, second = speechlike(0.1, HEARD_HZ)[:-2], speechlike(0.1, HEARD_HZ, seed=2)[:-2]

    async def main() -> bytes:
        async with MemoryRoom().ear() as ear:
            one, two = ear.microphone.say(first), ear.microphone.say(second)
            await one
            await two
            return b"".join(frame for frame, _, _ in ear.frames)

    assert first + second in asyncio.run(main())


def test_the_microphone_keeps_time_over_a_stalled_loop() -> None:
    """The pace is reckoned from the start: after a stall the frames that were due follow, all of them."""

    async def main() -> None:
        async with MemoryRoom().ear() as ear:
            await ear.hear(0.1)
            zero, had = time.monotonic(), len(ear.frames)
            time.sleep(0.1)  # noqa: ASYNC251 - the stall is what is tested
            stalled = (time.monotonic() - zero) * SPEED * 50
            await ear.hear((stalled - 1) / 50)
            elapsed = (time.monotonic() - zero) * SPEED * 50
            assert len(ear.frames) - had <= elapsed + 1, "faster than its clock"
            assert [index for _, index, _ in ear.frames] == list(range(len(ear.frames)))

    asyncio.run(main())


def test_an_unplugged_microphone_is_down_once_and_comes_back() -> None:
    async def main() -> None:
        async with MemoryRoom().ear() as ear:
            await ear.hear(0.1)
            ear.microphone.unplug()
            await ear.notes.until(lambda: bool(ear.downs))
            had = len(ear.frames)
            ear.microphone.plug()
            await ear.hear(0.1)
            assert len(ear.downs) == 1
            assert ear.ups == 2
            assert ear.frames[had][1] == had

    asyncio.run(main())


def test_a_muffled_microphone_delivers_nothing_until_it_is_not() -> None:
    async def main() -> None:
        async with MemoryRoom().ear() as ear:
            await ear.hear(0.1)
            ear.microphone.muffle(on=True)
            await ear.notes.until(lambda: ear.downs == ["muted"])
            had = len(ear.frames)
            ear.microphone.unplug()
            ear.microphone.muffle(on=False)
            await ear.notes.until(lambda: len(ear.downs) == 2)
            assert len(ear.frames) == had
            ear.microphone.plug()
            await ear.hear(0.1)
            assert ear.downs[1].startswith("no microphone")
            assert ear.frames[had][1] == had

    asyncio.run(main())


def test_the_speaker_is_no_faster_than_its_clock() -> None:
    async def main() -> None:
        async with MemoryRoom().mouth() as mouth:
            zero = time.monotonic()
            mouth.speaker.play(1, bytes(2 * PLAYED_HZ * 2), PLAYED_HZ)
            mouth.speaker.finish(1)
            await mouth.told(Drained(1, 2000))
            assert (time.monotonic() - zero) * SPEED > 1.98

    asyncio.run(main())


def test_a_chime_is_softer_beneath_speech_and_ends_with_the_device() -> None:
    async def main() -> None:
        async with MemoryRoom().mouth() as mouth:
            mouth.speaker.play(1, bytes(2 * PLAYED_HZ), PLAYED_HZ)
            await mouth.told(Sounding(1))
            mouth.speaker.chime(Earcon.TIMER, 9)
            await mouth.recorded(0.3)
            beneath = max(np.abs(samples(rung.pcm)).max() for rung in mouth.speaker.rung)
            mouth.speaker.flush(1)
            await mouth.recorded(2.0)
            alone = max(np.abs(samples(rung.pcm)).max() for rung in mouth.speaker.rung)
            assert alone == pytest.approx(4 * beneath, rel=0.01)
            assert mouth.speaker.played(1).strip(b"\0") == b"", "it is no part of the answer"
            mouth.speaker.unplug()
            await mouth.until(lambda: isinstance(mouth.events[-1], SpeakerDown))
            mouth.speaker.chime(Earcon.TIMER, 9)
            had = len(mouth.speaker.rung)
            mouth.speaker.plug()
            await mouth.until(lambda: mouth.events.count(SpeakerUp()) == 2)
            await mouth.recorded(0.3)
            assert len(mouth.speaker.rung) == had

    asyncio.run(main())


def test_an_unplugged_speaker_loses_what_was_queued() -> None:
    async def main() -> None:
        async with MemoryRoom().mouth() as mouth:
            mouth.speaker.play(1, bytes(2 * PLAYED_HZ * 60), PLAYED_HZ)
            await mouth.told(Sounding(1))
            mouth.speaker.unplug()
            await mouth.until(lambda: isinstance(mouth.events[-1], SpeakerDown))
            mouth.speaker.play(1, bytes(9600), PLAYED_HZ)
            mouth.speaker.plug()
            await mouth.until(lambda: mouth.events.count(SpeakerUp()) == 2)
            mouth.speaker.play(1, bytes(9600), PLAYED_HZ)
            mouth.speaker.play(2, bytes(9600), PLAYED_HZ)
            assert not [e for e in mouth.events if isinstance(e, Drained)]
            mouth.speaker.finish(1)
            mouth.speaker.finish(2)
            await mouth.told(Drained(2, 200))
            assert [e for e in mouth.events if isinstance(e, Drained) and e.turn == 1] == [Drained(1, 0)]
            assert mouth.speaker.played(2) == bytes(9600)
            assert mouth.speaker.counters["lost_chunks"] == 1

    asyncio.run(main())


@pytest.mark.parametrize("rate_hz", [16_000, 48_000, 44_100])
def test_other_rates_keep_their_length(rate_hz: int) -> None:
    async def main() -> None:
        async with MemoryRoom().mouth() as mouth:
            clip = speechlike(1.0, rate_hz)
            for at in range(0, len(clip), 1001):
                mouth.speaker.play(1, clip[at : at + 1001], rate_hz)
            mouth.speaker.finish(1)
            await mouth.told(Drained(1, 1000))
            assert abs(len(mouth.speaker.played(1)) // 2 - PLAYED_HZ) <= 1

    asyncio.run(main())


def test_a_device_with_a_rate_of_its_own_delivers_both() -> None:
    async def life() -> None:
        frames: list[tuple[bytes, int, int, bytes, int]] = []
        microphone = MemoryMicrophone(
            on_frame=lambda *frame: frames.append(frame),  # type: ignore[arg-type]
            on_up=lambda: None,
            on_down=lambda _: None,
            speed=SPEED,
            wide_hz=48_000,
        )
        running = asyncio.create_task(microphone.run())
        spoken = speechlike(0.5, HEARD_HZ)
        await microphone.say(spoken)
        running.cancel()
        assert b"".join(frame[0] for frame in frames)[: len(spoken)] == spoken
        for pcm, index, lost, wide, rate_hz in frames:
            assert (lost, rate_hz, len(wide)) == (0, 48_000, 3 * len(pcm))
            assert frames[index][0] == samples(wide)[::3].astype("<i2").tobytes()

    asyncio.run(life())
