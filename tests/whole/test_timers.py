"""Timers as a person meets them: set by command or by the model, heard in the room, there after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance import app
from appliance.adapters.memory import MemorySpeaker
from appliance.config import parse
from appliance.core.earcons import Earcon, drawn
from appliance.core.events import Asked, Pressed, SetTimer, Stop
from appliance.standin.scene import parse as scene_of
from appliance.standin.server import Options, StandIn

from ..judge import judge_client
from .house import Daemon, box, no_traceback

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="Yes.", speed=8.0)
DEAF = '[live]\nendpoint = "ws://127.0.0.1:9"\n[audio]\nbackend = "memory"\n'


def states(daemon: Daemon) -> list[tuple[object, object]]:
    return [(told["state"], told["name"]) for told in daemon.of("timer")]


# -- by command ---------------------------------------------------------------------------------------


def test_a_timer_by_command_rings_and_is_silenced() -> None:
    async def life() -> None:
        async with Daemon(DEAF) as daemon:
            assert (await daemon.run("timers"))[:2] == (0, "no timers are set\n")
            assert (await daemon.run("timers", "set", "2s", "the", "egg"))[0] == 0
            status, out, _ = await daemon.run("timers", "set", "10m", "pasta")
            assert status == 0
            assert "timer 2 (pasta): rings in 10 minutes\n" in out
            await daemon.until(lambda: ("rings", "the egg") in states(daemon))
            status = await daemon.ask(do="status")
            assert status["phase"] == "timer ringing"
            assert status["ringing"] == ["timer 1 (the egg)"]
            _, out, _ = await daemon.run("status")
            assert "ringing: timer 1 (the egg)" in out
            assert "timer 2 (pasta): rings in" in out
            assert (await daemon.run("cancel"))[0] == 0
            await daemon.until(lambda: ("silenced", "the egg") in states(daemon))
            assert (await daemon.ask(do="status"))["phase"] == "idle"
            assert (await daemon.run("timers", "cancel", "pasta", "--json"))[0] == 0
            status, _, err = await daemon.run("timers", "cancel", "rice")
            assert (status, err) == (1, "appliance: there is no timer 'rice'; there are: none\n")
            status, _, err = await daemon.run("timers", "set", "soon")
            assert (status, "such as 90s" in err) == (2, True)
            status, _, err = await daemon.run("timers", "set", "8d")
            assert (status, "from 1 to 604800" in err) == (1, True)
            assert await daemon.stop() == 0
            no_traceback(daemon.log)
            assert "timer 1 rings" in daemon.log
            assert "egg" not in daemon.log, "what a timer is for is nobody's business"

    asyncio.run(life())


def test_it_rings_as_long_as_it_is_told_to_where_nobody_hears_it() -> None:
    async def life() -> None:
        async with Daemon(DEAF + "[timers]\nring_s = 5\n") as daemon:
            assert (await daemon.run("timers", "set", "1s", "the", "egg"))[0] == 0
            await daemon.until(lambda: ("not heard", "the egg") in states(daemon))
            assert states(daemon)[-2:] == [("rings", "the egg"), ("not heard", "the egg")]
            assert (await daemon.ask(do="status"))["phase"] == "idle"

    asyncio.run(life())


# -- by the model -------------------------------------------------------------------------------------

PASTA = {
    "steps": [
        {"expect": "turn"},
        {"call": [{"name": "set_timer", "args": {"seconds": 2, "name": "pasta"}}], "wait": False},
        {"expect": "toolResponse"},
        {"speak": "Two seconds for the pasta."},
        {"expect": "toolResponse"},
        {"speak": "Your pasta is done."},
    ]
}


def test_the_model_is_told_that_its_timer_rings_and_says_so() -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", speed=8.0, scene=scene_of(PASTA))
        async with StandIn(options) as standin, box(standin) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: ("rings", "pasta") in states(daemon))
            words = [told["text"] for told in daemon.of("transcript")]
            assert "Your" not in "".join(map(str, words)), "not before it rings"
            await daemon.until(
                lambda: "Your pasta is done." in "".join(str(t["text"]) for t in daemon.of("transcript"))
            )
            await daemon.until(lambda: len(daemon.of("turn")) == 2)
            assert [turn["outcome"] for turn in daemon.of("turn")] == ["answered", "answered"]
            sent = [e.message for e in standin.record if e.side == "client" and e.has("toolResponse")]
            for message in sent:
                judge_client(json.dumps(message))
            first, last = (message["toolResponse"]["functionResponses"][0] for message in sent)
            assert (first["willContinue"], first["scheduling"]) == (True, "WHEN_IDLE")
            assert "willContinue" not in last
            assert (last["id"], last["scheduling"]) == (first["id"], "WHEN_IDLE")
            assert last["response"] == {"timer": "pasta", "rings": True}
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_without_a_network_a_timer_is_understood_set_and_told_of() -> None:
    async def life() -> None:
        async with StandIn(Options(voice="tone", speed=8.0)) as standin, box(standin) as daemon:
            await daemon.ask(do="set_timer", seconds=86_400)
            _, out, _ = await daemon.run("ask", "how long is left")
            assert out == "1 day to go.\n"
            _, out, _ = await daemon.run("ask", "Set a timer for two seconds", "--speak")
            assert out == "The timer is set: 2 seconds.\n"
            await daemon.until(
                lambda: "Your timer 2 rings." in "".join(str(t["text"]) for t in daemon.of("transcript"))
            )
            assert (await daemon.run("ask", "cancel the timer"))[1] == "The timer is cancelled.\n"
            await daemon.until(lambda: ("silenced", "") in states(daemon))
            assert (await daemon.run("ask", "turn on the kitchen light"))[0] == 0
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_lights_after_a_delay_are_set_over_the_wire_and_later() -> None:
    args = {"seconds": 1, "lights": ["kitchen light"], "power": "on"}
    steps = [{"expect": "turn"}, {"call": [{"name": "set_timer", "args": args}]}, {"speak": "In a second."}]

    async def life() -> None:
        options = Options(brain=False, voice="tone", speed=8.0, scene=scene_of({"steps": steps}))
        async with StandIn(options) as standin, box(standin) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: ("set", "") in states(daemon))
            assert (await daemon.lights())["kitchen light"] == {"power": "off"}
            await daemon.until(lambda: daemon.of("lights"))
            assert (await daemon.lights())["kitchen light"] == {"power": "on"}
            assert states(daemon) == [("set", ""), ("due", "")]
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


# -- over a restart -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_timers_outlive_a_restart_and_what_was_due_meanwhile_rings_late(number: int) -> None:
    async def life() -> None:
        with tempfile.TemporaryDirectory() as state:
            file = Path(state) / "timers.json"
            async with Daemon(DEAF, state=state) as daemon:
                await daemon.ask(do="set_timer", seconds=600, name="pasta")
                await daemon.ask(do="set_timer", seconds=5, name="egg")
                await asyncio.wait_for(_has(file, "egg"), 10)
                await daemon.stop(number)
            kept = json.loads(file.read_text())
            [egg] = [timer for timer in kept["timers"] if timer["name"] == "egg"]
            egg["epoch_s"] -= 100  # as if the box had been off so much longer
            file.write_text(json.dumps(kept))
            async with Daemon(DEAF, state=state) as daemon:
                status = await daemon.ask(do="status")
                assert status["ringing"] == ["timer 2 (egg)"]
                [pasta] = status["timers"]  # type: ignore[misc]
                assert pasta["name"] == "pasta"
                assert 500 < pasta["left_s"] <= 600
                assert "timer 2 rings, " in (daemon.place / "log").read_text()
                assert await daemon.stop() == 0

    asyncio.run(life())


async def _has(file: Path, name: str) -> None:
    """Until it was written."""
    while not _read(file, name):  # noqa: ASYNC110 - another process's file has no event
        await asyncio.sleep(0.05)


def _read(file: Path, name: str) -> bool:
    return file.exists() and name in file.read_text()


@pytest.mark.parametrize(
    "damage", ["", "{", '{"timers": 7}', '{"version": 99, "timers": [{"number": 1}, 3]}']
)
def test_a_damaged_file_of_timers_is_survived(damage: str) -> None:
    async def life() -> None:
        with tempfile.TemporaryDirectory() as state:
            (Path(state) / "timers.json").write_text(damage)
            async with Daemon(DEAF, state=state) as daemon:
                assert (await daemon.ask(do="timers"))["timers"] == []
                assert (await daemon.ask(do="set_timer", seconds=60))["ok"] is True
                assert await daemon.stop() == 0
                no_traceback(daemon.log)

    asyncio.run(life())


def test_a_timer_at_a_time_of_day_goes_by_the_zone_of_the_box() -> None:
    args = {"at": "07:00", "daily": True, "name": "wake up"}
    steps = [{"expect": "turn"}, {"call": [{"name": "set_timer", "args": args}], "wait": False}]

    async def life() -> None:
        environment = {**os.environ, "TZ": "XYZ-5:30"}  # five and a half hours ahead
        options = Options(brain=False, voice="tone", scene=scene_of({"steps": steps}))
        async with StandIn(options) as standin, box(standin, environment=environment) as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: ("set", "wake up") in states(daemon))
            [timer] = (await daemon.ask(do="timers"))["timers"]  # type: ignore[misc]
            assert (timer["at"], timer["daily"]) == ("07:00", True)
            kept = daemon.of("timer")[0]["left_s"]
            assert isinstance(kept, int)
            assert 0 < kept <= 86_400
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


# -- heard --------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def living(place: Path) -> AsyncIterator[tuple[app.Box, MemorySpeaker]]:
    """The daemon within this process, so that its speaker can be listened to."""
    table = {
        "live": {"endpoint": "ws://127.0.0.1:9"},
        "audio": {"backend": "memory", "earcon_volume": 30},
        "control": {"socket": str(place / "control.sock")},
    }
    built = app.build(parse(table), state=place)
    assert isinstance(built.speaker, MemorySpeaker)
    life = asyncio.create_task(app.live(built))
    try:
        yield built, built.speaker
    finally:
        built.pump.post(Stop())
        await asyncio.wait_for(life, 10)


def test_the_ring_is_heard_until_a_press_and_is_no_answer() -> None:
    async def life() -> None:
        with tempfile.TemporaryDirectory(prefix="box-") as place:
            async with living(Path(place)) as (built, speaker):
                told: asyncio.Queue[object] = asyncio.Queue()
                built.desk.watchers.append(
                    lambda kind, fields: told.put_nowait(fields["state"]) if kind == "timer" else None
                )
                built.pump.post(Asked(1, SetTimer(1.0, "egg")))
                assert await asyncio.wait_for(told.get(), 10) == "set"
                assert await asyncio.wait_for(told.get(), 10) == "rings"
                once = drawn(Earcon.TIMER, 24_000, 30)
                while sum(len(rung.pcm) for rung in speaker.rung) < len(once) + 9600:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
                built.pump.post(Pressed())
                assert await asyncio.wait_for(told.get(), 10) == "silenced"
                heard = b"".join(rung.pcm for rung in speaker.rung)
                assert heard.startswith(once), "all of it, and again"
                assert heard[len(once) : len(once) + 9600] == once[:9600]
                until_s = speaker.clock_s + 0.5
                while speaker.clock_s < until_s:  # noqa: ASYNC110 - a clock has no event
                    await asyncio.sleep(0.02)
                assert speaker.rung[-1].at_s < until_s - 0.4, "silent since"
                assert not speaker.record, "no answer has anything of it"

    asyncio.run(life())
