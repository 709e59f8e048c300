"""The line against real servers on the loopback interface, the kind ones and the others."""

from __future__ import annotations

import asyncio
import contextlib
import http
import inspect
import json
import logging
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve, unix_serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from appliance.adapters import link as link_module
from appliance.adapters.link import EX_SOFTWARE, OUTBOX_BYTES, OUTBOX_S, Link, service_url
from appliance.core.events import Cause, Event, Garbled, LinkDown, LinkUp, Received
from appliance.core.messages import (
    ActivityEnd,
    ActivityStart,
    Audio,
    FunctionAnswer,
    Image,
    Setup,
    SetupComplete,
    ToolResponse,
)
from appliance.core.wire import encode
from appliance.errors import CredentialError

KEY = "AIza-this-is-a-secret"
PATIENCE_S = 20.0  # how long a test waits for what must come; never how long something may take
CHUNK = Audio(bytes(1280))  # 40 ms

Serve = Callable[[ServerConnection], Awaitable[None]]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "socks_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Inbox:
    """Where events are posted; the tests wait for them here."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._new: asyncio.Queue[Event] = asyncio.Queue()

    def __call__(self, event: Event) -> None:
        self.all.append(event)
        self._new.put_nowait(event)

    async def next(self) -> Event:
        return await asyncio.wait_for(self._new.get(), PATIENCE_S)

    def downs(self) -> list[LinkDown]:
        return [event for event in self.all if isinstance(event, LinkDown)]


def key() -> Mapping[str, str]:
    return {"x-goog-api-key": KEY}


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 3 * PATIENCE_S)

    asyncio.run(bounded(), debug=True)


@contextlib.asynccontextmanager
async def dialled(url: str, post: Callable[[Event], None], **options: object) -> AsyncIterator[Link]:
    """A link that is closed at the end, with no task left over."""
    bugs: list[BaseException] = []
    options = {"on_bug": bugs.append, "close_timeout_s": 0.5, "drain_s": 2.0} | options
    link = Link(url, options.pop("headers", key), post, **options)  # type: ignore[arg-type]
    try:
        yield link
    finally:
        await asyncio.wait_for(link.close(), PATIENCE_S)
        assert not link._tasks
    assert bugs == []


def port_of(server: Server | asyncio.Server) -> int:
    return int(next(iter(server.sockets)).getsockname()[1])


def url_of(server: Server | asyncio.Server) -> str:
    return f"ws://127.0.0.1:{port_of(server)}/ws"


async def until_closed(ws: ServerConnection) -> list[str | bytes]:
    """Everything the client says until the socket is closed."""
    said: list[str | bytes] = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            said.append(await ws.recv())
    return said


def reset(ws: ServerConnection) -> None:
    """End a TCP connection with RST instead of FIN."""
    tcp = ws.transport.get_extra_info("socket")
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    ws.transport.abort()


# -- the ordinary life of a link --------------------------------------------------------------------


def test_the_url_of_the_service() -> None:
    service = "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
    assert service_url("wss://host.example", "v1beta") == f"wss://host.example/ws/{service}"
    assert service_url("ws://127.0.0.1:8765/", "v1beta") == f"ws://127.0.0.1:8765/ws/{service}"


def test_the_outbox_holds_the_seconds_it_is_named_after() -> None:
    speech_bytes_s = 16_000 * 2 * 4 / 3  # in base64
    assert OUTBOX_S * speech_bytes_s < OUTBOX_BYTES < 1.1 * OUTBOX_S * speech_bytes_s


def test_a_conversation() -> None:
    async def test() -> None:
        requests: list[Headers] = []
        over: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def service(ws: ServerConnection) -> None:
            assert ws.request is not None
            requests.append(ws.request.headers)
            assert json.loads(await ws.recv())["setup"]["model"] == "models/m"
            await ws.send(b'{\n  "setupComplete": {}\n}\n')
            assert await ws.recv() == encode(ActivityStart())
            await ws.send('{"serverContent": {"interrupted": true}, "setupComplete": {}}')
            with pytest.raises(ConnectionClosed) as closed:
                await ws.recv()
            assert closed.value.rcvd is not None
            over.set_result(closed.value.rcvd.code)

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server:
            async with dialled(url_of(server), inbox, version="9.8") as link:
                link.dial(7)
                assert await inbox.next() == LinkUp(7)
                link.send(7, Setup(model="m"))
                assert await inbox.next() == Received(7, (SetupComplete(),))
                link.send(6, ActivityEnd())  # another link's: the service does not get it
                link.send(7, ActivityStart())
                event = await inbox.next()
                assert isinstance(event, Received)
                assert len(event.messages) == 2
                link.hang(7)
                link.hang(7)
                assert await asyncio.wait_for(over, PATIENCE_S) == 1000
            assert inbox.downs() == []
        assert requests[0]["x-goog-api-key"] == KEY
        assert requests[0]["User-Agent"] == "appliance/9.8"
        assert "Sec-WebSocket-Extensions" not in requests[0]

    run(test)


def test_what_was_said_before_hanging_up_arrives() -> None:
    async def test() -> None:
        heard: asyncio.Future[list[str | bytes]] = asyncio.get_running_loop().create_future()

        async def service(ws: ServerConnection) -> None:
            heard.set_result(await until_closed(ws))

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            for _ in range(100):
                link.send(1, CHUNK)
            link.send(1, ActivityEnd())
            link.hang(1)
            link.send(1, ActivityStart())  # too late
            expected = [encode(CHUNK)] * 100 + [encode(ActivityEnd())]
            assert await asyncio.wait_for(heard, PATIENCE_S) == expected
        assert inbox.all == [LinkUp(1)]

    run(test)


def test_what_is_sent_while_the_link_comes_up_is_kept() -> None:
    async def test() -> None:
        first: asyncio.Future[str | bytes] = asyncio.get_running_loop().create_future()

        async def service(ws: ServerConnection) -> None:
            first.set_result(await ws.recv())
            await until_closed(ws)

        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), Inbox()) as link:
            link.dial(1)
            link.send(1, ActivityStart())
            assert await asyncio.wait_for(first, PATIENCE_S) == encode(ActivityStart())

    run(test)


def test_the_socket_is_set_up_for_speech() -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            await until_closed(ws)

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            await inbox.next()
            assert link._line is not None
            assert link._line.socket is not None
            tcp = link._line.socket.transport.get_extra_info("socket")
            assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
            assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT) == 16_384

    run(test)


# -- ends -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1000, ""),
        (1001, "going away"),
        (1007, "API key not valid. Please pass a valid API key."),
        (1008, "BidiGenerateContent session not found"),
        (1011, "Internal error encountered."),
    ],
)
def test_a_close_frame_says_why(code: int, reason: str) -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            await ws.close(code, reason)

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(3)
            assert await inbox.next() == LinkUp(3)
            assert await inbox.next() == LinkDown(3, Cause.CLOSED, code, reason)
            link.send(3, CHUNK)
            link.hang(3)
        assert len(inbox.downs()) == 1

    run(test)


def test_what_was_sent_before_the_close_frame_is_read() -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            for _ in range(40):
                await ws.send(b'{"setupComplete": {}}')
            await ws.close(1011, "and then it broke")

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            for _ in range(40):
                assert await inbox.next() == Received(1, (SetupComplete(),))
            assert await inbox.next() == LinkDown(1, Cause.CLOSED, 1011, "and then it broke")

    run(test)


@pytest.mark.parametrize("cut", [reset, lambda ws: ws.transport.close()], ids=["RST", "FIN"])
def test_an_end_without_a_close_frame(cut: Callable[[ServerConnection], None]) -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            await ws.recv()
            cut(ws)

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            link.send(1, ActivityStart())
            down = await inbox.next()
            assert isinstance(down, LinkDown)
            assert (down.cause, down.code) == (Cause.DROPPED, 1006)
            assert down.reason

    run(test)


def test_a_frame_that_is_too_large_ends_the_link() -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            with contextlib.suppress(ConnectionClosed):
                await ws.send(b" " * 20_000_000)
            await until_closed(ws)

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            down = await inbox.next()
            assert isinstance(down, LinkDown)
            assert (down.cause, down.code) == (Cause.CLOSED, 1009)
        assert len(inbox.downs()) == 1

    run(test)


@pytest.mark.parametrize("frame", ["not json", b"\x00\xff\xfe", "[1]", b'{"toolCall": 3}', "[" * 9000])
def test_garbage_is_one_lost_message(frame: str | bytes) -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            await ws.send(frame)
            await ws.send(b"{}")
            await until_closed(ws)

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            assert isinstance(await inbox.next(), Garbled)
            assert await inbox.next() == Received(1, ())

    run(test)


def test_text_that_is_not_utf_8_is_one_lost_message() -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            async with ws.send_context():
                ws.protocol.send_text(b'{"setupComplete": "\xff"}')
            await ws.send("{}")
            await until_closed(ws)

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            assert isinstance(await inbox.next(), Garbled)
            assert await inbox.next() == Received(1, ())

    run(test)


# -- no link at all ---------------------------------------------------------------------------------


async def failed(url: str, **options: object) -> LinkDown:
    """The one event of a dial that fails."""
    inbox = Inbox()
    async with dialled(url, inbox, **options) as link:
        link.dial(1)
        down = await inbox.next()
        assert isinstance(down, LinkDown)
        link.hang(1)
    assert inbox.all == [down]
    assert down.reason
    assert KEY not in down.reason
    return down


def test_an_http_status_instead_of_a_websocket() -> None:
    async def test() -> None:
        def refuse(ws: ServerConnection, request: Request) -> Response:
            return ws.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "later\n")

        async with serve(until_closed, "127.0.0.1", 0, process_request=refuse) as server:  # type: ignore[arg-type]
            down = await failed(url_of(server))
        assert (down.cause, down.code) == (Cause.HANDSHAKE, 503)
        assert "503" in down.reason

    run(test)


def test_a_redirect_does_not_carry_the_key_to_another_host() -> None:
    async def test() -> None:
        visitors: list[Headers] = []

        async def thief(ws: ServerConnection) -> None:
            assert ws.request is not None
            visitors.append(ws.request.headers)

        async with serve(thief, "127.0.0.1", 0) as other:

            def redirect(ws: ServerConnection, request: Request) -> Response:
                return Response(302, "Found", Headers({"Location": url_of(other), "Content-Length": "0"}))

            async with serve(until_closed, "127.0.0.1", 0, process_request=redirect) as server:  # type: ignore[arg-type]
                down = await failed(url_of(server))
        assert (down.cause, down.code) == (Cause.HANDSHAKE, 302)
        assert visitors == []

    run(test)


@contextlib.asynccontextmanager
async def raw_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[asyncio.Server]:
    """A TCP server that is no WebSocket server; its connections end with it."""
    done = asyncio.Event()
    tasks: list[asyncio.Task[None]] = []

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        with contextlib.suppress(OSError):
            await talk(reader, writer)
        await done.wait()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    try:
        yield server
    finally:
        done.set()
        server.close()
        await asyncio.gather(*tasks)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept, and never say a word."""


