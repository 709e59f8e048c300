"""Whether the camera looks, and for whom.

Knows looks by number, who asked for one, and whether the box listens. Must never know what is on a picture,
nor what becomes of it.

    Shut ◄──── attend(listening) ────► Watching ── CameraDown ──► Blind ── not listening ──► Shut

    any of these ── look() ──► Glancing ── Seen: presented, cancelled ──► Shut
                                  └── CameraDown, GLANCE_S: excused ──► Blind

Watching is only for who set it up so, and only while the box listens; a glance is one picture that the model
asked for. The camera is shut in between. A camera that failed is tried again at the next need.
"""

from __future__ import annotations

from typing import assert_never

from .catalogue import Capability
from .effects import Effect, LookAway, See, Tell
from .events import CameraDown, Seen
from .functions import Caller, Function, function
from .lights import FromModel
from .outcomes import Later, Outcome
from .parameters import Bad
from .values import dataclass

GLANCE_S = 4.0  # opening a camera takes one, measuring the light half of one; the model waits for all of it
LIMIT_S = 5.0  # of the call: the eye itself answers sooner


@dataclass(frozen=True, slots=True)
class Sight:
    """What the configuration allows. `every_s` None: only when the model asks."""

    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class Shut:
    pass


@dataclass(frozen=True, slots=True)
class Watching:
    look: int


@dataclass(frozen=True, slots=True)
class Blind:
    """The camera failed while the box listened; until it listens again there is no point in trying."""


@dataclass(frozen=True, slots=True)
class Glancing:
    """One picture for this call, at the latest at `until`."""

    look: int
    until: float
    call: FromModel


State = Shut | Watching | Blind | Glancing


@dataclass(frozen=True, slots=True)
class Share:
    """Show this picture with what the person is saying."""

    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Present:
    """This is the picture that the call asked for."""

    call: FromModel
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class Excuse:
    """There will be no picture for this call."""

    call: FromModel
    why: str


Order = Share | Present | Excuse | Effect


class Eye(Capability):
    """`sight` None is a box without a camera."""

    def __init__(self, sight: Sight | None) -> None:
        self._sight = sight
        self.state: State = Shut()
        self._looks = 0
        self._trouble: str | None = None

    def __repr__(self) -> str:
        return f"eye {type(self.state).__name__.lower()}"

    @property
    def is_there(self) -> bool:
        return self._sight is not None

    @property
    def call(self) -> FromModel | None:
        """The call that waits for a picture."""
        return self.state.call if isinstance(self.state, Glancing) else None

    @property
    def shown(self) -> str:
        """What a person is told of it."""
        if self._sight is None:
            return "off"
        if isinstance(self.state, Watching | Glancing):
            return "looking"
        return f"missing: {self._trouble}" if self._trouble else "shut"

    def deadline(self) -> float | None:
        return self.state.until if isinstance(self.state, Glancing) else None

    def attend(self, *, listening: bool) -> list[Order]:
        """The box listens, or does not. Harmless to be told again."""
        every_s = self._sight.every_s if self._sight else None
        match self.state:
            case Shut() if listening and every_s is not None:
                self._looks += 1
                self.state = Watching(self._looks)
                return [See(self._looks, every_s), Tell("camera", {"state": "looking", "why": "listening"})]
            case Watching(look) if not listening:
                self.state = Shut()
                return [LookAway(look), SHUT]
            case Blind() if not listening:
                self.state = Shut()
        return []

    def offered(self, function: Function) -> Function | None:
        return function if self.is_there else None

    @function(limit_s=LIMIT_S)
    def look(self, caller: Caller) -> Outcome:
        """See what is before the camera. Call it, without a word before, whenever something is to be seen."""
        if not isinstance(caller.origin, FromModel):
            raise Bad("only the model looks")
        if isinstance(self.state, Glancing):
            raise Bad("it is looking already: one picture is on its way")
        self._looks += 1
        self.state = Glancing(self._looks, caller.now + GLANCE_S, caller.origin)
        told = Tell("camera", {"state": "looking", "why": "the model asked"})
        return Later((See(self._looks), told))

    def cancel(self) -> list[Order]:
        """Nobody waits for the picture any more."""
        match self.state:
            case Glancing(look):
                self.state = Shut()
                return [LookAway(look), SHUT]
            case _:
                return []

    def seen(self, event: Seen) -> list[Order]:
        match self.state:
            case Watching(look) if look == event.look:
                self._trouble = None
                return [Share(event.jpeg)]
            case Glancing(look, _, call) if look == event.look:
                self._trouble = None
                self.state = Shut()
                return [SHUT, Present(call, event.jpeg)]
            case Shut() | Watching() | Blind() | Glancing():
                return []  # of a former look
            case never:
                assert_never(never)

    def down(self, event: CameraDown) -> list[Order]:
        match self.state:
            case Watching(look) if look == event.look:
                self.state = Blind()
                return [self._missing(event.reason)]
            case Glancing(look, _, call) if look == event.look:
                self.state = Blind()
                return [self._missing(event.reason), Excuse(call, f"the camera cannot see: {event.reason}")]
            case Shut() | Watching() | Blind() | Glancing():
                return []
            case never:
                assert_never(never)

    def wake(self, now: float) -> list[Order]:
        match self.state:
            case Glancing(look, until, call) if now >= until:
                self.state = Blind()
                why = f"no picture within {GLANCE_S:g} s"
                return [LookAway(look), self._missing(why), Excuse(call, f"the camera cannot see: {why}")]
            case _:
                return []

    def _missing(self, reason: str) -> Effect:
        self._trouble = reason
        return Tell("camera", {"state": "missing", "reason": reason})


SHUT = Tell("camera", {"state": "shut"})
