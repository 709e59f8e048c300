"""One client's connection, from its setup to its close: the order of things, strictly checked.

        (handshake) -> setup -> setupComplete -> [ realtimeInput | clientContent | toolResponse ]* -> close

Knows: which message may come when, and what starts, interrupts and ends a turn.
Must never know: how an answer is found (answering.py, mind.py), how a turn is laid out on the wire (turn.py).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ParamSpec

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from . import lifetime, messages
from .admission import Credentials, admit
from .answering import answer, speak_of
from .aside import tell_of
from .calls import Calls
from .content import Turns, asked_in, exchanges_in, turns_in
from .gate import AutomaticGate, Ended, Gate, Started
from .mind import Mind
from .options import Options, Phase
from .profile import PROFILES, Profile, declarations_in
from .record import Activity, Answer, Record, Seed
from .refusal import (
    INTERNAL,
    INTERNAL_ERROR,
    NOT_IMPLEMENTED,
    POLICY,
    Refusal,
    bad_argument,
    invalid_payload,
)
from .resumption import Exchange, Handles, Snapshot
from .script import Script
from .sight import Picture, Sight, shown_in, shown_with
from .strict import decode, has_null
from .tokens import Tokens
from .turn import Turn
from .voice import Voice
from .weather import DROP, RESET, cut, freeze, pace

log = logging.getLogger(__name__)

P = ParamSpec("P")
Work = Callable[P, Coroutine[Any, Any, None]]

_REMEMBERED = 50  # exchanges
# Who streams cannot know of a call before it arrives: what they sent until then is ignored, not refused.
_IN_FLIGHT_S = 1.0


@dataclass(frozen=True, slots=True)
class House:
    """What all connections of one stand-in share."""

    options: Options
    record: Record
    handles: Handles
    tokens: Tokens
    mind: Mind
    voice: Voice
    chance: random.Random


class Connection:
    """Serves one client until either side hangs up; never raises for anything a client can do."""

    def __init__(
        self, number: int, socket: ServerConnection, shown: Credentials, house: House, options: Options
    ) -> None:
        self.number = number
        self.options = options
        self.house = house
        self.setup: dict[str, Any] = {}
        self.greeting = options.greeting
        self.calls = Calls(forget=options.faults.lost_responses)
        self._socket = socket
        self._shown = shown
        self._profile: Profile = PROFILES[0]
        self._gate: Gate = AutomaticGate()
        self._sight = Sight()
        self._history: tuple[Exchange, ...] = ()
        self._typed: Turns = ()
        self._spoken_to = False
        self.requests: dict[str, Any] = {}  # the mind's notes of the calls that it made, by their ids
        self._turns: list[Turn] = []
        self._turn_count = 0
        self._free = asyncio.Event()
        self._last: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._script: Script | None = None
        self.hung_up = False
        self._muted = False
        self._null_seen = False
        self._started_at = 0.0
        self._called_at = 0.0

    async def run(self) -> None:
        """Serve until the connection is closed."""
        try:
            await self._open()
            async for frame in self._socket:
                await pace(len(frame), self.options.faults.read_bytes_per_s)
                await self._take(frame)
        except Refusal as refusal:
            await self.hang_up(refusal)
        except ConnectionClosed:
            pass
        except Exception:
            log.exception("link %d: a fault of the stand-in itself", self.number)
            await self.hang_up(Refusal(INTERNAL, INTERNAL_ERROR))
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message, unless the connection is mute or gone."""
        if not self._muted:
            if "toolCall" in message:
                self._called_at = time.monotonic()
            self.house.record.note(self.number, "server", message)
            await self._write(messages.frame(message))

    async def send_raw(self, kind: str, frame: bytes | str) -> None:
        """Send what is no message; recorded as {"raw": kind}."""
        if not self._muted:
            self.house.record.note(self.number, "server", {"raw": kind})
            await self._write(frame)

    def mute(self) -> None:
        self._muted = True

    async def hang_up(self, refusal: Refusal) -> None:
        """Close with that code and reason; 0 drops the TCP connection without a word, -1 resets it."""
        if self.hung_up:
            return
        self.hung_up = True
        closed = {"code": refusal.code, "reason": refusal.reason, "by": "server"}
        self.house.record.note(self.number, "server", {"closed": closed})
        log.info("link %d: closing with %d %s", self.number, refusal.code, refusal.reason)
        if refusal.code in (DROP, RESET):
            cut(self._socket, reset=refusal.code == RESET)
        else:
            await self._socket.close(refusal.code, refusal.reason)

    def reached(self, phase: Phase) -> None:
        """Raises the Refusal that the faults have in store for this moment."""
        faults = self.options.faults
        if faults.freeze_at == phase:
            freeze(self._socket)
        if phase in (faults.mute_at, faults.freeze_at):
            self.mute()
        if faults.close_at == phase:
            raise Refusal(faults.close_code, faults.close_reason)
        if phase == "activity-end" and self.house.chance.random() < faults.internal_rate:
            raise Refusal(INTERNAL, INTERNAL_ERROR)

    def new_turn(self) -> Turn:
        """A turn that a barge-in will interrupt, until `end_turn`."""
        self._turn_count += 1
        turn = Turn(self._turn_count, self.send, self.options, self._profile, self.setup, self.reached)
        self._turns.append(turn)
        self._free.clear()
        return turn

    async def next_turn(self) -> Turn:
        """A new turn as soon as none is running."""
        while self._turns:
            await self._free.wait()
        return self.new_turn()

    def interrupt(self) -> None:
        """Break off every turn that runs."""
        for turn in self._turns:
            turn.interrupt()

    async def end_turn(self, turn: Turn, asked: str) -> None:
        """The turn is over: remember it, hand out a handle."""
        self._turns.remove(turn)
        if not self._turns:
            self._free.set()
        answer = Answer(self.number, turn.number, bytes(turn.said), turn.text, turn.was_interrupted)
        self.house.record.note_answer(answer)
        self._history = (*self._history, Exchange(asked, turn.text))[-_REMEMBERED:]
        if "sessionResumption" in self.setup or self._profile.unsolicited_updates:
            await self.send(messages.resumption_update(self.issue_handle()))
        self.reached("turn")

    def issue_handle(self) -> str:
        return self.house.handles.issue(Snapshot(self.setup.get("model", ""), self.number, self._history))

    def behaviors(self) -> dict[str, str]:
        """The declared functions' names and behaviours."""
        default = self._profile.default_behavior
        return {d["name"]: d.get("behavior", default) for d in declarations_in(self.setup)}

    async def _write(self, frame: bytes | str) -> None:
        await pace(len(frame), self.options.faults.write_bytes_per_s)
        try:
            await self._socket.send(frame)
        except ConnectionClosed:
            log.debug("link %d: gone before a message could be sent", self.number)

    # ---- setup

    async def _open(self) -> None:
        faults = self.options.faults
        first = self._decoded(await self._socket.recv())
        if "setup" not in first:
            raise bad_argument()
        house = self.house
        admitted = admit(
            first["setup"], self._shown, self.options, house.handles, house.tokens, nulls=self._null_seen
        )
        self.setup = admitted.setup
        self._profile, self._gate, self._history = admitted.profile, admitted.gate, admitted.history
        self._sight = Sight(allowed=self._profile.video)
        if faults.mute == "setup":
            self._muted = True
        self.reached("setup")
        if faults.setup_delay_s:
            await asyncio.sleep(faults.setup_delay_s / self.options.time_scale)
        scene = self.options.scene
        self._script = Script(self, scene) if scene and scene.plays_on(self.number) else None
        if self._script is None or not self._script.wants_setup:
            await self.send({"setupComplete": {}})
        self._started_at = time.monotonic()
        if self.options.prepared:
            self._spawn(house.mind.prepare, declarations_in(self.setup))
        self.reached("ready")
        await lifetime.after_resume(self, self._history)
        if self._script is not None:
            self._spawn(self._script.play)
        self._spawn(lifetime.until_go_away, self, self._profile.go_away_s)
        if admitted.left_s is not None:
            self._spawn(lifetime.until_token_ends, admitted.left_s)

    # ---- messages

    def _decoded(self, frame: str | bytes) -> dict[str, Any]:
        try:
            if isinstance(frame, bytes):
                if self.options.binary_frames == "close":
                    raise bad_argument()
                try:
                    frame = frame.decode()
                except UnicodeDecodeError as error:
                    raise invalid_payload("Not UTF-8.") from error
            message = decode(frame)
        except Refusal as refusal:
            self.house.record.note(self.number, "client", {"refused": refusal.reason})
            raise
        self.house.record.note(self.number, "client", message)
        self._null_seen = "null" in frame and has_null(frame)
        return message

    async def _take(self, frame: str | bytes) -> None:
        message = self._decoded(frame)
        if self._null_seen and not self._profile.nulls:
            raise bad_argument()
        match message:
            case {"realtimeInput": given}:
                self._realtime(given)
            case {"clientContent": given}:
                self._content(given)
            case {"toolResponse": given}:
                scripted = self._script is not None and self._script.expects == "toolResponse"
                late, aside = self.calls.answer(given.get("functionResponses", []))
                self._tell("toolResponse")
                for response in late:
                    self._speak_of(response)
                for response in () if scripted else aside:  # the scene has its own words for them
                    self._spawn(tell_of, self, response)
            case {"contextUpdate": given} if self._profile.context_update:
                self.setup |= given.get("tools", {})
            case {"contextUpdate": _}:
                raise invalid_payload('Unknown name "contextUpdate": Cannot find field.')
            case _:
                raise bad_argument()

    def _realtime(self, given: dict[str, Any]) -> None:
        self._spoken_to = True
        if "mediaChunks" in given and not self._profile.media_chunks:
            raise bad_argument()
        if self.calls.blocking and self.options.input_during_call == "close":
            if isinstance(self._gate, AutomaticGate) and time.monotonic() - self._called_at < _IN_FLIGHT_S:
                return
            raise Refusal(POLICY, NOT_IMPLEMENTED)
        for happening in self._gate.take(given):
            match happening:
                case Started():
                    self._person_started()
                case Ended():
                    self._person_ended(happening)
        if (shown := shown_in(given)) is not None:
            self._see(shown)
        if "audio" in given:
            self._tell("audio")

    def _see(self, shown: dict[str, Any]) -> None:
        now = time.monotonic()
        jpeg = self._sight.take(shown, now * self.options.time_scale)
        self.house.record.note_picture(Picture(self.number, now, jpeg))
        self._tell("video")

    def _person_started(self) -> None:
        self._started_at = time.monotonic()
        self._tell("activityStart")
        self.reached("activity-start")
        handling = self.setup.get("realtimeInputConfig", {}).get("activityHandling")
        if handling != "NO_INTERRUPTION":
            self.interrupt()

    def _person_ended(self, ended: Ended) -> None:
        now = time.monotonic()
        activity = Activity(self.number, self._started_at, now, ended.pcm, ended.text)
        self.house.record.note_activity(activity)
        self._tell("activityEnd")
        self.reached("activity-end")
        self._asked(ended)

    def _content(self, given: dict[str, Any]) -> None:
        wants_history = self.setup.get("historyConfig", {}).get("initialHistoryInClientContent", False)
        if not self._profile.content_mid_session and (self._spoken_to or not wants_history):
            raise bad_argument()
        turns = turns_in(given, self._profile)
        for shown in shown_with(given.get("turns", [])):
            self._see(shown)
        self.interrupt()
        if given.get("turnComplete"):
            self._spoken_to = True
            text, self._typed = asked_in(turns or self._typed), ()
            self._tell("clientContent")
            self._asked(Ended(text=text))
        elif turns:
            self._typed += turns
            self._history = (*self._history, *exchanges_in(turns))[-_REMEMBERED:]
            self.house.record.note_seed(Seed(self.number, exchanges_in(turns)))

    def _tell(self, happening: str, ended: Ended | None = None) -> None:
        if self._script is not None:
            self._script.tell(happening, ended)

    # ---- answers

    def _asked(self, ended: Ended) -> None:
        if self._script is not None and self._script.playing:
            self._tell("turn", ended)
            return
        before = self._last
        self._last = self._spawn(self._answer, self.new_turn(), before, ended)

    async def _answer(self, turn: Turn, before: asyncio.Task[None] | None, ended: Ended) -> None:
        if before is not None:
            await asyncio.wait({before})
        await answer(self, turn, ended)

    def _speak_of(self, response: dict[str, Any]) -> None:
        """A call that went on has said something more: when the model is free, or at once."""
        if self._script is not None and self._script.playing:
            return
        if response.get("scheduling") == "INTERRUPT":
            self.interrupt()
        before = self._last
        self._last = self._spawn(self._later, self.new_turn(), before, response)

    async def _later(self, turn: Turn, before: asyncio.Task[None] | None, response: dict[str, Any]) -> None:
        if before is not None:
            await asyncio.wait({before})
        await speak_of(self, turn, response)

    def _spawn(self, work: Work[P], *given: P.args, **named: P.kwargs) -> asyncio.Task[None]:
        task = asyncio.create_task(self._guarded(work, *given, **named))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Work[P], *given: P.args, **named: P.kwargs) -> None:
        try:
            await work(*given, **named)
        except Refusal as refusal:
            await self.hang_up(refusal)
        except ConnectionClosed:
            pass
        except Exception:
            log.exception("link %d: a fault of the stand-in itself", self.number)
            await self.hang_up(Refusal(INTERNAL, INTERNAL_ERROR))
