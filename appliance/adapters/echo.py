"""The echo canceller: takes the box's own voice out of what the microphone hears.

Knows frames of the microphone, and what was played beside them. Must never know whose turn it is, nor what is
made of it. WebRTC's AEC3 does the work: it finds the delay by itself, up to 0.4 s, and follows a drift of the
clocks. What it leaves is sent; for the decision whether somebody speaks, its noise suppressor takes away a
little more, and residual.py has the last word.
"""

from __future__ import annotations

import numpy as np
import webrtcvad
from numpy.typing import NDArray
from pywebrtc_audio import EchoCanceller, NoiseSuppressor

from ..core.residual import Levels
from ..core.values import dataclass

RATE_HZ = 16_000
FRAME_SAMPLES = 320
NOISE_LEVEL = 2  # of suppression: 18 dB, for the detector only
MODE = 3
FLOOR = 1e-12


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A frame without the echo, its levels, and whether the detector hears speech in it."""

    pcm: bytes
    levels: Levels
    voiced: bool


class Canceller:
    """Frame by frame, in order: 20 ms heard, and the 20 ms that were played for it."""

    def __init__(self) -> None:
        self._echo = EchoCanceller(RATE_HZ)
        self._noise = NoiseSuppressor(RATE_HZ, 1, NOISE_LEVEL)
        self._detector = webrtcvad.Vad(MODE)

    def __call__(self, heard: bytes, played: bytes) -> Cancelled:
        near, far = np.frombuffer(heard, "<i2"), np.frombuffer(played, "<i2")
        clean = self._echo.process(near, far)
        voiced = self._detector.is_speech(self._noise.process(clean).tobytes(), RATE_HZ)
        levels = Levels(_db(near), _db(clean), _db(far), float(self._noise.speech_probability))
        return Cancelled(clean.tobytes(), levels, bool(voiced))

    def forget(self) -> None:
        """What is played comes at another time from now on: learned anew, that is known in a moment."""
        self._echo.reset()


def _db(frame: NDArray[np.int16]) -> float:
    wide = frame.astype(np.float32)
    return float(10 * np.log10(float(wide @ wide) / (2.0**30 * FRAME_SAMPLES) + FLOOR))
