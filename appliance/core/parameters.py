"""One argument of a function: its schema, and how a value for it is read.

Knows types, ranges, choices and names. Must never know functions, nor what the value is for.

Whatever a model sends is read or refused, in a sentence that it can speak. Struct sends floats for whole
numbers, null stands for what was left out, and a single value where a list was asked for is clear enough.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from .values import dataclass

MOST_ITEMS: Final = 64  # of a list: every light of a large home, and no more
MOST_CHARACTERS: Final = 2000  # of a text: what is spoken in two minutes
MOST_NAME: Final = 100  # characters of a name that is looked up; the longest that can be found has 64
MOST_WHOLE: Final = 2**53  # a Struct has only doubles


class Bad(Exception):
    """What is wrong with a call, in words that the model can say."""


@dataclass(frozen=True, slots=True)
class Between:
    """Both ends included."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Named:
    """The text is the name of one of these: "light"."""

    noun: str


class Type(Enum):
    TEXT = "STRING"
    WHOLE = "INTEGER"
    NUMBER = "NUMBER"
    FLAG = "BOOLEAN"


WORDS = {
    Type.TEXT: "a text",
    Type.WHOLE: "a whole number",
    Type.NUMBER: "a number",
    Type.FLAG: "true or false",
}
TYPES: dict[object, Type] = {str: Type.TEXT, int: Type.WHOLE, float: Type.NUMBER, bool: Type.FLAG}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument. `values` are what its `choices` stand for, where that is not the text itself."""

    name: str
    type: Type
    many: bool = False
    required: bool = True
    default: object = None
    description: str = ""
    between: Between | None = None
    noun: str = ""
    choices: tuple[str, ...] = ()
    values: tuple[object, ...] = ()
    hidden: bool = False

    def schema(self) -> dict[str, object]:
        one: dict[str, object] = {"type": self.type.value}
        if self.choices:
            one["enum"] = list(self.choices)
        if self.between:
            one |= {"minimum": self.between.least, "maximum": self.between.most}
        schema: dict[str, object] = {"type": "ARRAY", "items": one} if self.many else one
        return {**schema, "description": self.description} if self.description else schema

    def read(self, value: object) -> object:
        """The argument as the function takes it. Raises Bad."""
        if value is None:
            if self.required:
                raise Bad(self._missing())
            return self.default
        if not self.many:
            return self._one(value)
        # A single one where a list was asked for is clear enough.
        listed = value if isinstance(value, list) else [value]
        if len(listed) > MOST_ITEMS or (self.required and not listed) or isinstance(value, Mapping):
            raise Bad(self._missing())
        return [self._one(item) for item in listed]

    def _one(self, value: object) -> object:
        if self.noun:
            return self._named(value)
        if self.choices:
            return self._chosen(value)
        match self.type:
            case Type.TEXT if isinstance(value, str):
                if len(value) > MOST_CHARACTERS:
                    raise Bad(f"{self.name} is too long: at most {MOST_CHARACTERS} characters")
                return value
            case Type.FLAG if isinstance(value, bool):
                return value
            case Type.WHOLE | Type.NUMBER if isinstance(value, int | float) and not isinstance(value, bool):
                return self._number(value)
        raise Bad(self._wrong())

    def _number(self, value: float) -> float:
        least, most = (self.between.least, self.between.most) if self.between else (-MOST_WHOLE, MOST_WHOLE)
        if not least <= value <= most:  # NaN is not either
            raise Bad(self._wrong())
        if self.type is Type.NUMBER:
            return float(value)
        if value != math.floor(value):
            raise Bad(self._wrong())
        return int(value)

    def _chosen(self, value: object) -> object:
        if isinstance(value, bool) and {"on", "off"} <= set(self.choices):
            value = "on" if value else "off"
        if not isinstance(value, str):
            raise Bad(self._wrong())
        by_fold = {folded(choice): number for number, choice in enumerate(self.choices)}
        fold = folded(value[:MOST_NAME])
        if fold not in by_fold:
            raise Bad(self._wrong() + hint(fold, self.choices))
        return (self.values or self.choices)[by_fold[fold]]

    def _named(self, value: object) -> str:
        if not isinstance(value, str):
            raise Bad(f"{a(self.noun)} is named by a text")
        return named(value, self.choices, self.noun)

    def _missing(self) -> str:
        if self.noun:
            plural = f"{self.noun}s" if self.many else self.noun
            return f"say which {plural}; {there_are(self.choices)}"
        if self.many:
            return f"{self.name} is a list of 1 to {MOST_ITEMS}, each {self._allowed()}"
        return f"{self.name} is missing: it is {self._allowed()}"

    def _wrong(self) -> str:
        each = "each of " if self.many else ""
        return f"{each}{self.name} is {self._allowed()}"

    def _allowed(self) -> str:
        if self.choices:
            return spoken(self.choices)
        if self.between:
            return f"{WORDS[self.type]} from {self.between.least:g} to {self.between.most:g}"
        return WORDS[self.type]


# -- names, and how they are said ---------------------------------------------------------------------


def named(said: str, names: Sequence[str], noun: str) -> str:
    """Which of the names is meant, in any case. Raises Bad with those that exist, and the nearest."""
    by_fold = {folded(name): name for name in names}
    fold = folded(said[:MOST_NAME])
    if fold in by_fold:
        return by_fold[fold]
    raise Bad(f"there is no {noun} {said[:64]!r}; {there_are(names)}{hint(fold, names)}")


def spoken(choices: Sequence[str]) -> str:
    """As it is said: on or off; red, green or blue."""
    *most, last = choices
    return f"{', '.join(most)} or {last}" if most else last


def there_are(names: Sequence[str]) -> str:
    return f"there are: {', '.join(names) or 'none'}"


def hint(said: str, names: Sequence[str]) -> str:
    by_fold = {folded(name): name for name in names}
    near = difflib.get_close_matches(said[:MOST_NAME], by_fold, n=1, cutoff=0.75)
    return f"; did you mean {by_fold[near[0]]!r}?" if near else ""


def folded(name: str) -> str:
    return " ".join(name.casefold().split())


def a(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"
