"""A conversation that the service has lost and the daemon gives back, over a real WebSocket."""

from __future__ import annotations

import asyncio
import json
import stat
import tempfile
from pathlib import Path

import pytest

from appliance.standin.resumption import Exchange
from appliance.standin.scene import load
from appliance.standin.server import Options, StandIn
from tests.judge import judge_client

from .house import Daemon, no_traceback

pytestmark = pytest.mark.slow
FORGETFUL = Options(brain=False, voice="tone", scene=load("dead-handle"))
SAID = "It is a quarter past nine, and the sun is out."


def toml(standin: StandIn, model: str, more: str = "") -> str:
    line = f'[live]\nmodel = "{model}"\nendpoint = "{standin.url}"\n'
    return f'{line}[audio]\nbackend = "memory"\n[turns]\nfollow_up_s = 0\n{more}'


async def ask(daemon: Daemon) -> None:
    """One spoken turn, and the end of the line after it."""
    before = len(daemon.of("turn")), len(daemon.of("line"))
    await daemon.ask(do="talk", hold_s=0.4)
    await daemon.until(lambda: len(daemon.of("turn")) > before[0])
    await daemon.until(lambda: [line for line in daemon.of("line")[before[1] :] if line["state"] == "down"])


def setups(standin: StandIn) -> list[str]:
    found = [e.message["setup"] for e in standin.record if e.side == "client" and e.has("setup")]
    for setup in found:
        judge_client(json.dumps({"setup": setup}))
    return [str(setup.get("systemInstruction")) for setup in found]


@pytest.mark.parametrize("model", ["gemini-3.8-live", "gemini-2.5-flash-native-audio-preview-12-2025"])
def test_a_fresh_session_is_given_the_turns_that_the_service_forgot(model: str) -> None:
    async def life() -> None:
        async with StandIn(FORGETFUL) as standin, Daemon(toml(standin, model)) as daemon:
            await ask(daemon)
            await ask(daemon)
            assert [turn["outcome"] for turn in daemon.of("turn")] == ["answered", "answered"]
            [seed] = standin.seeds
            assert seed.link == 2
            [exchange, last] = seed.history
            assert exchange.asked.endswith("What time is it?")
            assert exchange == Exchange(exchange.asked, SAID)
            assert last.answered == ""
            assert SAID not in "".join(setups(standin))
            content = [e for e in standin.record if e.side == "client" and e.has("clientContent")]
            judge_client(json.dumps(content[0].message))
            second = [e.message for e in standin.record if e.link == 2 and e.side == "client"]
            kinds = [next(iter(message)) for message in second if "opened" not in message]
            assert kinds[:3] == ["setup", "clientContent", "realtimeInput"]
            assert SAID not in str(await daemon.ask(do="status"))
            await daemon.stop()
            assert SAID not in daemon.log
            no_traceback(daemon.log)

    asyncio.run(life())


def test_a_model_that_takes_no_turns_has_them_in_its_instruction() -> None:
    async def life() -> None:
        async with (
            StandIn(FORGETFUL) as standin,
            Daemon(toml(standin, "gemini-3.1-flash-live-preview")) as daemon,
        ):
            await ask(daemon)
            await ask(daemon)
            first, second = setups(standin)
            assert SAID not in first
            assert f"You: {SAID}" in second
            assert "They: What time is it?" in second
            assert standin.seeds == []

    asyncio.run(life())


def test_off_is_off() -> None:
    async def life() -> None:
        async with StandIn(FORGETFUL) as standin:
            more = '[privacy]\nremember = "off"\n'
            async with Daemon(toml(standin, "gemini-3.8-live", more)) as daemon:
                await ask(daemon)
                await ask(daemon)
                assert standin.seeds == []
                assert SAID not in "".join(setups(standin))

    asyncio.run(life())


def test_on_the_disk_it_outlives_a_restart_and_off_removes_it() -> None:
    async def life() -> None:
        disk = '[privacy]\nremember = "disk"\n'
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "memory.json"
            async with StandIn(FORGETFUL) as standin:
                async with Daemon(toml(standin, "gemini-3.8-live", disk), state=place) as daemon:
                    await ask(daemon)
                    assert await daemon.stop() == 0
                assert stat.S_IMODE(file.stat().st_mode) == 0o600
                assert SAID in file.read_text(encoding="utf-8")
                async with Daemon(toml(standin, "gemini-3.8-live", disk), state=place) as daemon:
                    await ask(daemon)
                    assert [seed.history[0].answered for seed in standin.seeds] == [SAID]
                async with Daemon(toml(standin, "gemini-3.8-live"), state=place) as daemon:
                    assert await daemon.stop() == 0
                assert not file.exists()

    asyncio.run(life())
