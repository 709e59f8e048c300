"""One of those who are measured, from its start to its end: rest, conversation, interruptions, a lost line.

What comes out is a Life: figures, of which there is one, and latencies in ms, of which there are several.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.standin.server import Entry, Options, StandIn

from ..soundserver import Recording, SoundServer
from ..whole.house import clip
from .process import Process
from .subjects import Box, Client, started

IDLE_S = 5.0
HOLD_S = 3.0
LATE_S = 30.0
GAP_S = 0.05  # as long as nothing is heard when an answer was broken off; its tones meet within 5 ms
PRESS_S = 0.6  # longer than it takes anybody to fall silent
SPEAKS_S = 0.8  # of an answer, before somebody interrupts it
LOUD = 200  # of 32767: the tones of the answer are far above it, and the silence is 0
MONITOR_HZ = 24_000
ANSWER = "a" * 50  # as tones without a pause: 3 s
SAID = "turn-on-the-kitchen-light.wav"
SETTLED_S = 1.5  # of the sound that says that it is muted, and of a device that is closed
LOST_S = 2.0  # those who do not dial again in this time do so never

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is done in one life."""

    turns: int = 2
    interruptions: int = 5
    spoken: int = 3
    losses: int = 3


@dataclass(slots=True)
class Life:
    figures: Row = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)

    def took(self, what: str, seconds: float) -> None:
        self.latencies.setdefault(what, []).append(1000 * seconds)


class Watch:
    """What a process uses between two looks, and what went over its socket meanwhile."""

    def __init__(self, process: Process, port: int) -> None:
        self._process, self._port = process, port
        self._at, self._before = time.monotonic(), self._look()

    def _look(self) -> Row:
        process = self._process
        return {
            "cpu %": 100 * process.cpu_s(),
            "wake-ups/s": process.switches(),
            "context switches/s": process.switches() + process.forced(),
            "wire bytes/s": wire_bytes(self._port),
        }

    def read(self, state: str) -> Row:
        seconds, now = time.monotonic() - self._at, self._look()
        return {f"{state}: {what}": (now[what] - before) / seconds for what, before in self._before.items()}


def wire_bytes(port: int) -> float:
    """Through TCP to and from this port, from the client's side: all of one connection so far."""
    found = subprocess.run(
        ["ss", "-tinH", f"dport = :{port}"], check=True, capture_output=True, text=True
    ).stdout
    counts = re.findall(r"\bbytes_(?:sent|received):(\d+)", found)
    return float(sum(map(int, counts)))


async def live(
    name: str, sound: str, environment: Mapping[str, str], server: SoundServer | None, plan: Plan
) -> Life:
    """Start one of them, let it rest, talk to it, interrupt it, take its line away."""
    life = Life()
    options = Options(brain=False, voice="tone", answer=ANSWER, playback_wait=0.0)
    async with StandIn(options) as standin, started(name, standin, environment, sound) as subject:
        setup = next(e.at for e in standin.record if e.has("setup"))
        life.figures["start to READY, ms"] = 1000 * (subject.ready - subject.began)
        life.figures["start to setup, ms"] = 1000 * (setup - subject.began)
        room = _Room(subject, standin, server, life)
        await subject.talk(0.3)  # warm: what is loaded when it is first needed is loaded
        await subject.done()
        await room.rest("idle")
        if isinstance(subject, Box):
            await room.rest_muted(subject)
        for _ in range(plan.turns):
            await room.turn()
        if server is not None:
            await room.interrupt(server, plan.interruptions)
            if isinstance(subject, Box):
                for _ in range(plan.spoken):
                    await room.speak(subject, server)
                for _ in range(plan.losses):
                    await room.lose_the_line(subject)
            else:
                await room.lose_for_good()
    return life


