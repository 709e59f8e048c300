"""How long each step of a turn took.

Knows marks and their times. Must never know what was said.

    pressed ─► onset ─► first_sent ... last_voiced ─► ended ─► first_byte ─► first_sample ... spoken_end

A mark is set once; the first time counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from statistics import median

KEPT = 100  # turns that the summary is made of
STEPS = {  # name of the step in ms: from which mark, to which
    "press_to_first_sent": ("pressed", "first_sent"),
    "onset_to_first_sent": ("onset", "first_sent"),
    "speech_end_to_activity_end": ("last_voiced", "ended"),
    "activity_end_to_first_byte": ("ended", "first_byte"),
    "first_byte_to_first_sample": ("first_byte", "first_sample"),
    "speech_end_to_first_sample": ("last_voiced", "first_sample"),
    "first_sample_to_spoken_end": ("first_sample", "spoken_end"),
}


class Timeline:
    """The marks of the turns under way, and the steps of the last hundred that are over."""

    def __init__(self) -> None:
        self._marks: dict[int, dict[str, float]] = {}
        self._done: deque[dict[str, int]] = deque(maxlen=KEPT)
        self.last: Mapping[str, int] = {}

    def press(self, turn: int, at: float) -> None:
        """A press begins the marks of a turn anew: the last one counts."""
        self._marks[turn] = {"pressed": at}

    def mark(self, turn: int, name: str, at: float) -> None:
        self._marks.setdefault(turn, {}).setdefault(name, at)

    def close(self, turn: int) -> dict[str, int]:
        """The steps of this turn in ms; its marks and those of turns before it are forgotten."""
        marks = self._marks.get(turn, {})
        self._marks = {t: m for t, m in self._marks.items() if t > turn}
        steps = {
            name: round((marks[end] - marks[start]) * 1000)
            for name, (start, end) in STEPS.items()
            if start in marks and end in marks
        }
        if steps:
            self._done.append(steps)
            self.last = steps
        return steps

    def recent(self) -> list[dict[str, int]]:
        """The steps of the last turns in ms, the newest last."""
        return [dict(steps) for steps in self._done]

    def summary(self) -> dict[str, dict[str, int]]:
        """Median, 95th and 99th percentile of every step in ms, over the turns that had it."""
        found: dict[str, dict[str, int]] = {}
        for name in STEPS:
            values = sorted(steps[name] for steps in self._done if name in steps)
            if values:
                found[name] = {
                    "median": round(median(values)),
                    "p95": _percentile(values, 95),
                    "p99": _percentile(values, 99),
                    "turns": len(values),
                }
        return found


def _percentile(values: Sequence[int], of_100: int) -> int:
    """The value that so many of a hundred stay below, or the greatest."""
    return values[min(len(values) - 1, len(values) * of_100 // 100)]
