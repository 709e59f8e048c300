"""How loud the microphone is: a gain, a level that finds itself, and a limiter.

Knows samples at 16 kHz. Must never know what they mean, nor change when they come.

    sound ─► gain ─► level: up slowly while somebody speaks, down at once ─► limiter
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL = 32_767
CEILING = 0.89 * FULL  # -1 dBFS: what is louder is turned down instead of being cut off
TARGET_DBFS = -26.0  # of speech, which is where voice detectors are at home
LOUDER_DB_S = 3.0  # a breath between two words must not become a storm
SOFTER_DB_S = 12.0
MOST_DB = 24.0
FLOOR_DB_S = 1.0  # how fast the idea of the room's noise rises; it falls at once
SPEECH_DB = 10.0  # above the room: that is somebody


class Level:
    """Every frame at its gain; `gain_db` fixed, and what `automatic` finds on top of it."""

    def __init__(self, gain_db: float, *, automatic: bool, frame_s: float = 0.02) -> None:
        self._fixed_db = gain_db
        self._automatic = automatic
        self._frame_s = frame_s
        self._found_db = 0.0
        self._floor_db = 0.0
        self._limit = 1.0

    @property
    def gain_db(self) -> float:
        return self._fixed_db + self._found_db

    def __call__(self, pcm: bytes) -> bytes:
        """The frame as it shall be heard; as long as it was."""
        sound = np.frombuffer(pcm, "<i2").astype(np.float32)
        if self._automatic:
            self._listen(sound)
        sound *= 10 ** (self.gain_db / 20)
        peak = float(np.abs(sound).max(initial=0.0))
        self._limit = min(1.0, self._limit * 10 ** (SOFTER_DB_S * self._frame_s / 20))
        self._limit = min(self._limit, CEILING / peak if peak else 1.0)
        sound *= self._limit
        heard: bytes = np.clip(np.rint(sound), -FULL - 1, FULL).astype("<i2").tobytes()
        return heard

    def _listen(self, sound: NDArray[np.float32]) -> None:
        level_db = 20 * float(np.log10(max(1.0, float(np.sqrt((sound**2).mean()))) / FULL))
        self._floor_db = min(level_db, self._floor_db + FLOOR_DB_S * self._frame_s)
        if level_db < self._floor_db + SPEECH_DB:
            return
        wrong_db = TARGET_DBFS - (level_db + self.gain_db)
        step_db = min(max(wrong_db, -SOFTER_DB_S * self._frame_s), LOUDER_DB_S * self._frame_s)
        self._found_db = min(max(self._found_db + step_db, -MOST_DB), MOST_DB)
