"""When the watchdog may be fed: literal times."""

from __future__ import annotations

import pytest

from appliance.core.events import Gauged
from appliance.core.health import (
    LATE_S,
    MENDING_S,
    NOT_YET,
    WINDOW_S,
    Health,
    Lost,
    Mending,
    Well,
)


def opened(at: float, beat_s: float | None = 10.0) -> Health:
    health = Health(beat_s)
    health.opened(at)
    return health


def hears(health: Health, since: float, until: float, pace: float = 1.0) -> list[float]:
    """Frames of 20 ms at so many times the wall's pace; when it wanted to be reopened."""
    wanted = []
    for number in range(round((until - since) * 50 * pace)):
        now = since + (number + 1) * 0.02 / pace
        if health.heard(now):
            wanted.append(round(now, 2))
    return wanted


def test_where_nobody_waits_for_a_beat_there_is_none() -> None:
    health = Health(None)
    assert health.deadline() is None
    assert not health.wake(100.0)
    assert not health.wake(10_000.0)


def test_it_beats_before_the_microphone_was_opened() -> None:
    health = Health(10.0)
    assert (health.is_new, health.microphone, repr(health)) == (True, NOT_YET, "microphone not opened yet")
    assert health.wake(50.0)
    assert not health.is_deaf(10_000.0)
    assert not health.stalled(10_000.0)


def test_it_beats_as_often_as_is_due_and_not_oftener() -> None:
    health = opened(100.0)
    beats = []
    for tick in range(100, 161):
        hears(health, tick - 1.0, float(tick))
        if health.wake(float(tick)):
            beats.append(tick)
        assert health.deadline() == min(beats[-1] + 10, tick + LATE_S)
    assert beats == [100, 110, 120, 130, 140, 150, 160]


@pytest.mark.parametrize(
    ("silent_s", "deaf"), [(0.0, False), (LATE_S, False), (LATE_S + 0.5, True), (3600.0, True)]
)
def test_an_open_microphone_that_says_nothing_is_deafness(silent_s: float, deaf: bool) -> None:
    for health in (opened(100.0), opened(50.0)):
        health.heard(100.0)
        assert health.is_deaf(100.0 + silent_s) is deaf
        assert health.wake(100.0 + silent_s) is not deaf


def test_a_deaf_box_starves_the_watchdog_until_it_hears() -> None:
    health = opened(100.0)
    assert [health.wake(t) for t in (100.0, 110.0, 120.0)] == [True, False, False]
    health.heard(129.5)
    assert health.wake(130.0)


def test_a_microphone_known_to_be_away_is_no_deafness() -> None:
    health = opened(100.0)
    health.closed("unplugged")
    assert (repr(health), health.is_new) == ("microphone unplugged", False)
    assert [health.wake(t) for t in (100.0, 200.0, 300.0)] == [True, True, True]
    assert not health.stalled(10_000.0)
    assert health.deadline() == 310.0


def test_a_microphone_that_comes_back_has_time_for_its_first_frame() -> None:
    health = opened(100.0)
    health.closed("unplugged")
    health.opened(500.0)
    assert repr(health) == "microphone open"
    assert not health.is_deaf(503.0)
    assert health.is_deaf(503.5)


# -- the pace ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("pace", [0.85, 1.0, 1.2])
def test_a_pace_that_will_do(pace: float) -> None:
    health = opened(100.0)
    assert hears(health, 100.0, 160.0, pace) == []
    assert health.state == Well()


@pytest.mark.parametrize("pace", [0.5, 0.75, 1.3, 3.0])
def test_a_wrong_pace_is_reopened_once_and_then_given_up(pace: float) -> None:
    """The beats stop, though frames still come."""
    health = opened(100.0)
    [at] = hears(health, 100.0, 170.0, pace)
    assert at == pytest.approx(100.0 + WINDOW_S, abs=0.05)
    assert health.state == Lost()
    assert health.is_deaf(170.0)
    assert not health.wake(170.0)
    assert health.deadline() == 180.0
    assert repr(health) == "microphone it stands still"


def test_reopening_that_helps() -> None:
    """While it is mended nothing is counted; at the right pace it is well again, and may be reopened."""
    health = opened(100.0)
    assert len(hears(health, 100.0, 111.0, 0.5)) == 1
    assert isinstance(health.state, Mending)
    assert not hears(health, 112.0, 130.0)
    assert health.state == Well()
    assert len(hears(health, 130.0, 150.0, 0.5)) == 1


def test_a_stall_is_reopened_and_then_given_up() -> None:
    health = opened(100.0)
    hears(health, 100.0, 105.0)
    due = 105.0 + LATE_S
    assert health.deadline() == 0.0
    assert health.wake(105.0)
    assert health.deadline() == pytest.approx(due)
    assert not health.stalled(due - 0.1)
    assert health.stalled(due + 0.01)
    assert not health.stalled(due + 0.02)
    assert health.wake(115.0) is False
    assert health.deadline() == pytest.approx(due + 0.01 + MENDING_S)
    assert not health.stalled(due + 0.02 + MENDING_S)
    assert health.state == Lost()
    assert not health.stalled(due + 100.0)
    assert not health.wake(due + 100.0)


def test_whoever_does_not_wait_for_beats_is_woken_for_a_stall() -> None:
    health = opened(100.0, beat_s=None)
    assert health.deadline() == 100.0 + LATE_S
    assert health.stalled(100.0 + LATE_S)


@pytest.mark.parametrize("opens", [True, False])
def test_what_happens_to_the_microphone_by_itself_begins_it_anew(opens: bool) -> None:
    health = opened(100.0)
    hears(health, 100.0, 170.0, 0.5)
    if opens:
        health.opened(170.0)
    else:
        health.closed("unplugged")
    assert health.state == Well()
    assert health.wake(171.0)


# -- what it is told --------------------------------------------------------------------------------


def test_numbers_and_doubts() -> None:
    health = opened(100.0)
    fine = Gauged("microphone", "'USB' at 16000 Hz, 1 channel", {"overflows": 2})
    strange = Gauged("microphone", "'USB' at 16000 Hz, 1 channel", {"overflows": 3}, "it is silent")
    mouth = Gauged("speaker", "'HDMI' at 48000 Hz, 2 channels", {"underruns": 1})
    assert health.shown() == {}
    assert [health.gauged(g) for g in (fine, mouth, strange, strange)] == [False, False, True, False]
    assert (health.doubt, repr(health)) == ("it is silent", "microphone it is silent")
    assert health.shown() == {
        "microphone": {"device": "'USB' at 16000 Hz, 1 channel", "overflows": 3},
        "speaker": {"device": "'HDMI' at 48000 Hz, 2 channels", "underruns": 1},
    }
    assert health.gauged(fine)
    assert health.doubt == ""
    assert health.gauged(strange)
    health.closed("unplugged")
    assert health.doubt == ""
    health.opened(200.0)
    assert health.doubt == ""
