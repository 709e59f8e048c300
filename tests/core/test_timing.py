"""The functions of the timers: what the model may say, what it is told, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from appliance.core.catalogue import Catalogue
from appliance.core.effects import Effect, Hush, SetLights, Tell
from appliance.core.events import WallClock
from appliance.core.functions import Caller
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import FromModel, Kind
from appliance.core.messages import Setup
from appliance.core.outcomes import Answer, Later, Outcome
from appliance.core.parameters import Bad
from appliance.core.ringing import Rang
from appliance.core.timer import Deed, Due
from appliance.core.timing import FOREVER, Timing
from appliance.core.wire import encode
from tests.judge import judge_client

LAMPS = [Lamp("fan", Kind.SWITCH), Lamp("spot", Kind.DIMMER), Lamp("shelf", Kind.RGB)]
CALLER = FromModel(7, "1", "set_timer")
EVENING = WallClock("2026-11-25", 1_795_638_600.0, 3600)  # 21:30 in Berlin


def home(lamps: list[Lamp] | None = None, *, known: bool = True) -> tuple[Timing, Catalogue]:
    lighting = Lighting(
        LAMPS if lamps is None else lamps, {"all of it": ["fan", "spot"]} if lamps is None else {}
    )
    timing = Timing(Catalogue(lighting))
    if known:
        timing.timers.tell(EVENING, 100.0)
    return timing, Catalogue(lighting, timing)


def call(catalogue: Catalogue, what: str, /, now: float = 100.0, **args: object) -> Outcome:
    return catalogue.call(what, args, Caller(CALLER, now))


def response(outcome: Outcome) -> dict[str, Any]:
    found = (
        outcome.response
        if isinstance(outcome, Answer)
        else outcome.first
        if isinstance(outcome, Later)
        else None
    )
    assert found is not None
    return dict(json.loads(json.dumps(found)))


def states(effects: list[Effect] | tuple[Effect, ...]) -> list[tuple[object, object]]:
    return [(e.fields["state"], e.fields["number"]) for e in effects if isinstance(e, Tell)]


# -- what is declared ---------------------------------------------------------------------------------


def test_what_the_model_is_told_the_public_client_takes() -> None:
    _, catalogue = home()
    judge_client(encode(Setup("m", functions=catalogue.declarations())))
    declared = {d["name"]: d for d in catalogue.declarations()}
    assert {"set_timer", "list_timers", "cancel_timer"} <= declared.keys()
    assert declared["set_timer"]["behavior"] == "NON_BLOCKING"
    assert declared["list_timers"]["behavior"] == declared["cancel_timer"]["behavior"] == "BLOCKING"


@pytest.mark.parametrize(
    ("lamps", "offered"),
    [
        ([], set()),
        ([Lamp("fan", Kind.SWITCH)], {"lights", "power"}),
        ([Lamp("spot", Kind.DIMMER)], {"lights", "power", "brightness"}),
        ([Lamp("shelf", Kind.RGB)], {"lights", "power", "brightness", "colour"}),
    ],
)
def test_of_lights_it_is_told_what_there_is(lamps: list[Lamp], offered: set[str]) -> None:
    _, catalogue = home(lamps)
    [declared] = [d for d in catalogue.declarations() if d["name"] == "set_timer"]
    properties: Any = declared["parameters"]["properties"]  # type: ignore[index]
    assert properties.keys() == {"seconds", "at", "daily", "name"} | offered
    if lamps:
        assert properties["lights"]["items"]["enum"] == [lamps[0].name, "all"]


# -- a ring -------------------------------------------------------------------------------------------


def test_a_timer_is_set_and_the_call_goes_on() -> None:
    timing, catalogue = home()
    outcome = call(catalogue, "set_timer", seconds=600, name="pasta")
    assert isinstance(outcome, Later)
    assert outcome.limit_s == FOREVER
    assert response(outcome) == {
        "timer": {"number": 1, "name": "pasta", "left_s": 600, "left": "10 minutes", "kind": "ring"}
    }
    assert outcome.effects == (
        Tell("timer", {"state": "set", "number": 1, "name": "pasta", "kind": "ring", "left_s": 600}),
    )
    assert timing.deadline() == 700.0
    [timer] = timing.timers.all()
    assert timing.heir(Due(timer)) == (CALLER, {"timer": "pasta", "rings": True})
    assert timing.heir(Due(timer, 90.0)) == (
        None,
        {"timer": "pasta", "rings": True, "late": "1 minute 30 seconds"},
    )


@pytest.mark.parametrize(("at", "left"), [("22:00", "30 minutes"), ("9 pm", "23 hours 30 minutes")])
@pytest.mark.parametrize("daily", [True, False])
def test_a_timer_at_a_time_of_day(at: str, left: str, daily: bool) -> None:
    _, catalogue = home()
    timer = response(call(catalogue, "set_timer", at=at, daily=daily))["timer"]
    assert (timer["left"], timer["daily"]) == (left, daily)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, "say either how many seconds from now, or at what time"),
        ({"seconds": 60, "at": "22:00"}, "say either how many"),
        ({"seconds": 0.5}, "seconds is a number from 1 to 604800"),
        ({"seconds": "ten"}, "seconds is a number"),
        ({"seconds": 60, "daily": True}, "a daily timer needs a time of day"),
        ({"at": "noonish"}, "'noonish' is no time of day: say it as in 7:30 or 22:00"),
        ({"at": ""}, "'' is no time of day"),
        ({"at": "x" * 99}, f"'{'x' * 32}' is no time of day"),
        ({"seconds": 60, "name": "x" * 41}, "the name of a timer has at most 40 letters"),
        ({"seconds": 60, "power": "off"}, "say which lights"),
        ({"seconds": 60, "lights": ["moon"], "power": "off"}, "there is no light 'moon'"),
        ({"seconds": 60, "lights": ["fan"]}, "say what to set"),
        ({"seconds": 60, "lights": ["fan"], "brightness": 40}, "the fan can only be on or off"),
        ({"seconds": 60, "lights": ["shelf"], "colour": "plaid"}, "colour is #rrggbb or one of"),
        ({"seconds": 60, "snooze": 5}, "there is no argument 'snooze'"),
    ],
)
def test_what_makes_no_timer_is_said(args: dict[str, object], error: str) -> None:
    timing, catalogue = home()
    assert str(response(call(catalogue, "set_timer", **args))["error"]).startswith(error)
    assert timing.timers.all() == []
    assert timing.deadline() is None


def test_a_time_of_day_needs_a_clock() -> None:
    _, catalogue = home(known=False)
    error = response(call(catalogue, "set_timer", at="22:00"))["error"]
    assert error.startswith("the clock is not set")


# -- lights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "deed"),
    [
        ({"lights": ["FAN"], "power": "off"}, {"names": ["fan"], "power": "off"}),
        ({"lights": "all of it", "brightness": 30}, {"names": ["all of it"], "brightness": 30.0}),
        ({"lights": ["shelf"], "colour": "red", "power": None}, {"names": ["shelf"], "colour": "red"}),
    ],
)
def test_lights_after_a_while(args: dict[str, object], deed: dict[str, object]) -> None:
    timing, catalogue = home()
    outcome = call(catalogue, "set_timer", seconds=1800, **args)
    assert isinstance(outcome, Answer), "nobody need be told: it is seen"
    assert not [e for e in outcome.effects if isinstance(e, SetLights)]
    assert response(outcome)["timer"]["args"] == deed
    [timer] = timing.timers.all()
    assert timer.deed == Deed("set_lights", deed)
    assert timing.heir(Due(timer)) == (None, {"timer": "timer 1", "rings": True})
    assert catalogue.of(Lighting).states["fan"].on is False, "not yet"


# -- what there is, and no more -------------------------------------------------------------------------


def test_the_timers_are_listed() -> None:
    timing, catalogue = home()
    assert response(call(catalogue, "list_timers")) == {"timers": []}
    call(catalogue, "set_timer", seconds=600, name="pasta")
    call(catalogue, "set_timer", seconds=60)
    listed = response(call(catalogue, "list_timers", now=130.0))
    assert [(t["number"], t["left_s"]) for t in listed["timers"]] == [(2, 30), (1, 570)]
    [due, *_] = timing.timers.wake(160.0)[0]
    timing.ringing.tell(Rang(due.timer), 160.0)
    timing.timers.tell(WallClock("2026-11-25", EVENING.epoch_s + 60, 3600), 160.0)
    listed = response(call(catalogue, "list_timers", now=161.0))
    assert listed["ringing"] == ["timer 2"]
    assert "missed" not in listed
    call(catalogue, "set_timer", now=161.0, at="22:00", name="tea")
    timing.timers.tell(WallClock("2026-11-26", EVENING.epoch_s + 5 * 3600, 3600), 162.0)
    assert response(call(catalogue, "list_timers", now=162.0))["missed"] == [
        "timer 2 (tea), by 4 hours 30 minutes"
    ]


def test_a_timer_is_cancelled() -> None:
    timing, catalogue = home()
    call(catalogue, "set_timer", seconds=600, name="pasta")
    [timer] = timing.timers.all()
    outcome = call(catalogue, "cancel_timer", timer="PASTA")
    assert isinstance(outcome, Answer)
    assert states(outcome.effects) == [("cancelled", 1)]
    answer = response(outcome)
    assert ([t["name"] for t in answer["cancelled"]], answer["timers"]) == (["pasta"], [])
    assert timing.heir(Due(timer))[0] is None, "its call is not answered again"
    assert response(call(catalogue, "cancel_timer"))["error"] == "say which timer: none"


@pytest.mark.parametrize(
    ("which", "gone", "left"),
    [
        (None, [1], [1, 2]),
        ("pasta", [1], [1, 2]),
        ("timer 1", [1], [1, 2]),
        ("all", [1, 1, 2], []),
        ("egg", [2], [1]),
    ],
)
def test_what_rings_is_meant_before_what_does_not(
    which: str | None, gone: list[int], left: list[int]
) -> None:
    timing, catalogue = home()
    call(catalogue, "set_timer", seconds=1, name="pasta")
    [due] = timing.timers.wake(101.0)[0]
    timing.ringing.tell(Rang(due.timer), 101.0)
    call(catalogue, "set_timer", seconds=600, name="tea")
    call(catalogue, "set_timer", seconds=300, name="egg")
    assert timing.deadline() == 161.0
    outcome = call(catalogue, "cancel_timer", timer=which)
    assert isinstance(outcome, Answer)
    assert [t["number"] for t in response(outcome)["cancelled"]] == gone
    assert sorted(t.number for t in timing.timers.all()) == left
    assert (Hush() in outcome.effects) is (which != "egg")
    assert bool(timing.ringing.timers) is (which == "egg")


def test_all_that_rings_is_all_there_is() -> None:
    timing, _ = home()
    timing.set(1.0, "egg", 100.0)
    [due] = timing.timers.wake(101.0)[0]
    timing.ringing.tell(Rang(due.timer), 101.0)
    gone, effects = timing.cancel("all", 102.0)
    assert [timer["name"] for timer in gone] == ["egg"]
    assert states(effects) == [("silenced", 1)]


# -- by command ---------------------------------------------------------------------------------------


def test_a_person_sets_one() -> None:
    timing, _ = home()
    assert states(timing.set(60.0, "egg", 100.0)) == [("set", 1)]
    assert timing.heir(Due(timing.timers.all()[0]))[0] is None
    with pytest.raises(Bad):
        timing.set(0.0, "", 100.0)


def test_those_of_a_former_life_are_there() -> None:
    timing, _ = home()
    timing.set(60.0, "egg", 100.0)
    again = Timing(Catalogue(), timing.timers.as_json(100.0))
    assert [timer.name for timer in again.timers.all()] == ["egg"]
