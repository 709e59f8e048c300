"""Somebody speaks while the box does: may they interrupt it, and is it really a person?

Knows how surely each frame is speech, and how the box is kept from hearing itself. Must never know what
graded them, nor what is said.

                         6 of the last 10 frames are surely speech, or one certainly a person's
    the box speaks, and may hear ──────────────────────────────────────────► Onset: the person has the floor

Whoever is unsure of its own voice should not stop for it: nothing is heard where the echo is not taken away.
Where the box takes it away itself, what is marked as certain has been held against the echo together with
what was heard before it (residual.py), and in the pauses of an answer a vote decides. Elsewhere a dog is not
told from a person so soon, and the ear's own rule for a barge-in is followed, which takes 400 ms.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .audio import Frame
from .effects import Effect, Tell
from .endpoint import CERTAIN, SURE, Context, Endpointer, Onset, Talking
from .events import EchoJudged
from .floor import Speaking
from .residual import EVIDENCE
from .shield import Shield
from .turn import Turn
from .usage import Verdict

if TYPE_CHECKING:
    from .conversation import Conversation

WINDOW = 10  # frames
VOTES = 6


class BargeIn:
    """`hear` every frame while the box speaks; it says once that a person does."""

    def __init__(self, shield: Shield, *, interruptible: bool) -> None:
        self.judgement = EchoJudged(shield)
        self.interruptible = interruptible
        self._recent: deque[tuple[int, int]] = deque(maxlen=WINDOW)
        self._ear = Endpointer(hangover_ms=800)  # which never ends here
        self._ear.arm(Context.BARGE_IN)

    def __repr__(self) -> str:
        return f"echo {self.judgement.shield}"

    @property
    def heeds(self) -> bool:
        """A voice may interrupt."""
        return self.interruptible and self.judgement.shield is not Shield.HALF_DUPLEX

    @property
    def shown(self) -> dict[str, object]:
        """For a person who asks."""
        found = self.judgement
        shown: dict[str, object] = {"shield": str(found.shield), "why": found.why}
        return shown if found.lowered_db is None else {**shown, "lowered_db": round(found.lowered_db, 1)}

    def judged(self, judgement: EchoJudged) -> list[Effect]:
        """From now on it is shielded so."""
        self.judgement = judgement
        self.reset()
        return [Tell("echo", self.shown)]

    def hear(self, index: int, *, speech: int) -> Onset | None:
        """`speech`: the grade of frame `index`."""
        if self.judgement.shield is not Shield.CANCEL:
            found = self._ear.hear(index, speech=speech)
            if not isinstance(found, Onset):
                return None
            self.reset()
            return found
        self._recent.append((index, speech))
        voiced = [place for place, grade in self._recent if grade >= SURE]
        if speech == CERTAIN:
            voiced = [index - EVIDENCE + 1]
        elif len(voiced) < VOTES:
            return None
        self.reset()
        return Onset(voiced[0])

    def reset(self) -> None:
        """The box does not speak: what it hears is not about that."""
        self._recent.clear()
        self._ear.arm(Context.BARGE_IN)


def may_interrupt(box: Conversation) -> bool:
    """Whether somebody is in the room, and their voice is told from the box's own."""
    unasked = box.questions.is_mute(box.turn.number) or box.ledger.verdict() is Verdict.HARD
    return box.barge_in.heeds and not unasked


def heed(box: Conversation, now: float) -> list[Effect]:
    """While the box speaks, a service that decides for itself hears only those who may interrupt."""
    if isinstance(box.turn.phase, Speaking) and not may_interrupt(box):
        box.stream.pause(now)
    return []


def stream(box: Conversation, frame: Frame, now: float) -> list[Effect]:
    """Let such a service hear this frame; a sound of the box itself that nobody takes away is silence."""
    if box.chimes.is_heard(now) and box.barge_in.judgement.shield is Shield.HALF_DUPLEX:
        frame = frame.hushed()
    return box.perform_flow(box.stream.add(frame), now)


def overhear(box: Conversation, frame: Frame, now: float) -> list[Effect]:
    """A frame that may have been heard while the box speaks; a person in it is given the floor."""
    if not isinstance(box.turn.phase, Speaking):
        box.barge_in.reset()
        return []
    decides = isinstance(box.turn, Turn)  # else the service does, which is sent it all
    if not decides or not may_interrupt(box):
        return []
    onset = box.barge_in.hear(frame.index, speech=frame.speech)
    if onset is None:
        return []
    interrupted = Tell("barge-in", {"turn": box.turn.number})
    box.ear.arm(Context.BARGE_IN)
    box.ear.state = Talking(frame.index)  # that they speak is certain: the ear is to find the end
    return [interrupted, *box.tell_turn(onset, now)]
