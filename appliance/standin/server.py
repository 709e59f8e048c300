"""The stand-in: a strict Live API server on a free port, an independent witness of the protocol.

Knows: the doors (paths, keys, handshake), the connections that are open, and the record of them all.
Must never know: anything of the product's own core. It agrees with the documentation, or it is wrong.

        async with StandIn(Options(brain=False)) as standin:
            ... connect to standin.url ...
            await standin.wait_for(lambda record: any(e.has("toolResponse") for e in record))
"""

from __future__ import annotations

import asyncio
import http
import logging
import random
import re
import socket
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from . import certificates, mint
from .admission import Credentials
from .brain import Brain
from .connection import Connection, House
from .mind import Mind, Parrot
from .options import Faults, Options, Variants, with_field
from .record import Activity, Answer, Entry, Record, Seed
from .refusal import NORMAL, Refusal
from .resumption import Handles
from .scene import Scene, SceneError, load
from .sight import Picture
from .tokens import Tokens
from .voice import Voice
from .weather import Socket

log = logging.getLogger(__name__)

__all__ = [
    "Activity",
    "Answer",
    "Entry",
    "Faults",
    "Options",
    "Scene",
    "SceneError",
    "StandIn",
    "Variants",
    "load",
    "with_field",
]

T = TypeVar("T")
_PATH = re.compile(
    r"/{1,2}ws/google\.ai\.generativelanguage\.(?P<version>v1|v1beta|v1alpha)\.GenerativeService"
    r"\.BidiGenerateContent(?P<constrained>(?<=v1alpha\.GenerativeService\.BidiGenerateContent)Constrained)?"
)


