"""The loop: wait for one event or the deadline, feed the core, perform the effects, repeat.

Knows the clock, which it reads once an event, and who performs what. Must never decide anything: there is
no `await` between a decision of the core and its consequences.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol, assert_never

from .core.conversation import Conversation
from .core.earcons import Earcon
from .core.effects import (
    Abandon,
    Beat,
    Chime,
    Dial,
    Effect,
    Finish,
    Flush,
    Glow,
    Hang,
    Hush,
    Keep,
    Look,
    LookAway,
    Muffle,
    Play,
    PowerOff,
    Quit,
    Reopen,
    Reply,
    Reread,
    Run,
    See,
    Send,
    SetLights,
    SetVolume,
    Show,
    Tell,
)
from .core.events import Event, Heard, Wake
from .core.lights import LightState, Origin
from .core.messages import ClientMessage
from .core.mood import Mood
from .core.values import dataclass

log = logging.getLogger(__name__)

# Frames come every 20 ms and are handled in microseconds. A loop that is ten seconds behind has lost the
# race: further frames are then dropped and counted, as nothing else may be.
MOST_WAITING = 500


FIXED = {"ok": False, "error": "this daemon has no file of settings"}


class Line(Protocol):
    def dial(self, link: int) -> None: ...
    def send(self, link: int, message: ClientMessage) -> None: ...
    def hang(self, link: int, *, at_once: bool = False) -> None: ...


class Mouth(Protocol):
    def play(self, turn: int, pcm: bytes, rate_hz: int) -> None: ...
    def finish(self, turn: int) -> None: ...
    def flush(self, turn: int) -> None: ...
    def chime(self, earcon: Earcon, repeats: int, notice: str) -> None: ...
    def hush(self) -> None: ...
    def doze(self, *, on: bool) -> None: ...
    def loud(self, level: int) -> None: ...


class Ears(Protocol):
    def reopen(self) -> None: ...
    def muffle(self, *, on: bool) -> None: ...


class Lamps(Protocol):
    def set(self, origin: Origin, states: dict[str, LightState], transition_s: float) -> None: ...


class Beacon(Protocol):
    def show(self, mood: Mood, fault: str, brightness: int) -> None: ...
    def glow(self, level: int) -> None: ...


class Optics(Protocol):
    def look(self, look: int, every_s: float | None = None) -> None: ...
    def look_away(self, look: int) -> None: ...


class Desk(Protocol):
    def reply(self, ask: int, body: Mapping[str, object]) -> None: ...
    def tell(self, kind: str, fields: Mapping[str, object]) -> None: ...


class Keeper(Protocol):
    def save(self, name: str, value: object, *, soon: bool) -> None: ...
    def remove(self, name: str) -> None: ...


class Settings(Protocol):
    def reread(self, ask: int) -> None: ...


class Calendar(Protocol):
    def look(self) -> None: ...


class Errands(Protocol):
    def run(self, origin: Origin, name: str, args: Mapping[str, object]) -> None: ...
    def abandon(self, origin: Origin) -> None: ...


class Manager(Protocol):
    def status(self, text: str) -> None: ...
    def beat(self) -> None: ...
    def power_off(self) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    """Who performs the effects. None of these calls waits for anything."""

    line: Line
    mouth: Mouth
    lamps: Lamps
    desk: Desk
    manager: Manager
    keeper: Keeper
    calendar: Calendar
    errands: Errands
    camera: Optics | None = None
    ears: Ears | None = None
    beacon: Beacon | None = None
    settings: Settings | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic time, `speed` times as fast as the room's: tests and demonstrations live faster."""

    speed: float = 1.0

    def now(self) -> float:
        return time.monotonic() * self.speed

    def real(self, seconds: float) -> float:
        """How long so many seconds of this clock last in the room."""
        return seconds / self.speed


