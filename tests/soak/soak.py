"""Hours with a box: somebody asks every few seconds, and now and then something breaks.

The real daemon on a virtual sound card (or in memory), a stand-in across a real socket, and a wire between.
Each question must have an outcome, the one after a fault must be answered, no frame of an activity may be
missing or come twice, and what the daemon holds (memory, descriptors, threads) may not grow.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from appliance.adapters.memory import FRAME_BYTES
from appliance.standin import garbage, refusal
from appliance.standin.server import Faults, Options, StandIn

from ..bench.process import Process
from ..faults.wire import Wire
from ..network.town import HISS_FRAMES, hiss
from ..soundserver import SoundServer, missing_tools
from ..whole.house import LIGHTS, Daemon

OPTIONS = Options(brain=False, voice="tone", answer="Yes, that is so.", keep=1000)
PAUSE_S = (0.2, 3.0)  # between two questions
FAULTY = 0.2  # share of questions at which something breaks
BACK_S = 90.0  # until whatever was asked has an outcome
NEXT_S = 60.0  # until the next question is answered
SAMPLES = 30  # rows of the table
GROWTH_MB = 4.0  # of the daemon's own memory, from one third of the time to another: an allocator's noise
RECORD_MB = 16.0  # a speaker of memory keeps five minutes of what it played
GROWTH = {"descriptors": 3, "threads": min(32, (os.cpu_count() or 1) + 4)}  # asyncio's pool comes as needed


@dataclass(frozen=True, slots=True)
class Sample:
    """The daemon at one moment, and what there has been until then."""

    seconds: float
    asked: int
    answered: int
    told: int
    faults: int
    links: int
    frames: int
    resident_mb: float
    unique_mb: float
    descriptors: int
    threads: int


class Soak:
    def __init__(
        self, daemon: Daemon, standin: StandIn, wire: Wire, server: SoundServer | None, seed: int
    ) -> None:
        self.daemon, self.standin, self.wire, self.server = daemon, standin, wire, server
        self.samples: list[Sample] = []
        self.broken: list[str] = []
        self.faults: Counter[str] = Counter()
        self.frames = 0
        self._asked = 0
        self._chance = random.Random(seed)
        self._numbers = hiss() if server is None else {}
        self._process = Process(daemon.process.pid)
        self._newest: object = None
        self._began = time.monotonic()

    @property
    def outcomes(self) -> list[str]:
        return [str(turn["outcome"]) for turn in self.daemon.of("turn")]

    def sample(self) -> None:
        outcomes = self.outcomes
        memory = self._process.memory_mb()
        self.samples.append(
            Sample(
                round(time.monotonic() - self._began, 1),
                self._asked,
                outcomes.count("answered"),
                len(outcomes) - outcomes.count("answered"),
                self.faults.total(),
                self.standin._count,
                self.frames,
                round(memory["resident"], 1),
                round(memory["unique"], 1),
                len(list(Path(f"/proc/{self.daemon.process.pid}/fd").iterdir())),
                self._process.threads(),
            )
        )

    async def live(self, seconds: float) -> None:
        every_s, due = seconds / SAMPLES, 0.0
        while (now := time.monotonic() - self._began) < seconds and not self.broken:
            if now >= due:
                self.sample()
                due = now + every_s
            if self._chance.random() < FAULTY:
                await self._trouble()
            else:
                await self._question()
                if self.outcomes[-1] != "answered" and not self.broken:
                    self.broken.append(f"without a fault: {self.outcomes[-1]}, question {self._asked}")
            self._listen()
            await asyncio.sleep(self._chance.uniform(*PAUSE_S))  # people pause
        self.sample()

    # -- questions ------------------------------------------------------------------------------------

    async def _question(self, limit_s: float = BACK_S) -> None:
        await self._talk()
        await self._outcome(limit_s)

    async def _talk(self) -> None:
        hold_s = round(self._chance.uniform(0.3, 1.5), 2)
        answer = await self.daemon.ask(do="talk", hold_s=hold_s)
        assert answer["ok"], answer
        self._asked += 1

    async def _outcome(self, limit_s: float) -> None:
        try:
            await self.daemon.until(lambda: len(self.outcomes) >= self._asked, limit_s)
        except AssertionError as late:
            self.broken.append(f"no outcome of question {self._asked} in {limit_s:g} s: {late}")

    def _listen(self) -> None:
        """Count the frames of the activities since the last look, and have none missing or twice."""
        activities = self.standin.activities
        new = 0
        while new < len(activities) and activities[-1 - new] is not self._newest:
            new += 1
        for activity in activities[len(activities) - new :]:
            pcm = activity.pcm
            self.frames += len(pcm) // FRAME_BYTES
            if self._numbers and pcm:
                frames = [self._numbers[pcm[n : n + FRAME_BYTES]] for n in range(0, len(pcm), FRAME_BYTES)]
                if frames != [(frames[0] + n) % HISS_FRAMES for n in range(len(frames))]:
                    self.broken.append(f"frames missing or twice in an activity of link {activity.link}")
        self._newest = activities[-1] if activities else None

    # -- trouble --------------------------------------------------------------------------------------

    async def _trouble(self) -> None:
        """Something breaks before or while a question is asked; the next one is answered."""
        troubles = [self._hang_up, self._go_away, self._cut, self._outage, self._stall, self._mute]
        troubles += [self._doors_shut, self._handles_refused, self._nonsense]
        if self.server is not None:
            troubles.append(self._no_microphone)
        trouble: Callable[[], Awaitable[None]] = self._chance.choice(troubles)
        self.faults[trouble.__name__.lstrip("_").replace("_", " ")] += 1
        early = self._chance.random() < 0.5
        try:
            if early:
                await trouble()
                await self._talk()
            else:
                await self._talk()
                await asyncio.sleep(self._chance.uniform(0.0, 2.0))  # any moment of it
                await trouble()
        finally:
            self.standin.options = OPTIONS
            await self.wire.restore()
        await self._outcome(BACK_S)
        for connection in list(self.standin.links.values()):
            connection.options = OPTIONS
        await self._question(NEXT_S)
        if not self.broken and self.outcomes[-1] != "answered":
            self.broken.append(f"after {trouble.__name__}: {self.outcomes[-1]}, question {self._asked}")

    def _next_links(self, count: int, **faults: Any) -> None:
        struck = Faults(**faults, only_links=self.standin._count + count)
        self.standin.options = replace(OPTIONS, faults=struck)

    async def _hang_up(self) -> None:
        code, reason = self._chance.choice(
            [
                (0, ""),
                (-1, ""),
                (1000, ""),
                (1001, "going away"),
                (1008, refusal.NO_SESSION),
                (1011, refusal.INTERNAL_ERROR),
            ]
        )
        with contextlib.suppress(LookupError):  # nobody is connected
            await self.standin.hang_up(code, reason)

    async def _go_away(self) -> None:
        with contextlib.suppress(LookupError):
            await self.standin.send({"goAway": {"timeLeft": f"{self._chance.uniform(0.5, 5.0):.1f}s"}})

    async def _cut(self) -> None:
        self.wire.cut(reset=self._chance.random() < 0.5)

    async def _outage(self) -> None:
        await self.wire.refuse()
        self.wire.cut()
        await asyncio.sleep(self._chance.uniform(0.5, 8.0))  # the fault itself

    async def _stall(self) -> None:
        self.wire.hold()
        await asyncio.sleep(self._chance.uniform(0.5, 6.0))  # the fault itself

    async def _mute(self) -> None:
        for connection in list(self.standin.links.values()):
            connection.mute()

    async def _doors_shut(self) -> None:
        self._next_links(2, refuse_handshake=503)
        self.wire.cut()
        await asyncio.sleep(2.0)  # the fault itself

    async def _handles_refused(self) -> None:
        self._next_links(1, refused_handles=True)
        self.wire.cut()
        await asyncio.sleep(1.0)  # the fault itself

    async def _nonsense(self) -> None:
        for connection in list(self.standin.links.values()):
            for kind, frame in garbage.frames("all"):
                await connection.send_raw(kind, frame)

    async def _no_microphone(self) -> None:
        """It is unplugged for a moment, and found again."""
        assert self.server is not None
        await asyncio.to_thread(self.server.unplug_microphone)
        await asyncio.sleep(self._chance.uniform(0.5, 3.0))  # the fault itself
        await asyncio.to_thread(self.server.plug_microphone)
        try:
            async with asyncio.timeout(BACK_S):
                while not await self._hears():
                    pass
        except TimeoutError:
            self.broken.append("the microphone was not found again")

    async def _hears(self) -> bool:
        await asyncio.sleep(0.2)  # between two looks
        return bool((await self.daemon.ask(do="status"))["microphone"] == "open")

    # -- at the end -----------------------------------------------------------------------------------

    def grown(self) -> list[str]:
        """What the daemon holds more of in the last third of the time than in the second."""
        third = len(self.samples) // 3
        if third < 2:
            return []
        middle, last = self.samples[third : 2 * third], self.samples[-third:]
        allowed = {"unique_mb": GROWTH_MB + (RECORD_MB if self.server is None else 0.0), **GROWTH}
        found: list[str] = []
        for name, most in allowed.items():
            was, now = (median(getattr(sample, name) for sample in part) for part in (middle, last))
            if now - was > most:
                found.append(f"{name}: from {was:g} to {now:g}")
        return found

    def found(self, ended: int) -> dict[str, object]:
        if len(self.outcomes) != self._asked and not self.broken:
            self.broken.append(f"{self._asked} questions and {len(self.outcomes)} outcomes")
        if ended or "Traceback" in self.daemon.log:
            self.broken.append(f"it ended with {ended}: {self.daemon.log[-2000:]}")
        return {
            "samples": [asdict(sample) for sample in self.samples],
            "outcomes": dict(Counter(self.outcomes)),
            "faults": dict(self.faults),
            "lost": dict(Counter(str(told.get("what")) for told in self.daemon.of("lost"))),
            "broken": self.broken,
            "grown": self.grown(),
        }


async def soak(seconds: float, *, memory: bool, seed: int) -> dict[str, object]:
    with contextlib.ExitStack() as left:
        server = None if memory else left.enter_context(SoundServer())
        async with StandIn(OPTIONS) as standin, Wire(standin.port) as wire:
            toml = f'[live]\nendpoint = "ws://127.0.0.1:{wire.port}"\n[turns]\nfollow_up_s = 0.0\n'
            toml += f'[audio]\nbackend = "{"memory" if memory else "pyaudio"}"\n{LIGHTS}'
            async with Daemon(toml, server.environment if server else None) as daemon:
                assert await daemon.known("microphone") == "open"
                life = Soak(daemon, standin, wire, server, seed)
                await life.live(seconds)
                return life.found(await daemon.stop())


def table(found: dict[str, Any]) -> str:
    rows = [list(Sample.__slots__), *([f"{v:g}" for v in row.values()] for row in found["samples"])]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    for what in ("outcomes", "faults", "lost"):
        said = ", ".join(f"{name} {count}" for name, count in sorted(found[what].items()))
        lines.append(f"{what}: {said or 'nothing'}")
    lines += [f"broken: {what}" for what in found["broken"]] + [f"grown: {what}" for what in found["grown"]]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser("scripts/soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--minutes", type=float, default=0.0, help="both are added; the default is an hour")
    parser.add_argument("--memory", action="store_true", help="a sound card of memory")
    parser.add_argument("--seed", type=int, default=1, help="of all chance")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seconds = 3600 * options.hours + 60 * options.minutes or 3600.0
    if not options.memory and (absent := missing_tools()):
        raise SystemExit(f"soak: {absent}")
    found = asyncio.run(soak(seconds, memory=options.memory, seed=options.seed))
    print(json.dumps(found, indent=1) if options.json else table(found))
    raise SystemExit(1 if found["broken"] or found["grown"] else 0)
