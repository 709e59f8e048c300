"""How loud it is, and whether somebody speaks, for as long as somebody looks.

Knows frames. Must never keep one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..core.effects import Effect
from ..core.endpoint import VOICED
from ..core.events import Event, Heard
from ..core.glow import loudness

EVERY = 10  # frames: five times a second is as much as an eye wants of a meter
LOOKED_AT = 5  # frames: of every fifth the level is computed, which costs a small board a thousandth


class Gauge:
    """`watch` is told of every event; `told` gets the level (0 to LEVELS) and whether it was speech."""

    def __init__(self, told: Callable[[int, bool], None]) -> None:
        self._told = told
        self._frames = 0
        self._level = 0
        self._speech = False

    def watch(self, event: Event, effects: Sequence[Effect], now: float) -> None:
        if not isinstance(event, Heard):
            return
        self._frames += 1
        self._speech |= event.speech >= VOICED
        if self._frames % LOOKED_AT == 0:
            self._level = max(self._level, loudness(event.pcm))
        if self._frames % EVERY == 0:
            level, speech = self._level, self._speech
            self._level, self._speech = 0, False
            self._told(level, speech)
