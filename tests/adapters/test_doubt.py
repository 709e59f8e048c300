"""What cannot be a room."""

from __future__ import annotations

from array import array

import pytest

from appliance.adapters.doubt import CLIPPING_S, NOISE, SILENCE, SILENT_S, Doubt

ZERO = bytes(640)
HISS = array("h", [3, -4] * 160).tobytes()
SHOUT = array("h", [32_767, -32_768] * 160).tobytes()
HALF = array("h", [32_767, -20_000] * 160).tobytes()


def opinions(doubt: Doubt, frame: bytes, seconds: float) -> list[str]:
    """What it said, each time it changed its mind."""
    return [doubt.why for _ in range(round(seconds * 50)) if doubt.hear(frame)]


@pytest.mark.parametrize(("frame", "after_s", "why"), [(ZERO, SILENT_S, SILENCE), (SHOUT, CLIPPING_S, NOISE)])
def test_strange_for_so_long(frame: bytes, after_s: float, why: str) -> None:
    doubt = Doubt()
    assert opinions(doubt, frame, after_s - 0.02) == []
    assert opinions(doubt, frame, 100.0) == [why]
    assert opinions(doubt, HISS, 1.0) == [""]
    assert opinions(doubt, frame, after_s - 0.02) == [], "it is counted anew"


@pytest.mark.parametrize("frame", [HISS, HALF])
def test_what_may_be_a_room(frame: bytes) -> None:
    assert opinions(Doubt(), frame, 120.0) == []
