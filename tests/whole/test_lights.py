"""Lights that fade, blink, breathe, come by scenes and come back: as the model and a person set them."""

from __future__ import annotations

import asyncio
import tempfile

import pytest

from appliance.standin.scene import parse as scene_of
from appliance.standin.server import Options, StandIn

from .house import LIGHTS, Daemon, box, no_traceback

pytestmark = pytest.mark.slow
SCENES = """
[scenes."good night"]
transition_s = 0.5
all = "off"
"bedroom lamp" = { brightness = 10, colour = "red", effect = "breathe" }
"""
BLINK = {"names": ["desk lamp"], "brightness": 40, "effect": "blink", "transition_s": 0.2}
FADE = {"names": ["kitchen light"], "power": "on", "transition_s": 3}
CALLS = {
    "steps": [
        {"expect": "turn"},
        {"call": [{"name": "set_lights", "args": BLINK}, {"name": "set_lights", "args": FADE}]},
        {"call": [{"name": "run_scene", "args": {"name": "Good Night"}}]},
        {"call": [{"name": "run_scene", "args": {"name": "good knight"}}]},
        {"speak": "Good night."},
    ]
}

NO_FADE = "the kitchen light can only be switched at once; can fade: desk lamp, bedroom lamp."
NO_SCENE = "there is no scene 'good knight'; there are: good night; did you mean 'good night'?"
NIGHT = {
    "kitchen light": {"power": "off"},
    "desk lamp": {"power": "off", "brightness": 40},
    "bedroom lamp": {"power": "on", "brightness": 10, "colour": "#ff0000", "effect": "breathe"},
}


def answers(daemon: Daemon) -> list[object]:
    return [told["response"] for told in daemon.of("answer")]


def test_the_model_fades_blinks_and_runs_a_scene() -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", speed=8.0, scene=scene_of(CALLS))
        async with StandIn(options) as standin, box(standin, SCENES) as daemon:
            assert (await daemon.run("ask", "Good night"))[0] == 0
            await daemon.until(lambda: len(answers(daemon)) == 4)
            assert answers(daemon) == [
                {"error": NO_FADE},  # at once, while the lamp is still to be lit
                {"lights": {"desk lamp": {"power": "on", "brightness": 40, "effect": "blink"}}},
                {"lights": NIGHT},
                {"error": NO_SCENE},
            ]
            _, out, _ = await daemon.run("lights")
            assert "bedroom lamp: on, 10, #ff0000, breathe" in out
            assert await daemon.stop() == 0
        no_traceback(daemon.log)

    asyncio.run(life())


def test_a_person_does_the_same_by_command() -> None:
    async def life() -> None:
        deaf = '[live]\nendpoint = "ws://127.0.0.1:9"\n[audio]\nbackend = "memory"\n'
        async with Daemon(deaf + LIGHTS + SCENES) as daemon:
            assert await daemon.run("scene") == (0, "good night\n", "")
            status, out, _ = await daemon.run("lights", "desk lamp", "breathe", "--over", "0.5")
            assert (status, out) == (0, "desk lamp: on, 100, breathe\n")
            status, out, _ = await daemon.run("lights", "kitchen light", "blink")
            assert (status, out) == (0, "kitchen light: on, blink\n")
            status, _, err = await daemon.run("lights", "kitchen light", "breathe")
            assert (status, "can blink but not breathe" in err) == (1, True)
            status, out, _ = await daemon.run("scene", "GOOD NIGHT")
            assert (status, "kitchen light: off" in out) == (0, True)
            status, _, err = await daemon.run("scene", "party")
            assert (status, err) == (1, "appliance: there is no scene 'party'; there are: good night\n")
            status, _, err = await daemon.run("lights", "desk lamp", "on", "--over", "9999")
            assert (status, "0 to 3600 seconds" in err) == (2, True)
            status, _, err = await daemon.run("lights", "--over", "3")
            assert (status, "--over needs a NAME" in err) == (2, True)
            assert await daemon.stop() == 0
        no_traceback(daemon.log)

    asyncio.run(life())


def test_a_light_is_as_it_was_before_the_restart() -> None:
    async def life(state: str) -> None:
        toml = '[live]\nendpoint = "ws://127.0.0.1:9"\n[audio]\nbackend = "memory"\n'
        toml += '[lights.shelf]\npin = 5\nkind = "dimmer"\ninitial = "restore"\n[lights.door]\npin = 6\n'
        async with Daemon(toml, state=state) as daemon:
            assert (await daemon.lights())["shelf"] == {"power": "off", "brightness": 100}
            for name, change in (("shelf", "30"), ("door", "on"), ("shelf", "breathe")):
                assert (await daemon.ask(do="lights", name=name, change=change))["ok"]
            assert await daemon.stop() == 0
        async with Daemon(toml, state=state) as daemon:
            assert await daemon.lights() == {
                "shelf": {"power": "on", "brightness": 30},
                "door": {"power": "off"},
            }
            assert await daemon.stop() == 0
        no_traceback(daemon.log)

    with tempfile.TemporaryDirectory(prefix="box-") as state:
        asyncio.run(life(state))
