"""What the pins of a light show at a moment, while it fades, blinks or breathes.

Knows levels from 0 to 1 and times. Must never know pins, nor a clock: whoever has one asks `at` a moment,
and again when it is `due`.

    start ──fade, over_s──► target ──► rests                       level ▲      ╱‾‾‾╲     ╱‾‾
                                  └──► blinks or breathes                │  ___╱     ╲___╱
                                       until it is replaced              └──────────────────► time

A fade is linear in the level, so that half way it shows what half of it would be set to. To breathe is
brighter and darker as the fourth power of a cosine, because the eye takes a quarter of the light for half.
"""

from __future__ import annotations

import math

from .lights import Kind, LightEffect
from .values import dataclass

Levels = tuple[float, ...]
"""How far on each pin of a light is, from 0 to 1: one value, or red, green and blue."""

STEP_S = 1 / 30  # smaller steps in time are not seen, and each costs a small machine a wake-up
STEP = 1 / 256  # smaller steps in level are not seen, and most pulse generators do not make them
DARKEST = 0.08  # of the full level, in a breath: dark, but not off
BREATH_S = 4.0  # a person at rest breathes 12 to 20 times a minute
BLINK_S = 1.0  # on and off: well below the three flashes a second that WCAG 2.3.1 allows
SWITCH_BLINK_S = 2.0  # a relay's contacts stand 30 operations a minute under load, by the usual data sheets
SWITCH_BLINKS_S = 60.0  # and 100000 in their life: so it blinks for a minute, and then stays on
EARLY_S = 1e-4  # a timer may be so early; what is due then is shown
STEEPEST = 1.299 * math.pi  # the greatest slope of cos(πx)**4 is 3√3/4 · π


@dataclass(frozen=True, slots=True)
class Motion:
    """From `start` to `target` in `over_s` seconds since `since`, and what it does then."""

    since: float
    start: Levels
    target: Levels
    over_s: float = 0.0
    effect: LightEffect = LightEffect.NONE
    period_s: float = BLINK_S
    ends_s: float = math.inf
    """After so many seconds of its effect the light is steady."""

    def at(self, now: float) -> Levels:
        """What is shown at this moment."""
        elapsed = now - self.since
        if elapsed + EARLY_S < self.over_s:
            share = elapsed / self.over_s
            return tuple(a + (b - a) * share for a, b in zip(self.start, self.target, strict=True))
        elapsed += EARLY_S - self.over_s
        if elapsed >= self.ends_s:
            return self.target
        phase = elapsed % self.period_s / self.period_s
        match self.effect:
            case LightEffect.BLINK:
                return self.target if phase < 0.5 else tuple(0.0 for _ in self.target)
            case LightEffect.BREATHE:
                breath = DARKEST + (1 - DARKEST) * math.cos(math.pi * phase) ** 4
                return tuple(level * breath for level in self.target)
            case _:
                return self.target

    def due(self, now: float) -> float | None:
        """When it will look different from now; None when it will not any more."""
        arrives = self.since + self.over_s
        if now + EARLY_S < arrives:
            change = max(abs(b - a) for a, b in zip(self.start, self.target, strict=True))
            return arrives if change < STEP else min(arrives, now + max(STEP_S, STEP * self.over_s / change))
        if self.is_over(now) or not any(self.target):
            return None
        match self.effect:
            case LightEffect.BLINK:
                half = self.period_s / 2
                return arrives + (math.floor((now + EARLY_S - arrives) / half) + 1) * half
            case LightEffect.BREATHE:
                return now + max(STEP_S, STEP * self.period_s / (STEEPEST * max(self.target)))
            case _:
                return None

    def is_over(self, now: float) -> bool:
        """It had an end, and that has come."""
        return now + EARLY_S >= self.since + self.over_s + self.ends_s


def motion(
    kind: Kind, start: Levels, target: Levels, effect: LightEffect, over_s: float, now: float
) -> Motion:
    """How a light of this kind comes from one state to another. A switch neither fades nor breathes."""
    if kind is Kind.SWITCH:
        return Motion(now, start, target, 0.0, effect, SWITCH_BLINK_S, SWITCH_BLINKS_S)
    period_s = BREATH_S if effect is LightEffect.BREATHE else BLINK_S
    return Motion(now, start, target, over_s, effect, period_s)
