"""The measuring sound: what it says of a room whose delay, loss and noise are known."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from appliance.adapters.air import Air
from appliance.core.shield import Shield
from appliance.errors import HardwareError
from tests.adapters.contract_sound import samples

sounding = pytest.importorskip("appliance.sounding", reason="the canceller is not installed")

NOISE = np.random.default_rng(2)


def room(gain: float, delay_ms: int = 90) -> tuple[bytes, bytes]:
    """What is heard of the sound, and what was played, as 16 kHz frames beside each other."""
    air, resample = Air(delay_ms=delay_ms, gain=gain, echoes=((31, 0.3),)), sounding.Resampler(24_000, 16_000)
    played = bytes(48_000) + sounding.sound() + bytes(48_000)
    heard, far = b"", b""
    for at in range(0, len(played) - 959, 960):
        block = played[at : at + 960]
        far += resample(block)
        air.write(block, 24_000)
        noise = NOISE.standard_normal(320) * 15
        heard += np.clip(samples(air.read()) + noise, -32768, 32767).astype("<i2").tobytes()
    return heard, far


def test_it_finds_the_delay_the_loss_and_how_well_it_cancels() -> None:
    found = sounding.evaluated(*room(gain=0.5))
    assert found.delay_ms is not None
    assert abs(found.delay_ms - 90) <= 3
    assert abs(found.return_loss_db - 5.6) < 1.5
    assert found.lowered_db > 20
    assert abs(found.noise_dbfs + 66.8) < 1
    assert found.shield is Shield.CANCEL


def test_where_nothing_is_heard_there_is_nothing_to_fear() -> None:
    found = sounding.evaluated(*room(gain=0.0))
    assert found.delay_ms is None
    assert found.faint
    assert "no echo is heard" in str(found)
    assert found.shield is Shield.CANCEL


def test_a_room_that_is_too_much_is_half_duplex() -> None:
    found = sounding.Sounded(700, -3.0, 4.0, faint=False, noise_dbfs=-60.0)
    assert found.shield is Shield.HALF_DUPLEX
    assert found.as_json()["shield"] == "half-duplex"
    assert set(asdict(found)) >= {"lowered_db", "faint"}, "which the judge recalls"
    assert "begins with: half-duplex" in str(found)


def test_nothing_was_played() -> None:
    with pytest.raises(HardwareError, match="nothing was played"):
        sounding.evaluated(bytes(64_000), bytes(64_000))
