"""Named lights on GPIO pins.

Knows pins, polarity and how to put things back. Must never know who asked, or what a light is for.

Brightness is linear in the duty cycle: 50 per cent is half the power and looks brighter than half. A curve
would make the number that the model reads back differ from the one it set.

Lights that fade, blink or breathe (see core/motion.py) share one timer of the loop. It runs only while one
of them moves, wakes only when one would look different, and at most thirty times a second for all of them.
An order is answered when it is begun; one that cannot be carried on is told of as failed. gpiozero's own
fading and blinking is not used: it takes a thread for each lamp.

When the daemon ends, `at_exit` says what each light shows. Closing a gpiozero device turns its pin into an
input, which lets a lamp go dark and an active-low relay float. So the pins are left driving a steady level
and taken away from gpiozero, whose clean-up at exit would otherwise reset them. From there it is up to the
kernel: Raspberry Pi's leave an output as it is when its owner ends (`persist_gpio_outputs`), others may
not. Dimming ends with the process that makes the pulses: a dimmed light that is kept stays on, at full.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from ..core.events import Event, LightsFailed, LightsSet
from ..core.lights import FULL, WHITE, Kind, LightEffect, LightState, Origin
from ..core.motion import STEP_S, Levels, Motion, motion
from ..core.values import dataclass
from ..errors import LightError
from ..settings import Light

log = logging.getLogger(__name__)


class Alarm(Protocol):
    def cancel(self) -> None: ...


class Metronome(Protocol):
    """A clock, and something that calls back by it."""

    def now(self) -> float: ...
    def later(self, wait_s: float, call: Callable[[], None]) -> Alarm: ...


@dataclass(frozen=True, slots=True)
class LoopTime:
    """The running loop's time, `speed` times as fast as the room's."""

    speed: float = 1.0

    def now(self) -> float:
        return time.monotonic() * self.speed

    def later(self, wait_s: float, call: Callable[[], None]) -> Alarm:
        return asyncio.get_running_loop().call_later(wait_s / self.speed, call)


@dataclass(frozen=True, slots=True)
class Moving:
    """A light that is under way, to what, and for whom."""

    origin: Origin
    state: LightState
    motion: Motion


class GpioLights:
    """All lights. The constructor claims every pin or none, and raises LightError with a remedy."""

    def __init__(
        self,
        lights: Sequence[Light],
        post: Callable[[Event], None],
        *,
        initial: Mapping[str, LightState] | None = None,
        metronome: Metronome | None = None,
        pin_factory: Any = None,
    ) -> None:
        """`initial` is what lights show at first that do not show what their setting says."""
        self._lights = {light.name: light for light in lights}
        self._post = post
        self._metronome = metronome or LoopTime()
        self._devices: dict[str, tuple[Any, ...]] = {}
        self._levels: dict[str, Levels] = {}  # as driven last
        self._targets: dict[str, Levels] = {}
        self._moving: dict[str, Moving] = {}
        self._alarm: tuple[float, Alarm] | None = None
        self._failing = False
        try:
            for light in lights:
                state = (initial or {}).get(light.name, LightState(on=light.initial == "on"))
                self._levels[light.name] = self._targets[light.name] = _levels(light, state)
                self._devices[light.name] = _claim(light, self._levels[light.name], pin_factory)
        except LightError:
            for devices in self._devices.values():
                _release(devices)
            raise
        if lights:
            log.info("lights: %s", ", ".join(self._lights))

    def set(self, origin: Origin, states: dict[str, LightState], transition_s: float = 0.0) -> None:
        """Show all of these states or none, dimmed over so many seconds.

        Answered by LightsSet when all have begun, or by LightsFailed when all do again what they did.
        """
        now = self._metronome.now()
        wanted = {name: self._begun(name, state, transition_s, now) for name, state in states.items()}
        touched: list[str] = []
        try:
            for name, begun in wanted.items():
                touched.append(name)
                self._drive(name, begun.at(now))
        except LightError as error:
            reason = f"{error}{self._put_back(touched)}"
            self._fail("lights not set", reason)
            self._post(LightsFailed(origin, reason))
            return
        for name, begun in wanted.items():
            self._levels[name], self._targets[name] = begun.at(now), begun.target
            self._moving[name] = Moving(origin, states[name], begun)
        self._failing = False
        log.info("lights set: %s", ", ".join(f"{n} {'on' if s.on else 'off'}" for n, s in states.items()))
        self._post(LightsSet(origin, states))
        self._rest(now)

    def close(self) -> None:
        """Show what each light's `at_exit` says, and let go of the pins. May be called twice."""
        if self._alarm is not None:
            self._alarm[1].cancel()
            self._alarm = None
        self._moving.clear()
        while self._devices:
            name, devices = self._devices.popitem()
            light = self._lights[name]
            for device, level in zip(devices, self._targets[name], strict=True):
                on = level > 0 if light.at_exit == "keep" else light.at_exit == "on"
                try:
                    _let_go(device, on=on)
                except Exception as error:  # as in _drive; and the other lights must still be seen to
                    log.warning("%s", _sentence(light, error))

    # -- what moves ---------------------------------------------------------------------------------

    def _begun(self, name: str, state: LightState, transition_s: float, now: float) -> Motion:
        light = self._lights[name]
        return motion(light.kind, self._levels[name], _levels(light, state), state.effect, transition_s, now)

    def _tick(self) -> None:
        self._alarm = None
        now = self._metronome.now()
        for name, moving in self._moving.items():
            levels = moving.motion.at(now)
            try:
                if levels != self._levels[name]:
                    self._drive(name, levels)
                    self._levels[name] = levels
            except LightError as error:
                self._stop(name, moving, str(error))
        self._rest(now)

    def _rest(self, now: float) -> None:
        """Until one of the lights would look different; those that have arrived move no more."""
        due: dict[str, float] = {}
        for name, moving in self._moving.items():
            if (at := moving.motion.due(now)) is not None:
                due[name] = at
            elif moving.state.effect is not LightEffect.NONE and moving.motion.is_over(now):
                steady = replace(moving.state, effect=LightEffect.NONE)
                self._post(LightsSet(moving.origin, {name: steady}))
        self._moving = {name: self._moving[name] for name in due}
        if not due:
            return
        at = max(min(due.values()), now + STEP_S)
        if self._alarm is not None:
            if self._alarm[0] <= at:  # or orders that come fast would hold up the others for ever
                return
            self._alarm[1].cancel()
        self._alarm = at, self._metronome.later(at - now, self._tick)

    def _stop(self, name: str, moving: Moving, reason: str) -> None:
        """A light cannot go on: it shows what it last did, and whoever sent it on its way is told."""
        self._targets[name] = levels = self._levels[name]
        light = self._lights[name]
        self._moving[name] = replace(moving, motion=Motion(moving.motion.since, levels, levels))
        self._fail("a light stopped on its way", reason)
        self._post(LightsSet(moving.origin, {name: _nearest(light, levels)}))
        self._post(LightsFailed(moving.origin, reason))

    def _fail(self, what: str, reason: str) -> None:
        log.log(logging.DEBUG if self._failing else logging.WARNING, "%s: %s", what, reason)
        self._failing = True

    # -- pins ---------------------------------------------------------------------------------------

    def _drive(self, name: str, levels: Levels) -> None:
        try:
            for device, level in zip(self._devices[name], levels, strict=True):
                device.value = level
        except Exception as error:  # every pin library has exceptions of its own, with no common root
            raise LightError(_sentence(self._lights[name], error)) from error

    def _put_back(self, names: list[str]) -> str:
        """Drive the former levels, latest first; what could not be put back, as the end of a sentence."""
        stuck: list[str] = []
        for name in reversed(names):
            try:
                self._drive(name, self._levels[name])
            except LightError:
                stuck.append(name)
        return f"; not put back: {', '.join(stuck)}" if stuck else ""


