"""Values of the core as JSON, and back: events, effects, and a whole conversation as it stands.

Knows the dataclasses, enums and machines of the core by what they are, not one by one: a new event needs no
change here. Must never know what a value means, nor keep a sound: of bytes only the length is written.

    a dataclass   {"@": "events.Sounding", "turn": 17}         an enum   {"@": "mood.Mood", "is": "IDLE"}
    bytes         {"@bytes": 640}                                 a list    {"@list": [...]}; a tuple is [...]
    a machine     {"@": "turn.Turn", "#": 3, ...}, and the second time {"@ref": 3}

What is not the core's own (the source of the delays, say) is {"@outside": ...}, and whoever reads must put
something in its place.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import math
import pkgutil
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType, ModuleType

from .. import core
from ..errors import TraceError

MOST_BYTES = 1 << 22  # of one piece of sound: two minutes at 16 kHz, more than a message may have
MOST_BYTES_IN_ALL = 1 << 26  # of one file
PLAIN = (bool, int, type(None))

Encoded = object


@functools.cache
def modules() -> tuple[ModuleType, ...]:
    """Every module of the core."""
    names = sorted(module.name for module in pkgutil.iter_modules(core.__path__))
    return tuple(importlib.import_module(f"{core.__name__}.{name}") for name in names)


@functools.cache
def vocabulary() -> Mapping[str, type]:
    """The classes of the core by their tag: nothing else is ever made from a file."""
    return {
        _tag(thing): thing
        for module in modules()
        for thing in vars(module).values()
        if isinstance(thing, type) and thing.__module__ == module.__name__
    }


def _tag(kind: type) -> str:
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__qualname__}"


def _is_ours(kind: type) -> bool:
    return kind.__module__.startswith(f"{core.__name__}.")


class Encoder:
    """One value after the other; a machine that is met twice is the same machine."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[int, object]] = {}  # the object, too: it must not be another's id

    def encode(self, value: object) -> Encoded:
        kind = type(value)
        if kind in PLAIN or kind is str:
            return value
        if kind is float:
            return value if math.isfinite(value) else {"@float": repr(value)}  # type: ignore[arg-type]
        if kind is bytes:
            return {"@bytes": len(value)}  # type: ignore[arg-type]
        if kind is tuple:
            return [self.encode(item) for item in value]  # type: ignore[attr-defined]
        if isinstance(value, enum.Enum):
            return {"@": _tag(kind), "is": value.name}
        if dataclasses.is_dataclass(value) and _is_ours(kind):
            named = {name: self.encode(getattr(value, name)) for name in field_names(kind)}
            return {"@": _tag(kind), **named}
        return self._container(value)

    def _container(self, value: object) -> Encoded:
        if isinstance(value, Mapping):
            if all(type(key) is str and key[:1] != "@" for key in value):
                return {key: self.encode(item) for key, item in value.items()}
            return {"@map": [[self.encode(key), self.encode(item)] for key, item in value.items()]}
        if isinstance(value, list):
            return {"@list": [self.encode(item) for item in value]}
        if isinstance(value, deque):
            return {"@deque": [self.encode(item) for item in value], "most": value.maxlen}
        if isinstance(value, set | frozenset):
            return {"@set": [self.encode(item) for item in sorted(value, key=repr)]}
        if isinstance(value, range):
            return {"@range": [value.start, value.stop, value.step]}
        return self._object(value)

    def _object(self, value: object) -> Encoded:
        kind = type(value)
        if isinstance(value, MethodType) and _is_ours(type(value.__self__)):
            return {"@method": value.__name__, "of": self.encode(value.__self__)}
        if isinstance(value, FunctionType) and value.__module__.startswith(f"{core.__name__}."):
            return {"@function": f"{value.__module__.rpartition('.')[2]}.{value.__qualname__}"}
        if isinstance(value, type) or not _is_ours(kind) or isinstance(value, Iterator):
            return {"@outside": kind.__name__}
        if id(value) in self._met:
            return {"@ref": self._met[id(value)][0]}
        number = len(self._met)
        self._met[id(value)] = (number, value)
        return {"@": _tag(kind), "#": number, **{k: self.encode(v) for k, v in _attributes(value)}}


def field_names(kind: type) -> tuple[str, ...]:
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(field.name for field in dataclasses.fields(kind))
    return _FIELDS[kind]


