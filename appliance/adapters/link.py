"""The line to the service: one WebSocket at a time.

Knows how to dial, read, write and close. Must never know what the messages mean, when a link is wanted, or
how long to wait before the next try.

    dial ──► close the former ──► connect ──► LinkUp ──► Received* ──► LinkDown
                                     └──────────────── failed ────────────┘
    hang, or the next dial: the outbox is sent, then close 1000, and no LinkDown

A dial that is neither hung up nor followed by another ends in exactly one LinkDown. What is wrong with the
world becomes an event; what is wrong with us goes to `on_bug`, which by default ends the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from .. import __version__
from ..auth import Headers, Verdict
from ..core.audio import RATE_HZ
from ..core.events import Cause, Event, Garbled, LinkDown, LinkUp, Received
from ..core.messages import Audio, ClientMessage, Image
from ..core.wire import decode, encode
from ..errors import CredentialError, TokenError, WireError
from ..masking import clean
from .ending import ended, failure

OPEN_TIMEOUT_S = 10.0  # name, TCP, TLS and upgrade together; a far server over bad Wi-Fi takes 2 to 3
CLOSE_TIMEOUT_S = 2.0  # a courtesy: the next dial waits for it, and a person waits for the next dial
DRAIN_S = 2.0  # for what was said before hanging up; more than that the line does not take
MAX_FRAME_BYTES = 16 * 2**20  # the service states no limit; long transcripts exceed the library's 1 MiB
FRAMES_WAITING = 4  # beyond these the socket is not read: TCP then slows the service down
PING_INTERVAL_S = 30.0  # keeps middleboxes from forgetting us; pongs come up to 30 s late, so none is awaited
UNACKNOWLEDGED_MS = 30_000  # TCP_USER_TIMEOUT, tcp(7): a half-open line ends, however slow the pongs are
UNSENT_BYTES = 16_384  # TCP_NOTSENT_LOWAT, tcp(7): else the kernel hides up to 4 MiB, 90 s, of a stall
STALL_S = 10.0  # for one message: Wi-Fi that comes back does so in 2 to 5 s, and nobody waits for longer
SLACK_S = 1.0  # for a busy machine to notice that a time limit has passed

OUTBOX_S = 75  # the longest utterance, which a new link gets in one piece, and what is said meanwhile
CHUNKS_PER_S = 25
OUTBOX_BYTES = OUTBOX_S * CHUNKS_PER_S * len(encode(Audio(bytes(2 * RATE_HZ // CHUNKS_PER_S))))

EX_SOFTWARE = 70  # sysexits.h: an internal error, to be restarted

log = logging.getLogger(__name__)

# At DEBUG the library writes the request with its headers, and so the key. Hence a logger of its own.
library_log = logging.getLogger(f"{__name__}.library")


def service_url(endpoint: str, api_version: str, *, token: bool = False) -> str:
    """`wss://host` and `v1beta` to the URL of BidiGenerateContent; a path in `endpoint` is kept before it."""
    method = "BidiGenerateContentConstrained" if token else "BidiGenerateContent"
    return f"{endpoint.rstrip('/')}/ws/google.ai.generativelanguage.{api_version}.GenerativeService.{method}"


class Link:
    """One WebSocket at a time. Make it and use it on the loop thread; only `close` awaits.

    `headers` is called at each dial and may raise CredentialError or TokenError; `verdict` may name another
    cause of an end than the link itself, which knows no credentials; `clock` gives the time in words when the
    link is up. With a `path` the socket is a file of this machine, not the URL's host, and must be root's or
    our own. The time limits and `tls` are there for tests. `on_bug` gets every exception that
    is a mistake of ours, and must end the process.
    """

    def __init__(
        self,
        url: str,
        headers: Headers,
        post: Callable[[Event], None],
        *,
        version: str = __version__,
        verdict: Verdict | None = None,
        clock: Callable[[], str] = str,
        on_bug: Callable[[BaseException], None] | None = None,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        close_timeout_s: float = CLOSE_TIMEOUT_S,
        drain_s: float = DRAIN_S,
        stall_s: float = STALL_S,
        tls: ssl.SSLContext | None = None,
        path: Path | None = None,
    ) -> None:
        self._dialler = _Dialler(url, f"appliance/{version}", open_timeout_s, close_timeout_s, tls, path)
        self._headers = headers
        self._verdict = verdict
        self._clock = clock
        self._post = post
        self._on_bug = on_bug or _end_process
        self._close_timeout_s = close_timeout_s
        self._drain_s = drain_s
        self._stall_s = stall_s
        self._line: _Line | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0  # since the service last said something: the first is a warning

    def dial(self, link: int) -> None:
        """Close the former socket, then open this one. Answered by LinkUp or LinkDown."""
        if self._line is not None and self._line.wanted:
            self._line.outbox.clear()  # replaced without a farewell: nobody waits for what it had to say
            self._leave(self._line)
        line = self._line = _Line(link)
        line.task = asyncio.get_running_loop().create_task(self._run(line, self._tasks.copy()))
        self._tasks.add(line.task)
        line.task.add_done_callback(self._ended)

    def send(self, link: int, message: ClientMessage) -> None:
        """Queue one message for this link; silently dropped when another link is current.

        Audio beyond OUTBOX_BYTES aborts the link as STALLED; a higher sample rate has so much more. Nothing
        else counts towards the bound. Of pictures only the newest waits.
        """
        line = self._line
        if line is not None and line.number == link and line.wanted:
            text = encode(message)
            counted = len(text) * RATE_HZ // message.rate_hz if isinstance(message, Audio) else 0
            line.put(text, counted, alone=isinstance(message, Image))

    def hang(self, link: int, *, at_once: bool = False) -> None:
        """Send what is queued, for at most `drain_s`, then close with 1000; `at_once`: neither, as it is
        taken for dead. No event of this link follows."""
        line = self._line
        if line is None or line.number != link:
            return
        if at_once:
            line.outbox.clear()
        self._leave(line)
        if at_once and line.socket is not None:
            _abort(line.socket)

    async def close(self) -> None:
        """Hang up and wait for the end of every socket, bounded by the limits above."""
        if self._line is not None:
            self._leave(self._line)
        if self._tasks:
            limit_s = self._drain_s + self._close_timeout_s + SLACK_S
            _, late = await asyncio.wait(self._tasks, timeout=limit_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)

    def _leave(self, line: _Line) -> None:
        if not line.wanted:
            return
        line.wanted = False
        line.wake.set()
        if line.socket is not None:
            loop = asyncio.get_running_loop()
            line.limit = loop.call_later(self._drain_s, _abort, line.socket)
        elif line.task is not None:
            line.task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            self._on_bug(bug)

    async def _run(self, line: _Line, former: set[asyncio.Task[None]]) -> None:
        if former:
            await asyncio.wait(former)
        began = time.monotonic()
        try:
            found = self._headers()
            headers = found if isinstance(found, Mapping) else await found
        except (CredentialError, TokenError) as error:
            cause = Cause.NO_TOKEN if isinstance(error, TokenError) else Cause.CREDENTIAL
            self._down(line, cause, None, str(error), ())
            return
        secrets = tuple(headers.values())
        try:
            line.socket = await self._dialler.connect(headers)
        except (WebSocketException, OSError, UnicodeError, ImportError) as error:
            self._down(line, *failure(error, dated=bool(self._clock())), secrets)
            return
        log.info("link %d up in %.0f ms", line.number, 1000 * (time.monotonic() - began))
        self._tell(line, LinkUp(line.number, self._clock()))
        closed = await self._converse(line, line.socket)
        self._down(line, *ended(closed, stalled=line.stalled), secrets)

    async def _converse(self, line: _Line, ws: ClientConnection) -> ConnectionClosed:
        """Read and write until the socket is closed, by whomever."""
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._write(line, ws))
                closed = await self._read(line, ws)
                line.over = True
                line.wake.set()
            return closed
        finally:
            _abort(ws)  # does nothing when closed; a bug or a cancellation leaves no socket behind
            if line.limit is not None:
                line.limit.cancel()

    async def _read(self, line: _Line, ws: ClientConnection) -> ConnectionClosed:
        try:
            while True:
                # Bytes in any case: a text frame that is not UTF-8 is one lost message, not the end.
                frame = await ws.recv(decode=False)
                try:
                    event: Event = Received(line.number, decode(frame))
                    self._failures = 0
                    line.greeted = True
                except WireError as error:
                    event = Garbled(line.number, str(error))
                self._tell(line, event)
        except ConnectionClosed as closed:
            return closed

    async def _write(self, line: _Line, ws: ClientConnection) -> None:
        try:
            while (text := await line.next()) is not None:
                if not await self._sent(line, ws, text):
                    return
            if line.limit is not None:
                line.limit.cancel()
            async with asyncio.timeout(self._close_timeout_s):  # the library's own starts after its flush
                await ws.close()
        except TimeoutError:
            _abort(ws)
        except ConnectionClosed:
            pass  # the reader says so

    async def _sent(self, line: _Line, ws: ClientConnection, text: str) -> bool:
        """Whether the line took it in time. What is cut off in the middle dies with its socket."""
        try:
            async with asyncio.timeout(self._stall_s):
                await ws.send(text)
        except TimeoutError:
            line.stall()
            return False
        except AttributeError:
            if not ws.transport.is_closing():
                raise
            return False  # as in _abort, but out of the library; the reader says how the line ended
        return True

    def _tell(self, line: _Line, event: Event) -> None:
        if line.wanted:
            self._post(event)

    def _down(
        self, line: _Line, cause: Cause, code: int | None, reason: str, secrets: tuple[str, ...]
    ) -> None:
        line.over = True
        if self._verdict is not None:
            cause = self._verdict(cause, code, reason, greeted=line.greeted)
        if not line.wanted:
            log.info("link %d hung up", line.number)
            return
        line.wanted = False
        self._failures += 1
        reason = clean(reason, secrets)
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        log.log(level, "link %d down: %s %s %s", line.number, cause, "" if code is None else code, reason)
        self._post(LinkDown(line.number, cause, code, reason))


class _Line:
    """One dial: what waits to be sent, and whether anybody still wants it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.outbox: deque[tuple[str, int]] = deque()  # text, and how many bytes of 16 kHz it counts for
        self.audio_bytes = 0
        self.alone = ("", 0)  # the last message of which only the newest is wanted
        self.wake = asyncio.Event()
        self.wanted = True  # until hung up, replaced or down: then nothing more is said about it
        self.over = False  # the socket is closed
        self.greeted = False  # the service has said something
        self.stalled = False
        self.socket: ClientConnection | None = None
        self.task: asyncio.Task[None] | None = None
        self.limit: asyncio.TimerHandle | None = None

    def put(self, text: str, counted: int = 0, *, alone: bool = False) -> None:
        if alone and self.alone in self.outbox:  # the line is slow: nobody needs the older one
            self.outbox.remove(self.alone)
        if self.audio_bytes + counted > OUTBOX_BYTES:
            self.stall()
        if not self.stalled:
            self.audio_bytes += counted
            self.outbox.append((text, counted))
            self.alone = self.outbox[-1] if alone else self.alone
            self.wake.set()

    def stall(self) -> None:
        self.stalled = True
        self.outbox.clear()
        self.wake.set()
        if self.socket is not None:
            _abort(self.socket)

    async def next(self) -> str | None:
        """The next text to send; None when there is no more and never will be."""
        while not self.outbox:
            if self.over or self.stalled or not self.wanted:
                return None
            self.wake.clear()
            await self.wake.wait()
        text, counted = self.outbox.popleft()
        self.audio_bytes -= counted
        return text


