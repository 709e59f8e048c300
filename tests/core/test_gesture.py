"""What the button meant: every state and every thing that can happen to it, at literal times."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.gesture import Button, Down, Gesture, Holding, Open

TOUCH, TAP, HOLD, LET_GO = Gesture.TOUCH, Gesture.TAP, Gesture.HOLD, Gesture.LET_GO
HOLD_S = 0.5
State = Open | Down | Holding

STATES: dict[str, State] = {
    "open": Open(),
    "down": Down(10.0),
    "finger": Holding(None),
    "command": Holding(12.0),
}
STIMULI: dict[str, Callable[[Button], list[Gesture]]] = {
    "pressed": lambda button: button.pressed(10.25),
    "released early": lambda button: button.released(10.25),
    "released late": lambda button: button.released(10.75),
    "tap": lambda button: button.tap(),
    "hold": lambda button: button.hold(10.25, 3.0),
    "wake early": lambda button: button.wake(10.25),
    "wake": lambda button: button.wake(10.5),
    "wake late": lambda button: button.wake(12.0),
}
WALK: dict[tuple[str, str], tuple[list[Gesture], State]] = {
    ("open", "pressed"): ([TOUCH], Down(10.25)),
    ("open", "released early"): ([], Open()),
    ("open", "released late"): ([], Open()),
    ("open", "tap"): ([TOUCH, TAP], Open()),
    ("open", "hold"): ([TOUCH, HOLD], Holding(13.25)),
    ("open", "wake early"): ([], Open()),
    ("open", "wake"): ([], Open()),
    ("open", "wake late"): ([], Open()),
    ("down", "pressed"): ([], Down(10.0)),
    ("down", "released early"): ([TAP], Open()),
    ("down", "released late"): ([HOLD, LET_GO], Open()),
    ("down", "tap"): ([], Down(10.0)),
    ("down", "hold"): ([], Down(10.0)),
    ("down", "wake early"): ([], Down(10.0)),
    ("down", "wake"): ([HOLD], Holding(None)),
    ("down", "wake late"): ([HOLD], Holding(None)),
    ("finger", "pressed"): ([], Holding(None)),
    ("finger", "released early"): ([LET_GO], Open()),
    ("finger", "released late"): ([LET_GO], Open()),
    ("finger", "tap"): ([], Holding(None)),
    ("finger", "hold"): ([], Holding(None)),
    ("finger", "wake early"): ([], Holding(None)),
    ("finger", "wake"): ([], Holding(None)),
    ("finger", "wake late"): ([], Holding(None)),
    ("command", "pressed"): ([LET_GO, TOUCH], Down(10.25)),
    ("command", "released early"): ([], Holding(12.0)),
    ("command", "released late"): ([], Holding(12.0)),
    ("command", "tap"): ([LET_GO, TOUCH, TAP], Open()),
    ("command", "hold"): ([LET_GO, TOUCH, HOLD], Holding(13.25)),
    ("command", "wake early"): ([], Holding(12.0)),
    ("command", "wake"): ([], Holding(12.0)),
    ("command", "wake late"): ([LET_GO], Open()),
}


@pytest.mark.parametrize(("state", "stimulus"), list(itertools.product(STATES, STIMULI)))
def test_every_stimulus_in_every_state(state: str, stimulus: str) -> None:
    button = Button(HOLD_S)
    button.state = STATES[state]
    gestures, after = WALK[state, stimulus]
    assert STIMULI[stimulus](button) == gestures
    assert button.state == after


@pytest.mark.parametrize(
    ("state", "deadline", "finger"),
    [
        (Open(), None, False),
        (Down(10.0), 10.5, True),
        (Holding(None), None, True),
        (Holding(12.0), 12.0, False),
    ],
)
def test_every_state_has_its_deadline_and_its_finger(
    state: State, deadline: float | None, finger: bool
) -> None:
    button = Button(HOLD_S)
    button.state = state
    assert button.deadline() == deadline
    assert button.has_finger is finger


def test_a_hold_that_is_woken_twice_is_one_hold() -> None:
    button = Button(HOLD_S)
    assert [*button.pressed(1.0), *button.wake(1.5), *button.wake(1.5), *button.released(9.0)] == [
        TOUCH,
        HOLD,
        LET_GO,
    ]


stimuli = st.lists(st.tuples(st.sampled_from("prthw"), st.integers(0, 8)), max_size=40)


@given(stimuli)
def test_every_touch_becomes_a_tap_or_a_hold_and_every_hold_lets_go(steps: list[tuple[str, int]]) -> None:
    """Whatever is done to it: what it says is a row of (TOUCH TAP | TOUCH HOLD LET_GO)."""
    button, now, said = Button(HOLD_S), 0.0, []
    for kind, quarters in steps:
        now += quarters / 4
        said += {
            "p": lambda: button.pressed(now),  # noqa: B023
            "r": lambda: button.released(now),  # noqa: B023
            "t": button.tap,
            "h": lambda: button.hold(now, 1.0),  # noqa: B023
            "w": lambda: button.wake(now),  # noqa: B023
        }[kind]()
        due = button.deadline()
        assert due is None or kind != "w" or due > now
    if button.has_finger:
        said += button.released(now + 0.1)
    said += button.wake(now + 100)
    words = " ".join(gesture.name for gesture in said) + " "
    assert words.replace("TOUCH TAP ", "").replace("TOUCH HOLD LET_GO ", "").strip() == ""
    assert button.state == Open()
