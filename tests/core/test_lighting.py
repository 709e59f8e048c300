"""The functions: what a good call comes to, how a bad one is answered, and that nothing is half done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core import lighting as module
from appliance.core.catalogue import Catalogue
from appliance.core.changes import Change
from appliance.core.functions import Caller
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import COLOURS, FromPerson, Kind, LightEffect, LightState
from appliance.core.messages import Setup
from appliance.core.outcomes import Answer, Order, Outcome
from appliance.core.wire import encode
from tests.core.vocabulary import check_value, values_of
from tests.judge import ANSWER_BYTES, judge_client

FAN = Lamp("fan", Kind.SWITCH, "kitchen")
SPOT = Lamp("Kitchen Spot", Kind.DIMMER, "kitchen", on=True)
STRIP = Lamp("strip", Kind.RGB, "living room")
PORCH = Lamp("porch", Kind.SWITCH)
GROUPS = {"evening": ("strip", "porch"), "Küche": ("fan",)}
RED, BLUE = (255, 0, 0), (0, 0, 255)
CALLER = Caller(FromPerson(1), 100.0)
ON, OFF = LightState(on=True), LightState(on=False)


def home() -> Lighting:
    return Lighting([FAN, SPOT, STRIP, PORCH], GROUPS)


def call(lighting: Lighting, name: str, args: dict[str, object]) -> Outcome:
    return Catalogue(lighting).call(name, args, CALLER)


@pytest.mark.parametrize("kind", values_of(module))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


# -- good calls -------------------------------------------------------------------------------------

NAMES: list[tuple[object, list[str]]] = [
    (["fan"], ["fan"]),
    ("fan", ["fan"]),  # one name is as good as a list of one
    (["FAN"], ["fan"]),
    (["kitchen  spot "], ["Kitchen Spot"]),
    (["kitchen"], ["fan", "Kitchen Spot"]),
    (["Living Room"], ["strip"]),
    (["evening"], ["strip", "porch"]),
    (["küche"], ["fan"]),
    (["KÜCHE"], ["fan"]),
    (["all"], ["fan", "Kitchen Spot", "strip", "porch"]),
    ("ALL", ["fan", "Kitchen Spot", "strip", "porch"]),
    (["porch", "fan"], ["porch", "fan"]),  # in the order they were asked for
    (["fan", "kitchen", "Fan"], ["fan", "Kitchen Spot"]),  # each once
]


@pytest.mark.parametrize(("names", "lights"), NAMES)
def test_lights_are_named_by_name_room_group_or_all_of_them(names: object, lights: list[str]) -> None:
    lighting = home()
    match call(lighting, "set_lights", {"names": names, "power": "on"}):
        case Order(states):
            assert list(states) == lights
            assert all(state.on for state in states.values())
        case answer:
            raise AssertionError(answer)
    assert call(lighting, "get_lights", {"names": names}) == Answer(lighting.shown(lights))


CHANGES: list[tuple[str, dict[str, object], LightState]] = [
    ("fan", {"power": "on"}, ON),
    ("fan", {"power": True}, ON),
    ("fan", {"power": "off"}, OFF),
    ("fan", {"power": False}, OFF),
    ("fan", {"power": "on", "brightness": None, "colour": None}, ON),
    ("Kitchen Spot", {"power": "off"}, OFF),
    ("Kitchen Spot", {"power": "off", "brightness": 0}, OFF),
    ("Kitchen Spot", {"brightness": 40}, LightState(on=True, brightness=40)),
    ("Kitchen Spot", {"brightness": 40.0}, LightState(on=True, brightness=40)),
    ("Kitchen Spot", {"brightness": 39.6}, LightState(on=True, brightness=40)),
    ("Kitchen Spot", {"brightness": 100}, ON),
    ("Kitchen Spot", {"brightness": 1}, LightState(on=True, brightness=1)),
    ("Kitchen Spot", {"brightness": 0}, OFF),  # and its former brightness is kept
    ("Kitchen Spot", {"brightness": 0.0}, OFF),
    ("Kitchen Spot", {"power": "on", "brightness": 40}, LightState(on=True, brightness=40)),
    ("strip", {"colour": "Red"}, LightState(on=True, colour=RED)),
    ("strip", {"colour": "#0000FF"}, LightState(on=True, colour=BLUE)),
    ("strip", {"colour": "red", "brightness": 5}, LightState(on=True, brightness=5, colour=RED)),
    ("strip", {"power": "on", "colour": "red"}, LightState(on=True, colour=RED)),
    ("strip", {"power": "on"}, ON),
    ("strip", {"effect": "Breathe"}, LightState(on=True, effect=LightEffect.BREATHE)),
    ("fan", {"effect": "blink"}, LightState(on=True, effect=LightEffect.BLINK)),
    ("fan", {"effect": "none"}, OFF),
    ("fan", {"power": "on", "transition_s": 0}, ON),
]


@pytest.mark.parametrize(("name", "change", "state"), CHANGES)
def test_one_light_becomes_what_was_asked(name: str, change: dict[str, object], state: LightState) -> None:
    assert call(home(), "set_lights", {"names": [name], **change}) == Order({name: state})


@pytest.mark.parametrize(
    ("change", "states"),
    [
        (
            {"brightness": 30},
            {
                "fan": OFF,
                "Kitchen Spot": LightState(on=True, brightness=30),
                "strip": LightState(on=True, brightness=30),
                "porch": OFF,
            },
        ),
        ({"brightness": 0}, {"fan": OFF, "Kitchen Spot": OFF, "strip": OFF, "porch": OFF}),
        (
            {"colour": "blue"},
            {"fan": OFF, "Kitchen Spot": ON, "strip": LightState(on=True, colour=BLUE), "porch": OFF},
        ),
        (
            {"power": "on", "colour": "blue", "brightness": 9},
            {
                "fan": ON,
                "Kitchen Spot": LightState(on=True, brightness=9),
                "strip": LightState(on=True, brightness=9, colour=BLUE),
                "porch": ON,
            },
        ),
    ],
)
def test_of_mixed_lights_each_takes_what_it_can_show(
    change: dict[str, object], states: dict[str, LightState]
) -> None:
    assert call(home(), "set_lights", {"names": ["all"], **change}) == Order(states)


def test_what_fades_says_how_long_and_the_others_come_along() -> None:
    order = call(home(), "set_lights", {"names": "kitchen", "power": "on", "transition_s": 2.5})
    assert order == Order({"fan": ON, "Kitchen Spot": ON}, 2.5)
    order = call(home(), "set_lights", {"names": "kitchen", "effect": "breathe"})
    assert order == Order({"fan": OFF, "Kitchen Spot": LightState(on=True, effect=LightEffect.BREATHE)})


def test_where_nothing_can_be_dimmed_the_sentences_say_so() -> None:
    lighting = Lighting([FAN, PORCH], {})
    error = "effect is none or blink"
    assert call(lighting, "set_lights", {"names": "fan", "effect": "breathe"}) == Answer({"error": error})
    error = "the fan can only be on or off; dimmable: none."
    assert call(lighting, "set_lights", {"names": "fan", "brightness": 5}) == Answer({"error": error})


def test_what_is_to_come_back_after_a_restart() -> None:
    strip, fan = Lamp("strip", Kind.RGB, restore=True), Lamp("fan", Kind.SWITCH, restore=True)
    lighting = Lighting([strip, fan, PORCH], {})
    lighting.done({"strip": LightState(on=True, brightness=7, colour=RED, effect=LightEffect.BLINK)})
    assert lighting.remembered() == {
        "strip": {"power": "on", "brightness": 7, "colour": "#ff0000"},
        "fan": {"power": "off"},
    }


def test_one_change_after_another_is_one_order() -> None:
    steps = (
        ("all", Change(power=False)),
        ("living room", Change(brightness=9)),
        ("strip", Change(colour=RED)),
    )
    strip = LightState(on=True, brightness=9, colour=RED)
    states = {"fan": OFF, "Kitchen Spot": OFF, "strip": strip, "porch": OFF}
    assert home().in_turn(steps, 1.5) == Order(states, 1.5)


def test_a_brightness_comes_back_after_the_light_was_off() -> None:
    lighting = home()
    for change in ({"brightness": 25}, {"brightness": 0}, {"power": "on"}):
        match call(lighting, "set_lights", {"names": "strip", **change}):
            case Order(states):
                lighting.done(states)
    assert lighting.states["strip"] == LightState(on=True, brightness=25)


def test_an_order_changes_nothing_until_it_is_done() -> None:
    lighting = home()
    before = dict(lighting.states)
    assert isinstance(call(lighting, "set_lights", {"names": "all", "power": "on"}), Order)
    assert lighting.states == before
    lighting.done({"fan": ON, "a light of yesterday": ON})
    assert lighting.states == {**before, "fan": ON}


def test_the_state_is_told_of_all_or_of_those_named() -> None:
    shown = {
        "fan": {"power": "off"},
        "Kitchen Spot": {"power": "on", "brightness": 100},
        "strip": {"power": "off", "brightness": 100, "colour": "#ffffff"},
        "porch": {"power": "off"},
    }
    lighting = home()
    assert call(lighting, "get_lights", {}) == Answer({"lights": shown})
    assert call(lighting, "get_lights", {"names": "fan"}) == Answer({"lights": {"fan": shown["fan"]}})
    assert lighting.shown() == {"lights": shown}
    assert lighting.shown([]) == {"lights": {}}


def test_a_room_that_is_called_as_a_light_is_that_light() -> None:
    lighting = Lighting([Lamp("hall", Kind.SWITCH), Lamp("stairs", Kind.SWITCH, "hall")], {})
    assert call(lighting, "set_lights", {"names": "hall", "power": "on"}) == Order({"hall": ON})


# -- bad calls --------------------------------------------------------------------------------------

EVERYTHING = "there are: fan, Kitchen Spot, strip, porch, kitchen, living room, evening, Küche, all"
BAD: list[tuple[str, dict[str, object], str]] = [
    ("sing", {}, "there is no function 'sing'; the functions are: set_lights, get_lights"),
    ("", {}, "there is no function ''; the functions are: set_lights, get_lights"),
    ("set_lights", {}, f"say which lights; {EVERYTHING}"),
    ("set_lights", {"names": [], "power": "on"}, f"say which lights; {EVERYTHING}"),
    ("set_lights", {"names": None, "power": "on"}, f"say which lights; {EVERYTHING}"),
    ("set_lights", {"names": {"fan": 1}, "power": "on"}, f"say which lights; {EVERYTHING}"),
    ("set_lights", {"names": ["fan"] * 65, "power": "on"}, f"say which lights; {EVERYTHING}"),
    ("set_lights", {"names": [7], "power": "on"}, "a light is named by a text"),
    ("set_lights", {"names": ["fan", None], "power": "on"}, "a light is named by a text"),
    ("set_lights", {"names": ["dragon"], "power": "on"}, f"there is no light 'dragon'; {EVERYTHING}"),
    (
        "set_lights",
        {"names": ["fan", "kichen spot"], "power": "on"},
        f"there is no light 'kichen spot'; {EVERYTHING}; did you mean 'Kitchen Spot'?",
    ),
    ("get_lights", {"names": ["striq"]}, f"there is no light 'striq'; {EVERYTHING}; did you mean 'strip'?"),
    ("get_lights", {"name": "fan"}, "there is no argument 'name'; the arguments are: names"),
    (
        "set_lights",
        {"names": "fan", "color": "red"},
        "there is no argument 'color'; the arguments are: names, power, brightness, colour, effect, "
        "transition_s",
    ),
    ("set_lights", {"names": "fan"}, "say what to set: power, brightness, colour or effect"),
    ("set_lights", {"names": "fan", "power": None}, "say what to set: power, brightness, colour or effect"),
    ("set_lights", {"names": "fan", "power": "dim"}, "power is on or off"),
    ("set_lights", {"names": "fan", "power": 1}, "power is on or off"),
    ("set_lights", {"names": "fan", "power": ["on"]}, "power is on or off"),
    ("set_lights", {"names": "strip", "brightness": -1}, "brightness is a number from 0 to 100"),
    ("set_lights", {"names": "strip", "brightness": 100.5}, "brightness is a number from 0 to 100"),
    ("set_lights", {"names": "strip", "brightness": 10**400}, "brightness is a number from 0 to 100"),
    ("set_lights", {"names": "strip", "brightness": float("nan")}, "brightness is a number from 0 to 100"),
    ("set_lights", {"names": "strip", "brightness": float("inf")}, "brightness is a number from 0 to 100"),
    ("set_lights", {"names": "strip", "brightness": True}, "brightness is a number from 0 to 100"),
    ("set_lights", {"names": "strip", "brightness": "40"}, "brightness is a number from 0 to 100"),
    (
        "set_lights",
        {"names": "fan", "brightness": 40},
        "the fan can only be on or off; dimmable: Kitchen Spot, strip.",
    ),
    (
        "set_lights",
        {"names": "Kitchen Spot", "colour": "red"},
        "the Kitchen Spot has no colours; coloured: strip.",
    ),
    ("set_lights", {"names": "strip", "colour": 7}, "colour is a text"),
    ("set_lights", {"names": "strip", "effect": "dance"}, "effect is none, blink or breathe"),
    ("set_lights", {"names": "strip", "effect": 7}, "effect is none, blink or breathe"),
    (
        "set_lights",
        {"names": "fan", "effect": "breathe"},
        "the fan can blink but not breathe; can breathe: Kitchen Spot, strip.",
    ),
    (
        "set_lights",
        {"names": ["fan", "porch"], "power": "on", "transition_s": 3},
        "these lights can only be switched at once; can fade: Kitchen Spot, strip.",
    ),
    (
        "set_lights",
        {"names": "strip", "power": "on", "transition_s": -1},
        "transition_s is a number from 0 to 3600",
    ),
    (
        "set_lights",
        {"names": "strip", "power": "on", "transition_s": 3601},
        "transition_s is a number from 0 to 3600",
    ),
    (
        "set_lights",
        {"names": "strip", "transition_s": 3},
        "say what to set: power, brightness, colour or effect",
    ),
    (
        "set_lights",
        {"names": "strip", "power": "off", "effect": "blink"},
        "a light that is off can not blink",
    ),
    ("set_lights", {"names": "strip", "colour": "mud"}, f"colour is #rrggbb or one of: {', '.join(COLOURS)}"),
    (
        "set_lights",
        {"names": "strip", "power": "off", "brightness": 40},
        "a light that is switched off has no brightness and no colour to set",
    ),
    (
        "set_lights",
        {"names": "strip", "power": "off", "colour": "#000000"},
        "a light that is switched off has no brightness and no colour to set",
    ),
    (
        "set_lights",
        {"names": "strip", "power": "on", "brightness": 0},
        "brightness 0 is off: say one or the other",
    ),
]


@pytest.mark.parametrize(("name", "args", "error"), BAD)
def test_a_bad_call_is_answered_with_what_exists(name: str, args: dict[str, object], error: str) -> None:
    lighting = home()
    before = dict(lighting.states)
    assert call(lighting, name, args) == Answer({"error": error})
    assert lighting.states == before


def test_where_there_are_no_lights_there_are_no_functions() -> None:
    lighting = Lighting([], {})
    assert Catalogue(lighting).declarations() == ()
    for name in ("set_lights", "get_lights", "sing"):
        error = f"there is no function {name!r}; the functions are: none"
        assert call(lighting, name, {}) == Answer({"error": error})
    assert lighting.person("all", "on", CALLER) == Answer(
        {"error": "there is no light 'all'; there are: none"}
    )


# -- what the model is told -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lamps", "settings_offered"),
    [
        ([FAN, PORCH], ["names", "power", "effect"]),
        ([FAN, SPOT], ["names", "power", "brightness", "effect", "transition_s"]),
        ([STRIP], ["names", "power", "brightness", "colour", "effect", "transition_s"]),
        ([FAN, SPOT, STRIP], ["names", "power", "brightness", "colour", "effect", "transition_s"]),
    ],
)
def test_only_what_some_light_can_is_offered(lamps: list[Lamp], settings_offered: list[str]) -> None:
    declarations: tuple[Any, ...] = Catalogue(Lighting(lamps, {})).declarations()
    set_lights, get_lights = declarations
    can_breathe = "transition_s" in settings_offered
    effects = ["none", "blink", "breathe"] if can_breathe else ["none", "blink"]
    assert set_lights["parameters"]["properties"]["effect"]["enum"] == effects
    assert list(set_lights["parameters"]["properties"]) == settings_offered
    assert list(get_lights["parameters"]["properties"]) == ["names"]
    assert set_lights["behavior"] == get_lights["behavior"] == "BLOCKING"
    judge_client(encode(Setup("m", functions=declarations)))


def test_the_names_that_are_offered_are_the_names_that_are_taken() -> None:
    lighting = home()
    declarations: tuple[Any, ...] = Catalogue(lighting).declarations()
    offered = declarations[0]["parameters"]["properties"]["names"]["items"]["enum"]
    assert offered == EVERYTHING.removeprefix("there are: ").split(", ")
    assert all(isinstance(call(lighting, "get_lights", {"names": [n]}), Answer) for n in offered)
    assert all("lights" in call(lighting, "get_lights", {"names": [n]}).response for n in offered)  # type: ignore[union-attr]


# -- what a person types ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change", "state"),
    [
        ("fan", "Blink", LightState(on=True, effect=LightEffect.BLINK)),
        ("strip", "none", OFF),
        ("fan", "on", ON),
        ("fan", " ON ", ON),
        ("Kitchen Spot", "off", OFF),
        ("Kitchen Spot", "40", LightState(on=True, brightness=40)),
        ("Kitchen Spot", "40%", LightState(on=True, brightness=40)),
        ("Kitchen Spot", "40 %", LightState(on=True, brightness=40)),
        ("Kitchen Spot", "0", OFF),
        ("strip", "Red", LightState(on=True, colour=RED)),
        ("strip", " #0000ff", LightState(on=True, colour=BLUE)),
    ],
)
def test_a_person_types_a_change(name: str, change: str, state: LightState) -> None:
    assert home().person(name, change, CALLER) == Order({name: state})


@pytest.mark.parametrize(
    ("name", "change", "error"),
    [
        ("strip", "101", "brightness is a number from 0 to 100"),
        ("strip", "9" * 5000, "brightness is a number from 0 to 100"),
        ("strip", "²", "colour is"),
        ("strip", "", "colour is"),
        ("strip", "dim", "colour is"),
        ("fan", "40", "the fan can only be on or off"),
        ("fan", "red", "the fan has no colours"),
        ("", "on", "there is no light ''"),
        ("stripe", "on", "did you mean 'strip'?"),
    ],
)
def test_a_person_is_told_what_was_wrong(name: str, change: str, error: str) -> None:
    match home().person(name, change, CALLER):
        case Answer(response):
            assert error in str(response["error"])
        case order:
            raise AssertionError(order)


# -- whatever comes ---------------------------------------------------------------------------------

words = st.sampled_from(
    ["fan", "FAN", "kitchen", "all", "striq", "on", "off", "red", "#00ff00", "set_lights"]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | words
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4) | words, inner, max_size=3)
    ),
    max_leaves=8,
)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "names": st.lists(words | st.text(max_size=6), max_size=3) | words | anything,
        "power": st.sampled_from(["on", "off"]) | anything,
        "brightness": st.integers(-5, 105) | st.floats() | anything,
        "colour": words | anything,
        "effect": st.sampled_from(["none", "blink", "breathe"]) | anything,
        "transition_s": st.floats(-1, 4000) | anything,
        "speed": anything,
    },
)


@settings(max_examples=300)
@given(st.sampled_from(["set_lights", "get_lights"]) | st.text(max_size=80), arguments)
def test_any_call_is_an_order_or_a_short_answer(name: str, args: dict[str, object]) -> None:
    lighting = home()
    before = dict(lighting.states)
    match call(lighting, name, args):
        case Order(states, transition_s):
            assert name == "set_lights"
            assert states
            assert states.keys() <= lighting.states.keys()
            assert 0 <= transition_s <= 3600
            for state in states.values():
                assert type(state.on) is bool
                assert 1 <= state.brightness <= 100
            lighting.done(states)
            answer = lighting.shown(list(states))
        case Answer(response):
            answer = dict(response)
            assert ("error" in answer) != ("lights" in answer)
            assert lighting.states == before
    assert len(json.dumps(answer, allow_nan=False)) < ANSWER_BYTES


@settings(max_examples=60)
@given(st.text(max_size=9), st.text(max_size=9) | words)
def test_whatever_a_person_types_is_an_order_or_an_answer(name: str, change: str) -> None:
    assert isinstance(home().person(name, change, CALLER), Order | Answer)


def test_the_answers_of_a_board_that_is_full_are_short_enough() -> None:
    """28 pins are 28 lights; each in its own room, with names as long as the configuration allows."""
    lamps = [Lamp(f"{n:02}".ljust(64, "x"), Kind.DIMMER, f"{n:02}".ljust(64, "r")) for n in range(28)]
    lighting = Lighting(lamps, {f"{n:02}".ljust(64, "g"): (lamps[0].name,) for n in range(10)})
    for name, args in (("get_lights", {}), ("set_lights", {}), ("get_lights", {"names": "nothing"})):
        match call(lighting, name, args):
            case Answer(response):
                assert len(json.dumps(response)) < ANSWER_BYTES
            case order:
                raise AssertionError(order)
    judge_client(encode(Setup("m", functions=Catalogue(lighting).declarations())))
