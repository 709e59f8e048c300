"""Reading a table of settings so that every mistake is found, not only the first.

Knows types, ranges and nearest names. Must never know what a setting means.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping

from .errors import Problem


class Section:
    """One TOML table being read. Every getter returns a usable value and notes what was wrong.

    `path` is how a person finds the table: `lights."kitchen lamp"`. Call `done()` last: keys nobody asked
    for are mistakes too, most often misspelt ones.
    """

    def __init__(self, file: str, path: str, table: object, problems: list[Problem]) -> None:
        self.file, self.path, self.problems = file, path, problems
        self._asked: list[str] = []
        if isinstance(table, Mapping):
            self._table: Mapping[str, object] = table
        else:
            self._table = {}
            self.problems.append(Problem(file, path, shown(table), "a table"))

    def wrong(self, key: str, found: object, allowed: str, nearest: str | None = None) -> None:
        self.describe(key, shown(found), allowed, nearest)

    def describe(self, key: str, found: str, allowed: str, nearest: str | None = None) -> None:
        """A mistake that is better told in words than by its value."""
        self.problems.append(Problem(self.file, self.where(key), found, allowed, nearest))

    def elsewhere(self, path: str, found: object, allowed: str) -> None:
        """A mistake of a setting that another section has; `path` is all of its name."""
        self.problems.append(Problem(self.file, path, shown(found), allowed))

    def where(self, key: str) -> str:
        quoted = key if key.replace("_", "").replace("-", "").isalnum() else f'"{key}"'
        return f"{self.path}.{quoted}" if self.path else quoted

    def has(self, key: str) -> bool:
        return key in self._table

    def names(self) -> list[str]:
        """All keys of a table whose keys are names that the user chose; none of them is unknown then."""
        self._asked += self._table
        return list(self._table)

    def raw(self, key: str) -> object:
        self._asked.append(key)
        return self._table.get(key)

    def section(self, key: str) -> Section:
        self._asked.append(key)
        return Section(self.file, self.where(key), self._table.get(key, {}), self.problems)

    def text(self, key: str, default: str, *, allowed: str = "a text", most: int = 10_000) -> str:
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, str):
            self.wrong(key, value, allowed)
            return default
        if len(value) > most:
            self.describe(key, f"{len(value)} characters", f"{allowed}, at most {most} characters")
            return default
        return value

    def texts(self, key: str, *, most: int) -> tuple[str, ...]:
        value = self.raw(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and len(v) <= most for v in value):
            self.wrong(key, value, f"a list of texts, each of at most {most} characters")
            return ()
        return tuple(value)

    def choice(self, key: str, default: str, choices: Collection[str]) -> str:
        value = self.text(key, default, allowed=one_of(choices))
        if value not in choices:
            self.wrong(key, value, one_of(choices), nearest(value, choices))
            return default
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(key, value, "true or false (without quotes)")
            return default
        return value

    def number(self, key: str, default: float, least: float, most: float, unit: str) -> float:
        value = self.raw(key)
        allowed = f"a number from {least:g} to {most:g} ({unit})"
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.wrong(key, value, allowed)
            return default
        return float(value)

    def whole(self, key: str, default: int | None, least: int, most: int, unit: str) -> int | None:
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(key, value, f"a whole number from {least} to {most} ({unit})")
            return default
        return value

    def done(self) -> None:
        for key in self._table:
            if key not in self._asked:
                self.describe(key, "an unknown key", one_of(self._asked), nearest(key, self._asked))


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that the person most likely meant, or None."""
    by_fold = {choice.casefold(): choice for choice in choices}
    found = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def one_of(choices: Iterable[str]) -> str:
    return ", ".join(repr(choice) for choice in dict.fromkeys(choices)) or "nothing here"


def shown(value: object) -> str:
    """What was found, short enough for one line."""
    if value is None:
        return "nothing"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else f"{text[:57]}..."