class _Room:
    """Where the subject stands, and what happens there."""

    def __init__(
        self, subject: Client | Box, standin: StandIn, server: SoundServer | None, life: Life
    ) -> None:
        self._subject = subject
        self._standin = standin
        self._server = server
        self._life = life

    def _watch(self) -> Watch:
        return Watch(self._subject.process, self._standin.port)

    def _hold(self, state: str) -> Row:
        """What it holds at this moment."""
        memory = {f"{state}: {what}, MB": mb for what, mb in self._subject.process.memory_mb().items()}
        return memory | {f"{state}: threads": float(self._subject.process.threads())}

    async def rest(self, state: str) -> None:
        written, watch = self._subject.process.written_bytes(), self._watch()
        await asyncio.sleep(IDLE_S)
        figures = self._life.figures
        figures |= watch.read(state) | self._hold(state)
        written = self._subject.process.written_bytes() - written
        figures[f"{state}: written, kB/h"] = written / 1000 * 3600 / IDLE_S

    async def rest_muted(self, box: Box) -> None:
        await box.mute(on=True)
        await asyncio.sleep(SETTLED_S)
        await self.rest("muted")
        await box.mute(on=False)
        await box.daemon.until(lambda: box.daemon.of("microphone")[-1]["state"] == "open")

    async def turn(self) -> None:
        """One held question and its answer."""
        seen, began = len(self._standin.record), time.monotonic()
        written, watch = self._subject.process.written_bytes(), self._watch()
        await self._subject.talk(HOLD_S)
        await asyncio.sleep(HOLD_S - 1.0)
        figures = self._life.figures
        figures |= self._hold("listening")
        await self._seen(seen, "client", "realtimeInput", "activityEnd")
        figures |= watch.read("listening")
        watch = self._watch()
        await asyncio.sleep(1.0)
        figures |= self._hold("speaking")
        await self._subject.done()
        figures |= watch.read("speaking")
        written = self._subject.process.written_bytes() - written
        figures["conversation: written, kB/h"] = written / 1000 * 3600 / (time.monotonic() - began)

    async def interrupt(self, server: SoundServer, times: int) -> None:
        """Press while it speaks, again and again; when it fell silent, as the monitor hears it."""
        seen, pressed = len(self._standin.record), []
        recording = Recording(server.environment, MONITOR_HZ)
        try:
            for _ in range(times + 1):
                at = len(self._standin.record)
                pressed.append(time.monotonic())
                await self._subject.talk(PRESS_S)
                await self._seen(at, "client", "realtimeInput", "activityEnd")
                await self._spoken(self._standin.record[at:], at)
                await asyncio.to_thread(recording.more, SPEAKS_S)
            await self._subject.done()
        finally:
            recording.stop()
        self._judge(recording, pressed, list(self._standin.record)[seen:])

    def _judge(self, recording: Recording, pressed: Sequence[float], entries: Sequence[Entry]) -> None:
        heard = [recording.at(at) for at in loud(recording)]
        for number, at in enumerate(pressed):
            until = pressed[number + 1] if number + 1 < len(pressed) else float("inf")
            here = [e for e in entries if at <= e.at < until]
            frame = next(e.at for e in here if e.side == "client" and e.pcm)
            ended = next(e.at for e in here if e.has("realtimeInput", "activityEnd"))
            byte = next(e.at for e in here if said(e) and e.at > ended)
            self._life.took("press to first frame", frame - at)
            self._life.took("let go to activityEnd", ended - at - PRESS_S)
            self._life.took("first byte to first sample", next(h for h in heard if h >= byte) - byte)
            if number:
                self._life.took("press while it speaks to silence", _silent_from(heard, at) - at)

    async def speak(self, box: Box, server: SoundServer) -> None:
        """A tap, and a spoken request whose end it has to find."""
        pcm, rate_hz = clip(SAID)
        await box.tap()
        await asyncio.to_thread(server.speak, pcm, rate_hz)
        await box.done()
        self._life.took("end of speech to activityEnd", _step(box, "speech_end_to_activity_end"))

    async def lose_the_line(self, box: Box) -> None:
        """The connection breaks while somebody talks; when speech flows again, on another."""
        link = max(self._standin.links)
        seen = len(self._standin.record)
        await box.talk(HOLD_S)
        await self._standin.wait_for(lambda record: any(e.pcm for e in record[seen:]), LATE_S)
        await asyncio.sleep(0.5)
        lost = time.monotonic()
        await self._standin.hang_up(0)
        flows = await self._standin.wait_for(
            lambda record: next((e for e in record[seen:] if e.link > link and e.pcm), None), LATE_S
        )
        self._life.took("link lost to speech flowing", flows.at - lost)
        await box.done()

    async def lose_for_good(self) -> None:
        """The same of a client: whether it dials again at all."""
        link = max(self._standin.links)
        await self._subject.talk(HOLD_S)
        await asyncio.sleep(0.5)
        await self._standin.hang_up(0)
        await asyncio.sleep(LOST_S)
        assert not any(e.link > link for e in self._standin.record), "it does dial again: measure it"

    async def _seen(self, since: int, side: str, *path: str) -> None:
        await self._standin.wait_for(
            lambda record: any(e.side == side and e.has(*path) for e in record[since:]), HOLD_S + LATE_S
        )

    async def _spoken(self, _: Sequence[Entry], since: int) -> None:
        """Until it is answered; what is left of a former answer came before the end of this question."""

        def answered(record: list[Entry]) -> bool:
            new = record[since:]
            ended = next((n for n, e in enumerate(new) if e.has("realtimeInput", "activityEnd")), len(new))
            return any(map(said, new[ended:]))

        await self._standin.wait_for(answered, LATE_S)


def said(entry: Entry) -> bool:
    return entry.side == "server" and bool(entry.pcm)


def _silent_from(heard: Sequence[float], pressed: float) -> float:
    """When the sound that was there at the press ended."""
    last = pressed
    for at in heard:
        if at >= pressed:
            if at - last > GAP_S:
                break
            last = at
    return last


def _step(box: Box, name: str) -> float:
    turn: dict[str, Any] = box.daemon.of("turn")[-1]
    return float(turn[name]) / 1000


def loud(recording: Recording) -> list[int]:
    pcm = memoryview(recording.pcm()).cast("h")
    return [at for at, sample in enumerate(pcm) if abs(sample) > LOUD]
