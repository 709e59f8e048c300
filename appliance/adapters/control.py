"""The local control socket: JSON lines over a Unix stream socket; the daemon's end (see caller.py).

Knows the requests, their limits and who is connected. Must never know what the daemon does about a request.

    client   {"do": "status"}                                     {"do": "talk", "hold_s": 2.5}
    daemon   {"ok": true, ...}                                    {"ok": false, "error": ..., "remedy": ...}
    client   {"do": "watch"}
    daemon   {"ok": true}, then {"kind": ..., "at": ..., ...} one a line until the client leaves

One request a line, one after the other. Whoever may open the socket file may ask: it belongs to the daemon's
user and group, mode 0660. Whatever is written to it, the daemon answers or hangs up, and goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import enum
import itertools
import json
import logging
import math
import socket
import stat
import sys
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ..asking import LINE_BYTES, Refused, parse
from ..core.events import Ask, Asked, Event, Request, Say, Status
from ..core.vitals import Vitals
from ..errors import ControlError

TOO_LONG = b" " * (LINE_BYTES + 1)
CONNECTIONS = 8  # one for each person in the room who watches, and some to spare
WATCHERS = 4
OUTSTANDING = 16  # asks that the daemon has not answered: more means that it does not answer at all
IDLE_S = 30.0  # a client that says nothing gives its place to another
REPLY_S = 10.0  # the daemon answers at once, and a light within a second
ANSWER_S = 300.0  # what the model answers has to be spoken first; the core has limits of its own
CLOSE_S = 1.0  # for the last line to be read
WATCH_LINES = 256  # half a minute of the liveliest conversation
WATCH_BYTES = 16_384  # beyond these the lines wait in the watcher's own bound
PROBE_S = 1.0
EX_SOFTWARE = 70  # sysexits.h: an internal error, to be restarted


log = logging.getLogger(__name__)


class Control:
    """The daemon's end. Use it on the loop thread.

    `post` gets Asked with a fresh number for each request; `reply` answers it. `on_bug` gets every
    exception that is a mistake of ours, and must end the process, as it does by default. `listener` is a
    socket on which somebody listens for us already, and whose file is theirs. `vitals` are looked at for
    each question after the status, and at no other time.
    """

    def __init__(
        self,
        path: Path,
        post: Callable[[Event], None],
        *,
        listener: socket.socket | None = None,
        on_bug: Callable[[BaseException], None] | None = None,
        idle_s: float = IDLE_S,
        reply_s: float = REPLY_S,
        vitals: Callable[[], Vitals] = Vitals,
    ) -> None:
        self._path = path
        self._given = listener
        self._post = post
        self._on_bug = on_bug or end_process
        self._idle_s = idle_s
        self._reply_s = reply_s
        self._vitals = vitals
        self._numbers = itertools.count(1)
        self._asks: dict[int, asyncio.Future[bytes]] = {}
        self._watchers: set[_Watcher] = set()
        self._connections: set[asyncio.Task[None]] = set()
        self._listening: tuple[asyncio.Server, int | None] | None = None  # and the inode of the socket file

    async def start(self) -> None:
        """Listen. A socket file that nobody listens on is replaced; raises ControlError on any other."""
        listener = self._given or listen(self._path)
        listener.setblocking(False)
        keep: dict[str, Any] = (
            {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        )  # we do, if ours
        server = await asyncio.start_unix_server(self._accept, sock=listener, limit=LINE_BYTES, **keep)
        self._listening = server, None if self._given else self._path.lstat().st_ino
        log.info("control socket: %s", listener.getsockname())

    async def answer(self, line: bytes) -> bytes:
        """The answer to a request that came another way: the same requests, within the same limits."""
        try:
            request = parse(line)
        except Refused as refused:
            return _refusal(*refused.args)
        if request is None:
            return _refusal("a watch is no question", "it is for the control socket")
        return await self._ask(request)

    def reply(self, ask: int, body: Mapping[str, object]) -> None:
        """Answer a request, once. An answer that nobody waits for any more is dropped."""
        line = _line(body)
        future = self._asks.pop(ask, None)
        if future is not None and not future.done():
            future.set_result(line)

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        """Say something to all watchers. Raises TypeError on what has no place in JSON, watched or not."""
        line = _line({**fields, "kind": kind, "at": _now()}, first=("kind", "at"))
        for watcher in self._watchers:
            watcher.put(line)

    async def stop(self) -> None:
        """Hang up on everybody and remove the socket file. May be called twice, or without a start."""
        if self._listening is None:
            return
        (server, inode), self._listening = self._listening, None
        server.close()
        with contextlib.suppress(FileNotFoundError):
            if inode is not None and self._path.lstat().st_ino == inode:  # else it is the next daemon's
                self._path.unlink()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= CONNECTIONS:
            writer.write(_refusal(f"{CONNECTIONS} clients are connected already", "try again later"))
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._connections.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            self._on_bug(bug)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (line := await self._next(reader)) is not None:
                try:
                    request = parse(line)
                except Refused as refused:
                    writer.write(_refusal(*refused.args))
                    if line == TOO_LONG:
                        return
                else:
                    if request is None:
                        await self._show(reader, writer)
                        return
                    writer.write(await self._ask(request))
                async with asyncio.timeout(self._idle_s):
                    await writer.drain()
        except OSError as error:  # they left, or do not read: TimeoutError is one
            log.debug("a client left: %s", error)
        finally:
            await _close(writer)

    async def _next(self, reader: asyncio.StreamReader) -> bytes | None:
        """The next line; None at the end or after too long a silence; TOO_LONG for one that is."""
        try:
            async with asyncio.timeout(self._idle_s):
                return await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as rest:
            return rest.partial or None
        except asyncio.LimitOverrunError:
            return TOO_LONG
        except TimeoutError:
            return None

    async def _ask(self, request: Request) -> bytes:
        if len(self._asks) >= OUTSTANDING:
            return _refusal(f"{OUTSTANDING} requests wait for an answer already", "see the daemon's log")
        if isinstance(request, Status):
            request = Status(self._vitals())
        limit_s = ANSWER_S if isinstance(request, Ask | Say) else self._reply_s
        ask = next(self._numbers)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asks[ask] = answer
        self._post(Asked(ask, request))
        try:
            async with asyncio.timeout(limit_s):
                return await answer
        except TimeoutError:
            log.warning("no answer to %s in %g s", type(request).__name__, limit_s)
            return _refusal(f"the daemon gave no answer in {limit_s:g} s", "see the daemon's log")

    async def _show(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Stream what is told until the client leaves."""
        if len(self._watchers) >= WATCHERS:  # who asks for the status must still get in
            writer.write(_refusal(f"{WATCHERS} people watch already", "let one of them go"))
            return
        watcher = _Watcher()
        writer.transport.set_write_buffer_limits(high=WATCH_BYTES)
        writer.write(_line({"ok": True}))
        self._watchers.add(watcher)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_until_gone(reader, writer, watcher))
                with contextlib.suppress(OSError):
                    while (line := await watcher.next()) is not None:
                        writer.write(line)
                        await writer.drain()
        finally:
            self._watchers.discard(watcher)


