"""Bad weather below the protocol: pongs that are late, a line that is frozen, cut or slow.

Knows: the socket under a connection.
Must never know: messages; when it strikes is said by whoever uses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from functools import partial

from websockets.asyncio.server import Server, ServerConnection
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

RESET = -1  # in place of a close code: a TCP reset
DROP = 0  # the end of the TCP connection without a close frame


class Socket(ServerConnection):
    """A server's connection whose pongs come `pong_delay_s` late; never, where that is negative."""

    def __init__(
        self, protocol: ServerProtocol, server: Server, *, pong_delay_s: float = 0.0, **limits: object
    ) -> None:
        super().__init__(protocol, server, **limits)  # type: ignore[arg-type]  # the library's own
        if pong_delay_s:
            take = protocol.recv_frame
            protocol.recv_frame = partial(self._take, take, pong_delay_s)  # type: ignore[method-assign]

    def _take(self, take: Callable[[Frame], None], delay_s: float, frame: Frame) -> None:
        if frame.opcode is not Opcode.PING:
            take(frame)
        elif delay_s > 0:
            self.loop.call_later(delay_s, self._answer, bytes(frame.data))

    def _answer(self, payload: bytes) -> None:
        with contextlib.suppress(Exception):  # the connection may be over by now, in any of its ways
            self.protocol.send_pong(payload)
            self.send_data()


def freeze(ws: ServerConnection) -> None:
    """Half-open: the kernel acknowledges what its buffers take; nobody reads, nobody answers a ping."""
    ws.transport.pause_reading()


def cut(ws: ServerConnection, *, reset: bool) -> None:
    """End the TCP connection without a close frame: by a reset, or by the end of the stream."""
    if reset and (tcp := ws.transport.get_extra_info("socket")) is not None:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # socket(7)
    ws.transport.abort()


async def pace(size: int, bytes_per_s: float) -> None:
    """Take as long as so many bytes take on so slow a line; 0 is no limit."""
    if bytes_per_s > 0:
        await asyncio.sleep(size / bytes_per_s)
