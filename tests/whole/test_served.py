"""The box where the service decides whose turn it is: real requests, over a real WebSocket."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.demo import _surroundings
from appliance.demo.clips import requests
from appliance.demo.screen import Screen
from appliance.demo.stage import Stage
from appliance.standin.server import Options, StandIn

from ..judge import judge_client
from ..soundserver import SoundServer, missing_tools, open_air
from .house import LIGHTS, Daemon, box, clip, no_traceback
from .test_echo import LONG

pytestmark = pytest.mark.slow
SERVED = '[turns]\nmode = "server"\nno_speech_s = 2\nfollow_up_s = 2\n'
QUIET = Options(brain=False, voice="tone", answer="Yes.")


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        yield running


def inputs(standin: StandIn) -> list[dict[str, Any]]:
    return [entry.message["realtimeInput"] for entry in standin.record if entry.has("realtimeInput")]


def kinds(standin: StandIn) -> list[str]:
    """What was sent, runs of one kind as one."""
    found: list[str] = []
    for given in inputs(standin):
        if found[-1:] != list(given):
            found += given
    return found


def interruptions(standin: StandIn) -> int:
    said = [e.message.get("serverContent", {}) for e in standin.record if e.side == "server"]
    return sum("interrupted" in content for content in said)


def test_a_conversation_is_streamed_and_nothing_else() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin, SERVED) as daemon:
            assert await daemon.known("microphone") == "open"
            assert (await daemon.run("ask", "What is this?"))[:2] == (0, "Yes.\n")
            assert kinds(standin) == ["text"], "what is typed does not open the microphone"
            await daemon.ask(do="talk")
            await daemon.until(lambda: any(t["outcome"] == "nothing heard" for t in daemon.of("turn")))
            await standin.wait_for(lambda _: "audioStreamEnd" in kinds(standin))
            assert kinds(standin) == ["text", "audio", "audioStreamEnd"]
            sent = len(inputs(standin))
            assert 45 <= sent <= 70, "two seconds and the reach back, in pieces of 40 ms"
            assert (await daemon.run("ask", "And this?"))[0] == 0
            assert len(inputs(standin)) == sent + 1
            [setup] = [e.message["setup"] for e in standin.record if e.has("setup")]
            detection = setup["realtimeInputConfig"]["automaticActivityDetection"]
            assert not detection.get("disabled")
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_stopped_in_the_middle_the_stream_is_ended() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin, SERVED) as daemon:
            await daemon.ask(do="talk", hold_s=30)
            await standin.wait_for(lambda record: sum(bool(e.pcm) for e in record if e.side == "client") > 5)
            assert await daemon.stop() == 0
            await standin.wait_for(lambda record: any("closed" in e.message for e in record))
            assert inputs(standin)[-1] == {"audioStreamEnd": True}

    asyncio.run(life())


@pytest.mark.parametrize("send_rate", [16_000, "native"])
def test_every_spoken_request_is_answered(send_rate: int | str) -> None:
    """Real recordings, and 48 kHz on the wire where the microphone of memory is native."""
    clips = [clip for clip in requests() if clip.calls]

    async def life() -> None:
        turns = {"mode": "server", "server": {"silence_duration_ms": 1200}}
        settings = {"turns": turns, "audio": {"backend": "memory", "send_rate": send_rate}}
        async with Stage(Screen(io.StringIO()), settings=settings) as stage:
            for number, spoken in enumerate(clips):
                exchange = await stage.ask(spoken, pressed=number != 1)  # the second is a follow-up
                assert exchange.outcome == "answered", spoken.name
                assert [(c.name, dict(c.args)) for c in exchange.calls] == [
                    (c.name, dict(c.args)) for c in spoken.calls or ()
                ], spoken.name
            standin = stage._standin
            sent = inputs(standin)
            assert not any("activityStart" in given or "activityEnd" in given for given in sent)
            assert any("audioStreamEnd" in given for given in sent)
            rate = 16_000 if send_rate == 16_000 else 48_000
            assert {given["audio"]["mimeType"] for given in sent if "audio" in given} == {
                f"audio/pcm;rate={rate}"
            }

    with _surroundings():
        asyncio.run(life())


def carded(standin: StandIn, audio: str) -> str:
    """A configuration with the sound card, and more in its section."""
    turns = SERVED.replace("follow_up_s = 2", "follow_up_s = 4").replace("no_speech_s = 2", "no_speech_s = 8")
    return f'''{turns}
[live]
endpoint = "{standin.url}"
[audio]
{audio}
{LIGHTS}'''


def test_on_a_sound_card_at_its_own_rate(server: SoundServer) -> None:
    async def life() -> None:
        async with (
            StandIn(Options(playback_wait=0.0)) as standin,
            Daemon(carded(standin, 'send_rate = "native"'), server.environment) as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            await daemon.ask(do="talk")
            pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
            await asyncio.to_thread(server.speak, pcm, rate_hz)
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered"
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            await standin.wait_for(lambda _: kinds(standin)[-1] == "audioStreamEnd")
            [mime] = {given["audio"]["mimeType"] for given in inputs(standin) if "audio" in given}
            assert mime in ("audio/pcm;rate=44100", "audio/pcm;rate=48000")
            assert not daemon.of("lost")
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_a_voice_interrupts_where_it_may(server: SoundServer) -> None:
    async def life() -> None:
        long = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen."
        async with (
            StandIn(Options(brain=False, answer=long)) as standin,
            Daemon(carded(standin, 'echo = "off"'), server.environment) as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            await daemon.ask(do="talk")
            pcm, rate_hz = clip("dim-the-desk-lamp.wav")
            await asyncio.to_thread(server.speak, pcm, rate_hz)
            await daemon.until(lambda: any(t["mood"] == "speaking" for t in daemon.of("phase")))
            await asyncio.to_thread(server.speak, pcm, rate_hz)
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "interrupted"
            assert interruptions(standin)
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


@pytest.mark.parametrize("send_rate", ["16000", '"native"'])
def test_through_an_open_speaker_it_does_not_interrupt_itself_and_a_person_does(
    server: SoundServer, send_rate: str
) -> None:
    pytest.importorskip("pywebrtc_audio", reason="the canceller is not installed")

    async def life() -> None:
        with open_air(server):
            async with (
                StandIn(Options(brain=False, answer=LONG, playback_wait=0.0)) as standin,
                Daemon(carded(standin, f"send_rate = {send_rate}"), server.environment) as daemon,
            ):
                assert await daemon.known("microphone") == "open"
                pcm, rate_hz = clip("dim-the-desk-lamp.wav")
                await daemon.ask(do="talk")
                await asyncio.to_thread(server.speak, pcm, rate_hz)
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered"
                assert not interruptions(standin), "it would have been by itself"
                heard = [given for given in inputs(standin) if "audio" in given]
                assert len(heard) > 200, "and it was listened to while it spoke"

                await asyncio.to_thread(server.speak, pcm, rate_hz)
                await daemon.until(lambda: daemon.of("phase")[-1]["mood"] == "speaking")
                await standin.wait_for(lambda _: len([g for g in inputs(standin) if "audio" in g]) > 300)
                await asyncio.to_thread(server.speak, pcm, rate_hz)
                await daemon.until(lambda: len(daemon.of("turn")) > 1)
                assert daemon.of("turn")[1]["outcome"] == "interrupted"
                assert interruptions(standin)
                assert await daemon.stop() == 0
                no_traceback(daemon.log)

    asyncio.run(life())


def test_in_half_duplex_nothing_is_sent_while_it_speaks(server: SoundServer) -> None:
    async def life() -> None:
        with open_air(server):
            async with (
                StandIn(Options(brain=False, answer=LONG, playback_wait=0.0)) as standin,
                Daemon(carded(standin, 'echo = "half-duplex"'), server.environment) as daemon,
            ):
                assert await daemon.known("microphone") == "open"
                pcm, rate_hz = clip("dim-the-desk-lamp.wav")
                await daemon.ask(do="talk")
                await asyncio.to_thread(server.speak, pcm, rate_hz)
                await daemon.until(lambda: daemon.of("phase")[-1]["mood"] == "speaking")
                await standin.wait_for(lambda _: kinds(standin)[-1] == "audioStreamEnd")
                sent = len(inputs(standin))
                await asyncio.to_thread(server.speak, pcm, rate_hz)  # over it
                assert len(inputs(standin)) == sent
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered"
                await standin.wait_for(lambda _: len(inputs(standin)) > sent)  # the follow-up is heard
                assert not interruptions(standin)
                assert await daemon.stop() == 0
                no_traceback(daemon.log)

    asyncio.run(life())


def test_the_judge_takes_it_all() -> None:
    async def life() -> None:
        parameters = """[turns.server]
start_sensitivity = "low"
end_sensitivity = "high"
prefix_padding_ms = 40
silence_duration_ms = 300
"""
        async with StandIn(QUIET) as standin, box(standin, SERVED + parameters) as daemon:
            await daemon.ask(do="talk")
            await standin.wait_for(lambda _: "audioStreamEnd" in kinds(standin))
            [setup] = [e.message for e in standin.record if e.has("setup")]
            judge_client(json.dumps(setup))
            assert setup["setup"]["realtimeInputConfig"]["automaticActivityDetection"] == {
                "disabled": False,
                "startOfSpeechSensitivity": "START_SENSITIVITY_LOW",
                "endOfSpeechSensitivity": "END_SENSITIVITY_HIGH",
                "prefixPaddingMs": 40,
                "silenceDurationMs": 300,
            }

    asyncio.run(life())
