"""What did the button mean.

Knows raw edges and times. Must never know what a press does.

              Pressed                  hold_ms later
    Open ─────────────► Down(since) ─────────────────► Holding(until)
      ▲    Touch           │ Released: Tap    Hold         │ Released, or `until` has come: LetGo
      └────────────────────┴──────────────────────────────┘

`Touch` comes at once with the press, so that nothing waits for the finger; `Tap` or `Hold` says later which
of the two it was. A command acts the same machine: `tap()` and `hold()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never


class Gesture(Enum):
    TOUCH = auto()
    TAP = auto()
    HOLD = auto()
    LET_GO = auto()


@dataclass(frozen=True, slots=True)
class Open:
    pass


@dataclass(frozen=True, slots=True)
class Down:
    since: float


@dataclass(frozen=True, slots=True)
class Holding:
    until: float | None
    """When a hold by command lets go by itself; None while a finger decides."""


class Button:
    """Edges and deadlines in, gestures out."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self.state: Open | Down | Holding = Open()

    @property
    def has_finger(self) -> bool:
        return isinstance(self.state, Down) or self.state == Holding(None)

    def deadline(self) -> float | None:
        match self.state:
            case Down(since):
                return since + self._hold_s
            case Holding(until):
                return until
            case Open():
                return None
            case never:
                assert_never(never)

    def pressed(self, now: float) -> list[Gesture]:
        match self.state:
            case Open():
                self.state = Down(now)
                return [Gesture.TOUCH]
            case Holding(until) if until is not None:  # a finger takes over from a command
                self.state = Down(now)
                return [Gesture.LET_GO, Gesture.TOUCH]
            case Down() | Holding():
                return []
            case never:
                assert_never(never)

    def released(self, now: float) -> list[Gesture]:
        match self.state:
            case Down(since) if now - since < self._hold_s:
                self.state = Open()
                return [Gesture.TAP]
            case Down():  # the release overtook the deadline
                self.state = Open()
                return [Gesture.HOLD, Gesture.LET_GO]
            case Holding(None):
                self.state = Open()
                return [Gesture.LET_GO]
            case Open() | Holding():
                return []
            case never:
                assert_never(never)

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
        self.state = Holding(now + hold_s)
        return [*before, Gesture.TOUCH, Gesture.HOLD]

    def wake(self, now: float) -> list[Gesture]:
        match self.state:
            case Down(since) if now >= since + self._hold_s:
                self.state = Holding(None)
                return [Gesture.HOLD]
            case Holding(until) if until is not None and now >= until:
                return self._let_go()
            case _:
                return []

    def _let_go(self) -> list[Gesture]:
        was, self.state = self.state, Open()
        return [Gesture.LET_GO] if isinstance(was, Holding) else []
