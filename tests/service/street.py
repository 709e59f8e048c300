"""What a box is put among: a stand-in for the service and a sound server, both of this machine.

Somebody speaks into the virtual microphone, and the box in its own machine hears it through the bound socket.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from appliance.standin.server import Options, StandIn

from ..soundserver import SoundServer
from ..whole.house import clip

KEY = "AIzaSyTheKeyOfATestThatNobodyMaySee-123"
SOUND = "/srv/sound"  # where a machine sees the sound server's socket
LIGHTS = """
[lights."kitchen light"]
pin = 17
[lights."desk lamp"]
pin = 18
kind = "dimmer"
"""


class Street:
    """`with Street() as street`: both are there inside."""

    def __enter__(self) -> Street:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.standin = StandIn(Options(playback_wait=0.0, key=KEY))
        self._do(self.standin.__aenter__())
        self.sound = SoundServer()
        self.sound.__enter__()
        self.socket = Path(tempfile.mkdtemp(prefix="sock-"))
        self.socket.chmod(0o755)
        path = f"socket={self.socket}/native"
        self.sound.control("load-module", "module-native-protocol-unix", path, "auth-anonymous=1")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.sound.__exit__(kind, error, trace)
        for path in self.socket.iterdir():
            path.unlink()
        self.socket.rmdir()
        self._do(self.standin.__aexit__(kind, error, trace))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _do(self, coroutine: object) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)  # type: ignore[arg-type]

    @property
    def toml(self) -> str:
        """The settings of a box that lives here."""
        return f'[live]\nendpoint = "{self.standin.url}"\n{LIGHTS}'

    def say(self, name: str) -> None:
        """Speak one of the recorded requests into the microphone."""
        self.sound.speak(*clip(name))
