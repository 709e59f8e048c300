"""Scenes in the configuration: what they come to, and every mistake in them by its name."""

from __future__ import annotations

import tomllib

import pytest

from appliance.config import parse
from appliance.core.changes import Change
from appliance.core.lights import LightEffect
from appliance.core.scenes import Scene
from appliance.errors import ConfigError

HOME = """
[lights.Fan]
pin = 4
room = "kitchen"
[lights.spot]
pin = 5
kind = "dimmer"
room = "kitchen"
[lights.strip]
pins = [6, 7, 8]
kind = "rgb"
[lights.bell]
pin = 9
[lights.hall]
pin = 10
room = "hall"
[groups]
plain = ["fan", "bell"]
"""
OFF = Change(power=False)


def read(scenes: str) -> tuple[Scene, ...]:
    return parse(tomllib.loads(HOME + scenes)).scenes


def mistakes(scenes: str) -> list[tuple[str, str, str, str | None]]:
    with pytest.raises(ConfigError) as error:
        read(scenes)
    return [(p.key, p.found, p.allowed, p.nearest) for p in error.value.problems]


def test_a_scene_goes_from_the_wide_to_the_narrow() -> None:
    scenes = read("""
[scenes."good night"]
strip = { brightness = 5, colour = "Warm White", effect = "breathe" }
PLAIN = "blink"
Kitchen = 40
all = "off"
transition_s = 8
[scenes.party]
strip = "#ff0000"
bell = { power = "on" }
spot = { brightness = 0 }
fan = "none"
hall = "on"
""")
    strip = Change(brightness=5, colour=(255, 180, 107), effect=LightEffect.BREATHE)
    blink = Change(effect=LightEffect.BLINK)
    assert scenes == (
        Scene(
            "good night",
            (("all", OFF), ("kitchen", Change(brightness=40)), ("plain", blink), ("strip", strip)),
            8.0,
        ),
        Scene(
            "party",
            (
                ("Fan", Change(effect=LightEffect.NONE)),
                ("spot", Change(brightness=0)),
                ("strip", Change(colour=(255, 0, 0))),
                ("bell", Change(power=True)),
                ("hall", Change(power=True)),
            ),
        ),
    )


WRONG: list[tuple[str, str, str, str, str | None]] = [
    ("[scenes]\nx = 7", "scenes.x", "7", "a table", None),
    ("[scenes.x]", "scenes.x.transition_s", "no light", "at least one light, room or group", None),
    ("[scenes.x]\ntransition_s = 3", "scenes.x.transition_s", "no light", "at least one", None),
    ("[scenes.x]\nall = 'on'\ntransition_s = -1", "scenes.x.transition_s", "-1", "from 0 to 3600", None),
    ("[scenes.x]\nall = 'on'\ntransition_s = 'slow'", "scenes.x.transition_s", "'slow'", "a number", None),
    ("[scenes.x]\nfan = 'on'\ntransition_s = 2", "scenes.x.transition_s", "2.0", "do not fade", None),
    ("[scenes.x]\nstripe = 'on'", "scenes.x.stripe", "no light, room or group", "'strip'", "strip"),
    ("[scenes.x]\nfan = 'on'\nFan = 'off'", "scenes.x.Fan", "'Fan'", "once", None),
    ("[scenes.x]\nfan = 'dim'", "scenes.x.fan", "'dim'", "on, off, a per cent", None),
    ("[scenes.x]\nspot = 101", "scenes.x.spot", "101", "0 to 100", None),
    ("[scenes.x]\nspot = -1", "scenes.x.spot", "-1", "0 to 100", None),
    ("[scenes.x]\nspot = 4.5", "scenes.x.spot", "4.5", "0 to 100", None),
    ("[scenes.x]\nspot = true", "scenes.x.spot", "true", "on, off", None),
    ("[scenes.x]\nspot = []", "scenes.x.spot", "[]", "on, off", None),
    ("[scenes.x]\nfan = 40", "scenes.x.fan", "40", "fan can only be on or off", None),
    ("[scenes.x]\nplain = 40", "scenes.x.plain", "40", "plain can only be on or off", None),
    ("[scenes.x]\nkitchen = 'red'", "scenes.x.kitchen", "'red'", "kitchen have no colours", None),
    ("[scenes.x]\nspot = 'red'", "scenes.x.spot", "'red'", "spot has no colours", None),
    ("[scenes.x]\nbell = 'breathe'", "scenes.x.bell", "'breathe'", "can blink but not breathe", None),
    ("[scenes.x]\nspot = {}", "scenes.x.spot", "contradicts", "say what to set", None),
    ("[scenes.x.spot]\npower = 'of'", "scenes.x.spot.power", "'of'", "'on', 'off'", "off"),
    ("[scenes.x.spot]\nbrightness = '40'", "scenes.x.spot.brightness", "'40'", "from 0 to 100", None),
    ("[scenes.x.spot]\neffect = 'breath'", "scenes.x.spot.effect", "'breath'", "'breathe'", "breathe"),
    ("[scenes.x.strip]\ncolour = 'rad'", "scenes.x.strip.colour", "'rad'", "#rrggbb", "red"),
    ("[scenes.x.strip]\ncolour = 7", "scenes.x.strip.colour", "7", "a text", None),
    ("[scenes.x.strip]\ncolor = 'red'", "scenes.x.strip.color", "an unknown key", "'colour'", "colour"),
    ("[scenes.x.spot]\npower = 'off'\nbrightness = 4", "scenes.x.spot", "contradicts", "no brightness", None),
    ("[scenes.x.spot]\npower = 'off'\neffect = 'blink'", "scenes.x.spot", "contradicts", "not blink", None),
    ("[scenes.FAN]\nall = 'on'", "scenes.FAN", "'FAN'", "a name that no light", None),
    ("[scenes.kitchen]\nall = 'on'", "scenes.kitchen", "'kitchen'", "a name that no light", None),
    ("[scenes.plain]\nall = 'on'", "scenes.plain", "'plain'", "a name that no light", None),
    ("[scenes.all]\nall = 'on'", "scenes.all", "'all'", "and not 'all'", None),
    ("[scenes.x]\nall = 'on'\n[scenes.X]\nall = 'on'", "scenes.X", "'X'", "capital letters", None),
    ('[scenes." x"]\nall = "on"', 'scenes." x"', "' x'", "without spaces", None),
]


@pytest.mark.parametrize(("scenes", "key", "found", "allowed", "nearest"), WRONG)
def test_a_mistake_is_named(scenes: str, key: str, found: str, allowed: str, nearest: str | None) -> None:
    told = mistakes(scenes)
    first = [problem for problem in told if problem[0] == key]
    assert first, told
    assert found in first[0][1]
    assert allowed in first[0][2]
    assert first[0][3] == nearest


def test_one_mistake_is_told_once_and_all_of_them_are() -> None:
    told = mistakes("[scenes.x]\nspot = 101\nfan = 40\n[scenes.y]\nstripe = 'on'")
    assert [key for key, *_ in told] == ["scenes.x.spot", "scenes.x.fan", "scenes.y.stripe"]


def test_scenes_need_lights() -> None:
    with pytest.raises(ConfigError, match=r"scenes\.x\.lamp"):
        parse({"scenes": {"x": {"lamp": "on"}}})
    with pytest.raises(ConfigError, match=r"scenes\.x\.all"):
        parse({"scenes": {"x": {"all": "on"}}})
