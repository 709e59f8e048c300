"""A room around a Conversation: literal time, frames, a finger, and a service that answers.

Nothing here runs by itself: `pass_time` moves the clock, and everything that is due happens in order. The
promises that must hold whatever happens are checked on every effect.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.audio import FRAME_BYTES, FRAME_MS
from appliance.core.catalogue import Capability, Catalogue
from appliance.core.changes import Change
from appliance.core.conversation import Conversation
from appliance.core.effects import (
    Beat,
    Dial,
    Effect,
    Finish,
    Flush,
    Hang,
    Look,
    Play,
    Quit,
    Reply,
    See,
    Send,
    SetLights,
    Tell,
)
from appliance.core.endpoint import SURE
from appliance.core.farewell import Farewell
from appliance.core.floor import Manners
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import FromModel, Kind
from appliance.core.openfloor import OpenFloor
from appliance.core.rules import Rules
from appliance.core.scenes import Scene, Scenes
from appliance.core.timing import Timing
from appliance.core.volume import Volume

LAMPS = (
    Lamp("kitchen lamp", Kind.DIMMER, "kitchen"),
    Lamp("desk lamp", Kind.SWITCH, "study"),
    Lamp("shelf", Kind.RGB, "study"),
)
CHUNK_MS = 200
CHUNK = ms.Speech(b"\1\0" * (24 * CHUNK_MS), 24_000)


def rules(**changes: object) -> Rules:
    usual: dict[str, object] = {
        "manners": Manners(),
        "setup": ms.Setup("gemini-3.8-live", functions=catalogue().declarations()),
        "hangover_ms": 800,
        "always_connected": False,
        "idle_close_s": 120.0,
        "beat_s": 15.0,
    }
    return Rules(**(usual | changes))  # type: ignore[arg-type]


def catalogue(timers: object = None, *more: Capability) -> Catalogue:
    """The functions of this home, and more; `timers`: those of a former life."""
    lighting = Lighting(LAMPS, {})
    dinner = Scene("dinner", (("all", Change(power=False)), ("kitchen lamp", Change(brightness=40))))
    timing = Timing(Catalogue(lighting), timers)
    return Catalogue(lighting, Scenes(lighting, [dinner]), timing, Farewell(), Volume(70), *more)


def backoff() -> Iterator[float]:
    yield from (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
    yield from itertools.repeat(30.0)


class Promises:
    """What must be true of the effects of any life whatever."""

    def __init__(self, *, served: bool = False) -> None:
        """`served`: the service decides when somebody speaks, so that no activity is marked."""
        self.served = served
        self.streaming = False
        self.flushed = -1
        self.link = 0
        self.up = False
        self.in_activity = False
        self.spoke = False
        self.quit = False
        self.open_calls: set[tuple[int, str]] = set()
        self.going_on: set[tuple[int, str]] = set()  # answered, and to be answered again
        self.answered: set[tuple[int, str]] = set()
        self.replied: set[int] = set()
        self.frames_since_beat = True
        self.away = False
        self.look = 0
        self.near: Promises | None = None  # of the other line, whose links are numbered downwards

    def check(self, effect: Effect) -> None:
        assert not self.quit, "nothing follows Quit"
        match effect:
            case Dial(link) | Hang(link) | Send(link) if link < 0:
                self.near = self.near or Promises()
                self.near.served = self.served
                self.near.check(replace(effect, link=-link))
            case Dial(link):
                assert link > self.link, "each link has a number of its own"
                assert not self.up, "the former link is gone before the next is dialled"
                self.link, self.up, self.in_activity, self.spoke = link, True, False, False
                self.streaming = False
                self.open_calls.clear()
                self.going_on.clear()
            case Hang(link):
                assert link == self.link
                self.up = False
            case Send(link, message):
                assert link == self.link, "on the current link only"
                assert self.up
                self._sent(link, message)
            case Play(turn) | Finish(turn):
                assert turn > self.flushed, "a silenced turn stays silent"
            case Flush(turn):
                assert turn > self.flushed
                self.flushed = turn
            case Reply(ask):
                assert ask not in self.replied, "one answer to a request"
                self.replied.add(ask)
            case See(look):
                assert look > self.look, "each look has a number of its own"
                self.look = look
            case Beat():
                assert self.frames_since_beat or self.away, "no beat of a box that is deaf without knowing"
                self.frames_since_beat = False
            case Quit():
                self.quit = True

    def _sent(self, link: int, message: ms.ClientMessage) -> None:
        self.spoke |= not isinstance(message, ms.Setup | ms.Past)
        match message:
            case ms.ActivityStart() | ms.ActivityEnd() if self.served:
                raise AssertionError("no activity is marked where the service decides")
            case ms.AudioStreamEnd():
                assert self.served
                assert self.streaming, "once for each stream"
                assert not self.open_calls
                self.streaming = False
            case ms.Audio() if self.served:
                assert not self.open_calls
                self.streaming = True
            case ms.ActivityStart():
                assert not self.in_activity
                assert not self.open_calls, "nothing is sent while a call is open"
                self.in_activity = True
            case ms.ActivityEnd():
                assert self.in_activity
                assert not self.open_calls
                self.in_activity = False
            case ms.Text():
                assert self.in_activity or self.served
                assert not self.open_calls
            case ms.Content():
                assert not self.in_activity
                assert not self.open_calls
            case ms.Past(turns):
                assert not self.spoke, "what was said before comes before what is said now"
                assert turns[0][0] == turns[-1][0] == "user"
                assert not self.open_calls
            case ms.Audio(pcm):
                assert self.in_activity, "audio only within an activity"
                assert not self.open_calls
                assert len(pcm) in (FRAME_BYTES, 2 * FRAME_BYTES), "20 to 40 ms"
            case ms.Image():
                assert self.in_activity or self.streaming, "pictures only beside what is heard"
                assert not self.open_calls
            case ms.ToolResponse(answers):
                for answer in answers:
                    key = (link, answer.id)
                    assert key in self.open_calls | self.going_on, "answered once, and on its own link"
                    self.open_calls.discard(key)
                    self.going_on.discard(key)
                    if answer.will_continue:
                        self.going_on.add(key)
                    self.answered.add(key)


class Room:
    """`service(room, message)` is what the other side does about a message of ours."""

    def __init__(
        self,
        service: Callable[[Room, ms.ClientMessage], None] | None = None,
        reachable: bool = True,
        brain: Callable[[Room, ms.ClientMessage], None] | None = None,
        timers: object = None,
        more: Sequence[Capability] = (),
        former: Mapping[str, object] | None = None,
        **changes: object,
    ) -> None:
        self.conversation = Conversation(rules(**changes), catalogue(timers, *more), backoff, former)
        self.service = service or answers
        self.reachable = reachable
        self.brain = brain
        self._speaks: int | None = None  # the link by which something is being said
        self.now = 1000.0
        self.ahead_s = 0.0  # how far somebody has set the clock
        self.index = 0
        self.promises = Promises(served=isinstance(self.conversation.turn, OpenFloor))
        self.effects: list[tuple[float, Effect]] = []
        self.speaking = False
        self.microphone = True
        self._due: list[tuple[float, int, ev.Event]] = []
        self._order = itertools.count()
        self._next_frame = self.now
        self._playing: dict[int, float] = {}
        self.do(ev.MicrophoneUp())

    # -- what a test does -----------------------------------------------------------------------------

    def do(self, event: ev.Event) -> list[Effect]:
        if isinstance(event, ev.Received | ev.LinkDown):
            near = event.link < 0 and self.promises.near
            self._line(near or self.promises, abs(event.link) if near else event.link, event)
        if isinstance(event, ev.MicrophoneUp | ev.MicrophoneDown):
            self.promises.away = isinstance(event, ev.MicrophoneDown)
        effects = self.conversation.handle(event, self.now)
        for effect in effects:
            self.promises.check(effect)
            self.effects.append((self.now, effect))
            self._world(effect)
        return effects

    def _line(self, promises: Promises, link: int, event: ev.Received | ev.LinkDown) -> None:
        if link != promises.link:
            return
        if isinstance(event, ev.LinkDown):
            promises.up = False
            promises.open_calls.clear()
            promises.going_on.clear()
            return
        for message in event.messages:
            if isinstance(message, ms.ToolCall):
                promises.open_calls |= {(link, call.id) for call in message.calls}

    def wall(self) -> ev.WallClock:
        """What the clock says in this room: half past nine in the evening at the start, in Berlin."""
        return ev.WallClock("2026-11-25", 1_795_638_600.0 + self.now - 1000.0 + self.ahead_s, 3600)

    def later(self, delay_s: float, event: ev.Event) -> None:
        heapq.heappush(self._due, (self.now + delay_s, next(self._order), event))

    def says(self, *messages: ms.ServerMessage, delay_s: float = 0.1) -> None:
        """The service says this in one frame."""
        link = self.promises.link if self._speaks is None else self._speaks
        self.later(delay_s, ev.Received(link, messages))

    def pass_time(self, seconds: float, *, speech: bool = False, frames: bool = True) -> None:
        """Everything that is due happens; a frame every 20 ms, of speech or not."""
        end = self.now + seconds
        while True:
            moments = [end]
            if self._due:
                moments.append(self._due[0][0])
            if (deadline := self.conversation.deadline()) is not None:
                moments.append(max(deadline, self.now))
            if frames and self.microphone:
                self._next_frame = max(self._next_frame, self.now)
                moments.append(self._next_frame)
            moment = min(moments)
            stuck = moment == self.now and deadline is not None and deadline <= self.now
            self.now = moment
            if self._due and self._due[0][0] <= moment:
                self.do(heapq.heappop(self._due)[2])
            elif deadline is not None and deadline <= moment:
                self.do(ev.Wake())
                again = self.conversation.deadline()
                assert again is None or again > self.now or not stuck, "a deadline that does not pass"
            elif frames and self.microphone and self._next_frame <= moment < end:
                self._frame(speech=speech)
            elif moment >= end:
                return

    def press(self, seconds: float = 0.1) -> None:
        self.do(ev.Pressed())
        self.pass_time(seconds)
        self.do(ev.Released())

    def ask(self, seconds: float = 1.5) -> None:
        """Tap, speak so long, and be silent until it is heard."""
        self.press()
        self.pass_time(0.3)
        self.pass_time(seconds, speech=True)
        self.pass_time(1.0)

    # -- what a test looks at -------------------------------------------------------------------------

    def sent(self, kind: type[ms.ClientMessage] | None = None) -> list[ms.ClientMessage]:
        found = [e.message for _, e in self.effects if isinstance(e, Send)]
        return [m for m in found if kind is None or isinstance(m, kind)]

    def told(self, kind: str) -> list[dict[str, object]]:
        return [dict(e.fields) for _, e in self.effects if isinstance(e, Tell) and e.kind == kind]

    def outcomes(self) -> list[object]:
        return [fields["outcome"] for fields in self.told("turn")]

    def count(self, kind: type[Effect]) -> int:
        return sum(isinstance(e, kind) for _, e in self.effects)

    # -- the world ------------------------------------------------------------------------------------

    def _frame(self, *, speech: bool) -> None:
        pcm = self.index.to_bytes(4, "little") * (FRAME_BYTES // 4)
        self.promises.frames_since_beat = True
        self.do(ev.Heard(pcm, self.index, SURE if speech else 0))
        self.index += 1
        self._next_frame += FRAME_MS / 1000

    def _world(self, effect: Effect) -> None:
        match effect:
            case Dial(link) if link < 0 and self.brain is None:
                self.later(0.01, ev.LinkDown(link, ev.Cause.UNREACHABLE, None, "No such file or directory"))
            case Dial(link) if self.reachable or link < 0:
                self.later(0.1, ev.LinkUp(link))
            case Dial(link):
                self.later(0.1, ev.LinkDown(link, ev.Cause.UNREACHABLE, None, "no route to host"))
            case Send(link, message):
                self._speaks = link
                if link > 0:
                    self.service(self, message)
                elif self.brain is not None:
                    self.brain(self, message)
                self._speaks = None
            case Play(turn, pcm, rate_hz):
                if turn not in self._playing:
                    self.later(0.04, ev.Sounding(turn))
                start = max(self._playing.get(turn, self.now), self.now)
                self._playing[turn] = start + len(pcm) / (2 * rate_hz)
            case Finish(turn):
                left = max(0.0, self._playing.get(turn, self.now) - self.now)
                self.later(left + 0.05, ev.Drained(turn, 0))
            case SetLights(origin, states):
                self.later(0.001, ev.LightsSet(origin, states))
            case Look():
                self.later(0.001, self.wall())


def answers(room: Room, message: ms.ClientMessage) -> None:
    """A service in good health: one second of answer, a handle after each turn."""
    match message:
        case ms.Setup():
            room.says(ms.SetupComplete())
        case ms.ActivityEnd() | ms.Content():
            room.says(ms.PersonSaid(" Hello?"), delay_s=0.3)
            for number in range(5):
                room.says(CHUNK, ms.ModelSaid(" la"), delay_s=0.5 + number * 0.05)
            room.says(ms.GenerationComplete(), delay_s=0.8)
            room.says(ms.Usage(10, 20, 30), ms.TurnComplete(), delay_s=1.4)
            room.says(ms.Resumption(ms.Handle(f"handle-{room.now}")), delay_s=1.5)


def calls(name: str, /, **args: object) -> Callable[[Room, ms.ClientMessage], None]:
    """A service that calls this function before it answers."""

    def service(room: Room, message: ms.ClientMessage) -> None:
        match message:
            case ms.ActivityEnd():
                room.says(ms.ToolCall((ms.FunctionCall("fc_1", name, args),)))
            case ms.ToolResponse():
                answers(room, ms.ActivityEnd())
            case _:
                answers(room, message)

    return service


__all__ = ["CHUNK", "FromModel", "Promises", "Room", "answers", "backoff", "calls", "rules"]
