"""The checker of the budget: what is exceeded fails, and every rule finds its figure."""

from __future__ import annotations

from typing import Any

import pytest

from .abstract import abstract
from .budget import exceeded, judged, rules, told
from .cost import NAMES, percentile, table, told_of
from .life import Life, _silent_from

RULE = {"what": "cost", "of": ["sound", "card", "box"], "most": 1.5}


def found(value: float) -> dict[str, Any]:
    return {"sound": {"card": {"box": value}}, "import": {"box": 30.0, "other": 100.0}}


def test_a_budget_that_is_exceeded_fails() -> None:
    assert exceeded(judged(found(1.51), [RULE])) == ["cost: 1.51 of 1.5"]
    assert "EXCEEDED" in told(judged(found(1.51), [RULE]))


def test_a_budget_may_be_used_up() -> None:
    assert exceeded(judged(found(1.5), [RULE])) == []
    assert "kept" in told(judged(found(1.5), [RULE]))


def test_one_figure_is_compared_with_another() -> None:
    rule = {"what": "import", "of": ["import", "box"], "to": ["import", "other"], "most": 0.25}
    assert exceeded(judged(found(1.0), [rule])) == ["import: 0.3 of 0.25"]


def test_a_sound_that_was_left_out_is_not_judged_but_said() -> None:
    lines = judged({"sound": {}}, [RULE])
    assert exceeded(lines) == []
    assert "not measured" in told(lines)


def test_a_figure_that_is_missing_is_no_figure_that_is_kept() -> None:
    with pytest.raises(KeyError):
        judged({"sound": {"card": {}}}, [RULE])


def life(factor: float) -> Life:
    figures = dict.fromkeys(
        ["start to READY, ms", "idle: written, kB/h", "muted: written, kB/h", "muted: wake-ups/s"], 0.0
    )
    figures |= {"start to READY, ms": factor}
    for state in ("listening", "speaking"):
        figures |= {f"{state}: resident, MB": factor, f"{state}: cpu %": factor}
    life = Life(figures)
    for what in ("press to first frame", "first byte to first sample", "press while it speaks to silence"):
        life.took(what, factor)
    return life


def whole(box: float) -> dict[str, Any]:
    """A run in which the box costs so many times what the others do, in three rounds of different haste."""
    lived = {
        name: [life(hurry * (box if "box" in name else 1.0)) for hurry in (1.0, 7.0, 2.0)] for name in NAMES
    }
    return {
        "machine": {"processor": "any", "cores": 1, "load": [0.0], "python": "3"},
        "sound": {"card": told_of(lived)},
        "import": {"cpu_ms": {"box": box, "google-genai": 1.0}},
        "disk_mb": {"box": 80 * box, "box, numpy of the system": 20 * box},
        "stages_us": {},
    }


def test_every_rule_finds_its_figure_and_fails_when_it_is_exceeded() -> None:
    cheap = judged(whole(0.1), rules())
    assert exceeded(cheap) == []
    dear = exceeded(judged(whole(3.0), rules()))
    counted = [rule["what"] for rule in rules() if "wake-ups" in rule["what"] or "written" in rule["what"]]
    assert len(dear) == len(rules()) - len(counted), "nobody woke or wrote in this run"
    for what in counted:
        busy = whole(0.1)
        busy["sound"]["card"]["figures"]["box"] = dict.fromkeys(busy["sound"]["card"]["figures"]["box"], 6.0)
        assert any(line.startswith(f"{what}:") for line in exceeded(judged(busy, rules())))


def test_ratios_are_those_within_a_round() -> None:
    here = whole(0.5)["sound"]["card"]
    assert here["ratio"]["box"]["floor"]["speaking: cpu %"] == 0.5
    assert here["figures"]["floor"]["speaking: cpu %"] == 2.0
    assert here["latency_ms"]["floor"]["press to first frame"] == {
        "count": 3,
        "p50": 2000.0,
        "p90": 6000.0,
        "p95": 6500.0,
        "most": 7000.0,
    }


def test_the_table_has_a_line_for_every_figure() -> None:
    text = table(whole(0.5))
    for what in ("speaking: cpu %", "press while it speaks to silence, ms (p95)"):
        assert sum(line.startswith(what) for line in text.splitlines()) == 1


@pytest.mark.parametrize(
    ("percent", "value"),
    [(0, 1.0), (50, 2.5), (95, 3.85), (100, 4.0)],
    ids=["least", "median", "p95", "most"],
)
def test_a_percentile_lies_between_its_neighbours(percent: float, value: float) -> None:
    assert percentile([1.0, 2.0, 3.0, 4.0], percent) == pytest.approx(value)


def test_silence_begins_where_the_sound_of_the_press_ends() -> None:
    before, after, next_answer = [0.98, 0.99, 1.0], [1.01, 1.02, 1.04], [1.7, 1.71]
    assert _silent_from(before + after + next_answer, 1.0) == 1.04
    assert _silent_from(before + next_answer, 1.0) == 1.0, "it was silent already"


def test_the_abstract_has_a_column_for_everybody_and_says_who_never_comes_back() -> None:
    found = whole(0.5)
    found["sound"]["card"]["latency_ms"]["box"]["link lost to speech flowing"] = {"p50": 20.4, "p95": 40.0}
    lines = abstract(found).splitlines()
    assert {line.count("|") for line in lines} == {len(NAMES) + 2}
    assert (
        "| link lost to speech flowing, ms: median / p95 | 20 / 40 | never | never | never | never |" in lines
    )
    assert "| resident, MB: idle / listening / speaking | 1 / 1 | 1 / 1 | 2 / 2 | 2 / 2 | 2 / 2 |" in lines
