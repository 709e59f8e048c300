"""The file to read first: the machines, wired into one.

    Pressed ─► button ─► turn ◄─ ear ◄─ Heard          who may speak, and when they have finished
                          │ Begin, End
                          ▼
                        uplink ─► Send                  what was said, until the service has it
                          ▲ line up, line down
    LinkDown, GoAway ─► session ─► Dial, Hang           whether there is a line
               lines ─► offline ─► Dial, Hang           and if not: who answers in place of the service
    Received ─► turn ─► Play, Finish, Flush             the answer
             └► calls ─► SetLights ─► Send(answer)      the functions
    WallClock ─► timers ─► Chime                        what was to be done later
    Seen ─► eye ─► uplink, calls                        what the camera sees

Knows which machine is told of what, and in which order. Must never know the inside of any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import assert_never

from . import alarms, fingers, lines
from . import events as ev
from . import floor as fl
from . import messages as ms
from .adoption import adopt
from .afterglow import Afterglow
from .audio import FRAME_MS, Frame, Ring, duration_ms
from .bargein import BargeIn, heed, overhear, stream
from .calls import Calls
from .catalogue import Catalogue
from .chimes import Chimes
from .claims import shown
from .devices import gauged, reopened
from .effects import Beat, Effect, Keep, Quit, Send, Tell
from .endpoint import Endpointer, Offset, Onset
from .eye import Eye
from .farewell import Farewell
from .gesture import Button
from .glow import Lamp
from .health import Health
from .mood import Mood
from .mute import Mute
from .notice import Notice, speak
from .offline import Offline
from .openfloor import OpenFloor
from .orders import carry_out
from .questions import Questions
from .recollection import Recollection
from .report import report
from .requests import asked
from .ringing import Heedless, Silenced
from .rules import Rules
from .service import said
from .session import Session
from .showing import show, watch
from .stream import Stream
from .timeline import Timeline
from .timing import Timing
from .turn import Turn
from .uplink import Flow, Uplink
from .usage import Ledger
from .volume import Volume
from .wall import Wall


class Conversation:
    """`handle` what happened; Wake it by its `deadline`. It never raises for what the world does."""

    def __init__(
        self,
        rules: Rules,
        catalogue: Catalogue,
        backoff: Callable[[], Iterator[float]],
        former: Mapping[str, object] | None = None,
    ) -> None:
        """`former`: what a former life asked to Keep, by name, or whatever was found in its place."""
        former = former or {}
        self.rules = rules
        self.button = Button(rules.grip)
        self.mute = Mute(former.get("mute"))
        served = rules.setup.detection is not None  # the service decides whose turn it is
        self.turn: Turn | OpenFloor = OpenFloor(rules.manners) if served else Turn(rules.manners)
        self.ear = Endpointer(rules.hangover_ms, rules.min_speech_ms, rules.noise_guard_ms)
        self.barge_in = BargeIn(rules.shield, interruptible=rules.manners.interruptible)
        self.ring = Ring()
        self.uplink = Uplink(marked=not served)
        self.stream = Stream()
        self.session = Session(
            rules.setup,
            backoff,
            always=rules.always_connected,
            idle_close_s=rules.idle_close_s,
            fallbacks=rules.fallbacks,
            former=former.get("session"),
        )
        self.offline = Offline(rules.offline)
        self.calls = Calls(catalogue)
        self.eye = catalogue.find(Eye) or Eye(None)
        self.afterglow = Afterglow(self.calls.lighting)
        self.questions = Questions()
        self.recollection = Recollection(rules.remember, former.get("memory"))
        self.notice = Notice()
        self.timing = catalogue.of(Timing)
        self.volume = catalogue.of(Volume)
        self.farewell = catalogue.of(Farewell)
        self.ledger = Ledger(rules.budget, former.get("usage"))
        self.health = Health(rules.beat_s)
        self.chimes = Chimes(rules.earcons)
        self.timeline = Timeline()
        self.lamp = Lamp(rules.shine)

    @property
    def mood(self) -> Mood:
        return self.lamp.mood

    @property
    def wall(self) -> Wall:
        return self.timing.timers.wall

    def __repr__(self) -> str:
        near = f", {self.offline!r}" if self.offline.is_up else ""
        return f"{self.session!r}, {self.turn!r}, {self.ear!r}{near}"

    def deadline(self) -> float | None:
        machines = (
            *(self.button, self.turn, self.uplink, self.stream, self.session, self.calls, self.eye),
            *(self.offline, self.health, self.recollection, self.timing, self.afterglow),
        )
        return min([due for m in machines if (due := m.deadline()) is not None], default=None)

    def handle(self, event: ev.Event, now: float) -> list[Effect]:
        if self.session.is_stopped:
            return []
        effects = self._route(event, now)
        due = self.deadline()
        if due is not None and now >= due and not self.session.is_stopped:
            effects += self._wake(now)
        if self.session.is_stopped:
            return [*effects, *self.recollection.hear(effects, self.turn.number, now), Quit()]
        effects += self._afterwards(now)
        return effects + self.recollection.hear(effects, self.turn.number, now)

    def _route(self, event: ev.Event, now: float) -> list[Effect]:
        match event:
            case ev.Heard():
                return self._heard(event, now)
            case ev.Received(link, messages):
                return self._received(link, messages, now)
            case ev.Pressed() if self.timing.ringing.is_sounding:  # this press is for the ring alone
                return self.timing.ringing.tell(Silenced(), now)
            case ev.Pressed():
                return fingers.do(self, self.button.pressed(now), now)
            case ev.Released():
                return fingers.do(self, self.button.released(now), now)
            case ev.Asked(ask, request):
                return asked(self, ask, request, now)
            case ev.Sounding(turn):
                self.timeline.mark(turn, "first_sample", now)
                return []
            case ev.Drained(turn):
                self.timeline.mark(turn, "spoken_end", now)
                return self.tell_turn(event, now)
            case ev.LinkUp(link) | ev.LinkDown(link) if lines.is_near(link):
                return lines.changed(self, event, now)
            case ev.LinkUp():
                return self.session.up(event, now, self.recollection.paragraph(self.holds))
            case ev.LinkDown():
                return self.settle_line(self.session.down(event, now), now)
            case ev.Garbled(_, reason):
                return [Tell("trouble", {"what": "unreadable message", "reason": reason})]
            case ev.LightsSet():
                return [*self.calls.set(event), *self.afterglow.changed(now)]
            case ev.LightsFailed(_, reason):
                return [*self.calls.failed(event), Tell("trouble", {"what": "lights", "reason": reason})]
            case ev.EchoJudged():
                return [*self.barge_in.judged(event), *heed(self, now)]
            case ev.Reported():
                return self.calls.reported(event)
            case ev.MicrophoneUp():
                self.health.opened(now)
                return [Tell("microphone", {"state": "open"})]
            case ev.MicrophoneDown(reason):
                self.health.closed(reason)
                state = "muted" if self.mute.is_on else "missing"
                told = Tell("microphone", {"state": state, "reason": reason})
                return [told, *self.tell_turn(fl.Deaf(), now)]
            case ev.SpeakerUp():
                self.health.speaker, self.health.heard_of_speaker = None, True
                return [Tell("speaker", {"state": "open"}), *self.timing.ringing.tell(Heedless(), now)]
            case ev.SpeakerDown(reason):
                self.health.speaker, self.health.heard_of_speaker = reason, True
                told = Tell("speaker", {"state": "missing", "reason": reason})
                return [told, *self.tell_turn(fl.Dumb(), now)]
            case ev.Gauged():
                return gauged(self, event)
            case ev.Seen():
                return show(self, self.eye.seen(event), now)
            case ev.CameraDown():
                return show(self, self.eye.down(event), now)
            case ev.WallClock(date):
                self.ledger.today(date)
                effects = alarms.told(self, event, now)
                if (epoch_s := self.wall.epoch_s(now)) is not None:
                    self.session.clock(epoch_s, now)
                return effects
            case ev.Changed():
                return adopt(self, event)
            case ev.Stop():
                return self.stop(now)
            case ev.Wake():
                return []
            case _:
                assert_never(event)

    # -- ears and fingers ---------------------------------------------------------------------------

    def _heard(self, heard: ev.Heard, now: float) -> list[Effect]:
        if self.mute.is_on:  # on its way when the device was closed
            return []
        frame = Frame(heard.index, heard.pcm, heard.speech, heard.wide, heard.rate_hz)
        self.ring.push(frame)
        effects = reopened(self.health.heard(now))
        if heard.lost:
            effects.append(Tell("lost", {"what": "microphone frames", "count": heard.lost}))
        if self.turn.is_hearing:
            effects += self.perform_flow(self.uplink.add(frame.sound), now)
        effects += self.lamp.hear(heard.pcm) + stream(self, frame, now)
        return effects + self.listen(frame, now) + overhear(self, frame, now)

    def listen(self, frame: Frame, now: float) -> list[Effect]:
        """Have the ear hear this frame, if anybody wants to know."""
        going_on = isinstance(self.turn.phase, fl.Waiting) and self.stream.is_running
        if not (going_on or fl.hears(self.turn.phase, frame.index)):
            return []
        held = isinstance(self.turn.phase, fl.Hearing) and self.turn.phase.by is fl.By.FINGER
        speech = 0 if self.chimes.is_heard(now) else frame.speech
        match self.ear.hear(frame.index, speech=speech):
            case Onset() if held:  # it is the finger that decides
                self.button.spoke()
                return []
            case Onset(onset) as found:
                self.button.spoke()
                orders = self.tell_turn(found, now)
                self._mark("onset", now, since=onset)
                return orders
            case Offset(last) as found if not held:
                self._mark("last_voiced", now, since=last + 1)
                return self.tell_turn(found, now)
            case _:
                return []

    def _mark(self, name: str, now: float, *, since: int) -> None:
        """Mark a moment that lies so many frames back."""
        self.timeline.mark(self.turn.number, name, now - (self.ring.now - since) * FRAME_MS / 1000)

    # -- the service --------------------------------------------------------------------------------

    def _received(self, link: int, messages: Sequence[ms.ServerMessage], now: float) -> list[Effect]:
        effects: list[Effect] = []
        for message in messages:
            if lines.is_used(self, link):
                effects += said(self, link, message, now)
        return effects

    def settle_line(self, effects: list[Effect], now: float) -> list[Effect]:
        """What the session did, and what that means to those who use the line."""
        return lines.settle(self, effects, now)

    def stop(self, now: float) -> list[Effect]:
        """Everything that must be said is said; Quit follows."""
        effects = [*self.calls.stop(), *self._gate(now, closed=False)]
        effects += self.tell_turn(fl.Dismissed(), now) + self.perform_flow(self.stream.conclude(), now)
        kept = [*self.book(), *self.afterglow.stop()]
        return [*effects, *kept, *self.session.stop(), *self.offline.leave(now), *self._session_kept(now)]

    # -- orders of the turn -------------------------------------------------------------------------

    def tell_turn(self, told: fl.Told, now: float) -> list[Effect]:
        """Tell the turn, and carry out what it orders."""
        effects: list[Effect] = []
        for order in self.turn.tell(told, now, self.ring.now):
            effects += carry_out(self, order, now)
        return effects

    def perform_flow(self, flow: Flow, now: float) -> list[Effect]:
        """Send what the uplink lets through; tell the turn what of it was begun and ended."""
        effects = list(flow.effects)
        if flow.started and isinstance(self.turn.model, fl.Silent):  # counts after their turnComplete
            effects = [*self.book(), *effects]
        for sent in flow.effects:
            if isinstance(sent, Send) and isinstance(sent.message, ms.Audio) and not lines.is_near(sent.link):
                self.ledger.sound(heard_ms=duration_ms(len(sent.message.pcm), sent.message.rate_hz))
        for turn in flow.started:
            self.timeline.mark(turn, "first_sent", now)
            effects += self.tell_turn(fl.ActivityBegan(), now)
        for turn in flow.ended:
            self.timeline.mark(turn, "ended", now)
            effects += self.tell_turn(fl.ActivityEnded(turn), now)
        return effects

    def book(self) -> list[Effect]:
        """Close the turn in the ledger, and keep what it cost."""
        return [Keep("usage", self.ledger.as_json())] if self.ledger.close() else []

    def given_up(self, turns: Sequence[int], why: str, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for turn in turns:
            effects.append(Tell("lost", {"what": "something you said", "count": 1, "why": why}))
            effects += self.tell_turn(fl.Unanswerable(turn, why), now)
        return effects

    def status(self, now: float) -> dict[str, object]:
        """What a person wants to know of it all."""
        return report(self, now)

    # -- time, and what follows from everything ----------------------------------------------------

    @property
    def is_quiet(self) -> bool:
        """Between turns: nothing is lost by changing the line."""
        waiting = self.uplink.is_waiting or self.stream.is_waiting
        return self.turn.is_quiet and not waiting and not self.calls.is_busy

    def holds(self, turn: int) -> bool:
        """What was said in this turn will be sent again."""
        return self.uplink.holds(turn) or self.stream.holds(turn)

    def _gate(self, now: float, *, closed: bool) -> list[Effect]:
        effects = self.perform_flow(self.uplink.gate(closed=closed), now)
        return effects + self.perform_flow(self.stream.gate(closed=closed), now)

    def _wake(self, now: float) -> list[Effect]:
        effects = fingers.do(self, self.button.wake(now), now)
        effects += self.tell_turn(fl.Passed(), now)
        effects += self.given_up(self.uplink.wake(now), "no line", now)
        effects += show(self, self.eye.wake(now), now)
        effects += self.perform_flow(self.stream.wake(now), now)
        effects += self.calls.wake(now) + self.afterglow.wake(now)
        effects += self.recollection.wake(now)
        effects += self.settle_line(self.session.wake(now, quiet=self.is_quiet), now)
        effects += alarms.wake(self, now)
        effects += reopened(self.health.stalled(now))
        if self.health.wake(now):
            effects.append(Beat())
        return effects

    def _afterwards(self, now: float) -> list[Effect]:
        effects: list[Effect] = []
        if {self.uplink.is_gated, self.stream.is_gated} != {self.calls.is_open}:
            effects += self._gate(now, closed=self.calls.is_open)
        if self.session.is_refusing(now) and (fault := self.session.fault) is not None:
            gone = self.uplink.give_up()
            if isinstance(self.turn.phase, fl.Waiting):
                gone += self.stream.give_up()
            effects += self.given_up(gone, fault.name, now)
        if isinstance(self.turn.phase, fl.Idle) and self.is_quiet:
            effects += speak(self, now)
        if isinstance(self.turn.phase, fl.Idle) and self.is_quiet:
            self.session.release(now)
        else:
            self.session.need()
        if self.session.is_leaving and self.is_quiet:
            effects += self.settle_line(self.session.wake(now, quiet=True), now)
        effects += lines.attend(self, now) + watch(self, now)
        effects += alarms.settle(self, now)
        effects += self._session_kept(now)
        if isinstance(self.turn.phase, fl.Listening) and self.health.microphone is not None:
            effects += self.tell_turn(fl.Deaf(), now)  # a follow-up that nobody can hear
        effects += shown(self, now)
        ringing, local_s = self.timing.ringing.is_sounding, self.wall.local_s(now)
        trouble = self.session.trouble
        return effects + self.chimes.settle(
            self.turn.phase,
            self.mood,
            now,
            local_s=local_s,
            ringing=ringing,
            failure="" if trouble is None else trouble.name,
        )

    def _session_kept(self, now: float) -> list[Effect]:
        """The handle that a next life may resume with; without a time nobody would know how old it is."""
        epoch_s = self.wall.epoch_s(now)
        if epoch_s is None or not self.session.handles.has_changed():
            return []
        return [Keep("session", self.session.handles.as_json(now, epoch_s))]
