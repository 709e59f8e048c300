"""Fades, blinks and breaths, looked at when they say that it is worth it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import motion as module
from appliance.core.lights import Kind, LightEffect
from appliance.core.motion import (
    BREATH_S,
    DARKEST,
    STEP,
    STEP_S,
    SWITCH_BLINK_S,
    SWITCH_BLINKS_S,
    Levels,
    Motion,
    motion,
)
from tests.core.vocabulary import check_value, values_of

NONE, BLINK, BREATHE = LightEffect


@pytest.mark.parametrize("kind", values_of(module))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def seen(moving: Motion, until: float) -> list[tuple[float, Levels]]:
    """What whoever looks when it is due sees, and when."""
    now: float | None = moving.since
    steps: list[tuple[float, Levels]] = []
    while now is not None and now <= until:
        steps.append((now - moving.since, moving.at(now)))
        due = moving.due(now)
        assert due is None or due > now
        now = due
    return steps


def test_at_once_is_at_once() -> None:
    assert seen(motion(Kind.DIMMER, (0.0,), (0.4,), NONE, 0, 100.0), math.inf) == [(0.0, (0.4,))]


def test_a_fade_is_even_and_arrives() -> None:
    steps = seen(motion(Kind.DIMMER, (0.0,), (0.5,), NONE, 2.0, 100.0), math.inf)
    assert steps[-1] == (pytest.approx(2.0), (0.5,))
    assert len(steps) == pytest.approx(2.0 / STEP_S, abs=2)
    for at, (level,) in steps:
        assert level == pytest.approx(at / 4, abs=1e-3)


def test_a_long_fade_wakes_nobody_for_what_is_not_seen() -> None:
    steps = seen(motion(Kind.RGB, (0.0, 1.0, 0.5), (0.0, 0.0, 0.5), NONE, 1800.0, 100.0), math.inf)
    assert len(steps) <= 1 / STEP + 2
    assert steps[-1][1] == (0.0, 0.0, 0.5)
    assert all(levels[2] == 0.5 for _, levels in steps)


def test_a_fade_to_what_is_there_waits_only_for_its_end() -> None:
    assert [at for at, _ in seen(motion(Kind.DIMMER, (0.4,), (0.4,), NONE, 9.0, 5.0), math.inf)] == [0, 9.0]


def test_a_blink() -> None:
    steps = seen(motion(Kind.DIMMER, (0.0,), (0.4,), BLINK, 0, 7.3), 7.3 + 2.1)
    assert [level for _, (level,) in steps] == [0.4, 0.0, 0.4, 0.0, 0.4]
    assert [at for at, _ in steps] == pytest.approx([0, 0.5, 1, 1.5, 2])


def test_a_timer_that_is_a_trifle_early_loses_no_blink() -> None:
    blink = motion(Kind.DIMMER, (0.0,), (0.4,), BLINK, 0, 0.0)
    assert blink.at(0.5 - 5e-5) == (0.0,)
    assert blink.due(0.5 - 5e-5) == 1.0


def test_first_the_fade_and_then_the_effect() -> None:
    steps = seen(motion(Kind.RGB, (0.0, 0.0, 0.0), (1.0, 0.5, 0.0), BLINK, 0.1, 0.0), 1.2)
    assert [levels for _, levels in steps][-3:] == [(1.0, 0.5, 0.0), (0.0, 0.0, 0.0), (1.0, 0.5, 0.0)]
    assert [at for at, _ in steps][-3:] == pytest.approx([0.1, 0.6, 1.1])


def test_a_breath() -> None:
    steps = seen(motion(Kind.DIMMER, (0.0,), (0.8,), BREATHE, 0, 0.0), BREATH_S)
    levels = [level for _, (level,) in steps]
    assert levels[0] == pytest.approx(0.8)
    assert min(levels) == pytest.approx(0.8 * DARKEST, abs=0.01)
    assert levels[-1] == pytest.approx(0.8, abs=0.01)
    lowest = levels.index(min(levels))
    assert levels[:lowest] == sorted(levels[:lowest], reverse=True)
    assert levels[lowest:] == sorted(levels[lowest:])
    assert len(steps) <= BREATH_S / STEP_S + 2


def test_a_faint_breath_wakes_less() -> None:
    bright = seen(motion(Kind.DIMMER, (0.0,), (1.0,), BREATHE, 0, 0.0), 4)
    faint = seen(motion(Kind.DIMMER, (0.0,), (0.03,), BREATHE, 0, 0.0), 4)
    assert len(faint) < len(bright) / 3


@pytest.mark.parametrize("effect", [BLINK, BREATHE])
def test_black_does_not_move(effect: LightEffect) -> None:
    assert len(seen(motion(Kind.RGB, (1.0,) * 3, (0.0,) * 3, effect, 0, 0.0), math.inf)) == 1


def test_a_switch_blinks_slowly_and_then_stays_on() -> None:
    blink = motion(Kind.SWITCH, (0.0,), (1.0,), BLINK, 5.0, 50.0)
    steps = seen(blink, math.inf)
    assert [at for at, _ in steps][:3] == pytest.approx([0, SWITCH_BLINK_S / 2, SWITCH_BLINK_S])
    assert len(steps) == 1 + 2 * SWITCH_BLINKS_S / SWITCH_BLINK_S
    assert steps[-1] == (SWITCH_BLINKS_S, (1.0,))
    assert blink.is_over(50.0 + SWITCH_BLINKS_S)
    assert not blink.is_over(50.0 + SWITCH_BLINKS_S - 1)


def test_a_switch_does_not_fade() -> None:
    assert seen(motion(Kind.SWITCH, (0.0,), (1.0,), NONE, 5.0, 0.0), math.inf) == [(0.0, (1.0,))]


@given(
    st.sampled_from([Kind.DIMMER, Kind.SWITCH]),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(LightEffect),
    st.floats(0, 60),
    st.floats(0, 120),
)
def test_levels_stay_within_their_ends(
    kind: Kind, start: float, target: float, effect: LightEffect, over_s: float, later_s: float
) -> None:
    moving = motion(kind, (start,), (target,), effect, over_s, 1000.0)
    [level] = moving.at(1000.0 + later_s)
    least = 0.0 if effect is not NONE else min(start, target)
    assert least - 1e-9 <= level <= max(start, target) + 1e-9
    due = moving.due(1000.0 + later_s)
    assert due is None or due > 1000.0 + later_s
