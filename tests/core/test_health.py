"""When the watchdog may be fed: literal times."""

from __future__ import annotations

import pytest

from appliance.core.health import LATE_S, NOT_YET, Health


def opened(at: float, beat_s: float | None = 10.0) -> Health:
    health = Health(beat_s)
    health.opened(at)
    return health


def test_where_nobody_waits_for_a_beat_there_is_none() -> None:
    health = opened(100.0, beat_s=None)
    assert health.deadline() is None
    assert not health.wake(100.0)
    assert not health.wake(10_000.0)


def test_it_beats_before_the_microphone_was_opened() -> None:
    health = Health(10.0)
    assert (health.is_new, health.microphone, repr(health)) == (True, NOT_YET, "microphone not opened yet")
    assert health.wake(50.0)
    assert not health.is_deaf(10_000.0)


def test_it_beats_as_often_as_is_due_and_not_oftener() -> None:
    health = opened(100.0)
    beats = []
    for tick in range(100, 161):
        health.heard(float(tick))
        if health.wake(float(tick)):
            beats.append(tick)
        assert health.deadline() == beats[-1] + 10
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


def test_a_microphone_that_comes_back_has_time_for_its_first_frame() -> None:
    health = opened(100.0)
    health.closed("unplugged")
    health.opened(500.0)
    assert repr(health) == "microphone open"
    assert not health.is_deaf(503.0)
    assert health.is_deaf(503.5)
