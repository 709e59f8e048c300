"""Is somebody speaking in this frame? WebRTC's voice detector, and what it overlooks.

Knows one frame at a time, and how loud the room was before it. Must never know when a turn begins or ends:
that is the endpointer's.

    frame ─► x gain ──► webrtcvad ──────────────┐
      │        ▲ floor                          ▼
      └► spectrum ─► level, bands, voicing ─► weighed ─► grade, 0 to 9

The detector alone takes any noise that is loud enough for speech, and does not get used to it. So its copy
is made quieter as the room gets louder, and its verdict is one of a few: how far the frame is above the
quietest and the loudest of what the room does by itself, how it is coloured, and whether it is voiced, which
is to say periodic as a human voice. Each is weighed as it is and as it was in the last 0.1 and 0.3 s. The
weights are those of a logistic regression over the tuning half of the benchmark's speech
(`python -m tests.bench.fit` finds them again); nothing else was learned.
"""

from __future__ import annotations

import math
import os
from itertools import pairwise
from operator import mul

import webrtcvad

RATE_HZ = 16_000
FRAME_BYTES = 640  # 20 ms
MODE = 3  # the strictest; modes 0 to 2 take any steady room noise for speech
BEST = 9  # grades: 0 is surely no speech, 9 surely is

HALF_HZ = 8_000  # the spectrum is taken of every second sample: a voice is below 4 kHz
SPAN = 320  # of them: 40 ms, two periods of the deepest voice
POINTS = 512
EDGES_HZ = (100, 200, 300, 400, 500, 650, 800, 1000, 1250, 1500, 1800, 2200, 2700, 3300, 4000)
GROUPS = (slice(0, 4), slice(4, 9), slice(9, 14))  # below 500 Hz, up to 1500, above
PITCH = range(20, 107)  # lags: 400 down to 75 Hz
VOICED_HZ = (90, 1250)  # the harmonics that show a pitch

QUIETEST_DB = -70.0  # below it is no room but a microphone that is off, or digital silence
DETECTOR_DB = -43.0  # the level to which the noise in the detector's copy is brought
MOST_CUT_DB = -25.0
VOTE = 2  # its place among the signs
WARM_UP = 10  # frames until the room is known at all
HASTE = 50  # frames in which it is learned faster
STEADY, STEADY_DB = 25, 4.0  # looks, of 40 ms, within which a voice would go up or down by more
OVER, OVER_DB, OVER_HURRY = 75, 25.0, 20.0  # looks for which it was that much quieter: what was loud is over
FAST, SLOW = 0.25, 0.06  # shares of a new frame in the two memories

# Of: above the quietest and the loudest of the room, the vote, voicing, the groups above their floors,
# colour, and the span of the room.
BIAS = -5.861
WEIGHTS = (1.354, -0.821, 0.848, 0.777, 0.261, -0.264, 0.634, -0.009, 1.573)
FAST_WEIGHTS = (0.916, 1.217, -1.607, -0.804, 0.382, -0.979, -0.825, -2.499, -0.391)
SLOW_WEIGHTS = (-3.523, 5.126, 4.147, 11.143, -0.340, -1.579, 1.348, -0.984, 0.506)


