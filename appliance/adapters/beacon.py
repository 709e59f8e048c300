"""The status light: one LED, or three of them in red, green and blue.

Knows pins, and the time since a mood began. Must never know what the box does: it is told a mood, and how
loud a voice is.

One timer of the loop, which runs only while the light moves. One LED shows every signal by its rhythm alone.
The eye sees a quarter of the power as half as bright, so the power is the square of what is to be seen.
A light that cannot be driven any more is told once, and does no harm.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from typing import Any, Protocol

from ..core.mood import Mood
from ..core.signals import LEVELS, SIGNALS, Signal, signal
from ..errors import LightError
from ..settings import StatusLight

log = logging.getLogger(__name__)


class Alarm(Protocol):
    def cancel(self) -> None: ...


class Metronome(Protocol):
    """A clock, and something that calls back by it."""

    def now(self) -> float: ...
    def later(self, wait_s: float, call: Callable[[], None]) -> Alarm: ...


class LoopTime:
    def now(self) -> float:
        return time.monotonic()

    def later(self, wait_s: float, call: Callable[[], None]) -> Alarm:
        return asyncio.get_running_loop().call_later(wait_s, call)


class Beacon:
    """`show` a mood until the next one; `glow` with the voice. Raises LightError when a pin cannot be had."""

    def __init__(
        self, light: StatusLight, *, metronome: Metronome | None = None, pin_factory: Any = None
    ) -> None:
        self._light = light
        self._metronome = metronome or LoopTime()
        self._signal: Signal = SIGNALS[Mood.IDLE]
        self._brightness = 0.0
        self._level = 0.0
        self._since = 0.0
        self._alarm: Alarm | None = None
        self._failing = False
        self._devices: tuple[Any, ...] = _claim(light, pin_factory) if light.pins else ()
        if light.pins:
            log.info("status light on %s", _where(light))

    def show(self, mood: Mood, fault: str, brightness: int) -> None:
        """This from now on, at so many per cent."""
        found = signal(mood, fault)
        if found is not self._signal:
            self._since = self._metronome.now()
        self._signal, self._brightness, self._level = found, brightness / 100, 0.0
        self._draw()

    def glow(self, level: int) -> None:
        """The voice is so loud, 0 to LEVELS."""
        self._level = level / LEVELS
        self._draw()

    def close(self) -> None:
        """Dark, and the pins are free. May be called twice."""
        self._stop()
        devices, self._devices = self._devices, ()
        for device in devices:
            device.close()

    def _draw(self) -> None:
        self._stop()
        if not self._devices:
            return
        at_s = self._metronome.now() - self._since
        seen = self._brightness * self._signal.brightness(at_s, self._level)
        self._drive(seen * seen)
        if self._brightness and (wait_s := self._signal.due_s(at_s)) is not None:
            self._alarm = self._metronome.later(wait_s, self._draw)

    def _drive(self, power: float) -> None:
        colour = self._signal.colour if len(self._devices) > 1 else (255,)
        try:
            for device, part in zip(self._devices, colour, strict=True):
                device.value = power * part / 255
        except Exception as error:  # every pin library has exceptions of its own, with no common root
            log.log(logging.DEBUG if self._failing else logging.WARNING, "status light: %s", error)
            self._failing = True

    def _stop(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


def _where(light: StatusLight) -> str:
    return ", ".join(f"GPIO{pin}" for pin in light.pins)


def _claim(light: StatusLight, pin_factory: Any) -> tuple[Any, ...]:
    # As in button.py: gpiozero asks the environment.
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    os.environ.setdefault("LG_WD", runtime or tempfile.gettempdir())
    os.environ.setdefault("GPIOZERO_MOCK_PIN_CLASS", "mockpwmpin")
    from gpiozero import PWMLED

    claimed: list[Any] = []
    with warnings.catch_warnings(record=True) as fallbacks:  # why each pin library in turn did not do
        warnings.simplefilter("always")
        try:
            for pin in light.pins:
                claimed.append(PWMLED(pin, active_high=light.active_high, pin_factory=pin_factory))
        except Exception as error:  # as above
            for device in claimed:
                device.close()
            cause = "; ".join(str(part) for part in (*(w.message for w in fallbacks), error))
            raise LightError(
                f"status light on {_where(light)}: {cause or type(error).__name__}. Check the pin "
                "number, that nothing else uses it (`appliance doctor` names who does) and that the daemon's "
                "user is in the group gpio."
            ) from error
    for fallback in fallbacks:
        log.warning("pins: %s", fallback.message)
    return tuple(claimed)