def test_a_server_that_never_answers() -> None:
    async def test() -> None:
        async with raw_server(silence) as server:
            down = await failed(url_of(server), open_timeout_s=0.2)
        assert down.cause is Cause.UNREACHABLE

    run(test)


@pytest.mark.parametrize(
    "greeting",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
    ids=["not HTTP", "nothing", "plain HTTP"],
)
def test_a_server_that_is_another_kind(greeting: bytes) -> None:
    async def test() -> None:
        async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(greeting)
            writer.write_eof()

        async with raw_server(other) as server:
            down = await failed(url_of(server))
        assert down.cause is (Cause.HANDSHAKE if b"HTTP" in greeting else Cause.UNREACHABLE)

    run(test)


def test_an_upgrade_that_proves_nothing() -> None:
    async def test() -> None:
        async def forgetful(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            )

        async with raw_server(forgetful) as server:
            down = await failed(url_of(server))
        assert (down.cause, down.code) == (Cause.HANDSHAKE, None)

    run(test)


def test_nobody_listens() -> None:
    async def test() -> None:
        with socket.socket() as taken:  # bound and not listening: nobody else gets the port
            taken.bind(("127.0.0.1", 0))
            down = await failed(f"ws://127.0.0.1:{taken.getsockname()[1]}/ws")
        assert down.cause is Cause.UNREACHABLE
        assert "refused" in down.reason.lower()

    run(test)


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'x' * 70}.example"])
def test_a_name_that_cannot_be_looked_up(host: str) -> None:
    async def test() -> None:
        assert (await failed(f"ws://{host}/ws")).cause is Cause.UNREACHABLE

    run(test)


