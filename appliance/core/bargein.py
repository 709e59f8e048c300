"""Somebody speaks while the box does: may they interrupt it, and is it really a person?

Knows frames marked as speech or not, and how the box is kept from hearing itself. Must never know what marked
them, nor what is said.

                                   6 of the last 10 frames are speech
    the box speaks, and may hear ───────────────────────────────────► Onset: the person has the floor

Whoever is unsure of its own voice should not stop for it: nothing is heard where the echo is not taken away.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .audio import Frame
from .effects import Effect, Tell
from .endpoint import Onset, Talking
from .events import EchoJudged
from .floor import Speaking
from .shield import Shield
from .usage import Verdict

if TYPE_CHECKING:
    from .conversation import Conversation

WINDOW = 10  # frames
VOTES = 6


class BargeIn:
    """`hear` every frame while the box speaks; it says once that a person does."""

    def __init__(self, shield: Shield, *, interruptible: bool) -> None:
        self.judgement = EchoJudged(shield)
        self._interruptible = interruptible
        self._recent: deque[tuple[int, bool]] = deque(maxlen=WINDOW)

    def __repr__(self) -> str:
        return f"echo {self.judgement.shield}"

    @property
    def heeds(self) -> bool:
        """A voice may interrupt."""
        return self._interruptible and self.judgement.shield is not Shield.HALF_DUPLEX

    @property
    def shown(self) -> dict[str, object]:
        """For a person who asks."""
        found = self.judgement
        shown: dict[str, object] = {"shield": str(found.shield), "why": found.why}
        return shown if found.lowered_db is None else {**shown, "lowered_db": round(found.lowered_db, 1)}

    def judged(self, judgement: EchoJudged) -> list[Effect]:
        """From now on it is shielded so."""
        self.judgement = judgement
        self._recent.clear()
        return [Tell("echo", self.shown)]

    def hear(self, index: int, *, speech: bool) -> Onset | None:
        self._recent.append((index, speech))
        voiced = [place for place, spoken in self._recent if spoken]
        if len(voiced) < VOTES:
            return None
        self._recent.clear()
        return Onset(voiced[0])

    def reset(self) -> None:
        """The box does not speak: what it hears is not about that."""
        self._recent.clear()


def overhear(box: Conversation, frame: Frame, now: float) -> list[Effect]:
    """A frame that may have been heard while the box speaks; a person in it is given the floor."""
    if not isinstance(box.turn.phase, Speaking):
        box.barge_in.reset()
        return []
    unasked = box.questions.is_mute(box.turn.number) or box.ledger.verdict() is Verdict.HARD
    if unasked or not box.barge_in.heeds:
        return []
    onset = box.barge_in.hear(frame.index, speech=frame.speech)
    if onset is None:
        return []
    interrupted = Tell("barge-in", {"turn": box.turn.number})
    box.ear.reset()
    box.ear.state = Talking(frame.index)  # that they speak is certain: the ear is to find the end
    return [interrupted, *box.tell_turn(onset, now)]
