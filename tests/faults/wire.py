"""A stretch of network between a box and its service that can be broken at will: real TCP, both ways.

`hold` stalls everything (a Wi-Fi that is away for a moment), `refuse` is a port that nobody listens on, `cut`
ends what is open.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct


class Wire:
    """`async with Wire(port)`: listens on `port` of its own, and carries to the other."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._passing = asyncio.Event()
        self._passing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.accepted = 0
        self.changed = asyncio.Event()

    async def __aenter__(self) -> Wire:
        await self.restore()
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.refuse()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def refuse(self) -> None:
        """Listen no more; what is open stays open."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def restore(self) -> None:
        """As good as new."""
        self._passing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def hold(self) -> None:
        """Carry nothing until restored; connections are accepted, as a kernel does."""
        self._passing.clear()

    def cut(self, *, reset: bool = False) -> None:
        """End every connection."""
        for writer in list(self._writers):
            _reset(writer) if reset else writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.changed.set()
        self._writers.add(writer)
        try:
            await self._passing.wait()
            with contextlib.suppress(OSError):
                there, away = await asyncio.open_connection("127.0.0.1", self._target)
                self._writers.add(away)
                both = [self._carry(reader, away), self._carry(there, writer)]
                tasks = [asyncio.create_task(way) for way in both]
                self._tasks.update(tasks)
                for task in tasks:
                    task.add_done_callback(self._tasks.discard)
                await asyncio.wait(tasks)
                self._writers.discard(away)
                away.close()
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                await self._passing.wait()
                writer.write(piece)
                await writer.drain()
            writer.write_eof()
        except OSError:  # reset at one end is reset at the other
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    if (tcp := writer.get_extra_info("socket")) is not None:
        with contextlib.suppress(OSError):
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # socket(7)
    writer.transport.abort()
