"""The line to the brain on this machine: every state, and everything that may happen in it."""

from __future__ import annotations

import pytest

from appliance.core.effects import Dial, Effect, Hang, Send, Tell
from appliance.core.events import Cause, LinkDown, LinkUp
from appliance.core.messages import Setup, SetupComplete
from appliance.core.offline import (
    AGAIN_S,
    DIAL_S,
    LATE,
    LINGER_S,
    SETUP_S,
    Dialing,
    Greeting,
    Off,
    Offline,
    Ready,
    State,
)

SETUP = Setup("m")
OFF, DIALING, GREETING, READY, IDLE = Off(), Dialing(-1, 10.0), Greeting(-1, 10.0), Ready(-1), Ready(-1, 10.0)
STATES = (OFF, DIALING, GREETING, READY, IDLE)
GONE = Off(10.0 + AGAIN_S, "gone")
CLOSED = Tell("offline", {"state": "closed"})


def offline(state: State = OFF, setup: Setup | None = SETUP) -> Offline:
    made = Offline(setup)
    made.state = state
    made._link = -1 if made.is_up else 0
    return made


def missing(why: str) -> Tell:
    return Tell("offline", {"state": "missing", "reason": why})


def attend(it: Offline, now: float, *, due_at: float | None = None, wanted: bool = False) -> list[Effect]:
    return it.attend(now, due_at=due_at, wanted=wanted, idle=not wanted and due_at is None)


def test_its_whole_life() -> None:
    it = offline()
    assert attend(it, 1.0, wanted=True) == [Dial(-1)]
    assert (it.link, it.shown, repr(it)) == (None, "starting", "offline brain dialing")
    assert it.up(LinkUp(-1), 1.1) == [Send(-1, SETUP)]
    assert it.greeted(SetupComplete()) == [Tell("offline", {"state": "ready"})]
    assert (it.link, it.shown) == (-1, "ready")
    assert attend(it, 2.0) == []
    assert it.deadline() == 2.0 + LINGER_S
    assert attend(it, 20.0, wanted=True) == [], "a person comes back"
    assert attend(it, 30.0) == []
    assert attend(it, 30.0 + LINGER_S) == [Hang(-1), CLOSED]
    assert (it.shown, it.deadline()) == ("waiting", None)
    assert attend(it, 99.0, due_at=99.0) == [Dial(-2)], "each link has a number of its own"


def test_without_a_brain_nothing_ever_happens() -> None:
    it = offline(setup=None)
    assert attend(it, 1.0, due_at=0.0, wanted=True) == []
    assert (it.deadline(), it.is_up, it.shown) == (None, False, "off")


@pytest.mark.parametrize(
    ("state", "due_at", "deadline"),
    [
        (OFF, None, None),
        (OFF, 7.0, 7.0),
        (GONE, 7.0, GONE.until),
        (DIALING, 7.0, 10.0 + DIAL_S),
        (GREETING, 7.0, 10.0 + SETUP_S),
        (READY, 7.0, 7.0),
        (READY, None, None),
        (IDLE, None, 10.0 + LINGER_S),
    ],
)
def test_when_it_must_be_woken(state: State, due_at: float | None, deadline: float | None) -> None:
    it = offline(state)
    it._due_at = due_at
    assert it.deadline() == deadline


@pytest.mark.parametrize(
    ("state", "now", "effects", "becomes"),
    [
        (OFF, 10.0, [Dial(-1)], Dialing(-1, 10.0)),
        (GONE, 10.5, [], GONE),
        (GONE, 10.0 + AGAIN_S, [Dial(-1)], Dialing(-1, 10.0 + AGAIN_S)),
        (DIALING, 11.0, [], DIALING),
        (DIALING, 10.0 + DIAL_S, [Hang(-1, at_once=True), missing(LATE)], Off(10.0 + DIAL_S + AGAIN_S, LATE)),
        (GREETING, 11.0, [], GREETING),
        (
            GREETING,
            10.0 + SETUP_S,
            [Hang(-1, at_once=True), missing(LATE)],
            Off(10.0 + SETUP_S + AGAIN_S, LATE),
        ),
        (READY, 11.0, [], READY),
        (IDLE, 99.0, [], READY),
    ],
)
def test_somebody_waits(state: State, now: float, effects: list[Effect], becomes: State) -> None:
    for due_at, wanted in ((now, False), (None, True)):
        it = offline(state)
        assert attend(it, now, due_at=due_at, wanted=wanted) == effects
        assert it.state == becomes


@pytest.mark.parametrize("state", [OFF, GONE, DIALING, GREETING, IDLE])
def test_nobody_waits(state: State) -> None:
    it = offline(state)
    assert attend(it, 11.0) == []
    assert it.state == state


def test_what_is_due_later_is_not_dialled_for_yet() -> None:
    it = offline()
    assert attend(it, 10.0, due_at=11.0) == []
    assert it.deadline() == 11.0


@pytest.mark.parametrize("state", STATES)
def test_the_socket_is_open(state: State) -> None:
    it = offline(state)
    assert it.up(LinkUp(-1), 11.0) == ([Send(-1, SETUP)] if state == DIALING else [])
    assert it.state == (Greeting(-1, 11.0) if state == DIALING else state)
    assert offline(state).up(LinkUp(-7), 11.0) == [], "of another link"


@pytest.mark.parametrize("state", STATES)
def test_it_is_there(state: State) -> None:
    it = offline(state)
    assert it.greeted(SetupComplete()) == ([Tell("offline", {"state": "ready"})] if state == GREETING else [])
    assert it.state == (Ready(-1) if state == GREETING else state)


@pytest.mark.parametrize("state", STATES)
def test_it_is_gone(state: State) -> None:
    it = offline(state)
    told = it.down(LinkDown(-1, Cause.DROPPED, 1006, "gone"), 10.0)
    assert told == ([] if state == OFF else [missing("gone")])
    assert it.state == (OFF if state == OFF else GONE)
    assert it.shown == ("waiting" if state == OFF else "missing: gone")
    other = offline(state)
    assert other.down(LinkDown(-7, Cause.DROPPED, 1006, ""), 10.0) == []
    assert other.state == state


@pytest.mark.parametrize("state", STATES)
def test_another_line_at_once(state: State) -> None:
    it = offline(state)
    ready = isinstance(state, Ready)
    assert it.renew(11.0) == ([Hang(-1, at_once=True), Dial(-2)] if ready else [])
    assert it.state == (Dialing(-2, 11.0) if ready else state)
    assert it.is_current(-2) == ready


@pytest.mark.parametrize("state", STATES)
def test_for_good(state: State) -> None:
    it = offline(state)
    assert it.leave(11.0) == ([] if state == OFF else [Hang(-1), CLOSED])
    assert not it.is_up
