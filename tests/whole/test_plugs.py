"""Plugs that are pulled while somebody speaks and while the box does: a real sound server, a real daemon.

Nothing is restarted, and all is well again by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from appliance.standin.server import Options, StandIn

from ..adapters.contract_sound import dbfs, samples
from ..soundserver import SoundServer, missing_tools
from .house import Daemon, box, clip, no_traceback

pytestmark = pytest.mark.slow

BACK_S = 3.0
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        yield running


def states(daemon: Daemon, part: str) -> list[object]:
    return [told["state"] for told in daemon.of(part)]


def moods(daemon: Daemon) -> list[object]:
    return [told["mood"] for told in daemon.of("phase")]


async def pull(daemon: Daemon, server: SoundServer) -> None:
    """Both at once, as of a telephone for meetings; alone, each stream would be moved to what is left."""
    await asyncio.to_thread(server.unplug_microphone)
    await asyncio.to_thread(server.unplug_speaker)
    await daemon.until(lambda: "missing" in states(daemon, "speaker"))
    await daemon.until(lambda: "missing" in states(daemon, "microphone"))


async def push(daemon: Daemon, server: SoundServer) -> None:
    await asyncio.to_thread(server.plug_speaker)
    await asyncio.to_thread(server.plug_microphone)
    back = time.monotonic()
    await daemon.until(lambda: states(daemon, "speaker")[-1] == "open")
    await daemon.until(lambda: states(daemon, "microphone")[-1] == "open")
    print(f"both: back after {time.monotonic() - back:.2f} s")
    assert time.monotonic() - back < BACK_S


async def switched(daemon: Daemon, server: SoundServer) -> None:
    """A whole turn as if nothing had been."""
    had = len(daemon.of("turn"))
    await daemon.ask(do="talk")
    await asyncio.to_thread(server.speak, *clip("turn-on-the-kitchen-light.wav"))
    await daemon.until(lambda: len(daemon.of("turn")) > had)
    assert daemon.of("turn")[-1]["outcome"] == "answered"


def test_both_go_in_the_middle_of_a_word(server: SoundServer) -> None:
    async def life() -> None:
        async with (
            StandIn(Options(playback_wait=0.0)) as standin,
            box(standin, backend="pyaudio", environment=server.environment) as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            await daemon.ask(do="talk")
            speaking = server.speak(*clip("turn-on-the-kitchen-light.wav"), wait=False)
            await daemon.until(lambda: any("hearing" in note for note in daemon.notes))
            await pull(daemon, server)
            speaking.kill()
            speaking.wait()
            assert (await daemon.ask(do="status"))["phase"] == "no microphone"
            await push(daemon, server)
            await daemon.until(lambda: daemon.of("turn"))
            await switched(daemon, server)
            assert await daemon.stop() == 0
            no_traceback(daemon.log)
            assert "ALSA" not in daemon.log

    asyncio.run(life())


def test_both_go_in_the_middle_of_an_answer(server: SoundServer) -> None:
    """As when somebody trips over the cable: that turn is over, and the next one is heard."""

    async def life() -> None:
        async with (
            StandIn(Options(brain=False, answer=LONG)) as standin,
            box(standin, backend="pyaudio", environment=server.environment) as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            for outage in (True, False):
                had = len(daemon.of("turn"))
                await daemon.ask(do="talk", hold_s=0.3)
                await daemon.until(lambda: moods(daemon)[-1:] == ["speaking"])
                if outage:
                    await pull(daemon, server)
                    await push(daemon, server)
                else:
                    with server.record(24_000) as recording:
                        await asyncio.to_thread(recording.more, 1.0)
                        assert dbfs(samples(recording.pcm())) > -40
                    await daemon.ask(do="cancel")
                await daemon.until(lambda had=had: len(daemon.of("turn")) > had)  # type: ignore[misc]
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_every_step_of_a_turn_is_measured(server: SoundServer) -> None:
    async def life() -> None:
        async with (
            StandIn(Options(playback_wait=0.0)) as standin,
            box(standin, backend="pyaudio", environment=server.environment) as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            for _ in range(6):
                await switched(daemon, server)
                await daemon.ask(do="cancel")
            status = await daemon.ask(do="status")
            steps, sound = status["turns_ms"], status["sound"]
            assert isinstance(steps, dict)
            assert isinstance(sound, dict)
            print(*(f"{name}: {step}" for name, step in steps.items()), sound, sep="\n")
            assert {step["turns"] for step in steps.values()} == {6}
            assert "first_sample_to_spoken_end" in steps
            assert steps["first_byte_to_first_sample"]["p99"] < 1_000
            assert sound["microphone"]["device"] == "'pulse' at 16000 Hz, 1 channel"
            code, out, _ = await daemon.run("status")
            assert code == 0
            assert "p99" in out
            assert "'pulse' at" in out

    asyncio.run(life())


def test_started_before_anything_is_plugged_in(server: SoundServer) -> None:
    async def life() -> None:
        await asyncio.to_thread(server.kill)
        async with (
            StandIn(Options(playback_wait=0.0)) as standin,
            box(standin, backend="pyaudio", environment=server.environment) as daemon,
        ):
            assert "no microphone called 'default'" in await daemon.known("microphone")
            await asyncio.to_thread(server.revive)
            back = time.monotonic()
            await daemon.until(lambda: states(daemon, "microphone")[-1:] == ["open"])
            await daemon.until(lambda: states(daemon, "speaker")[-1:] == ["open"])
            print(f"both: there after {time.monotonic() - back:.2f} s")
            assert time.monotonic() - back < BACK_S
            await switched(daemon, server)
            assert await daemon.stop() == 0
            no_traceback(daemon.log)
            assert "ALSA" not in daemon.log

    asyncio.run(life())
