"""Strict decoding of what a client sends: proto3-JSON in, canonical camelCase out, or a Refusal.

Knows: the proto3-JSON rules (both spellings of a name, both base64 alphabets, 64-bit numbers as text).
Must never know: what a message means, or in which order messages may come.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from .refusal import BAD_ARGUMENT, INVALID, Refusal, invalid_payload
from .schema import CLIENT, MESSAGES, ONE_OF, Enum, FieldType, Many, MapOf, Message

_DEEPEST = 100  # protobuf's default recursion limit for JSON
_INT32 = 2**31
_INT64 = 2**63
_PACKAGE = "type.googleapis.com/google.ai.generativelanguage.v1beta"


def decode(text: str) -> dict[str, Any]:
    """One client message: names camelCase, bytes decoded, enums by name, absent and null fields left out.

    Raises Refusal(1007, ...) for everything the service would not accept as JSON of that message.
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise invalid_payload("Unexpected token.") from error
    if not isinstance(value, dict):
        raise invalid_payload("Expected an object.")
    message = _message(CLIENT, value, "", 0)
    if not message:
        raise Refusal(INVALID, BAD_ARGUMENT)
    return message


def has_null(text: str) -> bool:
    """Whether any field of this (decodable) message is an explicit null: the 3.1 generation refuses those."""
    return _null_inside(json.loads(text))


def _null_inside(value: object) -> bool:
    match value:
        case None:
            return True
        case dict():
            # Free-form objects may hold null as a value of their own.
            return any(_null_inside(v) for k, v in value.items() if k not in ("response", "args"))
        case list():
            return any(_null_inside(v) for v in value)
        case _:
            return False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _message(name: str, value: object, path: str, depth: int) -> dict[str, Any]:
    if not isinstance(value, dict) or depth > _DEEPEST:
        raise _bad_value(path, name, value)
    fields = MESSAGES[name]
    spelled = _spellings(fields)
    decoded: dict[str, Any] = {}
    for key, item in value.items():
        field = spelled.get(key)
        if field is None:
            raise _unknown_name(key, path)
        if item is None:
            continue
        inner = f"{path}.{_snake(field)}" if path else _snake(field)
        if field in decoded:
            raise invalid_payload(f"Invalid value at '{path}' (oneof), \"{field}\" is already set.")
        decoded[field] = _value(fields[field], item, inner, depth + 1)
    present = [field for field in ONE_OF.get(name, ()) if field in decoded]
    if len(present) > 1:
        second = _snake(present[1])
        raise invalid_payload(f"Invalid value at '{path}' (oneof), oneof field '{second}' is already set.")
    return decoded


def _value(kind: FieldType, value: object, path: str, depth: int) -> Any:
    match kind:
        case Message(name):
            return _message(name, value, path, depth)
        case Enum():
            return _enum(kind, value, path)
        case Many(of):
            if not isinstance(value, list):
                raise _bad_value(path, "repeated", value)
            return [_value(of, item, f"{path}[{i}]", depth) for i, item in enumerate(value)]
        case MapOf(name):
            if not isinstance(value, dict):
                raise _bad_value(path, "map", value)
            return {k: _message(name, v, f"{path}[{i}]", depth + 1) for i, (k, v) in enumerate(value.items())}
        case str():
            return _SCALARS[kind](value, path)


def _enum(kind: Enum, value: object, path: str) -> str:
    if isinstance(value, str) and value in kind.values:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(kind.values):
        return kind.values[value]
    raise _bad_value(path, f"{_PACKAGE}.{kind.name}", value)


def _string(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise _bad_value(path, "TYPE_STRING", value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _bad_value(path, "TYPE_STRING", "") from error
    return value


def _bool(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise _bad_value(path, "TYPE_BOOL", value)
    return value


def _bytes(value: object, path: str) -> bytes:
    if isinstance(value, str):
        try:
            standard = value.translate(_URL_SAFE)
            padded = standard + "=" * (-len(standard.rstrip("=")) % 4) if "=" not in standard else standard
            return base64.b64decode(padded, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _bad_value(path, "TYPE_BYTES", "Base64 decoding failed") from error
    raise _bad_value(path, "TYPE_BYTES", value)


def _integer(limit: int, name: str) -> Callable[[object, str], int]:
    def integer(value: object, path: str) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,19}", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
            raise _bad_value(path, name, value)
        return value

    return integer


def _float(value: object, path: str) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError as error:
            raise _bad_value(path, "TYPE_FLOAT", value) from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise _bad_value(path, "TYPE_FLOAT", value)
    return value


def _finite(value: int | float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _struct(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _bad_value(path, "type.googleapis.com/google.protobuf.Struct", value)
    return value


def _any(value: object, path: str) -> object:
    return value


_URL_SAFE = str.maketrans("-_", "+/")
_SCALARS: dict[str, Callable[[object, str], Any]] = {
    "string": _string,
    "bool": _bool,
    "bytes": _bytes,
    "int32": _integer(_INT32, "TYPE_INT32"),
    "int64": _integer(_INT64, "TYPE_INT64"),
    "float": _float,
    "struct": _struct,
    "any": _any,
}


def _spellings(fields: dict[str, FieldType]) -> dict[str, str]:
    return {name: name for name in fields} | {_snake(name): name for name in fields}


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda letter: "_" + letter[0].lower(), name)


def _unknown_name(name: str, path: str) -> Refusal:
    where = f" at '{path}'" if path else ""
    return invalid_payload(f'Unknown name "{name}"{where}: Cannot find field.')


def _bad_value(path: str, kind: str, value: object) -> Refusal:
    shown = json.dumps(value, default=str)[:40] if isinstance(value, str | int | float | bool) else "..."
    return Refusal(INVALID, f"Invalid value at '{path}' ({kind}), {shown}")