class Pump:
    """One consumer of events: `post` puts one in, `run` ends when the core says Quit."""

    def __init__(self, conversation: Conversation, clock: Clock | None = None) -> None:
        self.conversation = conversation
        self.watchers: list[Callable[[Event, tuple[Effect, ...], float], None]] = []
        self.under_way: tuple[Event, float, list[Effect] | None] | None = None
        """The event being handled, when that began, and the effects once they are known: for after a bug."""
        self._clock = clock or Clock()
        self._waiting: deque[Event] = deque()
        self._woken = asyncio.Event()
        # When it rings, and its timer. A deadline that moves away leaves it, as one does with every frame:
        # to be woken early is harmless.
        self._alarm: tuple[float, asyncio.TimerHandle] | None = None
        self._lost = 0

    def post(self, event: Event) -> None:
        """From the loop's own thread only; never blocks. Nothing but frames is ever dropped."""
        if isinstance(event, Heard) and len(self._waiting) >= MOST_WAITING:
            self._lost += 1 + event.lost
            return
        if isinstance(event, Heard) and self._lost:
            lost, self._lost = self._lost, 0
            event = Heard(event.pcm, event.index, event.speech, event.lost + lost)
        self._waiting.append(event)
        self._woken.set()

    async def run(self, world: World) -> None:
        """Until Quit. A bug in the core ends it with its traceback; the service manager starts us anew."""
        try:
            while not self._do(await self._next(), world):
                pass
        finally:
            self._disarm()

    def _do(self, event: Event, world: World) -> bool:
        """Handle it and perform what follows; True for Quit."""
        now, quitting = self._clock.now(), False
        self.under_way = event, now, None
        effects = self.conversation.handle(event, now)
        self.under_way = event, now, effects
        for effect in effects:
            quitting |= self._perform(effect, world)
        if effects:
            world.manager.status(f"{self.conversation.mood}: {self.conversation!r}")
        for watcher in self.watchers:
            watcher(event, tuple(effects), now)
        self.under_way = None
        return quitting

    async def _next(self) -> Event:
        """The next event, or Wake at the deadline. Events that are there come first: they are older."""
        if self._waiting:
            await asyncio.sleep(0)  # a flood of events must not starve the adapters
        else:
            await self._rest()
        return self._waiting.popleft() if self._waiting else Wake()

    async def _rest(self) -> None:
        self._woken.clear()
        due = self.conversation.deadline()
        if due is not None and (self._alarm is None or due < self._alarm[0]):
            self._disarm()
            wait = self._clock.real(due - self._clock.now())
            self._alarm = due, asyncio.get_running_loop().call_later(max(0.0, wait), self._ring)
        await self._woken.wait()

    def _ring(self) -> None:
        self._alarm = None
        self._woken.set()

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm[1].cancel()
            self._alarm = None

    def _perform(self, effect: Effect, world: World) -> bool:
        """Do it; True for Quit."""
        match effect:
            case Send(link, message):
                world.line.send(link, message)
            case Play(turn, pcm, rate_hz):
                world.mouth.play(turn, pcm, rate_hz)
            case Finish(turn):
                world.mouth.finish(turn)
            case Flush(turn):
                world.mouth.flush(turn)
            case Chime(earcon, repeats, notice):
                world.mouth.chime(earcon, repeats, notice)
            case Hush():
                world.mouth.hush()
            case Reopen() if world.ears is not None:
                world.ears.reopen()
            case Dial(link):
                world.line.dial(link)
            case Hang(link, at_once):
                world.line.hang(link, at_once=at_once)
            case SetLights(origin, states, transition_s):
                world.lamps.set(origin, states, transition_s)
            case See(look, every_s) if world.camera is not None:  # else the core has no camera either
                world.camera.look(look, every_s)
            case LookAway(look) if world.camera is not None:
                world.camera.look_away(look)
            case Muffle(on):
                world.mouth.doze(on=on)
                if world.ears is not None:
                    world.ears.muffle(on=on)
            case Show(mood, fault, brightness) if world.beacon is not None:
                world.beacon.show(mood, fault, brightness)
            case Glow(level) if world.beacon is not None:
                world.beacon.glow(level)
            case See() | LookAway() | Reopen() | Show() | Glow():
                pass
            case SetVolume(level):
                world.mouth.loud(level)
            case Run(origin, name, args):
                world.errands.run(origin, name, args)
            case Abandon(origin):
                world.errands.abandon(origin)
            case Tell(kind, fields):
                world.desk.tell(kind, fields)
            case Reply(ask, body):
                world.desk.reply(ask, body)
            case Keep(name, value, soon) if value:
                world.keeper.save(name, value, soon=soon)
            case Keep(name):
                world.keeper.remove(name)
            case Reread(ask) if world.settings is not None:
                world.settings.reread(ask)
            case Reread(ask):
                world.desk.reply(ask, FIXED)
            case Look():
                world.calendar.look()
            case Beat():
                world.manager.beat()
            case PowerOff():
                world.manager.power_off()
            case Quit():
                return True
            case _:
                assert_never(effect)
        return False
