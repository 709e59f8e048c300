"""How loud it is: what the model says, what is kept, and what becomes of samples."""

from __future__ import annotations

import itertools
from array import array

import pytest

from appliance.core.catalogue import Catalogue
from appliance.core.effects import Keep, SetVolume
from appliance.core.functions import Caller
from appliance.core.lights import FromPerson
from appliance.core.outcomes import Answer
from appliance.core.volume import Gain, Volume, gain

CALLER = Caller(FromPerson(1), 0.0)


@pytest.mark.parametrize(
    ("before", "args", "after"),
    [
        (50, {"level": 30.0}, 30),
        (50, {"level": 0}, 0),
        (50, {"level": 100}, 100),
        (50, {"change": "louder"}, 60),
        (95, {"change": "LOUDER"}, 100),
        (50, {"change": "quieter"}, 40),
        (15, {"change": "quieter"}, 10),
        (10, {"change": "quieter"}, 10),
        (5, {"change": "quieter"}, 5),
        (0, {"change": "louder"}, 10),
    ],
)
def test_a_level_or_a_step_is_done_told_and_kept(before: int, args: dict[str, object], after: int) -> None:
    volume = Volume(before)
    answer = Catalogue(volume).call("set_volume", args, CALLER)
    assert answer == Answer({"volume": after}, (SetVolume(after), Keep("volume", {"level": after})))
    assert volume.level == after


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, "say either a level or louder or quieter"),
        ({"level": 50, "change": "louder"}, "say either a level or louder or quieter"),
        ({"level": 101}, "level is a whole number from 0 to 100"),
        ({"level": "loud"}, "level is a whole number from 0 to 100"),
        ({"change": "lauder"}, "change is louder or quieter; did you mean 'louder'?"),
    ],
)
def test_a_bad_call_changes_nothing(args: dict[str, object], error: str) -> None:
    volume = Volume(50)
    assert Catalogue(volume).call("set_volume", args, CALLER) == Answer({"error": error})
    assert volume.level == 50


@pytest.mark.parametrize(
    "kept", [None, 7, [], {}, {"level": "7"}, {"level": 101}, {"level": -1}, {"level": True}]
)
def test_what_was_kept_is_believed_only_if_it_is_a_level(kept: object) -> None:
    assert Volume(70, kept).level == 70
    assert Volume(70, {"level": 0}).level == 0


def test_half_is_felt_to_be_half_as_loud() -> None:
    assert (gain(100), gain(0)) == (1.0, 0.0)
    assert gain(50) == pytest.approx(10 ** (-10 / 20), rel=0.01)
    assert gain(25) == pytest.approx(10 ** (-20 / 20), rel=0.01)


def test_samples_are_scaled_and_a_change_is_no_click() -> None:
    loud = array("h", [32767, -32768] * 100).tobytes()
    same = Gain()
    assert same.apply(loud) == loud
    assert same.apply(b"") == b""
    same.set(0)
    falling = array("h", same.apply(loud))
    steps = [abs(a) - abs(b) for a, b in itertools.pairwise(falling)]
    assert falling[-1] == 0
    assert max(steps) < 400
    assert same.apply(loud) == bytes(len(loud))
    half = array("h", Gain(50).apply(loud))
    assert half[0] == int(32767 * gain(50))
    assert max(map(abs, half)) < 32768
