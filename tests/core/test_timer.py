"""One timer: how it is said, typed and kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import timer as tm
from appliance.core.timer import (
    Counting,
    Dated,
    Deed,
    Stored,
    Timer,
    clock_time,
    duration_s,
    from_json,
    lasting,
)
from tests.core.vocabulary import check_value, values_of

OFF = Deed("set_lights", {"names": ["kitchen lamp"], "power": "off"})
TEN_PM = 20_782 * 86_400.0 + 22 * 3600


@pytest.mark.parametrize("kind", values_of(tm))
def test_values_are_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 seconds"),
        (0.4, "0 seconds"),
        (1, "1 second"),
        (59.6, "1 minute"),
        (90, "1 minute 30 seconds"),
        (3599, "59 minutes 59 seconds"),
        (3601, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (86_400 * 2 + 3600 * 3 + 60 * 4, "2 days 3 hours"),
        (86_400 + 60, "1 day 1 minute"),
    ],
)
def test_a_duration_is_said(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("1 H 30 M", 5400),
        ("2d", 172_800),
        ("1d2h3m4s", 93_784),
        ("", None),
        ("ten", None),
        ("-5", None),
        ("5m1h", None),
        ("1.5h", None),
        ("1234567", None),
        ("٣m", None),
    ],
)
def test_a_duration_is_typed(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("22:00", 79_200),
        ("7:05", 25_500),
        ("07.05", 25_500),
        ("22", 79_200),
        ("0:00", 0),
        ("10 pm", 79_200),
        ("10:30 p.m.", 81_000),
        ("12 am", 0),
        ("12:15pm", 44_100),
        (" 6am ", 21_600),
        ("24:00", None),
        ("23:60", None),
        ("13 pm", None),
        ("0 am", None),
        ("noon", None),
        ("", None),
    ],
)
def test_a_time_of_day_is_read(text: str, seconds: int | None) -> None:
    assert clock_time(text) == seconds


def test_it_is_shown() -> None:
    pasta = Timer(3, "pasta", Counting(700.0))
    assert tm.called(pasta) == "timer 3 (pasta)"
    assert tm.called(Timer(1, "", Counting(0.0))) == "timer 1"
    assert tm.shown(pasta, 599.7) == {
        "number": 3,
        "name": "pasta",
        "left_s": 600,
        "left": "10 minutes",
        "kind": "ring",
    }
    assert tm.shown(Timer(4, "", Dated(TEN_PM, daily=True), OFF), None) == {
        "number": 4,
        "name": "",
        "at": "22:00",
        "daily": True,
        "kind": "lights",
        "function": "set_lights",
        "args": {"names": ["kitchen lamp"], "power": "off"},
    }


@pytest.mark.parametrize(
    ("timer", "again"),
    [
        (Timer(1, "pasta", Counting(5.0)), Timer(1, "pasta", Stored(12.5, 99.0))),
        (Timer(2, "", Stored(7.0, None), OFF), Timer(2, "", Stored(12.5, 99.0), OFF)),
        (Timer(32, "tea", Dated(TEN_PM, daily=True), OFF), Timer(32, "tea", Dated(TEN_PM, daily=True), OFF)),
        (Timer(3, "", Dated(TEN_PM)), Timer(3, "", Dated(TEN_PM))),
    ],
)
def test_it_is_kept(timer: Timer, again: Timer) -> None:
    assert from_json(json.loads(json.dumps(tm.as_json(timer, 12.5, 99.0)))) == again


GOOD = {"number": 1, "name": "pasta", "deed": None, "left_s": 5, "epoch_s": 9}


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({}, Timer(1, "pasta", Stored(5.0, 9.0))),
        ({"epoch_s": None}, Timer(1, "pasta", Stored(5.0))),
        ({"epoch_s": "soon", "snooze": 7}, Timer(1, "pasta", Stored(5.0))),
        ({"name": 7}, Timer(1, "", Stored(5.0, 9.0))),
        ({"name": "x" * 41}, Timer(1, "", Stored(5.0, 9.0))),
        ({"name": "a\nb"}, Timer(1, "", Stored(5.0, 9.0))),
        ({"local_s": TEN_PM, "daily": 1}, Timer(1, "pasta", Dated(TEN_PM))),
        ({"deed": {"function": "run_scene", "args": {"x": [1.5]}}}, None),
        ({"deed": {"function": "f", "args": {"x": ["a"], "y": None, "z": 1.5}}}, "deed"),
        ({"deed": {"function": "f", "args": {"x": float("inf")}}}, None),
        ({"deed": {"function": "f", "args": {"x": {}}}}, None),
        ({"deed": {"function": "f", "args": {"x": ["a"] * 65}}}, None),
        ({"deed": {"function": "f"}}, None),
        ({"deed": {"function": 7, "args": {}}}, None),
        ({"deed": "explode"}, None),
        ({"number": 0}, None),
        ({"number": 33}, None),
        ({"number": True}, None),
        ({"number": "1"}, None),
        ({"left_s": None}, None),
        ({"left_s": -1}, None),
        ({"left_s": True}, None),
        ({"left_s": 604_801}, None),
        ({"left_s": float("nan")}, None),
        ({"left_s": 10**5000}, None),
    ],
)
def test_what_can_be_used_is_used(changes: dict[str, object], again: Timer | str | None) -> None:
    found = from_json(GOOD | changes)
    if again == "deed":
        assert found is not None
        assert found.deed == Deed("f", {"x": ["a"], "y": None, "z": 1.5})
    else:
        assert found == again


KEYS = st.sampled_from(
    ["number", "name", "deed", "left_s", "epoch_s", "local_s", "daily", "function", "args"]
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=6),
    max_leaves=20,
)


@given(ANY_JSON)
def test_any_json_is_a_timer_or_none(value: object) -> None:
    timer = from_json(value)
    if timer is not None:
        assert from_json(json.loads(json.dumps(tm.as_json(timer, 1.0, None), allow_nan=False))) is not None
