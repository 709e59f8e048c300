"""What is asked of a light, whether it can be, and what comes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import changes
from appliance.core.changes import Change, changed, contradiction, lack, understood
from appliance.core.lights import FULL, Kind, LightEffect, LightState
from tests.core.vocabulary import check_value, values_of

NONE, BLINK, BREATHE = LightEffect
RED = (255, 0, 0)
OFF = LightState(on=False, brightness=30)
LIT = LightState(on=True, brightness=30)


@pytest.mark.parametrize("kind", values_of(changes))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


@pytest.mark.parametrize(
    ("word", "change"),
    [
        ("on", Change(power=True)),
        (" OFF ", Change(power=False)),
        ("40", Change(brightness=40)),
        ("0", Change(brightness=0)),
        ("100 %", Change(brightness=100)),
        ("101", None),
        ("9999999999999", None),
        ("-1", None),
        ("٤٠", None),
        ("Red", Change(colour=RED)),
        ("warm  white", Change(colour=(255, 180, 107))),
        ("#ff0000", Change(colour=RED)),
        ("Blink", Change(effect=BLINK)),
        ("breathe", Change(effect=BREATHE)),
        ("none", Change(effect=NONE)),
        ("", None),
        ("dazzle", None),
    ],
)
def test_what_a_person_types(word: str, change: Change | None) -> None:
    assert understood(word) == change


@given(st.text())
def test_any_text_is_a_change_or_none(word: str) -> None:
    change = understood(word)
    assert change is None or contradiction(change) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(), "say what to set"),
        (Change(power=False, brightness=3), "switched off has no brightness"),
        (Change(power=False, colour=RED), "no colour"),
        (Change(power=True, brightness=0), "brightness 0 is off"),
        (Change(brightness=0, colour=RED), "brightness 0 is off"),
        (Change(power=False, effect=BLINK), "can not blink"),
        (Change(brightness=0, effect=BREATHE), "can not breathe"),
    ],
)
def test_what_cannot_be_meant(change: Change, words: str) -> None:
    assert words in str(contradiction(change))


@pytest.mark.parametrize(
    "change",
    [
        Change(power=False, brightness=0),
        Change(power=False, effect=NONE),
        Change(brightness=0, effect=NONE),
        Change(power=True, brightness=1, colour=RED, effect=BREATHE),
    ],
)
def test_what_can_be_meant(change: Change) -> None:
    assert contradiction(change) is None


S, D, R = Kind


@pytest.mark.parametrize(
    ("kinds", "change", "transition_s", "told"),
    [
        ({S}, Change(brightness=1), 0, "can only be on or off"),
        ({S, D}, Change(brightness=1), 0, None),
        ({S, D}, Change(colour=RED), 0, "has no colours"),
        ({S, R}, Change(colour=RED), 0, None),
        ({S}, Change(effect=BREATHE), 0, "can blink but not breathe"),
        ({S}, Change(effect=BLINK), 0, None),
        ({S, D}, Change(effect=BREATHE), 0, None),
        ({S}, Change(power=True), 2.5, "can only be switched at once"),
        ({S}, Change(power=True), 0, None),
        ({D}, Change(power=True), 2.5, None),
        ({S}, Change(brightness=1, effect=BREATHE), 2.5, "can only be on or off"),
    ],
)
def test_somebody_must_be_able_to(
    kinds: set[Kind], change: Change, transition_s: float, told: str | None
) -> None:
    found = lack(kinds, change, transition_s)
    assert (found and found.one) == told
    assert found is None or not set(found.kinds) & kinds


@pytest.mark.parametrize(
    ("state", "kind", "change", "after"),
    [
        (OFF, S, Change(power=True), LIT),
        (OFF, D, Change(brightness=70), LightState(on=True, brightness=70)),
        (LIT, D, Change(brightness=0), OFF),
        (OFF, S, Change(brightness=70), OFF),
        (LIT, S, Change(brightness=70), LIT),
        (LIT, S, Change(brightness=0), OFF),
        (OFF, R, Change(colour=RED), LightState(on=True, brightness=30, colour=RED)),
        (OFF, D, Change(colour=RED), OFF),
        (OFF, S, Change(effect=BLINK), LightState(on=True, brightness=30, effect=BLINK)),
        (OFF, S, Change(effect=BREATHE), OFF),
        (OFF, D, Change(effect=BREATHE), LightState(on=True, brightness=30, effect=BREATHE)),
        (OFF, D, Change(effect=NONE), OFF),
        (LightState(on=True, effect=BLINK), D, Change(effect=NONE), LightState(on=True)),
        (LightState(on=True, effect=BLINK), D, Change(power=False), LightState(on=False)),
        (LightState(on=True, effect=BLINK), D, Change(brightness=5), LightState(on=True, brightness=5)),
        (
            OFF,
            R,
            Change(brightness=5, colour=RED, effect=BLINK),
            LightState(on=True, brightness=5, colour=RED, effect=BLINK),
        ),
    ],
)
def test_each_light_takes_what_it_can(
    state: LightState, kind: Kind, change: Change, after: LightState
) -> None:
    assert changed(state, kind, change) == after


_CHANGES = st.builds(
    Change,
    st.none() | st.booleans(),
    st.none() | st.integers(0, FULL),
    st.none() | st.just(RED),
    st.none() | st.sampled_from(LightEffect),
)


@given(_CHANGES.filter(lambda change: contradiction(change) is None), st.sampled_from(Kind), st.booleans())
def test_no_light_that_is_off_does_anything(change: Change, kind: Kind, on: bool) -> None:
    after = changed(LightState(on=on), kind, change)
    assert after.on or after.effect is NONE
    assert kind is not S or after.effect is not BREATHE
    assert kind is R or after.colour is None
