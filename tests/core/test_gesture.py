"""What the button meant: every state and every thing that can happen to it, at literal times."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.gesture import Button, Commanded, Down, Gesture, Grip, Held, Open, State, Stuck

TOUCH, TAP, DOUBLE, HOLD = Gesture.TOUCH, Gesture.TAP, Gesture.DOUBLE, Gesture.HOLD
LONG, COUNTDOWN, ACT = Gesture.LONG, Gesture.COUNTDOWN, Gesture.ACT
STUCK, LET_GO = Gesture.STUCK, Gesture.LET_GO
GRIP = Grip(hold_s=0.5, double_s=0.25, long_s=3.0, very_long_s=10.0, act_s=15.0, stuck_s=60.0)

STATES: dict[str, State] = {
    "open": Open(),
    "tapped": Open(10.0),
    "down": Down(10.0),
    "down again": Down(10.0, again=True),
    "talking": Down(10.0, spoke=True),
    "held": Held(10.0),
    "held talking": Held(10.0, spoke=True),
    "long": Held(10.0, LONG),
    "counting": Held(10.0, COUNTDOWN),
    "acted": Held(10.0, ACT),
    "pressed afar": Down(10.0, spoke=True, far=True),
    "held afar": Held(10.0, spoke=True, far=True),
    "command": Commanded(12.0),
    "stuck": Stuck(),
}
STIMULI: dict[str, Callable[[Button], list[Gesture]]] = {
    "pressed": lambda button: button.pressed(10.25),
    "pressed late": lambda button: button.pressed(10.5),
    "released": lambda button: button.released(10.25),
    "released late": lambda button: button.released(10.75),
    "released last": lambda button: button.released(100.0),
    "spoke": lambda button: button.spoke() or [],
    "tap": lambda button: button.tap(),
    "hold": lambda button: button.hold(10.25, 3.0),
    "press": lambda button: button.press(10.25),
    "lift": lambda button: button.lift(10.25),
    "lift late": lambda button: button.lift(10.75),
    "lift last": lambda button: button.lift(100.0),
    "wake early": lambda button: button.wake(10.25),
    "wake": lambda button: button.wake(10.5),
    "wake at 3": lambda button: button.wake(13.0),
    "wake at 10": lambda button: button.wake(20.0),
    "wake at 15": lambda button: button.wake(25.0),
    "wake at 60": lambda button: button.wake(70.0),
}
# What differs from: nothing is said, and the state stays.
WALK: dict[tuple[str, str], tuple[list[Gesture], State]] = {
    ("open", "pressed"): ([TOUCH], Down(10.25)),
    ("open", "pressed late"): ([TOUCH], Down(10.5)),
    ("open", "tap"): ([TOUCH, TAP], Open()),
    ("open", "press"): ([TOUCH], Down(10.25, spoke=True, far=True)),
    ("open", "hold"): ([TOUCH, HOLD], Commanded(13.25)),
    ("tapped", "pressed"): ([TOUCH], Down(10.25, again=True)),
    ("tapped", "pressed late"): ([TOUCH], Down(10.5)),
    ("tapped", "tap"): ([TOUCH, TAP], Open(10.0)),
    ("tapped", "press"): ([TOUCH], Down(10.25, again=True, spoke=True, far=True)),
    ("tapped", "hold"): ([TOUCH, HOLD], Commanded(13.25)),
    ("down", "released"): ([TAP], Open(10.25)),
    ("down", "released late"): ([HOLD, LET_GO], Open()),
    ("down", "released last"): ([HOLD, LONG, COUNTDOWN, ACT, STUCK, LET_GO], Open()),
    ("down", "spoke"): ([], Down(10.0, spoke=True)),
    ("down", "wake"): ([HOLD], Held(10.0)),
    ("down", "wake at 3"): ([HOLD, LONG], Held(10.0, LONG)),
    ("down", "wake at 10"): ([HOLD, LONG, COUNTDOWN], Held(10.0, COUNTDOWN)),
    ("down", "wake at 15"): ([HOLD, LONG, COUNTDOWN, ACT], Held(10.0, ACT)),
    ("down", "wake at 60"): ([HOLD, LONG, COUNTDOWN, ACT, STUCK, LET_GO], Stuck()),
    ("down again", "released"): ([DOUBLE], Open()),
    ("down again", "released late"): ([HOLD, LET_GO], Open()),
    ("down again", "released last"): ([HOLD, LONG, COUNTDOWN, ACT, STUCK, LET_GO], Open()),
    ("down again", "spoke"): ([], Down(10.0, again=True, spoke=True)),
    ("down again", "wake"): ([HOLD], Held(10.0)),
    ("down again", "wake at 3"): ([HOLD, LONG], Held(10.0, LONG)),
    ("down again", "wake at 10"): ([HOLD, LONG, COUNTDOWN], Held(10.0, COUNTDOWN)),
    ("down again", "wake at 15"): ([HOLD, LONG, COUNTDOWN, ACT], Held(10.0, ACT)),
    ("down again", "wake at 60"): ([HOLD, LONG, COUNTDOWN, ACT, STUCK, LET_GO], Stuck()),
    ("talking", "released"): ([TAP], Open(10.25)),
    ("talking", "released late"): ([HOLD, LET_GO], Open()),
    ("talking", "released last"): ([HOLD, STUCK, LET_GO], Open()),
    ("talking", "wake"): ([HOLD], Held(10.0, spoke=True)),
    ("talking", "wake at 3"): ([HOLD], Held(10.0, spoke=True)),
    ("talking", "wake at 10"): ([HOLD], Held(10.0, spoke=True)),
    ("talking", "wake at 15"): ([HOLD], Held(10.0, spoke=True)),
    ("talking", "wake at 60"): ([HOLD, STUCK, LET_GO], Stuck()),
    ("held", "released"): ([LET_GO], Open()),
    ("held", "released late"): ([LET_GO], Open()),
    ("held", "released last"): ([LONG, COUNTDOWN, ACT, STUCK, LET_GO], Open()),
    ("held", "spoke"): ([], Held(10.0, spoke=True)),
    ("held", "wake at 3"): ([LONG], Held(10.0, LONG)),
    ("held", "wake at 10"): ([LONG, COUNTDOWN], Held(10.0, COUNTDOWN)),
    ("held", "wake at 15"): ([LONG, COUNTDOWN, ACT], Held(10.0, ACT)),
    ("held", "wake at 60"): ([LONG, COUNTDOWN, ACT, STUCK, LET_GO], Stuck()),
    ("held talking", "released"): ([LET_GO], Open()),
    ("held talking", "released late"): ([LET_GO], Open()),
    ("held talking", "released last"): ([STUCK, LET_GO], Open()),
    ("held talking", "wake at 60"): ([STUCK, LET_GO], Stuck()),
    ("long", "released"): ([LET_GO], Open()),
    ("long", "released late"): ([LET_GO], Open()),
    ("long", "released last"): ([COUNTDOWN, ACT, STUCK, LET_GO], Open()),
    ("long", "wake at 10"): ([COUNTDOWN], Held(10.0, COUNTDOWN)),
    ("long", "wake at 15"): ([COUNTDOWN, ACT], Held(10.0, ACT)),
    ("long", "wake at 60"): ([COUNTDOWN, ACT, STUCK, LET_GO], Stuck()),
    ("counting", "released"): ([LET_GO], Open()),
    ("counting", "released late"): ([LET_GO], Open()),
    ("counting", "released last"): ([ACT, STUCK, LET_GO], Open()),
    ("counting", "wake at 15"): ([ACT], Held(10.0, ACT)),
    ("counting", "wake at 60"): ([ACT, STUCK, LET_GO], Stuck()),
    ("acted", "released"): ([LET_GO], Open()),
    ("acted", "released late"): ([LET_GO], Open()),
    ("acted", "released last"): ([STUCK, LET_GO], Open()),
    ("acted", "wake at 60"): ([STUCK, LET_GO], Stuck()),
    ("pressed afar", "pressed"): ([], Down(10.0, spoke=True)),
    ("pressed afar", "pressed late"): ([], Down(10.0, spoke=True)),
    ("pressed afar", "released"): ([TAP], Open(10.25)),
    ("pressed afar", "released late"): ([HOLD, LET_GO], Open()),
    ("pressed afar", "released last"): ([HOLD, LET_GO], Open()),
    ("pressed afar", "lift"): ([TAP], Open(10.25)),
    ("pressed afar", "lift late"): ([HOLD, LET_GO], Open()),
    ("pressed afar", "lift last"): ([HOLD, LET_GO], Open()),
    ("pressed afar", "wake"): ([HOLD], Held(10.0, spoke=True, far=True)),
    ("pressed afar", "wake at 3"): ([HOLD], Held(10.0, spoke=True, far=True)),
    ("pressed afar", "wake at 10"): ([HOLD], Held(10.0, spoke=True, far=True)),
    ("pressed afar", "wake at 15"): ([HOLD], Held(10.0, spoke=True, far=True)),
    ("pressed afar", "wake at 60"): ([HOLD, LET_GO], Open()),
    ("held afar", "pressed"): ([], Held(10.0, spoke=True)),
    ("held afar", "pressed late"): ([], Held(10.0, spoke=True)),
    ("held afar", "released"): ([LET_GO], Open()),
    ("held afar", "released late"): ([LET_GO], Open()),
    ("held afar", "released last"): ([LET_GO], Open()),
    ("held afar", "lift"): ([LET_GO], Open()),
    ("held afar", "lift late"): ([LET_GO], Open()),
    ("held afar", "lift last"): ([LET_GO], Open()),
    ("held afar", "wake at 60"): ([LET_GO], Open()),
    ("command", "press"): ([LET_GO, TOUCH], Down(10.25, spoke=True, far=True)),
    ("command", "pressed"): ([LET_GO, TOUCH], Down(10.25)),
    ("command", "pressed late"): ([LET_GO, TOUCH], Down(10.5)),
    ("command", "tap"): ([LET_GO, TOUCH, TAP], Open()),
    ("command", "hold"): ([LET_GO, TOUCH, HOLD], Commanded(13.25)),
    ("command", "wake at 3"): ([LET_GO], Open()),
    ("command", "wake at 10"): ([LET_GO], Open()),
    ("command", "wake at 15"): ([LET_GO], Open()),
    ("command", "wake at 60"): ([LET_GO], Open()),
    ("stuck", "released"): ([], Open()),
    ("stuck", "released late"): ([], Open()),
    ("stuck", "released last"): ([], Open()),
    ("stuck", "tap"): ([TOUCH, TAP], Stuck()),
    ("stuck", "press"): ([TOUCH], Down(10.25, spoke=True, far=True)),
    ("stuck", "hold"): ([TOUCH, HOLD], Commanded(13.25)),
}


@pytest.mark.parametrize(("state", "stimulus"), list(itertools.product(STATES, STIMULI)))
def test_every_stimulus_in_every_state(state: str, stimulus: str) -> None:
    button = Button(GRIP)
    button.state = STATES[state]
    gestures, after = WALK.get((state, stimulus), ([], STATES[state]))
    assert STIMULI[stimulus](button) == gestures
    assert button.state == after


def test_the_walk_names_nothing_that_is_not_there() -> None:
    assert set(WALK) <= set(itertools.product(STATES, STIMULI))


@pytest.mark.parametrize(
    ("state", "deadline", "finger", "counting"),
    [
        ("open", None, False, False),
        ("down", 10.5, True, False),
        ("held", 13.0, True, False),
        ("held talking", 70.0, True, False),
        ("long", 20.0, True, False),
        ("counting", 25.0, True, True),
        ("acted", 70.0, True, False),
        ("pressed afar", 10.5, True, False),
        ("held afar", 70.0, True, False),
        ("command", 12.0, False, False),
        ("stuck", None, False, False),
    ],
)
def test_every_state_has_its_deadline_and_its_finger(
    state: str, deadline: float | None, finger: bool, counting: bool
) -> None:
    button = Button(GRIP)
    button.state = STATES[state]
    assert button.deadline() == deadline
    assert button.has_finger is finger
    assert button.is_counting_down is counting
    assert button.is_stuck is (state == "stuck")


def test_without_an_action_there_is_nothing_to_count_down_to() -> None:
    button = Button(Grip())
    said = button.pressed(0.0)
    for now in (0.4, 3.0, 10.0, 15.0, 64.9):
        said += button.wake(now)
    assert said == [TOUCH, HOLD, LONG]
    assert button.wake(65.0) == [STUCK, LET_GO]
    assert button.released(70.0) == []
    assert button.pressed(71.0) == [TOUCH]


def test_a_hold_that_is_woken_twice_is_one_hold() -> None:
    button = Button(GRIP)
    said = [*button.pressed(1.0), *button.wake(1.5), *button.wake(1.5), *button.released(3.0)]
    assert said == [TOUCH, HOLD, LET_GO]


def test_three_taps_are_two_and_one() -> None:
    button, said = Button(GRIP), []
    for at in (1.0, 1.2, 1.4, 1.6):
        said += [*button.pressed(at), *button.released(at + 0.1)]
    assert said == [TOUCH, TAP, TOUCH, DOUBLE, TOUCH, TAP, TOUCH, DOUBLE]


stimuli = st.lists(st.tuples(st.sampled_from("prthwsdu"), st.integers(0, 60)), max_size=40)
ROW = re.compile(r"(TOUCH (TAP|DOUBLE|HOLD (LONG (COUNTDOWN (ACT )?)?)?(STUCK )?LET_GO) )*")


@given(stimuli)
def test_every_touch_becomes_a_tap_or_a_hold_and_every_hold_lets_go(steps: list[tuple[str, int]]) -> None:
    """Whatever is done to it, in whatever order and however late."""
    button, now, said = Button(GRIP), 0.0, []
    for kind, quarters in steps:
        now += quarters / 4
        said += {
            "p": lambda: button.pressed(now),  # noqa: B023
            "r": lambda: button.released(now),  # noqa: B023
            "t": button.tap,
            "d": lambda: button.press(now),  # noqa: B023
            "u": lambda: button.lift(now),  # noqa: B023
            "h": lambda: button.hold(now, 1.0),  # noqa: B023
            "w": lambda: button.wake(now),  # noqa: B023
            "s": lambda: button.spoke() or [],
        }[kind]()
        due = button.deadline()
        assert due is None or kind != "w" or due > now
    if button.has_finger:
        said += button.released(now + 0.1)
    said += button.wake(now + 100)
    assert ROW.fullmatch("".join(f"{gesture.name} " for gesture in said))
    assert isinstance(button.state, Open | Stuck)
