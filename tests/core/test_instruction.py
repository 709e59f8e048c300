"""What the model is told of its box: what the documentation says, word for word."""

from __future__ import annotations

from appliance.core.instruction import instruction
from appliance.core.lighting import Lamp
from appliance.core.lights import Kind

LAMPS = (
    Lamp("kitchen light", Kind.SWITCH, "kitchen"),
    Lamp("desk lamp", Kind.DIMMER),
    Lamp("bedroom lamp", Kind.RGB, "bedroom"),
)
ABOUT = (
    "The lights of this home: kitchen light (on and off; kitchen), desk lamp (dimmable), bedroom lamp "
    "(coloured; bedroom)."
)


def test_a_box_without_lights_adds_nothing() -> None:
    assert instruction("Be kind.", (), {}) == "Be kind."


def test_the_lights_are_a_paragraph_of_their_own() -> None:
    assert instruction("Be kind.", LAMPS, {}) == f"Be kind.\n\n{ABOUT}"
    assert instruction("", LAMPS, {}) == ABOUT


def test_groups_and_scenes_are_told() -> None:
    groups = {"reading lights": ("desk lamp", "bedroom lamp")}
    assert instruction("", LAMPS, {}, ["good night", "movie"]) == f"{ABOUT} Scenes: good night, movie."
    assert instruction("", LAMPS, groups) == f"{ABOUT} Groups: reading lights (desk lamp, bedroom lamp)."
