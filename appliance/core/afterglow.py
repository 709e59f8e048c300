"""What lights showed before a restart: when it is kept, and how it is read back.

Knows which lights are to be as they were. Must never know where their states are kept.

They are kept half a minute after a change that is not kept yet, and at the end: an evening of dimming is a
few lines on the card and not hundreds. An effect is not kept: nobody would remember why the light blinks.
"""

from __future__ import annotations

from collections.abc import Mapping

from .effects import Effect, Keep
from .lighting import Lighting
from .lights import FULL, Kind, LightState, parse_colour

SETTLE_S = 30.0
NAME = "lights"


class Afterglow:
    """Told of every change; says when and what to keep."""

    def __init__(self, lighting: Lighting) -> None:
        self._lighting = lighting
        self._kept = lighting.remembered()
        self._due: float | None = None

    def deadline(self) -> float | None:
        return self._due

    def changed(self, now: float) -> list[Effect]:
        """Lights may show something else now."""
        if self._due is None and self._lighting.remembered() != self._kept:
            self._due = now + SETTLE_S
        return []

    def wake(self, now: float) -> list[Effect]:
        return self.stop() if self._due is not None and now >= self._due else []

    def stop(self) -> list[Effect]:
        """Keep what is not kept yet."""
        self._due = None
        states = self._lighting.remembered()
        if states == self._kept:
            return []
        self._kept = states
        return [Keep(NAME, {"lights": states})]


def restored(kept: object, kinds: Mapping[str, Kind]) -> dict[str, LightState]:
    """The states of these lights as they were kept; lights of which nothing sensible is kept are missing."""
    lights = kept.get("lights") if isinstance(kept, Mapping) else None
    if not isinstance(lights, Mapping):
        return {}
    found = {name: _state(lights.get(name), kind) for name, kind in kinds.items()}
    return {name: state for name, state in found.items() if state is not None}


def _state(shown: object, kind: Kind) -> LightState | None:
    if not isinstance(shown, Mapping) or shown.get("power") not in ("on", "off"):
        return None
    state = LightState(on=shown["power"] == "on")
    if kind is Kind.SWITCH:
        return state
    brightness, colour = shown.get("brightness", FULL), shown.get("colour", "")
    if type(brightness) is not int or not 0 < brightness <= FULL or not isinstance(colour, str):
        return None
    return LightState(state.on, brightness, parse_colour(colour) if kind is Kind.RGB else None)
