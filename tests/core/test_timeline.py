"""How long each step took: marks at literal times."""

from __future__ import annotations

import pytest

from appliance.core.timeline import STEPS, Timeline

WHOLE = {
    "pressed": 10.0,
    "onset": 10.5,
    "first_sent": 10.75,
    "last_voiced": 12.0,
    "ended": 12.8,
    "first_byte": 13.3,
    "first_sample": 13.4,
    "spoken_end": 15.9,
}


def turn(timeline: Timeline, number: int, marks: dict[str, float]) -> dict[str, int]:
    for name, at in marks.items():
        timeline.mark(number, name, at)
    return timeline.close(number)


def test_a_whole_turn_has_every_step() -> None:
    assert turn(Timeline(), 1, WHOLE) == {
        "press_to_first_sent": 750,
        "onset_to_first_sent": 250,
        "speech_end_to_activity_end": 800,
        "activity_end_to_first_byte": 500,
        "first_byte_to_first_sample": 100,
        "speech_end_to_first_sample": 1400,
        "first_sample_to_spoken_end": 2500,
    }


@pytest.mark.parametrize("missing", list(WHOLE))
def test_a_step_needs_both_its_marks(missing: str) -> None:
    steps = turn(Timeline(), 1, {name: at for name, at in WHOLE.items() if name != missing})
    assert list(steps) == [name for name, ends in STEPS.items() if missing not in ends]


def test_the_first_mark_counts() -> None:
    timeline = Timeline()
    timeline.mark(1, "first_byte", 2.0)
    timeline.mark(1, "first_byte", 3.0)
    timeline.mark(1, "first_sample", 4.0)
    assert timeline.close(1) == {"first_byte_to_first_sample": 2000}


def test_the_last_press_counts_and_begins_anew() -> None:
    timeline = Timeline()
    timeline.press(1, 1.0)
    timeline.mark(1, "onset", 1.5)
    timeline.press(1, 5.0)
    timeline.mark(1, "first_sent", 6.0)
    assert timeline.close(1) == {"press_to_first_sent": 1000}


def test_a_turn_without_marks_leaves_no_trace() -> None:
    timeline = Timeline()
    turn(timeline, 1, WHOLE)
    kept = timeline.last
    assert timeline.close(2) == {}
    assert timeline.last == kept
    assert timeline.summary()["onset_to_first_sent"]["turns"] == 1


def test_closing_a_turn_forgets_the_ones_before_it_only() -> None:
    timeline = Timeline()
    for number in (1, 2, 3):
        timeline.press(number, float(number))
        timeline.mark(number, "first_sent", number + 0.5)
    assert timeline.close(2) == {"press_to_first_sent": 500}
    assert timeline.close(1) == {}
    assert timeline.close(3) == {"press_to_first_sent": 500}
    assert timeline.close(3) == {}


@pytest.mark.parametrize(
    ("values_ms", "median", "p95", "p99"),
    [
        ([100], 100, 100, 100),
        ([100, 200], 150, 200, 200),
        ([300, 100, 200], 200, 300, 300),
        (list(range(1, 101)), 50, 96, 100),
        (list(range(1, 151)), 100, 146, 150),  # the last hundred: 51 to 150
    ],
)
def test_the_summary_is_of_the_last_hundred_turns(
    values_ms: list[int], median: int, p95: int, p99: int
) -> None:
    timeline = Timeline()
    for number, value in enumerate(values_ms):
        turn(timeline, number, {"ended": 50.0, "first_byte": 50.0 + value / 1000})
    turns = min(100, len(values_ms))
    assert timeline.summary() == {
        "activity_end_to_first_byte": {"median": median, "p95": p95, "p99": p99, "turns": turns}
    }
    assert timeline.last == {"activity_end_to_first_byte": values_ms[-1]}


def test_nothing_was_measured_at_the_beginning() -> None:
    assert Timeline().summary() == {}
    assert Timeline().last == {}


def test_the_last_turns_are_told_oldest_first() -> None:
    timeline = Timeline()
    for number, value in enumerate((300, 100)):
        turn(timeline, number, {"ended": 50.0, "first_byte": 50.0 + value / 1000})
    turn(timeline, 2, {})
    recent = timeline.recent()
    assert recent == [{"activity_end_to_first_byte": 300}, {"activity_end_to_first_byte": 100}]
    recent[0].clear()
    assert timeline.recent()[0] == {"activity_end_to_first_byte": 300}
