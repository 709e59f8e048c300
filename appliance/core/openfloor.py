"""Whose turn is it, where the service decides.

Knows the person's turn, the model's, and the numbers that keep them apart, as turn.py does; but here the
microphone is heard by the service for as long as a conversation is open, and the service says when the
person has finished and when they interrupt. Our own ear serves the light and the patience only. Must never
know whether there is a line, nor how speech is recognised.

               TOUCH               Onset, HOLD            Offset, LET_GO, TAP
    Idle ─────────────► Listening ─────────────► Hearing ◄──────────────────► Waiting
     ▲                   │  ▲   ▲                 │   ▲       Onset again      │
     │  nobody spoke     │  │   └ TOUCH ─┐        │   └ Interrupted ─┐         │
     └───────────────────┘  └ Drained ── Speaking ◄── content, in any of these ┘

    The microphone streams in Listening, Hearing and Waiting; in Speaking only if a voice may interrupt.

Beside it stands what the service is doing: Silent, Answering, or Abandoned, an answer that nobody wants any
more. That one is over when the service closes its turn (turnComplete). Should it fail to: half a second
after it said `interrupted`, for what is late comes at once; when the person has spoken again, if none of it
had come; else when it has been quiet for as long as an answer is waited for.
"""

from __future__ import annotations

from dataclasses import replace

from . import floor as fl
from .audio import frames
from .effects import Finish, Flush, Play, Tell
from .endpoint import Context, Offset, Onset
from .events import Drained
from .gesture import Gesture
from .messages import GenerationComplete, Interrupted, ModelSaid, PersonSaid, Speech, TurnComplete, Words
from .reasons import outcome_of
from .turn import ECHO_TAIL_MS, FENCE_S