def test_a_proxy_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    if "proxy" not in inspect.signature(connect).parameters:
        pytest.skip("this version of websockets knows no proxies")

    async def test() -> None:
        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

        async with raw_server(proxy) as server:
            monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port_of(server)}")
            monkeypatch.setenv("no_proxy", "")
            down = await failed("wss://service.example/ws")
        assert down.cause is Cause.UNREACHABLE  # the proxy's no is not the service's
        assert "407" in down.reason

    run(test)


def test_without_a_key_nothing_is_dialled() -> None:
    async def test() -> None:
        def none() -> Mapping[str, str]:
            raise CredentialError("no API key; put it into /etc/appliance/gemini-api-key")

        down = await failed("ws://127.0.0.1:1/ws", headers=none)
        assert down.cause is Cause.CREDENTIAL
        assert down.reason.startswith("no API key; put it")

    run(test)


# -- TLS --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    cert, secret = folder / "cert.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-keyout", str(secret), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return cert, secret


def test_a_certificate_nobody_vouches_for(certificate: tuple[Path, Path]) -> None:
    async def test() -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        async with serve(until_closed, "127.0.0.1", 0, ssl=tls) as server:  # type: ignore[arg-type]
            down = await failed(f"wss://localhost:{port_of(server)}/ws")
        assert down.cause is Cause.CERTIFICATE
        assert "self" in down.reason

    run(test)


