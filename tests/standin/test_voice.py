"""The voice speaks at 24 kHz, in tones where it must, and never fails."""

from __future__ import annotations

import asyncio
import shutil
from array import array

import pytest

from appliance.standin.voice import Voice, resampled, tones


def test_tones_are_the_same_every_time():
    assert tones("Abc") == tones("abc") != tones("abd")
    assert len(tones("ab")) == 2 * int(24_000 * 0.06) * 2


def test_resampling_keeps_length_and_shape():
    ramp = array("h", range(0, 22_050)).tobytes()
    out = array("h", resampled(ramp, 22_050, 24_000))
    assert len(out) == 24_000
    assert max(abs(out[i] - i * 22_050 / 24_000) for i in range(24_000)) <= 1
    assert resampled(ramp, 24_000, 24_000) == ramp


def test_espeak_speaks():
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    pcm = asyncio.run(Voice("espeak").say("The kitchen light is on."))
    seconds = len(pcm) / 2 / 24_000
    assert 0.8 < seconds < 4
    assert max(array("h", pcm)) > 3000


def test_nothing_to_say_is_silence():
    assert asyncio.run(Voice("tone").say("  ")) == b""


def test_a_missing_or_broken_espeak_is_replaced_by_tones(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert asyncio.run(Voice().say("hi")) == tones("hi")
    assert "espeak-ng is not installed" in caplog.text
    broken = tmp_path / "espeak-ng"
    broken.write_text("#!/bin/sh\necho no\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert asyncio.run(Voice().say("hi")) == tones("hi")
    assert "answer is tones" in caplog.text
