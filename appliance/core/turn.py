"""Whose turn is it.

Knows the person's turn, the model's, and the numbers that keep them apart. Must never know whether there
is a line (an answer outlives the link it came by), nor how speech is recognised.

               TOUCH               Onset, HOLD             Offset, LET_GO, TAP
    Idle ─────────────► Listening ─────────────► Hearing ─────────────────────► Waiting
     ▲                   │   ▲  ▲                                                  │ content
     │  nobody spoke     │   │  └─────────── TOUCH (silence at once) ───────────┐  ▼
     └───────────────────┘   └─────────────── Drained: follow-up ───────────── Speaking

Beside it stands what the service is doing, because that is another matter: Silent, Answering, or Abandoned
(it goes on with an answer that nobody wants any more: dropped, until its turn is closed).

Content is taken only while the person does not have the floor. An abandoned answer is told from the one
that follows by what the service says of it (interrupted, turnComplete); where it says nothing, by time:
whatever arrives FENCE_S after our activityStart was sent after the service had seen it.

A service that says nothing is not waited for in vain: without a sign of life, or without an answer, the line
is renewed and the utterance sent again, once; one that falls silent within an answer, or never closes its
turn, has its line renewed as well.
"""

from __future__ import annotations

from dataclasses import replace

from .audio import frames
from .effects import Finish, Flush, Play, Tell
from .endpoint import Context, Offset, Onset
from .events import Drained
from .floor import (
    Abandoned,
    ActivityBegan,
    ActivityEnded,
    Answering,
    Arm,
    Begin,
    By,
    Deaf,
    Dismissed,
    Drop,
    Dumb,
    End,
    Hearing,
    Idle,
    LineLost,
    Listening,
    Manners,
    Order,
    Over,
    Passed,
    Phase,
    Progress,
    Renew,
    Settle,
    Silent,
    Speaking,
    Told,
    Typed,
    Unanswerable,
    Waiting,
)
from .gesture import Gesture
from .messages import GenerationComplete, Interrupted, ModelSaid, PersonSaid, Speech, TurnComplete, Words
from .reasons import outcome_of

PROOFS = ("answered", "silence", "interrupted")  # outcomes that show the service to be well
FENCE_S = 0.5  # the round trip of a mobile link; the shortest question and its tail take longer
ECHO_TAIL_MS = 300  # a room's echo of the answer must not open the follow-up


