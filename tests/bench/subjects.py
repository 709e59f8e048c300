"""Those who are measured: the box, the floor and the official client, each started and talked to alike."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from appliance.standin.server import StandIn

from ..whole.house import LIGHTS, Daemon
from .process import Process

MODEL = "gemini-2.5-flash-native-audio-preview-12-2025"  # this one takes what every client sends
LIMIT_S = 60.0
CLIENTS = {"floor": "floor", "google-genai": "official", "its script": "official"}
SCRIPT = "its script"  # google-genai again, with the sound path of its documentation: calls that block
BOXES = {
    "box": 'echo = "off"\n',
    "box, cancelling echo": 'echo = "cancel"\n',
}


class Subject(Protocol):
    """One of them, running; it said at `ready` that it was, by time.monotonic()."""

    process: Process
    began: float
    ready: float

    async def talk(self, seconds: float) -> None: ...
    async def done(self) -> None: ...


class Client:
    def __init__(self, child: asyncio.subprocess.Process, began: float) -> None:
        self._child = child
        self.process = Process(child.pid)
        self.began = self.ready = began

    async def told(self) -> dict[str, object]:
        assert self._child.stdout
        line = await asyncio.wait_for(self._child.stdout.readline(), LIMIT_S)
        if not line:
            raise RuntimeError("the client has ended")
        told: dict[str, object] = json.loads(line)
        return told

    async def talk(self, seconds: float) -> None:
        assert self._child.stdin
        self._child.stdin.write(f"talk {seconds}\n".encode())
        await self._child.stdin.drain()

    async def done(self) -> None:
        assert (await self.told())["did"] == "done"


class Box:
    def __init__(self, daemon: Daemon, began: float) -> None:
        self.daemon = daemon
        self.process = Process(daemon.process.pid)
        self.began, self.ready = began, time.monotonic()
        self._turns = 0

    async def talk(self, seconds: float) -> None:
        self._turns += 1
        answer = await self.daemon.ask(do="talk", hold_s=seconds)
        assert answer["ok"], answer

    async def tap(self) -> None:
        """As `talk`, but the box has to find the end of what is said by itself."""
        self._turns += 1
        answer = await self.daemon.ask(do="talk")
        assert answer["ok"], answer

    async def done(self) -> None:
        await self.daemon.until(lambda: len(self.daemon.of("turn")) >= self._turns, LIMIT_S)

    async def mute(self, *, on: bool) -> None:
        answer = await self.daemon.ask(do="mute" if on else "unmute")
        assert answer["ok"], answer


@contextlib.asynccontextmanager
async def started(
    name: str, standin: StandIn, environment: Mapping[str, str], sound: str, more: str = ""
) -> AsyncIterator[Client | Box]:
    """One of CLIENTS or BOXES, with its line up and its sound open. `sound`: "card" or "memory"."""
    began = time.monotonic()
    path = "script" if name == SCRIPT else sound
    if name in BOXES:
        backend = {"card": "pyaudio", "memory": "memory"}[sound]
        toml = f'[live]\nmodel = "{MODEL}"\nendpoint = "{standin.url}"\nconnect = "always"\n'
        toml += f'[audio]\nbackend = "{backend}"\n{BOXES[name]}{LIGHTS}[turns]\nfollow_up_s = 0.0\n{more}'
        async with Daemon(toml, environment) as daemon:
            box = Box(daemon, began)
            assert await daemon.known("microphone") == "open"
            await standin.wait_for(lambda record: any(e.has("setupComplete") for e in record), LIMIT_S)
            yield box
        return
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"tests.bench.peers.{CLIENTS[name]}", standin.url, MODEL, path),
        env=dict(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        client = Client(child, began)
        assert (await client.told())["did"] == "up"
        client.ready = time.monotonic()
        yield client
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()
