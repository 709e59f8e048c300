"""The flight recorder of a running daemon: no key, handle or word in it, and all is the same again."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import stat
from pathlib import Path

import pytest

from appliance.recorder.replay import replay
from appliance.standin.server import Options, StandIn

from .house import Daemon, box, command

pytestmark = pytest.mark.slow
KEY = "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"
TYPED = "Where is the umbrella of the ostrich?"
ANSWER = "Under the chandelier."


async def told(daemon: Daemon) -> Path:
    """What SIGUSR1 writes."""
    daemon.process.send_signal(signal.SIGUSR1)
    async with asyncio.timeout(30):
        while True:
            await daemon.ask(do="status")  # the daemon answers meanwhile
            log = (daemon.place / "log").read_text(encoding="utf-8")
            found = re.findall(r"the last events are in (\S+)", log)
            if found:
                return Path(found[-1])


def test_what_it_writes_tells_no_secret_and_is_the_same_again(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"

    async def life() -> list[str]:
        options = Options(brain=False, voice="tone", answer=ANSWER)
        environment = {**os.environ, "GEMINI_API_KEY": KEY}
        async with StandIn(options) as standin, box(standin, environment=environment) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: daemon.of("turn"))
            assert (await daemon.run("ask", TYPED))[0] == 0
            assert (await daemon.run("lights", "kitchen light", "on"))[0] == 0
            assert (await daemon.run("lights", "chandelier", "on"))[0] == 1
            path = await told(daemon)
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            trace.write_bytes(path.read_bytes())
            status, out, err = await command("replay", str(path))
            assert (status, err) == (0, ""), out
            assert out.endswith("events, no divergence\n")
            assert await daemon.stop() == 0
            handles = [json.dumps(e.message) for e in standin.record if e.has("sessionResumptionUpdate")]
            return re.findall(r'"newHandle": "([^"]+)"', " ".join(handles))

    handles = asyncio.run(life())
    assert handles
    text = trace.read_text(encoding="utf-8")
    for secret in (KEY, *handles, "umbrella", "ostrich", "chandelier", "talking box"):
        assert secret.casefold() not in text.casefold(), secret
    assert '"handle-1"' in text
    assert "kitchen light" in text


def test_a_trace_of_everything(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"

    async def life() -> None:
        options = Options(brain=False, voice="tone", answer=ANSWER)
        async with StandIn(options) as standin:
            toml = f'[live]\nendpoint = "{standin.url}"\n[audio]\nbackend = "memory"\n'
            async with Daemon(toml, arguments=("--trace", str(trace))) as daemon:
                assert (await daemon.run("ask", TYPED))[0] == 0
                status, _, err = await daemon.run("run", "--trace", str(trace))
                assert (status, "is there already" in err) == (1, True), err
                assert await daemon.stop() == 0

    asyncio.run(life())
    text = trace.read_text(encoding="utf-8")
    assert "ostrich" not in text
    assert "events.Stop" in text.splitlines()[-1]
    assert replay(trace).divergence is None
