"""Lives of a daemon that begin and end in one place, as they do on a box: the same configuration, the same
state directory, the same socket file. Each may be killed at any moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from appliance.caller import request
from appliance.errors import ControlError

LIMIT_S = 60.0  # of anything that is waited for; a busy machine is slow to start a process
INITIAL = {"kitchen light": "on", "hall lamp": "off", "desk lamp": "off"}
LIGHTS = """
[lights."kitchen light"]
pin = 17
initial = "on"
[lights."hall lamp"]
pin = 27
active = "low"
[lights."desk lamp"]
pin = 18
kind = "dimmer"
"""


def names() -> list[str]:
    """The names of all state files, as the package says where it keeps and where it loads a value."""
    package = Path(__file__).parents[2] / "appliance"
    said = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    kept = set(re.findall(r'\bKeep\("(\w+)"', said)) | set(re.findall(r'\.load\("(\w+)"', said))
    return sorted(kept - {"fan"})  # an example in a docstring


class Place:
    """Where the lives are lived. `state` may be anything, a mounted disk too."""

    def __init__(self, url: str, state: Path | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="cut-"))  # short: the path of a Unix socket is bounded
        self.state = state or self.home / "state"
        self.socket = self.home / "control.sock"
        self.config = self.home / "appliance.toml"
        toml = f'[live]\nendpoint = "{url}"\n[audio]\nbackend = "memory"\n[turns]\nfollow_up_s = 0.0\n'
        toml += f'[privacy]\nremember = "disk"\n{LIGHTS}\n[control]\nsocket = "{self.socket}"\n'
        self.config.write_text(toml, encoding="utf-8")

    def close(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Place:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def files(self) -> set[str]:
        with contextlib.suppress(OSError):
            return {path.name for path in self.state.iterdir()}
        return set()

    @contextlib.asynccontextmanager
    async def life(self) -> AsyncIterator[Life]:
        """A daemon from its first moment on; what is left of it at the end is killed."""
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify,
            (self.home / "log").open("wb") as log,
        ):
            address = self.home / "notify"
            address.unlink(missing_ok=True)
            notify.bind(str(address))
            notify.setblocking(False)
            environment = {
                **os.environ,
                "GPIOZERO_PIN_FACTORY": "mock",
                "NOTIFY_SOCKET": str(address),
                "STATE_DIRECTORY": str(self.state),
                "PYTHONWARNINGS": "error",
            }
            command = [sys.executable, "-m", "appliance", "run", "--config", str(self.config)]
            process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
            life = Life(self, process, notify)
            try:
                yield life
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


class Life:
    def __init__(self, place: Place, process: asyncio.subprocess.Process, notify: socket.socket) -> None:
        self.place, self.process, self._notify = place, process, notify

    @property
    def log(self) -> str:
        return (self.place.home / "log").read_text(encoding="utf-8", errors="replace")

    @property
    def is_over(self) -> bool:
        return self.process.returncode is not None

    async def ready(self) -> bool:
        """Whether it came so far."""
        said = asyncio.create_task(self._said())
        over = asyncio.create_task(self.process.wait())
        await asyncio.wait({said, over}, timeout=LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        came, ended = said.done(), over.done()
        said.cancel()
        over.cancel()
        assert came or ended, f"it neither gets ready nor ends:\n{self.log}"
        return came

    async def _said(self) -> None:
        while b"READY=1" not in await asyncio.get_running_loop().sock_recv(self._notify, 65_536):
            pass

    async def ask(self, **body: object) -> dict[str, object] | None:
        """What it answers; None where it does not live to."""
        try:
            return await asyncio.to_thread(request, self.place.socket, body, LIMIT_S)
        except (ControlError, OSError):
            await asyncio.wait_for(self.process.wait(), LIMIT_S)  # it answers, or it is dead
            return None

    async def lights(self) -> dict[str, str] | None:
        if (answer := await self.ask(do="lights")) is None:
            return None
        lights = answer["lights"]
        assert isinstance(lights, dict)
        return {name: str(shown["power"]) for name, shown in lights.items()}

    async def stop(self) -> int:
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), LIMIT_S)
