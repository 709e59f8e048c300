"""The lights, as the model may know and set them.

Knows the lights by name, kind, room and group, and what they show. Must never know pins, and never trusts
a call: names and ranges are checked, and a call that fails changes no light. Every answer is something
the model can say aloud.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from .catalogue import Capability, called
from .changes import MOST_TRANSITION_S, Change, changed, contradiction, lack
from .functions import Caller, Function, function
from .lights import COLOURS, FULL, Colour, Kind, LightEffect, LightState, parse_colour
from .outcomes import Answer, Order, Outcome
from .parameters import Bad, Between, Named, folded
from .values import dataclass

ALL = "all"
Names = Annotated[list[str], "Names of lights, rooms or groups.", Named("light")]


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light as the model knows it."""

    name: str
    kind: Kind
    room: str = ""
    on: bool = False
    restore: bool = False
    """It is as it was before a restart."""


class Lighting(Capability):
    """The lights of a home and the two functions over them."""

    def __init__(self, lamps: Sequence[Lamp], groups: Mapping[str, Sequence[str]]) -> None:
        self._kinds = {lamp.name: lamp.kind for lamp in lamps}
        self.states = {lamp.name: LightState(on=lamp.on) for lamp in lamps}
        self._restored = [lamp.name for lamp in lamps if lamp.restore]
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
        effect: Annotated[
            Literal["none", "blink", "breathe"] | None, "What it does until it is set again; none ends it."
        ] = None,
        transition_s: Annotated[
            float | None,
            "Seconds that the change takes, for slowly or gently.",
            Between(0, MOST_TRANSITION_S),
        ] = None,
    ) -> Outcome:
        """Switch or set lights. Returns the state that each has, or is on its way to."""
        change = Change(
            None if power is None else power == "on",
            None if brightness is None else math.ceil(brightness),  # the least light is light
            None if colour is None else _colour(colour),
            None if effect is None else LightEffect(effect),
        )
        return self.order(names, change, transition_s or 0.0)

    @function()
    def get_lights(self, names: Names | None = None) -> Outcome:
        """Tell the state of lights: of those named, or of all."""
        return Answer(self.shown(self._lights(names) if names else None))

    def order(self, places: Sequence[str], change: Change, transition_s: float) -> Order:
        """All lights of these places take of a change what they can. Raises Bad where it cannot be."""
        if why := contradiction(change):
            raise Bad(why)
        names = self._lights(places)
        self._can(names, change, transition_s)
        states = {name: changed(self.states[name], self._kinds[name], change) for name in names}
        return Order(states, transition_s)

    def in_turn(self, steps: Sequence[tuple[str, Change]], transition_s: float) -> Order:
        """One change after another, as one order. The places and changes have been checked."""
        states: dict[str, LightState] = {}
        for place, change in steps:
            for name in self._places[place]:
                before = states.get(name, self.states[name])
                states[name] = changed(before, self._kinds[name], change)
        return Order(states, transition_s)

    def person(self, name: str, change: str, caller: Caller, over_s: float | None = None) -> Outcome:
        """A change that a person typed: `on`, `off`, a per cent, a colour or an effect."""
        word = change.strip().casefold()
        args: dict[str, object] = {"names": [name], "transition_s": over_s}
        if word in ("on", "off"):
            args["power"] = word
        elif word in tuple(LightEffect):
            args["effect"] = word
        elif (digits := word.removesuffix("%").strip()).isdecimal():
            args["brightness"] = int(digits[:9])
        else:
            args["colour"] = change
        [set_lights] = [f for f in self.functions() if f.name == "set_lights"]
        return called(self._known(set_lights), args, caller)

    def shown(self, names: Sequence[str] | None = None) -> dict[str, object]:
        """The states of these lights (all of them), as the model and the person see them."""
        chosen = self._kinds if names is None else names
        return {"lights": {name: self.states[name].as_json(self._kinds[name]) for name in chosen}}

    def remembered(self) -> dict[str, dict[str, object]]:
        """What is to come back after a restart, of the lights that are to be as they were."""
        shown = {name: self.states[name].as_json(self._kinds[name]) for name in self._restored}
        return {name: {k: v for k, v in state.items() if k != "effect"} for name, state in shown.items()}

    def done(self, states: Mapping[str, LightState]) -> None:
        """The lights show this now."""
        self.states.update({name: state for name, state in states.items() if name in self.states})

    # -- inside -------------------------------------------------------------------------------------

    def _listed(self, *kinds: Kind) -> str:
        return (", ".join(name for name, kind in self._kinds.items() if kind in kinds) or "none") + "."

    def _known(self, function: Function) -> Function:
        function = function.named(names=tuple(self._places))
        if function.name != "set_lights":
            return function
        kinds = set(self._kinds.values())
        dimmable, coloured = self._listed(Kind.DIMMER, Kind.RGB), self._listed(Kind.RGB)
        only = {"brightness": dimmable, "colour": coloured, "transition_s": dimmable}
        said = {p.name: p.description for p in function.parameters}
        function = function.described(**{n: f"{said[n]} Only for: {which}" for n, which in only.items()})
        if Kind.RGB not in kinds:
            function = function.hiding("colour")
        if kinds == {Kind.SWITCH}:
            return function.hiding("brightness", "transition_s").named(effect=("none", "blink"))
        return function.described(effect=f"{said['effect']} Only these breathe: {dimmable}")

    def _lights(self, places: Sequence[str]) -> tuple[str, ...]:
        """Each light once, in the order in which they were asked for."""
        return tuple(dict.fromkeys(name for place in places for name in self._places[place]))

    def _can(self, names: tuple[str, ...], change: Change, transition_s: float) -> None:
        """In a room of mixed lights each takes of a change what it can show; somebody must."""
        if found := lack({self._kinds[name] for name in names}, change, transition_s):
            who = f"the {names[0]} {found.one}" if len(names) == 1 else f"these lights {found.several}"
            raise Bad(f"{who}; {found.able}: {self._listed(*found.kinds)}")


def _colour(value: str) -> Colour:
    colour = parse_colour(value)
    if colour is None:
        raise Bad(f"colour is #rrggbb or one of: {', '.join(COLOURS)}")
    return colour
