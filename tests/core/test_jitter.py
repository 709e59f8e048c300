"""How the buffer before an answer grows and shrinks: literal gaps."""

from __future__ import annotations

import pytest

from appliance.core.jitter import MOST_MS, PAUSE_MS, QUIET_MS, START_MS, Jitter


def test_it_starts_small() -> None:
    assert Jitter().ms == START_MS == 40


@pytest.mark.parametrize(
    ("gaps_ms", "then_ms"),
    [
        ([20], 60),
        ([20, 100], 160),
        ([390], MOST_MS),
        ([200, 200, 200], MOST_MS),
        ([PAUSE_MS], MOST_MS),
        ([PAUSE_MS + 1], START_MS),  # the model's own pause
        ([30, 5_000], 70),
    ],
)
def test_it_grows_by_what_was_missing_and_is_bounded(gaps_ms: list[float], then_ms: float) -> None:
    jitter = Jitter()
    for gap_ms in gaps_ms:
        jitter.ran_dry(gap_ms)
    assert jitter.ms == then_ms


def test_good_answers_give_it_back_bit_by_bit() -> None:
    jitter = Jitter()
    jitter.ran_dry(120)
    found = []
    for _ in range(6):
        jitter.went_well()
        found.append(jitter.ms)
    assert found == [120, 90, 67.5, 50.625, 40, 40]


def test_a_minute_of_silence_and_it_is_forgotten() -> None:
    jitter = Jitter()
    jitter.ran_dry(300)
    jitter.quiet(QUIET_MS - 1)
    assert jitter.ms == 340
    jitter.played()
    jitter.quiet(QUIET_MS - 1)
    assert jitter.ms == 340
    jitter.quiet(1)
    assert jitter.ms == START_MS
