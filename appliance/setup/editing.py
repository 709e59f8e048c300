"""A person's configuration file with a few settings changed, and every other byte as they wrote it.

Knows TOML well enough to find a line. Must never write what does not read back as meant: whatever the text
looks like, the result is parsed and compared.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence

from ..errors import ApplianceError

UNKNOWN = "the configuration is written in a way that is not understood: edit it by hand"

Value = str | int | bool | Sequence[int]
Change = tuple[Sequence[str], str, Value]  # the tables from the outside in, the key, the value


class EditError(ApplianceError):
    """The file is written in a way that is not understood here; nothing was changed."""


def edited(text: str, changes: Sequence[Change]) -> str:
    """The text with these settings. Raises EditError where that cannot be done safely."""
    meant = tomllib.loads(text)
    for path, key, value in changes:
        text = _put(text, path, key, value)
        _set(meant, path, key, value)
    if not _is(text, meant):
        raise EditError(UNKNOWN)
    return text


def _is(text: str, meant: Mapping[str, object]) -> bool:
    try:
        return tomllib.loads(text) == meant
    except tomllib.TOMLDecodeError:
        return False


def _set(table: dict[str, object], path: Sequence[str], key: str, value: Value) -> None:
    for name in path:
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise EditError(UNKNOWN)
        table = inner
    table[key] = value if isinstance(value, str | int | bool) else list(value)


def _put(text: str, path: Sequence[str], key: str, value: Value) -> str:
    lines = text.splitlines()
    setting = f"{key} = {written(value)}"
    head = f"[{'.'.join(_key(name) for name in path)}]"
    begin = next((n for n, line in enumerate(lines) if _header(line) == tuple(path)), None)
    if begin is None:
        return "\n".join([*lines, *([""] if lines and lines[-1].strip() else []), head, setting, ""])
    end = next((n for n in range(begin + 1, len(lines)) if lines[n].lstrip().startswith("[")), len(lines))
    own = re.compile(rf"\s*{re.escape(key)}\s*=")
    example = re.compile(rf"\s*#:?\s*{re.escape(key)}\s*=")
    for number in range(begin + 1, end):
        if own.match(lines[number]):
            comment = re.search(r"\s+#[^\"']*$", lines[number])
            lines[number] = setting + (comment[0] if comment else "")
            return "\n".join(lines) + "\n"
    place = next((n + 1 for n in range(begin + 1, end) if example.match(lines[n])), begin + 1)
    return "\n".join([*lines[:place], setting, *lines[place:]]) + "\n"


def _header(line: str) -> tuple[str, ...] | None:
    """The names of a table, as in [lights."desk lamp"]; None for any other line."""
    if not re.match(r"\s*\[[^\[]", line):
        return None
    try:
        table: object = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None
    names: list[str] = []
    while isinstance(table, dict) and table:
        [(name, table)] = table.items()
        names.append(name)
    return tuple(names)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def written(value: Value) -> str:
    """As TOML, which has JSON's way with texts, numbers and lists of numbers."""
    return json.dumps(list(value) if not isinstance(value, str | int | bool) else value, ensure_ascii=False)