class Turn:
    """`tell` it what happened; it answers with what to do. `number` is the generation of every sound."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.number = 0
        self.phase: Phase = Idle()
        self.model: Silent | Answering | Abandoned = Silent()
        self._again = 0  # the last turn that was sent again because it was not answered

    def __repr__(self) -> str:
        return f"turn {self.number} {type(self.phase).__name__.lower()}"

    def deadline(self) -> float | None:
        dues: list[float | None] = []
        match self.phase:
            case Listening(until) | Hearing(until) | Waiting(until) | Speaking(until, False):
                dues.append(until)
        match self.model:
            case Answering(close_by):
                dues.append(close_by)
        return min((due for due in dues if due is not None), default=None)

    @property
    def is_quiet(self) -> bool:
        """Nothing is owed by either side; what is queued may still play."""
        done = isinstance(self.phase, Speaking) and self.phase.finished
        return (done or isinstance(self.phase, Idle | Listening)) and not isinstance(self.model, Answering)

    @property
    def is_dismissed(self) -> bool:
        """Nobody waits for what the service is still doing."""
        return isinstance(self.phase, Idle) and isinstance(self.model, Abandoned)

    @property
    def is_following_up(self) -> bool:
        return isinstance(self.phase, Listening) and self.phase.follow_up

    @property
    def is_hearing(self) -> bool:
        return isinstance(self.phase, Hearing)

    def tell(self, told: Told, now: float, index: int) -> list[Order]:
        """`index` is the newest place on the sample clock."""
        match (self.phase, told):
            case (phase, Gesture()):
                return self._gesture(phase, told, now, index)
            case (Listening(_, cut, after), Onset() as onset):
                return self._hear(self.manners.first(onset, cut, pressed=not after), now, By.VOICE)
            case (Speaking(), Onset() as onset):  # over the answer, which is silenced as by a finger
                return [*self._hush(), *self._hear(self.manners.since(onset), now, By.VOICE)]
            case (Hearing(_, By.VOICE), Offset()):  # a finger that came down decides what it meant
                return self._close()
            case (phase, Speech() | Words() | ModelSaid()):
                return self._content(phase, told, now)
            case (phase, Interrupted() | GenerationComplete() | TurnComplete()):
                return self._punctuation(phase, told, now, index)
            case (Speaking(more=True) as speaking, Drained(turn)) if turn == self.number:
                self.number += 1
                self._alive(now)
                return [Over(turn, speaking.outcome)]
            case (Speaking() as speaking, Drained(turn)) if turn == self.number:
                return self._over(speaking.outcome, now, index)
            case (phase, ActivityBegan()):
                self._began(phase, now)
            case (Waiting(), ActivityEnded(turn)) if turn == self.number:
                self.phase = Waiting(now + min(self.manners.mute_s, self.manners.answer_timeout_s))
            case (Waiting(until), PersonSaid()) if until is not None:
                self._alive(now)
            case (Waiting(until), Progress()) if until is not None:
                self.model = Answering()
                self._alive(now)
                return [Settle(self.number)]
            case (Speaking() as speaking, Progress()):
                self.phase = replace(speaking, until=now + self.manners.answer_timeout_s)
            case (Idle() | Listening() | Waiting() | Speaking(), Typed()):
                orders = self._hush()
                self.number += 1
                self.phase = Waiting()
                return orders
            case (phase, LineLost(kept)):
                return self._line_lost(phase, now, index, kept=kept)
            case (Waiting(), Unanswerable(turn, why)) if turn == self.number:
                return self._rest(why)
            case (Listening(), Deaf()):
                return self._dismiss(self.phase)
            case (Hearing(), Deaf()):
                return self._close()
            case (Speaking(finished=True), Dumb()):  # nobody will say Drained
                return [Flush(self.number), *self._rest("no speaker")]
            case (phase, Dismissed()):
                return self._dismiss(phase)
            case (phase, Passed()):
                return self._passed(phase, now, index)
        return []

    # -- the finger ---------------------------------------------------------------------------------

    def _gesture(self, phase: Phase, gesture: Gesture, now: float, index: int) -> list[Order]:
        match (phase, gesture):
            case (Idle() | Listening(), Gesture.TOUCH):
                return self._listen(now, index - self.manners.reach_back)
            case (Waiting() | Speaking(), Gesture.TOUCH):
                # Before the press there was the answer in the room: nothing of that is the person's.
                return [*self._hush(), *self._listen(now, index)]
            case (Hearing(_, By.VOICE), Gesture.TOUCH):
                self.phase = replace(phase, by=By.TOUCHED)
            case (Listening(_, cut), Gesture.HOLD):
                return self._hear(cut, now, By.FINGER)
            case (Hearing(_, By.VOICE | By.TOUCHED), Gesture.HOLD):
                self.phase = replace(phase, by=By.FINGER)
            case (Hearing(_, By.TOUCHED), Gesture.TAP):
                return self._close()
            case (Hearing(until, By.FINGER), Gesture.LET_GO):
                self.phase = replace(phase, until=min(until, now + self.manners.tail_s), by=By.TAIL)
            case (Hearing(_, By.TAIL, end), Gesture.TOUCH):  # a finger that slipped
                self.phase = replace(phase, until=end, by=By.TOUCHED)
        return []

    def _listen(self, now: float, cut: int, *, follow_up: bool = False) -> list[Order]:
        wait = self.manners.follow_up_s if follow_up else self.manners.no_speech_s
        self.phase = Listening(now + wait, cut, follow_up)
        return [Arm(cut, Context.FOLLOW_UP if follow_up else Context.PRESS)]

    def _hear(self, since: int, now: float, by: By) -> list[Order]:
        self.number += 1
        end = now + self.manners.max_utterance_s
        self.phase = Hearing(end, by, end)
        if isinstance(self.model, Answering):  # a follow-up spoken before the service closed its turn
            self.model = Abandoned(begun=True)
        return [Begin(self.number, since)]

    def _close(self) -> list[Order]:
        self.phase = Waiting()
        return [End(self.number)]

    def _hush(self) -> list[Order]:
        """Silence what plays, and want no more of it."""
        match (self.phase, self.model):
            case (Idle() | Listening() | Hearing(began=False) | Speaking(finished=True), Silent()):
                pass  # the service owes nothing
            case (Waiting(None), _) | (_, Abandoned()):
                pass  # nothing was asked of it yet; or that is known
            case _:
                self.model = Abandoned(begun=isinstance(self.model, Answering))
        if isinstance(self.phase, Speaking):
            return [Flush(self.number), Over(self.number, "interrupted")]
        return []

    def _dismiss(self, phase: Phase) -> list[Order]:
        match phase:
            case Idle():
                return []
            case Listening(follow_up=True):
                self.phase = Idle()
                return []
            case Listening():
                return self._rest("dismissed")
            case Hearing():
                self._hush()
                return [End(self.number), Drop(self.number), *self._rest("dismissed")]
            case _:
                return [*self._hush(), Drop(self.number), *self._rest("dismissed")]

    def _began(self, phase: Phase, now: float) -> None:
        if isinstance(phase, Hearing):
            self.phase = replace(phase, began=True)
        if isinstance(self.model, Abandoned):
            # A service that is not interrupted says its old answer to the end, however long that is.
            fence_s = FENCE_S if self.manners.interruptible else self.manners.answer_timeout_s
            self.model = replace(self.model, over_at=now + fence_s)

    # -- the answer ---------------------------------------------------------------------------------

    def _content(self, phase: Phase, told: Speech | Words | ModelSaid, now: float) -> list[Order]:
        if isinstance(told, Words) and told.thought:
            if isinstance(phase, Waiting) and phase.until is not None:
                self._alive(now)
            return []
        if isinstance(phase, Hearing) or (isinstance(phase, Listening) and not phase.follow_up):
            if not isinstance(self.model, Abandoned):
                self.model = Abandoned(begun=True)
            return []
        if isinstance(self.model, Abandoned):
            if not self._is_next(phase, now):
                return []
            self.model = Answering()
        orders = self._take_floor(phase, now)
        if isinstance(told, Speech):
            orders.append(Play(self.number, told.pcm, told.rate_hz))
        return orders

    def _alive(self, now: float) -> None:
        """The service has what was said; the answer may take its time from here on."""
        self.phase = Waiting(now + self.manners.answer_timeout_s, alive=True)

    def _take_floor(self, phase: Phase, now: float) -> list[Order]:
        """The model speaks: for the person's turn, or by itself in one of its own."""
        orders: list[Order] = []
        match phase:
            case Waiting():
                orders.append(Settle(self.number))
            case Speaking(finished=True):  # it closed its turn too early: what was said plays out first
                orders.append(Over(self.number, phase.outcome))
                self.number += 1
            case Idle() | Listening():
                self.number += 1
        self.model = Answering()
        self.phase = Speaking(now + self.manners.answer_timeout_s)
        return orders

    def _is_next(self, phase: Phase, now: float) -> bool:
        """Whether what arrives belongs to the turn after the abandoned one."""
        match (phase, self.model):
            case (Waiting(until), Abandoned(over_at, hushed)) if until is not None:
                return hushed or (over_at is not None and now >= over_at)
            case _:
                return False

    def _punctuation(
        self,
        phase: Phase,
        told: Interrupted | GenerationComplete | TurnComplete,
        now: float,
        index: int,
    ) -> list[Order]:
        match (told, self.model):
            case (Interrupted(), Abandoned() as abandoned):
                self.model = replace(abandoned, hushed=True)
                return []
            case (TurnComplete(more=True), Abandoned()):
                return []
            case (TurnComplete(), Abandoned() as old) if old.ends or not self._is_next(phase, now):
                self.model = Silent()
                return []
            case (GenerationComplete(), Abandoned()):
                return []
            case (TurnComplete(_, more), _):
                self.model = Answering() if more else Silent()
        match (phase, told):
            case (Speaking(), Interrupted()) if isinstance(self.model, Answering):
                # By its own account: what is queued is void, what comes next may be meant.
                flushed = self.number
                self.number += 1
                self._alive(now)
                return [Flush(flushed)]
            case (Speaking() as speaking, TurnComplete(reason, more)):
                outcome = outcome_of(reason) or speaking.outcome
                self.phase = replace(speaking, finished=True, outcome=outcome, more=more)
                return [] if speaking.finished else [Finish(self.number)]
            case (Speaking(finished=False) as speaking, GenerationComplete()):
                self.phase = replace(speaking, finished=True)
                return [Finish(self.number)]
            case (Waiting(until), TurnComplete(more=True)) if until is not None:
                self._alive(now)
                return [Settle(self.number)]
            case (Waiting(until), TurnComplete(reason)) if until is not None:
                return [Settle(self.number), *self._over(outcome_of(reason) or "silence", now, index)]
        return []

    # -- how a turn ends ----------------------------------------------------------------------------

    def _over(self, outcome: str, now: float, index: int) -> list[Order]:
        """The model has said what it had to say: the person may go on without a press."""
        orders: list[Order] = [Over(self.number, outcome)]
        if isinstance(self.model, Answering):
            self.model = Answering(now + self.manners.close_s)
        if self.manners.follow_up_s > 0:
            return orders + self._listen(now, index + frames(ECHO_TAIL_MS), follow_up=True)
        self.phase = Idle()
        return orders

    def _rest(self, outcome: str) -> list[Order]:
        number = self.number + 1 if isinstance(self.phase, Listening) else self.number
        self.phase = Idle()
        return [Over(number, outcome)]

    def _line_lost(self, phase: Phase, now: float, index: int, *, kept: bool) -> list[Order]:
        self.model = Silent()
        match phase:
            case Waiting() if kept:
                self.phase = Waiting()
            case Waiting():
                lost = Tell("lost", {"what": "the answer", "count": 1, "why": "line lost"})
                return [lost, *self._rest("line lost")]
            case Speaking(finished=True):
                self.phase = replace(phase, more=False)
            case Speaking():
                self.phase = replace(phase, finished=True)
                return [Finish(self.number), Tell("lost", {"what": "the end of an answer", "count": 1})]
        return []

    def _passed(self, phase: Phase, now: float, index: int) -> list[Order]:
        orders: list[Order] = []
        if (
            isinstance(self.model, Answering)
            and self.model.close_by is not None
            and now >= self.model.close_by
        ):
            self.model = Silent()
            orders.append(Renew(fresh=False))
        match phase:
            case Listening(until, _, follow_up) if now >= until:
                if follow_up:
                    self.phase = Idle()
                else:
                    orders += self._rest("nothing heard")
            case Hearing(until) if now >= until:
                orders += self._close()
            case Waiting(float(until)) if now >= until:
                orders += self._unanswered()
            case Speaking(until, False) if now >= until:
                self.phase = Speaking(until, finished=True)
                lost = Tell(
                    "lost", {"what": "the end of an answer", "count": 1, "why": "service fell silent"}
                )
                self.model = Silent()
                orders += [Finish(self.number), lost, Renew(fresh=False)]
        return orders

    def _unanswered(self) -> list[Order]:
        """No answer began. It may be the line, or a session that hears and never answers: once more."""
        self.model = Silent()
        if self._again < self.number:
            self._again = self.number
            self.phase = Waiting()
            return [Renew(fresh=True)]
        return [Drop(self.number), *self._rest("no answer"), Renew(fresh=True)]