class StandIn:
    """Start with `async with`, or with start() and stop(); use it in the loop it was started in."""

    def __init__(self, options: Options | None = None) -> None:
        options = options or Options()
        self.options = options.scene.over(options) if options.scene else options
        self.links: dict[int, Connection] = {}
        self._record = Record(self.options.keep)
        self._handles = Handles(self.options.handle_ttl_s / self.options.time_scale)
        self._tokens = Tokens(self.options.key, self.options.resuming_is_a_use, self.options.time_scale)
        self._count = 0
        self._came_or_went = asyncio.Event()
        self._server: Server | None = None
        self._mint: asyncio.Server | None = None
        self._house: House | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.certificate: Path | None = None
        """What a client must trust, where there is TLS."""

    async def __aenter__(self) -> StandIn:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; afterwards `port` and `url` are known. Raises OSError when the port is taken."""
        options = self.options
        chance = random.Random(options.faults.seed)
        mind, voice = _mind(options), Voice(options.voice)
        self._house = House(options, self._record, self._handles, self._tokens, mind, voice, chance)
        tls = None
        if options.tls:
            self._folder = tempfile.TemporaryDirectory(prefix="standin-")
            self.certificate, key = certificates.make(options.tls, Path(self._folder.name))
            tls = certificates.context(self.certificate, key)
        where: dict[str, Any] = {"host": options.host, "port": options.port}
        if options.socket is not None:
            unix = options.socket.family == socket.AF_UNIX
            where = {"sock": options.socket, **({"unix": True} if unix else {})}
        self._server = await serve(
            self._serve,
            **where,
            ssl=tls,
            create_connection=cast("type[ServerConnection]", self._socket),  # any maker of one will do
            process_request=self._at_the_door,
            max_size=options.largest_message,
            compression=None,
            ping_interval=None,
            close_timeout=1.0,
        )
        if options.socket is not None:
            return
        try:
            self._mint = await mint.serve(self._tokens.mint, options.host, options.mint_port)
        except OSError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every connection and the ports."""
        if self._mint is not None:
            self._mint.close()
            await self._mint.wait_closed()
            self._mint = None
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def port(self) -> int:
        return _port(self._server)

    @property
    def url(self) -> str:
        """Scheme, host and port; the API's path goes behind it."""
        return f"{'wss' if self.options.tls else 'ws'}://{self._host}:{self.port}"

    @property
    def mint_url(self) -> str:
        """Where tokens are minted, likewise: the service has both at one address."""
        return f"http://{self._host}:{_port(self._mint)}"

    @property
    def _host(self) -> str:
        return f"[{self.options.host}]" if ":" in self.options.host else self.options.host

    @property
    def record(self) -> list[Entry]:
        """Every message received and sent, oldest first."""
        return self._record.entries

    @property
    def activities(self) -> list[Activity]:
        """What the person said: one item for each activity (or detected utterance) that ended."""
        return self._record.activities

    @property
    def said(self) -> list[Answer]:
        """What was answered: one item for each turn that ended."""
        return self._record.answers

    @property
    def seeds(self) -> list[Seed]:
        """What sessions were told of a conversation before them: one item for each such message."""
        return self._record.seeds

    @property
    def pictures(self) -> list[Picture]:
        """Everything that was shown, when, and on which connection."""
        return self._record.pictures

    def heard(self, link: int | None = None) -> bytes:
        """The PCM (16 kHz) of all activities of one connection, or of all of them."""
        return b"".join(a.pcm for a in self.activities if link in (None, a.link))

    async def wait_for(self, predicate: Callable[[list[Entry]], T], timeout: float = 20.0) -> T:  # noqa: ASYNC109
        """The first true value of the predicate over the record; else TimeoutError with the last entries."""
        return await self._record.wait_for(predicate, timeout)

    async def left_alone(self, seconds: float) -> None:
        """Return when nobody has been connected for so long."""
        while True:
            self._came_or_went.clear()
            try:
                async with asyncio.timeout(None if self.links else seconds):
                    await self._came_or_went.wait()
            except TimeoutError:
                return

    async def send(self, message: dict[str, Any], link: int | None = None) -> None:
        """Send any message now, on the newest connection or on that one. Raises LookupError without any."""
        await self._link(link).send(message)

    async def hang_up(self, code: int = NORMAL, reason: str = "", link: int | None = None) -> None:
        """Close the newest connection, or that one, now; code 0 drops it, -1 resets it. Raises LookupError
        without any."""
        await self._link(link).hang_up(Refusal(code, reason))

    def _link(self, number: int | None) -> Connection:
        if not self.links or (number is not None and number not in self.links):
            raise LookupError("no such connection is open")
        return self.links[max(self.links) if number is None else number]

    def _socket(self, protocol: ServerProtocol, server: Server, **limits: object) -> Socket:
        delay_s = self._faults_of(self._count + 1).faults.pong_delay_s / self.options.time_scale
        return Socket(protocol, server, pong_delay_s=delay_s, **limits)

    def _at_the_door(self, socket: ServerConnection, request: Request) -> Response | None:
        refused = self._faults_of(self._count + 1).faults.refuse_handshake
        if refused:
            self._count += 1
            return socket.respond(http.HTTPStatus(refused), f"{http.HTTPStatus(refused).phrase}\n")
        if _PATH.fullmatch(_path(request)) is None:
            return socket.respond(http.HTTPStatus.NOT_FOUND, "Not Found\n")
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        assert self._house is not None
        self._count += 1
        number = self._count
        request = socket.request
        assert request is not None
        connection = Connection(number, socket, _credentials(request), self._house, self._faults_of(number))
        self._record.note(number, "client", {"opened": {"path": _path(request)}})
        self.links[number] = connection
        self._came_or_went.set()
        self._handles.open_links.add(number)
        try:
            await connection.run()
        finally:
            del self.links[number]
            self._came_or_went.set()
            self._handles.closed(number)
            if not connection.hung_up:
                closed = {"code": socket.close_code, "reason": socket.close_reason, "by": "client"}
                self._record.note(number, "client", {"closed": closed})
            log.info("link %d: closed", number)

    def _faults_of(self, link: int) -> Options:
        only = self.options.faults.only_links
        return replace(self.options, faults=Faults()) if 0 < only < link else self.options


def _port(server: Server | asyncio.Server | None) -> int:
    if server is None:
        raise RuntimeError("the stand-in is not started")
    return int(next(iter(server.sockets)).getsockname()[1])


def _path(request: Request) -> str:
    # Not urlsplit: it would take the first word of "//ws/..." for a host.
    return request.path.partition("?")[0]


def _credentials(request: Request) -> Credentials:
    query = parse_qs(request.path.partition("?")[2])
    found = _PATH.fullmatch(_path(request))
    version = found["version"] if found else ""
    constrained = bool(found and found["constrained"])
    keys = (request.headers.get("x-goog-api-key", ""), *query.get("key", []))
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    tokens = (token if scheme == "Token" else "", *query.get("access_token", []))
    candidates = tokens if constrained else (*keys, *tokens)
    return Credentials(next((c for c in candidates if c), ""), version, constrained)


def _mind(options: Options) -> Mind:
    return Brain() if options.brain else Parrot(options.answer)
