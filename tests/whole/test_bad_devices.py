"""Sound devices that are no good, on a real sound server and with a real daemon: it says what is wrong, goes
on, and is well again by itself when the device is."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.adapters.doubt import NOISE
from appliance.standin.server import Options, StandIn

from ..soundserver import SoundServer, missing_tools
from .house import LIGHTS, Daemon, box, clip, no_traceback
from .test_plugs import states, switched

pytestmark = pytest.mark.slow

# As ALSA numbers the eight of 7.1; a microphone array has its microphones in that order.
EIGHT = "front-left,front-right,rear-left,rear-right,front-center,lfe,side-left,side-right"
ARRAY = ("module-null-sink", "sink_name=arrayfeed", "rate=48000", "channels=8", f"channel_map={EIGHT}")
MAPPED = ("--no-remix", "--no-remap", "--channels=8", f"--channel-map={EIGHT}")


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        yield running


def noise(seconds: float) -> bytes:
    """16 kHz, as loud as numbers can be."""
    loud = np.random.default_rng(1).normal(0.0, 3.0, int(seconds * 16_000))
    return (np.clip(loud, -1, 1) * 32_767).astype("<i2").tobytes()


async def doubted(daemon: Daemon) -> str:
    return str((await daemon.ask(do="status"))["microphone"])


def test_full_scale_noise_is_told_and_survived(server: SoundServer) -> None:
    async def life() -> None:
        async with (
            StandIn(Options(playback_wait=0.0)) as standin,
            box(standin, "[turns]\nfollow_up_s = 0\n", server.environment, backend="pyaudio") as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            roaring = server.speak(noise(40), 16_000, wait=False)
            await daemon.until(lambda: any(NOISE in str(told) for told in daemon.of("microphone")))
            assert await doubted(daemon) == NOISE
            await daemon.ask(do="talk")  # a press is never ignored, and not waited for for ever
            assert (await daemon.ask(do="status"))["phase"] in ("listening", "hearing")
            await daemon.ask(do="cancel")
            await daemon.until(lambda: daemon.of("turn"))
            roaring.kill()
            roaring.wait()
            await asyncio.to_thread(server.speak, bytes(2 * 16_000 * 6), 16_000)  # six seconds of quiet
            assert await doubted(daemon) == "open"
            await switched(daemon, server)
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_the_last_of_the_eight_microphones_of_an_array_is_heard(server: SoundServer) -> None:
    """The others roar meanwhile. (Of fewer channels the sound server would make a mixture.)"""
    pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
    words, roar = array("h", pcm), array("h", noise(len(pcm) / 2 / 16_000 + 1))
    eight = array("h", bytes(16 * len(words)))
    for other in range(8):
        eight[other::8] = words if other == 7 else roar[: len(words)]

    async def life() -> None:
        module = server.control("load-module", *ARRAY)
        try:
            server.define("eightears", "arrayfeed.monitor")
            sound = '[audio]\nmicrophone = "eightears"\nchannel = 8\n'
            async with StandIn(Options(playback_wait=0.0)) as standin:
                toml = f'[live]\nendpoint = "{standin.url}"\n[turns]\nfollow_up_s = 0\n{sound}{LIGHTS}'
                async with Daemon(toml, server.environment) as daemon:
                    assert await daemon.known("microphone") == "open"
                    await daemon.ask(do="talk")
                    speaking = await asyncio.create_subprocess_exec(
                        *("pacat", "--playback", "--raw", "--device=arrayfeed", "--format=s16le"),
                        *(f"--rate={rate_hz}", *MAPPED),
                        env=server.environment,
                        stdin=asyncio.subprocess.PIPE,
                    )
                    await speaking.communicate(eight.tobytes())
                    await daemon.until(lambda: daemon.of("turn"))
                    assert daemon.of("turn")[0]["outcome"] == "answered"
                    assert (await daemon.lights())["kitchen light"] == {"power": "on"}
                    assert await daemon.stop() == 0
                    no_traceback(daemon.log)
        finally:
            server.control("unload-module", module)

    asyncio.run(life())


def test_plugs_with_a_loose_contact(server: SoundServer) -> None:
    """Gone again while it is being opened, many times over; then it holds."""

    async def life() -> None:
        async with (
            StandIn(Options(playback_wait=0.0)) as standin,
            box(standin, "[turns]\nfollow_up_s = 0\n", server.environment, backend="pyaudio") as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            for _ in range(12):
                await asyncio.to_thread(server.unplug_microphone)
                await asyncio.to_thread(server.unplug_speaker)
                await asyncio.to_thread(server.plug_speaker)
                await asyncio.to_thread(server.plug_microphone)
            assert "missing" in states(daemon, "microphone")
            await daemon.until(lambda: states(daemon, "microphone")[-1:] == ["open"])
            await daemon.until(lambda: states(daemon, "speaker")[-1:] == ["open"])
            await switched(daemon, server)
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())
