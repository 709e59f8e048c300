"""Tokens from real commands and real servers, on this machine: how they are read, used, renewed, and fail."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from appliance.adapters import token as module
from appliance.adapters.link import Link
from appliance.adapters.token import (
    CONNECTION_S,
    LIFE_S,
    LONGEST_S,
    MARGIN_S,
    MOST_BYTES,
    START_S,
    Token,
    Tokens,
    by_command,
    by_server,
    read,
)
from appliance.core.events import Cause, Event, LinkDown, LinkUp
from appliance.errors import CredentialError, TokenError

NAME = "auth_tokens/0123456789abcdef"
SECRET = "s3cret-of-the-server"
OAUTH = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or"
UNAVAILABLE = "The service is currently unavailable."
TODAY = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PATIENCE_S = 20.0


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 3 * PATIENCE_S)

    asyncio.run(bounded(), debug=True)


async def failure(minting: Awaitable[str]) -> str:
    """How it ends; never with anything secret."""
    with pytest.raises(TokenError) as error:
        await minting
    told = str(error.value)
    assert "\n" not in told
    assert SECRET not in told
    assert NAME not in told
    return told


# -- what is answered -------------------------------------------------------------------------------


def later(**more: float) -> str:
    return (TODAY + timedelta(**more)).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize(
    ("answer", "uses", "start_s", "life_s"),
    [
        (NAME, 1, START_S, LIFE_S),
        (f"  {NAME}\n", 1, START_S, LIFE_S),
        ({"name": NAME}, 1, START_S, LIFE_S),
        ({"name": NAME, "uses": 0}, 0, START_S, LIFE_S),
        ({"name": NAME, "uses": 7, "more": [1]}, 7, START_S, LIFE_S),
        (
            {"name": NAME, "newSessionExpireTime": later(minutes=5), "expireTime": later(hours=1)},
            *(1, 300, 3600),
        ),
        ({"name": NAME, "expireTime": "2026-11-25T13:00:00.123456789+01:00"}, 1, START_S, 0.123456),
        ({"name": NAME, "expireTime": "2026-11-25t12:00:30z"}, 1, START_S, 30),
        ({"name": NAME, "expireTime": later(days=400)}, 1, START_S, LONGEST_S),
        ({"name": NAME, "expireTime": later(days=-400)}, 1, START_S, 0),
        ({"name": NAME, "expireTime": "2026-11-25T13:00:00"}, 1, START_S, LIFE_S),  # no offset: not RFC 3339
        ({"name": NAME, "expireTime": "soon", "newSessionExpireTime": 7}, 1, START_S, LIFE_S),
    ],
)
def test_a_token_is_read(answer: object, uses: int, start_s: float, life_s: float) -> None:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    token = read(text, 1000.0, TODAY)
    assert (token.value, token.uses) == (NAME, uses)
    assert token.start_by == pytest.approx(1000 + start_s)
    assert token.end_by == pytest.approx(1000 + life_s)
    assert NAME not in repr(token)
    assert "0123" not in repr(token)


def test_where_nobody_has_set_the_clock_the_defaults_are_assumed() -> None:
    text = json.dumps({"name": NAME, "newSessionExpireTime": later(hours=1), "expireTime": later(hours=2)})
    assert read(text, 0.0, None) == Token(NAME, 1, START_S, LIFE_S)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("", "has no token in it"),
        ("sorry", "has no token in it"),
        ("auth_tokens/", "has no token in it"),
        (f"{NAME}\n{NAME}", "has no token in it"),
        (f"{NAME} x", "has no token in it"),
        (f"auth_tokens/{'x' * 1024}", "has no token in it"),
        ("auth_tokens/ä", "has no token in it"),
        ("AIza0123456789", "has no token in it"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('["x"]', "a JSON list"),
        ("{}", "has no token in it"),
        ('{"name": 7}', "has no token in it"),
        (f'{{"name": "{NAME}", "uses": -1}}', "whole number"),
        (f'{{"name": "{NAME}", "uses": true}}', "whole number"),
        (f'{{"name": "{NAME}", "uses": "4"}}', "whole number"),
    ],
)
def test_what_is_no_token_is_said_to_be_none(answer: str, told: str) -> None:
    with pytest.raises(TokenError, match=told) as error:
        read(answer, 0.0, TODAY)
    assert NAME not in str(error.value)
    assert error.value.__cause__ is None


# -- when there is a new one ------------------------------------------------------------------------


class Mint:
    """Counts; every token has its number. `self.now` is the monotonic clock."""

    def __init__(self, **fields: object) -> None:
        self.fields = fields
        self.minted = 0
        self.now = 500.0
        self.tokens = Tokens(self, today=lambda: TODAY, clock=lambda: self.now)

    async def __call__(self) -> str:
        self.minted += 1
        return json.dumps({"name": f"{NAME}{self.minted}", **self.fields})

    async def dial(self) -> int:
        """The number of the token that a dial shows."""
        shown = (await self.tokens.headers())["Authorization"]
        assert shown.startswith(f"Token {NAME}")
        return int(shown.removeprefix(f"Token {NAME}"))

    def end(
        self, reason: str, code: int = 1008, cause: Cause = Cause.CLOSED, *, greeted: bool = False
    ) -> Cause:
        return self.tokens.verdict(cause, code, reason, greeted=greeted)


LONG = {"newSessionExpireTime": later(hours=10), "expireTime": later(hours=10)}


@pytest.mark.parametrize(("uses", "shown"), [(1, [1, 2, 3]), (2, [1, 1, 2]), (3, [1, 1, 1]), (0, [1, 1, 1])])
def test_a_token_is_renewed_when_its_uses_are_spent(uses: int, shown: list[int]) -> None:
    async def test() -> None:
        mint = Mint(uses=uses, **LONG)
        assert [await mint.dial() for _ in shown] == shown

    run(test)


@pytest.mark.parametrize(
    ("fields", "lasts_s"),
    [
        ({}, START_S - MARGIN_S),
        ({"newSessionExpireTime": later(minutes=5)}, 300 - MARGIN_S),
        (LONG, 36_000 - CONNECTION_S),
        ({**LONG, "expireTime": later(minutes=30)}, 1800 - CONNECTION_S),
        ({**LONG, "expireTime": later(minutes=10)}, 0),  # good for the connection it was minted for
        ({**LONG, "newSessionExpireTime": later(minutes=-9)}, 0),
    ],
)
def test_a_token_is_renewed_before_it_is_too_old(fields: dict[str, object], lasts_s: float) -> None:
    async def test() -> None:
        mint = Mint(uses=0, **fields)
        assert await mint.dial() == 1
        if lasts_s:
            mint.now += lasts_s - 0.1
            assert await mint.dial() == 1
            mint.now += 0.1
        assert await mint.dial() == 2

    run(test)


@pytest.mark.parametrize(
    ("code", "reason", "cause"),
    [
        (1008, OAUTH, Cause.CLOSED),
        (1007, "API key expired. Please renew the API key.", Cause.CLOSED),
        (401, "HTTP 401 Unauthorized", Cause.HANDSHAKE),
        (403, "HTTP 403 Forbidden", Cause.HANDSHAKE),
    ],
)
def test_a_refused_token_is_replaced_once_and_then_it_has_a_name(
    code: int, reason: str, cause: Cause
) -> None:
    async def test() -> None:
        mint = Mint(uses=0, **LONG)
        assert await mint.dial() == 1
        assert mint.end(reason, code, cause) is Cause.TOKEN_SPENT
        assert await mint.dial() == 2
        assert mint.end(reason, code, cause) is Cause.TOKEN_REFUSED
        assert await mint.dial() == 3
        assert mint.end(reason, code, cause) is Cause.TOKEN_REFUSED
        assert await mint.dial() == 4
        assert mint.end("", 1000, greeted=True) is Cause.CLOSED, "all is well again"
        assert await mint.dial() == 4
        assert mint.end(reason, code, cause) is Cause.TOKEN_SPENT
        assert await mint.dial() == 5

    run(test)


def test_a_token_that_ends_on_a_live_line_is_replaced() -> None:
    async def test() -> None:
        mint = Mint(uses=0, **LONG)
        for number in (1, 2, 3):
            assert await mint.dial() == number
            assert mint.end(OAUTH, greeted=True) is Cause.TOKEN_SPENT

    run(test)


def test_unavailable_may_mean_the_token_only_if_it_was_used_before() -> None:
    async def test() -> None:
        mint = Mint(uses=0, **LONG)
        assert await mint.dial() == 1
        assert mint.end(UNAVAILABLE, 1011) is Cause.CLOSED
        assert await mint.dial() == 1, "a fresh token is not the reason"
        assert mint.end(UNAVAILABLE, 1011, greeted=True) is Cause.CLOSED
        assert await mint.dial() == 1, "nor on a live line"
        for number, code in ((1, 1011), (2, 1008)):
            assert mint.end(UNAVAILABLE, code) is Cause.TOKEN_SPENT
            assert await mint.dial() == number + 1
            assert mint.end(UNAVAILABLE, code) is Cause.CLOSED
            assert await mint.dial() == number + 1

    run(test)


@pytest.mark.parametrize("cause", [c for c in Cause if c not in (Cause.CLOSED, Cause.HANDSHAKE)])
def test_any_other_end_says_nothing_about_the_token(cause: Cause) -> None:
    async def test() -> None:
        mint = Mint(uses=0, **LONG)
        assert await mint.dial() == 1
        assert mint.end(OAUTH, cause=cause) is cause
        assert await mint.dial() == 1

    run(test)


def test_a_failure_leaves_no_token_and_is_not_the_end() -> None:
    async def test() -> None:
        mint = Mint()
        assert await mint.dial() == 1
        mint.fields = {"uses": "many"}
        with pytest.raises(TokenError):
            await mint.dial()
        assert repr(mint.tokens) == "Tokens(none)"
        mint.fields = {}
        assert await mint.dial() == 3
        assert repr(mint.tokens) == "Tokens(one, used 1 times)"

    run(test)


# -- by a command -----------------------------------------------------------------------------------


def shell(script: str) -> list[str]:
    return ["/bin/sh", "-c", script]


def test_a_command_mints() -> None:
    async def test() -> None:
        assert (await by_command(["/bin/echo", NAME], PATIENCE_S)).strip() == NAME
        assert await by_command(["/bin/echo", "-n", "$HOME;", "*"], PATIENCE_S) == "$HOME; *"  # no shell
        assert await by_command(shell("cat; echo fine"), PATIENCE_S) == "fine\n"  # nothing on stdin

    run(test)


def test_a_command_does_not_inherit_what_is_not_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    withheld = ["GEMINI_API_KEY", "GOOGLE_API_KEY", "APPLIANCE_TOKEN_SERVER_SECRET", "NOTIFY_SOCKET"]
    withheld += ["WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS"]
    for name in [*withheld, "CREDENTIALS_DIRECTORY"]:
        monkeypatch.setenv(name, SECRET)

    async def test() -> None:
        told = await by_command(["/usr/bin/env"], PATIENCE_S)
        names = {line.partition("=")[0] for line in told.splitlines()}
        assert not names & set(withheld)
        assert {"PATH", "CREDENTIALS_DIRECTORY"} <= names

    run(test)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/nowhere/mint"], "the token command /nowhere/mint cannot be run: No such file or directory"),
        (["/etc/passwd"], "the token command /etc/passwd cannot be run: Permission denied"),
        (shell("exit 3"), "ended with status 3: it wrote no reason to stderr"),
        (
            shell("echo 'the vault is sealed' >&2; echo more >&2; exit 1"),
            "with status 1: the vault is sealed",
        ),
        (shell(f"echo 'no: {NAME}' >&2; exit 1"), "with status 1: no: ***"),
        (shell("echo 'Authorization: Bearer s3cret-of-the-server' >&2; exit 1"), "Authorization: ***"),
        (shell("printf '\\377\\033[31m' >&2; exit 1"), "with status 1: \N{REPLACEMENT CHARACTER} [31m"),
        (shell("kill -TERM $$"), "was ended by signal 15"),
        (shell("head -c 20000 /dev/zero"), f"wrote more than {MOST_BYTES} bytes"),
    ],
)
def test_a_command_that_fails_says_why(words: list[str], told: str) -> None:
    async def test() -> None:
        assert told in await failure(by_command(words, PATIENCE_S))

    run(test)


def test_much_on_stderr_is_read_and_forgotten() -> None:
    async def test() -> None:
        loud = shell(f"head -c 300000 /dev/zero >&2; echo {NAME}")
        assert (await by_command(loud, PATIENCE_S)).strip() == NAME

    run(test)


def gone(pid: int) -> bool:
    """Not there, or dead and only not yet buried by whoever should."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


