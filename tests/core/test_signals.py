"""What the status light shows: every mood has a signal, told by one lamp without colours."""

from __future__ import annotations

import itertools

import pytest

from appliance.core.faults import KEY_REFUSED, MODEL, NO_KEY, OVERLOAD, QUOTA, REGION, SETUP
from appliance.core.mood import Mood
from appliance.core.signals import LEAST_S, RED, SIGNALS, STEP_S, Signal, Step, signal

DEAF_OR_USELESS = {
    *(Mood.FATAL, Mood.MUTED, Mood.NO_MICROPHONE, Mood.REFUSED, Mood.CLOCK, Mood.OFFLINE, Mood.NO_SPEAKER),
}
FAULTS = {fault.name for fault in (KEY_REFUSED, NO_KEY, REGION, QUOTA, MODEL, SETUP)}


def flashes(found: Signal) -> list[float]:
    """How long each flash of one round is."""
    return [step.seconds for step in found.steps if step.begin == step.end == 1.0]


def test_every_mood_has_a_signal_and_red_only_says_that_it_cannot_hear_or_serve() -> None:
    assert set(SIGNALS) == set(Mood)
    assert {mood for mood, found in SIGNALS.items() if found.colour == RED} == DEAF_OR_USELESS


def rhythm(found: Signal) -> tuple[object, ...]:
    return found.follows, found.steady if not found.steps else 0, found.steps


def test_no_two_look_alike_on_a_lamp_of_one_colour() -> None:
    """Muted and idle are both steady: the idle light is as bright as the person wants it, usually dark."""
    seen = [SIGNALS[mood] for mood in Mood if mood is not Mood.IDLE]
    seen += [signal(Mood.REFUSED, fault) for fault in FAULTS - {"no key", "setup refused"}]
    seen.append(signal(Mood.OFFLINE, OVERLOAD.name))
    for one, other in itertools.combinations(seen, 2):
        assert rhythm(one) != rhythm(other)


@pytest.mark.parametrize(
    ("mood", "fault", "expected"),
    [
        (Mood.NO_SPEAKER, "", [0.2]),
        (Mood.NO_MICROPHONE, "", [0.2] * 2),
        (Mood.CLOCK, "clock not set", [0.2] * 3),
        (Mood.OFFLINE, "no network", [0.2] * 4),
        (Mood.OFFLINE, "service overloaded", [0.2] * 5),
        (Mood.REFUSED, "key refused", [1.0, 0.2]),
        (Mood.REFUSED, "no key", [1.0, 0.2]),
        (Mood.REFUSED, "region refused", [1.0, 0.2, 0.2]),
        (Mood.REFUSED, "quota", [1.0, *[0.2] * 3]),
        (Mood.REFUSED, "model gone", [1.0, *[0.2] * 4]),
        (Mood.REFUSED, "setup refused", [1.0, *[0.2] * 4]),
        (Mood.REFUSED, "wrong endpoint", [1.0, *[0.2] * 5]),
        (Mood.IDLE, "key refused", []),
    ],
)
def test_each_failure_has_its_own_count(mood: Mood, fault: str, expected: list[float]) -> None:
    assert flashes(signal(mood, fault)) == expected


def test_a_count_ends_in_a_pause_that_is_seen() -> None:
    for mood in (Mood.NO_MICROPHONE, Mood.CLOCK, Mood.OFFLINE, Mood.REFUSED):
        last = SIGNALS[mood].steps[-1]
        assert last.begin == last.end == 0.0
        assert last.seconds > 3 * max(step.seconds for step in SIGNALS[mood].steps[1:-1])


STAIR = Signal(RED, (Step(1.0, 1.0, 1.0), Step(0.5, 0.0, 0.0), Step(2.0, 0.0, 1.0)))


@pytest.mark.parametrize(
    ("at_s", "brightness", "due_s"),
    [
        (0.0, 1.0, 1.0),
        (0.25, 1.0, 0.75),
        (1.0, 0.0, 0.5),
        (1.5, 0.0, STEP_S),
        (2.5, 0.5, STEP_S),
        (3.5, 1.0, 1.0),
        (36.0, 0.0, 0.5),
    ],
)
def test_steps_follow_each_other_for_ever(at_s: float, brightness: float, due_s: float) -> None:
    assert STAIR.brightness(at_s) == pytest.approx(brightness)
    assert STAIR.due_s(at_s) == pytest.approx(due_s)


def test_the_end_of_a_slope_is_due_when_it_comes() -> None:
    assert STAIR.due_s(3.49) == pytest.approx(0.01)


def test_what_is_steady_needs_no_timer() -> None:
    assert signal(Mood.MUTED).brightness(17.0) == 1.0
    assert signal(Mood.MUTED).due_s(17.0) is None
    assert signal(Mood.FOLLOW_UP).brightness(3.0) == 0.4


def test_listening_follows_the_voice_and_is_never_dark() -> None:
    listening = signal(Mood.LISTENING)
    assert [listening.brightness(9.0, level) for level in (0.0, 0.5, 1.0)] == [0.25, 0.625, 1.0]
    assert listening.due_s(9.0) is None


@pytest.mark.parametrize("mood", list(Mood))
def test_nothing_is_brighter_than_bright_or_due_in_no_time(mood: Mood) -> None:
    found = signal(mood)
    for thousandth in range(0, 8_000, 7):
        assert 0.0 <= found.brightness(thousandth / 1000, 1.0) <= 1.0
        due_s = found.due_s(thousandth / 1000)
        assert due_s is None or LEAST_S <= due_s <= 1.5
