"""What the box says for itself: that the soft limit of the budget is reached.

Knows when it may be said: once, when nobody has the floor and nothing is owed. Must never interrupt anybody,
nor count for a turn of theirs.

    due() ─► the answer is over, the follow-up too ─► said word for word by the model, where there is a line
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import floor as fl
from .effects import Effect
from .questions import WORD_FOR_WORD
from .usage import Verdict

if TYPE_CHECKING:
    from .conversation import Conversation

WORDS = "A note from the box: the limit that was set for what I may use up is reached."


class Notice:
    """`turn` is the one in which it was said last."""

    def __init__(self) -> None:
        self._is_due = False
        self.turn = -1

    def due(self) -> None:
        """It is to be said as soon as nobody has the floor."""
        self._is_due = True

    def take(self) -> bool:
        """Whether it is to be said now; it is not said later."""
        due, self._is_due = self._is_due, False
        return due


def speak(box: Conversation, now: float) -> list[Effect]:
    """Nobody has the floor: say what is due, where it can be heard. It has been told in any case."""
    if not box.notice.take():
        return []
    is_silent = box.session.setup.modality != "AUDIO"
    unheard = box.session.link is None or box.health.speaker is not None or is_silent
    if unheard or box.ledger.verdict() is Verdict.HARD:
        return []
    effects = box.tell_turn(fl.Typed(), now)
    turn = box.notice.turn = box.turn.number
    box.recollection.skip(turn)
    box.ledger.unasked()
    return [*effects, *box.perform_flow(box.uplink.type(turn, WORD_FOR_WORD + WORDS, now), now)]
