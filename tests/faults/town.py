"""A box and its service, in one process and on a fast clock: the daemon's own core, pump, line, microphone,
speaker and lights; a real socket; and somebody who talks to it.

Every frame that the microphone hears has a number, so that what arrives can be told from what was said. The
promises of any life (tests/core/room.py) are checked on every effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from appliance import app
from appliance.adapters import link as link_module
from appliance.adapters.link import Link
from appliance.adapters.memory import FRAME_BYTES, FRAME_MS, MemoryMicrophone
from appliance.config import parse
from appliance.core import messages as ms
from appliance.core.effects import Effect, Tell
from appliance.core.events import Ask, Asked, Event, Heard, LinkDown, Received, Stop, Talk
from appliance.core.lights import LightState, Origin
from appliance.pump import MOST_WAITING, Clock
from appliance.standin.server import Entry, Options, StandIn
from tests.core.room import Promises

from .wire import Wire

SPEED = 5.0  # a busy machine still keeps up with four towns at this pace
LIMIT_S = 240.0  # of the town's time, for anything that is waited for
LAMP = "lamp"


def numbered(count: int) -> bytes:
    """So many frames of near silence, each with its number in its first bytes."""
    rest = bytes(FRAME_BYTES - 4)
    return b"".join((n + 1).to_bytes(4, "little") + rest for n in range(count))


def numbers(pcm: bytes) -> list[int]:
    return [int.from_bytes(pcm[at : at + 4], "little") for at in range(0, len(pcm), FRAME_BYTES)]


class SlowLights:
    """Lights that take their time, and are counted: a function call that stays open for a while."""

    def __init__(self, lights: Any, delay_s: float) -> None:
        self._lights, self._delay_s = lights, delay_s
        self.orders: list[Origin] = []

    def set(self, origin: Origin, states: dict[str, LightState], *more: object) -> None:
        self.orders.append(origin)
        loop = asyncio.get_running_loop()
        loop.call_later(self._delay_s, lambda: self._lights.set(origin, states, *more))

    def close(self) -> None:
        self._lights.close()


@dataclass
class Town:
    """What is in it, and what has happened."""

    box: app.Box
    standin: StandIn
    wire: Wire
    clock: Clock
    lights: SlowLights
    told: list[dict[str, object]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    promises: Promises = field(default_factory=Promises)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    asks: Any = field(default_factory=lambda: itertools.count(1))

    # -- what somebody does ---------------------------------------------------------------------------

    def talk(self, seconds: float = 1.0) -> None:
        """Hold the button so long, and say something meanwhile."""
        self.box.pump.post(Asked(next(self.asks), Talk(seconds)))

    def type(self, text: str) -> None:
        self.box.pump.post(Asked(next(self.asks), Ask(text, speak=True)))

    # -- what there is to see -------------------------------------------------------------------------

    def of(self, kind: str) -> list[dict[str, object]]:
        return [told for told in self.told if told["kind"] == kind]

    @property
    def outcomes(self) -> list[object]:
        return [turn["outcome"] for turn in self.of("turn")]

    @property
    def repr(self) -> str:
        return repr(self.box.pump.conversation)

    async def until(self, there: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Wait for something that the box tells or the stand-in records: it is looked for at every frame."""
        try:
            async with asyncio.timeout(self.clock.real(limit_s)):
                while not there():
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"it did not come: {self.repr}\n{self.told[-12:]}") from None

    async def outcome(self, number: int, limit_s: float = LIMIT_S) -> object:
        """What became of the utterance with that number, counted from 0."""
        await self.until(lambda: len(self.outcomes) > number, limit_s)
        return self.outcomes[number]

    async def rest(self, seconds: float) -> None:
        """Let so much of the town's time pass: that is what is wanted, not a result."""
        done = asyncio.Event()
        asyncio.get_running_loop().call_later(self.clock.real(seconds), done.set)
        await done.wait()

    def activities(self) -> list[tuple[int, list[int], bool]]:
        """Every activity that the service was sent: its link, the numbers of its frames, whether it ended."""
        found: list[tuple[int, list[int], bool]] = []
        for entry in self.standin.record:
            if entry.side != "client":
                continue
            if entry.has("realtimeInput", "activityStart"):
                found.append((entry.link, [], False))
            elif entry.has("realtimeInput", "activityEnd"):
                found[-1] = (*found[-1][:2], True)
            elif entry.pcm and entry.has("realtimeInput", "audio"):
                assert found, "audio before any activity"
                assert found[-1][0] == entry.link, "audio outside its activity"
                found[-1][1].extend(numbers(entry.pcm))
        return found

    # -- what must be so ------------------------------------------------------------------------------

    def check(self) -> None:
        """No frame lost or twice in an activity; no promise broken; nothing piled up."""
        assert not self.broken, self.broken
        for link, frames, _ in self.activities():
            if frames:
                assert frames == list(range(frames[0], frames[0] + len(frames))), f"frames on link {link}"
        conversation = self.box.pump.conversation
        assert len(conversation.uplink._kept) <= 1, "what was said is not kept for ever"
        assert len(conversation.calls._open) == 0
        line = self.box.link._line
        assert line is None or len(line.outbox) < 50
        assert len(self.box.link._tasks) <= 2, "sockets do not pile up"
        assert len(self.box.pump._waiting) <= MOST_WAITING

    def _watch(self, event: Event, effects: tuple[Effect, ...], now: float) -> None:
        if isinstance(event, Heard):
            self.promises.frames_since_beat = True
        if isinstance(event, LinkDown) and event.link == self.promises.link:
            self.promises.up = False
        if isinstance(event, Received) and event.link == self.promises.link:
            for message in event.messages:
                if isinstance(message, ms.ToolCall):
                    self.promises.open_calls |= {(event.link, call.id) for call in message.calls}
        for effect in effects:
            try:
                self.promises.check(effect)
            except AssertionError as broken:
                self.broken.append(f"{effect!r:.200}: {broken}")
            if isinstance(effect, Tell):
                self.told.append({"kind": effect.kind, "at": now, **effect.fields})
        self.changed.set()


