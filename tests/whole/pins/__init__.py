"""Pins of a daemon in another process: a finger drives them, and whoever looks sees what they show.

gpiozero's own mock pins live inside one process. This makes them known to the daemon's gpiozero as a pin
library of its own (an entry point, as any package may have), and speaks with them over a socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
NAME = "roompins"
LIMIT_S = 30.0
LISTENED = -1.0  # told in place of a level


class Pins:
    """`async with` it, and start a daemon in its `environment`."""

    def __init__(self) -> None:
        self.shown: dict[int, list[float]] = {}
        self._place = Path(tempfile.mkdtemp(prefix="pins-"))
        self._changed = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "GPIOZERO_PIN_FACTORY": NAME,
            "ROOM_PINS": str(self._place / "pins"),
            "PYTHONPATH": str(self._place),
        }

    async def __aenter__(self) -> Pins:
        shutil.copy(HERE / "library.py", self._place / f"{NAME}.py")
        known = self._place / f"{NAME}-1.dist-info"
        known.mkdir()
        (known / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1\n", "ascii")
        (known / "entry_points.txt").write_text(
            f"[gpiozero_pin_factories]\n{NAME} = {NAME}:RoomFactory\n", "ascii"
        )
        self._server = await asyncio.start_unix_server(self._serve, self._place / "pins")
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._server.close()
        if self._writer is not None:
            self._writer.close()
        shutil.rmtree(self._place, ignore_errors=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                number, value = line.split()
                self.shown.setdefault(int(number), []).append(float(value))
                self._changed.set()

    async def until(self, there: Callable[[], object]) -> None:
        """Wait for what the pins show."""
        async with asyncio.timeout(LIMIT_S):
            while not there():
                self._changed.clear()
                await self._changed.wait()

    async def ready(self, number: int) -> None:
        """Until somebody listens to this button: an edge before that would be heard by nobody."""
        await self.until(lambda: LISTENED in self.shown.get(number, []))

    def drive(self, number: int, *levels: int) -> None:
        """Contacts: one level after the other, as fast as they bounce."""
        assert self._writer is not None, "the daemon has no pins"
        for level in levels:
            self._writer.write(f"{number} {level}\n".encode())
