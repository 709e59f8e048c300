"""No word is cut: the first syllable is sent with the moment before it, and the last one with the tail.

The same virtual microphone is recorded beside the daemon. Where what the service received lies in that
recording is found by correlation, so that places are compared and not clocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest

from appliance.standin.server import Options, StandIn

from ..adapters.contract_sound import HEARD_HZ, Samples, assert_same, find, samples
from ..soundserver import Recording, SoundServer, missing_tools
from .house import Daemon, clip, no_traceback

pytestmark = pytest.mark.slow

LOUD = 1_000  # in steps of 16 bits; the room of the clips stays below 70
SYLLABLE_S = 0.4
ALIKE = 0.9  # a lost or doubled block leaves next to nothing
CRISP_HZ = (500.0, 5_000.0)  # below, the canceller takes the hum away; above, resamplers have their edges
EARLY_S = 0.12  # before the last word is over
LAG_S = 0.15  # by which the daemon may hear later than the recorder does


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        yield running


@dataclass
class Scene:
    server: SoundServer
    standin: StandIn
    daemon: Daemon
    recording: Recording

    def recorded_s(self) -> float:
        return len(self.recording.pcm()) / 2 / HEARD_HZ

    async def received(self) -> tuple[Samples, float, float]:
        """The one activity, and where in the recording it begins and ends, in seconds."""
        await self.daemon.until(lambda: self.daemon.of("turn"))
        await asyncio.to_thread(self.recording.more, 0.2)
        assert not self.daemon.of("lost")
        [activity] = self.standin.activities
        got = samples(activity.pcm)
        begins_s = find(got, samples(self.recording.pcm())) / HEARD_HZ
        return got, begins_s, begins_s + len(got) / HEARD_HZ


@asynccontextmanager
async def scene(server: SoundServer, echo: str = "auto", more: str = "") -> AsyncIterator[Scene]:
    """A daemon whose microphone is open, and a recorder that already runs beside it."""
    async with StandIn(Options(brain=False, voice="tone", answer="Yes.", playback_wait=0.0)) as standin:
        toml = f'[live]\nendpoint = "{standin.url}"\n[audio]\necho = "{echo}"\n{more}'
        async with Daemon(toml, server.environment) as daemon:
            assert await daemon.known("microphone") == "open"
            with server.record(HEARD_HZ, "mic") as recording:
                await asyncio.to_thread(recording.until, 1.0)
                yield Scene(server, standin, daemon, recording)
            assert await daemon.stop() == 0
            no_traceback(daemon.log)


def crisp(sound: Samples) -> Samples:
    spectrum = np.fft.rfft(sound)
    at = np.fft.rfftfreq(len(sound), 1 / HEARD_HZ)
    spectrum[(at < CRISP_HZ[0]) | (at > CRISP_HZ[1])] = 0
    return np.fft.irfft(spectrum, len(sound))


def spoken() -> tuple[bytes, Samples, int, int]:
    """A request at 16 kHz; the same, crisp; and the samples between which it is words."""
    pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
    assert rate_hz == HEARD_HZ
    loud = np.flatnonzero(abs(samples(pcm)) > LOUD)
    return pcm, crisp(samples(pcm)), int(loud[0]), int(loud[-1])


def place_s(part: Samples, heard: Samples) -> float:
    """Where this lies in what was heard, whole."""
    given = part.astype("<i2").tobytes()
    return assert_same(given, crisp(heard), HEARD_HZ, least=ALIKE) / HEARD_HZ


@pytest.mark.parametrize("echo", ["auto", "off"])
def test_the_first_syllable_comes_with_half_a_second_before_it(server: SoundServer, echo: str) -> None:
    async def life() -> None:
        pcm, clear, first, last = spoken()
        async with scene(server, echo) as here:
            await here.daemon.ask(do="talk")
            await asyncio.to_thread(here.recording.more, 1.0)  # the person thinks
            await asyncio.to_thread(server.speak, pcm, HEARD_HZ)
            got, begins_s, _ = await here.received()
            heard = samples(here.recording.pcm())
        before_s = place_s(clear[first : first + int(SYLLABLE_S * HEARD_HZ)], got)
        print(f"{echo}: {before_s:.3f} s before the first syllable")
        assert 0.3 < before_s < 0.9, "the pre-roll, and not all that was heard since the press"
        place_s(clear[first:last], got)
        # What comes first is what was heard then, and no silence in its place.
        onset_s = place_s(clear[first:last], heard)
        assert abs(begins_s + before_s - onset_s) < LAG_S
        room = got[int((before_s - 0.3) * HEARD_HZ) : int((before_s - 0.1) * HEARD_HZ)]
        assert room.std() > 5, "the room of the clip"

    asyncio.run(life())


@pytest.mark.parametrize(
    ("echo", "more"),
    [("auto", ""), ("auto", "[earcons]\nlistening = false\n"), ("off", "")],
    ids=["as it comes", "no sound of the press", "no canceller"],
)
def test_what_began_just_before_the_press_is_kept(server: SoundServer, echo: str, more: str) -> None:

    async def life() -> None:
        pcm, clear, first, last = spoken()
        async with scene(server, echo, more) as here:
            speaking = server.speak(pcm, HEARD_HZ, wait=False)
            await asyncio.to_thread(here.recording.until_loud, LOUD)
            await asyncio.to_thread(here.recording.more, 0.05)
            before_s = here.recorded_s()
            await here.daemon.ask(do="talk")
            after_s = here.recorded_s()
            assert await asyncio.to_thread(speaking.wait) == 0
            got, begins_s, _ = await here.received()
            onset_s = place_s(clear[first:last], samples(here.recording.pcm()))
        print(
            f"spoke at {onset_s:.3f}, pressed at {before_s:.3f} to {after_s:.3f}, sent from {begins_s:.3f} s"
        )
        assert onset_s < before_s, "it began before the press"
        assert before_s - 0.3 - LAG_S < begins_s < after_s - 0.3 + LAG_S, "so far back, and no farther"
        place_s(clear[first:last], got)

    asyncio.run(life())


@pytest.mark.parametrize("echo", ["auto", "off"])
def test_the_last_word_after_a_button_is_let_go(server: SoundServer, echo: str) -> None:
    async def life() -> None:
        pcm, clear, first, last = spoken()
        async with scene(server, echo) as here:
            await here.daemon.ask(do="press")
            speaking = server.speak(pcm, HEARD_HZ, wait=False)
            await asyncio.to_thread(here.recording.until_loud, LOUD)
            onset = np.flatnonzero(abs(samples(here.recording.pcm())) > LOUD)[0]
            spoken_s = (onset + last - first) / HEARD_HZ
            await asyncio.to_thread(here.recording.until, spoken_s - EARLY_S)
            before_s = here.recorded_s()
            await here.daemon.ask(do="release")
            assert await asyncio.to_thread(speaking.wait) == 0
            got, _, ends_s = await here.received()
        print(f"{echo}: let go at {before_s:.3f}, spoke until {spoken_s:.3f}, sent until {ends_s:.3f} s")
        assert ends_s > before_s + 0.3 - LAG_S, "the tail"
        place_s(clear[first:last], got)

    asyncio.run(life())
