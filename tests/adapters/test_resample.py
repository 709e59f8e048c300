"""The resampler: how many samples, how pure, how late, and the same for every cut of the input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.adapters.resample import Resampler

PAIRS = [
    (48_000, 16_000),
    (32_000, 16_000),
    (96_000, 16_000),
    (44_100, 16_000),
    (24_000, 16_000),
    (24_000, 48_000),
    (24_000, 44_100),
    (8_000, 16_000),
]
LEVEL = 16_000


def tone(hz: float, rate_hz: int, seconds: float) -> bytes:
    wave = LEVEL * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)
    return wave.round().astype("<i2").tobytes()


def resampled(from_hz: int, to_hz: int, pcm: bytes) -> NDArray[np.float64]:
    """In blocks of 20 ms, as a device delivers them."""
    resampler, block = Resampler(from_hz, to_hz), 2 * (from_hz // 50)
    pieces = [resampler(pcm[at : at + block]) for at in range(0, len(pcm), block)]
    return np.frombuffer(b"".join(pieces), "<i2").astype(np.float64)


def db(sound: NDArray[np.float64]) -> float:
    return float(20 * np.log10(max(1e-9, sound.std() * np.sqrt(2) / LEVEL)))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_tone_keeps_its_pitch_level_and_time(from_hz: int, to_hz: int) -> None:
    """Ten seconds of 1 kHz, fitted with a sine of 1 kHz: drift, gain, delay and noise in one."""
    sound = resampled(from_hz, to_hz, tone(1000, from_hz, 10))
    assert len(sound) == 10 * to_hz
    at = np.arange(len(sound))[to_hz // 2 :] / to_hz
    basis = np.stack((np.sin(2 * np.pi * 1000 * at), np.cos(2 * np.pi * 1000 * at)), axis=1)
    fit, *_ = np.linalg.lstsq(basis, sound[to_hz // 2 :], rcond=None)
    noise = sound[to_hz // 2 :] - basis @ fit
    assert abs(20 * np.log10(np.hypot(*fit) / LEVEL)) < 0.01
    assert db(noise) < -70
    late = (-np.arctan2(fit[1], fit[0]) / (2 * np.pi) - Resampler(from_hz, to_hz).delay_s * 1000) % 1
    assert min(late, 1 - late) < 0.02, "the delay is not what it says, in ms"


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_the_passband_is_flat_and_nothing_folds_back(from_hz: int, to_hz: int) -> None:
    nyquist = min(from_hz, to_hz) / 2
    settled = to_hz // 4
    for part in (0.05, 0.4, 0.7):
        assert abs(db(resampled(from_hz, to_hz, tone(part * nyquist, from_hz, 1))[settled:])) < 0.1
    if from_hz > to_hz:
        for part in (1.1, 1.25, 1.4):
            assert db(resampled(from_hz, to_hz, tone(part * nyquist, from_hz, 1))[settled:]) < -65
    else:
        sound = resampled(from_hz, to_hz, tone(0.7 * nyquist, from_hz, 1))[settled : 3 * settled]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        images = spectrum[np.fft.rfftfreq(len(sound), 1 / to_hz) > 1.1 * nyquist]
        assert 20 * np.log10(images.max() / spectrum.max()) < -70


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_every_block_is_answered_with_its_own_share(from_hz: int, to_hz: int) -> None:
    resampler = Resampler(from_hz, to_hz)
    block = bytes(2 * (from_hz // 100))
    assert {len(resampler(block)) // 2 for _ in range(500)} == {to_hz // 100}


@given(
    pair=st.sampled_from(PAIRS),
    cuts=st.lists(st.integers(0, 700), max_size=12),
    seed=st.integers(0, 2**16),
)
@settings(max_examples=60, deadline=None)
def test_how_the_input_is_cut_does_not_matter(pair: tuple[int, int], cuts: list[int], seed: int) -> None:
    from_hz, to_hz = pair
    pcm = np.random.default_rng(seed).integers(-30_000, 30_000, sum(cuts)).astype("<i2").tobytes()
    resampler, at, pieces = Resampler(from_hz, to_hz), 0, b""
    for cut in cuts:
        pieces += resampler(pcm[2 * at : 2 * (at + cut)])
        at += cut
        assert len(pieces) // 2 == -(-at * to_hz // from_hz)
    whole = np.frombuffer(Resampler(from_hz, to_hz)(pcm), "<i2").astype(int)
    assert np.abs(np.frombuffer(pieces, "<i2") - whole).max(initial=0) <= 1  # float32 sums in another order


def test_forty_four_one_stays_exact_for_ten_minutes() -> None:
    resampler = Resampler(44_100, 16_000)
    ten_seconds_and_one = bytes(2 * 441_001)
    assert sum(len(resampler(ten_seconds_and_one)) for _ in range(60)) == 2 * -(-60 * 441_001 * 160 // 441)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_the_tail_gives_the_end_and_begins_anew(from_hz: int, to_hz: int) -> None:
    """What went in comes out to its last sample: the sum of a constant is its length times its level."""
    resampler = Resampler(from_hz, to_hz)
    pcm = np.full(from_hz // 10, 1000, "<i2").tobytes()
    once = resampler(pcm) + resampler.tail()
    assert resampler(pcm) + resampler.tail() == once
    assert abs(np.frombuffer(once, "<i2").sum() / 1000 - to_hz / 10) < 1.0


def test_full_scale_is_clipped_and_does_not_wrap() -> None:
    square = np.repeat(np.tile([32767, -32768], 200), 60).astype("<i2")
    sound = np.frombuffer(Resampler(24_000, 48_000)(square.tobytes()), "<i2").reshape(-1, 120)
    assert (sound[2::2, 40:80] > 30_000).all()
    assert (sound[3::2, 40:80] < -30_000).all()


def test_half_a_sample_is_an_error() -> None:
    with pytest.raises(ValueError, match="3 bytes"):
        Resampler(48_000, 16_000)(b"abc")
