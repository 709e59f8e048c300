"""Ephemeral tokens, minted by the user's own command or server: the key is never on this device.

Knows how a token is asked for, and how often and how long one may be used. Must never know the key, what is
said over the line, or when one is wanted. A token is held in memory only, and shown to nobody.

             headers                     headers, spent or too old; or the service refused it
    (none) ──────────► mint ──► token ──────────────────────────────────────► mint ──► ...

Lifetimes are counted by the monotonic clock from the moment a token was asked for: this machine may not know
the date, and then the limits that the service sets by default are assumed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..core.events import Cause
from ..core.faults import KEY_REFUSED, Phase, classify
from ..core.values import dataclass
from ..errors import CredentialError, TokenError
from ..masking import clean

if TYPE_CHECKING:
    from http.client import HTTPConnection

# Of the service: the defaults and limits of AuthToken, as its public client documents them.
USES = 1
START_S = 60.0  # within which a connection may be opened
LIFE_S = 30 * 60.0
LONGEST_S = 20 * 3600.0

CONNECTION_S = (
    10 * 60.0
)  # the service ends a connection at about that age: a token that lasts so long will do
MARGIN_S = 5.0  # for the handshake and the setup
MOST_BYTES = 16_384  # of an answer; a token has some hundred
MOST_CHARACTERS = 1_024  # of a token: it goes into a header
KILL_S = 1.0  # a killed process is gone at once, or is stuck in the kernel
UNAVAILABLE = "The service is currently unavailable"
TOKEN = re.compile(r"auth_tokens/[!-~]+")

# What a command does not need of our environment: the key, the secret, and the service manager's own.
WITHHELD = re.compile(r"(GEMINI|GOOGLE)_API_KEY|APPLIANCE_TOKEN_\w+|NOTIFY_SOCKET|WATCHDOG_\w+|LISTEN_\w+")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Token:
    """`uses` is 0 for any number. `start_by` and `end_by` are of the monotonic clock, in seconds."""

    value: str = field(repr=False)
    uses: int
    start_by: float
    end_by: float


class Tokens:
    """The token of the moment. `mint` gives what the command or server said, or raises TokenError.

    `today` is the date and time, None where nobody has set the clock.
    """

    def __init__(
        self,
        mint: Callable[[], Awaitable[str]],
        *,
        today: Callable[[], datetime | None] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mint = mint
        self._today = today
        self._clock = clock
        self._token: Token | None = None
        self._used = 0
        self._refusals = 0  # in a row

    def __repr__(self) -> str:
        return f"Tokens({'none' if self._token is None else f'one, used {self._used} times'})"

    async def headers(self) -> Mapping[str, str]:
        """The headers of one dial. Raises TokenError, which shows no secret."""
        token = self._token
        if token is None or not self._will_do(token):
            self._token = None
            now, today = self._clock(), self._today()
            token = self._token = read(await self._mint(), now, today)
            self._used = 0
            log.info("a new token, for %s", "any number of uses" if token.uses == 0 else f"{token.uses} uses")
        self._used += 1
        return {"Authorization": f"Token {token.value}"}

    def verdict(self, cause: Cause, code: int | None, reason: str, *, greeted: bool) -> Cause:
        """What the end of a link means where tokens are used. `greeted`: the service had spoken on it.

        The first refusal is most often that of a token that was spent or too old; of a second in a row
        another token is no remedy.
        """
        if greeted:
            self._refusals = 0
        if cause is Cause.CLOSED and reason.startswith(UNAVAILABLE) and not greeted and self._used > 1:
            self._token = None  # said of an overload, and of a token whose uses are spent: this one may be it
            return Cause.TOKEN_SPENT
        if classify(cause, code, reason, Phase.LIVE if greeted else Phase.GREETING) is not KEY_REFUSED:
            return cause
        self._token = None
        self._refusals += 1
        return Cause.TOKEN_SPENT if self._refusals == 1 else Cause.TOKEN_REFUSED

    def _will_do(self, token: Token) -> bool:
        now = self._clock()
        unspent = token.uses == 0 or self._used < token.uses
        return unspent and now < token.start_by - MARGIN_S and now < token.end_by - CONNECTION_S


def read(answer: str, now: float, today: datetime | None) -> Token:
    """A token out of what was answered: its text alone, or a JSON object. Raises TokenError.

    `now` and `today` are of the moment it was asked for.
    """
    answer = answer.strip()
    told: Mapping[str, object] = {"name": answer}
    if answer.startswith(("{", "[")):
        try:
            told = json.loads(answer)
        except (ValueError, RecursionError):
            raise TokenError("what was minted is not JSON") from None  # the exception would carry the text
        if not isinstance(told, Mapping):
            raise TokenError("what was minted is a JSON list, where an object with a name is wanted")
    name, uses = told.get("name"), told.get("uses", USES)
    if not isinstance(name, str) or len(name) > MOST_CHARACTERS or not TOKEN.fullmatch(name):
        raise TokenError('what was minted has no token in it: "auth_tokens/..." alone, or as "name" in JSON')
    if isinstance(uses, bool) or not isinstance(uses, int) or uses < 0:
        raise TokenError('the "uses" of what was minted is not a whole number, 0 for any')
    start_s = _left_s(told.get("newSessionExpireTime"), today, START_S)
    return Token(name, uses, now + start_s, now + _left_s(told.get("expireTime"), today, LIFE_S))


def _left_s(when: object, today: datetime | None, default_s: float) -> float:
    """Seconds from `today` to an RFC 3339 time; the default where one of them is not known."""
    if not isinstance(when, str) or today is None:
        return default_s
    try:
        left_s = (datetime.fromisoformat(when.upper()) - today).total_seconds()
    except (ValueError, TypeError, OverflowError):  # TypeError: a time without its offset
        return default_s
    return min(
        LONGEST_S, max(0.0, left_s)
    )  # none left, and just minted: our clock is wrong, or the service says


# -- by a command -----------------------------------------------------------------------------------


async def by_command(words: Sequence[str], timeout_s: float) -> str:
    """What the command writes. Raises TokenError; whatever it has started is ended with it."""
    loop = asyncio.get_running_loop()
    output = _Output(loop.create_future())
    environment = {name: value for name, value in os.environ.items() if not WITHHELD.fullmatch(name)}
    try:
        transport, _ = await loop.subprocess_exec(
            lambda: output,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a group of its own, to be ended as a whole
        )
    except OSError as error:
        raise TokenError(f"the token command {words[0]} cannot be run: {error.strerror}") from error
    try:
        async with asyncio.timeout(timeout_s):
            await output.over
    except TimeoutError:
        raise TokenError(
            f"the token command took longer than {timeout_s:g} s ([live] token_timeout_s)"
        ) from None
    finally:
        ended = output.over.done() and not output.over.cancelled()
        if not ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(transport.get_pid(), signal.SIGKILL)
        transport.close()
        if not ended:
            await asyncio.wait({output.gone}, timeout=KILL_S)
    return output.text(transport.get_returncode() or 0)


class _Output(asyncio.SubprocessProtocol):
    """What a command writes, as far as anybody wants to know."""

    def __init__(self, over: asyncio.Future[None]) -> None:
        self.over = over
        self.gone: asyncio.Future[None] = over.get_loop().create_future()
        self._written = {1: bytearray(), 2: bytearray()}
        self._flooded = False

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        written = self._written[fd]
        self._flooded |= fd == 1 and len(written) + len(data) > MOST_BYTES
        written += data[: MOST_BYTES - len(written)]

    def connection_lost(self, exc: Exception | None) -> None:
        for future in (self.over, self.gone):
            if not future.done():
                future.set_result(None)

    def text(self, status: int) -> str:
        if status:
            how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
            told = self._written[2].decode(errors="replace").strip().partition("\n")[0]
            raise TokenError(clean(f"the token command {how}: {told or 'it wrote no reason to stderr'}"))
        if self._flooded:
            raise TokenError(f"the token command wrote more than {MOST_BYTES} bytes")
        return self._written[1].decode(errors="replace")


# -- by a server ------------------------------------------------------------------------------------


async def by_server(
    url: str, secret: Callable[[], str | None], timeout_s: float, tls: ssl.SSLContext | None = None
) -> str:
    """What the server answers to a POST. Raises TokenError. No redirect is followed: it is not for others."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection

    parts = urlsplit(url)
    headers = {"Accept": "application/json", "User-Agent": "appliance"}
    try:
        shown = secret()
    except CredentialError as error:
        raise TokenError(str(error)) from error
    if shown is not None:
        headers["Authorization"] = f"Bearer {shown}"
    host, port = parts.hostname or "", parts.port
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(
            host, port, timeout=timeout_s, context=tls or await asyncio.to_thread(ssl.create_default_context)
        )
    else:
        connection = HTTPConnection(host, port, timeout=timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            status, text = await asyncio.to_thread(_post, connection, parts.path or "/", headers)
    except (OSError, HTTPException) as error:
        raise TokenError(f"the token server {host} {_trouble(error, timeout_s)}") from error
    finally:
        _shut(connection)
    if status not in (200, 201):
        raise TokenError(f"the token server {host} answered HTTP {status}{_remedy(status)}")
    if len(text) > MOST_BYTES:
        raise TokenError(f"the token server {host} sent more than {MOST_BYTES} bytes")
    return text.decode(errors="replace")


def _post(connection: HTTPConnection, path: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
    connection.request("POST", path, body=b"", headers=dict(headers))
    from http.client import IncompleteRead

    with connection.getresponse() as answer:
        text = answer.read(MOST_BYTES + 1)
        if answer.length and len(text) <= MOST_BYTES:  # half a token is none
            raise IncompleteRead(text, answer.length)
        return answer.status, text


def _shut(connection: HTTPConnection) -> None:
    """Close it, and wake a thread that still reads from it."""
    tcp: socket.socket | None = connection.sock
    if tcp is not None:
        with contextlib.suppress(OSError):
            tcp.shutdown(socket.SHUT_RDWR)
    connection.close()


def _trouble(error: Exception, timeout_s: float) -> str:
    match error:
        case TimeoutError():
            return f"did not answer within {timeout_s:g} s ([live] token_timeout_s)"
        case ssl.SSLCertVerificationError():
            why = error.verify_message or "it is not trusted"
            return f"has a certificate that is refused: {why}; check this machine's clock and CA certificates"
        case ssl.SSLError():
            return f"cannot do TLS: {error.reason or error}"
        case socket.gaierror():
            return f"cannot be looked up: {error.strerror}"
        case OSError():
            words = os.strerror(error.errno) if error.errno else str(error)
            return f"cannot be reached: {words or 'the connection was lost'}"
        case _:
            return f"does not speak HTTP: {clean(str(error), most=60) or type(error).__name__}"


def _remedy(status: int) -> str:
    if 300 <= status < 400:
        return ": it redirects, so put its final address in [live] token_url"
    if status in (401, 403):
        return ": store the secret that it wants as the credential token-server-secret"
    if status == 404:
        return ": check the path of [live] token_url"
    return ""
