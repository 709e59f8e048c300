"""The daemon as a process, without a sound card: how it starts, what it survives, how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import tempfile

import pytest

from appliance.standin.server import Faults, Options, StandIn

from .house import LIGHTS, Daemon, box, command, no_traceback

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="Yes.")


def test_from_start_to_stop() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            assert (await daemon.run("lights", "kitchen light", "on"))[:2] == (0, "kitchen light: on\n")
            status, out, _ = await daemon.run("lights", "desk lamp", "40", "--json")
            assert status == 0
            assert json.loads(out)["lights"] == {"desk lamp": {"power": "on", "brightness": 40}}
            assert (await daemon.run("talk", "--hold", "0.5"))[0] == 0
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered"
            status, out, _ = await daemon.run("status")
            assert status == 0
            assert "activity end to first byte: median" in out
            assert "up for" in out
            told = await daemon.ask(do="status")
            assert isinstance(told["uptime_s"], int)
            assert told["line"] == {**told["line"], "resumed": 0}
            assert 0 <= told["line"]["age_s"] <= told["line"]["session_age_s"] <= told["uptime_s"]
            assert any(note.startswith("STATUS=speaking: link 1 live") for note in daemon.notes)
            assert await daemon.stop() == 0
            assert daemon.notes[-1] == "STOPPING=1" or "STOPPING=1" in daemon.notes
            closed = [e.message["closed"] for e in standin.record if "closed" in e.message]
            assert closed[0]["code"] == 1000
            no_traceback(daemon.log)

    asyncio.run(life())


def test_stopped_in_the_middle_of_a_sentence_it_ends_the_activity_and_closes_properly() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            await daemon.ask(do="talk", hold_s=30)
            await standin.wait_for(lambda record: sum(bool(e.pcm) for e in record if e.side == "client") > 5)
            assert await daemon.stop() == 0
            await standin.wait_for(lambda record: any("closed" in e.message for e in record))
            inputs = [e.message["realtimeInput"] for e in standin.record if e.has("realtimeInput")]
            assert "activityEnd" in inputs[-1]
            closed = [e.message["closed"] for e in standin.record if "closed" in e.message]
            assert closed == [{"code": 1000, "reason": "", "by": "client"}]

    asyncio.run(life())


def test_the_watchdog_is_fed_while_the_microphone_delivers() -> None:
    async def life() -> None:
        environment = {**os.environ, "WATCHDOG_USEC": "400000"}
        async with StandIn(QUIET) as standin, box(standin, environment=environment) as daemon:
            await daemon.until(lambda: daemon.notes.count("WATCHDOG=1") >= 4)
            assert [note for note in daemon.notes if note.startswith("STATUS=")][-1].startswith("STATUS=idle")

    asyncio.run(life())


def test_interrupt_stops_it_as_well() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            assert await daemon.stop(signal.SIGINT) == 0
            no_traceback(daemon.log)

    asyncio.run(life())


@pytest.mark.parametrize("garbage", ["text", "noise", "types", "unknown", "error", "huge", "all"])
def test_a_service_that_talks_nonsense_is_survived(garbage: str) -> None:
    async def life() -> None:
        options = Options(
            brain=False, voice="tone", answer="Yes.", faults=Faults(garbage=garbage, only_links=1)
        )  # type: ignore[arg-type]
        async with StandIn(options) as standin, box(standin) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: daemon.of("turn"))
            outcome = daemon.of("turn")[0]["outcome"]
            assert outcome == "answered", daemon.told
            assert daemon.process.returncode is None
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_a_port_that_refuses_is_a_state() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def life() -> None:
        toml = f'[live]\nendpoint = "ws://127.0.0.1:{port}"\n[audio]\nbackend = "memory"\n'
        async with Daemon(toml) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: any(t.get("why") == "no network" for t in daemon.of("line")))
            status = await daemon.ask(do="status")
            assert status["phase"] == "offline"
            async with StandIn(Options(brain=False, voice="tone", answer="Yes.", port=port)):
                await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered", "what was said is answered in the end"
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_a_refused_key_is_told_with_its_remedy_and_never_shown() -> None:
    async def life() -> None:
        environment = {**os.environ, "GEMINI_API_KEY": "not-the-key-1234567890"}
        options = Options(brain=False, voice="tone", answer="Yes.", key="the-key")
        async with StandIn(options) as standin, box(standin, environment=environment) as daemon:
            await daemon.ask(do="talk")
            await daemon.until(lambda: any(t.get("why") == "key refused" for t in daemon.of("line")))
            _, out, _ = await daemon.run("status")
            assert "refused" in out
            assert "credential" in out
            _, config, _ = await daemon.run("config")
            assert await daemon.stop() == 0
            assert "not-the-key" not in daemon.log + out + config + json.dumps(daemon.told)

    asyncio.run(life())


def test_five_mistakes_are_named_at_once() -> None:
    async def life() -> None:
        toml = """
