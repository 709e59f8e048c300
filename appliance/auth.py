"""How the box may show who it is: the settings of [live] about that, checked, and what the line asks for.

Knows what a token command and a token server must look like. Must never know a key, a token or a secret.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from .core.events import Cause
from .problems import Section
from .settings import AUTHS, Live

MOST_WORDS = 32
COMMAND = 'a list of words, the first the absolute path of a program, as in ["/usr/local/bin/mint"]'
URL = "'https://host/path', or 'http://' to this machine, without a name, a password or a query in it"

Headers = Callable[[], Mapping[str, str] | Awaitable[Mapping[str, str]]]
"""The headers of a dial."""


class Verdict(Protocol):
    """What the end of a link means for what was shown at its beginning: the same cause, or another."""

    def __call__(self, cause: Cause, code: int | None, reason: str, *, greeted: bool) -> Cause: ...


def is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def with_auth(section: Section, live: Live) -> Live:
    """The settings with what this section says about keys and tokens."""
    live = replace(
        live,
        auth=section.choice("auth", live.auth, AUTHS),
        token_command=_command(section),
        token_url=_url(section),
        token_timeout_s=section.number("token_timeout_s", live.token_timeout_s, 1, 12, "seconds"),
    )
    given = [key for key in ("token_command", "token_url") if section.raw(key)]
    if live.auth == "token" and len(given) != 1:
        found = " and ".join(given) or "neither token_command nor token_url"
        section.describe("auth", f"'token' with {found}", "exactly one of token_command and token_url")
    if live.auth == "token" and not _is_private(live.endpoint):
        section.wrong("endpoint", live.endpoint, "'wss://' with tokens: they are not sent without encryption")
    return live


def _command(section: Section) -> tuple[str, ...]:
    words = section.texts("token_command", most=1_000)
    if not words:
        return ()
    if len(words) > MOST_WORDS or any("\0" in word for word in words):
        section.describe("token_command", f"{len(words)} words", f"{COMMAND}, at most {MOST_WORDS} words")
        return ()
    program = Path(words[0])
    if not program.is_absolute():
        section.wrong("token_command", words[0], COMMAND)
        return ()
    if not program.is_file() or not os.access(program, os.X_OK):
        section.wrong("token_command", words[0], "a program that is there and may be run")
        return ()
    return words


def _url(section: Section) -> str:
    text = section.text("token_url", "", most=512)
    if any(sign in text for sign in "?#@"):  # what stands there may be a secret: it must not be printed
        section.describe("token_url", "a URL with more than a host and a path in it", URL)
        return ""
    if text and not _is_fine(text):
        section.wrong("token_url", text, URL)
        return ""
    return text


def _is_private(endpoint: str) -> bool:
    with contextlib.suppress(ValueError):
        return not endpoint.startswith("ws://") or is_loopback(urlsplit(endpoint).hostname or "")
    return True  # what is wrong with it is told elsewhere


def _is_fine(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        url = urlsplit(text)
        if not url.hostname or url.port == 0:
            return False
    except ValueError:
        return False
    return url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname))
