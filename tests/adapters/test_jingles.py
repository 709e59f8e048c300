"""The box's own sounds, and a person's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.adapters.jingles import Jingles
from appliance.core.earcons import Earcon, drawn, length_s
from tests.test_audition import wav


def test_its_own() -> None:
    jingles = Jingles(volume=30)
    for earcon in Earcon:
        assert jingles(earcon, 48_000) == drawn(earcon, 48_000, 30)
        assert jingles.length_s(earcon) == length_s(earcon)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 44_100])
def test_a_persons(tmp_path: Path, rate_hz: int, channels: int) -> None:
    path = wav(tmp_path / "x.wav", 300, rate_hz=rate_hz, channels=channels)
    jingles = Jingles({Earcon.LISTENING: path}, 50)
    sound = np.frombuffer(jingles(Earcon.LISTENING, 24_000), "<i2")
    assert abs(len(sound) - 7_200) < 40
    assert abs(float(sound[1000:6000].mean()) - 0x0201 / 2) < 2
    assert jingles.length_s(Earcon.LISTENING) == pytest.approx(0.3)
    assert jingles(Earcon.OFFLINE, 24_000) == drawn(Earcon.OFFLINE, 24_000, 50)


def test_a_file_that_is_gone_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    jingles = Jingles({Earcon.REFUSED: tmp_path / "gone.wav"})
    for _ in range(3):
        assert jingles(Earcon.REFUSED, 16_000) == drawn(Earcon.REFUSED, 16_000, 60)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "gone.wav" in caplog.text
