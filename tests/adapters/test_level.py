"""Gain, automatic level and limiter, on tones and noise whose levels are known."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.adapters.level import CEILING, TARGET_DBFS, Level


def tone(dbfs: float, frames: int = 1) -> list[bytes]:
    """So many frames of 400 Hz, whose RMS is at this level."""
    at = np.arange(320 * frames) / 16_000
    sound = np.sqrt(2) * 32_767 * 10 ** (dbfs / 20) * np.sin(2 * np.pi * 400 * at)
    pcm = sound.clip(-32_767, 32_767).astype("<i2")
    return [pcm[320 * n : 320 * (n + 1)].tobytes() for n in range(frames)]


def dbfs(pcm: bytes) -> float:
    sound = np.frombuffer(pcm, "<i2").astype(float)
    return float(20 * np.log10(np.sqrt((sound**2).mean()) / 32_767))


@pytest.mark.parametrize("gain_db", [-20.0, -6.0, 0.0, 6.0, 20.0])
def test_a_fixed_gain(gain_db: float) -> None:
    level = Level(gain_db, automatic=False)
    for frame in tone(-40, 20):
        heard = level(frame)
        assert len(heard) == 640
        assert dbfs(heard) == pytest.approx(-40 + gain_db, abs=0.1)


def test_what_is_too_loud_is_turned_down_and_not_cut_off() -> None:
    level = Level(30.0, automatic=False)
    for frame in tone(-20, 10):
        sound = np.frombuffer(level(frame), "<i2").astype(float)
        assert np.abs(sound).max() <= CEILING + 1
        spectrum = np.abs(np.fft.rfft(sound))
        assert spectrum[8] > 100 * np.delete(spectrum, 8).max(), "a tone stays a tone"
    quiet = [level(frame) for frame in tone(-60, 100)]
    assert dbfs(quiet[-1]) == pytest.approx(-30, abs=0.3), "the limit is lifted"


@pytest.mark.parametrize("speech_db", [-44.0, -20.0])
def test_it_finds_its_level_on_speech(speech_db: float) -> None:
    level = Level(0.0, automatic=True)
    for frame in tone(-70, 100):
        level(frame)
    assert level.gain_db == 0.0, "the room's noise is no speech"
    for _ in range(20):  # words, and breaths between them
        for frame in tone(speech_db, 25) + tone(-70, 25):
            heard = level(frame)
    assert dbfs(level(tone(speech_db)[0])) == pytest.approx(TARGET_DBFS, abs=1.5)
    assert dbfs(heard) < -40


def test_silence_is_no_reason_to_turn_it_up() -> None:
    level = Level(0.0, automatic=True)
    for _ in range(3000):
        level(bytes(640))
    assert level.gain_db == 0.0
