"""Which functions the model may call, and how a bad call is answered.

Knows the lights by name, kind, room and group, and what they show. Must never know pins, and never trusts
a call: names and ranges are checked, and a call that fails changes no light. Every answer is something
the model can say aloud.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .lights import COLOURS, FULL, Colour, Kind, LightState, parse_colour
from .messages import Json

ALL = "all"
ARGUMENTS = ("names", "power", "brightness", "colour")
MOST_CHARACTERS = 100  # of a name that is looked up; the longest that can be found has 64
MOST_NAMES = 64  # of one call: every light of a large home, and no more


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light as the model knows it."""

    name: str
    kind: Kind
    room: str = ""
    on: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different; None leaves it as it is."""

    power: bool | None = None
    brightness: int | None = None
    colour: Colour | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A good call: what the lights are to show."""

    states: dict[str, LightState]


@dataclass(frozen=True, slots=True)
class Answer:
    """A call that needs no deed, or a bad one."""

    response: Json


class Bad(Exception):
    """What is wrong with a call, in words that the model can say."""


class Tools:
    """The catalogue of lights and the two functions over it."""

    def __init__(self, lamps: Sequence[Lamp], groups: Mapping[str, Sequence[str]]) -> None:
        self._kinds = {lamp.name: lamp.kind for lamp in lamps}
        self.states = {lamp.name: LightState(on=lamp.on) for lamp in lamps}
        self._places: dict[str, tuple[str, ...]] = {lamp.name: (lamp.name,) for lamp in lamps}
        lights = {_folded(lamp.name) for lamp in lamps}
        for lamp in lamps:
            if lamp.room and _folded(lamp.room) not in lights:  # a light is meant before its room
                self._places[lamp.room] = (*self._places.get(lamp.room, ()), lamp.name)
        for group, members in groups.items():
            self._places[group] = tuple(members)
        if lamps:
            self._places[ALL] = tuple(self._kinds)
        self._by_fold = {_folded(place): place for place in self._places}

    def declarations(self) -> tuple[Json, ...]:
        """The functions for the setup message; none where there are no lights."""
        if not self._kinds:
            return ()
        kinds = set(self._kinds.values())
        names = {
            "type": "ARRAY",
            "items": {"type": "STRING", "enum": list(self._places)},
            "description": "Names of lights, rooms or groups.",
        }
        settings: dict[str, object] = {"names": names, "power": {"type": "STRING", "enum": ["on", "off"]}}
        if kinds - {Kind.SWITCH}:
            settings["brightness"] = {
                "type": "INTEGER",
                "minimum": 0,
                "maximum": FULL,
                "description": "Per cent. 0 is off. Only for: " + self._listed(Kind.DIMMER, Kind.RGB),
            }
        if Kind.RGB in kinds:
            settings["colour"] = {
                "type": "STRING",
                "description": "A colour by its English name or #rrggbb. Only for: " + self._listed(Kind.RGB),
            }
        return (
            {
                "name": "set_lights",
                "description": "Switch or set lights. Returns the state of each.",
                "behavior": "BLOCKING",
                "parameters": {"type": "OBJECT", "properties": settings, "required": ["names"]},
            },
            {
                "name": "get_lights",
                "description": "Tell the state of lights: of those named, or of all.",
                "behavior": "BLOCKING",
                "parameters": {"type": "OBJECT", "properties": {"names": names}},
            },
        )

    def call(self, name: str, args: Json) -> Order | Answer:
        """What a call of the model comes to. Never raises."""
        try:
            match name:
                case "set_lights":
                    return Order(self._set(args))
                case "get_lights":
                    self._only(args, ("names",))
                    return Answer(self.shown(self._named(args) if args.get("names") else tuple(self._kinds)))
                case _:
                    known = ", ".join(str(d["name"]) for d in self.declarations()) or "none"
                    raise Bad(f"there is no function {name[:64]!r}; the functions are: {known}")
        except Bad as bad:
            return Answer({"error": str(bad)})

    def person(self, name: str, change: str) -> Order | Answer:
        """A change that a person typed: `on`, `off`, a per cent, or a colour."""
        word = change.strip().casefold()
        args: dict[str, object] = {"names": [name]}
        if word in ("on", "off"):
            args["power"] = word
        elif (digits := word.removesuffix("%").strip()).isdecimal():
            args["brightness"] = int(digits[:9])
        else:
            args["colour"] = change
        return self.call("set_lights", args)

    def shown(self, names: Sequence[str] | None = None) -> dict[str, object]:
        """The states of these lights (all of them), as the model and the person see them."""
        chosen = self._kinds if names is None else names
        return {"lights": {name: self.states[name].as_json(self._kinds[name]) for name in chosen}}

    def done(self, states: Mapping[str, LightState]) -> None:
        """The lights show this now."""
        self.states.update({name: state for name, state in states.items() if name in self.states})

    # -- inside -------------------------------------------------------------------------------------

    def _listed(self, *kinds: Kind) -> str:
        return ", ".join(name for name, kind in self._kinds.items() if kind in kinds) + "."

    def _only(self, args: Json, allowed: Sequence[str]) -> None:
        for strange in args:
            if strange not in allowed:
                raise Bad(f"there is no argument {strange[:64]!r}; the arguments are: {', '.join(allowed)}")

    def _named(self, args: Json) -> tuple[str, ...]:
        names = args.get("names")
        if isinstance(names, str):  # a single name where a list was asked for is clear enough
            names = [names]
        if not isinstance(names, list) or not names or len(names) > MOST_NAMES:
            raise Bad(f"say which lights; there are: {', '.join(self._places) or 'none'}")
        found: dict[str, None] = {}
        for name in names:
            if not isinstance(name, str):
                raise Bad("a light is named by a text")
            found |= dict.fromkeys(self._place(name))
        return tuple(found)

    def _place(self, name: str) -> tuple[str, ...]:
        fold = _folded(name[:MOST_CHARACTERS])
        if fold in self._by_fold:
            return self._places[self._by_fold[fold]]
        near = difflib.get_close_matches(fold, self._by_fold, n=1, cutoff=0.75)
        hint = f"; did you mean {self._by_fold[near[0]]!r}?" if near else ""
        raise Bad(f"there is no light {name[:64]!r}; there are: {', '.join(self._places) or 'none'}{hint}")

    def _set(self, args: Json) -> dict[str, LightState]:
        self._only(args, ARGUMENTS)
        names = self._named(args)
        change = Change(_power(args), _brightness(args), _colour(args))
        if change == Change():
            raise Bad("say what to set: power, brightness or colour")
        if change.power is False and (change.brightness or change.colour):
            raise Bad("a light that is switched off has no brightness and no colour to set")
        if change.brightness == 0 and (change.power or change.colour):
            raise Bad("brightness 0 is off: say one or the other")
        self._can(names, change)
        return {name: self._changed(name, change) for name in names}

    def _can(self, names: tuple[str, ...], change: Change) -> None:
        """In a room of mixed lights each takes of a change what it can show; somebody must."""
        kinds = {self._kinds[name] for name in names}
        who, lacks = (f"the {names[0]}", "has no") if len(names) == 1 else ("these lights", "have no")
        if change.brightness is not None and kinds == {Kind.SWITCH}:
            raise Bad(f"{who} can only be on or off; dimmable: {self._listed(Kind.DIMMER, Kind.RGB)}")
        if change.colour is not None and Kind.RGB not in kinds:
            raise Bad(f"{who} {lacks} colours; coloured: {self._listed(Kind.RGB)}")

    def _changed(self, name: str, change: Change) -> LightState:
        kind, state = self._kinds[name], self.states[name]
        on, brightness, colour = change.power, change.brightness, change.colour
        if on is None and brightness is not None:
            # A plain lamp in a room that is dimmed stays as it is; dimmed to nothing, it goes out.
            on = brightness > 0 and (kind is not Kind.SWITCH or state.on)
        if on is None and colour is not None and kind is Kind.RGB:
            on = True
        new = replace(state, on=state.on if on is None else on)
        if brightness and kind is not Kind.SWITCH:  # 0 is off, and the former brightness comes back later
            new = replace(new, brightness=brightness)
        if colour is not None and kind is Kind.RGB:
            new = replace(new, colour=colour)
        return new


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def _power(args: Json) -> bool | None:
    power = args.get("power")
    match power.strip().casefold() if isinstance(power, str) else power:
        case None:
            return None
        case "on" | True:
            return True
        case "off" | False:
            return False
        case _:
            raise Bad("power is on or off")


def _brightness(args: Json) -> int | None:
    value = args.get("brightness")
    if value is None:
        return None
    # A number in a function call may arrive as a float: Struct has only doubles.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= FULL:
        raise Bad(f"brightness is a number from 0 to {FULL}")
    return math.ceil(value)  # the least light is light


def _colour(args: Json) -> Colour | None:
    value = args.get("colour")
    if value is None:
        return None
    colour = parse_colour(value) if isinstance(value, str) else None
    if colour is None:
        raise Bad(f"colour is #rrggbb or one of: {', '.join(COLOURS)}")
    return colour
