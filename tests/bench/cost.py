"""What the box costs, beside a bare loop and the official client: the same conversation, in the same run.

Everybody is started anew several times, by turns; the figures are medians. Absolute ones are of the machine
that this runs on; what holds elsewhere are the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from appliance.standin.server import Entry, Options, StandIn

from ..soundserver import Recording, SoundServer, missing_tools
from . import footprint, stages
from .process import Process
from .subjects import BOXES, CLIENTS, Box, Client, started

IDLE_S = 6.0
HOLD_S = 4.0
LATE_S = 30.0
TURNS = 3
LOUD = 200  # of 32767: the tones of the answer are far above it, and the silence is 0
ANSWER = " ".join(["word"] * 10)  # as tones: some four seconds
BUDGET = Path(__file__).with_name("budget.toml")

Row = dict[str, float]


class Watch:
    """What a process used between two looks."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._at, self._cpu, self._woken = time.monotonic(), process.cpu_s(), process.switches()

    def read(self) -> Row:
        seconds = time.monotonic() - self._at
        return {
            "cpu_percent": 100 * (self._process.cpu_s() - self._cpu) / seconds,
            "wakeups_per_s": (self._process.switches() - self._woken) / seconds,
        }


async def life(name: str, sound: str, environment: Mapping[str, str], server: SoundServer | None) -> Row:
    """Start one of them, let it rest, talk to it, interrupt it."""
    options = Options(brain=False, voice="tone", answer=ANSWER, playback_wait=0.0)
    async with StandIn(options) as standin, started(name, standin, environment, sound) as subject:
        row = {"start_to_setup_ms": 1000 * (first(standin, "setup") - subject.began)}
        await subject.talk(0.3)  # warm: what is loaded when it is first needed is loaded
        await subject.done()
        written = subject.process.written_bytes()
        row |= await rest(subject)
        row["idle written_bytes"] = subject.process.written_bytes() - written
        turns = [await turn(subject, standin, server) for _ in range(TURNS)]
        row |= {key: statistics.median(t[key] for t in turns if key in t) for key in turns[0]}
        if server is not None:
            row["press_to_silence_ms"] = await interrupt(subject, server)
        row |= {f"conversation {k}_mb": v for k, v in subject.process.memory_mb().items()}
        row["threads"] = subject.process.threads()
        return row


def first(standin: StandIn, what: str, since: int = 0) -> float:
    return next(e.at for e in list(standin.record)[since:] if e.has(what))


async def rest(subject: Client | Box) -> Row:
    watch = Watch(subject.process)
    await asyncio.sleep(IDLE_S)
    memory = subject.process.memory_mb()
    return {f"idle {k}": v for k, v in watch.read().items()} | {f"idle {k}_mb": v for k, v in memory.items()}


async def turn(subject: Client | Box, standin: StandIn, server: SoundServer | None) -> Row:
    """One held question and its answer."""
    seen = len(standin.record)
    recording = Recording(server.environment, 24_000) if server else None
    pressed = time.monotonic()
    listening = Watch(subject.process)
    await subject.talk(HOLD_S)
    ended = ("realtimeInput", "activityEnd")
    await standin.wait_for(lambda record: any(e.has(*ended) for e in record[seen:]), timeout=HOLD_S + LATE_S)
    row = {f"listening {k}": v for k, v in listening.read().items()}
    speaking = Watch(subject.process)
    await subject.done()
    row |= {f"speaking {k}": v for k, v in speaking.read().items()}
    entries = list(standin.record)[seen:]
    sent = [e for e in entries if e.side == "client" and e.pcm]
    row["press_to_first_frame_ms"] = 1000 * (sent[0].at - pressed)
    row["frames_sent"] = len(sent)
    row["sound_sent_share"] = sum(len(e.pcm) for e in sent) / 2 / 16_000 / HOLD_S
    if recording is not None:
        byte = next(e.at for e in entries if said(e))
        row["first_byte_to_first_sample_ms"] = 1000 * (recording.at(loud(recording)[0]) - byte)
        recording.stop()
    return row


def said(entry: Entry) -> bool:
    return entry.side == "server" and bool(entry.pcm)


async def interrupt(subject: Client | Box, server: SoundServer) -> float:
    """Press while it speaks; ms until the speaker is silent, as its monitor hears it."""
    with server.record(24_000) as recording:
        await subject.talk(0.3)
        await asyncio.to_thread(recording.until_loud, LOUD)
        await asyncio.to_thread(recording.more, 0.7)
        pressed = time.monotonic()
        await subject.talk(0.3)
        await asyncio.to_thread(recording.more, 1.0)
        heard = loud(recording)
        # Its answer to the second question comes later than that, and after a gap.
        before = [at for at in heard if recording.at(at) < pressed + 0.45]
        silent = 1000 * (recording.at(before[-1]) - pressed)
        await subject.done()
    if isinstance(subject, Box):
        await subject.daemon.until(lambda: len(subject.daemon.of("turn")) >= TURNS + 3)
    return silent


