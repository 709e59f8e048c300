"""What lights showed is kept rarely, and read back with care."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.afterglow import SETTLE_S, Afterglow, restored
from appliance.core.effects import Keep
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import Kind, LightState

KINDS = {"bed": Kind.DIMMER, "fan": Kind.SWITCH, "strip": Kind.RGB}
ON, DIM = LightState(on=True), LightState(on=True, brightness=7)


def home() -> Lighting:
    return Lighting(
        [*(Lamp(name, kind, restore=True) for name, kind in KINDS.items()), Lamp("x", Kind.SWITCH)], {}
    )


def kept(lighting: Lighting) -> list[Keep]:
    return [Keep("lights", {"lights": lighting.remembered()})]


def test_many_changes_are_kept_once_and_later() -> None:
    lighting = home()
    glow = Afterglow(lighting)
    for now in (100.0, 105.0, 129.0):
        lighting.done({"bed": LightState(on=True, brightness=int(now) // 2)})
        assert glow.changed(now) == []
        assert glow.deadline() == 100.0 + SETTLE_S
        assert glow.wake(now) == []
    assert glow.wake(130.0) == kept(lighting)
    assert glow.deadline() is None
    assert glow.wake(140.0) == []
    assert glow.changed(140.0) == []
    assert glow.deadline() is None, "nothing has changed"


def test_what_changed_and_changed_back_is_not_kept() -> None:
    lighting = home()
    glow = Afterglow(lighting)
    lighting.done({"fan": ON})
    glow.changed(100.0)
    lighting.done({"fan": LightState(on=False)})
    glow.changed(101.0)
    assert glow.wake(130.0) == []
    assert glow.deadline() is None


def test_at_the_end_what_is_not_kept_yet_is() -> None:
    lighting = home()
    glow = Afterglow(lighting)
    assert glow.stop() == []
    lighting.done({"bed": DIM})
    glow.changed(100.0)
    assert glow.stop() == kept(lighting)
    assert glow.stop() == []


def test_a_light_that_need_not_be_as_it_was_is_not_kept() -> None:
    lighting = home()
    glow = Afterglow(lighting)
    lighting.done({"x": ON})
    assert glow.changed(100.0) == []
    assert glow.deadline() is None
    assert glow.stop() == []


@pytest.mark.parametrize("state", [ON, LightState(on=False), DIM, LightState(on=False, brightness=7)])
def test_what_is_kept_comes_back(state: LightState) -> None:
    lighting = home()
    strip = LightState(state.on, state.brightness, (1, 2, 3))
    lighting.done({"bed": state, "strip": strip, "fan": state})
    assert restored({"lights": lighting.remembered()}, KINDS) == {
        "bed": state,
        "fan": LightState(on=state.on),
        "strip": strip,
    }


@pytest.mark.parametrize(
    "shown",
    [
        None,
        7,
        {},
        {"power": "maybe"},
        {"power": ["on"]},
        {"power": "on", "brightness": 0},
        {"power": "on", "brightness": 101},
        {"power": "on", "brightness": "7"},
        {"power": "on", "brightness": True},
        {"power": "on", "colour": 7},
    ],
)
def test_what_is_damaged_is_as_if_it_were_not_there(shown: object) -> None:
    assert restored({"lights": {"bed": shown, "fan": {"power": "on"}}}, KINDS) == {"fan": ON}


def test_a_colour_that_is_none_is_no_colour() -> None:
    told = {"lights": {"strip": {"power": "on", "colour": "mud"}, "gone": {"power": "on"}}}
    assert restored(told, KINDS) == {"strip": ON}


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["on", "off", "#00ff00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lights", "bed", "strip", "power", "brightness", "colour"]), inner)
    ),
    max_leaves=9,
)


@given(json)
def test_anything_is_a_state_or_nothing(found: object) -> None:
    for name, state in restored(found, KINDS).items():
        assert name in KINDS
        assert 1 <= state.brightness <= 100
