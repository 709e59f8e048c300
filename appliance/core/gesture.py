"""What did the button mean.

Knows raw edges and times, and whether somebody spoke meanwhile. Must never know what a press does.

              Pressed                  hold_s later                     nobody speaks, long_s after the press
    Open ─────────────► Down(since) ─────────────────► Held(since) HOLD ──► LONG ──► COUNTDOWN ──► ACT
      ▲    TOUCH           │ Released: TAP, or DOUBLE     │                   shortly after another tap
      │                    │                              │ stuck_s
      ├────────────────────┘     Released: LET_GO         ▼
      └───────────────────────────────────────────────── Stuck: LET_GO, until it is released after all

`TOUCH` comes at once with the press, so that nothing waits for the finger; `TAP` or `HOLD` says later which
of the two it was, and `DOUBLE` that the tap followed another. Whoever speaks holds the button in order to
talk: no such hold means more than that, however long. A command acts the same machine: `tap()` and `hold()`,
and `press()` and `lift()` where a finger is on a picture of the button. Such a hold is only for talking, and
whoever does not come back to lift it has let go after `stuck_s`.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import assert_never

from .values import dataclass

LONG_AGO = float("-inf")


class Gesture(Enum):
    TOUCH = auto()
    TAP = auto()
    DOUBLE = auto()
    HOLD = auto()
    LONG = auto()
    COUNTDOWN = auto()
    ACT = auto()
    STUCK = auto()
    LET_GO = auto()


@dataclass(frozen=True, slots=True)
class Grip:
    """When a press becomes what, in seconds since it began; `double_s` is between the taps of two.

    `very_long_s` None: nothing is to be counted down to. A button that is down for `stuck_s` is no finger any
    more: it is longer than anybody may speak.
    """

    hold_s: float = 0.4
    double_s: float = 0.3
    long_s: float = 3.0
    very_long_s: float | None = None
    act_s: float = 15.0
    stuck_s: float = 65.0


@dataclass(frozen=True, slots=True)
class Open:
    """`tapped`: when the last tap was over."""

    tapped: float = LONG_AGO


@dataclass(frozen=True, slots=True)
class Down:
    """`far`: pressed by a command."""

    since: float
    again: bool = False
    spoke: bool = False
    far: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """`said`: what it has been taken for so far."""

    since: float
    said: Gesture = Gesture.HOLD
    spoke: bool = False
    far: bool = False


@dataclass(frozen=True, slots=True)
class Commanded:
    """A hold by command, which lets go by itself."""

    until: float


@dataclass(frozen=True, slots=True)
class Stuck:
    pass


State = Open | Down | Held | Commanded | Stuck


class Button:
    """Edges and deadlines in, gestures out."""

    def __init__(self, grip: Grip) -> None:
        self.grip = grip
        self.state: State = Open()

    @property
    def has_finger(self) -> bool:
        return isinstance(self.state, Down | Held)

    @property
    def is_counting_down(self) -> bool:
        return isinstance(self.state, Held) and self.state.said is Gesture.COUNTDOWN

    @property
    def is_stuck(self) -> bool:
        return isinstance(self.state, Stuck)

    def deadline(self) -> float | None:
        match self.state:
            case Down(since):
                return since + self.grip.hold_s
            case Held() as held:
                return self._next(held)[0]
            case Commanded(until):
                return until
            case Open() | Stuck():
                return None
            case never:
                assert_never(never)

    def pressed(self, now: float) -> list[Gesture]:
        match self.state:
            case Open(tapped):
                self.state = Down(now, again=now - tapped <= self.grip.double_s)
                return [Gesture.TOUCH]
            case Commanded():  # a finger takes over from a command
                self.state = Down(now)
                return [Gesture.LET_GO, Gesture.TOUCH]
            case Down() | Held() as finger:
                self.state = replace(finger, far=False)  # the nearer one decides when it is over
                return []
            case Stuck():
                return []
            case never:
                assert_never(never)

    def released(self, now: float) -> list[Gesture]:
        match self.state:
            case Down(since, again) if now - since < self.grip.hold_s:
                self.state = Open(LONG_AGO if again else now)  # a third tap begins anew
                return [Gesture.DOUBLE if again else Gesture.TAP]
            case Down() | Held():
                said = self.wake(now)  # what the release has overtaken
                if not isinstance(self.state, Held):  # it was found to be stuck, and is not
                    self.state = Open()
                    return said
                self.state = Open()
                return [*said, Gesture.LET_GO]
            case Stuck():
                self.state = Open()
                return []
            case Open() | Commanded():
                return []
            case never:
                assert_never(never)

    def spoke(self) -> None:
        """Somebody speaks: a finger that is there holds the button in order to talk."""
        if isinstance(self.state, Down) or (isinstance(self.state, Held) and self.state.said is Gesture.HOLD):
            self.state = replace(self.state, spoke=True)

    def tap(self) -> list[Gesture]:
        """A tap by command. A finger on the button is stronger."""
        if self.has_finger:
            return []
        before = self._let_go()
        return [*before, Gesture.TOUCH, Gesture.TAP]

    def hold(self, now: float, hold_s: float) -> list[Gesture]:
        """A hold by command, of so many seconds."""
        if self.has_finger:
            return []
        before = self._let_go()
        self.state = Commanded(now + hold_s)
        return [*before, Gesture.TOUCH, Gesture.HOLD]

    def press(self, now: float) -> list[Gesture]:
        """The finger of somebody who is not at the button. One that is is stronger."""
        if self.has_finger:
            return []
        before = self._let_go()
        again = isinstance(self.state, Open) and now - self.state.tapped <= self.grip.double_s
        self.state = Down(now, again=again, spoke=True, far=True)
        return [*before, Gesture.TOUCH]

    def lift(self, now: float) -> list[Gesture]:
        """That finger is lifted, if it is still the one that counts."""
        return self.released(now) if isinstance(self.state, Down | Held) and self.state.far else []

    def wake(self, now: float) -> list[Gesture]:
        """Everything that has become true by now, in its order."""
        said: list[Gesture] = []
        while (due := self.deadline()) is not None and now >= due:
            match self.state:
                case Down(since, _, spoke, far):
                    self.state = Held(since, spoke=spoke, far=far)
                    said.append(Gesture.HOLD)
                case Held() as held:
                    said += self._went_on(held)
                case _:
                    said += self._let_go()
        return said

    def _went_on(self, held: Held) -> list[Gesture]:
        _, what = self._next(held)
        if what is Gesture.STUCK and held.far:  # it has gone, and nothing is wrong with the button
            self.state = Open()
            return [Gesture.LET_GO]
        if what is Gesture.STUCK:
            self.state = Stuck()
            return [Gesture.STUCK, Gesture.LET_GO]
        self.state = replace(held, said=what)
        return [what]

    def _next(self, held: Held) -> tuple[float, Gesture]:
        """When it becomes what, if nobody lets go."""
        grip, since = self.grip, held.since
        match held:
            case Held(said=Gesture.HOLD, spoke=False):
                return since + grip.long_s, Gesture.LONG
            case Held(said=Gesture.LONG) if grip.very_long_s is not None:
                return since + grip.very_long_s, Gesture.COUNTDOWN
            case Held(said=Gesture.COUNTDOWN):
                return since + grip.act_s, Gesture.ACT
            case _:
                return since + grip.stuck_s, Gesture.STUCK

    def _let_go(self) -> list[Gesture]:
        was = self.state
        if isinstance(was, Commanded):
            self.state = Open()
        return [Gesture.LET_GO] if isinstance(was, Commanded) else []
