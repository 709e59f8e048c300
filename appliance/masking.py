"""One short line out of a text from elsewhere, with nothing secret in it.

Knows what was sent and may be quoted back, and the shapes of keys and tokens. Must never know who said it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST_CHARACTERS = 200  # a close reason has at most 123 bytes, RFC 6455 section 5.5
MASK = "***"
SHAPES = re.compile(r"auth_tokens/[^\s\"',;]+|AIza[\w-]{20,}|(?i:\bbearer)\s+[^\s\"',;]+")
LEAST_PART = 8  # a shorter part of a secret is a word that may stand anywhere


def clean(text: str, secrets: Iterable[str] = (), most: int = MOST_CHARACTERS) -> str:
    """The text as one printable line; secrets, parts of them and what looks like one are masked."""
    for secret in secrets:
        for part in _parts(secret):
            text = text.replace(part, MASK)
    words = "".join(c if c.isprintable() else " " for c in SHAPES.sub(MASK, text)).split()
    return " ".join(words)[:most]


def _parts(secret: str) -> Iterator[str]:
    """All of it first; then what stands behind `Token ` or `auth_tokens/`, which may be quoted alone."""
    if secret:
        yield secret
    for sign in (" ", "/"):
        part = secret.rpartition(sign)[2]
        if part != secret and len(part) >= LEAST_PART:
            yield part
