"""The lights, as the model may know and set them.

Knows the lights by name, kind, room and group, and what they show. Must never know pins, and never trusts
a call: names and ranges are checked, and a call that fails changes no light. Every answer is something
the model can say aloud.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from .catalogue import Capability, called, functions_of
from .functions import Caller, Function, function
from .lights import COLOURS, FULL, Colour, Kind, LightState, parse_colour
from .outcomes import Answer, Order, Outcome
from .parameters import Bad, Between, Named, folded

ALL = "all"
Names = Annotated[list[str], "Names of lights, rooms or groups.", Named("light")]


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


class Lighting(Capability):
    """The lights of a home and the two functions over them."""

    def __init__(self, lamps: Sequence[Lamp], groups: Mapping[str, Sequence[str]]) -> None:
        self._kinds = {lamp.name: lamp.kind for lamp in lamps}
        self.states = {lamp.name: LightState(on=lamp.on) for lamp in lamps}
        self._places: dict[str, tuple[str, ...]] = {lamp.name: (lamp.name,) for lamp in lamps}
        lights = {folded(lamp.name) for lamp in lamps}
        for lamp in lamps:
            if lamp.room and folded(lamp.room) not in lights:  # a light is meant before its room
                self._places[lamp.room] = (*self._places.get(lamp.room, ()), lamp.name)
        for group, members in groups.items():
            self._places[group] = tuple(members)
        if lamps:
            self._places[ALL] = tuple(self._kinds)

    def offered(self, function: Function) -> Function | None:
        """With the names of this home, and without what none of its lights can."""
        return self._known(function) if self._kinds else None

    @function()
    def set_lights(
        self,
        names: Names,
        power: Literal["on", "off"] | None = None,
        brightness: Annotated[float | None, "Per cent. 0 is off.", Between(0, FULL)] = None,
        colour: Annotated[str | None, "A colour by its English name or #rrggbb."] = None,
    ) -> Outcome:
        """Switch or set lights. Returns the state of each."""
        change = Change(
            None if power is None else power == "on",
            None if brightness is None else math.ceil(brightness),  # the least light is light
            None if colour is None else _colour(colour),
        )
        return Order(self._set(self._lights(names), change))

    @function()
    def get_lights(self, names: Names | None = None) -> Outcome:
        """Tell the state of lights: of those named, or of all."""
        return Answer(self.shown(self._lights(names) if names else None))

    def person(self, name: str, change: str, caller: Caller) -> Outcome:
        """A change that a person typed: `on`, `off`, a per cent, or a colour."""
        word = change.strip().casefold()
        args: dict[str, object] = {"names": [name]}
        if word in ("on", "off"):
            args["power"] = word
        elif (digits := word.removesuffix("%").strip()).isdecimal():
            args["brightness"] = int(digits[:9])
        else:
            args["colour"] = change
        [set_lights] = [f for f in functions_of(self) if f.name == "set_lights"]
        return called(self._known(set_lights), args, caller)

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

    def _known(self, function: Function) -> Function:
        function = function.named(names=tuple(self._places))
        if function.name != "set_lights":
            return function
        kinds = set(self._kinds.values())
        useless = {"brightness": not kinds - {Kind.SWITCH}, "colour": Kind.RGB not in kinds}
        only = {"brightness": self._listed(Kind.DIMMER, Kind.RGB), "colour": self._listed(Kind.RGB)}
        said = {p.name: p.description for p in function.parameters}
        told = {name: f"{said[name]} Only for: {which}" for name, which in only.items()}
        return function.described(**told).hiding(*(name for name, is_so in useless.items() if is_so))

    def _lights(self, places: Sequence[str]) -> tuple[str, ...]:
        """Each light once, in the order in which they were asked for."""
        return tuple(dict.fromkeys(name for place in places for name in self._places[place]))

    def _set(self, names: tuple[str, ...], change: Change) -> dict[str, LightState]:
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


def _colour(value: str) -> Colour:
    colour = parse_colour(value)
    if colour is None:
        raise Bad(f"colour is #rrggbb or one of: {', '.join(COLOURS)}")
    return colour
