"""What the wall shows, between two looks at it."""

from __future__ import annotations

import pytest

from appliance.core.events import WallClock
from appliance.core.wall import Wall

NOON = 1_795_604_400.0  # 2026-11-25 11:00 UTC
BERLIN = WallClock("2026-11-25", NOON, 3600)


def test_until_somebody_tells_nobody_knows() -> None:
    wall = Wall()
    assert not wall.is_known
    assert (wall.epoch_s(5.0), wall.local_s(5.0), wall.when(NOON)) == (None, None, None)


def test_it_goes_on_by_itself() -> None:
    wall = Wall()
    assert wall.tell(BERLIN, 100.0) == 0.0
    assert wall.epoch_s(160.5) == NOON + 60.5
    assert wall.local_s(160.5) == NOON + 3600 + 60.5
    assert wall.when(NOON + 3600 + 60.5) == 160.5


@pytest.mark.parametrize(("epoch_s", "jumped"), [(NOON + 60, 0.0), (NOON + 3660, 3600), (NOON - 7200, -7260)])
def test_how_far_it_jumped(epoch_s: float, jumped: float) -> None:
    wall = Wall()
    wall.tell(BERLIN, 100.0)
    assert wall.tell(WallClock("2026-11-25", epoch_s, 3600), 160.0) == jumped
    assert wall.epoch_s(161.0) == epoch_s + 1


def test_a_clock_that_is_set_for_the_first_time_has_not_jumped() -> None:
    wall = Wall()
    assert wall.tell(WallClock(""), 1.0) == 0.0
    assert wall.tell(BERLIN, 2.0) == 0.0
    assert wall.tell(WallClock(""), 3.0) == 0.0
    assert not wall.is_known


def test_summer_time_changes_what_is_shown_and_not_what_time_it_is() -> None:
    wall = Wall()
    wall.tell(BERLIN, 0.0)
    assert wall.tell(WallClock("2026-11-25", NOON + 60, 7200), 60.0) == 0.0
    assert wall.local_s(60.0) == NOON + 60 + 7200
