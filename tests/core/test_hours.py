"""The hours without sounds, which may go over midnight."""

from __future__ import annotations

import pytest

from appliance.core.hours import SILENT, Earcons

HOUR = 3600.0


@pytest.mark.parametrize(
    ("quiet", "hour", "night"),
    [
        ((22 * 60, 7 * 60), 21.99, False),
        ((22 * 60, 7 * 60), 22.0, True),
        ((22 * 60, 7 * 60), 6.99, True),
        ((22 * 60, 7 * 60), 7.0, False),
        ((13 * 60, 15 * 60), 12.0, False),
        ((13 * 60, 15 * 60), 14.0, True),
        ((13 * 60, 15 * 60), 15.0, False),
    ],
)
def test_it_is_night(quiet: tuple[int, int], hour: float, night: bool) -> None:
    assert Earcons(quiet=quiet).is_night(hour * HOUR) is night


def test_without_such_hours_or_a_time_it_never_is() -> None:
    assert not SILENT.is_night(3 * HOUR)
    assert not Earcons(quiet=(22 * 60, 7 * 60)).is_night(None)
