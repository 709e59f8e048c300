"""The daemon as a user starts it: its own process, its own configuration file, a control socket, a notify
socket, mock pins, and a stand-in to talk to."""

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
import threading
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

from appliance.caller import request, watch
from appliance.standin.server import StandIn

REQUESTS = Path(__file__).parents[2] / "appliance" / "standin" / "requests"
LIGHTS = """
[lights."kitchen light"]
pin = 17
[lights."desk lamp"]
pin = 18
kind = "dimmer"
[lights."bedroom lamp"]
kind = "rgb"
pins = [22, 23, 24]
"""
LIMIT_S = 30.0  # of anything that is waited for; nothing should take a tenth of it


def clip(name: str) -> tuple[bytes, int]:
    """One of the spoken requests that ship with the stand-in, and its rate."""
    with wave.open(str(REQUESTS / name), "rb") as file:
        return file.readframes(file.getnframes()), file.getframerate()


class Daemon:
    """`async with Daemon(toml)`: running and READY inside, stopped and reaped outside."""

    def __init__(
        self,
        toml: str,
        environment: Mapping[str, str] | None = None,
        state: str | None = None,
        arguments: tuple[str, ...] = (),
        before: tuple[str, ...] = (),
    ) -> None:
        """`before` is a command that runs the daemon as its own process: `ip netns exec NAME`."""
        self.arguments = arguments
        self.before = before
        self.place = Path(tempfile.mkdtemp(prefix="box-"))  # short: the path of a Unix socket is bounded
        self.socket = self.place / "control.sock"
        self.config = self.place / "appliance.toml"
        control = f'[control]\nsocket = "{self.socket}"\n'
        self.config.write_text(toml + control, encoding="utf-8")
        self.environment = dict(environment or os.environ) | {
            "GPIOZERO_PIN_FACTORY": "mock",
            "NOTIFY_SOCKET": str(self.place / "notify"),
            "STATE_DIRECTORY": state or str(self.place / "state"),
            "PYTHONWARNINGS": "error",
        }
        self.told: list[dict[str, object]] = []
        self.notes: list[str] = []
        self.log = ""
        self._changed = asyncio.Event()
        self._threads: list[threading.Thread] = []

    async def __aenter__(self) -> Daemon:
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(self.environment["NOTIFY_SOCKET"])
        self._notify.setblocking(False)
        asyncio.get_running_loop().add_reader(self._notify, self._note)
        self._log = (self.place / "log").open("wb")
        command = [*self.before, sys.executable, "-m", "appliance", "run", "--config", str(self.config)]
        command += self.arguments
        self.process = await asyncio.create_subprocess_exec(
            *command, env=self.environment, stdout=self._log, stderr=self._log
        )
        try:
            await self.until(lambda: "READY=1" in self.notes)
            self._watch()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._end()

    async def _end(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 10)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._notify)
        self._note()
        self._notify.close()
        self._log.close()
        self.log = (self.place / "log").read_text(encoding="utf-8", errors="replace")
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 5)
        shutil.rmtree(self.place, ignore_errors=True)

    def kept(self, files: Mapping[str, str]) -> None:
        """What a former life has left, before it starts."""
        directory = Path(self.environment["STATE_DIRECTORY"])
        for name, text in files.items():
            directory.mkdir(exist_ok=True)
            (directory / name).write_text(text, encoding="utf-8")

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        self.process.send_signal(number)
        status = await asyncio.wait_for(self.process.wait(), LIMIT_S)
        self._note()
        self.log = (self.place / "log").read_text(encoding="utf-8", errors="replace")
        return status

    # -- what it says ---------------------------------------------------------------------------------

    def _note(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):
            while True:
                self.notes += self._notify.recv(65536).decode().splitlines()
        self._changed.set()

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()

        def follow() -> None:
            with contextlib.suppress(Exception):
                for line in watch(self.socket):
                    loop.call_soon_threadsafe(self._tell, line)

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _tell(self, line: dict[str, object]) -> None:
        self.told.append(line)
        self._changed.set()

    async def until(self, there: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Wait for something the daemon says or its manager is told."""

        async def wait() -> None:
            while not there():
                self._changed.clear()
                gone = asyncio.create_task(self.process.wait())
                news = asyncio.create_task(self._changed.wait())
                await asyncio.wait({gone, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if gone.done() and not there():
                    log = (self.place / "log").read_text(encoding="utf-8", errors="replace")
                    raise AssertionError(f"the daemon ended with {gone.result()}:\n{log}")
                gone.cancel()

        try:
            await asyncio.wait_for(wait(), limit_s)
        except TimeoutError:
            log = (self.place / "log").read_text(encoding="utf-8", errors="replace")
            tail = "\n".join(json.dumps(t) for t in self.told[-20:])
            raise AssertionError(f"it did not come:\n{tail}\n{self.notes[-5:]}\n{log[-4000:]}") from None

    async def known(self, part: str) -> str:
        """What became of the microphone or speaker, once tried; it may have been told before we watched."""
        async with asyncio.timeout(LIMIT_S):
            while (found := str((await self.ask(do="status"))[part])) == "not opened yet":
                pass
        return found

    def of(self, kind: str) -> list[dict[str, object]]:
        return [told for told in self.told if told["kind"] == kind]

    # -- what is done to it ---------------------------------------------------------------------------

    async def ask(self, **body: object) -> dict[str, object]:
        return await asyncio.to_thread(request, self.socket, body)

    async def lights(self) -> dict[str, dict[str, object]]:
        lights = (await self.ask(do="lights"))["lights"]
        assert isinstance(lights, dict)
        return lights

    async def run(self, *words: str) -> tuple[int, str, str]:
        """One command as a person types it: exit status, stdout, stderr."""
        return await command(*words, "--config", str(self.config), environment=self.environment)


async def command(*words: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance", *words),
        env=dict(environment or os.environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), LIMIT_S)
    return process.returncode or 0, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def box(
    standin: StandIn,
    more: str = "",
    environment: Mapping[str, str] | None = None,
    backend: str = "memory",
    *,
    pins: bool = False,
    state: Mapping[str, str] | None = None,
) -> AsyncIterator[Daemon]:
    """A daemon that talks to this stand-in. `pins`: the environment says which; `state` is what it finds."""
    toml = f'[live]\nendpoint = "{standin.url}"\n[audio]\nbackend = "{backend}"\n{LIGHTS}{more}\n'
    daemon = Daemon(toml, environment)
    if pins and environment is not None:
        daemon.environment["GPIOZERO_PIN_FACTORY"] = environment["GPIOZERO_PIN_FACTORY"]
    daemon.kept(state or {})
    async with daemon:
        yield daemon


def no_traceback(text: str) -> None:
    assert "Traceback" not in text, text
