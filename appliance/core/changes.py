"""A change of a light: how it is said, whether it can be, and what comes of it.

Knows what each kind of light can show. Must never know a light by name.

A light takes of a change what its kind can show; the rest is somebody else's. What is set without an effect
is steady from then on: an effect lasts until the next change.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from .lights import FULL, Colour, Kind, LightEffect, LightState, parse_colour
from .values import dataclass

MOST_TRANSITION_S = 3600.0  # a lamp that wakes somebody takes half an hour, and one that sends to bed as long

STATES = f"on, off, a per cent from 0 to {FULL}, a colour (#rrggbb or a name), blink, breathe or none"


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different; None leaves it as it is."""

    power: bool | None = None
    brightness: int | None = None
    colour: Colour | None = None
    effect: LightEffect | None = None

    @property
    def moves(self) -> bool:
        return self.effect not in (None, LightEffect.NONE)


def understood(word: str) -> Change | None:
    """`on`, `off`, `40`, `40%`, a colour, `blink`, `breathe` or `none`; None for anything else."""
    word = " ".join(word.casefold().split())
    if word in ("on", "off"):
        return Change(power=word == "on")
    if word in tuple(LightEffect):
        return Change(effect=LightEffect(word))
    digits = word.removesuffix("%").strip()
    if digits.isascii() and digits.isdigit():
        share = int(digits[:9])
        return Change(brightness=share) if share <= FULL else None
    colour = parse_colour(word)
    return None if colour is None else Change(colour=colour)


def contradiction(change: Change) -> str | None:
    """Why this can not be meant, in words that can be spoken; None for what can."""
    if change == Change():
        return "say what to set: power, brightness, colour or effect"
    if change.power is False and (change.brightness or change.colour):
        return "a light that is switched off has no brightness and no colour to set"
    if change.brightness == 0 and (change.power or change.colour):
        return "brightness 0 is off: say one or the other"
    if change.moves and (change.power is False or change.brightness == 0):
        return f"a light that is off can not {change.effect}"
    return None


@dataclass(frozen=True, slots=True)
class Lack:
    """What none of these lights can: said of one, said of several, and of the kinds that can."""

    one: str
    several: str
    able: str
    kinds: tuple[Kind, ...] = (Kind.DIMMER, Kind.RGB)


DIM = Lack("can only be on or off", "can only be on or off", "dimmable")
FADE = Lack("can only be switched at once", "can only be switched at once", "can fade")
BREATHE = Lack("can blink but not breathe", "can blink but not breathe", "can breathe")
PAINT = Lack("has no colours", "have no colours", "coloured", (Kind.RGB,))


def lack(kinds: Collection[Kind], change: Change, transition_s: float = 0.0) -> Lack | None:
    """What of this change none of these kinds can do; None if each part of it has somebody who can."""
    wanted = []
    if change.brightness is not None:
        wanted.append(DIM)
    if change.colour is not None:
        wanted.append(PAINT)
    if change.effect is LightEffect.BREATHE:
        wanted.append(BREATHE)
    if transition_s > 0:
        wanted.append(FADE)
    return next((need for need in wanted if not set(need.kinds) & set(kinds)), None)


def changed(state: LightState, kind: Kind, change: Change) -> LightState:
    """What a light of this kind shows after this change."""
    plain = kind is Kind.SWITCH
    effect = change.effect or LightEffect.NONE
    if plain and effect is LightEffect.BREATHE:
        effect = LightEffect.NONE
    on, brightness, colour = change.power, change.brightness, change.colour
    if on is None and brightness is not None:
        # A plain lamp in a room that is dimmed stays as it is; dimmed to nothing, it goes out.
        on = brightness > 0 and (not plain or state.on)
    if on is None and colour is not None and kind is Kind.RGB:
        on = True
    if effect is not LightEffect.NONE:
        on = True
    new = replace(state, on=state.on if on is None else on, effect=effect)
    if brightness and not plain:  # 0 is off, and the former brightness comes back later
        new = replace(new, brightness=brightness)
    if colour is not None and kind is Kind.RGB:
        new = replace(new, colour=colour)
    return new