def loud(recording: Recording) -> list[int]:
    pcm = memoryview(recording.pcm()).cast("h")
    return [at for at, sample in enumerate(pcm) if abs(sample) > LOUD]


# -- the whole ------------------------------------------------------------------------------------------


async def lives(sound: str, repeats: int, say: Callable[[str], None]) -> dict[str, Row]:
    """Everybody, by turns; medians."""
    names = [*CLIENTS, *BOXES]
    rows: dict[str, list[Row]] = {name: [] for name in names}
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    for number in range(repeats):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            say(f"{sound}: {name}, {number + 1} of {repeats}")
            if sound == "memory":
                rows[name].append(await life(name, sound, environment, None))
            else:
                with SoundServer() as server:
                    rows[name].append(await life(name, sound, server.environment, server))
    return {
        name: {key: round(statistics.median(row[key] for row in of), 3) for key in of[0]}
        for name, of in rows.items()
    }


def imports(repeats: int) -> dict[str, float]:
    """Processor time in ms that it takes to load each, the empty interpreter's taken off; medians."""
    programs = {
        "nothing": "pass",
        "floor": "import tests.bench.peers.floor, pyaudio",
        "google-genai": "import tests.bench.peers.official, pyaudio",
        "box": "import appliance.app, appliance.adapters.microphone, appliance.adapters.speaker",
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(repeats):
        for name, program in programs.items():
            times[name].append(_cpu_ms(program))
    medians = {name: statistics.median(of) for name, of in times.items()}
    return {name: round(ms - medians["nothing"], 1) for name, ms in medians.items() if name != "nothing"}


def _cpu_ms(program: str) -> float:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", program], os.environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"it does not run: {program}")
    return 1000 * (used.ru_utime + used.ru_stime)


def judged(found: Mapping[str, Any], budget: Mapping[str, Any]) -> list[dict[str, object]]:
    """Every line of the budget beside what was found; those of a sound that there is not are left out."""
    lines = []
    for rule in budget["rule"]:
        value = at(found, rule["of"])
        base = at(found, rule["to"]) if "to" in rule else 1.0
        if value is None or not base:
            continue
        ratio = round(value / base, 3)
        lines.append({**rule, "is": ratio, "kept": ratio <= rule["most"]})
    return lines


def at(found: Mapping[str, Any], path: Iterable[str]) -> float | None:
    here: Any = found
    for step in path:
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return float(here)


def table(found: Mapping[str, Any]) -> str:
    lines = []
    for sound, rows in found["lives"].items():
        names = list(rows)
        keys = list(rows[names[-1]])
        lines.append(f"\n{sound:36}" + "".join(f"{name:>22}" for name in names))
        lines += [
            f"{key:36}" + "".join(f"{rows[n].get(key, float('nan')):22.1f}" for n in names) for key in keys
        ]
    lines.append("\nimport, ms: " + ", ".join(f"{k} {v:g}" for k, v in found["import_ms"].items()))
    lines.append("on disk, MB: " + ", ".join(f"{k} {v:g}" for k, v in found["disk_mb"].items()))
    lines.append("one frame, µs: " + ", ".join(f"{k} {v:g}" for k, v in found["stages_us"].items()))
    lines.append("\nbudget")
    for line in found["budget"]:
        kept = "kept" if line["kept"] else "EXCEEDED"
        lines.append(f"  {line['what']:60} {line['is']:8.2f} of {line['most']:g}  {kept}")
    return "\n".join(lines)


async def measure(repeats: int, sounds: Iterable[str], say: Callable[[str], None]) -> dict[str, Any]:
    found: dict[str, Any] = {"lives": {}}
    for sound in sounds:
        found["lives"][sound] = await lives(sound, repeats, say)
    say("imports, disk and stages")
    found["import_ms"] = imports(max(3, repeats))
    found["disk_mb"] = footprint.disk_mb()
    found["stages_us"] = stages.measured()
    found["budget"] = judged(found, tomllib.loads(BUDGET.read_text(encoding="utf-8")))
    return found


def main() -> None:
    parser = argparse.ArgumentParser("scripts/bench cost", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="how often everybody is started")
    parser.add_argument("--memory", action="store_true", help="only with sound in memory")
    parser.add_argument("--check", action="store_true", help="exit with 1 where the budget is exceeded")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sounds = ["memory"] if options.memory or missing_tools() else ["card", "memory"]
    if not options.memory and missing_tools():
        print(f"bench: without a sound card: {missing_tools()}", file=sys.stderr)
    found = asyncio.run(measure(options.repeats, sounds, lambda text: print(text, file=sys.stderr)))
    print(json.dumps(found, indent=1) if options.json else table(found))
    exceeded = [line["what"] for line in found["budget"] if not line["kept"]]
    if options.check and exceeded:
        raise SystemExit("bench: the budget is exceeded: " + "; ".join(map(str, exceeded)))


if __name__ == "__main__":
    main()