def _levels(light: Light, state: LightState) -> Levels:
    """What the pins of this light show in this state."""
    share = state.brightness / FULL if state.on else 0.0
    match light.kind:
        case Kind.SWITCH:
            return (1.0 if state.on else 0.0,)
        case Kind.DIMMER:
            return (share,)
        case Kind.RGB:
            return tuple(share * part / 255 for part in state.colour or WHITE)


def _nearest(light: Light, levels: Levels) -> LightState:
    """The state that shows these levels, as nearly as one can."""
    top = max(levels)
    if not top:
        return LightState(on=False)
    brightness = FULL if light.kind is Kind.SWITCH else max(1, round(FULL * top))
    if light.kind is not Kind.RGB:
        return LightState(on=True, brightness=brightness)
    red, green, blue = (round(255 * level / top) for level in levels)
    return LightState(on=True, brightness=brightness, colour=(red, green, blue))


def _claim(light: Light, levels: Levels, pin_factory: Any) -> tuple[Any, ...]:
    """One device a pin, showing these levels from the first moment on."""
    gpiozero = _gpiozero()
    make = gpiozero.LED if light.kind is Kind.SWITCH else gpiozero.PWMLED
    claimed: list[Any] = []
    with warnings.catch_warnings(record=True) as fallbacks:  # why each pin library in turn did not do
        warnings.simplefilter("always")
        try:
            for pin, level in zip(light.pins, levels, strict=True):
                device = make(
                    pin, active_high=light.active_high, initial_value=level, pin_factory=pin_factory
                )
                claimed.append(device)
        except Exception as error:  # as in GpioLights._drive
            _release(tuple(claimed))
            raise LightError(_sentence(light, error, *(w.message for w in fallbacks))) from error
    for fallback in fallbacks:
        log.warning("pins: %s", fallback.message)
    return tuple(claimed)


