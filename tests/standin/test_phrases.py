"""What the offline mind says."""

from __future__ import annotations

import pytest

from appliance.standin.abilities import Abilities, abilities_in
from appliance.standin.grammar import Request
from appliance.standin.mind import Understanding
from appliance.standin.phrases import abilities_named, composed, refusal

from .caller import DECLARATIONS

ALL = {
    "kitchen light": {"power": "on"},
    "desk lamp": {"power": "on", "brightness": 20},
    "bedroom lamp": {"power": "on", "brightness": 80, "colour": "#fe0101"},
    "hall": {"power": "off"},
}


def only(*names):
    return {"lights": {name: ALL[name] for name in names}}


@pytest.mark.parametrize(
    ("request_", "response", "said"),
    [
        (Request(("kitchen light",), power="on"), only("kitchen light"), "The kitchen light is on."),
        (Request(("all",), power="off"), {"lights": ALL}, "Everything is off."),
        (
            Request(("kitchen light", "desk lamp"), power="on"),
            only("kitchen light", "desk lamp"),
            "The kitchen light and desk lamp are on.",
        ),
        (Request(("desk lamp",), level=20), only("desk lamp"), "The desk lamp is at 20 percent."),
        (Request(("bedroom lamp",), colour="red"), only("bedroom lamp"), "The bedroom lamp is red."),
        (
            Request(("desk lamp",), power="on"),
            {"error": "the lamp is unplugged"},
            "That did not work: the lamp is unplugged.",
        ),
        (Request(("desk lamp",), power="on"), {}, "The desk lamp is on."),
        (
            Request(ask="which", power="on"),
            {"lights": ALL},
            "The kitchen light, desk lamp and bedroom lamp are on.",
        ),
        (Request(ask="which", power="off"), only("desk lamp"), "No light is off."),
        (Request(ask="list"), only("desk lamp", "hall"), "There are the desk lamp and the hall."),
        (Request(ask="power"), only("hall"), "The hall is off."),
        (Request(ask="level"), only("desk lamp"), "The desk lamp is at 20 percent."),
        (Request(ask="colour"), only("bedroom lamp"), "The bedroom lamp is red."),
        (Request(ask="power"), {"lights": [7]}, "I see no light."),
    ],
)
def test_outcome(request_, response, said):
    assert composed(Understanding(requests=(request_,)), [response]) == said


def test_equal_sentences_are_said_once():
    bad = {"error": "no"}
    assert composed(Understanding(requests=(Request(), Request())), [bad, bad]) == "That did not work: no."


def test_what_it_can_do():
    abilities = abilities_in(DECLARATIONS)
    assert refusal(abilities) == (
        "I did not understand. While I am offline I can only switch, dim and colour the lights."
    )
    assert abilities_named(abilities).endswith("the lights: kitchen light, desk lamp and bedroom lamp.")
    assert "offline" in refusal(Abilities())