class OpenFloor:
    """`tell` it what happened; it answers with what to do. `number` is the generation of every sound."""

    def __init__(self, manners: fl.Manners) -> None:
        self.manners = manners
        self.number = 0
        self.phase: fl.Phase = fl.Idle()
        self.model: fl.Silent | fl.Answering | fl.Abandoned = fl.Silent()
        self._again = 0
        """The last turn that was sent again because it was not answered."""

    def __repr__(self) -> str:
        return f"turn {self.number} {type(self.phase).__name__.lower()}"

    def deadline(self) -> float | None:
        dues: list[float | None] = []
        match self.phase:
            case fl.Listening(until) | fl.Hearing(until) | fl.Waiting(until) | fl.Speaking(until, False):
                dues.append(until)
        match self.model:
            case fl.Answering(close_by):
                dues.append(close_by)
        return min((due for due in dues if due is not None), default=None)

    @property
    def is_quiet(self) -> bool:
        """Nothing is owed by either side; what is queued may still play."""
        done = isinstance(self.phase, fl.Speaking) and self.phase.finished
        return (done or isinstance(self.phase, fl.Idle | fl.Listening)) and not isinstance(
            self.model, fl.Answering
        )

    @property
    def is_dismissed(self) -> bool:
        """Nobody waits for what the service is still doing."""
        return isinstance(self.phase, fl.Idle) and isinstance(self.model, fl.Abandoned)

    @property
    def is_following_up(self) -> bool:
        return isinstance(self.phase, fl.Listening) and self.phase.follow_up

    @property
    def is_hearing(self) -> bool:
        return isinstance(self.phase, fl.Hearing)

    def tell(self, told: fl.Told, now: float, index: int) -> list[fl.Order]:
        """`index` is the newest place on the sample clock."""
        match (self.phase, told):
            case (phase, Gesture()):
                return self._gesture(phase, told, now, index)
            case (fl.Listening() | fl.Waiting(), Onset()):
                return self._hear(now, fl.By.VOICE)
            case (fl.Hearing(_, fl.By.VOICE), Offset()):  # the service decides whether that was all
                self.phase = self._waiting(now)
            case (_, Speech() | Words() | ModelSaid()):
                return self._content(told, now)
            case (_, Interrupted()):
                return self._interrupted(now, index)
            case (_, GenerationComplete() | TurnComplete()):
                return self._punctuation(told, now, index)
            case (fl.Speaking(more=True) as speaking, Drained(turn)) if turn == self.number:
                self.number += 1
                self.phase = self._waiting(now, alive=True)
                return [fl.Over(turn, speaking.outcome)]
            case (fl.Speaking() as speaking, Drained(turn)) if turn == self.number:
                return self._over(speaking.outcome, now, index)
            case (fl.Waiting(until), PersonSaid()) if until is not None:
                self.phase = self._waiting(now, alive=True)
            case (_, fl.Progress()):
                return self._progress(now)
            case (fl.Waiting(), fl.ActivityEnded(turn)) if turn == self.number:
                self.phase = self._waiting(now)
            case (fl.Idle() | fl.Listening() | fl.Waiting() | fl.Speaking(), fl.Typed()):
                orders = self._hush(now)
                self.number += 1
                self.phase = fl.Waiting()
                return orders
            case (phase, fl.LineLost(kept)):
                return self._line_lost(phase, now, kept=kept)
            case (fl.Waiting(), fl.Unanswerable(turn, why)) if turn == self.number:
                return self._rest(why)
            case (fl.Listening(), fl.Deaf()):
                return self._dismiss(self.phase, now)
            case (fl.Hearing(), fl.Deaf()):
                return self._conclude(now)
            case (fl.Waiting(), fl.Deaf()):
                return [fl.Conclude()]
            case (fl.Speaking(), fl.Deaf()):
                return [fl.Pause()]
            case (fl.Speaking(finished=True), fl.Dumb()):  # nobody will say Drained
                return [Flush(self.number), *self._rest("no speaker")]
            case (phase, fl.Dismissed()):
                return self._dismiss(phase, now)
            case (phase, fl.Passed()):
                return self._passed(phase, now)
        return []

    def _waiting(self, now: float, *, alive: bool = False) -> fl.Waiting:
        return fl.Waiting(now + self.manners.answer_timeout_s, alive)

    # -- the person ---------------------------------------------------------------------------------

    def _gesture(self, phase: fl.Phase, gesture: Gesture, now: float, index: int) -> list[fl.Order]:
        match (phase, gesture):
            case (fl.Idle() | fl.Listening(), Gesture.TOUCH):
                return self._listen(now, index - self.manners.reach_back)
            case (fl.Waiting() | fl.Speaking(), Gesture.TOUCH):
                # Before the press there was the answer in the room: nothing of that is the person's.
                return [*self._hush(now), fl.Drop(self.number), *self._listen(now, index)]
            case (fl.Hearing(_, fl.By.VOICE), Gesture.TOUCH):
                self.phase = replace(phase, by=fl.By.TOUCHED)
            case (fl.Listening(), Gesture.HOLD):
                return self._hear(now, fl.By.FINGER)
            case (fl.Hearing(_, fl.By.VOICE | fl.By.TOUCHED), Gesture.HOLD):
                self.phase = replace(phase, by=fl.By.FINGER)
            case (fl.Hearing(_, fl.By.TOUCHED), Gesture.TAP):
                return self._conclude(now)
            case (fl.Hearing(until, fl.By.FINGER), Gesture.LET_GO):
                self.phase = replace(phase, until=min(until, now + self.manners.tail_s), by=fl.By.TAIL)
            case (fl.Hearing(_, fl.By.TAIL, end), Gesture.TOUCH):  # a finger that slipped
                self.phase = replace(phase, until=end, by=fl.By.TOUCHED)
        return []

    def _listen(self, now: float, cut: int, *, follow_up: bool = False) -> list[fl.Order]:
        wait = self.manners.follow_up_s if follow_up else self.manners.no_speech_s
        self.phase = fl.Listening(now + wait, cut, follow_up)
        context = Context.FOLLOW_UP if follow_up else Context.PRESS
        return [fl.Attend(self.number + 1, cut), fl.Arm(cut, context)]

    def _hear(self, now: float, by: fl.By) -> list[fl.Order]:
        """Somebody speaks; whoever goes on after a pause is still in the same turn."""
        if not isinstance(self.phase, fl.Waiting):
            self.number += 1
            if isinstance(self.model, fl.Answering):  # a follow-up spoken before the service closed its turn
                self.model = fl.Abandoned()
        end = now + self.manners.max_utterance_s
        self.phase = fl.Hearing(end, by, end)
        return [fl.Retain(self.number)]

    def _conclude(self, now: float) -> list[fl.Order]:
        self.phase = self._waiting(now)
        return [fl.Conclude()]

    def _hush(self, now: float) -> list[fl.Order]:
        """Silence what plays, and want no more of it."""
        match (self.phase, self.model):
            case (_, fl.Abandoned()):
                pass  # that is known
            case (fl.Idle() | fl.Listening() | fl.Speaking() | fl.Waiting(None), fl.Silent()):
                pass  # the service owes nothing
            case (fl.Waiting() | fl.Hearing(), fl.Silent()) | (fl.Idle() | fl.Listening(), _):
                self.model = fl.Abandoned()
            case _:
                self.model = fl.Abandoned(now + self.manners.answer_timeout_s)
        if isinstance(self.phase, fl.Speaking):
            return [Flush(self.number), fl.Over(self.number, "interrupted")]
        return []

    def _dismiss(self, phase: fl.Phase, now: float) -> list[fl.Order]:
        match phase:
            case fl.Idle():
                return []
            case fl.Listening(follow_up=True):
                self.phase = fl.Idle()
                return [fl.Pause()]
            case fl.Listening():
                return self._rest("dismissed")
            case _:
                return [*self._hush(now), fl.Drop(self.number), *self._rest("dismissed")]

    # -- the service --------------------------------------------------------------------------------

    def _content(self, told: Speech | Words | ModelSaid, now: float) -> list[fl.Order]:
        if isinstance(told, Words) and told.thought:
            if isinstance(self.phase, fl.Waiting) and self.phase.until is not None:
                self.phase = self._waiting(now, alive=True)
            return []
        if not self._is_wanted(now):
            return []
        orders = self._take_floor(now)
        if isinstance(told, Speech):
            orders.append(Play(self.number, told.pcm, told.rate_hz))
        return orders

    def _is_wanted(self, now: float) -> bool:
        """Whether what arrives is not of an abandoned answer; if it is, that one is not over yet."""
        match self.model:
            case fl.Abandoned(None):
                wanted = isinstance(self.phase, fl.Waiting) and self.phase.until is not None
            case fl.Abandoned(float() | int() as over_at):
                wanted = now >= over_at
            case _:
                return True
        if not wanted and not self.model.hushed:
            self.model = fl.Abandoned(now + self.manners.answer_timeout_s)
        return wanted

    def _take_floor(self, now: float) -> list[fl.Order]:
        """The model speaks: for the person's turn, or by itself in one of its own."""
        orders: list[fl.Order] = []
        match self.phase:
            case fl.Speaking(_, True, outcome):  # it closed its turn too early: what was said plays out first
                orders.append(fl.Over(self.number, outcome))
                self.number += 1
            case fl.Speaking():
                pass
            case fl.Idle() | fl.Listening():  # of what our ear did not take for speech, or unasked
                self.number += 1
        if not isinstance(self.phase, fl.Speaking):
            orders += [fl.Settle(self.number), fl.Yield()]
        self.model = fl.Answering()
        self.phase = fl.Speaking(now + self.manners.answer_timeout_s)
        return orders

    def _progress(self, now: float) -> list[fl.Order]:
        """It is at work though it says nothing."""
        if isinstance(self.phase, fl.Idle) or self.phase == fl.Waiting() or not self._is_wanted(now):
            return []
        if isinstance(self.phase, fl.Speaking):
            if not self.phase.finished:
                self.phase = replace(self.phase, until=now + self.manners.answer_timeout_s)
            return []
        if isinstance(self.phase, fl.Listening):
            self.number += 1
        self.model = fl.Answering()
        self.phase = self._waiting(now, alive=True)
        return [fl.Settle(self.number)]

    def _interrupted(self, now: float, index: int) -> list[fl.Order]:
        """It heard the person speak: what is queued is void, what is late is not wanted."""
        match (self.phase, self.model):
            case (fl.Speaking(), model):
                if isinstance(model, fl.Answering):
                    self.model = fl.Abandoned(now + FENCE_S, hushed=True)
                flushed = self.number
                self.number += 1
                self.phase = fl.Hearing(now + self.manners.no_speech_s, fl.By.VOICE)
                heard: list[fl.Order] = [fl.Attend(self.number, index), fl.Arm(index), fl.Retain(self.number)]
                return [Flush(flushed), *heard, fl.Over(flushed, "interrupted")]
            case (fl.Hearing() | fl.Waiting(), _) | (_, fl.Abandoned()):
                self.model = fl.Abandoned(now + FENCE_S, hushed=True)
        return []

    def _punctuation(self, told: GenerationComplete | TurnComplete, now: float, index: int) -> list[fl.Order]:
        match (told, self.model):
            case (GenerationComplete() | TurnComplete(more=True), fl.Abandoned()):
                return []
            case (TurnComplete(), fl.Abandoned()):
                self.model = fl.Silent()
                return []
            case (TurnComplete(_, more), _):
                self.model = fl.Answering() if more else fl.Silent()
        match (self.phase, told):
            case (fl.Speaking() as speaking, TurnComplete(reason, more)):
                outcome = outcome_of(reason) or speaking.outcome
                self.phase = replace(speaking, finished=True, outcome=outcome, more=more)
                return [] if speaking.finished else [Finish(self.number)]
            case (fl.Speaking(finished=False) as speaking, GenerationComplete()):
                self.phase = replace(speaking, finished=True)
                return [Finish(self.number)]
            case (fl.Waiting(until), TurnComplete(more=True)) if until is not None:
                self.phase = self._waiting(now, alive=True)
                return [fl.Settle(self.number)]
            case (fl.Waiting(until), TurnComplete(reason)) if until is not None:
                return [fl.Settle(self.number), *self._over(outcome_of(reason) or "silence", now, index)]
        return []

    # -- how a turn ends ----------------------------------------------------------------------------

    def _over(self, outcome: str, now: float, index: int) -> list[fl.Order]:
        """The model has said what it had to say: the person may go on without a press."""
        over = fl.Over(self.number, outcome)
        if isinstance(self.model, fl.Answering):
            self.model = fl.Answering(now + self.manners.close_s)
        if self.manners.follow_up_s > 0:
            return [*self._listen(now, index + frames(ECHO_TAIL_MS), follow_up=True), over]
        self.phase = fl.Idle()
        return [fl.Pause(), over]

    def _rest(self, outcome: str) -> list[fl.Order]:
        number = self.number + 1 if isinstance(self.phase, fl.Listening) else self.number
        self.phase = fl.Idle()
        return [fl.Pause(), fl.Over(number, outcome)]

    def _line_lost(self, phase: fl.Phase, now: float, *, kept: bool) -> list[fl.Order]:
        self.model = fl.Silent()
        match phase:
            case fl.Waiting(until) if kept:
                self.phase = fl.Waiting() if until is None else self._waiting(now)
            case fl.Waiting():
                lost = Tell("lost", {"what": "the answer", "count": 1, "why": "line lost"})
                return [lost, *self._rest("line lost")]
            case fl.Speaking(finished=True):
                self.phase = replace(phase, more=False)
            case fl.Speaking():
                self.phase = replace(phase, finished=True)
                return [Finish(self.number), Tell("lost", {"what": "the end of an answer", "count": 1})]
        return []

    def _passed(self, phase: fl.Phase, now: float) -> list[fl.Order]:
        orders: list[fl.Order] = []
        match self.model:
            case fl.Answering(float(close_by)) if now >= close_by:
                self.model = fl.Silent()
                orders.append(fl.Renew(fresh=False))
        match phase:
            case fl.Listening(until, _, follow_up) if now >= until:
                if follow_up:
                    self.phase = fl.Idle()
                    orders.append(fl.Pause())
                else:
                    orders += self._rest("nothing heard")
            case fl.Hearing(until) if now >= until:
                orders += self._conclude(now)
            case fl.Waiting(float(until), alive) if now >= until:
                orders += self._unanswered(now, alive=alive)
            case fl.Speaking(until, False) if now >= until:
                self.phase = fl.Speaking(until, finished=True)
                self.model = fl.Silent()
                what = {"what": "the end of an answer", "count": 1, "why": "service fell silent"}
                orders.append(Finish(self.number))
                orders.append(Tell("lost", what))
                orders.append(fl.Renew(fresh=False))
        return orders

    def _unanswered(self, now: float, *, alive: bool) -> list[fl.Order]:
        """No answer began. A service that understood and is silent is asked once more; one that gave no
        sign may not have taken for speech what we did."""
        self.model = fl.Silent()
        if alive and self._again < self.number:
            self._again = self.number
            self.phase = self._waiting(now)
            return [fl.Renew(fresh=True)]
        return [fl.Drop(self.number), *self._rest("no answer"), fl.Renew(fresh=alive)]
