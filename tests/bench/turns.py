"""What a turn costs: the real daemon on a virtual sound card, with a stand-in across a real socket.

Prints a table, or JSON with --json. Absolute times are of the machine it runs on; nothing is judged here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Sequence
from statistics import median

from appliance.standin.server import Options, StandIn

from ..soundserver import SoundServer, missing_tools
from ..whole.house import Daemon, box, clip
from .process import Process

IDLE_S = 10.0


async def measure(turns: int) -> dict[str, object]:
    with SoundServer() as server:
        options = Options(brain=False, answer="The light is on now.", playback_wait=0.0)
        began = time.monotonic()
        async with (
            StandIn(options) as standin,
            box(standin, "[turns]\nfollow_up_s = 0\n", server.environment, "pyaudio") as daemon,
        ):
            ready_s = time.monotonic() - began
            process = Process(daemon.process.pid)
            assert await daemon.known("microphone") == "open"
            idle = await resting(process)
            cpu, at, woken = process.cpu_s(), time.monotonic(), process.switches()
            holds = [await hold(daemon, standin, number) for number in range(turns)]
            spoken = len(daemon.of("turn"))
            for number in range(turns):
                await speak(daemon, server, spoken + number)
            busy_s = time.monotonic() - at
            talking = {
                "cpu_percent": 100 * (process.cpu_s() - cpu) / busy_s,
                "wakeups_per_s": (process.switches() - woken) / busy_s,
                "memory_mb": process.memory_mb(),
                "threads": process.threads(),
            }
            told = daemon.of("turn")[spoken:]
            assert all(turn["outcome"] == "answered" for turn in daemon.of("turn")), daemon.of("turn")
            return {
                "turns": turns,
                "start_to_ready_ms": round(1000 * ready_s),
                "latency_ms": {
                    "press (hold) to first frame at the service": spread(holds),
                    **{name.replace("_", " "): spread(steps(told, name)) for name in STEPS},
                },
                "idle": idle,
                "in conversation": talking,
                "lost": daemon.of("lost"),
            }


STEPS = (
    "onset_to_first_sent",
    "speech_end_to_activity_end",
    "activity_end_to_first_byte",
    "first_byte_to_first_sample",
)


def steps(told: Sequence[dict[str, object]], name: str) -> list[float]:
    return [float(str(turn[name])) for turn in told if name in turn]


def spread(values: Sequence[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"median": round(median(ordered), 1), "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 1)}


async def resting(process: Process) -> dict[str, object]:
    cpu, woken, at = process.cpu_s(), process.switches(), time.monotonic()
    await asyncio.sleep(IDLE_S)
    seconds = time.monotonic() - at
    return {
        "cpu_percent": 100 * (process.cpu_s() - cpu) / seconds,
        "wakeups_per_s": (process.switches() - woken) / seconds,
        "memory_mb": process.memory_mb(),
        "threads": process.threads(),
    }


async def hold(daemon: Daemon, standin: StandIn, number: int) -> float:
    """One held turn; ms from the press, as it leaves the command, to the first audio at the service."""
    seen = len(standin.record)
    pressed = time.monotonic()
    await daemon.ask(do="talk", hold_s=0.3)
    await daemon.until(lambda: len(daemon.of("turn")) > number)
    entries = standin.record[seen:]
    return 1000 * (next(e.at for e in entries if e.side == "client" and e.pcm) - pressed)


async def speak(daemon: Daemon, server: SoundServer, number: int) -> None:
    pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
    await daemon.ask(do="talk")
    await asyncio.to_thread(server.speak, pcm, rate_hz)
    await daemon.until(lambda: len(daemon.of("turn")) > number)


def table(found: dict[str, object]) -> str:
    lines = [f"start to READY: {found['start_to_ready_ms']} ms"]
    latency = found["latency_ms"]
    assert isinstance(latency, dict)
    lines += [f"{name}: median {v['median']} ms, p95 {v['p95']} ms" for name, v in latency.items()]
    for state in ("idle", "in conversation"):
        seen = found[state]
        assert isinstance(seen, dict)
        lines.append(
            f"{state}: {seen['cpu_percent']:.1f} % of a core, {seen['wakeups_per_s']:.0f} wake-ups a second, "
            f"{seen['memory_mb']['resident']:.1f} MB resident ({seen['memory_mb']['unique']:.1f} unique), "
            f"{seen['threads']} threads"
        )
    return "\n".join([*lines, f"lost: {found['lost'] or 'nothing'}"])


def main() -> None:
    parser = argparse.ArgumentParser("scripts/bench", description=__doc__)
    parser.add_argument("--turns", type=int, default=20, help="held turns, and as many spoken ones")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if absent := missing_tools():
        raise SystemExit(f"bench: {absent}")
    found = asyncio.run(measure(options.turns))
    print(json.dumps(found, indent=2) if options.json else table(found))


if __name__ == "__main__":
    main()
