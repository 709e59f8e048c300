"""What a call of a function comes to.

Knows the ways in which a function answers. Must never know who is answered, nor how.
"""

from __future__ import annotations

from .effects import Effect
from .lights import LightState
from .messages import Json
from .values import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """The call is answered with this; the effects are done first. `{"error": ...}`: it cannot be done."""

    response: Json
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """The lights are to show this, fading over so many seconds; the call is answered when they begin."""

    states: dict[str, LightState]
    transition_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Later:
    """The call is answered by what follows from the effects: `Calls.answer(origin, ...)`, once or more.

    `first` is said at once; a call that blocks is thereby answered, and nothing more is said to it.
    `limit_s` is when it is answered with an error: None for the time of the function, infinity for never.
    """

    effects: tuple[Effect, ...] = ()
    first: Json | None = None
    limit_s: float | None = None


Outcome = Answer | Order | Later