_FIELDS: dict[type, tuple[str, ...]] = {}


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    for name in getattr(type(value), "__slots__", ()):
        if hasattr(value, name):
            yield name, getattr(value, name)
    yield from getattr(value, "__dict__", {}).items()


class Decoder:
    """The way back. Raises TraceError for what no Encoder of this version has written."""

    def __init__(self, outside: object = None) -> None:
        """`outside` stands for everything that was not the core's own."""
        self._outside = outside
        self._made: dict[int, object] = {}
        self._bytes = 0

    def decode(self, value: Encoded) -> object:
        match value:
            case bool() | int() | float() | str() | None:
                return value
            case list():
                return tuple([self.decode(item) for item in value])
            case {"@": str(tag), **rest}:
                return self._named(tag, {str(name): item for name, item in rest.items()})
            case {"@bytes": int(length)}:
                return self._sound(length)
            case {"@float": "inf" | "-inf" | "nan" as number}:
                return float(number)
            case {"@list": list(items)}:
                return [self.decode(item) for item in items]
            case {"@deque": list(items), "most": None | int() as most}:
                return self._deque(items, most)
            case {"@set": list(items)}:
                return {self._key(item) for item in items}
            case {"@map": list(pairs)}:
                return dict(self._pair(pair) for pair in pairs)
            case {"@range": [int(start), int(stop), int(step)]} if step:
                return range(start, stop, step)
            case {"@ref": int(number)} if number in self._made:
                return self._made[number]
            case {"@method": str(name), "of": of}:
                return self._method(name, self.decode(of))
            case {"@function": str(name)}:
                return _function(name)
            case {"@outside": str()}:
                return self._outside
            case dict() if not any(key.startswith("@") for key in value):
                return {key: self.decode(item) for key, item in value.items()}
        raise TraceError("it holds a value that is none of ours")

    def _named(self, tag: str, rest: Mapping[str, Encoded]) -> object:
        kind = vocabulary().get(tag)
        if kind is None:
            raise TraceError(f"this version knows no {tag[:64]!r}")
        if issubclass(kind, enum.Enum):
            name = rest.get("is")
            if not isinstance(name, str) or name not in kind.__members__:
                raise TraceError(f"this version knows no such {tag}")
            return kind[name]
        return self._filled(kind, tag, rest)

    def _filled(self, kind: type, tag: str, rest: Mapping[str, Encoded]) -> object:
        made: object = object.__new__(kind)
        named = dict(rest)
        if dataclasses.is_dataclass(kind):
            if set(named) != set(field_names(kind)):
                raise TraceError(f"this version has other fields in {tag}")
        else:
            number = named.pop("#", None)
            if not isinstance(number, int) or number in self._made:
                raise TraceError(f"{tag} has no number of its own")
            self._made[number] = made
        for name, item in named.items():
            try:
                object.__setattr__(made, name, self.decode(item))
            except AttributeError:
                raise TraceError(f"this version has no {name[:64]!r} in {tag}") from None
        return made

    def _sound(self, length: int) -> bytes:
        self._bytes += length
        if not 0 <= length <= MOST_BYTES or self._bytes > MOST_BYTES_IN_ALL:
            raise TraceError("it holds more sound than a box can hear")
        return bytes(length)

    def _deque(self, items: list[Encoded], most: int | None) -> deque[object]:
        if most is not None and most < len(items):
            raise TraceError("it holds more than there is room for")
        return deque((self.decode(item) for item in items), most)

    def _key(self, value: Encoded) -> object:
        key = self.decode(value)
        try:
            hash(key)
        except TypeError:
            raise TraceError("it holds a key that can be none") from None
        return key

    def _pair(self, pair: Encoded) -> tuple[object, object]:
        match pair:
            case [key, item]:
                return self._key(key), self.decode(item)
        raise TraceError("it holds half a pair")

    def _method(self, name: str, of: object) -> object:
        if not isinstance(getattr(type(of), name, None), FunctionType):
            raise TraceError(f"this version has no method {name[:64]!r}")
        return getattr(of, name)


def _function(name: str) -> object:
    module, _, inside = name.partition(".")
    for known in modules():
        if known.__name__.endswith(f".{module}") and isinstance(vars(known).get(inside), FunctionType):
            return vars(known)[inside]
    raise TraceError(f"this version knows no function {name[:64]!r}")