async def until(there: Callable[[], object]) -> None:
    """For what another process does: nobody tells when."""
    async with asyncio.timeout(PATIENCE_S):
        while not there():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = shell(f"sleep 600 & echo $! $$ > {pids}; wait")

    async def test() -> None:
        told = await failure(by_command(script, 0.3))
        assert told == "the token command took longer than 0.3 s ([live] token_timeout_s)"
        child, leader = (int(pid) for pid in pids.read_text().split())
        await until(lambda: gone(child) and gone(leader))

    run(test)


def test_a_dial_that_is_given_up_ends_the_command(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def test() -> None:
        minting = asyncio.create_task(by_command(shell(f"echo $$ > {pids}; exec sleep 600"), 600))
        await until(lambda: pids.exists() and pids.read_text().strip())
        minting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await minting
        await until(lambda: gone(int(pids.read_text())))

    run(test)


# -- by a server ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
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


class Server:
    """A real HTTP server in a thread; notes every request, answers as it was told."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 200, {}, NAME.encode()  # type: int, dict[str, str], bytes
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = {name.lower(): value for name, value in self.headers.items()}
                house.requests.append((self.command, self.path, told))
                self.send_response(house.status)
                for name, value in {"Content-Length": str(len(house.body)), **house.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(house.body)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Nothing: the tests look at `requests`."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that hangs up is what some tests are about."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def tls_server(certificate: tuple[Path, Path]) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    made = Server()
    made.server.socket = context.wrap_socket(made.server.socket, server_side=True)
    with made as running:
        yield running


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate[0]))


def test_a_server_mints_over_tls(tls_server: Server, certificate: tuple[Path, Path]) -> None:
    async def test() -> None:
        url = f"https://localhost:{tls_server.port}/mint/box"
        assert await by_server(url, lambda: SECRET, PATIENCE_S, trusting(certificate)) == NAME
        [(method, path, headers)] = tls_server.requests
        assert (method, path) == ("POST", "/mint/box")
        assert headers["authorization"] == f"Bearer {SECRET}"
        assert headers["content-length"] == "0"

    run(test)


def test_a_server_that_nobody_vouches_for_gets_no_secret(
    tls_server: Server, certificate: tuple[Path, Path]
) -> None:
    async def test() -> None:
        told = await failure(by_server(f"https://localhost:{tls_server.port}", lambda: SECRET, PATIENCE_S))
        assert (
            "has a certificate that is refused: self-signed certificate; check this machine's clock" in told
        )
        there = f"https://127.0.0.1:{tls_server.port}"  # another name than that of the certificate
        told = await failure(by_server(there, lambda: SECRET, PATIENCE_S, trusting(certificate)))
        assert "has a certificate that is refused" in told
        assert tls_server.requests == []

    run(test)


def test_a_server_may_want_no_secret(server: Server) -> None:
    async def test() -> None:
        server.status = 201
        assert await by_server(f"http://127.0.0.1:{server.port}", lambda: None, PATIENCE_S) == NAME
        [(_, path, headers)] = server.requests
        assert path == "/"
        assert "authorization" not in headers

    run(test)


def test_a_secret_that_cannot_be_read_is_told_and_nobody_is_asked(server: Server) -> None:
    def unreadable() -> str:
        raise CredentialError("the credential token-server-secret is empty")

    async def test() -> None:
        told = await failure(by_server(f"http://127.0.0.1:{server.port}", unreadable, PATIENCE_S))
        assert told == "the credential token-server-secret is empty"
        assert server.requests == []

    run(test)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (204, "answered HTTP 204"),
        (400, "answered HTTP 400"),
        (401, "answered HTTP 401: store the secret that it wants as the credential token-server-secret"),
        (403, "answered HTTP 403: store the secret"),
        (404, "answered HTTP 404: check the path of [live] token_url"),
        (500, "answered HTTP 500"),
    ],
)
def test_a_status_has_its_remedy(server: Server, status: int, told: str) -> None:
    async def test() -> None:
        server.status, server.body = status, SECRET.encode()
        assert told in await failure(
            by_server(f"http://127.0.0.1:{server.port}/x", lambda: SECRET, PATIENCE_S)
        )

    run(test)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_does_not_carry_the_secret_away(server: Server, status: int) -> None:
    async def test() -> None:
        with Server() as other:
            server.status, server.headers = status, {"Location": f"http://127.0.0.1:{other.port}/"}
            told = await failure(by_server(f"http://127.0.0.1:{server.port}", lambda: SECRET, PATIENCE_S))
            assert told.endswith("it redirects, so put its final address in [live] token_url")
            assert other.requests == []

    run(test)


def test_too_much_is_not_read(server: Server) -> None:
    async def test() -> None:
        server.body = bytes(5_000_000)
        told = await failure(by_server(f"http://127.0.0.1:{server.port}", lambda: SECRET, PATIENCE_S))
        assert told.endswith(f"sent more than {MOST_BYTES} bytes")

    run(test)


@contextlib.asynccontextmanager
async def rude(says: bytes, *, stays: bool) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A server that says something, and then no more; the event tells that its client has gone."""
    left = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(says)
            if stays:
                await reader.read()
        left.set()
        writer.close()

    running = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with running:
        yield running.sockets[0].getsockname()[1], left


@pytest.mark.parametrize(
    ("says", "stays", "told"),
    [
        (b"", True, "did not answer within 0.3 s ([live] token_timeout_s)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nauth", True, "did not answer within 0.3 s"),
        (b"", False, "cannot be reached"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nauth", False, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 200 + b"\r\n", False, "does not speak HTTP"),
    ],
)
def test_a_server_that_is_rude(says: bytes, stays: bool, told: str) -> None:
    async def test() -> None:
        async with rude(says, stays=stays) as (port, left):
            limit_s = 0.3 if stays else PATIENCE_S
            assert told in await failure(by_server(f"http://127.0.0.1:{port}", lambda: SECRET, limit_s))
            await asyncio.wait_for(left.wait(), PATIENCE_S)

    run(test)


def test_nobody_there() -> None:
    async def test() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
            told = await failure(by_server(f"http://127.0.0.1:{port}", lambda: SECRET, PATIENCE_S))
        assert told == "the token server 127.0.0.1 cannot be reached: Connection refused"
        told = await failure(by_server("https://no-such-host.invalid", lambda: SECRET, PATIENCE_S))
        assert told.startswith("the token server no-such-host.invalid cannot be looked up")

    run(test)


def test_tls_to_a_server_that_has_none(server: Server) -> None:
    async def test() -> None:
        told = await failure(by_server(f"https://127.0.0.1:{server.port}", lambda: SECRET, PATIENCE_S))
        assert "cannot do TLS" in told
        assert server.requests == []

    run(test)


def test_the_loop_is_not_blocked_meanwhile() -> None:
    async def test() -> None:
        async with rude(b"", stays=True) as (port, _):
            minting = asyncio.create_task(by_server(f"http://127.0.0.1:{port}", lambda: None, 0.5))
            ticks = 0
            while not minting.done():
                ticks += 1
                await asyncio.sleep(0.01)
            assert ticks > 5
            assert isinstance(minting.exception(), TokenError)

    run(test)


# -- with a line ------------------------------------------------------------------------------------


def test_the_line_shows_a_token_waits_for_it_and_tells_what_failed(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        shown: list[str] = []
        events: asyncio.Queue[Event] = asyncio.Queue()
        answers = [f"{NAME}1", f"{NAME}2", "sorry"]

        async def mint() -> str:
            await asyncio.sleep(0)
            return answers.pop(0)

        async def service(ws: ServerConnection) -> None:
            assert ws.request is not None
            assert ws.request.path == "/ws"
            shown.append(ws.request.headers["Authorization"])
            await ws.close(1008, f"{shown[-1].removeprefix('Token ')[:40]} no")

        tokens = Tokens(mint)
        async with serve(service, "127.0.0.1", 0) as running:
            port = next(iter(running.sockets)).getsockname()[1]
            link = Link(
                f"ws://127.0.0.1:{port}/ws", tokens.headers, events.put_nowait, verdict=tokens.verdict
            )
            for number in (1, 2, 3):
                link.dial(number)
                event = await asyncio.wait_for(events.get(), PATIENCE_S)
                if number < 3:
                    assert event == LinkUp(number)
                    assert await events.get() == LinkDown(number, Cause.CLOSED, 1008, "*** no")
                else:
                    assert isinstance(event, LinkDown)
                    assert (event.cause, event.code) == (Cause.NO_TOKEN, None)
                    assert "has no token in it" in event.reason
            await link.close()
        assert shown == [f"Token {NAME}1", f"Token {NAME}2"]

    run(test)
    assert NAME not in caplog.text


def test_a_dial_that_is_replaced_while_it_waits_for_a_token_says_nothing() -> None:
    async def test() -> None:
        events: list[Event] = []
        asked = asyncio.Event()
        cancelled = asyncio.Event()

        async def mint() -> str:
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
            return ""

        tokens = Tokens(mint)
        link = Link("ws://127.0.0.1:1/ws", tokens.headers, events.append, verdict=tokens.verdict)
        link.dial(1)
        await asyncio.wait_for(asked.wait(), PATIENCE_S)
        link.hang(1)
        await asyncio.wait_for(cancelled.wait(), PATIENCE_S)
        await link.close()
        assert events == []

    run(test)


def test_what_is_withheld_is_withheld_by_its_whole_name() -> None:
    assert not module.WITHHELD.fullmatch("MY_GEMINI_API_KEY_FILE")
    assert not module.WITHHELD.fullmatch("PATH")
    assert os.environ.get("PATH")
