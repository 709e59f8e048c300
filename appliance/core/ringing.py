"""The ring of timers that are due, until somebody has heard it.

Knows which timers ring, and who has the floor. Must never know why it is theirs, nor how a ring sounds.

              Rang              somebody is listened to
    Silent ──────────► Sounding ───────────────────────► Held
       ▲                  │  ▲                            │ │
       │                  │  └──────────── FREE ──────────┘ │
       └── Silenced, HEARING, or it has rung long enough ───┘

While the box listens it does not ring, or it would hear itself. Who speaks to it then has heard it ring
before; so has who presses, which does nothing else. It rings on when nobody said a word. Who was speaking
when the timer was due has heard nothing yet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import assert_never

from .earcons import Earcon, length_s
from .effects import Chime, Effect, Hush, Tell
from .timer import Timer
from .values import dataclass

RING_S = 60.0


@dataclass(frozen=True, slots=True)
class Silent:
    pass


@dataclass(frozen=True, slots=True)
class Sounding:
    until: float
    timers: tuple[Timer, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """`unheard`: since it was due the person speaks, and it has not sounded yet."""

    until: float
    timers: tuple[Timer, ...]
    unheard: bool = False


class Floor(Enum):
    """Whom the room belongs to, as far as a ring is concerned."""

    FREE = auto()
    LISTENING = auto()  # the box waits for somebody to speak
    HEARING = auto()  # somebody does


@dataclass(frozen=True, slots=True)
class Rang:
    """A timer is due."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Silenced:
    """Somebody wants no more of it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The floor is whose it is now."""

    floor: Floor


@dataclass(frozen=True, slots=True)
class Heedless:
    """The speaker was away, and has forgotten what it was told."""


@dataclass(frozen=True, slots=True)
class Passed:
    """Time has."""


Told = Rang | Silenced | Taken | Heedless | Passed


class Ringing:
    """`tell` it what happened; it answers with what to do."""

    def __init__(self, ring_s: float = RING_S) -> None:
        self.ring_s = ring_s
        self._floor = Floor.FREE
        self.state: Silent | Sounding | Held = Silent()

    def __repr__(self) -> str:
        return type(self.state).__name__.lower()

    def deadline(self) -> float | None:
        return None if isinstance(self.state, Silent) else self.state.until

    @property
    def is_sounding(self) -> bool:
        return isinstance(self.state, Sounding)

    @property
    def timers(self) -> tuple[Timer, ...]:
        """Those that nobody has heard yet."""
        return () if isinstance(self.state, Silent) else self.state.timers

    def tell(self, told: Told, now: float) -> list[Effect]:
        match (self.state, told):
            case (_, Rang(timer)):
                return self._ring((*self.timers, timer), now)
            case (state, Taken(floor)):
                self._floor = floor
                return self._taken(state, floor, now)
            case (Silent(), _):
                return []
            case (state, Silenced()):
                return self._end("silenced")
            case (Sounding(until), Heedless()):
                return [_chime(until - now)]
            case (Sounding(until) | Held(until), Passed()) if now >= until:
                return self._end("not heard")
            case (Sounding() | Held(), Heedless() | Passed()):
                return []
            case never:
                assert_never(never)

    def _ring(self, timers: tuple[Timer, ...], now: float) -> list[Effect]:
        """All of them, for as long as if the last were the only one."""
        until = now + self.ring_s
        if self._floor is Floor.FREE:
            self.state = Sounding(until, timers)
            return [_chime(self.ring_s)]
        self.state = Held(until, timers, unheard=self._floor is Floor.HEARING)
        return []

    def _taken(self, state: Silent | Sounding | Held, floor: Floor, now: float) -> list[Effect]:
        match (state, floor):
            case (Sounding(until, timers), Floor.LISTENING):
                self.state = Held(until, timers)
                return [Hush()]
            case (Sounding() | Held(unheard=False), Floor.HEARING):
                return self._end("heard")
            case (Held(until, timers), Floor.FREE):
                self.state = Sounding(until, timers)
                return [_chime(until - now)]
            case (Held() as held, Floor.LISTENING):
                self.state = replace(held, unheard=False)
        return []

    def _end(self, how: str) -> list[Effect]:
        told = news(self.timers, how)
        hushed: list[Effect] = [Hush()] if self.is_sounding else []
        self.state = Silent()
        return [*hushed, *told]


def news(timers: Sequence[Timer], state: str, **more: object) -> list[Effect]:
    """What is told of these timers."""
    return [Tell("timer", {"state": state, "number": t.number, "name": t.name, **more}) for t in timers]


def _chime(seconds: float) -> Chime:
    return Chime(Earcon.TIMER, max(1, math.ceil(seconds / length_s(Earcon.TIMER))))