class Voice:
    """Frame by frame: how surely this is speech. It has a memory, so it needs every frame, in order."""

    def __init__(self) -> None:
        self._detector = webrtcvad.Vad(MODE)
        self._spectrum = Spectrum()
        self._room = Room(QUIETEST_DB, [QUIETEST_DB] * 3)
        self._heard = 0
        self._signs = [0.0] * len(WEIGHTS)
        self._fast = 0.0
        self._slow = 0.0

    def __call__(self, frame: bytes) -> int:
        """The grade, 0 to 9, of this frame (640 bytes: 20 ms of 16 kHz mono PCM16LE). Raises ValueError."""
        signs = self.signs(frame)
        # Weighed and then smoothed is the same as smoothed and then weighed, and less work.
        self._fast += FAST * (sum(map(mul, FAST_WEIGHTS, signs)) - self._fast)
        self._slow += SLOW * (sum(map(mul, SLOW_WEIGHTS, signs)) - self._slow)
        sure = BIAS + sum(map(mul, WEIGHTS, signs)) + self._fast + self._slow
        if self._heard <= WARM_UP or sure < -30:
            return 0
        return round(BEST / (1 + math.exp(-sure)))

    def signs(self, frame: bytes) -> list[float]:
        """What the weights are for, in their order. Raises ValueError."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame has {FRAME_BYTES} bytes, not {len(frame)}")
        self._heard += 1
        self._spectrum.hear(frame)
        voted = self._detector.is_speech(self._spectrum.quieter(frame, self._room.gain_db), RATE_HZ)
        if self._heard % 2 == 0:  # it spans two frames
            self._signs = self._look(voted)
        self._signs[VOTE] = 1.0 if voted else 0.0
        return self._signs

    def _look(self, voted: bool) -> list[float]:
        level, bands, colour, voicing = self._spectrum.look()
        if self._heard == WARM_UP:
            self._room = Room(level, bands)
        room = self._room
        room.learn(level, bands, speech=voted and level > room.low + 4, haste=self._heard < HASTE)
        first, second, third = (
            max(0.0, band - floor) for band, floor in zip(bands, room.floors, strict=True)
        )
        return [
            min(max(level - room.low, -5.0), 40.0) / 10,
            min(max(level - room.high, -20.0), 20.0) / 10,
            0.0,
            voicing,
            min(first, 25.0) / 10,
            min(second, 25.0) / 10,
            min(third, 25.0) / 10,
            colour / 10,
            min(room.high - room.low, 40.0) / 10,
        ]


class Room:
    """What is heard when nobody speaks, in dB: how quiet it gets, how loud, and how each group of bands.

    `low` is about the 15th percentile of what is heard, `high` the 90th, each followed by steps that keep
    so many frames below it. While there is speech, all but the way down is slow: an utterance must not
    become the room. But what stays as loud as it is for a second is no voice, and is learned in haste; so is,
    after three seconds, that something loud has ended, or a vacuum cleaner would leave the box deaf for
    half a minute.
    """

    def __init__(self, level: float, bands: list[float]) -> None:
        self.low = max(level, QUIETEST_DB)
        self.high = self.low + 4
        self.floors = bands
        self._usual = level
        self._steady = 0
        self._below = 0
        self.gain_db = 0.0
        """What brings the noise down to where the detector does not take it for speech."""

    def learn(self, level: float, bands: list[float], *, speech: bool, haste: bool) -> None:
        """40 ms later."""
        self._usual += 0.2 * (level - self._usual)
        self._steady = self._steady + 1 if abs(level - self._usual) < STEADY_DB else 0
        is_steady = self._steady >= STEADY
        speech, haste = speech and not is_steady, haste or (is_steady and level > self.high)
        hurry = 4.0 if haste else 1.0
        step = 0.8 * hurry
        self.low += 0.15 * step * (0.5 if speech else 1) if level > self.low else -0.85 * step
        self.low = max(self.low, QUIETEST_DB)
        self.gain_db = max(MOST_CUT_DB, min(0.0, DETECTOR_DB - self.low))
        step = (0.06 if speech else 0.4) * hurry
        self._below = self._below + 1 if level < self.high - OVER_DB else 0
        down = OVER_HURRY if self._below >= OVER else 1.0
        self.high = max(self.low + 2, self.high + (0.9 * step if level > self.high else -0.1 * down * step))
        step = (0.08 if speech else 0.6) * hurry
        self.floors = [
            max(floor + (0.3 * step if band > floor else -0.7 * step), QUIETEST_DB - 10)
            for floor, band in zip(self.floors, bands, strict=True)
        ]


class Spectrum:
    """The last 40 ms, as the little that is asked of it. numpy, because it takes a tenth of the time."""

    def __init__(self) -> None:
        # Before numpy is loaded: threads for matrices far larger than these cost memory on every core.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        import numpy as np  # late: 20 MB and half a second on a small board, for those who listen

        self._np = np
        hz = np.arange(POINTS // 2 + 1) * HALF_HZ / POINTS
        window = np.hanning(SPAN + 2)[1:-1]
        self._window = (window / np.sqrt(np.mean(window**2))).astype(np.float32)
        bands = np.zeros((len(EDGES_HZ) + 1, len(hz)), np.float32)
        for row, (low, high) in enumerate(pairwise(EDGES_HZ)):
            inside = (hz >= low) & (hz < high)
            bands[row, inside] = 1 / (inside.sum() * SPAN)
        bands[-2] = bands[:-2].mean(axis=0)
        bands[-1, hz >= 100] = 2 / (POINTS * SPAN)
        # The autocorrelation is the transform of the power; a window's own is divided out, or long lags lose.
        own = np.fft.irfft(np.abs(np.fft.rfft(self._window, POINTS)) ** 2)
        lags = np.array(PITCH)
        first, last = (round(edge * POINTS / HALF_HZ) for edge in VOICED_HZ)
        angles = 2 * np.pi * np.outer(lags, np.arange(first, last)) / POINTS
        pitch = np.cos(angles) * (own[0] / own[lags])[:, None]
        # Each column twice: for the squares of the real and of the imaginary part.
        self._bands = bands.repeat(2, axis=1)
        self._pitch = np.vstack((pitch, np.ones(last - first))).astype(np.float32).repeat(2, axis=1)
        self._harmonics = slice(2 * first, 2 * last)
        self._samples = np.zeros(SPAN, np.float32)

    def hear(self, frame: bytes) -> None:
        self._fresh = fresh = self._np.frombuffer(frame, self._np.int16).astype(self._np.float32)
        samples = self._samples
        samples[:160] = samples[160:]
        samples[160:] = (fresh[0::2] + fresh[1::2]) * (1 / 65536)

    def look(self) -> tuple[float, list[float], float, float]:
        """The level in dBFS, the three groups of bands in dB, how unevenly they are filled in dB (0 is
        white), and how voiced it is, 0 to 1."""
        np, samples = self._np, self._samples
        halves = np.fft.rfft(samples * self._window, POINTS).astype(np.complex64).view(np.float32)
        power = halves * halves
        *db, mean, level = (10 * np.log10(self._bands @ power + 1e-10)).tolist()
        *waves, whole = (self._pitch @ power[self._harmonics]).tolist()
        voicing = min(1.0, max(waves) / whole) if whole > 1e-6 else 0.0
        groups = [sum(db[group]) / (group.stop - group.start) for group in GROUPS]
        return level, groups, mean - sum(db) / len(db), max(0.0, voicing)

    def quieter(self, frame: bytes, db: float) -> bytes:
        """The frame that was last heard, at another level."""
        if db > -0.5:
            return frame
        return (self._fresh * self._np.float32(10 ** (db / 20))).astype(self._np.int16).tobytes()
