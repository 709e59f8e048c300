"""One argument: its schema, what is read, and in which words the rest is refused."""

from __future__ import annotations

import json
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import parameters as module
from appliance.core.parameters import Bad, Between, Parameter, Type, a, hint, named, spoken, there_are
from tests.core.vocabulary import check_value, values_of


class Mode(Enum):
    ECO = "eco"
    BOOST = "boost"


TEXT = Parameter("title", Type.TEXT)
WHOLE = Parameter("count", Type.WHOLE, description="How many.")
BOUND = Parameter("level", Type.WHOLE, between=Between(0, 100))
NUMBER = Parameter("degrees", Type.NUMBER, between=Between(-10.5, 40))
FLAG = Parameter("loud", Type.FLAG)
POWER = Parameter("power", Type.TEXT, choices=("on", "off"), required=False)
MODE = Parameter("mode", Type.TEXT, choices=("eco", "boost"), values=tuple(Mode))
LIST = Parameter("words", Type.TEXT, many=True)
LEVELS = Parameter("levels", Type.WHOLE, many=True, required=False, between=Between(1, 3), default=(1,))
LIGHTS = Parameter("names", Type.TEXT, many=True, noun="light", choices=("desk lamp", "Ofen"))
OVEN = Parameter("oven", Type.TEXT, noun="oven", choices=("Ofen",))


@pytest.mark.parametrize("kind", values_of(module))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


@pytest.mark.parametrize(
    ("parameter", "schema"),
    [
        (TEXT, {"type": "STRING"}),
        (WHOLE, {"type": "INTEGER", "description": "How many."}),
        (BOUND, {"type": "INTEGER", "minimum": 0, "maximum": 100}),
        (NUMBER, {"type": "NUMBER", "minimum": -10.5, "maximum": 40}),
        (FLAG, {"type": "BOOLEAN"}),
        (POWER, {"type": "STRING", "enum": ["on", "off"]}),
        (MODE, {"type": "STRING", "enum": ["eco", "boost"]}),
        (LIST, {"type": "ARRAY", "items": {"type": "STRING"}}),
        (LEVELS, {"type": "ARRAY", "items": {"type": "INTEGER", "minimum": 1, "maximum": 3}}),
        (LIGHTS, {"type": "ARRAY", "items": {"type": "STRING", "enum": ["desk lamp", "Ofen"]}}),
    ],
)
def test_the_schema_is_what_the_service_takes(parameter: Parameter, schema: object) -> None:
    assert parameter.schema() == schema


@pytest.mark.parametrize(
    ("parameter", "value", "read"),
    [
        (TEXT, " as it is ", " as it is "),
        (TEXT, "x" * 2000, "x" * 2000),
        (WHOLE, 7, 7),
        (WHOLE, 7.0, 7),
        (WHOLE, -(2.0**53), -(2**53)),
        (BOUND, 0.0, 0),
        (BOUND, 100, 100),
        (NUMBER, 7, 7.0),
        (NUMBER, -10.5, -10.5),
        (FLAG, True, True),
        (FLAG, False, False),
        (POWER, "ON ", "on"),
        (POWER, True, "on"),
        (POWER, False, "off"),
        (POWER, None, None),
        (MODE, "Boost", Mode.BOOST),
        (LIST, ["a", "b"], ["a", "b"]),
        (LIST, "a", ["a"]),
        (LIST, ["x"] * 64, ["x"] * 64),
        (LEVELS, None, (1,)),
        (LEVELS, [], []),
        (LEVELS, 2.0, [2]),
        (LIGHTS, ["DESK  LAMP", "ofen"], ["desk lamp", "Ofen"]),
        (OVEN, "OFEN", "Ofen"),
    ],
)
def test_what_is_clear_enough_is_read(parameter: Parameter, value: object, read: object) -> None:
    found = parameter.read(value)
    assert found == read
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("parameter", "value", "error"),
    [
        (TEXT, None, "title is missing: it is a text"),
        (TEXT, 7, "title is a text"),
        (TEXT, "x" * 2001, "title is too long: at most 2000 characters"),
        (WHOLE, None, "count is missing: it is a whole number"),
        (WHOLE, 7.5, "count is a whole number"),
        (WHOLE, "7", "count is a whole number"),
        (WHOLE, True, "count is a whole number"),
        (WHOLE, 2**53 + 1, "count is a whole number"),
        (WHOLE, 10**400, "count is a whole number"),
        (WHOLE, float("nan"), "count is a whole number"),
        (WHOLE, float("inf"), "count is a whole number"),
        (BOUND, 101, "level is a whole number from 0 to 100"),
        (BOUND, -0.5, "level is a whole number from 0 to 100"),
        (NUMBER, 41, "degrees is a number from -10.5 to 40"),
        (FLAG, "yes", "loud is true or false"),
        (FLAG, 1, "loud is true or false"),
        (POWER, "dim", "power is on or off"),
        (POWER, 1, "power is on or off"),
        (POWER, ["on"], "power is on or off"),
        (MODE, "bost", "mode is eco or boost; did you mean 'boost'?"),
        (MODE, True, "mode is eco or boost"),
        (LIST, None, "words is a list of 1 to 64, each a text"),
        (LIST, [], "words is a list of 1 to 64, each a text"),
        (LIST, {"a": 1}, "words is a list of 1 to 64, each a text"),
        (LIST, ["x"] * 65, "words is a list of 1 to 64, each a text"),
        (LIST, ["a", 7], "each of words is a text"),
        (LIST, ["a", None], "each of words is a text"),
        (LEVELS, [4], "each of levels is a whole number from 1 to 3"),
        (LIGHTS, [], "say which lights; there are: desk lamp, Ofen"),
        (LIGHTS, [7], "a light is named by a text"),
        (LIGHTS, ["desc lamp"], "there is no light 'desc lamp'; there are: desk lamp, Ofen; "),
        (OVEN, None, "say which oven; there are: Ofen"),
        (OVEN, 7, "an oven is named by a text"),
        (OVEN, "toaster", "there is no oven 'toaster'; there are: Ofen"),
    ],
)
def test_what_is_wrong_is_said_in_words(parameter: Parameter, value: object, error: str) -> None:
    with pytest.raises(Bad) as bad:
        parameter.read(value)
    assert str(bad.value).startswith(error)
    if not error.endswith("; "):
        assert str(bad.value) == error


def test_a_name_is_found_in_any_case_and_else_the_nearest_is_told() -> None:
    assert named(" STRASSE", ("Straße", "x"), "road") == "Straße"
    with pytest.raises(Bad, match="there is no road 'Strade'; there are: Straße; did you mean 'Straße'"):
        named("Strade", ("Straße",), "road")
    with pytest.raises(Bad, match=r"there is no road 'x'; there are: none$"):
        named("x", (), "road")


def test_words() -> None:
    assert spoken(("on",)) == "on"
    assert spoken(("red", "green", "blue")) == "red, green or blue"
    assert there_are(()) == "there are: none"
    assert hint("xyz", ("on", "off")) == ""
    assert (a("light"), a("oven")) == ("a light", "an oven")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(st.sampled_from([TEXT, WHOLE, BOUND, NUMBER, FLAG, POWER, MODE, LIST, LEVELS, LIGHTS, OVEN]), anything)
def test_anything_is_read_or_refused_in_a_short_sentence(parameter: Parameter, value: object) -> None:
    told = ""
    try:
        parameter.read(value)
    except Bad as bad:
        told = json.dumps(str(bad))
    assert told != '""'
    assert len(told) < 1000
