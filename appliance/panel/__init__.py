"""The panel: one small page for a browser, on this machine or at home.

    gate     who may come in            gauge    level and speech, while somebody looks
    pages    what is sent to all        checkup  the doctor
    guest    what one page is told

Knows HTTP and the WebSocket of the page. Must never decide anything about the box: it passes on the requests
of the control socket, and its events. Without a guest it costs nothing.

    browser  {"id": 3, "do": "lights", "name": "desk lamp", "change": "40"}
    box      {"id": 3, "ok": true, ...}          {"kind": "phase", "mood": "listening", "at": ...}
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from ..adapters.control import Control, end_process, plain
from ..adapters.systemd import PANEL_REMEDY, panel_password
from ..asking import LINE_BYTES
from ..core.effects import Effect
from ..core.events import Event
from ..errors import ConfigError, Problem
from ..settings import Config, Panel
from .checkup import Checkup
from .gate import Entered, Gate
from .gauge import Gauge
from .guest import Guest
from .pages import files, response

CONNECTIONS = 16  # a browser opens six at once for the files of a page
GUESTS = 4
OPEN_S = 5.0  # for a request to arrive in
STALL_S = 10.0  # whoever does not read for so long has gone
ALIVE_S = 20.0  # between two looks whether the other end is still there
WRITE_BYTES = 16_384
RETRY_S = 10.0
SILENT = ("transcript", "code", "result", "sources", "call", "answer", "unknown")  # the words of the room

Ask = Callable[[bytes], Awaitable[bytes]]
Told = Callable[[str, Mapping[str, object]], None]
Watch = Callable[[Event, tuple[Effect, ...], float], None]

log = logging.getLogger(__name__)
quiet = logging.getLogger(f"{__name__}.wire")
quiet.setLevel(logging.CRITICAL)  # what strangers send is nothing to write about


def password(config: Config) -> str | None:
    """The password, if there is one. Raises ConfigError where strangers could come in without."""
    panel, word = config.panel, panel_password()
    if word is None and not ipaddress.ip_address(panel.host).is_loopback:
        allowed = f"'127.0.0.1' without a password; for others {PANEL_REMEDY}"
        raise ConfigError((Problem(config.file, "panel.host", f"{panel.host!r}", allowed),))
    return word


def panel(config: Config, control: Control, telling: list[Told], watching: list[Watch]) -> Server:
    """As configured. Raises ConfigError and CredentialError."""
    word = password(config)
    gate = Gate(word, port=config.panel.port, names=own_names() if word else ())
    checkup = Checkup(config.file if config.file != Config().file else "")
    return Server(config.panel, gate, control.answer, telling, watching, checkup)


def own_names() -> tuple[str, str]:
    """What this machine is called at home."""
    name = socket.gethostname().partition(".")[0]
    return name, f"{name}.local"


class Server:
    """`start`, then `run` until cancelled. `ask` answers one line as the control socket does; `telling` and
    `watching` are where whoever wants to be told puts himself: of what people are told, and of every event.
    """

    def __init__(
        self,
        panel: Panel,
        gate: Gate,
        ask: Ask,
        telling: list[Told],
        watching: list[Watch],
        checkup: Checkup,
        *,
        on_bug: Callable[[BaseException], None] = end_process,
        retry_s: float = RETRY_S,
    ) -> None:
        self._panel = panel
        self._gate = gate
        self._ask = ask
        self._telling = telling
        self._watching = watching
        self._checkup = checkup
        self._on_bug = on_bug
        self._files = files()
        self._guests: set[Guest] = set()
        self._letting_go: set[asyncio.Future[bytes]] = set()
        self._open = 0
        self._listening: WebSocketServer | None = None
        self._refused = False
        self._retry_s = retry_s
        self._gauge = Gauge(self._heard)

    async def start(self) -> None:
        """Listen, if the address can be had; else `run` tries again: a page is no reason to end the box."""
        try:
            self._listening = await self._listen()
        except OSError as error:
            level = logging.DEBUG if self._refused else logging.WARNING
            reason = error.strerror or str(error)
            log.log(level, "no panel at %s: %s; see [panel] host and port", _place(self._panel), reason)
            self._refused = True
        else:
            log.info("panel: http://%s/", _place(self._panel))

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while self._listening is None:
                await asyncio.sleep(self._retry_s)
                await self.start()
            await asyncio.get_running_loop().create_future()
        finally:
            if self._listening is not None:
                self._listening.close()
                await self._listening.wait_closed()

    async def _listen(self) -> WebSocketServer:
        return await serve(
            self._receive,
            self._panel.host,
            self._panel.port,
            process_request=self._request,
            create_connection=self._counted(),
            compression=None,  # a window of 32 KB for each guest
            open_timeout=OPEN_S,
            ping_interval=ALIVE_S,
            ping_timeout=ALIVE_S,
            close_timeout=1.0,
            max_size=LINE_BYTES,
            max_queue=2,
            write_limit=WRITE_BYTES,
            server_header=None,
            logger=quiet,
            reuse_address=True,
        )

    def _counted(self) -> type[ServerConnection]:
        """Connections that count themselves, from before their first byte."""
        panel = self

        class Counted(ServerConnection):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                panel._open += 1
                if panel._open > CONNECTIONS:
                    self.transport.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                panel._open -= 1
                super().connection_lost(exc)

        return Counted

    # -- HTTP -----------------------------------------------------------------------------------------

    def _request(self, connection: ServerConnection, request: Request) -> Response | None:
        """An answer, or None for a WebSocket that may be opened. Bugs end the daemon, as everywhere."""
        try:
            return self._answer(request)
        except Exception as bug:
            self._on_bug(bug)
            raise

    def _answer(self, request: Request) -> Response | None:
        asked = _Asked(request)
        if (
            getattr(request, "method", "GET") != "GET"
        ):  # of websockets, only the later ones let others through
            return response(405, Allow="GET")
        if not self._gate.is_ours(asked.one("Host")):
            return response(403, b"This box has another name. Use its address.\n")
        path = request.path.partition("?")[0]
        if path in self._files:
            body, kind = self._files[path]
            return response(200, body, kind)
        if path not in ("/session", "/leave", "/live"):
            return response(404, b"There is nothing here.\n")
        if not self._is_from_us(asked, must=path == "/live"):
            return response(403, b"This is for the page of the box alone.\n")
        cookies = asked.one("Cookie")
        match path:
            case "/session":
                return self._session(asked.one("Authorization"), cookies)
            case "/leave":
                return response(204, Set_Cookie=self._gate.leave(cookies))
        if not self._gate.admits(cookies):
            return response(401, b"First the password.\n")
        if len(self._guests) >= GUESTS:
            return response(503, b"Too many pages are open.\n")
        return None

    def _is_from_us(self, asked: _Asked, *, must: bool) -> bool:
        origin = asked.one("Origin")
        if origin is None:
            return not must and asked.one("Sec-Fetch-Site") in (None, "same-origin")
        return self._gate.is_from_us(origin, asked.one("Host"))

    def _session(self, authorization: str | None, cookies: str | None) -> Response:
        if authorization is None:
            return response(204) if self._gate.admits(cookies) else response(401)
        match self._gate.enter(authorization):
            case Entered(cookie):
                return response(204, Set_Cookie=cookie)
            case turned:
                if not turned.wait_s:
                    log.warning("panel: a wrong password")
                    return response(403)
                return response(429, Retry_After=str(round(turned.wait_s + 0.5)))

    # -- guests ---------------------------------------------------------------------------------------

    async def _receive(self, connection: ServerConnection) -> None:
        if len(self._guests) >= GUESTS:  # two came at once
            await connection.close(1013)
            return
        guest = Guest()
        tasks: set[asyncio.Task[None]] = set()

        def begin(work: Awaitable[None]) -> None:
            task = asyncio.ensure_future(work)
            tasks.add(task)
            task.add_done_callback(ended)

        def ended(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            if not task.cancelled() and (bug := task.exception()) is not None:
                self._on_bug(bug)

        self._join(guest)
        begin(_write(connection, guest))
        try:
            async for text in connection:
                await guest.room.acquire()
                begin(self._do(guest, text))
        except ConnectionClosed:
            pass
        finally:
            self._part(guest)
            for task in list(tasks):
                task.cancel()
            if guest.presses:  # a finger that has gone has let go
                letting_go = asyncio.ensure_future(self._ask(b'{"do": "release"}'))
                self._letting_go.add(letting_go)
                letting_go.add_done_callback(self._letting_go.discard)

    async def _do(self, guest: Guest, text: str | bytes) -> None:
        """One request of a page. The number is the page's own, and comes back with the answer."""
        try:
            body = json.loads(text)
            number = body.pop("id")
            if type(number) is not int:
                raise TypeError
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            guest.answer('{"ok":false,"error":"no request with an id","remedy":"reload the page"}')
            return
        if body == {"do": "doctor"}:
            found = await self._checkup.examine()
        elif body == {"do": "release"} and not guest.presses:  # it is somebody else who presses
            found = {"ok": True}
        else:
            guest.presses = body == {"do": "press"} or (guest.presses and body != {"do": "release"})
            line = await self._ask(json.dumps(body).encode("ascii"))
            found = json.loads(line)
            if body == {"do": "press"}:
                guest.presses &= bool(found["ok"])
        guest.answer(json.dumps({"id": number, **found}, separators=(",", ":")))

    def _join(self, guest: Guest) -> None:
        if not self._guests:
            self._telling.append(self._told)
            self._watching.append(self._gauge.watch)
        self._guests.add(guest)
        hello = {"transcript": self._panel.transcript, "locked": not self._gate.is_open}
        guest.tell(json.dumps({"kind": "hello", **hello}))

    def _part(self, guest: Guest) -> None:
        self._guests.discard(guest)
        if not self._guests:
            self._telling.remove(self._told)
            self._watching.remove(self._gauge.watch)

    def _told(self, kind: str, fields: Mapping[str, object]) -> None:
        if kind in SILENT and not self._panel.transcript:
            return
        at = datetime.now().astimezone().isoformat(timespec="milliseconds")
        line = json.dumps(plain({"kind": kind, "at": at, **fields}), separators=(",", ":"))
        for guest in self._guests:
            guest.tell(line)

    def _heard(self, level: int, speech: bool) -> None:
        line = json.dumps({"kind": "level", "level": level, "speech": speech}, separators=(",", ":"))
        for guest in self._guests:
            guest.level(line)


class _Asked:
    """The headers of a request. One that comes twice says nothing."""

    def __init__(self, request: Request) -> None:
        self._headers = request.headers

    def one(self, name: str) -> str | None:
        found: Sequence[str] = self._headers.get_all(name)
        return found[0] if len(found) == 1 else ("" if found else None)


async def _write(connection: ServerConnection, guest: Guest) -> None:
    try:
        while True:
            line = await guest.next()
            async with asyncio.timeout(STALL_S):
                await connection.send(line)
    except ConnectionClosed:
        pass
    except TimeoutError:
        with contextlib.suppress(OSError):
            connection.transport.abort()


def _place(panel: Panel) -> str:
    host = f"[{panel.host}]" if ":" in panel.host else panel.host
    return f"{host}:{panel.port}"
