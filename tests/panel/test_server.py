"""The server of the panel: what it answers to whom, how much it takes, what it costs when nobody looks."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from appliance.config import parse
from appliance.core.events import Heard
from appliance.errors import ConfigError
from appliance.panel import CONNECTIONS, GUESTS, SILENT, Server, password
from appliance.panel.checkup import Checkup
from appliance.panel.gate import TRIES, Gate
from appliance.panel.guest import ANSWERS
from appliance.panel.pages import FILES
from appliance.settings import Panel

LIMIT_S = 20.0
WORD = "müde Katze 7"
SPOKEN = "Password " + base64.b64encode(WORD.encode()).decode()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Box:
    """A server with a box behind it that says of each request what it was."""

    def __init__(self, word: str | None = None, **panel: Any) -> None:
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.telling: list[Callable[[str, Mapping[str, object]], None]] = []
        self.watching: list[Callable[..., None]] = []
        self.asked: list[object] = []
        self.bugs: list[BaseException] = []
        self.hold: asyncio.Event | None = None
        self.released = asyncio.Semaphore(0)
        self.server = Server(
            Panel(enabled=True, port=self.port, **panel),
            Gate(word, port=self.port),
            self._ask,
            self.telling,
            self.watching,
            Checkup("", ("/nowhere/doctor",)),
            on_bug=self.bugs.append,
            retry_s=0.01,
        )

    async def _ask(self, line: bytes) -> bytes:
        body = json.loads(line)
        self.asked.append(body)
        if body == {"do": "release"}:
            self.released.release()
        if self.hold is not None:
            await self.hold.wait()
        if body == {"do": "fail"}:
            raise ZeroDivisionError
        return json.dumps({"ok": True, "was": body}).encode() + b"\n"

    async def get(self, path: str, **headers: str | None) -> tuple[int, dict[str, str], bytes]:
        """One GET; `None` leaves a header out."""
        sent = {"Host": self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"{name}: {value}" for name, value in sent.items() if value is not None]
        return await self.raw("\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode())

    async def raw(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        heard = await asyncio.wait_for(reader.read(), LIMIT_S)
        writer.close()
        head, _, body = heard.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        named = dict(line.split(": ", 1) for line in lines)
        return int(first.split()[1]) if first else 0, named, body

    def open(self, cookie: str = "", origin: str | None = "", host: str = "") -> connect:
        headers = {"Cookie": cookie} if cookie else {}
        if host:
            headers["Host"] = host
        origin = f"http://{self.host}" if origin == "" else origin
        return connect(f"ws://{self.host}/live", additional_headers=headers, origin=origin)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def box(word: str | None = None, **panel: Any) -> AsyncIterator[Box]:
    made = Box(word, **panel)
    await made.server.start()
    task = asyncio.create_task(made.server.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait([task])


def life(coroutine: Any) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 3 * LIMIT_S))


async def told(line: ClientConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await asyncio.wait_for(line.recv(), LIMIT_S))
    return found


# -- a finger on the button ---------------------------------------------------------------------------


def test_only_who_has_pressed_lets_go_and_who_has_gone_has_let_go() -> None:
    async def tried() -> None:
        async with box() as made:
            async with made.open() as first, made.open() as second:
                for line in (first, second):
                    assert (await told(line))["kind"] == "hello"
                await first.send('{"id": 1, "do": "press"}')
                assert (await told(first))["ok"] is True
                await second.send('{"id": 1, "do": "release"}')
                assert await told(second) == {"id": 1, "ok": True}
                assert made.asked == [{"do": "press"}], "not passed on"
                await first.send('{"id": 2, "do": "release"}')
                assert (await told(first))["ok"] is True
                await second.send('{"id": 2, "do": "press"}')
                assert (await told(second))["ok"] is True
            for _ in range(2):
                await made.released.acquire()
            assert made.asked == [{"do": "press"}, {"do": "release"}] * 2

    life(tried())


# -- HTTP -------------------------------------------------------------------------------------------


def test_the_page_is_sent_with_a_policy_that_lets_nothing_in_from_elsewhere() -> None:
    async def tried() -> None:
        async with box() as at:
            for path, (_, kind) in FILES.items():
                status, headers, body = await at.get(path)
                assert (status, headers["Content-Type"]) == (200, kind)
                assert len(body) == int(headers["Content-Length"]) > 0
                assert "default-src 'none'" in headers["Content-Security-Policy"]
                assert "unsafe" not in headers["Content-Security-Policy"]
                assert headers["X-Content-Type-Options"] == "nosniff"
                assert b"http://" not in body.replace(b"http://www.w3.org/2000/svg", b"")
                assert b"https://" not in body
            assert not at.asked

    life(tried())


REFUSED = [
    ("/", {"Host": "evil.example"}, 403),
    ("/", {"Host": None}, 403),
    ("/nothing", {}, 404),
    ("/../../etc/passwd", {}, 404),
    ("/page.css/..", {}, 404),
    ("/session", {}, 401),
    ("/session", {"Authorization": "Password AAAA"}, 403),
    ("/session", {"Authorization": SPOKEN, "Origin": "http://evil.example"}, 403),
    ("/session", {"Authorization": SPOKEN, "Sec-Fetch-Site": "cross-site"}, 403),
    ("/session", {"Authorization": SPOKEN, "Sec-Fetch-Site": "same-site"}, 403),
    ("/session", {"Authorization": SPOKEN}, 204),
    ("/session", {"Authorization": SPOKEN, "Sec-Fetch-Site": "same-origin"}, 204),
    ("/leave", {"Origin": "null"}, 403),
    ("/leave", {}, 204),
    ("/live", {}, 403),
    ("/live", {"Origin": "http://evil.example"}, 403),
    ("/live", {"Origin": "same"}, 401),
]


@pytest.mark.parametrize(("path", "headers", "status"), REFUSED)
def test_who_is_let_in(path: str, headers: dict[str, str | None], status: int) -> None:
    async def tried() -> None:
        async with box(WORD) as at:
            own = {name: f"http://{at.host}" if value == "same" else value for name, value in headers.items()}
            found, answered, _ = await at.get(path, **own)
            assert found == status
            assert ("Set-Cookie" in answered) is (status == 204)
            assert WORD not in str(answered)

    life(tried())


@pytest.mark.parametrize(
    "request_",
    [
        b"POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nabc",
        b"OPTIONS /session HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: HOST\r\nX: " + b"x" * 10_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: HOST\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n" * 10,
    ],
)
def test_what_is_no_request_of_ours_is_refused_and_nothing_is_written(
    request_: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def tried() -> None:
        async with box() as at:
            caplog.clear()
            status, _, _ = await at.raw(request_.replace(b"HOST", at.host.encode()))
            assert status == 0 or 400 <= status < 600
            assert caplog.records == []
            assert (await at.get("/"))[0] == 200

    life(tried())


def test_too_many_wrong_passwords_have_to_wait(caplog: pytest.LogCaptureFixture) -> None:
    async def tried() -> None:
        async with box(WORD) as at:
            for _ in range(TRIES):
                assert (await at.get("/session", Authorization="Password AAAA"))[0] == 403
            status, headers, _ = await at.get("/session", Authorization=SPOKEN)
            assert status == 429
            assert 0 < int(headers["Retry-After"]) <= 13

    life(tried())
    assert sum(record.getMessage() == "panel: a wrong password" for record in caplog.records) == TRIES
    assert "AAAA" not in caplog.text


# -- the WebSocket ----------------------------------------------------------------------------------


def test_a_request_of_the_page_is_one_of_the_control_socket() -> None:
    async def tried() -> None:
        async with box() as at, at.open() as line:
            assert await told(line) == {"kind": "hello", "transcript": False, "locked": False}
            await line.send('{"id": 3, "do": "lights", "name": "K\\u00fcche", "change": "on"}')
            was = {"do": "lights", "name": "Küche", "change": "on"}
            assert await told(line) == {"id": 3, "ok": True, "was": was}
            await line.send('{"id": 4, "do": "doctor"}')
            answer = await told(line)
            assert (answer["id"], answer["ok"]) == (4, False)
            assert at.asked == [was]

    life(tried())


@pytest.mark.parametrize(
    "text", ["", "hello", "[1]", "{}", '{"id": "1", "do": "status"}', '{"id": true}', "[" * 4000, b"\xff"]
)
def test_what_is_no_request_is_answered(text: str | bytes) -> None:
    async def tried() -> None:
        async with box() as at, at.open() as line:
            await told(line)
            await line.send(text)
            assert (await told(line))["error"] == "no request with an id"
            assert not at.asked
            assert not at.bugs

    life(tried())


def test_more_than_a_request_can_be_is_the_end_of_the_line() -> None:
    async def tried() -> None:
        async with box() as at:
            async with at.open() as line:
                await told(line)
                await line.send("x" * 5000)
                with pytest.raises(ConnectionClosed):
                    await told(line)
            assert (await at.get("/"))[0] == 200
            assert not at.bugs

    life(tried())


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None])
def test_another_page_gets_no_line(origin: str | None) -> None:
    async def tried() -> None:
        async with box() as at:
            with pytest.raises(InvalidStatus) as refused:
                await at.open(origin=origin)
            assert refused.value.response.status_code == 403

    life(tried())


def test_with_a_password_the_cookie_opens_the_line_until_one_leaves() -> None:
    async def tried() -> None:
        async with box(WORD) as at:
            _, headers, _ = await at.get("/session", Authorization=SPOKEN)
            cookie = headers["Set-Cookie"].partition(";")[0]
            async with at.open(cookie) as line:
                assert (await told(line))["kind"] == "hello"
            assert (await at.get("/session", Cookie=cookie))[0] == 204
            await at.get("/leave", Cookie=cookie)
            with pytest.raises(InvalidStatus):
                await at.open(cookie)

    life(tried())


def test_a_page_that_asks_too_much_at_once_is_not_read_any_further() -> None:
    async def tried() -> None:
        async with box() as at, at.open() as line:
            await told(line)
            at.hold = asyncio.Event()
            for number in range(3 * ANSWERS):
                await line.send(json.dumps({"id": number, "do": "status"}))
            async with at.open() as other:  # by now all that is read of the first has been
                await told(other)
            assert len(at.asked) == ANSWERS
            at.hold.set()
            assert [(await told(line))["id"] for _ in range(3 * ANSWERS)] == list(range(3 * ANSWERS))

    life(tried())


def test_there_is_room_for_four_pages() -> None:
    async def tried() -> None:
        async with box() as at, contextlib.AsyncExitStack() as pages:
            lines = [await pages.enter_async_context(at.open()) for _ in range(GUESTS)]
            for line in lines:
                await told(line)
            with pytest.raises(InvalidStatus) as refused:
                await at.open()
            assert refused.value.response.status_code == 503

    life(tried())


def test_connections_that_say_nothing_are_bounded_and_the_next_is_cut() -> None:
    async def tried() -> None:
        async with box() as at, contextlib.AsyncExitStack() as all_of_them:
            for _ in range(CONNECTIONS):
                _, writer = await asyncio.open_connection("127.0.0.1", at.port)
                all_of_them.callback(writer.close)
            status, _, _ = await at.get("/")
            assert status == 0
            await all_of_them.aclose()
            while not status:  # until the server has seen that they are gone
                with contextlib.suppress(ConnectionError):
                    status, _, _ = await at.get("/")
            assert status == 200

    life(tried())


def test_a_mistake_of_ours_is_told() -> None:
    async def tried() -> None:
        async with box() as at, at.open() as line:
            await told(line)
            await line.send('{"id": 1, "do": "fail"}')
            await line.send('{"id": 2, "do": "status"}')
            assert (await told(line))["id"] == 2
            assert [type(bug) for bug in at.bugs] == [ZeroDivisionError]

    life(tried())


# -- what is told -----------------------------------------------------------------------------------


def test_nobody_is_told_of_anything_until_somebody_looks_and_when_they_have_gone() -> None:
    async def tried() -> None:
        async with box() as at:
            assert (at.telling, at.watching) == ([], [])
            async with at.open() as line, at.open() as other:
                await told(line)
                await told(other)
                [tell], [watch] = at.telling, at.watching
                tell("phase", {"mood": "listening"})
                assert (await told(other))["mood"] == "listening"
                first = await told(line)
                assert (first["kind"], first["mood"]) == ("phase", "listening")
                assert first["at"]
                for index in range(10):
                    watch(Heard(bytes(640), index, 9), (), 0.0)
                assert await told(line) == {"kind": "level", "level": 0, "speech": True}
            while at.telling:
                await at.get("/")
            assert at.watching == []

    life(tried())


@pytest.mark.parametrize("kind", SILENT)
def test_what_is_said_is_told_only_where_that_is_wanted(kind: str) -> None:
    async def tried() -> None:
        for transcript in (False, True):
            async with box(transcript=transcript) as at, at.open() as line:
                assert await told(line) == {"kind": "hello", "transcript": transcript, "locked": False}
                at.telling[0](kind, {"text": "a secret wish"})
                at.telling[0]("phase", {"mood": "idle"})
                assert (await told(line))["kind"] == (kind if transcript else "phase")

    life(tried())


# -- where it listens -------------------------------------------------------------------------------


def test_a_port_that_somebody_has_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    async def tried() -> None:
        made = Box()
        with socket.create_server(("127.0.0.1", made.port)):
            await made.server.start()
        task = asyncio.create_task(made.server.run())
        status = 0
        while not status:
            with contextlib.suppress(ConnectionError):
                status, _, _ = await made.get("/")
            await asyncio.sleep(0)
        assert status == 200
        task.cancel()
        await asyncio.wait([task])

    with caplog.at_level(logging.INFO):
        life(tried())
    warned = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warned) == 1
    assert warned[0].startswith("no panel at 127.0.0.1:")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7"])
def test_a_panel_for_others_needs_a_password(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = parse({"panel": {"enabled": True, "host": host}}, "a.toml")
    monkeypatch.delenv("APPLIANCE_PANEL_PASSWORD", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(
        ConfigError, match=f"a.toml: panel.host: found '{host}'; allowed: '127.0.0.1' without"
    ) as told:
        password(config)
    assert "the credential panel-password" in str(told.value)
    monkeypatch.setenv("APPLIANCE_PANEL_PASSWORD", WORD)
    assert password(config) == WORD


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "127.0.0.2"])
def test_a_panel_for_this_machine_alone_needs_none(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APPLIANCE_PANEL_PASSWORD", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert password(parse({"panel": {"enabled": True, "host": host}})) is None
