"""Devices that come and go while others are in use, on real sound servers."""

from __future__ import annotations

import asyncio
import ctypes
import itertools
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from appliance.adapters.cards import Cards
from appliance.adapters.doubt import SILENCE
from appliance.adapters.soundcard import PortAudio
from appliance.core.events import Drained, Gauged, Sounding, SpeakerDown, SpeakerUp
from tests.adapters.contract_sound import PLAYED_HZ, assert_same, speechlike
from tests.adapters.test_cards import CARDS, proc
from tests.adapters.test_soundcard import NATIVE, CardEar, CardMouth, run, running
from tests.soundserver import SoundServer, missing_tools

pytestmark = pytest.mark.slow

BACK_S = 3.0  # from the return of a device to its first sound


@pytest.fixture
def servers() -> Iterator[tuple[SoundServer, SoundServer]]:
    """Two of them; the environment is the first one's."""
    if reason := missing_tools():
        pytest.skip(reason)
    with ExitStack() as stack:
        one, other = stack.enter_context(SoundServer()), stack.enter_context(SoundServer())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for key in os.environ.keys() - one.environment.keys():
            patch.delenv(key)
        for key, value in one.environment.items():
            patch.setenv(key, value)
        yield one, other


@pytest.fixture
def server(servers: tuple[SoundServer, SoundServer]) -> SoundServer:
    return servers[0]


def test_a_new_card_while_the_speaker_plays(server: SoundServer, tmp_path: Path) -> None:
    """PortAudio must read its list again, which it cannot while a stream is open: the speaker pauses for it,
    and then says the rest of its answer. Nobody is told that it was gone."""

    async def main() -> None:
        card = CARDS.splitlines(keepends=True)
        asound = proc(tmp_path / "asound", "".join(card[:2]))
        shared = PortAudio(Cards(asound, tmp_path))
        ear = CardEar(server, NATIVE, name="deskmic", shared=shared)
        mouth = CardMouth(server, (24_000,), shared=shared)
        answer = speechlike(8.0, PLAYED_HZ)
        with server.record(PLAYED_HZ) as mouth.recording:
            async with running(mouth.speaker.run()), running(ear.microphone.run()):
                await mouth.told(SpeakerUp())
                await ear.until(lambda: bool(ear.downs))
                assert ear.downs[0].startswith("no microphone called 'deskmic'; there are: 'pulse'")
                mouth.speaker.play(1, answer, PLAYED_HZ)
                mouth.speaker.finish(1)
                await mouth.told(Sounding(1))
                server.define("deskmic", "mic")
                proc(asound)
                returned = time.monotonic()
                await ear.hear(0.02)
                took_s = time.monotonic() - returned
                await mouth.told(Drained(1, 8_000))
                heard = await mouth.recorded(0.5)
                assert took_s < BACK_S
                print(f"a new card: heard after {took_s:.2f} s")
        assert not [event for event in mouth.events if isinstance(event, SpeakerDown)]
        assert mouth.events.count(SpeakerUp()) == 1
        assert mouth.speaker.counters["reopened"] == 1
        assert_same(answer[2 * 4 * PLAYED_HZ : 2 * 5 * PLAYED_HZ], heard, PLAYED_HZ)

    run(main())


def test_a_microphone_that_hangs_does_not_keep_the_speaker(servers: tuple[SoundServer, SoundServer]) -> None:
    """Its sound server is frozen and its opening never returns; the speaker's is started anew meanwhile."""

    async def main() -> None:
        server, other = servers
        server.define("farmouth", "speaker", other.environment["PULSE_SERVER"])
        shared = PortAudio()
        ear = CardEar(server, NATIVE, shared=shared)
        mouth = CardMouth(server, (24_000,), name="farmouth", shared=shared)
        async with running(mouth.speaker.run()), running(ear.microphone.run()):
            await mouth.told(SpeakerUp())
            await ear.hear(0.1)
            server.freeze()
            try:
                await ear.until(lambda: bool(ear.downs))
                await asyncio.sleep(3.0)  # until it hangs in its next attempt
                await asyncio.to_thread(other.kill)
                await mouth.until(lambda: isinstance(mouth.events[-1], SpeakerDown))
                await asyncio.to_thread(other.revive)
                returned = time.monotonic()
                await mouth.until(lambda: mouth.events.count(SpeakerUp()) == 2)
                took_s = time.monotonic() - returned
            finally:
                server.thaw()
            print(f"beside one that hangs: back after {took_s:.2f} s")
            assert took_s < 2 * BACK_S
            await ear.until(lambda: len(ear.ups) == 2)
            await ear.hear(0.1)

    run(main())


def test_a_sound_server_that_is_started_anew(server: SoundServer) -> None:
    async def main() -> None:
        shared = PortAudio()
        ear, mouth = CardEar(server, NATIVE, shared=shared), CardMouth(server, (24_000,), shared=shared)
        async with running(mouth.speaker.run()), running(ear.microphone.run()):
            await mouth.told(SpeakerUp())
            await ear.hear(0.1)
            await asyncio.to_thread(server.kill)
            await ear.until(lambda: bool(ear.downs))
            await mouth.until(lambda: any(isinstance(event, SpeakerDown) for event in mouth.events))
            await asyncio.sleep(3.0)  # through one attempt that finds nothing
            await asyncio.to_thread(server.revive)
            returned = time.monotonic()
            await asyncio.gather(
                ear.until(lambda: len(ear.ups) == 2),
                mouth.until(lambda: mouth.events.count(SpeakerUp()) == 2),
            )
            took_s = time.monotonic() - returned
            print(f"a server that was started anew: back after {took_s:.2f} s")
            assert took_s < BACK_S
            assert len(ear.downs) == 1

    run(main())


