"""What a light can show, and how it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import lights
from appliance.core.lights import (
    COLOURS,
    FromModel,
    FromPerson,
    Kind,
    LightEffect,
    LightState,
    hex_of,
    parse_colour,
)
from tests.core.vocabulary import check_value, values_of


@pytest.mark.parametrize("kind", values_of(lights))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


RED = LightState(on=True, brightness=40, colour=(255, 0, 0))


@pytest.mark.parametrize(
    ("state", "kind", "shown"),
    [
        (LightState(on=True), Kind.SWITCH, {"power": "on"}),
        (LightState(on=False), Kind.SWITCH, {"power": "off"}),
        (RED, Kind.SWITCH, {"power": "on"}),
        (LightState(on=True, brightness=7), Kind.DIMMER, {"power": "on", "brightness": 7}),
        (LightState(on=False, brightness=7), Kind.DIMMER, {"power": "off", "brightness": 7}),
        (RED, Kind.DIMMER, {"power": "on", "brightness": 40}),
        (RED, Kind.RGB, {"power": "on", "brightness": 40, "colour": "#ff0000"}),
        (LightState(on=True), Kind.RGB, {"power": "on", "brightness": 100, "colour": "#ffffff"}),
        (
            LightState(on=True, colour=(0, 0, 0)),
            Kind.RGB,
            {"power": "on", "brightness": 100, "colour": "#000000"},
        ),
        (
            LightState(on=True, effect=LightEffect.BLINK),
            Kind.SWITCH,
            {"power": "on", "effect": "blink"},
        ),
    ],
)
def test_a_light_shows_what_its_kind_has(state: LightState, kind: Kind, shown: dict[str, object]) -> None:
    assert state.as_json(kind) == shown


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("red", (255, 0, 0)),
        ("RED", (255, 0, 0)),
        ("  Warm   White ", (255, 180, 107)),
        ("#00ff7F", (0, 255, 127)),
        (" #0000ff ", (0, 0, 255)),
        ("", None),
        ("#", None),
        ("#fff", None),
        ("ff0000", None),
        ("##ff0000", None),
        ("#ff00000", None),
        ("#gg0000", None),
        ("#ff00 0", None),
        ("#٠٠٠٠٠٠", None),
        ("warmwhite", None),
        ("infrared", None),
    ],
)
def test_a_colour_is_a_name_or_six_digits(text: str, colour: tuple[int, int, int] | None) -> None:
    assert parse_colour(text) == colour


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_a_colour_reads_back(colour: tuple[int, int, int]) -> None:
    assert parse_colour(hex_of(colour)) == colour


@given(st.text())
def test_any_text_is_a_colour_or_none(text: str) -> None:
    colour = parse_colour(text)
    assert colour is None or all(0 <= part <= 255 for part in colour)


def test_every_named_colour_can_be_said_as_it_stands() -> None:
    assert all(parse_colour(name) == colour for name, colour in COLOURS.items())
    assert all(name == " ".join(name.lower().split()) for name in COLOURS)


def test_a_person_and_a_model_are_never_taken_for_each_other() -> None:
    assert FromModel(1, "1", "f") != FromPerson(1)
    assert len({FromModel(1, "1", "f"), FromModel(2, "1", "f"), FromPerson(1), FromPerson(1)}) == 3