def dated(certificate: tuple[Path, Path], folder: Path, since: str, until: str) -> Path:
    """The same name and key, valid from one day to another (`YYMMDD`); self-signed."""
    (folder / "index").touch()
    (folder / "serial").write_text("01", encoding="ascii")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=own\n[own]\ndatabase={folder}/index\nserial={folder}/serial\n"
        f"new_certs_dir={folder}\ndefault_md=sha256\npolicy=any\nx509_extensions=names\n"
        "[any]\ncommonName=supplied\n[names]\nsubjectAltName=DNS:localhost\n[req]\ndistinguished_name=dn\n[dn]\n",
        encoding="ascii",
    )
    request, signed = folder / "request.pem", folder / "dated.pem"
    config = ["-config", str(folder / "ca.cnf")]
    key = str(certificate[1])
    ask = ["openssl", "req", "-new", *config, "-key", key, "-subj", "/CN=localhost", "-out", str(request)]
    sign = ["openssl", "ca", "-batch", *config, "-selfsign", "-keyfile", key, "-in", str(request)]
    sign += ["-startdate", f"{since}000000Z", "-enddate", f"{until}000000Z", "-out", str(signed), "-notext"]
    for command in (ask, sign):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return signed


@pytest.mark.parametrize(
    ("since", "until", "clock", "cause"),
    [
        ("490101", "491231", "Sunday", Cause.CLOCK),  # nobody uses a certificate before it is valid
        ("490101", "491231", "", Cause.CLOCK),
        ("100101", "110101", "", Cause.CLOCK),
        ("100101", "110101", "Sunday", Cause.CERTIFICATE),
    ],
)
def test_a_certificate_of_another_time(
    certificate: tuple[Path, Path], tmp_path: Path, since: str, until: str, clock: str, cause: Cause
) -> None:
    signed = dated(certificate, tmp_path, since, until)

    async def test() -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(signed, certificate[1])
        trust = ssl.create_default_context(cafile=signed)
        async with serve(until_closed, "127.0.0.1", 0, ssl=tls) as server:  # type: ignore[arg-type]
            url = f"wss://localhost:{port_of(server)}/ws"
            down = await failed(url, tls=trust, clock=lambda: clock)
        assert down.cause is cause
        assert "certificate" in down.reason

    run(test)