def test_there_before_the_devices_are(server: SoundServer) -> None:
    """Started on a machine without sound: it comes when the devices do, in whatever order."""

    async def main() -> None:
        await asyncio.to_thread(server.unplug_microphone)
        await asyncio.to_thread(server.unplug_speaker)
        shared = PortAudio()
        ear, mouth = CardEar(server, NATIVE, shared=shared), CardMouth(server, (24_000,), shared=shared)
        async with running(mouth.speaker.run()), running(ear.microphone.run()):
            await ear.until(lambda: bool(ear.downs or ear.ups))
            for plug in (server.plug_microphone, server.plug_speaker):
                await asyncio.to_thread(plug)
            returned = time.monotonic()
            await mouth.told(SpeakerUp())
            await ear.hear(0.1)
            took_s = time.monotonic() - returned
            print(f"plugged in later: there after {took_s:.2f} s")
            assert took_s < BACK_S

    run(main())


def test_reopened_by_request(server: SoundServer) -> None:
    """The sample clock goes on over it, and nobody is told."""

    async def main() -> None:
        ear = CardEar(server, NATIVE, shared=PortAudio())
        async with running(ear.microphone.run()):
            await ear.hear(0.5)
            start, first = time.monotonic(), len(ear.frames)
            ear.microphone.reopen()
            await ear.until(lambda: ear.microphone.counters["reopened"] == 1)
            await ear.hear(1.0)
            passed = (time.monotonic() - start) * 50
            index = ear.frames[-1][1] - ear.frames[first - 1][1]
            assert abs(index - passed) < 25, (index, passed)
            assert sum(lost for _, _, lost in ear.frames) == ear.microphone.counters["lost_frames"] > 0
            assert (ear.ups, ear.downs) == (["up"], [])

    run(main())


def test_the_sample_clock_is_true_after_a_stall_of_the_device(server: SoundServer) -> None:
    """While Python is kept from running, PortAudio's buffers overflow: what is lost is numbered."""

    async def main() -> None:
        ear = CardEar(server, NATIVE, shared=PortAudio())
        async with running(ear.microphone.run()):
            await ear.hear(1.0)
            start, first = time.monotonic(), ear.frames[-1][1]
            ctypes.PyDLL(None).usleep(2_500_000)  # with the interpreter's lock, so no callback runs
            await ear.until(lambda: time.monotonic() > start + 4.0)
            index = ear.frames[-1][1] - first
            passed = (time.monotonic() - start) * 50
            print(f"a stall of 2.5 s: {passed - index:+.0f} frames off, {ear.microphone.counters}")
            assert abs(index - passed) < 15

    run(main())


def test_a_microphone_that_delivers_only_zeros(server: SoundServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the virtual one does while nothing is played into it: told once, and once when it is over."""
    monkeypatch.setattr("appliance.adapters.doubt.SILENT_S", 1.0)

    async def main() -> None:
        doubts: list[str] = []
        ear = CardEar(server, NATIVE, shared=PortAudio())
        ear.microphone._on_gauge = lambda gauge: doubts.append(gauge.doubt)
        async with running(ear.microphone.run()):
            await ear.hear(1.5)
            await ear.until(lambda: SILENCE in doubts)
            await ear.speak(speechlike(0.5, 16_000))
            await ear.until(lambda: doubts[-1] == "")
            news = [doubt for doubt, _ in itertools.groupby(doubts)]
            assert news[:3] == ["", SILENCE, ""]
            assert (ear.ups, ear.downs) == (["up"], [])

    run(main())


def test_what_goes_wrong_is_told(server: SoundServer) -> None:
    async def main() -> None:
        shared = PortAudio()
        mouth = CardMouth(server, (24_000,), shared=shared)
        gauges: list[Gauged] = []
        ear = CardEar(server, NATIVE, shared=shared)
        ear.microphone._on_gauge = gauges.append
        async with running(mouth.speaker.run()), running(ear.microphone.run()):
            await mouth.told(SpeakerUp())
            await ear.hear(0.2)
            assert [(gauge.what, gauge.device, gauge.doubt) for gauge in gauges] == [
                ("microphone", "'pulse' at 16000 Hz, 1 channel", "")
            ]
            mouth.speaker.play(1, speechlike(0.1, PLAYED_HZ), PLAYED_HZ)
            await mouth.told(Sounding(1))
            await asyncio.sleep(0.5)
            mouth.speaker.play(1, speechlike(0.1, PLAYED_HZ), PLAYED_HZ)
            await mouth.until(
                lambda: isinstance(mouth.events[-1], Gauged) and mouth.events[-1].counts["underruns"] == 1
            )

    run(main())