class _Connect(connect):
    """The library's connect without redirects: it would take our key along to another host."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _Dialler:
    """How a WebSocket to this URL is opened."""

    def __init__(
        self,
        url: str,
        agent: str,
        open_timeout_s: float,
        close_timeout_s: float,
        tls: ssl.SSLContext | None,
        path: Path | None = None,
    ) -> None:
        self._url = url
        self._agent = agent
        self._open_timeout_s = open_timeout_s
        self._close_timeout_s = close_timeout_s
        if tls is None and urlsplit(url).scheme == "wss":
            tls = ssl.create_default_context()  # once: loading the authorities takes a Pi 100 ms
        self._tls = tls
        self._where: dict[str, Any] = {} if path is None else {"unix": True, "path": str(path), "proxy": None}

    async def connect(self, headers: Mapping[str, str]) -> ClientConnection:
        """An open WebSocket, or one of the exceptions that `_failure` knows."""
        if library_log.getEffectiveLevel() < logging.INFO:
            library_log.setLevel(logging.INFO)
        if "path" in self._where:
            _check(self._where["path"])
        ws = await _Connect(
            self._url,
            additional_headers=headers,
            user_agent_header=self._agent,
            compression=None,  # base64 of noise: costs a Pi more than it saves
            open_timeout=self._open_timeout_s,
            close_timeout=self._close_timeout_s,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=None,
            max_size=MAX_FRAME_BYTES,
            max_queue=FRAMES_WAITING,
            logger=library_log,
            ssl=self._tls,
            **self._where,
        )
        tcp = ws.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):  # without them a dead line is noticed late, but noticed
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        return ws


def _check(path: str) -> None:
    """Whose file it is: what is said in the room is not for just anybody. Raises OSError.

    Not who listens on it (SO_PEERCRED): that changes when a socket of systemd is listened on once more.
    """
    if os.lstat(path).st_uid not in (0, os.getuid()):
        raise OSError("the socket is somebody else's")


def _abort(ws: ClientConnection) -> None:
    """Drop the connection, if there still is one: Python 3.11's transport stumbles over one just lost."""
    with contextlib.suppress(AttributeError):
        ws.transport.abort()


def _end_process(bug: BaseException) -> None:
    """The service manager restarts a daemon that ended; it cannot see one that lost a task."""
    log.critical("a bug ends the daemon", exc_info=bug)
    raise SystemExit(EX_SOFTWARE) from bug
