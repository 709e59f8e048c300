"""A function as the model sees it, made from an ordinary Python function or method.

    @function(behavior=NON_BLOCKING, scheduling="WHEN_IDLE", limit_s=20)
    def feed(self, pets: Annotated[list[str], "Who is hungry.", Named("pet")],
             grams: Annotated[int, Between(1, 500)] = 50) -> Outcome:
        '''Feed pets. Returns what each has got.'''

The docstring is its description, the type hints are its schema, and `bind` checks a call against them.
Types: `str`, `int`, `float`, `bool`, `Literal` of texts, an `Enum` of texts, a `list` of any of these, and
`X | None`, which may be left out, as may what has a default. `Annotated` adds a description,
`Between(least, most)` for numbers, and `Named(noun)` for texts that are names: those that exist are given
when the function is offered.
A parameter of the type `Caller` is not the model's: it says who calls, and when.

Knows type hints and the subset of OpenAPI that a declaration may use. Must never know what a function does.
A call of the model is never trusted: what is wrong with it is said in words that the model can speak.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ..errors import FunctionError
from .lights import Origin
from .messages import Json
from .parameters import TYPES, Bad, Between, Named, Parameter, Type, spoken
from .values import dataclass

Behavior = Literal["BLOCKING", "NON_BLOCKING"]
Scheduling = Literal["", "SILENT", "WHEN_IDLE", "INTERRUPT"]
"""When the model speaks of an answer that it has not waited for: never, when it is free, at once; "" leaves
that to the model."""

BLOCKING: Final = "BLOCKING"
NON_BLOCKING: Final = "NON_BLOCKING"
BOTH: Final = (BLOCKING, NON_BLOCKING)
LIMIT_S: Final = 5.0  # the model says nothing while it waits; a person takes a longer silence for a failure
MOST_LIMIT_S: Final = 300.0
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
MARK: Final = "__appliance_function__"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and when."""

    origin: Origin
    now: float


@dataclass(frozen=True, slots=True)
class Manner:
    """How a function wants to be called; see `function`."""

    behavior: Behavior = BLOCKING
    scheduling: Scheduling = ""
    limit_s: float | None = None


def function(
    behavior: Behavior = BLOCKING, scheduling: Scheduling = "", limit_s: float | None = None
) -> Callable[[F], F]:
    """Offer this function or method to the model.

    `behavior`: whether the model waits for the answer. A model that has only one behaviour overrules it.
    `scheduling`: when an answer that was not waited for is spoken of.
    `limit_s`: how long it may take until it is answered with an error; None for the usual time.
    """

    def mark(call: F) -> F:
        setattr(call, MARK, Manner(behavior, scheduling, limit_s))
        return call

    return mark


