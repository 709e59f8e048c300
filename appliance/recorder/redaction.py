"""What may be seen of a trace: its shape. Words that were spoken or typed become dots of the same length.

Knows the written form of values (see codec.py). Must never know where a trace goes. Whatever is not known to
be harmless is hidden, so that a new field is hidden until somebody says otherwise.

    what somebody said, typed or was told    ···· ·· ·····       a handle      handle-1
    a name of the configuration, a number    as it is            an id         call-1
    a reason in words                        as it is, but for what looks like a key

Done twice, it changes nothing: so a replay, which has only the dots, can be compared with what was written.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType

from .codec import Encoded, modules

DOT = "·"
HIDDEN = "…"  # an error quotes what was said, or what was meant by it: not even its length is the same

SPOKEN = {"text", "answer", "system_instruction", "description"}
SECRET = {"secret", "handle", "token"}
IDS = {"id", "ids"}
ERRORS = {"error"}
REASONS = {
    *("reason", "why", "advice", "what", "microphone", "speaker", "says", "clock", "date", "day", "remedy"),
    "doubt",
    *("shown", "crash", "raised_at"),  # of the trace itself
}
OPEN = {  # fields that hold settings, and none of the user's words
    "messages.Setup": {"model", "voice", "language", "modality", "thinking", "coverage", "own_tools"},
    "faults.Fault": {"name", "advice"},
}
STRICT = {"args", "response", "extra"}  # the keys in there are somebody else's, too

NUMBER = re.compile(r"[\d.,:%+\-# ]{0,12}|#[0-9a-fA-F]{6}", re.ASCII)
# What looks like a key or a token: long, in one piece, and of all kinds of characters.
TOKEN = re.compile(
    r"(?=[^\s\d]*\d)(?=[^\sA-Z]*[A-Z])(?=[^\sa-z]*[a-z])[\w\-+/=.~]{20,}|AIza[\w-]+|[0-9a-f]{32,}"
)
MOST_REASON = 500  # characters; what is longer is no reason, and is hidden


def dotted(text: str) -> str:
    return re.sub(r"\S", DOT, text)


def cleaned(text: str) -> str:
    """A reason, without what may be a key; of the same length."""
    if len(text) > MOST_REASON:
        return dotted(text)
    return TOKEN.sub(lambda found: "*" * len(found[0]), text)


class Redactor:
    """Of one file: the same handle has the same name throughout."""

    def __init__(self, names: Iterable[str], *, again: bool = False) -> None:
        """`names` are those of the configuration. `again`: what is read was written by a Redactor."""
        self._known = {_folded(name) for name in names} | own_words()
        self._again = again
        self._names: dict[str, dict[str, str]] = {}

    def redact(self, value: Encoded) -> Encoded:
        return self._value(value, "", "", strict=False)

    def _value(self, value: Encoded, owner: str, where: str, *, strict: bool) -> Encoded:
        if isinstance(value, str):
            return self._text(value, owner, where, strict=strict)
        if isinstance(value, list):
            return [self._value(item, owner, where, strict=strict) for item in value]
        if not isinstance(value, dict):
            return value
        tag = value.get("@")
        if isinstance(tag, str):
            return {k: v if k in ("@", "#", "is") else self._field(v, tag, k) for k, v in value.items()}
        if any(key.startswith("@") for key in value):
            return {
                key: self._value(item, owner, where, strict=strict)
                if key in ("@list", "@deque", "@set", "@map", "of")
                else item
                for key, item in value.items()
            }
        return {
            self._key(key, strict=strict): self._value(
                item, owner, _inner(key, where), strict=strict or key in STRICT
            )
            for key, item in value.items()
        }

    def _field(self, value: Encoded, tag: str, name: str) -> Encoded:
        return self._value(value, tag, name, strict=name in STRICT)

    def _text(self, text: str, owner: str, where: str, *, strict: bool) -> str:
        if where in SPOKEN:
            return dotted(text)
        if where in SECRET:
            return self._named("handle", text)
        if where in IDS:
            return self._named("call", text)
        if where in ERRORS:
            return HIDDEN if text else ""
        if not strict and (where in REASONS or where in OPEN.get(owner, ())):
            return cleaned(text)
        if NUMBER.fullmatch(text) or _folded(text) in self._known:
            return text
        return dotted(text)

    def _key(self, key: str, *, strict: bool) -> str:
        if _folded(key) in self._known or (not strict and re.fullmatch(r"[a-z_]{1,40}|[\d-]{1,10}", key)):
            return key
        return self._named("key", key)

    def _named(self, kind: str, text: str) -> str:
        if not text or self._again:
            return text
        names = self._names.setdefault(kind, {})
        return names.setdefault(text, f"{kind}-{len(names) + 1}")


def _inner(key: str, where: str) -> str:
    """A list of texts under `text` is text as well; below a spoken key all is spoken."""
    return where if where in SPOKEN | SECRET else key


@functools.cache
def own_words() -> frozenset[str]:
    """Every text that stands in the code of the core: what equals one of them tells nothing."""
    found: set[str] = set()
    for module in modules():
        for thing in vars(module).values():
            if isinstance(thing, type) and thing.__module__ == module.__name__:
                for member in vars(thing).values():
                    found.update(_texts_of(getattr(member, "fget", None) or member))
            else:
                found.update(_texts_of(thing))
    return frozenset(_folded(text) for text in found)


def _texts_of(thing: object) -> Iterator[str]:
    code = thing if isinstance(thing, CodeType) else getattr(thing, "__code__", None)
    if isinstance(code, CodeType):
        yield code.co_name  # the model calls some of them by it
        for constant in code.co_consts:
            yield from _texts_of(constant)
    elif isinstance(thing, str):
        yield thing
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from (*_texts_of(key), *_texts_of(value))
    elif isinstance(thing, list | tuple | set | frozenset):
        for item in thing:
            yield from _texts_of(item)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
