"""The service goes away and comes back; meanwhile the brain on this machine answers, started by a knock."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from appliance.standin.server import Options, StandIn

from ..soundserver import SoundServer, missing_tools
from .house import LIGHTS, Daemon, box, clip, command, no_traceback

pytestmark = pytest.mark.slow
KEY = "AIza-a-key-that-must-not-get-out"
ACTIVATE = shutil.which("systemd-socket-activate")
QUIET = Options(brain=False, voice="tone", answer="Yes.", speed=0)


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="brain-") as folder:  # short: the path of a socket is bounded
        yield Path(folder)


def settings(place: Path, enabled: str = "true") -> str:
    return f'[offline]\nenabled = {enabled}\nsocket = "{place}/brain.sock"\nexit_after_s = 5\n'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.asynccontextmanager
async def activated(place: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """systemd's own hand on the socket: the brain is started when somebody knocks, and not before."""
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    if ACTIVATE is None:
        pytest.skip("systemd-socket-activate is not installed")
    config = place / "brain.toml"
    config.write_text(settings(place), encoding="utf-8")
    brain = [sys.executable, "-m", "appliance", "offline", "--config", str(config)]
    process = await asyncio.create_subprocess_exec(
        *(ACTIVATE, f"--listen={place}/brain.sock", "--setenv=PYTHONWARNINGS=error", *brain),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    await process.stderr.readline()  # "Listening on ..."
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def words(process: asyncio.subprocess.Process) -> str:
    return Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def serving(daemon: Daemon) -> list[dict[str, object]]:
    return [told for told in daemon.of("offline") if told["state"] == "serving"]


def test_an_outage_from_its_beginning_to_its_end(place: Path) -> None:
    async def life() -> None:
        service = StandIn(Options(brain=False, voice="tone", answer="Yes.", speed=0, port=free_port()))
        await service.start()
        environment = {**os.environ, "GEMINI_API_KEY": KEY}
        async with activated(place) as brain, box(service, settings(place), environment) as daemon:
            status, out, _ = await daemon.run("ask", "Are you there?")
            assert (status, out.strip()) == (0, "Yes.")
            before = (await daemon.ask(do="status"))["usage"]
            assert "offline" in words(brain)
            assert "systemd-socket-activate" in words(brain), "not started yet"

            await service.stop()
            status, out, _ = await daemon.run("ask", "Turn on the kitchen light")
            assert (status, out.strip()) == (0, "I am offline. The kitchen light is on.")
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            assert "systemd-socket-activate" not in words(brain), "started"
            status, out, _ = await daemon.run("ask", "What is the capital of France?")
            assert status == 0
            assert out.startswith("I did not understand. While I am offline I can only")
            shown = await daemon.ask(do="status")
            assert shown["usage"] == before, "nothing of this is charged"
            assert "offline brain ready" in str(shown["says"])

            await service.start()
            before_links = len(service.record)
            status, out, _ = await daemon.run("ask", "And now?")
            assert (status, out.strip()) == (0, "Yes.")
            setups = [e.message["setup"] for e in service.record[before_links:] if "setup" in e.message]
            assert setups[0]["sessionResumption"]["handle"], "the session goes on where it was"
            assert [told["turn"] for told in serving(daemon)] == [2, 3]
            assert await daemon.stop() == 0
            assert KEY not in daemon.log + json.dumps(daemon.told)
            no_traceback(daemon.log)
            assert await asyncio.wait_for(brain.wait(), 20) == 0, "nobody needs it: its memory is given back"
            assert brain.stderr is not None
            log = (await brain.stderr.read()).decode()
            assert "nobody needs it" in log
            assert "kitchen" not in log
            no_traceback(log)
        await service.stop()

    asyncio.run(life())


def test_what_was_spoken_when_the_line_had_gone_is_answered(place: Path) -> None:
    if absent := missing_tools():
        pytest.skip(absent)

    async def life(sound: SoundServer) -> None:
        service = StandIn(QUIET)
        await service.start()
        async with (
            activated(place),
            box(service, settings(place), sound.environment, backend="pyaudio") as daemon,
        ):
            assert await daemon.known("microphone") == "open"
            await service.stop()
            await daemon.ask(do="talk")
            await asyncio.to_thread(sound.speak, *clip("turn-on-the-kitchen-light.wav"))
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answered"
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            assert not daemon.of("lost")
            said = "".join(str(t["text"]) for t in daemon.of("transcript") if t["who"] == "model")
            assert said == "I am offline. The kitchen light is on."
            moods = [told["mood"] for told in daemon.of("phase")]
            assert moods[-2:] == ["speaking", "follow-up"] or moods[-1] == "speaking"
            assert "offline" in moods
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    with SoundServer() as running:
        asyncio.run(life(running))


def test_no_key_is_sent_to_it(place: Path) -> None:
    """What knocks at the brain's door, byte by byte."""

    async def life() -> None:
        heard = bytearray()
        came = asyncio.Event()

        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.extend(await reader.readuntil(b"\r\n\r\n"))
            came.set()
            writer.close()

        server = await asyncio.start_unix_server(listen, place / "brain.sock")
        toml = f'[live]\nendpoint = "ws://127.0.0.1:{free_port()}"\n[audio]\nbackend = "memory"\n{LIGHTS}'
        async with Daemon(toml + settings(place), {**os.environ, "GEMINI_API_KEY": KEY}) as daemon:
            asking = asyncio.create_task(daemon.run("ask", "Turn on the kitchen light"))
            await asyncio.wait_for(came.wait(), 20)
            await daemon.until(lambda: any(t["state"] == "missing" for t in daemon.of("offline")))
            status, _, error = await asking
            assert (status, error.strip()) == (1, "appliance: no answer: no line"), "as without a brain"
            await daemon.stop()
            assert KEY not in daemon.log
        server.close()
        await server.wait_closed()
        request = heard.decode().lower()
        assert "get /ws/google.ai.generativelanguage" in request
        for header in ("x-goog", "authorization", "key=", "token", KEY.lower()):
            assert header not in request.replace("sec-websocket-key", "")

    asyncio.run(life())


def test_by_hand_it_listens_where_it_is_told_and_ends_when_it_is_told(place: Path) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

    async def life() -> None:
        config = place / "brain.toml"
        config.write_text(settings(place), encoding="utf-8")
        brain = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appliance", "offline", "--config", str(config)),
            stderr=asyncio.subprocess.PIPE,
        )
        assert brain.stderr is not None
        while b"listens" not in await brain.stderr.readline():
            pass
        assert (place / "brain.sock").stat().st_mode & 0o777 == 0o660
        status, _, error = await command("offline", "--config", str(config))
        assert status != 0
        assert "another" in error, "two of them"
        brain.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(brain.wait(), 10) == 0
        assert not (place / "brain.sock").exists()

    asyncio.run(life())
