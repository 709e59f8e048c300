"""The daemon with ephemeral tokens: minted by a real command or server, renewed by itself, shown nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.standin.server import Entry, Options, StandIn

from .house import Daemon, no_traceback

pytestmark = pytest.mark.slow
KEY = "the-key-of-the-owner-0123456789"
SECRET = "the-secret-of-the-server-987"
QUIET = Options(brain=False, voice="tone", answer="Yes.", key=KEY)
MODEL = "gemini-2.5-flash-native-audio-preview-12-2025"

# The user's own program, as the README has it, in Python's own words.
PROGRAM = """#!{python}
import json, sys, urllib.request
body = json.loads({body!r})
request = urllib.request.Request(
    "{mint}/v1alpha/auth_tokens", json.dumps(body).encode(), {{"x-goog-api-key": "{key}"}}
)
with urllib.request.urlopen(request) as answer:
    token = json.load(answer)["name"]
with open({log!r}, "a") as log:
    log.write(token + "\\n")
print(json.dumps({{"name": token, **body}}))
"""


class Owner:
    """Where tokens come from. `minted` are those it has given."""

    def __init__(self, place: Path) -> None:
        self.log = place / "minted"
        self.program = place / "mint"

    def write(self, text: str) -> None:
        self.program.write_text(text, encoding="utf-8")
        self.program.chmod(0o755)

    def mints(self, standin: StandIn, **body: object) -> None:
        told = {"body": json.dumps(body), "mint": standin.mint_url, "key": KEY, "log": str(self.log)}
        self.write(PROGRAM.format(python=sys.executable, **told))

    @property
    def minted(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


def toml(standin: StandIn, source: str, connect: str = "on_press") -> str:
    return f"""
