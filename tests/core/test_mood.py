"""One arbiter, strict priority."""

from __future__ import annotations

import itertools

import pytest

from appliance.core.mood import Mood, strongest

ORDER = [
    "fatal",
    "muted",
    "no microphone",
    "countdown",
    "refused",
    "clock not set",
    "offline",
    "listening",
    "connecting",
    "thinking",
    "speaking",
    "follow-up",
    "timer ringing",
    "no speaker",
    "starting",
    "idle",
]


def test_the_moods_stand_from_strongest_to_weakest() -> None:
    assert [str(mood) for mood in Mood] == ORDER


@pytest.mark.parametrize(("strong", "weak"), list(itertools.combinations(Mood, 2)))
def test_of_two_the_stronger_is_shown(strong: Mood, weak: Mood) -> None:
    assert strongest({weak, strong}) is strong


def test_all_of_them_is_the_strongest_and_none_is_idle() -> None:
    assert strongest(set(Mood)) is Mood.FATAL
    assert strongest(set()) is Mood.IDLE
    assert [strongest({mood}) for mood in Mood] == list(Mood)