def _gpiozero() -> Any:
    """gpiozero, imported only where there are lights, and told two things that it asks the environment.

    lgpio makes a FIFO in LG_WD, else in the working directory, which a service may not write to. The mock
    pins refuse to dim unless they are asked for as MockPWMPin.
    """
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    os.environ.setdefault("LG_WD", runtime or tempfile.gettempdir())
    os.environ.setdefault("GPIOZERO_MOCK_PIN_CLASS", "mockpwmpin")
    import gpiozero

    return gpiozero


def _release(devices: tuple[Any, ...]) -> None:
    for device in devices:
        device.close()


def _let_go(device: Any, *, on: bool) -> None:
    """Leave the pin at a steady level, and make gpiozero forget that it ever had it."""
    pin, factory = device.pin, device.pin_factory
    if pin.frequency is not None:
        pin.frequency = None
    pin.state = device.active_high == on
    factory.release_pins(device, pin.info.name)
    for known in [known for known, other in factory.pins.items() if other is pin]:
        del factory.pins[known]
    device._pin = None  # a device without a pin is closed; its own close() would make the pin an input


def _sentence(light: Light, error: BaseException, *more: object) -> str:
    """Which light, which pins, what happened and what to do about it."""
    pins = ", ".join(f"GPIO{pin}" for pin in light.pins)
    cause = "; ".join(str(part) for part in (*more, error))
    return f"light {light.name!r} on {pins}: {cause or type(error).__name__}. {_remedy(error, cause)}"


def _remedy(error: BaseException, cause: str) -> str:
    kind, text = type(error).__name__, cause.lower()
    if kind == "GPIOPinInUse" or "busy" in text:
        return (
            "Something else uses this pin: choose another, or stop the other program "
            "(`appliance doctor` names it)."
        )
    if isinstance(error, PermissionError) or "permission" in text or "can not open gpiochip" in text:
        return "The daemon may not use the pins: let its user into the group gpio."
    if kind in ("BadPinFactory", "PinUnknownPi"):
        return (
            "No pins were found: on a Raspberry Pi install python3-lgpio; "
            "elsewhere set GPIOZERO_PIN_FACTORY=mock to try it without lights."
        )
    if kind == "PinPWMUnsupported":
        return 'These pins cannot dim: say kind = "switch".'
    return "Check the pin number and the wiring."
