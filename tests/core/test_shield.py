"""The shields have the names that a person reads."""

from __future__ import annotations

from appliance.core.shield import MODES, Shield


def test_every_mode_begins_somewhere() -> None:
    assert MODES["auto"] is MODES["cancel"] is Shield.CANCEL
    assert {name: str(MODES[name]) for name in ("half-duplex", "hardware", "off")} == {
        "half-duplex": "half-duplex",
        "hardware": "hardware",
        "off": "off",
    }
