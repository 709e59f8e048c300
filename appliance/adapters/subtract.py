"""What is heard less what the box itself is expected to sound like: nothing that a person says is lost in it.

Knows frames of the microphone, and what was played beside them. Must never know what is decided from it.

    played ─► filter of the room, 0.4 s ─► expected ─┬─► levels of both, band by band
    heard  ────────────────── less ──────────────────┘
                 ▲ learned from what is left ┘

The canceller (echo.py) leaves hardly any echo, but where both speak at once it takes most of the person with
it. This one only subtracts, and so leaves more of both: too much to be sent, enough to be compared with what
is expected. Below 4 kHz, in parts of 20 ms, by the frequency-domain adaptive Kalman filter (Enzner and Vary
2006; in parts: Kuech, Mabande and Enzner 2014), which learns the less the more is left: a person who speaks
is not learned.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..core.surplus import EDGES_HZ, Bands

HALF_HZ = 8_000
FRAME = 160  # samples of it: 20 ms
POINTS = 2 * FRAME
BINS = FRAME + 1
PARTS = 20  # of the room's response: what comes within 0.4 s, as the canceller
FORGETS = 0.999**2  # a frame: half of what is known of a room in 7 s
REMEMBERS = 0.8  # of what was left
QUIETEST = 1e-9  # of a band: -90 dB, digital silence

Real = NDArray[np.float32]
Complex = NDArray[np.complex64]


class Subtractor:
    """Frame by frame, in order: 20 ms heard, and the 20 ms that were played for it, at 16 kHz."""

    def __init__(self) -> None:
        self._far, self._near = Halver(), Halver()
        self._before = np.zeros(FRAME, np.float32)
        # Each spectrum is kept twice as long as it is needed, so that the newest PARTS lie in one piece.
        self._at = PARTS
        self._spectra = np.zeros((2 * PARTS, BINS), np.complex64)
        self._powers = np.zeros((2 * PARTS, BINS), np.float32)
        self._bands = bands()
        self.forget()

    def forget(self) -> None:
        """The room is another from now on."""
        self._room: Complex = np.zeros((PARTS, BINS), np.complex64)
        self._doubt: Real = np.ones((PARTS, BINS), np.float32)
        self._left: Real = np.full(BINS, 1e-4, np.float32)
        self._turn = 0

    def __call__(self, heard: bytes, played: bytes) -> Bands:
        near, far = self._near(heard), self._far(played)
        spectra, powers = self._push(far)
        expected = sound((spectra * self._room).sum(axis=0))[FRAME:]
        left = spectrum(near - expected)
        power = squared(left)
        self._left += (1 - REMEMBERS) * (power - self._left)
        self._learn(spectra, powers, left)
        powers = np.stack((power, squared(spectrum(expected))))
        left_db, expected_db = (10 * np.log10(powers @ self._bands.T + QUIETEST)).tolist()
        return Bands(tuple(left_db), tuple(expected_db))

    def _push(self, far: Real) -> tuple[Complex, Real]:
        """The newest first."""
        if self._at == 0:
            self._spectra[PARTS:], self._powers[PARTS:] = self._spectra[:PARTS], self._powers[:PARTS]
            self._at = PARTS
        self._at -= 1
        self._spectra[self._at] = np.fft.rfft(np.concatenate((self._before, far)))
        self._powers[self._at] = squared(self._spectra[self._at])
        self._before = far
        part = slice(self._at, self._at + PARTS)
        return self._spectra[part], self._powers[part]

    def _learn(self, spectra: Complex, powers: Real, left: Complex) -> None:
        gain = self._doubt / (0.5 * (powers * self._doubt).sum(axis=0) + self._left + QUIETEST)
        self._room += np.conj(spectra) * (gain * left)
        # No part is longer than it is; one a frame, as that is half of the work.
        response = sound(self._room[self._turn])
        response[FRAME:] = 0
        self._room[self._turn] = np.fft.rfft(response)
        self._turn = (self._turn + 1) % PARTS
        self._doubt *= FORGETS * (1 - 0.5 * gain * powers)
        self._doubt += (1 - FORGETS) * squared(self._room)


class Halver:
    """16 kHz become 8: what lies above 4 kHz is weakened by 9 dB and more."""

    def __init__(self) -> None:
        self._last = np.zeros(2, np.float32)

    def __call__(self, pcm: bytes) -> Real:
        samples = np.concatenate((self._last, np.frombuffer(pcm, "<i2").astype(np.float32)))
        self._last = samples[-2:]
        halved: Real = (samples[:-2:2] + 2 * samples[1:-1:2] + samples[2::2]) * np.float32(1 / (4 * 32768))
        return halved


def spectrum(frame: Real) -> Complex:
    """Of a frame behind as much silence."""
    padded = np.zeros(POINTS, np.float32)
    padded[FRAME:] = frame
    return np.fft.rfft(padded).astype(np.complex64, copy=False)


def sound(values: Complex) -> Real:
    return np.fft.irfft(values).astype(np.float32, copy=False)


def squared(values: Complex) -> Real:
    power: Real = values.real**2 + values.imag**2
    return power


def bands() -> Real:
    """What makes the mean power of each band of a power spectrum."""
    hz = np.arange(BINS) * HALF_HZ / POINTS
    rows = [(hz >= low) & (hz < high) for low, high in pairwise(EDGES_HZ)]
    return np.array([row / row.sum() for row in rows], np.float32)
