"""The button: edges, and nothing but edges.

Knows a pin and how contacts bounce. Must never know what a tap or a hold means: gestures are timed by the
core, from these edges. (gpiozero can time a hold too, in a thread that may stop under its own feet.)

The first edge of a press or a release counts at once, so that nothing feels slow. Then the contacts may
bounce for `debounce_ms`, unheard. At the end of that window the pin is read: if it has settled at the other
level, that is the next edge, and the next window. So no bounce is reported, and the last word is always
where the button really is.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

from ..core.events import Event, Pressed, Released
from ..errors import HardwareError
from ..settings import Button

log = logging.getLogger(__name__)


class GpioButton:
    """One button, if the configuration has one. Raises HardwareError when its pin cannot be used.

    `post_threadsafe` is called on other threads, one event at a time and in order. A button that is down
    when the daemon starts counts as not pressed until it has been let go.
    """

    def __init__(
        self,
        button: Button,
        post_threadsafe: Callable[[Event], None],
        *,
        pin_factory: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._post = post_threadsafe
        self._clock = clock
        self._window_s = button.debounce_ms / 1000
        self._turn = threading.RLock()  # gpiozero's thread and the timer's; mock pins call back in ours
        self._down = self._ignored = False
        self._window = 0
        self._deaf_until = clock()
        self._timer: threading.Timer | None = None
        self._device: Any = None
        if button.pin is None:
            return
        with self._turn:
            self._device = _claim(button, button.pin, pin_factory)
            self._down = self._ignored = bool(self._device.is_active)
            self._device.when_activated = self._went_down
            self._device.when_deactivated = self._came_up
        log.info("button on GPIO%d", button.pin)

    def close(self) -> None:
        """Let go of the pin; nothing is posted from here on. May be called twice."""
        with self._turn:
            device, self._device = self._device, None
            if self._timer is not None:
                self._timer.cancel()
        if device is not None:
            device.close()

    def _went_down(self) -> None:
        self._edge(down=True)

    def _came_up(self) -> None:
        self._edge(down=False)

    def _edge(self, *, down: bool) -> None:
        with self._turn:
            if self._device is not None and down != self._down and self._clock() >= self._deaf_until:
                self._report(down=down)

    def _report(self, *, down: bool) -> None:
        self._down = down
        if self._ignored and not down:
            self._ignored = False
        else:
            self._post(Pressed() if down else Released())
        if self._window_s:
            self._deaf_until = self._clock() + self._window_s
            self._window += 1
            self._timer = threading.Timer(self._window_s, self._settled, (self._window,))
            self._timer.daemon = True
            self._timer.start()

    def _settled(self, window: int) -> None:
        with self._turn:
            if self._device is None or window != self._window:  # a late check must not end a later window
                return
            if (down := bool(self._device.is_active)) != self._down:
                self._report(down=down)


def _claim(button: Button, number: int, pin_factory: Any) -> Any:
    # gpiozero asks the environment: lgpio makes a FIFO in LG_WD, else in the working directory, which a
    # service may not write to; and the first device decides which mock pins there are, lights want to dim.
    runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    os.environ.setdefault("LG_WD", runtime or tempfile.gettempdir())
    os.environ.setdefault("GPIOZERO_MOCK_PIN_CLASS", "mockpwmpin")
    from gpiozero import DigitalInputDevice

    with warnings.catch_warnings(record=True) as fallbacks:  # why each pin library in turn did not do
        warnings.simplefilter("always")
        try:
            device = DigitalInputDevice(number, pull_up=button.pull == "up", pin_factory=pin_factory)
        except Exception as error:  # every pin library has exceptions of its own, with no common root
            cause = "; ".join(str(part) for part in (*(w.message for w in fallbacks), error))
            raise HardwareError(
                f"button on GPIO{number}: {cause or type(error).__name__}. Check the pin number, that "
                "nothing else uses it (`appliance doctor` names who does) and that the daemon's user is in "
                "the group gpio. GPIO2 and GPIO3 can only pull up."
            ) from error
    for fallback in fallbacks:
        log.warning("pins: %s", fallback.message)
    return device
