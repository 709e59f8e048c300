"""When a sound that is no speech is heard: listening, done listening, nothing heard, muted, offline, refused.

Knows who has the floor and what troubles the line. Must never know how a sound is made.

    press ─► listening        end of an utterance ─► done listening        nobody spoke ─► nothing heard
    somebody waits, and the line is away ─► offline        or it cannot or will not ─► refused

After these two it says in words what is wrong, unless that would be over the words of whoever is speaking.

The ear is told nothing while one sounds: what it heard then would be the box itself. Speech that begins
meanwhile is found a moment later, and its beginning is sent all the same: the pre-roll is longer.
"""

from __future__ import annotations

from .earcons import Earcon
from .effects import Chime
from .floor import Hearing, Idle, Listening, Phase, Waiting
from .hours import SILENT as SILENT
from .hours import Earcons as Earcons
from .mood import Mood

DRAIN_S = 0.12  # from the sound card's buffers through the air into the microphone


class Chimes:
    """`settle` it after every event; what it answers is to be sounded."""

    def __init__(self, earcons: Earcons) -> None:
        self._earcons = earcons
        self._phase: Phase = Idle()
        self._trouble: Earcon | None = None
        self._nothing = False
        self._refused: str | None = None
        self._own: Earcon | None = None
        self._until = 0.0
        self._said = 0.0  # until when a sentence is

    def is_heard(self, now: float) -> bool:
        """The microphone may hear one."""
        return now < self._until

    def over(self, outcome: str) -> None:
        """A turn has ended like this."""
        self._nothing = outcome == "nothing heard"

    def say(self, earcon: Earcon) -> None:
        """Something was done, or will not be, that has a sound of its own."""
        self._own = earcon

    def refuse(self, why: str) -> None:
        """A press came to nothing, for this reason."""
        self._refused = why

    def settle(
        self, phase: Phase, mood: Mood, now: float, *, local_s: float | None, ringing: bool, failure: str = ""
    ) -> list[Chime]:
        """`ringing`: a timer does, which is louder. `failure`: what troubles the line, by its name."""
        refused = self._refused
        earcon = self._next(phase, mood)
        length_s = self._earcons.lengths_s.get(earcon) if earcon else None
        if earcon is None or length_s is None or ringing or self._earcons.is_night(local_s):
            return []
        if earcon is Earcon.NOTHING_HEARD and now < self._said:
            return []  # there was nothing to hear but the sentence
        notice = self._notice(earcon, phase, failure if refused is None else refused)
        self._until = now + length_s + self._earcons.notices_s.get(notice, 0.0) + DRAIN_S
        self._said = self._until if notice else now
        return [Chime(earcon, notice=notice)]

    def _notice(self, earcon: Earcon, phase: Phase, failure: str) -> str:
        """What is wrong, by its name, where it may be said in words; "" where it may not."""
        wanted = earcon is Earcon.REFUSED or (earcon is Earcon.OFFLINE and isinstance(phase, Waiting))
        return failure if wanted and failure in self._earcons.notices_s else ""

    def _next(self, phase: Phase, mood: Mood) -> Earcon | None:
        """What has just come to be; the worst of it."""
        was, self._phase = self._phase, phase
        trouble = _trouble(phase, mood)
        had, self._trouble = self._trouble, trouble
        nothing, self._nothing = self._nothing, False
        refused, self._refused = self._refused, None
        own, self._own = self._own, None
        if own is not None:
            return own
        if refused is not None:
            return Earcon.REFUSED
        if trouble is not None and trouble is not had:
            return trouble
        match (was, phase):
            case (Listening(follow_up=False), Listening(follow_up=False)):
                return None
            case (_, Listening(follow_up=False)):
                return Earcon.LISTENING
            case (Hearing(), Waiting()):
                return Earcon.DONE_LISTENING
        return Earcon.NOTHING_HEARD if nothing else None


def _trouble(phase: Phase, mood: Mood) -> Earcon | None:
    """What somebody who waits has to know; nobody is woken at night for a line that is away."""
    if isinstance(phase, Idle):
        return None
    match mood:
        case Mood.OFFLINE | Mood.CLOCK:
            return Earcon.OFFLINE
        case Mood.REFUSED:
            return Earcon.REFUSED
        case _:
            return None