@dataclass(frozen=True, slots=True)
class Function:
    """What is offered: the declaration, the check, and what is called with what was checked."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    manner: Manner
    call: Callable[..., Any]
    caller: str = ""
    """The name of the parameter that takes the Caller, if it has one."""

    def declaration(self, behaviors: Sequence[str] = BOTH) -> dict[str, object]:
        """As the setup message has it, for a model that takes functions of these behaviours."""
        offered = [p for p in self.parameters if not p.hidden]
        declared: dict[str, object] = {
            "name": self.name,
            "description": self.description,
            "behavior": self.manner.behavior if self.manner.behavior in behaviors else behaviors[0],
        }
        if offered:
            schema: dict[str, object] = {
                "type": "OBJECT",
                "properties": {p.name: p.schema() for p in offered},
            }
            if required := [p.name for p in offered if p.required]:
                schema["required"] = required
            declared["parameters"] = schema
        return declared

    def bind(self, args: Json) -> dict[str, object]:
        """The arguments of a call, checked and as the function takes them. Raises Bad."""
        known = {p.name for p in self.parameters}
        for strange in args:
            if strange not in known:
                taken = ", ".join(p.name for p in self.parameters if not p.hidden)
                are = f"the arguments are: {taken}" if taken else "it takes none"
                raise Bad(f"there is no argument {strange[:64]!r}; {are}")
        return {p.name: p.read(args.get(p.name)) for p in self.parameters}

    def named(self, **names: Sequence[str]) -> Function:
        """With the names that exist now, for parameters that are Named."""
        return self._changed({name: {"choices": tuple(known)} for name, known in names.items()})

    def described(self, **descriptions: str) -> Function:
        """With these descriptions of parameters."""
        return self._changed({name: {"description": text} for name, text in descriptions.items()})

    def hiding(self, *names: str) -> Function:
        """Without these parameters, as far as the model is told."""
        return self._changed({name: {"hidden": True} for name in names})

    def _changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Function:
        strange = changes.keys() - {p.name for p in self.parameters}
        if strange:
            raise FunctionError(self.name, min(strange), "is not there", "see its signature")
        return replace(self, parameters=tuple(replace(p, **changes.get(p.name, {})) for p in self.parameters))


# -- from a Python function ---------------------------------------------------------------------------


def marked(call: object) -> bool:
    """Whether `function` was said of it."""
    return isinstance(getattr(call, MARK, None), Manner)


def made(call: Callable[..., Any]) -> Function:
    """The function as it is offered. Raises FunctionError where it cannot be said to a model."""
    name = str(getattr(call, "__name__", "function"))
    manner = getattr(call, MARK, None)
    if not isinstance(manner, Manner):
        raise FunctionError(name, "", "is not offered", "put @function() before it")
    _check(name, manner)
    if not NAME.fullmatch(name):
        raise FunctionError(
            name, "", "has no name that a model can call", "use letters, digits and _, at most 64"
        )
    described = " ".join((inspect.getdoc(call) or "").split())
    if not described:
        raise FunctionError(name, "", "has no docstring", "say in one what it does and what it returns")
    try:
        hints = get_type_hints(call, include_extras=True)
    except (NameError, TypeError) as error:
        remedy = "import its types where the module is run, not only for type checkers"
        raise FunctionError(name, "", f"has type hints that cannot be read ({error})", remedy) from error
    parameters: list[Parameter] = []
    caller = ""
    for parameter in inspect.signature(call).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise FunctionError(
                name, parameter.name, "cannot be named in a call", "make it an ordinary parameter"
            )
        if parameter.name not in hints:
            raise FunctionError(name, parameter.name, "has no type", "give it a type hint, such as str")
        if hints[parameter.name] is Caller:
            caller = parameter.name
        else:
            parameters.append(_parameter(name, parameter, hints[parameter.name]))
    return Function(name, described, tuple(parameters), manner, call, caller)


def _check(name: str, manner: Manner) -> None:
    if manner.behavior not in BOTH:
        raise FunctionError(name, "", f"has the behavior {manner.behavior!r}", f"use {spoken(BOTH)}")
    if manner.scheduling not in (known := get_args(Scheduling)):
        raise FunctionError(name, "", f"has the scheduling {manner.scheduling!r}", f"use {spoken(known[1:])}")
    limit_s = manner.limit_s
    if limit_s is not None and not (isinstance(limit_s, int | float) and 0 < limit_s <= MOST_LIMIT_S):
        raise FunctionError(
            name, "", f"has limit_s={limit_s!r}", f"use seconds, more than 0 and at most {MOST_LIMIT_S:g}"
        )


def _parameter(function: str, parameter: inspect.Parameter, hint: object) -> Parameter:
    def wrong(what: str, remedy: str) -> FunctionError:
        return FunctionError(function, parameter.name, what, remedy)

    hint, notes, optional = _unwrapped(hint)
    many = get_origin(hint) is list
    if many:
        hint, inner, item_optional = _unwrapped(get_args(hint)[0])
        notes += inner
        if item_optional:
            raise wrong("is a list in which something may be missing", "use a list of texts or numbers")
    found = _typed(hint)
    if found is None:
        raise wrong(f"has a type that a model cannot fill in ({_shown(hint)})", REMEDY)
    has_default = parameter.default is not parameter.empty
    made = replace(
        found,
        name=parameter.name,
        many=many,
        required=not has_default and not optional,
        default=parameter.default if has_default else None,
    )
    for note in notes:
        match note:
            case str():
                made = replace(made, description=note)
            case Between(least, most) if made.type in (Type.WHOLE, Type.NUMBER) and least < most:
                made = replace(made, between=note)
            case Between():
                raise wrong(f"has {note}", "put the smaller first, on an int or a float")
            case Named(noun) if made.type is Type.TEXT and not made.choices:
                made = replace(made, noun=noun)
            case Named():
                raise wrong(f"has {note}", "put it on a str, or a list of str")
            case _:
                pass  # somebody else's annotation
    return made


REMEDY = "use str, int, float, bool, Literal or Enum of texts, a list of one of these, or one of these | None"


def _typed(hint: object) -> Parameter | None:
    """A nameless parameter of this type; None where a model cannot fill it in."""
    if isinstance(hint, type) and issubclass(hint, Enum):
        members = list(hint)
        if members and all(isinstance(member.value, str) for member in members):
            choices = tuple(str(member.value) for member in members)
            return Parameter("", Type.TEXT, choices=choices, values=tuple(members))
        return None
    if get_origin(hint) is Literal:
        literals = get_args(hint)
        return (
            Parameter("", Type.TEXT, choices=literals) if all(isinstance(c, str) for c in literals) else None
        )
    return Parameter("", TYPES[hint]) if isinstance(hint, type) and hint in TYPES else None


def _unwrapped(hint: object) -> tuple[object, list[object], bool]:
    """The bare type, what is noted of it, and whether it may be left out."""
    notes: list[object] = []
    optional = False
    while True:
        if get_origin(hint) is Annotated:
            hint, *more = get_args(hint)
            notes += more
        elif get_origin(hint) in (Union, UnionType) and len(rest := _but_none(hint)) == 1:
            [hint] = rest
            optional = True
        else:
            return hint, notes, optional


def _but_none(hint: object) -> list[object]:
    return [arg for arg in get_args(hint) if arg is not NoneType]


def _shown(hint: object) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)