[live]
modle = "gemini-3.8-live"
api_version = "v1bta"
[audio]
backend = "pyadio"
[turns]
follow_up_s = "eight"
[lights."kitchen light"]
pin = 99
"""
        daemon = Daemon(toml)
        for words in (("run",), ("run", "--check")):
            status, out, err = await command(*words, "--config", str(daemon.config))
            assert status == 78
            assert out == ""
            no_traceback(err)
            for told in ("live.modle", "'model'", "'v1beta'", "'pyaudio'", "'eight'", "found 99"):
                assert told in err
            assert err.count(str(daemon.config)) == 5

    asyncio.run(life())


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("status",), 69, "systemctl start appliance"),
        (("lights", "kitchen light"), 2, "needs a STATE"),
        (("dance",), 2, "invalid choice"),
        (("talk", "--hold", "99"), 2, "0.1 to 60"),
        (("run", "--config", "/nowhere/appliance.toml"), 78, "No such file"),
    ],
)
def test_a_command_that_cannot_be_done(words: tuple[str, ...], status: int, told: str) -> None:
    environment = {**os.environ, "RUNTIME_DIRECTORY": "/nowhere"}
    found, _, err = asyncio.run(command(*words, environment=environment))
    assert told in err
    assert found == status
    no_traceback(err)


def test_unknown_lights_and_requests_are_answered_with_what_there_is() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            status, _, err = await daemon.run("lights", "kichen light", "on")
            assert status == 1
            assert "did you mean 'kitchen light'?" in err
            status, _, err = await daemon.run("lights", "kitchen light", "40")
            assert (status, "only be on or off" in err) == (1, True)
            assert (await daemon.lights())["kitchen light"] == {"power": "off"}

    asyncio.run(life())


@pytest.mark.parametrize("model", ["gemini-3.8-live", "gemini-2.5-flash-native-audio-preview-12-2025"])
def test_a_typed_question_is_answered_in_writing_and_a_text_is_spoken(model: str) -> None:
    async def life() -> None:
        more = f'[live]\nmodel = "{model}"\n'
        async with StandIn(QUIET) as standin:
            toml = f'{more}endpoint = "{standin.url}"\n[audio]\nbackend = "memory"\n'
            async with Daemon(toml) as daemon:
                status, out, err = await daemon.run("ask", "What is this?")
                assert (status, out, err) == (0, "Yes.\n", "")
                assert "first_sample" not in str(daemon.of("turn"))
                status, out, _ = await daemon.run("ask", "What is this?", "--speak", "--json")
                assert (status, json.loads(out)["answer"]) == (0, "Yes.")
                assert "first_byte_to_first_sample" in daemon.of("turn")[-1]
                assert (await daemon.run("say", "Dinner is ready!"))[0] == 0
                typed = [e.message for e in standin.record if "Dinner is ready!" in str(e.message)]
                assert typed

    asyncio.run(life())


def test_a_fallback_model_is_used_when_the_first_is_gone() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            toml = f"""
[live]
model = "gemini-1-live"
fallback_models = ["gemini-3.8-live"]
endpoint = "{standin.url}"
[audio]
backend = "memory"
"""
            async with Daemon(toml) as daemon:
                assert (await daemon.run("ask", "Who are you?"))[:2] == (0, "Yes.\n")
                downs = [line for line in daemon.of("line") if line["state"] == "down"]
                assert [line["why"] for line in downs] == ["model gone"]
                assert "gemini-3.8-live is tried instead" in str(downs[0]["advice"])

    asyncio.run(life())


def test_usage_outlives_a_restart_and_a_hard_limit_is_told() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            with tempfile.TemporaryDirectory() as state:
                toml = f'[live]\nendpoint = "{standin.url}"\n[audio]\nbackend = "memory"\n'
                async with Daemon(toml, state=state) as daemon:
                    assert (await daemon.run("ask", "What is this?"))[0] == 0
                    first = (await daemon.ask(do="status"))["usage"]
                    assert await daemon.stop() == 0
                limit = "[budget]\nhard_tokens_day = 1000\n"
                async with Daemon(toml + limit, state=state) as daemon:
                    second = (await daemon.ask(do="status"))["usage"]
                    assert isinstance(first, dict)
                    assert isinstance(second, dict)
                    assert second["today"] == first["today"]
                    assert second["today"]["turns"] == 1
                    _, out, _ = await daemon.run("status")
                    assert f"today: {second['today']['total']} of 1000 tokens in 1 turn," in out

    asyncio.run(life())


def test_two_daemons_do_not_share_a_socket() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            status, _, err = await daemon.run("run")
            assert status != 0
            assert "another daemon" in err
            no_traceback(err)
            assert (await daemon.ask(do="status"))["ok"] is True

    asyncio.run(life())


def test_a_pin_used_twice_is_a_mistake_and_not_a_surprise() -> None:
    daemon = Daemon(LIGHTS + "[button]\npin = 17\n")
    status, _, err = asyncio.run(command("run", "--check", "--config", str(daemon.config)))
    assert status == 78
    assert 'pin 17; allowed: a pin not used by lights."kitchen light"' in err
