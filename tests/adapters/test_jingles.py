"""The box's own sounds, and a person's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from appliance.adapters.jingles import BREATH_S, Jingles
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


def test_of_some_failures_there_is_a_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wav(tmp_path / "no-network.wav", 900, rate_hz=22_050)
    wav(tmp_path / "sermon.wav", 9_000)
    wav(tmp_path / "odd.wav", width=1)
    (tmp_path / "quota.wav").write_bytes(b"MP3 or so")
    jingles = Jingles(volume=50, notices=tmp_path)
    assert jingles.notices_s == {"no network": pytest.approx(BREATH_S + 0.9)}
    assert "quota.wav" in caplog.text
    chime = drawn(Earcon.REFUSED, 24_000, 50)
    assert jingles(Earcon.REFUSED, 24_000, "quota") == chime
    both = jingles(Earcon.REFUSED, 24_000, "no network")
    assert both.startswith(chime + bytes(2 * round(BREATH_S * 24_000)))
    spoken = np.frombuffer(both[len(chime) :], "<i2")
    assert abs(len(spoken) / 24_000 - jingles.notices_s["no network"]) < 0.01
    assert abs(float(spoken[8_000:20_000].mean()) - 0x0201 / 2) < 2, "as loud as the rest"
    (tmp_path / "no-network.wav").unlink()
    assert jingles(Earcon.REFUSED, 24_000, "no network") == chime, "it was there at the start"