def test_a_certificate_that_is_trusted(certificate: tuple[Path, Path]) -> None:
    async def test() -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        trust = ssl.create_default_context(cafile=certificate[0])
        heard: asyncio.Future[list[str | bytes]] = asyncio.get_running_loop().create_future()

        async def service(ws: ServerConnection) -> None:
            heard.set_result(await until_closed(ws))

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0, ssl=tls) as server:
            url = f"wss://localhost:{port_of(server)}/ws"
            async with dialled(url, inbox, tls=trust) as link:
                link.dial(1)
                assert await inbox.next() == LinkUp(1)
                link.send(1, ActivityStart())
                link.hang(1)
                assert await asyncio.wait_for(heard, PATIENCE_S) == [encode(ActivityStart())]
        assert inbox.downs() == []

    run(test)


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["answers", "hangs up"])
def test_tls_where_there_is_none(greeting: bytes) -> None:
    async def test() -> None:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(greeting)
            writer.write_eof()

        async with raw_server(plain) as server:
            down = await failed(f"wss://127.0.0.1:{port_of(server)}/ws")
        assert down.cause is Cause.UNREACHABLE
        assert ("TLS" if greeting else "closed") in down.reason

    run(test)


# -- one at a time ----------------------------------------------------------------------------------


@pytest.mark.parametrize("polite", [True, False], ids=["hung up", "just dialled again"])
def test_the_former_socket_is_closed_before_the_next_is_opened(*, polite: bool) -> None:
    async def test() -> None:
        log: list[str] = []

        async def service(ws: ServerConnection) -> None:
            number = sum(line.startswith("open") for line in log) + 1
            log.append(f"open {number}")
            ws.transport.pause_reading()  # slow to answer the close: whoever does not wait overtakes it
            asyncio.get_running_loop().call_later(0.1, ws.transport.resume_reading)
            await until_closed(ws)
            log.append(f"closed {number}")

        inbox = Inbox()
        limits = {"close_timeout_s": PATIENCE_S, "drain_s": PATIENCE_S}
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox, **limits) as link:
            for number in (1, 2, 3):
                link.dial(number)
                assert await inbox.next() == LinkUp(number)
                if polite:
                    link.hang(number)
        assert log[:5] == ["open 1", "closed 1", "open 2", "closed 2", "open 3"]
        assert inbox.downs() == []

    run(test)


def test_a_link_that_is_replaced_has_no_more_to_say() -> None:
    async def test() -> None:
        heard: list[list[str | bytes]] = []

        async def service(ws: ServerConnection) -> None:
            heard.append(await until_closed(ws))

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            for _ in range(10):
                link.send(1, CHUNK)
            link.dial(2)
            assert await inbox.next() == LinkUp(2)
        assert heard[0] == []

    run(test)


def test_nothing_is_heard_of_a_link_that_was_hung_up() -> None:
    async def test() -> None:
        over = asyncio.Event()

        async def talkative(ws: ServerConnection) -> None:
            for _ in range(50):
                await ws.send("{}")
            await until_closed(ws)
            over.set()

        events: list[Event] = []
        async with serve(talkative, "127.0.0.1", 0) as server:

            def post(event: Event) -> None:
                events.append(event)
                link.hang(1)

            async with dialled(url_of(server), post) as link:
                link.dial(1)
                await asyncio.wait_for(over.wait(), PATIENCE_S)
        assert events == [LinkUp(1)]

    run(test)


