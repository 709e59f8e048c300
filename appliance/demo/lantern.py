"""`appliance demo --lights`: every state of the status light, as its pins show it.

Knows the light's adapter on mock pins and a clock of its own. Must never draw what the pins do not show: what
is on the screen was read back from them.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..adapters.beacon import Beacon
from ..core.mood import Mood
from ..core.signals import LEVELS, OVERLOADED_BY, REFUSALS
from ..errors import EX_OK
from ..settings import StatusLight

PINS = (16, 20, 21)
FRAME_S = 0.04
SHOWN_S = 4.0  # longer than the longest round that has to be counted, but for the refusals'
STRIP_S = 0.1  # a sign of the strip
BARS = " ▁▂▃▄▅▆▇█"
BRIGHTNESS = 100
IDLE = StatusLight().idle_brightness
SYLLABLE_S = 0.35  # of the voice that listening follows here

Levels = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class View:
    mood: Mood
    fault: str
    meaning: str


def views() -> list[View]:
    """Every state, from the strongest to the weakest, and every count of one."""
    found = []
    for mood in Mood:
        if mood is Mood.REFUSED:
            found += [View(mood, fault, f"refused: {fault}") for fault in (*REFUSALS, "something else")]
        else:
            found.append(View(mood, "", str(mood)))
        if mood is Mood.OFFLINE:
            found.append(View(mood, OVERLOADED_BY, f"offline: {OVERLOADED_BY}"))
    return found


class Alarm:
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Hand:
    """A clock that goes when it is turned; the light's timers go off as they are due."""

    def __init__(self) -> None:
        self._at = 0.0
        self._alarms: list[tuple[float, Callable[[], None], Alarm]] = []

    def now(self) -> float:
        return self._at

    def later(self, wait_s: float, call: Callable[[], None]) -> Alarm:
        alarm = Alarm()
        self._alarms.append((self._at + wait_s, call, alarm))
        return alarm

    def turn(self, seconds: float) -> None:
        end = self._at + seconds
        while due := [one for one in self._alarms if not one[2].cancelled and one[0] <= end]:
            first = min(due, key=lambda one: one[0])
            self._alarms.remove(first)
            self._at = max(self._at, first[0])
            first[1]()
        self._alarms = [one for one in self._alarms if not one[2].cancelled]
        self._at = end


def seen(view: View, seconds: float) -> Iterator[Levels]:
    """What the pins show, 25 times a second: the power of red, green and blue, from 0 to 1."""
    os.environ.setdefault("GPIOZERO_MOCK_PIN_CLASS", "mockpwmpin")
    from gpiozero.pins.mock import MockFactory, MockPWMPin  # late: gpiozero takes a while

    factory: Any = MockFactory(pin_class=MockPWMPin)
    hand = Hand()
    light = Beacon(StatusLight(PINS), metronome=hand, pin_factory=factory)
    light.show(view.mood, view.fault, IDLE if view.mood is Mood.IDLE else BRIGHTNESS)
    try:
        for frame in range(round(seconds / FRAME_S)):
            if view.mood is Mood.LISTENING:
                light.glow(round(LEVELS * abs(math.sin(math.pi * frame * FRAME_S / SYLLABLE_S))))
            red, green, blue = (factory.pin(pin).state for pin in PINS)
            yield red, green, blue
            hand.turn(FRAME_S)
    finally:
        light.close()


def eye(levels: Levels) -> Levels:
    """As bright as it looks: the root of the power."""
    red, green, blue = (math.sqrt(level) for level in levels)
    return red, green, blue


def strip(view: View, seconds: float = SHOWN_S) -> str:
    """The rhythm of one LED in signs, ten a second."""
    shown = [max(eye(levels)) for levels in seen(view, seconds)]
    middles = (int((sign + 0.5) * STRIP_S / FRAME_S) for sign in range(round(seconds / STRIP_S)))
    return "".join(BARS[round((len(BARS) - 1) * shown[at])] for at in middles)


def rounded(view: View) -> list[list[float]]:
    return [[round(part, 3) for part in eye(levels)] for levels in seen(view, SHOWN_S)]


def show_lights(*, as_json: bool, sleep: Callable[[float], None] = time.sleep) -> int:
    """All of them, one after the other; moving where there is a terminal."""
    if as_json:
        rows = [{"mood": str(v.mood), "fault": v.fault, "seen": rounded(v)} for v in views()]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False) + "\n")
        return EX_OK
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    for view in views():
        if live:
            for levels in seen(view, SHOWN_S):
                sys.stdout.write(f"\r  {_lamp(levels)}  {view.meaning}\033[K")
                sys.stdout.flush()
                sleep(FRAME_S)
        mark = f"\r  {_brightest(view)}" if live else "   "
        sys.stdout.write(f"{mark}  {view.meaning:<30} {strip(view)}\n")
    return EX_OK


def _brightest(view: View) -> str:
    return _lamp(max(seen(view, SHOWN_S), key=sum))


def _lamp(levels: Levels) -> str:
    red, green, blue = (round(255 * part) for part in eye(levels))
    return f"\033[38;2;{red};{green};{blue}m●\033[0m"
