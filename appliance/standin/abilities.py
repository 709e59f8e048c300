"""What the declared functions can do, found by the shape of their schemas, not by their names.

        switching   an array of named things, and a text property that may be "on" or "off"
        asking      an array of named things and nothing that changes them
        choosing    one name of a list that has no thing in it: a scene
        loudness    a level, and a choice of "louder" and "quieter"
        timing      a number of seconds; what cancels and lists timers is too plain, and goes by its name, and
                    so does what ends the conversation

Knows: function declarations (`parameters` or `parametersJsonSchema`).
Must never know: words, audio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .mind import Declarations

EVERYTHING = "all"
_COLOUR_NAMES = ("colour", "color")
_SECONDS_NAMES = ("seconds", "duration_s", "in_seconds")
_TRANSITION_NAMES = ("transition_s", "transition", "fade_s")
_PARTING = "end_conversation"
_LEVEL_NAMES = ("brightness", "level", "dim", "percent")


@dataclass(frozen=True, slots=True)
class Switching:
    """A function that changes things; property names as declared, "" for what it cannot do."""

    name: str
    things: str
    one_only: bool  # the property takes one name, not a list
    power: str
    level: str
    colour: str
    effect: str = ""
    effects: tuple[str, ...] = ()
    transition: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """A function that tells the state of things."""

    name: str
    things: str
    needs_things: bool


@dataclass(frozen=True, slots=True)
class Choosing:
    """A function that takes one of these names, and nothing else."""

    name: str
    key: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """Functions that set, cancel and list timers; "" where there is none."""

    set: str
    seconds: str
    cancel: str = ""
    list: str = ""
    things: str = ""  # the property that names what is switched then, in place of a ring
    power: str = ""


@dataclass(frozen=True, slots=True)
class Loudness:
    """A function that makes the answers louder or quieter."""

    name: str
    level: str
    change: str


@dataclass(frozen=True, slots=True)
class Abilities:
    """All that can be asked for. `names` are the things, without the name that stands for all of them."""

    names: tuple[str, ...] = ()
    has_all: bool = False
    switching: Switching | None = None
    asking: Asking | None = None
    timing: Timing | None = None
    choosing: Choosing | None = None
    loudness: Loudness | None = None
    parting: str = ""  # the function that ends the conversation

    def expanded(self, names: tuple[str, ...]) -> list[str]:
        """Names as arguments: "all" where that is declared, otherwise every name."""
        if EVERYTHING in names:
            return [EVERYTHING] if self.has_all else list(self.names)
        return list(dict.fromkeys(names))


def abilities_in(declarations: Declarations) -> Abilities:
    """What these functions offer; functions of another shape are left alone."""
    names: dict[str, None] = {}
    switching: Switching | None = None
    asking: Asking | None = None
    timing = _timing_in(declarations)
    choosing = _choosing_in(declarations)
    loudness = _loudness_in(declarations)
    for declaration in declarations:
        schema = declaration.get("parameters") or declaration.get("parametersJsonSchema") or {}
        properties = schema.get("properties") if isinstance(schema, dict) else None
        others = [
            other.set if isinstance(other, Timing) else other.name
            for other in (timing, choosing, loudness)
            if other
        ]
        if not isinstance(properties, dict) or declaration["name"] in others:
            continue
        things = next(((key, found) for key, p in properties.items() if (found := _named_things(p))), None)
        if things is None:
            continue
        names |= dict.fromkeys(things[1])
        power = next((key for key, p in properties.items() if _switches(p)), "")
        level = _called(properties, _LEVEL_NAMES, ("INTEGER", "NUMBER"))
        colour = _called(properties, _COLOUR_NAMES, ("STRING",))
        if power or level or colour:
            one_only = _type(properties[things[0]]) != "ARRAY"
            effect = next((key for key, p in properties.items() if "blink" in _choices(p)), "")
            switching = switching or Switching(
                declaration["name"],
                things[0],
                one_only,
                power,
                level,
                colour,
                effect,
                tuple(_choices(properties.get(effect))),
                _called(properties, _TRANSITION_NAMES, ("INTEGER", "NUMBER")),
            )
        else:
            required = schema.get("required", [])
            needs = isinstance(required, list) and things[0] in required
            asking = asking or Asking(declaration["name"], things[0], needs)
    plain = tuple(name for name in names if name.lower() != EVERYTHING)
    parting = next((d["name"] for d in declarations if d["name"] == _PARTING), "")
    return Abilities(plain, len(plain) < len(names), switching, asking, timing, choosing, loudness, parting)


def _choosing_in(declarations: Declarations) -> Choosing | None:
    """The first function of one name alone, where another function has a list of things without it."""
    things: set[str] = set()
    single: list[Choosing] = []
    for declaration in declarations:
        schema = declaration.get("parameters") or declaration.get("parametersJsonSchema") or {}
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(properties, dict):
            continue
        for key, p in properties.items():
            if _type(p) == "ARRAY":
                things |= set(_named_things(p))
            elif len(properties) == 1 and (names := _named_things(p)):
                single.append(Choosing(declaration["name"], key, tuple(names)))
    return next((found for found in single if things and not things & set(found.names)), None)


def _loudness_in(declarations: Declarations) -> Loudness | None:
    for declaration in declarations:
        schema = declaration.get("parameters") or declaration.get("parametersJsonSchema") or {}
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(properties, dict):
            continue
        change = next((key for key, p in properties.items() if {"louder", "quieter"} <= set(_choices(p))), "")
        level = _called(properties, _LEVEL_NAMES, ("INTEGER", "NUMBER"))
        if change and level:
            return Loudness(declaration["name"], level, change)
    return None


def _timing_in(declarations: Declarations) -> Timing | None:
    found: Timing | None = None
    others = {"cancel": "", "list": ""}
    for declaration in declarations:
        schema = declaration.get("parameters") or declaration.get("parametersJsonSchema") or {}
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if isinstance(properties, dict) and (
            key := _called(properties, _SECONDS_NAMES, ("INTEGER", "NUMBER"))
        ):
            things = next((k for k, p in properties.items() if _type(p) == "ARRAY" and _named_things(p)), "")
            power = next((k for k, p in properties.items() if _switches(p)), "") if things else ""
            found = found or Timing(declaration["name"], key, things=things if power else "", power=power)
        verb, _, noun = declaration["name"].partition("_")
        if verb in others and noun in ("timer", "timers"):
            others[verb] = declaration["name"]
    return found and replace(found, **others)


def _named_things(schema: Any) -> list[str]:
    if not isinstance(schema, dict) or _switches(schema):
        return []
    return _choices(schema.get("items", schema) if _type(schema) == "ARRAY" else schema)


def _switches(schema: Any) -> bool:
    return {"on", "off"} <= set(_choices(schema))


def _choices(schema: Any) -> list[str]:
    values = schema.get("enum", []) if isinstance(schema, dict) else []
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _called(properties: dict[str, Any], names: tuple[str, ...], types: tuple[str, ...]) -> str:
    found = (key for key, p in properties.items() if key.lower() in names and _type(p) in types)
    return next(found, "")


def _type(schema: Any) -> str:
    return str(schema.get("type", "")).upper() if isinstance(schema, dict) else ""
