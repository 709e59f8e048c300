"""Scenes: by name, in any case, and all at once."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.core import scenes as module
from appliance.core.catalogue import Catalogue
from appliance.core.changes import Change
from appliance.core.functions import Caller
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import FromPerson, Kind, LightEffect, LightState
from appliance.core.messages import Setup
from appliance.core.outcomes import Answer, Order
from appliance.core.scenes import Scene, Scenes
from appliance.core.wire import encode
from tests.core.vocabulary import check_value, values_of
from tests.judge import judge_client

CALLER = Caller(FromPerson(1), 100.0)
NIGHT = Scene(
    "good night",
    (("all", Change(power=False)), ("bed", Change(brightness=5, effect=LightEffect.BREATHE))),
    8.0,
)
PARTY = Scene("Party", (("fan", Change(effect=LightEffect.BLINK)),))
OFF = LightState(on=False)


def home(*scenes: Scene) -> Catalogue:
    lighting = Lighting(
        [Lamp("fan", Kind.SWITCH, on=True), Lamp("bed", Kind.DIMMER), Lamp("desk", Kind.RGB)], {}
    )
    return Catalogue(lighting, Scenes(lighting, scenes))


@pytest.mark.parametrize("kind", values_of(module))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


@pytest.mark.parametrize("name", ["good night", "Good  Night"])
def test_a_scene_is_one_order(name: str) -> None:
    bed = LightState(on=True, brightness=5, effect=LightEffect.BREATHE)
    order = Order({"fan": OFF, "bed": bed, "desk": OFF}, 8.0)
    catalogue = home(NIGHT, PARTY)
    assert catalogue.call("run_scene", {"name": name}, CALLER) == order
    assert catalogue.of(Scenes).person(name, CALLER) == order


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, "say which scene; there are: good night, Party"),
        ({"name": 7}, "a scene is named by a text"),
        (
            {"name": "goodnight"},
            "there is no scene 'goodnight'; there are: good night, Party; did you mean 'good night'?",
        ),
        ({"name": "party", "over": 3}, "there is no argument 'over'; the arguments are: name"),
    ],
)
def test_a_bad_call_is_answered_with_what_exists(args: dict[str, object], error: str) -> None:
    assert home(NIGHT, PARTY).call("run_scene", args, CALLER) == Answer({"error": error})


def test_the_model_is_told_of_scenes_where_there_are_some() -> None:
    declarations: tuple[Any, ...] = home(NIGHT, PARTY).declarations()
    run_scene = declarations[-1]
    assert run_scene["name"] == "run_scene"
    assert run_scene["parameters"]["properties"]["name"]["enum"] == ["good night", "Party"]
    judge_client(encode(Setup("m", functions=declarations)))
    assert "run_scene" not in [declared["name"] for declared in home().declarations()]


def test_who_asks_for_a_scene_where_there_is_none_is_told_so() -> None:
    catalogue = home()
    error = {"error": "there is no scene 'party'; there are: none"}
    assert catalogue.of(Scenes).person("party", CALLER) == Answer(error)
    assert catalogue.of(Scenes).names == ()
