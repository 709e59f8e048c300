"""One switch, and what becomes of it."""

from __future__ import annotations

import pytest

from appliance.core.effects import Keep, Muffle, Tell
from appliance.core.mute import Mute


@pytest.mark.parametrize("kept", [{"version": 1, "on": True}, {}, True, "garbage", [], 0])
def test_whatever_was_kept_is_a_mute(kept: object) -> None:
    assert Mute(kept).is_on


def test_nothing_kept_is_none() -> None:
    assert not Mute().is_on


def test_muting_closes_the_device_and_is_kept_at_once() -> None:
    mute = Mute()
    assert repr(mute) == "not muted"
    assert mute.turn(on=True) == [
        Muffle(on=True),
        Keep("mute", {"version": 1, "on": True}, soon=True),
        Tell("mute", {"state": "on"}),
    ]
    assert mute.is_on
    assert repr(mute) == "muted"
    assert mute.turn(on=True) == []


def test_unmuting_opens_it_and_leaves_nothing_behind() -> None:
    mute = Mute(True)
    assert mute.turn(on=False) == [
        Muffle(on=False),
        Keep("mute", {}, soon=True),
        Tell("mute", {"state": "off"}),
    ]
    assert not mute.is_on
    assert mute.turn(on=False) == []
