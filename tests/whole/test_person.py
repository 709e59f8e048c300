"""A person before the box: a finger on a real gpiozero button that bounces, and a light to look at."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.standin.server import Options, StandIn

from .house import Daemon, box
from .pins import Pins

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="Yes.")
BUTTON, LAMP = 4, 16
TOML = f"""
[button]
pin = {BUTTON}
long_s = 2.5
very_long = "restart"
very_long_s = 3.5
act_s = 4.5
[status_light]
pins = [{LAMP}]
idle_brightness = 10
"""
DOWN, UP = (0, 1, 0, 1, 0), (1, 0, 1, 0, 1)  # to ground, through the pull-up; contacts bounce
RGB = (16, 20, 21)


@contextlib.asynccontextmanager
async def room(standin: StandIn, toml: str = TOML) -> AsyncIterator[tuple[Daemon, Pins]]:
    async with Pins() as pins:
        environment = {**os.environ, **pins.environment}
        async with box(standin, toml, environment, pins=True) as daemon:
            assert await daemon.known("microphone") == "open"
            yield daemon, pins


async def press(pins: Pins, seconds: float) -> None:
    pins.drive(BUTTON, *DOWN)
    await asyncio.sleep(seconds)  # the finger's own time
    pins.drive(BUTTON, *UP)


def moods(daemon: Daemon) -> list[object]:
    return [told["mood"] for told in daemon.of("phase")]


def test_a_tap_listens_and_a_hold_talks() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, room(standin) as (daemon, pins):
            await press(pins, 0.1)
            await daemon.until(lambda: moods(daemon)[-1:] == ["listening"])
            await daemon.ask(do="cancel")
            await daemon.until(lambda: moods(daemon)[-1:] == ["idle"])
            await asyncio.sleep(0.35)  # or the next press would be the second of two
            await press(pins, 0.8)
            await daemon.until(lambda: any(t["outcome"] == "answered" for t in daemon.of("turn")))
            assert daemon.of("trouble") == []

    asyncio.run(life())


def test_a_press_silences_the_answer_and_two_end_the_conversation() -> None:
    async def life() -> None:
        long = Options(brain=False, voice="tone", answer="Yes. " * 60)
        async with StandIn(long) as standin, room(standin) as (daemon, pins):
            await press(pins, 0.8)
            await daemon.until(lambda: moods(daemon)[-1:] == ["speaking"])
            await press(pins, 0.1)
            await daemon.until(lambda: moods(daemon)[-1:] == ["listening"])
            assert daemon.of("turn")[-1]["outcome"] == "interrupted"
            await press(pins, 0.08)
            await daemon.until(lambda: daemon.of("conversation"))
            await daemon.until(lambda: moods(daemon)[-1:] == ["idle"])
            assert [t["state"] for t in daemon.of("line")][-1] == "closed"

    asyncio.run(life())


def test_a_long_press_closes_the_microphone_over_a_restart_and_the_light_says_so() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            async with Pins() as pins:
                environment = {**os.environ, **pins.environment}
                async with box(standin, TOML, environment, pins=True) as daemon:
                    assert await daemon.known("microphone") == "open"
                    state = Path(daemon.environment["STATE_DIRECTORY"])
                    await press(pins, 2.7)
                    await daemon.until(lambda: moods(daemon)[-1:] == ["muted"])
                    assert await daemon.known("microphone") == "muted"
                    assert (await daemon.ask(do="status"))["muted"] is True
                    out = (await daemon.run("status"))[1]
                    assert "muted: the microphone is closed" in out
                    await pins.until(lambda: pins.shown[LAMP][-1] == pytest.approx(0.64))
                    await daemon.stop()
                    kept = (state / "mute.json").read_text(encoding="utf-8")
            async with Pins() as pins:
                environment = {**os.environ, **pins.environment}
                again = box(standin, TOML, environment, pins=True, state={"mute.json": kept})
                async with again as daemon:
                    assert await daemon.known("microphone") == "muted"
                    await daemon.until(lambda: moods(daemon)[-1:] in (["muted"], []))
                    status, _, err = await daemon.run("talk")
                    assert (status, err) == (1, "appliance: the box is muted; appliance unmute\n")
                    assert (await daemon.run("unmute"))[:2] == (0, "unmuted\n")
                    await daemon.until(lambda: moods(daemon)[-1:] == ["idle"])
                    assert not (Path(daemon.environment["STATE_DIRECTORY"]) / "mute.json").exists()
                    await press(pins, 0.8)
                    await daemon.until(lambda: daemon.of("turn"))
                    assert daemon.of("turn")[0]["outcome"] == "answered"

    asyncio.run(life())


@pytest.mark.parametrize("kept", ["", "{", "null", '{"version": 1, "on": true}'])
def test_a_mute_that_nobody_can_read_is_one(kept: str) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin, state={"mute.json": kept}) as daemon:
            assert await daemon.known("microphone") == "muted"

    asyncio.run(life())


def test_a_very_long_press_restarts_the_box() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, room(standin) as (daemon, pins):
            pins.drive(BUTTON, *DOWN)
            await daemon.until(lambda: "countdown" in moods(daemon))
            assert await asyncio.wait_for(daemon.process.wait(), 10) == 0
            assert daemon.of("countdown")[0]["to"] == "restart"

    asyncio.run(life())


def test_the_light_shows_every_phase_of_a_turn_in_colour() -> None:
    async def life() -> None:
        toml = TOML.replace(f"pins = [{LAMP}]", f"pins = {list(RGB)}")
        wordy = Options(brain=False, voice="tone", answer="Yes. " * 12)
        async with StandIn(wordy) as standin, room(standin, toml) as (daemon, pins):
            await press(pins, 0.8)
            await daemon.until(lambda: moods(daemon)[-1:] == ["follow-up"])
            red, green, blue = (pins.shown[pin] for pin in RGB)
            assert pytest.approx(0.04) in blue, "listening, and nobody speaks"
            assert blue[-1] == pytest.approx(0.4 * 0.4 * 0.64), "follow-up"
            assert max(green) > 0.5, "speaking"
            assert len(set(green)) > 5, "it swells"
            assert (await daemon.ask(do="mute"))["muted"] is True
            await pins.until(lambda: [pins.shown[pin][-1] for pin in RGB] == [pytest.approx(0.64), 0, 0])
            assert red

    asyncio.run(life())


def test_muting_by_command_is_told_to_whoever_watches() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            assert await daemon.known("microphone") == "open"
            assert (await daemon.run("mute"))[:2] == (0, "muted: the microphone is closed\n")
            status, out, _ = await daemon.run("mute", "--json")
            assert (status, json.loads(out)) == (0, {"ok": True, "muted": True})
            await daemon.until(lambda: [t["state"] for t in daemon.of("mute")] == ["on"])
            assert (await daemon.run("unmute", "--json"))[0] == 0
            await daemon.until(lambda: [t["state"] for t in daemon.of("mute")] == ["on", "off"])
            await daemon.until(lambda: moods(daemon)[-1:] == ["idle"])
            assert await daemon.known("microphone") == "open"

    asyncio.run(life())
