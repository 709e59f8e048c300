"""Who may come in: by which name the box is called, from which page, with which password.

Knows the password as a digest, and sessions likewise. Must never know what a guest does inside.

    Host      an address, or a name that nobody outside can give to this machine: no DNS rebinding
    Origin    the page's own: no other page gives orders, and none reads an answer
    password  compared in constant time; a wrong one costs a try, and tries come back slowly
    session   a cookie of 256 random bits that scripts cannot read, good for a week and until a restart
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

TRIES = 5
TRY_S = 12.0  # for one more: five a minute, whoever asks, is no bother to a person and hopeless to a machine
SESSIONS = 16  # phones and tablets of a household; the oldest makes room
SESSION_S = 7 * 86_400
WORD_CHARACTERS = 1_024
SCHEME = "Password "


@dataclass(frozen=True, slots=True)
class Entered:
    """`cookie` is what the browser keeps."""

    cookie: str


@dataclass(frozen=True, slots=True)
class Turned:
    """Not let in: for a wrong password, or (`wait_s`) because there were too many."""

    wait_s: float = 0.0


class Gate:
    """`password` None: whoever can connect may come in, which must only be this machine itself."""

    def __init__(
        self,
        password: str | None,
        *,
        port: int,
        names: Collection[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`names` are this machine's own, besides localhost."""
        self._password = None if password is None else _digest(password)
        self._cookie = f"appliance-{port}"  # a host has one set of cookies for all its ports
        self._names = {"localhost", *(name.casefold() for name in names)}
        self._clock = clock
        self._tries = float(TRIES)
        self._since = clock()
        self._sessions: dict[bytes, float] = {}  # digest, and when it ends

    # -- where a request comes from -------------------------------------------------------------------

    def is_ours(self, host: str | None) -> bool:
        """Whether a request with this Host header was meant for us. No name can be bent into an address."""
        name = _hostname(f"//{host or ''}")
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self._names
        return self._password is not None or address.is_loopback

    def is_from_us(self, origin: str | None, host: str | None) -> bool:
        """Whether this Origin is the page that we gave out under this Host."""
        return bool(host) and origin == f"http://{host}"

    # -- passwords and sessions -----------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._password is None

    def enter(self, authorization: str) -> Entered | Turned:
        """What comes of a password, given as `Password` and Base64 of its UTF-8."""
        now = self._clock()
        self._tries = min(TRIES, self._tries + (now - self._since) / TRY_S)
        self._since = now
        if self._tries < 1:
            return Turned(wait_s=(1 - self._tries) * TRY_S)
        if self._password is None or not hmac.compare_digest(_digest(_word(authorization)), self._password):
            self._tries -= 1
            return Turned()
        token = secrets.token_urlsafe(32)
        while len(self._sessions) >= SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[_digest(token)] = now + SESSION_S
        return Entered(self._set(token, SESSION_S))

    def admits(self, cookies: str | None) -> bool:
        """Whether these cookies are of somebody who has been let in."""
        return self.is_open or self._sessions.get(self._session(cookies), 0.0) > self._clock()

    def leave(self, cookies: str | None) -> str:
        """End the session; the cookie that takes the place of the one in the browser."""
        self._sessions.pop(self._session(cookies), None)
        return self._set("", 0)

    def _session(self, cookies: str | None) -> bytes:
        try:
            jar = SimpleCookie(cookies or "")
        except CookieError:
            return b""
        return _digest(jar[self._cookie].value) if self._cookie in jar else b""

    def _set(self, token: str, age_s: int) -> str:
        return f"{self._cookie}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age_s}"


def _digest(word: str) -> bytes:
    """Of one length, whatever the word: comparing it tells nothing."""
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()


def _hostname(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").casefold()
    except ValueError:
        return ""


def _word(authorization: str) -> str:
    if not authorization.startswith(SCHEME) or len(authorization) > WORD_CHARACTERS:
        return ""
    try:
        return base64.b64decode(authorization.removeprefix(SCHEME), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
