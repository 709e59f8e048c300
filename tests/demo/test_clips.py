"""Any recording becomes what the box can hear, or a sentence about why not."""

from __future__ import annotations

import itertools
from array import array
from pathlib import Path

import pytest

from appliance.demo.clips import DemoError, recording, requests

from .sounds import packed, tape, tone


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100])
def test_recordings_come_at_the_rate_of_the_box(tmp_path: Path, width: int, rate_hz: int) -> None:
    clip = recording(tape(tmp_path / "tone.wav", packed(tone(rate_hz), width), rate_hz, width=width))
    samples = array("h", clip.pcm)
    assert clip.calls is None
    assert clip.seconds == pytest.approx(1.0, abs=0.01)
    middle = samples[4000:12_000]
    assert max(middle) == pytest.approx(16_000, rel=0.05)
    rises = sum(1 for one, other in itertools.pairwise(middle) if one < 0 <= other)
    assert rises == pytest.approx(220, abs=2)


def test_channels_are_mixed(tmp_path: Path) -> None:
    samples = [value for pair in zip(tone(16_000), [0] * 16_000, strict=True) for value in pair]
    clip = recording(tape(tmp_path / "two.wav", packed(samples, 2), channels=2))
    assert max(array("h", clip.pcm)) == pytest.approx(8_000, rel=0.01)


def test_a_recording_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match="longer than 60 seconds"):
        recording(tape(tmp_path / "long.wav", bytes(61 * 32_000)))


def test_a_recording_that_was_cut_off(tmp_path: Path) -> None:
    file = tape(tmp_path / "cut.wav", packed(tone(16_000), 2))
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(DemoError, match=r"cut\.wav: it ends too soon"):
        recording(file)


def test_the_requests_are_what_the_box_takes() -> None:
    clips = requests()
    assert all(1.0 < clip.seconds < 10.0 for clip in clips)
    assert any(clip.calls for clip in clips)
    assert all(bool(clip.text) == bool(clip.calls) for clip in clips)
