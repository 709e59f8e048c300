"""How brightly the status light shows the mood: by day, by night, while nothing happens; and the voice.

Knows a mood, what lies behind it, and how loud the microphone is. Must never know pins or colours.
"""

from __future__ import annotations

import math
from array import array

from .effects import Effect, Glow, Show, Tell
from .mood import Mood
from .signals import LEVELS, LOUDEST_DB, QUIETEST_DB
from .values import dataclass

EVERY = 5  # frames: ten times a second
SILENCE = 1e-9


@dataclass(frozen=True, slots=True)
class Shine:
    """In per cent: usually, in the quiet hours, and when nothing happens."""

    brightness: int = 80
    night_brightness: int = 15
    idle_brightness: int = 0


class Lamp:
    """The status light; `shine` None where there is none. `settle` it after every event."""

    def __init__(self, shine: Shine | None) -> None:
        self.shine = shine
        self._shown: Show | None = None
        self._frames = 0
        self._level = 0
        self.mood = Mood.STARTING

    def settle(self, mood: Mood, fault: str, *, night: bool) -> list[Effect]:
        """What has to be shown anew, and told."""
        told: list[Effect] = [] if mood is self.mood else [Tell("phase", {"mood": str(mood)})]
        self.mood = mood
        show = Show(mood, fault, self._brightness(mood, night=night))
        if show == self._shown:
            return told
        self._shown, self._level = show, 0
        return [show, *told]

    def hear(self, pcm: bytes) -> list[Effect]:
        """One frame; its level is shown while the box listens."""
        if self.shine is None or self.mood is not Mood.LISTENING:
            return []
        self._frames += 1
        if self._frames % EVERY:
            return []
        level = loudness(pcm)
        if level == self._level:
            return []
        self._level = level
        return [Glow(level)]

    def _brightness(self, mood: Mood, *, night: bool) -> int:
        if self.shine is None:
            return 0
        usual = self.shine.night_brightness if night else self.shine.brightness
        return min(usual, self.shine.idle_brightness) if mood is Mood.IDLE else usual


def loudness(pcm: bytes) -> int:
    """0 for a quiet room to LEVELS for a voice close by."""
    samples = array("h", pcm)
    power = sum([sample * sample for sample in samples]) / (max(1, len(samples)) * 32768.0**2)
    db = 10 * math.log10(power + SILENCE)
    share = (db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB)
    return round(LEVELS * min(1.0, max(0.0, share)))
