"""The file to read first: the machines, wired into one.

    Pressed ─► button ─► turn ◄─ ear ◄─ Heard          who may speak, and when they have finished
                          │ Begin, End
                          ▼
                        uplink ─► Send                  what was said, until the service has it
                          ▲ line up, line down
    LinkDown, GoAway ─► session ─► Dial, Hang           whether there is a line
    Received ─► turn ─► Play, Finish, Flush             the answer
             └► calls ─► SetLights ─► Send(answer)      the functions

Knows which machine is told of what, and in which order. Must never know the inside of any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import assert_never

from . import events as ev
from . import floor as fl
from . import messages as ms
from .audio import FRAME_MS, RATE_HZ, Frame, Ring, duration_ms
from .calls import Calls
from .claims import claims
from .effects import Beat, Effect, Finish, Keep, Play, Quit, Reply, Send, Show, Tell
from .endpoint import Endpointer, Offset, Onset
from .gesture import Button, Gesture
from .health import Health
from .mood import Mood, strongest
from .questions import WORD_FOR_WORD, Questions
from .report import report
from .rules import Rules
from .session import Session
from .timeline import Timeline
from .tools import Tools
from .turn import PROOFS, Turn
from .uplink import Flow, Uplink
from .usage import Ledger, Verdict

SPENT = "the budget of the day or the month is used up"


class Conversation:
    """`handle` what happened; Wake it by its `deadline`. It never raises for what the world does."""

    def __init__(
        self, rules: Rules, tools: Tools, backoff: Callable[[], Iterator[float]], kept: object = None
    ) -> None:
        """`kept` is what a former life asked to Keep of its usage, or whatever was found in its place."""
        self.button = Button(rules.hold_s)
        self.turn = Turn(rules.manners)
        self.ear = Endpointer(rules.hangover_ms)
        self.ring = Ring()
        self.uplink = Uplink()
        self.session = Session(
            rules.setup,
            backoff,
            always=rules.always_connected,
            idle_close_s=rules.idle_close_s,
            fallbacks=rules.fallbacks,
        )
        self.calls = Calls(tools)
        self.questions = Questions()
        self.ledger = Ledger(rules.budget, kept)
        self.health = Health(rules.beat_s)
        self.timeline = Timeline()
        self.mood = Mood.STARTING

    def __repr__(self) -> str:
        return f"{self.session!r}, {self.turn!r}, {self.ear!r}"

    def deadline(self) -> float | None:
        machines = (self.button, self.turn, self.uplink, self.session, self.calls, self.health)
        return min((due for m in machines if (due := m.deadline()) is not None), default=None)

    def handle(self, event: ev.Event, now: float) -> list[Effect]:
        if self.session.is_stopped:
            return []
        effects = self._route(event, now)
        if self.session.is_stopped:
            return [*effects, Quit()]
        due = self.deadline()
        if due is not None and now >= due:
            effects += self._wake(now)
        return effects + self._afterwards(now)

    def _route(self, event: ev.Event, now: float) -> list[Effect]:
        match event:
            case ev.Heard():
                return self._heard(event, now)
            case ev.Received(link, messages):
                return self._received(link, messages, now)
            case ev.Pressed():
                return self._gestures(self.button.pressed(now), now)
            case ev.Released():
                return self._gestures(self.button.released(now), now)
            case ev.Asked(ask, request):
                return self._asked(ask, request, now)
            case ev.Sounding(turn):
                self.timeline.mark(turn, "first_sample", now)
                return []
            case ev.Drained():
                return self._turn(event, now)
            case ev.LinkUp():
                return self.session.up(event, now)
            case ev.LinkDown():
                return self._line(self.session.down(event, now), now)
            case ev.Garbled(_, reason):
                return [Tell("trouble", {"what": "unreadable message", "reason": reason})]
            case ev.LightsSet():
                return self.calls.set(event)
            case ev.LightsFailed(_, reason):
                return [*self.calls.failed(event), Tell("trouble", {"what": "lights", "reason": reason})]
            case ev.MicrophoneUp():
                self.health.opened(now)
                return [Tell("microphone", {"state": "open"})]
            case ev.MicrophoneDown(reason):
                self.health.closed(reason)
                told = Tell("microphone", {"state": "missing", "reason": reason})
                return [told, *self._turn(fl.Deaf(), now)]
            case ev.SpeakerUp():
                self.health.speaker = None
                return [Tell("speaker", {"state": "open"})]
            case ev.SpeakerDown(reason):
                self.health.speaker = reason
                told = Tell("speaker", {"state": "missing", "reason": reason})
                return [told, *self._turn(fl.Dumb(), now)]
            case ev.Day(date):
                self.ledger.today(date)
                return []
            case ev.Stop():
                effects = [*self.calls.stop(), *self._flow(self.uplink.gate(closed=False), now)]
                effects += self._turn(fl.Dismissed(), now)
                return [*effects, *self._booked(), *self.session.stop()]
            case ev.Wake():
                return []
            case _:
                assert_never(event)

    # -- ears and fingers ---------------------------------------------------------------------------

    def _heard(self, heard: ev.Heard, now: float) -> list[Effect]:
        frame = Frame(heard.index, heard.pcm, heard.speech)
        self.ring.push(frame)
        self.health.heard(now)
        effects: list[Effect] = []
        if heard.lost:
            effects.append(Tell("lost", {"what": "microphone frames", "count": heard.lost}))
        if self.turn.is_hearing:
            effects += self._flow(self.uplink.add(heard.pcm), now)
        return effects + self._listen(frame, now)

    def _listen(self, frame: Frame, now: float) -> list[Effect]:
        match self.turn.phase:
            case fl.Listening(_, cut) if frame.index >= cut:
                pass
            case fl.Hearing(_, fl.By.VOICE | fl.By.TOUCHED):
                pass
            case _:
                return []
        match self.ear.hear(frame.index, speech=frame.speech):
            case Onset(onset) as found:
                orders = self._turn(found, now)
                self._mark("onset", now, since=onset)
                return orders
            case Offset(last) as found:
                self._mark("last_voiced", now, since=last + 1)
                return self._turn(found, now)
            case _:
                return []

    def _mark(self, name: str, now: float, *, since: int) -> None:
        """Mark a moment that lies so many frames back."""
        self.timeline.mark(self.turn.number, name, now - (self.ring.now - since) * FRAME_MS / 1000)

    def _gestures(self, gestures: Sequence[Gesture], now: float) -> list[Effect]:
        effects: list[Effect] = []
        for gesture in gestures:
            effects += self._gesture(gesture, now)
        return effects

    def _gesture(self, gesture: Gesture, now: float) -> list[Effect]:
        if gesture is Gesture.LET_GO:
            self.timeline.mark(self.turn.number, "last_voiced", now)
        if gesture is not Gesture.TOUCH:
            return self._turn(gesture, now)
        if self.health.microphone is not None:
            told = Tell("trouble", {"what": "no microphone", "reason": self.health.microphone})
            return [told, *self._turn(fl.Dismissed(), now)]
        if not self.turn.is_hearing and self.ledger.verdict() is Verdict.HARD:
            told = Tell("budget", {"limit": "hard", **self.ledger.shown()})
            return [told, *self._turn(fl.Dismissed(), now)]
        if not self.turn.is_hearing:
            self.timeline.press(self.turn.number + 1, now)
        return [*self._turn(gesture, now), *self._line(self.session.want(now), now)]

    # -- the service --------------------------------------------------------------------------------

    def _received(self, link: int, messages: Sequence[ms.ServerMessage], now: float) -> list[Effect]:
        effects: list[Effect] = []
        for message in messages:
            if self.session.is_current(link):
                effects += self._message(link, message, now)
        return effects

    def _message(self, link: int, message: ms.ServerMessage, now: float) -> list[Effect]:
        match message:
            case ms.Speech() | ms.Words(_, True):
                return self._turn(message, now)
            case ms.ModelSaid(text) | ms.Words(text):
                effects = self._turn(message, now)
                if isinstance(self.turn.model, fl.Abandoned):  # nobody hears it, so nobody reads it
                    return effects
                self.questions.said(self.turn.number, text)
                told = Tell("transcript", {"who": "model", "text": text, "turn": self.turn.number})
                return [told, *effects]
            case ms.PersonSaid(text):
                return [Tell("transcript", {"who": "person", "text": text, "turn": self.turn.number})]
            case ms.TurnComplete():
                self.session.turn_completed(now)
                return [*self._booked(), *self._turn(message, now)]
            case ms.Interrupted() | ms.GenerationComplete():
                return self._turn(message, now)
            case ms.ToolCall() if self.turn.is_dismissed:
                return self.calls.refuse(link, message, "the person does not want it any more")
            case ms.ToolCall():
                return [*self.calls.asked(link, message, now), *self._turn(fl.Progress(), now)]
            case ms.ToolCallCancellation():
                self.calls.cancelled(link, message)
                return []
            case ms.SetupComplete() | ms.Resumption() | ms.GoAway():
                return self._line(self.session.hear(message, now), now)
            case ms.Usage(prompt, response, total):
                self.ledger.note(message)
                return [Tell("usage", {"prompt": prompt, "response": response, "total": total})]
            case ms.Unknown(what):
                return [Tell("unknown", {"what": what})]
            case _:
                assert_never(message)

    def _line(self, effects: list[Effect], now: float) -> list[Effect]:
        """What the session did, and what that means to those who use the line."""
        link, was = self.session.link, self.uplink.link
        if was is not None and link != was:
            fault = self.session.fault
            gone = self.uplink.line_down(drop_audio=fault is not None and fault.drop_audio)
            self.calls.line_down()
            effects += self._booked()
            effects += self._turn(fl.LineLost(kept=self.uplink.holds(self.turn.number)), now)
            effects += self._given_up(gone, "line lost", now)
        if link is not None and link != was:
            effects += self._flow(self.uplink.line_up(link, realtime_text=self.session.realtime_text), now)
        return effects

    # -- orders of the turn -------------------------------------------------------------------------

    def _turn(self, told: fl.Told, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for order in self.turn.tell(told, now, self.ring.now):
            effects += self._order(order, now)
        return effects

    def _order(self, order: fl.Order, now: float) -> list[Effect]:
        match order:
            case fl.Begin(turn, since):
                return self._flow(self.uplink.open(turn, [f.pcm for f in self.ring.since(since)]), now)
            case fl.End(turn):
                return self._flow(self.uplink.close(turn, now), now)
            case fl.Settle(turn):
                self.uplink.settle(turn)
                return []
            case fl.Drop(turn):
                self.uplink.drop(turn)
                return []
            case fl.Arm(cut):
                self.ear.reset()
                return [e for frame in self.ring.since(cut) for e in self._listen(frame, now)]
            case fl.Over(turn, outcome):
                steps = self.timeline.close(turn)
                if outcome in PROOFS:
                    self.session.proved()
                told = Tell("turn", {"turn": turn, "outcome": outcome, **steps})
                # Whoever typed is not in the room, and says nothing more: no follow-up.
                over = self.questions.is_mute(turn) or self.ledger.verdict() is Verdict.HARD
                quiet = self._turn(fl.Dismissed(), now) if over and self.turn.is_following_up else []
                if self.ledger.warn():
                    quiet.append(Tell("budget", {"limit": "soft", **self.ledger.shown()}))
                return [told, *quiet, *self.questions.over(turn, outcome)]
            case Finish() if self.health.speaker is not None:
                return [order, *self._turn(fl.Dumb(), now)]
            case Play(turn, pcm, rate_hz):
                self.ledger.sound(spoken_ms=duration_ms(len(pcm), rate_hz))
                self.timeline.mark(turn, "first_byte", now)
                return [] if self.questions.is_mute(turn) else [order]
            case _:
                return [order]

    def _flow(self, flow: Flow, now: float) -> list[Effect]:
        effects = list(flow.effects)
        if flow.started and isinstance(self.turn.model, fl.Silent):  # counts after their turnComplete
            effects = [*self._booked(), *effects]
        for sent in flow.effects:
            if isinstance(sent, Send) and isinstance(sent.message, ms.Audio):
                self.ledger.sound(heard_ms=duration_ms(len(sent.message.pcm), RATE_HZ))
        for turn in flow.started:
            self.timeline.mark(turn, "first_sent", now)
            effects += self._turn(fl.ActivityBegan(), now)
        for turn in flow.ended:
            self.timeline.mark(turn, "ended", now)
            effects += self._turn(fl.ActivityEnded(turn), now)
        return effects

    def _booked(self) -> list[Effect]:
        return [Keep("usage", self.ledger.as_json())] if self.ledger.close() else []

    def _given_up(self, turns: Sequence[int], why: str, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for turn in turns:
            effects.append(Tell("lost", {"what": "something you said", "count": 1, "why": why}))
            effects += self._turn(fl.Unanswerable(turn, why), now)
        return effects

    # -- requests -----------------------------------------------------------------------------------

    def _asked(self, ask: int, request: ev.Request, now: float) -> list[Effect]:
        match request:
            case ev.Talk() | ev.Ask() | ev.Say() if self.ledger.verdict() is Verdict.HARD:
                remedy = "wait, or raise [budget] in the configuration"
                return [Reply(ask, {"ok": False, "error": SPENT, "remedy": remedy})]
            case ev.Talk() if self.health.microphone is not None:
                return [Reply(ask, {"ok": False, "error": f"no microphone: {self.health.microphone}"})]
            case ev.Talk(None):
                return [*self._gestures(self.button.tap(), now), Reply(ask, {"ok": True})]
            case ev.Talk(float() | int() as hold_s):
                return [*self._gestures(self.button.hold(now, hold_s), now), Reply(ask, {"ok": True})]
            case ev.Ask(text, speak):
                return self._typed(ask, text, now, speak=speak)
            case ev.Say(text):
                return self._typed(ask, WORD_FOR_WORD + text, now, speak=True)
            case ev.Cancel():
                return [*self._turn(fl.Dismissed(), now), Reply(ask, {"ok": True})]
            case ev.Lights(None, _) | ev.Lights(_, None):
                return [Reply(ask, {"ok": True, **self.calls.tools.shown()})]
            case ev.Lights(str() as name, str() as change):
                return self.calls.person(ask, name, change, now)
            case ev.Status():
                return [Reply(ask, {"ok": True, **self.status()})]
            case _:
                raise AssertionError("Lights has a name and a change, or lacks one")

    def _typed(self, ask: int, text: str, now: float, *, speak: bool) -> list[Effect]:
        if self.turn.is_hearing:
            return [Reply(ask, {"ok": False, "error": "somebody is speaking to the box: try again"})]
        effects = self._turn(fl.Typed(), now)
        self.questions.asked(self.turn.number, ask, speak=speak)
        effects += self._line(self.session.want(now), now)
        return effects + self._flow(self.uplink.type(self.turn.number, text, now), now)

    def status(self) -> dict[str, object]:
        """What a person wants to know of it all."""
        return report(self)

    # -- time, and what follows from everything ----------------------------------------------------

    @property
    def _is_quiet(self) -> bool:
        """Between turns: nothing is lost by changing the line."""
        return self.turn.is_quiet and not self.uplink.is_waiting and not self.calls.is_open

    def _wake(self, now: float) -> list[Effect]:
        effects = self._gestures(self.button.wake(now), now)
        effects += self._turn(fl.Passed(), now)
        effects += self._given_up(self.uplink.wake(now), "no line", now)
        effects += self.calls.wake(now)
        effects += self._line(self.session.wake(now, quiet=self._is_quiet), now)
        if self.health.wake(now):
            effects.append(Beat())
        return effects

    def _afterwards(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        if self.calls.is_open != self.uplink.is_gated:
            effects += self._flow(self.uplink.gate(closed=self.calls.is_open), now)
        if isinstance(self.turn.phase, fl.Idle) and self._is_quiet:
            self.session.release(now)
        else:
            self.session.need()
        if self.session.is_leaving and self._is_quiet:
            effects += self._line(self.session.wake(now, quiet=True), now)
        mood = strongest(claims(self.turn.phase, self.session, self.health))
        if mood is not self.mood:
            self.mood = mood
            effects += [Show(mood), Tell("phase", {"mood": str(mood)})]
        return effects
