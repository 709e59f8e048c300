"""The main job on a real sound server: somebody speaks into the virtual microphone, a light obeys, and the
answer that leaves the virtual speaker is the one the service sent: whole, once, in time, at its level."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.standin.server import Options, StandIn

from ..adapters.contract_sound import assert_same, samples
from ..soundserver import SoundServer, missing_tools
from .house import Daemon, box, clip, no_traceback

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        yield running


def test_spoken_to_it_switches_the_light_and_answers(server: SoundServer) -> None:
    async def life() -> None:
        options = Options(playback_wait=0.0)
        async with (
            StandIn(options) as standin,
            box(standin, backend="pyaudio", environment=server.environment) as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            with server.record(24_000) as recording:
                await daemon.ask(do="talk")
                pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
                await asyncio.to_thread(server.speak, pcm, rate_hz)
                await daemon.until(lambda: daemon.of("turn"))
                await asyncio.to_thread(recording.more, 0.5)
                heard = samples(recording.pcm())
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            assert [call["name"] for call in daemon.of("call")] == ["set_lights"]
            assert daemon.of("turn")[0]["outcome"] == "answered"

            # Down: nothing lost, nothing twice, right pitch and level.
            answer = b"".join(answer.pcm for answer in standin.said)
            start = assert_same(answer, heard, 24_000)
            after = heard[start + len(answer) // 2 + 240 :]
            assert abs(after).max(initial=0) <= 2, "silence after it"

            # Up: what the service heard is what was spoken, whole.
            [activity] = standin.activities
            # Hissing sounds lie where two resamplers to 48 kHz and back have their edges: less alike there.
            begins = assert_same(words(pcm), samples(activity.pcm), rate_hz, least=0.9)
            assert 0.1 < begins / rate_hz < 0.9, "a pre-roll, and no more than a pre-roll, before it"
            assert not daemon.of("lost")
            assert await daemon.stop() == 0
            no_traceback(daemon.log)
            assert "ALSA" not in daemon.log

    asyncio.run(life())


def test_a_press_while_it_speaks_silences_the_speaker(server: SoundServer) -> None:
    async def life() -> None:
        long = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."
        async with (
            StandIn(Options(brain=False, answer=long)) as standin,
            box(standin, backend="pyaudio", environment=server.environment) as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            with server.record(24_000) as recording:
                await daemon.ask(do="talk", hold_s=0.3)
                await daemon.until(lambda: any(t["mood"] == "speaking" for t in daemon.of("phase")))
                await asyncio.to_thread(recording.more, 1.0)
                await daemon.ask(do="talk")
                pressed = len(recording.pcm()) // 2
                await asyncio.to_thread(recording.more, 2.0)
                heard = samples(recording.pcm())
            assert abs(heard[pressed - 12_000 : pressed]).max() > 500, "it spoke"
            assert abs(heard[pressed + 12_000 :]).max() <= 2, "and nothing of it came later"
            assert daemon.of("turn")[0]["outcome"] == "interrupted"

    asyncio.run(life())


def test_a_microphone_that_is_not_there(server: SoundServer) -> None:
    async def life() -> None:
        async with StandIn(Options(brain=False, voice="tone", answer="Yes.")) as standin:
            toml = f'[live]\nendpoint = "{standin.url}"\n[audio]\nmicrophone = "Blue Yeti"\n'
            async with Daemon(toml, server.environment) as daemon:
                assert "Blue Yeti" in await daemon.known("microphone")
                assert (await daemon.ask(do="status"))["phase"] == "no microphone"
                code, _, err = await daemon.run("talk")
                assert code == 1
                assert "Blue Yeti" in err
                assert await daemon.stop() == 0
                no_traceback(daemon.log)

    asyncio.run(life())


def words(pcm: bytes) -> bytes:
    """The clip from its first loud sample to its last: the room around it is not compared."""
    loud = np.flatnonzero(abs(samples(pcm)) > 1_000)
    return pcm[2 * int(loud[0]) : 2 * int(loud[-1])]