[live]
model = "{MODEL}"
api_version = "v1alpha"
endpoint = "{standin.url}"
auth = "token"
connect = "{connect}"
{source}
[audio]
backend = "memory"
"""


@contextlib.asynccontextmanager
async def home(standin: StandIn, owner: Owner, **options: str) -> AsyncIterator[Daemon]:
    environment = {n: v for n, v in os.environ.items() if n not in ("GEMINI_API_KEY", "GOOGLE_API_KEY")}
    settings = toml(standin, f'token_command = ["{owner.program}"]', **options)
    async with Daemon(settings, environment) as daemon:
        yield daemon


async def asks(daemon: Daemon) -> None:
    assert (await daemon.run("ask", "What is this?"))[:2] == (0, "Yes.\n")


def downs(daemon: Daemon) -> list[object]:
    return [line["why"] for line in daemon.of("line") if line["state"] == "down"]


async def lost(standin: StandIn, daemon: Daemon) -> None:
    """The line ends after the handle of the last turn, and the daemon has noticed."""
    known = len(downs(daemon))
    turns = sum(e.has("serverContent", "generationComplete") for e in standin.record)

    def handles(record: list[Entry]) -> int:
        return sum(e.has("sessionResumptionUpdate", "newHandle") for e in record)

    await standin.wait_for(lambda record: handles(record) >= turns)
    await standin.hang_up(1001, "going away")
    await daemon.until(lambda: len(downs(daemon)) > known)


def resumed(standin: StandIn) -> list[bool]:
    """Of each setup that was sent, whether it resumed a session."""
    return [
        "handle" in e.message["setup"].get("sessionResumption", {}) for e in standin.record if e.has("setup")
    ]


def kept(state: Path) -> list[str]:
    """What the daemon has written down."""
    return [path.read_text(errors="replace") for path in state.rglob("*") if path.is_file()]


def later(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


def test_a_turn_a_resumption_and_a_new_token_when_the_old_one_is_spent(tmp_path: Path) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            owner = Owner(tmp_path)
            hours = {"newSessionExpireTime": later(hours=1), "expireTime": later(hours=2)}
            owner.mints(standin, uses=2, **hours)
            async with home(standin, owner) as daemon:
                await daemon.ask(do="talk", hold_s=0.4)
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered"
                assert len(owner.minted) == 1
                for minted in (1, 2, 2, 3):
                    await lost(standin, daemon)
                    await asks(daemon)
                    assert len(owner.minted) == minted
                assert resumed(standin) == [False, True, True, True, True]
                assert set(downs(daemon)) == {"line dropped"}, "the service had nothing to refuse"
                paths = {e.message["opened"]["path"] for e in standin.record if "opened" in e.message}
                [path] = paths
                assert path.endswith(".v1alpha.GenerativeService.BidiGenerateContentConstrained")
                assert await daemon.stop() == 0
                no_traceback(daemon.log)

    asyncio.run(life())


def test_a_token_that_was_spent_elsewhere_is_renewed_after_one_refusal(tmp_path: Path) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            owner = Owner(tmp_path)
            hours = {"newSessionExpireTime": later(hours=1), "expireTime": later(hours=2)}
            owner.mints(standin, uses=1, **hours)
            text = owner.program.read_text().replace("**body}", '**body, "uses": 9}')  # it promises too much
            owner.write(text)
            async with home(standin, owner) as daemon:
                await asks(daemon)
                await lost(standin, daemon)
                await asks(daemon)
                assert len(owner.minted) == 2
                assert downs(daemon) == ["line dropped", "token spent"]
                assert resumed(standin) == [False, True, True], "the conversation is kept"
                assert await daemon.stop() == 0
                no_traceback(daemon.log)

    asyncio.run(life())


def test_a_line_that_ends_with_its_token_goes_on_with_another(tmp_path: Path) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            owner = Owner(tmp_path)
            owner.mints(standin, uses=0, expireTime=later(seconds=4))
            async with home(standin, owner, connect="always") as daemon:
                await daemon.until(lambda: any(line["state"] == "live" for line in daemon.of("line")))
                owner.mints(standin)
                await daemon.until(lambda: downs(daemon))
                assert downs(daemon) == ["token spent"]
                await asks(daemon)
                assert len(owner.minted) == 2
                assert await daemon.stop() == 0

    asyncio.run(life())


def test_tokens_that_the_service_does_not_take_have_a_name_and_can_be_put_right(tmp_path: Path) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            owner = Owner(tmp_path)
            owner.write("#!/bin/sh\necho auth_tokens/of-another-project\n")
            async with home(standin, owner) as daemon:
                await daemon.ask(do="talk", hold_s=0.4)
                await daemon.until(lambda: "token refused" in downs(daemon))
                assert downs(daemon) == ["token spent", "token refused"]
                _, out, _ = await daemon.run("status")
                assert "trouble: token refused; the service takes no token of your server" in out
                assert "key refused" not in out
                owner.mints(standin)
                status, _, _ = await daemon.run("talk")  # a press tries again
                assert status == 0
                await daemon.until(lambda: any(line["state"] == "live" for line in daemon.of("line")))
                assert await daemon.stop() == 0
                assert "of-another-project" not in daemon.log + json.dumps(daemon.told) + out

    asyncio.run(life())


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'the vault is sealed' >&2; exit 3", "ended with status 3: the vault is sealed"),
        ("echo sorry", "has no token in it"),
        ("exec sleep 600", "took longer than 1 s"),
    ],
)
def test_a_command_that_fails_is_told_and_tried_again(tmp_path: Path, script: str, reason: str) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            owner = Owner(tmp_path)
            owner.write(f"#!/bin/sh\n{script}\n")
            source = f'token_command = ["{owner.program}"]\ntoken_timeout_s = 1'
            async with Daemon(toml(standin, source)) as daemon:
                await daemon.ask(do="talk", hold_s=0.4)
                await daemon.until(lambda: "no token" in downs(daemon))
                assert reason in str(next(t for t in daemon.of("line") if t["state"] == "down")["reason"])
                _, out, _ = await daemon.run("status")
                assert "trouble: no token; check [live] token_command or token_url" in out
                owner.mints(standin)
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered", "what was said is answered in the end"
                assert await daemon.stop() == 0
                assert reason in daemon.log
                no_traceback(daemon.log)

    asyncio.run(life())


class Server:
    """The user's own server: HTTP on this machine, with a secret, in front of the real mint."""

    def __init__(self, standin: StandIn) -> None:
        self.standin = standin
        self.minted: list[str] = []
        self.port = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, body = "401 Unauthorized", "{}"
        if head.startswith("POST /box HTTP") and f"Authorization: Bearer {SECRET}\r\n" in head:
            answer = self.standin._tokens.mint(KEY, {})
            self.minted.append(str(answer["name"]))
            status, body = "200 OK", json.dumps(answer)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()


