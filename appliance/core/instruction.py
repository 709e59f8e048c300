"""What the model is told of the box it lives in.

Knows lights, rooms, groups and scenes by name. Must never know pins, nor what the user told the model to be.

One paragraph is added to the system instruction of the configuration:

    The lights of this home: kitchen light (on and off; kitchen), desk lamp (dimmable), bedroom lamp
    (coloured; bedroom). Groups: reading lights (desk lamp, bedroom lamp). Scenes: good night, movie.
    It is Sunday 22 November 2026, 23:51.

The last sentence is added when the line is opened, and only if the clock is known to be right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .lighting import Lamp
from .lights import Kind

KINDS = {Kind.SWITCH: "on and off", Kind.DIMMER: "dimmable", Kind.RGB: "coloured"}


def instruction(
    own: str, lamps: Sequence[Lamp], groups: Mapping[str, Sequence[str]], scenes: Sequence[str] = ()
) -> str:
    """The user's own words, and the paragraph about the box; `own` alone where it has no lights."""
    if not lamps:
        return own
    about = f"The lights of this home: {', '.join(_lamp(lamp) for lamp in lamps)}."
    if groups:
        told = ", ".join(f"{name} ({', '.join(members)})" for name, members in groups.items())
        about += f" Groups: {told}."
    if scenes:
        about += f" Scenes: {', '.join(scenes)}."
    return f"{own}\n\n{about}" if own else about


def _lamp(lamp: Lamp) -> str:
    room = f"; {lamp.room}" if lamp.room else ""
    return f"{lamp.name} ({KINDS[lamp.kind]}{room})"