def test_a_server_that_does_not_answer_the_close_is_left_after_a_while() -> None:
    async def test() -> None:
        async def deaf(ws: ServerConnection) -> None:
            ws.transport.pause_reading()
            await asyncio.wait_for(ws.wait_closed(), PATIENCE_S)

        inbox = Inbox()
        async with serve(deaf, "127.0.0.1", 0, close_timeout=0.1) as server:
            async with dialled(url_of(server), inbox, close_timeout_s=0.2) as link:
                link.dial(1)
                assert await inbox.next() == LinkUp(1)
                link.dial(2)
                assert await inbox.next() == LinkUp(2)
            assert inbox.downs() == []
            for ws in server.connections:
                ws.transport.abort()

    run(test)


def test_a_line_that_is_taken_for_dead_is_left_at_once_and_without_a_word() -> None:
    async def test() -> None:
        heard: asyncio.Queue[list[str | bytes]] = asyncio.Queue()

        async def service(ws: ServerConnection) -> None:
            ws.transport.pause_reading()
            await ws.wait_closed()
            heard.put_nowait([])

        inbox = Inbox()
        async with (
            serve(service, "127.0.0.1", 0, close_timeout=0.1, ping_interval=None) as server,
            dialled(url_of(server), inbox, close_timeout_s=60.0, drain_s=60.0) as link,
        ):
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            link.send(1, Audio(bytes(640)))
            link.hang(1, at_once=True)
            link.dial(2)
            assert await inbox.next() == LinkUp(2), "long before anything would have timed out"
            link.hang(2, at_once=True)
            for ws in server.connections:
                ws.transport.resume_reading()
        assert inbox.downs() == []

    run(test)


def test_hanging_up_while_dialling() -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            await until_closed(ws)

        inbox = Inbox()
        async with raw_server(silence) as mute, serve(service, "127.0.0.1", 0) as server:
            async with dialled(url_of(mute), inbox) as link:
                link.dial(1)
                await asyncio.sleep(0)
                link.hang(1)
                link.dial(2)
                link.dial(3)
                link.hang(2)
                await asyncio.sleep(0)
            async with dialled(url_of(server), inbox) as link:
                link.dial(1)
                link.dial(2)
                assert await inbox.next() == LinkUp(2)
        assert inbox.all == [LinkUp(2)]

    run(test)


# -- an uplink that takes less than speech produces -------------------------------------------------


@contextlib.asynccontextmanager
async def slow_reader(
    going_on: asyncio.Event, max_size: int | None = None
) -> AsyncIterator[tuple[str, list[str | bytes]]]:
    """A service that reads nothing until told to go on."""
    heard: list[str | bytes] = []

    async def service(ws: ServerConnection) -> None:
        ws.transport.pause_reading()
        await going_on.wait()
        ws.transport.resume_reading()
        heard.extend(await until_closed(ws))

    async with serve(service, "127.0.0.1", 0, max_queue=1, max_size=max_size) as server:
        yield url_of(server), heard
        going_on.set()


async def fill(link: Link, number: int, share: float) -> int:
    """Send audio until the outbox is so full, giving the writer every chance; how many chunks that took."""
    sent = 0
    assert link._line is not None
    while link._line.audio_bytes < share * OUTBOX_BYTES and not link._line.over:
        link.send(number, CHUNK)
        sent += 1
        await asyncio.sleep(0)
        assert sent < 20_000, "the kernel swallowed it all"
    return sent


