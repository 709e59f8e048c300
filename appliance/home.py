"""The lights of a home, their rooms, groups and scenes: the tables of them, checked.

Knows names, pins, and what each kind of light can show. Must never know what is connected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .core.changes import MOST_TRANSITION_S, STATES, Change, contradiction, lack, understood
from .core.lights import COLOURS, FULL, Kind, LightEffect, parse_colour
from .core.scenes import Scene
from .errors import Problem
from .problems import Section, nearest, one_of
from .settings import ALL, PINS, Config, Light, StatusLight


def read_pin(section: Section, key: str, value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and value in PINS:
        return value
    section.wrong(key, value, f"a BCM pin number from {PINS[0]} to {PINS[-1]}")
    return None


def read_lights(section: Section) -> tuple[Light, ...]:
    found: list[Light] = []
    for name in section.names():
        table = section.section(name)
        if not _is_name(name):
            section.wrong(name, name, NAME)
        if name.casefold() == ALL:
            section.wrong(name, name, f"any other name: {ALL!r} means every light")
        if any(name.casefold() == other.name.casefold() for other in found):
            section.wrong(name, name, "names that differ in more than capital letters")
        found.append(_light(name, table))
    _rooms(section, found)
    return tuple(found)


def _rooms(section: Section, lights: Sequence[Light]) -> None:
    """A room is one place, however often it is named."""
    spelt: dict[str, str] = {}
    for light in lights:
        where, room = f'{light.name}".room', light.room
        fold = room.casefold()
        if fold == ALL:
            section.describe(where, f"{room!r}", f"any other name: {ALL!r} means every light")
        elif room and spelt.setdefault(fold, room) != room:
            section.describe(where, f"{room!r}", f"one spelling of a room: {spelt[fold]!r}")


NAME = "a name of 1 to 64 characters without spaces around it, or two in a row"


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 64 and " ".join(name.split()) == name


def _light(name: str, section: Section) -> Light:
    kind = Kind(section.choice("kind", Kind.SWITCH, [str(kind) for kind in Kind]))
    pins: tuple[int, ...] = ()
    single, several = section.raw("pin"), section.raw("pins")
    if kind is Kind.RGB:
        if isinstance(several, list) and len(several) == 3 and single is None:
            pins = tuple(p for p in (read_pin(section, "pins", s) for s in several) if p is not None)
        else:
            found = several if several is not None else single
            section.wrong("pins", found, "three pins for an rgb light: [red, green, blue]")
    elif section.has("kind") and section.raw("kind") not in tuple(Kind):
        pass  # one mistake is enough: what its pins should be is not known
    elif single is None or several is not None:
        section.wrong("pin", several, f"one pin for a {kind}, as in pin = 17")
    else:
        pins = tuple(p for p in (read_pin(section, "pin", single),) if p is not None)
    light = Light(
        name=name,
        kind=kind,
        pins=pins,
        active_high=section.choice("active", "high", ("high", "low")) == "high",
        room=section.text("room", "", most=64),
        initial=section.choice("initial", "off", ("off", "on", "restore")),
        at_exit=section.choice("at_exit", "off", ("off", "on", "keep")),
    )
    section.done()
    if light.room and not _is_name(light.room):
        section.wrong("room", light.room, NAME)
    return light


def read_status_light(section: Section) -> StatusLight:
    default = StatusLight()
    found = section.raw("pins")
    pins: tuple[int, ...] = ()
    if isinstance(found, list) and len(found) in (1, 3):
        pins = tuple(p for p in (read_pin(section, "pins", one) for one in found) if p is not None)
    elif found is not None and found != []:
        section.wrong("pins", found, "one pin, [16], or three: [red, green, blue]")

    def per_cent(key: str, usual: int) -> int:
        found = section.whole(key, None, 0, 100, "per cent")
        return usual if found is None else found

    light = StatusLight(
        pins=pins,
        active_high=section.choice("active", "high", ("high", "low")) == "high",
        brightness=per_cent("brightness", default.brightness),
        night_brightness=per_cent("night_brightness", default.night_brightness),
        idle_brightness=per_cent("idle_brightness", default.idle_brightness),
    )
    section.done()
    return light


def check_pins(root: Section, config: Config) -> None:
    """No pin may have two uses: the second would silently take it from the first."""
    used: dict[int, str] = {}
    uses: list[tuple[str, object]] = [(f'lights."{it.name}"', pin) for it in config.lights for pin in it.pins]
    uses += [("status_light", pin) for pin in config.status_light.pins]
    for use, pin in (*uses, ("button", config.button.pin), ("camera.light", config.camera.light)):
        if isinstance(pin, int):
            if pin in used:
                allowed = f"a pin not used by {used[pin]}"
                root.problems.append(Problem(root.file, use, f"pin {pin}", allowed))
            used.setdefault(pin, use)


def read_groups(section: Section, lights: tuple[Light, ...]) -> dict[str, tuple[str, ...]]:
    known = {light.name.casefold(): light.name for light in lights}
    rooms = {light.room.casefold() for light in lights if light.room}
    groups: dict[str, tuple[str, ...]] = {}
    for name in section.names():
        if name.casefold() in known or name.casefold() in rooms or name.casefold() == ALL:
            section.wrong(name, name, f"a name that no light and no room has, and not {ALL!r}")
        if not _is_name(name):
            section.wrong(name, name, NAME)
        if any(name.casefold() == other.casefold() for other in groups):
            section.wrong(name, name, "names that differ in more than capital letters")
        members = section.raw(name)
        if not isinstance(members, list) or not members:
            section.wrong(name, members, "a list of names of lights")
            continue
        for member in members:
            if not isinstance(member, str) or member.casefold() not in known:
                names = tuple(known.values())
                section.wrong(name, member, one_of(names), nearest(str(member), names))
        groups[name] = tuple(known[str(m).casefold()] for m in members if str(m).casefold() in known)
    return groups


# -- scenes -------------------------------------------------------------------------------------------


def read_scenes(
    section: Section, lights: Sequence[Light], groups: Mapping[str, Sequence[str]]
) -> tuple[Scene, ...]:
    home = _Home(lights, groups)
    scenes: list[Scene] = []
    for name in section.names():
        table = section.section(name)
        if not _is_name(name):
            section.wrong(name, name, NAME)
        if home.place(name) is not None:
            section.wrong(name, name, f"a name that no light, no room and no group has, and not {ALL!r}")
        if any(name.casefold() == other.name.casefold() for other in scenes):
            section.wrong(name, name, "names that differ in more than capital letters")
        scenes.append(_scene(name, table, home))
    return tuple(scenes)


class _Home:
    """Every place that can be named, the widest first, and the kinds of its lights."""

    def __init__(self, lights: Sequence[Light], groups: Mapping[str, Sequence[str]]) -> None:
        kinds = {light.name: light.kind for light in lights}
        rooms = {light.room: {other.kind for other in lights if other.room == light.room} for light in lights}
        self.kinds: dict[str, set[Kind]] = {ALL: set(kinds.values())} if kinds else {}
        self.kinds |= {room: found for room, found in rooms.items() if room}
        self.kinds |= {name: {kinds[member] for member in members} for name, members in groups.items()}
        # A light is meant before the room of its name, and comes after what is wider.
        self.kinds = {n: k for n, k in self.kinds.items() if n not in kinds} | {
            n: {k} for n, k in kinds.items()
        }

    def place(self, name: str) -> str | None:
        """The place of this name, in any case."""
        found = [place for place in self.kinds if place.casefold() == name.casefold()]
        return found[-1] if found else None


TRANSITION = "transition_s"


def _scene(name: str, table: Section, home: _Home) -> Scene:
    transition_s = table.number(TRANSITION, 0.0, 0, MOST_TRANSITION_S, "seconds")
    steps: dict[str, Change] = {}
    kinds: set[Kind] = set()
    keys = [key for key in table.names() if key != TRANSITION]
    for key in keys:
        place = home.place(key)
        if place is None:
            table.describe(
                key, "no light, room or group of this name", one_of(home.kinds), nearest(key, home.kinds)
            )
            continue
        if place in steps:
            table.wrong(key, key, "each light, room or group once")
        kinds |= home.kinds[place]
        change = _change(table, key)
        if change is not None and _can(table, key, home.kinds[place], change):
            steps[place] = change
    if not keys:
        table.describe(TRANSITION, "no light", "at least one light, room or group, as in all = 'off'")
    if transition_s and kinds == {Kind.SWITCH}:
        table.wrong(TRANSITION, transition_s, "0: these lights are switches, which do not fade")
    return Scene(name, tuple((place, steps[place]) for place in home.kinds if place in steps), transition_s)


def _change(table: Section, key: str) -> Change | None:
    """The state that stands here, as a change; None where it is none."""
    value = table.raw(key)
    if isinstance(value, Mapping):
        return _told(table.section(key))
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    change = understood(value) if isinstance(value, str) else None
    if change is None:
        table.wrong(key, table.raw(key), f"{STATES}; or a table of power, brightness, colour and effect")
    return change


def _told(table: Section) -> Change | None:
    """A state in full."""
    before = len(table.problems)
    power = table.choice("power", "", ("on", "off")) if table.has("power") else ""
    brightness = table.whole("brightness", None, 0, FULL, "per cent")
    effect = table.choice("effect", "none", tuple(LightEffect)) if table.has("effect") else ""
    text = table.text("colour", "", most=64)
    colour = parse_colour(text)
    if colour is None and table.has("colour"):
        table.wrong("colour", text, "#rrggbb or the English name of a colour", nearest(text, COLOURS))
    table.done()
    change = Change(
        power == "on" if power else None, brightness, colour, LightEffect(effect) if effect else None
    )
    if len(table.problems) > before:
        return None
    if why := contradiction(change):
        table.problems.append(Problem(table.file, table.path, "what contradicts itself", why))
        return None
    return change


def _can(table: Section, key: str, kinds: set[Kind], change: Change) -> bool:
    found = lack(kinds, change)
    if found is not None:
        told = f"{key} {found.one}" if len(kinds) == 1 else f"the lights of {key} {found.several}"
        table.wrong(key, table.raw(key), f"something else: {told}")
    return found is None
