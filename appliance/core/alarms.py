"""What comes of a timer that is due, or of a clock that was told: taken to whom it concerns.

Knows which machine is told of which. Must never know when a timer is due, nor how a ring sounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, assert_never

from .effects import Effect, Look
from .events import WallClock
from .floor import Hearing, Listening, Phase
from .ringing import Floor, Passed, Rang, Taken, news
from .timer import Due, Missed

if TYPE_CHECKING:
    from .conversation import Conversation


def told(box: Conversation, said: WallClock, now: float) -> list[Effect]:
    """The clock on the wall says this."""
    return _fallen(box, box.timing.timers.tell(said, now), now)


def wake(box: Conversation, now: float) -> list[Effect]:
    """Time has passed."""
    fallen, look = box.timing.timers.wake(now)
    looking: list[Effect] = [Look()] if look else []
    return [*_fallen(box, fallen, now), *box.timing.ringing.tell(Passed(), now), *looking]


def settle(box: Conversation, now: float) -> list[Effect]:
    """After every event: whether it may ring, and what must be kept."""
    floor = _floor(box.turn.phase)
    return [*box.timing.ringing.tell(Taken(floor), now), *box.timing.timers.changes(now)]


def _floor(phase: Phase) -> Floor:
    match phase:
        case Listening():
            return Floor.LISTENING
        case Hearing():
            return Floor.HEARING
        case _:
            return Floor.FREE


def _fallen(box: Conversation, fallen: Sequence[Due | Missed], now: float) -> list[Effect]:
    effects: list[Effect] = []
    for one in fallen:
        match one:
            case Missed(timer, late_s):
                effects += news([timer], "missed", late_s=round(late_s))
            case Due(timer, late_s) if timer.deed is not None:
                effects += news([timer], "due", late_s=round(late_s))
                effects += box.calls.timed(timer.number, timer.deed.function, timer.deed.args, now)
            case Due(timer, late_s):
                effects += news([timer], "rings", late_s=round(late_s))
                effects += box.timing.ringing.tell(Rang(timer), now)
                caller, response = box.timing.heir(one)
                effects += [] if caller is None else box.calls.answer(caller, response)
            case never:
                assert_never(never)
    return effects
