"""The box's own sounds on a real sound server whose speaker is heard by its microphone, as in a room."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.core.earcons import Earcon, drawn, length_s
from appliance.notices import make
from appliance.standin.server import Options, StandIn

from ..adapters.contract_sound import Samples, find, samples
from ..soundserver import SoundServer, missing_tools
from .house import box, no_traceback
from .test_plugs import moods, switched

pytestmark = pytest.mark.slow

PLAYED_HZ = 24_000
USUAL = 60


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    """The speaker stands beside the microphone: 30 ms away."""
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        path = ("source=speaker.monitor", "sink=micfeed", "latency_msec=30")
        running.control("load-module", "module-loopback", *path)
        yield running


def likeness(earcon: Earcon, heard: Samples) -> float:
    """How much of the recording, where this earcon fits best, is this earcon."""
    clip = samples(drawn(earcon, PLAYED_HZ, USUAL))
    at = find(clip, heard)
    part = heard[at : at + len(clip)]
    return float(part @ clip[: len(part)] / (1e-9 + (part @ part) ** 0.5 * (clip @ clip) ** 0.5))


def test_nobody_speaks_and_it_does_not_hear_itself(server: SoundServer) -> None:
    async def life() -> None:
        toml = "[turns]\nno_speech_s = 2.0\n"
        async with (
            StandIn(Options(brain=False)) as standin,
            box(standin, toml, server.environment, backend="pyaudio") as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            with server.record(PLAYED_HZ) as recording:
                await asyncio.to_thread(recording.more, 0.3)
                await daemon.ask(do="talk")
                await daemon.until(lambda: daemon.of("turn"))
                await asyncio.to_thread(recording.more, 0.5)
                heard = samples(recording.pcm())
            assert daemon.of("turn")[0]["outcome"] == "nothing heard"
            assert not standin.activities
            half = len(heard) // 2
            assert likeness(Earcon.LISTENING, heard[:half]) > 0.9
            assert likeness(Earcon.NOTHING_HEARD, heard[half:]) > 0.9
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_they_can_be_switched_off(server: SoundServer) -> None:
    async def life() -> None:
        toml = "[turns]\nno_speech_s = 1.0\n[earcons]\nlistening = false\nnothing_heard = false\n"
        async with (
            StandIn(Options(brain=False)) as standin,
            box(standin, toml, server.environment, backend="pyaudio") as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            with server.record(PLAYED_HZ) as recording:
                await daemon.ask(do="talk")
                await daemon.until(lambda: daemon.of("turn"))
                await asyncio.to_thread(recording.more, 0.5)
                assert abs(samples(recording.pcm())).max() <= 2

    asyncio.run(life())


def test_a_request_is_heard_after_the_chime(server: SoundServer) -> None:
    async def life() -> None:
        async with (
            StandIn(Options(playback_wait=0.0)) as standin,
            box(standin, "[turns]\nfollow_up_s = 0\n", server.environment, backend="pyaudio") as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            await switched(daemon, server)
            assert [call["name"] for call in daemon.of("call")] == ["set_lights"]
            await daemon.until(lambda: moods(daemon)[-1] == "idle")

    asyncio.run(life())


def test_what_is_wrong_is_said_in_words(server: SoundServer, tmp_path: Path) -> None:
    """A key that is refused: the sound, and then a sentence, which it does not take for a question."""
    make(tmp_path, "en-us")
    with wave.open(str(tmp_path / "key-refused.wav")) as file:
        said_s = file.getnframes() / file.getframerate()

    async def life() -> None:
        toml = f'[earcons]\nnotices = "{tmp_path}"\n[turns]\nno_speech_s = 1.0\n'
        environment = {**server.environment, "GEMINI_API_KEY": "wrong"}
        async with (
            StandIn(Options(key="right")) as standin,
            box(standin, toml, environment, backend="pyaudio") as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            assert await daemon.known("speaker") == "open"
            with server.record(PLAYED_HZ) as recording:
                await asyncio.to_thread(recording.more, 0.3)  # it records
                await daemon.ask(do="talk")
                await daemon.until(lambda: "refused" in moods(daemon))
                await asyncio.to_thread(recording.more, said_s + 2.0)
                heard = samples(recording.pcm())
            assert likeness(Earcon.REFUSED, heard) > 0.9
            begins = find(samples(drawn(Earcon.REFUSED, PLAYED_HZ, USUAL)), heard)
            after = heard[begins + int(length_s(Earcon.REFUSED) * PLAYED_HZ) :]
            spoken = np.flatnonzero(abs(after) > 300)
            assert said_s * 0.7 < (spoken[-1] - spoken[0]) / PLAYED_HZ < said_s * 1.2
            assert not standin.activities
            assert await daemon.stop() == 0

    asyncio.run(life())
