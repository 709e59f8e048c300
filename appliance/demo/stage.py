"""The stage: the box with three lamps on mock pins, a button to press, and the stand-in across the wire.

Knows how to press, speak and wait, and notes what happens. Must never judge it (proof.py) nor draw it
(screen.py).

    button pin ─► box ◄─ microphone            of memory, or your own
                   │  ▲
          WebSocket│  │answers ─► speaker
                   ▼  │
                 stand-in ─► function calls ─► box ─► lamp pins
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .. import app
from ..adapters.memory import MemoryMicrophone, MemorySpeaker
from ..config import parse
from ..core.effects import Effect, Play, Send
from ..core.events import Event, Heard, Pressed, Sounding, Stop
from ..core.messages import ActivityEnd, Audio
from ..errors import HardwareError, MicrophoneError, SpeakerError
from ..pump import Clock
from ..standin.server import Options, StandIn
from .clips import Call, Clip
from .exchange import KINDS, LAMPS, Exchange, Levels, Viewer

BUTTON = 4
PRESS_S = 0.15  # a finger's tap
ANSWER_S = 20.0  # real seconds for recognition and synthesis, which are not faster in a fast box
PATIENCE_S = 40.0  # longer than the box itself waits for speech, or for an answer
OPEN_S = 15.0  # real sound cards take a second or two

T = TypeVar("T")


class Stage:
    """`async with` it. `ask` with sound of memory; `press` and wait for `overs` with the real one."""

    def __init__(
        self,
        viewer: Viewer,
        *,
        speed: float = 1.0,
        real_sound: bool = False,
        settings: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """`settings`: tables of the configuration beside those that make the box a stage."""
        self._settings = settings or {}
        self.mood = "starting"
        self.overs: asyncio.Queue[Exchange] = asyncio.Queue()
        self._viewer = viewer
        self._clock = Clock(speed)
        self._real = real_sound
        self._standin = StandIn(Options(time_scale=speed))
        self._left = contextlib.AsyncExitStack()
        self._open: dict[str, asyncio.Future[None]] = {}
        self._changed = asyncio.Event()
        self._since = 0.0
        self._now = Exchange("")
        self._first_sample = 0.0
        self._activities = 0

    @property
    def url(self) -> str:
        return self._standin.url

    async def __aenter__(self) -> Stage:
        async with contextlib.AsyncExitStack() as left:
            await left.enter_async_context(self._standin)
            place = left.enter_context(tempfile.TemporaryDirectory(prefix="appliance-"))
            self._box = app.build(parse(self._table(place)), self._clock, Path(place) / "state")
            self._box.desk.watchers.append(self._told)
            self._box.pump.watchers.append(self._pumped)
            loop = asyncio.get_running_loop()
            self._open = {part: loop.create_future() for part in ("microphone", "speaker")}
            self._life = asyncio.create_task(app.live(self._box))
            left.push_async_callback(self._end)
            await self._opened()
            self._left = left.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._left.aclose()

    async def _opened(self) -> None:
        """Until the box hears and can be heard. Raises HardwareError."""
        try:
            async with asyncio.timeout(OPEN_S):
                await self._unless_dead(asyncio.gather(*self._open.values()))
        except TimeoutError as error:
            raise HardwareError("the microphone and the speaker do not open") from error

    async def _end(self) -> None:
        self._box.pump.post(Stop())
        await self._life

    # -- the person ---------------------------------------------------------------------------------

    async def ask(self, clip: Clip, *, pressed: bool) -> Exchange:
        """Say it, and wait until it has been answered, or the box gave it up."""
        microphone, speaker = self._box.microphone, self._box.speaker
        assert isinstance(microphone, MemoryMicrophone)
        assert isinstance(speaker, MemorySpeaker)
        answers, activities = len(self._standin.said), len(self._standin.activities)
        played = len(speaker.record)
        self._begin(clip.name)
        if pressed:
            self.press()
        said = microphone.say(clip.pcm)
        patience = self._clock.real(clip.seconds) + PATIENCE_S
        try:
            async with asyncio.timeout(patience):
                # A recording with pauses may be more than one turn: the box goes on listening.
                exchange = await self._unless_dead(self.overs.get())
                while not said.done() or self.mood not in ("idle", "follow-up"):
                    await self._unless_dead(self._change())
                if exchange.outcome == "answered":
                    await self._standin.wait_for(lambda _: len(self._standin.said) > answers, patience)
        except TimeoutError:
            exchange = self._now
            exchange.outcome = f"nothing, in {patience:.0f} seconds"
        exchange.heard = b"".join(a.pcm for a in self._standin.activities[activities:])
        exchange.answer = b"".join(a.pcm for a in self._standin.said[answers:])
        exchange.said = b"".join(piece.pcm for piece in list(speaker.record)[played:])
        return exchange

    def press(self) -> None:
        """A tap on the real (mock) pin."""
        button = self._pin(BUTTON)
        button.drive_low()
        asyncio.get_running_loop().call_later(self._clock.real(PRESS_S), button.drive_high)

    def _begin(self, name: str) -> None:
        self._now = Exchange(name)
        self._since = self._clock.now()
        while not self.overs.empty():
            self.overs.get_nowait()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _unless_dead(self, wanted: Awaitable[T]) -> T:
        """What is waited for; or the exception that ended the box."""
        waiting = asyncio.ensure_future(wanted)
        try:
            await asyncio.wait({waiting, self._life}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            self._life.result()
            raise HardwareError("the box has stopped by itself")
        finally:
            waiting.cancel()

    # -- what happens -------------------------------------------------------------------------------

    def _told(self, kind: str, fields: Mapping[str, Any]) -> None:
        now, at_s = self._now, self._clock.now() - self._since
        match kind:
            case "phase":
                self.mood = fields["mood"]
                self._changed.set()
                self._viewer.mood(self.mood)
            case "transcript" if fields["who"] == "person":
                now.transcript += fields["text"]
                self._viewer.understood(at_s, fields["text"].strip())
            case "transcript":
                now.words += fields["text"]
                self._viewer.answering(now.words.strip())
            case "call":
                now.calls.append(Call(fields["name"], fields["args"]))
                self._viewer.called(at_s, now.calls[-1])
            case "answer":
                now.answers.append(fields["response"])
                if "error" in fields["response"]:
                    self._viewer.refused(at_s, str(fields["response"]["error"]))
            case "lights":
                self._viewer.lit(at_s, self.levels())
            case "turn":
                self._over(fields)
            case "microphone" | "speaker":
                self._device(kind, fields)
            case "line" if fields["state"] == "down":
                self._viewer.trouble(f"line down: {fields['why']}")
            case "trouble" | "lost":
                self._viewer.trouble(", ".join(str(value) for value in fields.values()))

    def _over(self, fields: Mapping[str, Any]) -> None:
        over = self._now
        over.outcome = fields["outcome"]
        over.steps = {name: ms for name, ms in fields.items() if name not in ("turn", "outcome")}
        over.levels = self.levels()
        over.heard = b"".join(a.pcm for a in self._standin.activities[self._activities :])
        self._activities = len(self._standin.activities)
        over.words = over.words.strip()
        over.transcript = over.transcript.strip()
        if over.outcome == "answered":
            if not over.transcript:
                self._viewer.understood(self._first_sample, "")
            self._viewer.answered(self._first_sample, over.words, over.said)
        else:
            self._viewer.trouble(over.outcome)
        self._now = Exchange(over.name)
        self.overs.put_nowait(over)

    def _device(self, kind: str, fields: Mapping[str, Any]) -> None:
        opened = self._open[kind]
        if fields["state"] == "open":
            if not opened.done():
                opened.set_result(None)
        elif not opened.done():
            opened.set_exception(
                (MicrophoneError if kind == "microphone" else SpeakerError)(fields["reason"])
            )
        else:
            self._viewer.trouble(f"no {kind}: {fields['reason']}")

    def _pumped(self, event: Event, effects: tuple[Effect, ...], now: float) -> None:
        match event:
            case Pressed():
                if self._real:
                    self._since = now
                self._viewer.pressed(now - self._since)
            case Sounding():
                self._first_sample = now - self._since
            case Heard(pcm) if self.mood == "listening":
                self._viewer.listening(pcm)
        for effect in effects:
            match effect:
                case Send(_, Audio(pcm)):
                    self._now.sent += pcm
                case Send(_, ActivityEnd()):
                    self._viewer.spoken(now - self._since, self._now.sent)
                case Play(_, pcm):
                    self._now.said += pcm

    def levels(self) -> dict[str, Levels]:
        """What the lamps' pins are at, from 0 to 1."""
        return {name: tuple(float(self._pin(pin).state) for pin in pins) for name, pins in LAMPS.items()}

    def _pin(self, number: int) -> Any:
        import gpiozero

        return gpiozero.Device.pin_factory.pin(number)

    def _table(self, place: str) -> dict[str, object]:
        lights = {
            name: {"kind": KINDS[name], **({"pin": pins[0]} if len(pins) == 1 else {"pins": list(pins)})}
            for name, pins in LAMPS.items()
        }
        stage: dict[str, Mapping[str, object]] = {
            "live": {
                "endpoint": self.url,
                "answer_timeout_s": ANSWER_S * max(1.0, self._clock.speed),
            },
            "audio": {"backend": "pyaudio" if self._real else "memory"},
            # The button's contacts bounce in real time, however fast the box lives.
            "button": {"pin": BUTTON, "debounce_ms": round(30 / max(1.0, self._clock.speed))},
            "lights": lights,
            "control": {"socket": f"{place}/control.sock"},
        }
        return {**stage, **{name: {**stage.get(name, {}), **more} for name, more in self._settings.items()}}