def test_a_server_that_is_down_is_a_state_and_comes_back(tmp_path: Path) -> None:
    async def life() -> None:
        (tmp_path / "token-server-secret").write_text(f"{SECRET}\n")
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(tmp_path)}
        async with StandIn(replace(QUIET)) as standin:
            server = Server(standin)
            await server.open()
            settings = toml(standin, f'token_url = "http://127.0.0.1:{server.port}/box"')
            async with Daemon(settings, environment) as daemon:
                await asks(daemon)
                await server.close()
                await standin.hang_up(0)
                await daemon.ask(do="talk", hold_s=0.4)
                await daemon.until(lambda: "no token" in downs(daemon))
                told = next(t for t in daemon.of("line") if t.get("why") == "no token")
                assert "cannot be reached: Connection refused" in str(told["reason"])
                assert (await daemon.ask(do="status"))["phase"] == "offline"
                await server.open()
                await daemon.until(lambda: len(daemon.of("turn")) > 1)
                assert daemon.of("turn")[-1]["outcome"] == "answered"
                assert await daemon.stop() == 0
                assert len(server.minted) == 2
                for hidden in (*server.minted, SECRET, KEY):
                    assert hidden not in daemon.log + json.dumps(daemon.told)
                no_traceback(daemon.log)
            await server.close()

    asyncio.run(life())


def test_a_wrong_secret_is_told_with_its_remedy(tmp_path: Path) -> None:
    async def life() -> None:
        environment = {**os.environ, "APPLIANCE_TOKEN_SERVER_SECRET": "not-the-secret"}
        async with StandIn(QUIET) as standin:
            server = Server(standin)
            await server.open()
            settings = toml(standin, f'token_url = "http://127.0.0.1:{server.port}/box"')
            async with Daemon(settings, environment) as daemon:
                await daemon.ask(do="talk")
                await daemon.until(lambda: "no token" in downs(daemon))
                assert await daemon.stop() == 0
                assert (
                    "HTTP 401: store the secret that it wants as the credential token-server-secret"
                    in daemon.log
                )
                assert "not-the-secret" not in daemon.log + json.dumps(daemon.told)
            await server.close()

    asyncio.run(life())


def test_a_token_is_shown_nowhere(tmp_path: Path) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            owner = Owner(tmp_path)
            owner.mints(standin, uses=5, newSessionExpireTime=later(hours=1))
            environment = {**os.environ, "APPLIANCE_TOKEN_SERVER_SECRET": SECRET}
            settings = toml(standin, f'token_command = ["{owner.program}"]') + '[log]\nlevel = "debug"\n'
            async with Daemon(settings, environment) as daemon:
                await asks(daemon)
                [token] = owner.minted
                await standin.hang_up(1011, f"no more of {token}")
                await daemon.until(lambda: downs(daemon))
                await asks(daemon)
                shown = [json.dumps(daemon.told), "\n".join(daemon.notes)]
                for words in (["status"], ["status", "--json"], ["config"], ["config", "--json"]):
                    status, out, err = await daemon.run(*words)
                    assert status == 0
                    shown += [out, err]
                assert '"token_server_secret": "********"' in shown[-2]
                assert '"api_key"' not in shown[-2]
                for file in ("cmdline", "environ"):
                    process = Path(f"/proc/{daemon.process.pid}") / file
                    shown.append(process.read_bytes().decode(errors="replace").replace(SECRET, "given by us"))
                shown += kept(Path(daemon.environment["STATE_DIRECTORY"]))
                assert await daemon.stop() == 0
                shown.append(daemon.log)
                assert "no more of ***" in daemon.log
                assert "a new token, for 5 uses" in daemon.log
                identity = token.removeprefix("auth_tokens/")
                for text in shown:
                    assert identity not in text
                    assert KEY not in text
                    assert SECRET not in text
                assert token not in str(standin.record).replace(f"no more of {token}", "")

    asyncio.run(life())


def test_mistakes_are_told_before_anything_is_started(tmp_path: Path) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            daemon = Daemon(toml(standin, 'token_command = ["/nowhere/mint"]'))
            status, _, err = await daemon.run("run", "--check")
            assert status == 78
            assert "live.token_command: found '/nowhere/mint'; allowed: a program that is there" in err
            no_traceback(err)

    asyncio.run(life())
