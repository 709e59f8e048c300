"""What the machine tells, in the words of `status`."""

from __future__ import annotations

import pytest

from appliance.core.vitals import NOTHING_TOLD, Vitals


def test_what_nobody_could_read_is_not_shown() -> None:
    assert NOTHING_TOLD.shown() == {}


def test_a_machine_that_is_well() -> None:
    shown = Vitals(90_061.4, 51.249, 0).shown()
    assert shown == {"uptime_s": 90_061, "temperature_c": 51.2, "power": {"now": [], "earlier": []}}


@pytest.mark.parametrize(
    ("bits", "now", "earlier"),
    [
        (0x1, ["under-voltage"], []),
        (0x50005, ["under-voltage", "throttled"], ["under-voltage", "throttled"]),
        (0xE0008, ["soft temperature limit"], ["slower clock", "throttled", "soft temperature limit"]),
        (0x20002, ["slower clock"], ["slower clock"]),
        (0xFFF0FFF0, [], []),
    ],
)
def test_each_bit_has_its_name(bits: int, now: list[str], earlier: list[str]) -> None:
    assert Vitals(throttled=bits).shown() == {"power": {"now": now, "earlier": earlier}}