class _Watcher:
    """What one watcher has still to be told; the oldest lines go first when it does not keep up."""

    def __init__(self) -> None:
        self._lines: deque[bytes] = deque()
        self._lost = 0
        self._wake = asyncio.Event()
        self._gone = False

    def put(self, line: bytes) -> None:
        if len(self._lines) >= WATCH_LINES:
            self._lines.popleft()
            self._lost += 1
        self._lines.append(line)
        self._wake.set()

    def leave(self) -> None:
        self._gone = True
        self._wake.set()

    async def next(self) -> bytes | None:
        """The next line, or how many are missing before it; None when the client has left."""
        while not self._lines and not self._gone:
            self._wake.clear()
            await self._wake.wait()
        if self._gone:
            return None
        if self._lost:
            lost, self._lost = self._lost, 0
            return _line({"kind": "lost", "at": _now(), "what": "lines of this watch", "count": lost})
        return self._lines.popleft()


async def _until_gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, watcher: _Watcher) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(LINE_BYTES):
            pass  # a watcher has nothing to say
    watcher.leave()
    writer.transport.abort()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_S):
            await writer.wait_closed()
    except OSError:  # TimeoutError is one: they do not read, or are gone
        writer.transport.abort()


def listen(path: Path) -> socket.socket:
    """A socket bound to this path, mode 0660 before anybody can connect."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _clear(path)
        listener.bind(str(path))
        path.chmod(0o660)
    except OSError as error:
        listener.close()
        raise ControlError(
            f"the control socket {path} cannot be made: {error.strerror or error}; "
            "run as a service, or set control.socket to a path that you may write to"
        ) from error
    except ControlError:
        listener.close()
        raise
    return listener


def _clear(path: Path) -> None:
    """Remove the socket file of a dead daemon; raise ControlError when somebody listens there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ControlError(f"{path} is no socket; remove it, or set control.socket to another path")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except (TimeoutError, BlockingIOError):
            pass  # its queue is full: alive, if not well
    raise ControlError(f"another daemon is running and listens on {path}; stop it first")


# -- JSON -------------------------------------------------------------------------------------------


def _line(body: Mapping[str, object], first: tuple[str, ...] = ()) -> bytes:
    ordered = {key: body[key] for key in first} | dict(body)
    return json.dumps(plain(ordered), separators=(",", ":")).encode("ascii") + b"\n"


def plain(value: object) -> object:
    """What JSON can hold, made of what our own types hold. Raises TypeError on anything else.

    Fields of dataclasses that are kept out of the repr are secrets, and kept out here too.
    """
    match value:
        case enum.Enum():
            return plain(value.value)
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                raise TypeError("a key that is not a text")
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.repr}
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _refusal(error: str, remedy: str) -> bytes:
    return _line({"ok": False, "error": error, "remedy": remedy})


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def end_process(bug: BaseException) -> None:
    """The service manager restarts a daemon that ended; it cannot see one that lost a task."""
    log.critical("a bug ends the daemon", exc_info=bug)
    raise SystemExit(EX_SOFTWARE) from bug
