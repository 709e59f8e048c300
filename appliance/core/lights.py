"""What a light is and can show, as values.

Knows names, kinds and ranges. Must never know pins.
"""

from __future__ import annotations

from enum import StrEnum

from .values import dataclass

Colour = tuple[int, int, int]
"""Red, green, blue, each 0 to 255."""

FULL = 100  # per cent


class Kind(StrEnum):
    SWITCH = "switch"
    DIMMER = "dimmer"
    RGB = "rgb"


class LightEffect(StrEnum):
    """What a light does for as long as it shows a state."""

    NONE = "none"
    BLINK = "blink"
    BREATHE = "breathe"


@dataclass(frozen=True, slots=True)
class LightState:
    """What one light shows. `brightness` in per cent (kept while off), `colour` only for an rgb light."""

    on: bool
    brightness: int = FULL
    colour: Colour | None = None
    effect: LightEffect = LightEffect.NONE

    def as_json(self, kind: Kind) -> dict[str, object]:
        """As the model and the control socket see it: only what this kind of light has."""
        shown: dict[str, object] = {"power": "on" if self.on else "off"}
        if kind is not Kind.SWITCH:
            shown["brightness"] = self.brightness
        if kind is Kind.RGB:
            shown["colour"] = hex_of(self.colour or WHITE)
        if self.effect is not LightEffect.NONE:
            shown["effect"] = str(self.effect)
        return shown


WHITE: Colour = (255, 255, 255)

# CSS Color Module Level 4 basic names, and the ones that people say of lamps.
COLOURS: dict[str, Colour] = {
    "white": WHITE,
    "warm white": (255, 180, 107),  # black body at 3000 K in sRGB
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
    "violet": (238, 130, 238),
    "pink": (255, 192, 203),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "turquoise": (64, 224, 208),
    "gold": (255, 215, 0),
    "brown": (165, 42, 42),
    "grey": (128, 128, 128),
    "gray": (128, 128, 128),
}


def hex_of(colour: Colour) -> str:
    """`(255, 0, 0)` as `#ff0000`."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def parse_colour(text: str) -> Colour | None:
    """A colour by name or `#rrggbb`, any case; None when it is neither."""
    word = " ".join(text.lower().split())
    if word in COLOURS:
        return COLOURS[word]
    digits = word.removeprefix("#")
    if len(digits) != 6 or len(word) != 7 or any(c not in "0123456789abcdef" for c in digits):
        return None
    return (int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16))


@dataclass(frozen=True, slots=True)
class FromModel:
    """A function call of the model: answered on the link it came by, or never."""

    link: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class FromPerson:
    """A request over the control socket, by its number."""

    ask: int


@dataclass(frozen=True, slots=True)
class FromTimer:
    """A timer that is due, by its number: nobody is answered."""

    number: int


Origin = FromModel | FromPerson | FromTimer
"""Who asked for a change of lights, and so who is answered."""
