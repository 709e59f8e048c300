"""What the status light does in each mood: a colour, and a rhythm that says the same without one.

Knows colours, rhythms and how loud the voice is. Must never know pins, nor why the box is in a mood.

Motion tells the phase: following the voice is listening, a quick pulse is thinking, a slow swell is
speaking. Red is only for a box that cannot hear or serve, and a number of flashes says why: short ones,
and where the service refuses a long one before them.
"""

from __future__ import annotations

from .mood import Mood
from .values import dataclass

Colour = tuple[int, int, int]

RED: Colour = (255, 0, 0)
BLUE: Colour = (0, 60, 255)
CYAN: Colour = (0, 200, 200)
GREEN: Colour = (0, 255, 40)
VIOLET: Colour = (150, 0, 255)
AMBER: Colour = (255, 150, 0)
WHITE: Colour = (255, 255, 255)

STEP_S = 1 / 25  # between two looks at a light that swells: more is not seen, and costs a small board time
LEAST_S = 0.001  # what a sum of floats may lack to the end of a step
PAUSE_S = 1.4  # after so long without a flash a new row is counted
QUIETEST_DB, LOUDEST_DB = -55.0, -20.0  # of full scale: a quiet room, somebody close by
LEVELS = 10  # steps of the voice's level


@dataclass(frozen=True, slots=True)
class Step:
    """A straight line from one brightness to another, 0 to 1."""

    seconds: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Signal:
    """Steps that are repeated for ever; none of them: it is steady. `follows`: as bright as the voice is
    loud."""

    colour: Colour
    steps: tuple[Step, ...] = ()
    follows: bool = False
    steady: float = 1.0

    @property
    def length_s(self) -> float:
        return sum(step.seconds for step in self.steps)

    def brightness(self, at_s: float, level: float = 0.0) -> float:
        """From 0 to 1, `at_s` after it began; `level` is the voice's, from 0 to 1."""
        if self.follows:
            return 0.25 + 0.75 * level
        if not self.steps:
            return self.steady
        step, into_s = self._step(at_s)
        return step.begin + (step.end - step.begin) * into_s / step.seconds

    def due_s(self, at_s: float) -> float | None:
        """How long it goes on looking as it does; None for ever."""
        if not self.steps:
            return None
        step, into_s = self._step(at_s)
        left_s = max(LEAST_S, step.seconds - into_s)
        return left_s if step.begin == step.end else min(left_s, STEP_S)

    def _step(self, at_s: float) -> tuple[Step, float]:
        into_s = at_s % self.length_s
        *former, last = self.steps
        for step in former:
            if into_s < step.seconds:
                return step, into_s
            into_s -= step.seconds
        return last, into_s


def _on_off(*seconds: float) -> tuple[Step, ...]:
    """Alternately on and off."""
    return tuple(Step(s, 1.0, 1.0) if n % 2 == 0 else Step(s, 0.0, 0.0) for n, s in enumerate(seconds))


def _swell(seconds: float, low: float) -> tuple[Step, ...]:
    return (Step(seconds / 2, low, 1.0), Step(seconds / 2, 1.0, low))


def _flashes(count: int, *, long: bool = False) -> tuple[Step, ...]:
    """So many short flashes, and a pause; a long one before them."""
    seconds = [1.0, 0.3] if long else []
    seconds += [0.2, 0.3] * count
    return _on_off(*seconds[:-1], PAUSE_S)


SIGNALS: dict[Mood, Signal] = {
    Mood.FATAL: Signal(RED, _on_off(0.1, 0.1)),
    Mood.MUTED: Signal(RED),
    Mood.NO_MICROPHONE: Signal(RED, _flashes(2)),
    Mood.COUNTDOWN: Signal(WHITE, _on_off(0.25, 0.25)),
    Mood.REFUSED: Signal(RED, _flashes(5, long=True)),
    Mood.CLOCK: Signal(RED, _flashes(3)),
    Mood.OFFLINE: Signal(RED, _flashes(4)),
    Mood.LISTENING: Signal(BLUE, follows=True),
    Mood.CONNECTING: Signal(CYAN, _on_off(0.5, 0.5)),
    Mood.THINKING: Signal(VIOLET, _swell(0.7, 0.2)),
    Mood.SPEAKING: Signal(GREEN, _swell(1.8, 0.4)),
    Mood.FOLLOW_UP: Signal(BLUE, steady=0.4),
    Mood.TIMER: Signal(AMBER, _on_off(0.12, 0.12, 0.12, 0.64)),
    Mood.NO_SPEAKER: Signal(RED, _flashes(1)),
    Mood.STARTING: Signal(WHITE, _swell(3.0, 0.1)),
    Mood.IDLE: Signal(WHITE, steady=1.0),
}
# Of what lies behind a mood, by the name of the fault: how many flashes.
REFUSALS = {
    "key refused": 1,
    "no key": 1,
    "region refused": 2,
    "quota": 3,
    "model gone": 4,
    "setup refused": 4,
}
OVERLOADED_BY = "service overloaded"
OVERLOADED = Signal(RED, _flashes(5))


def signal(mood: Mood, fault: str = "") -> Signal:
    """What is shown; `fault` is the name of what lies behind it."""
    if mood is Mood.REFUSED and fault in REFUSALS:
        return Signal(RED, _flashes(REFUSALS[fault], long=True))
    if mood is Mood.OFFLINE and fault == OVERLOADED_BY:
        return OVERLOADED
    return SIGNALS[mood]