def _table(port: int, place: Path, more: Mapping[str, Any], pin: int) -> dict[str, Any]:
    table: dict[str, Any] = {
        "live": {"endpoint": f"ws://127.0.0.1:{port}"},
        "offline": {"enabled": False},  # there is no brain in this town
        "audio": {"backend": "memory"},
        "turns": {"follow_up_s": 0.0},
        "control": {"socket": str(place / "control.sock")},
        "lights": {LAMP: {"pin": pin}},
    }
    for section, keys in more.items():
        table[section] = {**table.get(section, {}), **keys}
    return table


@contextlib.asynccontextmanager
async def town(
    options: Options | None = None,
    *,
    speed: float = SPEED,
    pin: int = 2,
    lights_s: float = 0.0,
    state: Path | None = None,
    frames: int = 50 * 400,
    **more: Any,
) -> AsyncIterator[Town]:
    """A town in which everything runs `speed` times as fast as in the room."""
    options = options or Options(brain=False, voice="tone", answer="Yes.")
    clock = Clock(speed)
    async with contextlib.AsyncExitStack() as left:
        place = Path(left.enter_context(tempfile.TemporaryDirectory(prefix="town-")))
        standin = await left.enter_async_context(StandIn(replace(options, time_scale=speed)))
        wire = await left.enter_async_context(Wire(standin.port))
        config = parse(_table(wire.port, place, more, pin))
        box = app.build(config, clock, state or place / "state")
        lights = SlowLights(box.lights, clock.real(lights_s))
        link = _fast_link(box.link, config, box.pump.post, speed)
        box = replace(box, lights=lights, link=link)  # type: ignore[arg-type]
        here = Town(box, standin, wire, clock, lights)
        box.pump.watchers.append(here._watch)
        microphone = box.microphone
        assert isinstance(microphone, MemoryMicrophone)
        microphone.say(numbered(frames))
        life = asyncio.create_task(app.live(box))
        try:
            await here.until(lambda: any(told.get("state") == "open" for told in here.of("microphone")))
            yield here
            assert not life.done(), "it must not end by itself"
        finally:
            box.pump.post(Stop())
            await life


def _fast_link(link: Link, config: Any, post: Callable[[Event], None], speed: float) -> Link:
    """The same line with its patience on the town's clock."""
    live = config.live
    return Link(
        link_module.service_url(live.endpoint, live.api_version),
        app.credentials(live.endpoint),
        post,
        clock=app.local_time,
        open_timeout_s=link_module.OPEN_TIMEOUT_S / speed,
        close_timeout_s=link_module.CLOSE_TIMEOUT_S / speed,
        drain_s=link_module.DRAIN_S / speed,
        stall_s=link_module.STALL_S / speed,
    )


def seen(entries: list[Entry], link: int, *path: str) -> bool:
    """Whether the stand-in has such a message, from either side, on that link."""
    return any(entry.link == link and entry.has(*path) for entry in entries)


__all__ = ["FRAME_MS", "LAMP", "Town", "numbers", "seen", "town"]
