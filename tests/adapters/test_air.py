"""The air of memory: late, at its level, and never twice."""

from __future__ import annotations

import numpy as np

from appliance.adapters.air import FRAME_BYTES, MOST_MS, Air
from tests.adapters.contract_sound import dbfs, find, samples, speechlike

PLAYED_HZ = 24_000


def through(air: Air, pcm: bytes, frames: int) -> bytes:
    """Play it in blocks of 20 ms, and hear as many frames."""
    heard = b""
    for at in range(frames):
        air.write(pcm[at * 960 : at * 960 + 960].ljust(960, b"\0"), PLAYED_HZ)
        heard += air.read()
    return heard


def test_what_is_played_is_heard_late_and_softer() -> None:
    clip = speechlike(1.0, PLAYED_HZ)
    heard = samples(through(Air(delay_ms=70, gain=0.5), clip, 75))
    spectrum = np.fft.rfft(samples(clip))
    low = np.fft.irfft(spectrum[: len(spectrum) * 2 // 3], 16_000) * 2 / 3
    assert abs(find(low, heard) - 16 * 70) <= 2
    assert abs(dbfs(heard[1200:16_000]) - dbfs(low[80:14_880]) + 6.0) < 1.0
    assert not heard[: 16 * 69].any(), "nothing is heard before it was played"


def test_walls_answer() -> None:
    click = b"\x00\x40" + bytes(958)
    direct = samples(through(Air(delay_ms=20, gain=1.0), click, 4))
    walls = samples(through(Air(delay_ms=20, gain=1.0, echoes=((10, 0.5),)), click, 4))
    assert abs(walls[160:] - direct[160:] - direct[:-160] / 2).max() <= 1


def test_a_full_room_is_no_louder_than_full_scale() -> None:
    loud = through(Air(delay_ms=0, gain=9.0), b"\xff\x7f" * 480, 1)
    assert samples(loud).max() == 32767


def test_a_microphone_that_was_away_does_not_hear_what_it_missed() -> None:
    air = Air(delay_ms=0, gain=1.0)
    for _ in range(300):
        air.write(b"\1\0" * 480, PLAYED_HZ)
    frames = 0
    while air.read().strip(b"\0"):
        frames += 1
    assert frames * 20 <= MOST_MS
    assert air.read() == bytes(FRAME_BYTES)