def test_too_much_waiting_audio_ends_the_link() -> None:
    async def test() -> None:
        inbox = Inbox()
        async with slow_reader(asyncio.Event()) as (url, _), dialled(url, inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            await fill(link, 1, 0.99)
            for _ in range(OUTBOX_BYTES // len(encode(CHUNK))):
                link.send(1, CHUNK)
            down = await inbox.next()
            assert isinstance(down, LinkDown)
            assert (down.link, down.cause) == (1, Cause.STALLED)
            link.dial(2)
            assert await inbox.next() == LinkUp(2)
        assert len(inbox.downs()) == 1

    run(test)


def test_a_line_that_takes_nothing_for_too_long_ends() -> None:
    async def test() -> None:
        inbox = Inbox()
        async with slow_reader(asyncio.Event()) as (url, _), dialled(url, inbox, stall_s=0.1) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            await fill(link, 1, 0.5)
            down = await inbox.next()
            assert isinstance(down, LinkDown)
            assert (down.link, down.cause) == (1, Cause.STALLED)

    run(test)


def test_a_service_that_hangs_up_on_a_message_in_the_middle_is_no_bug() -> None:
    async def test() -> None:
        answer = ToolResponse((FunctionAnswer("1", "set_light", {"filler": "x" * OUTBOX_BYTES}),))
        inbox, going_on = Inbox(), asyncio.Event()
        async with slow_reader(going_on, max_size=2**20) as (url, _), dialled(url, inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            await fill(link, 1, 0.5)
            link.send(1, answer)
            link.send(1, ActivityEnd())
            going_on.set()
            down = await inbox.next()
            assert isinstance(down, LinkDown)
            assert down.code in (1006, 1009)

    run(test)


def test_what_is_not_audio_is_never_dropped_and_everything_keeps_its_order() -> None:
    async def test() -> None:
        answer = ToolResponse((FunctionAnswer("1", "set_light", {"filler": "x" * OUTBOX_BYTES}),))
        inbox, going_on = Inbox(), asyncio.Event()
        async with slow_reader(going_on) as (url, heard), dialled(url, inbox, drain_s=PATIENCE_S) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            sent = await fill(link, 1, 0.9)
            link.send(1, answer)
            link.send(1, ActivityEnd())
            going_on.set()
            link.hang(1)
            await asyncio.wait_for(link.close(), PATIENCE_S)
        assert heard == [encode(CHUNK)] * sent + [encode(answer), encode(ActivityEnd())]
        assert inbox.all == [LinkUp(1)]

    run(test)


def test_of_the_pictures_that_wait_only_the_newest_is_sent() -> None:
    async def test() -> None:
        inbox, going_on = Inbox(), asyncio.Event()
        async with slow_reader(going_on) as (url, heard), dialled(url, inbox, drain_s=PATIENCE_S) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            sent = await fill(link, 1, 0.5)
            for picture in (b"cat", b"dog", b"cow"):
                link.send(1, Image(picture))
                link.send(1, ActivityStart())
            going_on.set()
            link.hang(1)
            await asyncio.wait_for(link.close(), PATIENCE_S)
        start = encode(ActivityStart())
        assert heard[sent:] == [start, start, encode(Image(b"cow")), start]
        assert inbox.all == [LinkUp(1)]

    run(test)


def test_hanging_up_a_stalled_link_is_bounded() -> None:
    async def test() -> None:
        inbox = Inbox()
        limits = {"drain_s": 0.1, "close_timeout_s": 0.1}
        async with slow_reader(asyncio.Event()) as (url, _), dialled(url, inbox, **limits) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            await fill(link, 1, 0.5)
            link.hang(1)
            link.dial(2)
            assert await inbox.next() == LinkUp(2)
            await fill(link, 2, 0.5)
        assert inbox.downs() == []

    run(test)


# -- secrets and logs -------------------------------------------------------------------------------


def test_no_key_in_reasons_or_logs(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            await ws.close(1008, f"bad key {KEY}\r\n\x1b[31mred")

        inbox = Inbox()
        async with serve(service, "127.0.0.1", 0) as server, dialled(url_of(server), inbox) as link:
            link.dial(1)
            assert await inbox.next() == LinkUp(1)
            assert await inbox.next() == LinkDown(1, Cause.CLOSED, 1008, "bad key *** [31mred")

    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger=link_module.library_log.name)
    run(test)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("websockets.server")]
    assert ours
    assert not [line for line in ours if KEY in line]


def test_the_first_failure_is_a_warning_and_the_next_are_not(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        inbox = Inbox()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            async with dialled(f"ws://127.0.0.1:{taken.getsockname()[1]}/ws", inbox) as link:
                for number in (1, 2, 3):
                    link.dial(number)
                    await inbox.next()

    caplog.set_level(logging.DEBUG, logger="appliance")
    run(test)
    levels = [record.levelno for record in caplog.records if "down" in record.message]
    assert levels == [logging.WARNING, logging.DEBUG, logging.DEBUG]


# -- bugs -------------------------------------------------------------------------------------------


def test_a_bug_is_not_swallowed() -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            await until_closed(ws)

        def broken(event: Event) -> None:
            raise ZeroDivisionError

        bug: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        async with serve(service, "127.0.0.1", 0) as server:
            link = Link(url_of(server), key, broken, on_bug=bug.set_result, close_timeout_s=0.2)
            link.dial(1)
            assert isinstance(await asyncio.wait_for(bug, PATIENCE_S), ZeroDivisionError)
            await link.close()

    run(test)


def test_a_bug_while_reading_leaves_no_socket_open() -> None:
    async def test() -> None:
        closed = asyncio.Event()

        async def service(ws: ServerConnection) -> None:
            await ws.send("{}")
            await until_closed(ws)
            closed.set()

        def broken(event: Event) -> None:
            if isinstance(event, Received):
                raise ZeroDivisionError

        bug: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        async with serve(service, "127.0.0.1", 0) as server:
            link = Link(url_of(server), key, broken, on_bug=bug.set_result)
            link.dial(1)
            error = await asyncio.wait_for(bug, PATIENCE_S)
            assert isinstance(error, BaseExceptionGroup)
            assert error.subgroup(ZeroDivisionError) is not None
            await asyncio.wait_for(closed.wait(), PATIENCE_S)

    run(test)


def test_by_default_a_bug_ends_the_process(caplog: pytest.LogCaptureFixture) -> None:
    async def daemon() -> None:
        def broken() -> Mapping[str, str]:
            raise ZeroDivisionError

        Link("ws://127.0.0.1:1/ws", broken, print).dial(1)
        await asyncio.Event().wait()

    with pytest.raises(SystemExit) as ended:
        asyncio.run(daemon())
    assert ended.value.code == EX_SOFTWARE
    assert "ZeroDivisionError" in caplog.text


# -- a socket of this machine -------------------------------------------------------------------------


def test_a_file_in_place_of_a_host(tmp_path: Path) -> None:
    async def test() -> None:
        async def service(ws: ServerConnection) -> None:
            assert ws.request is not None
            assert "x-goog-api-key" not in ws.request.headers
            await ws.send('{"setupComplete": {}}')
            await until_closed(ws)

        inbox = Inbox()
        server = await unix_serve(service, str(tmp_path / "s"))
        async with dialled("ws://localhost/ws", inbox, headers=dict, path=tmp_path / "s") as link:
            link.dial(-1)
            assert await inbox.next() == LinkUp(-1)
            assert await inbox.next() == Received(-1, (SetupComplete(),))
            link.hang(-1)
        server.close()
        await server.wait_closed()

    run(test)


def test_nobody_listens_on_the_file(tmp_path: Path) -> None:
    async def test() -> None:
        down = await failed("ws://localhost/ws", path=tmp_path / "s")
        assert (down.cause, down.reason) == (Cause.UNREACHABLE, "No such file or directory")

    run(test)


LISTENING = """
import os, socket, sys
os.setuid(65534)
door = socket.socket(socket.AF_UNIX)
door.bind(sys.argv[1])
door.listen()
os.chmod(sys.argv[1], 0o666)
print("listening", flush=True)
door.accept()
print("somebody knocked", flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_somebody_else_listens_on_the_file() -> None:
    """What is said in the room is not for them."""

    async def test(shared: Path) -> None:
        stranger = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", LISTENING, str(shared / "s")), stdout=subprocess.PIPE
        )
        assert stranger.stdout is not None
        await stranger.stdout.readline()
        down = await failed("ws://localhost/ws", path=shared / "s")
        assert (down.cause, down.reason) == (Cause.UNREACHABLE, "the socket is somebody else's")
        stranger.kill()
        assert await stranger.stdout.read() == b"", "nobody knocked"
        await stranger.wait()

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        run(lambda: test(Path(folder)))
