"""What the box costs, beside a bare loop and the official client: the same conversation, in the same run.

Everybody is started anew several times, by turns; the figures are medians, and the ratios those of the ratios
within each round. Absolute figures are of the machine that this runs on; what holds elsewhere are the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..soundserver import SoundServer, missing_tools
from . import footprint, stages
from .budget import exceeded, judged, rules, told
from .life import Life, Plan, live
from .subjects import BOXES, CLIENTS, SCRIPT

NAMES = (*CLIENTS, *BOXES)
QUICK = Plan(turns=1, interruptions=3, spoken=1, losses=1)
PERCENT = (50, 90, 95)

Say = Callable[[str], None]
Rounds = dict[str, list[Life]]


async def lives(sound: str, rounds: int, plan: Plan, say: Say) -> Rounds:
    """Everybody, by turns; who is first changes."""
    names = [name for name in NAMES if sound == "card" or name != SCRIPT]
    lived: Rounds = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            say(f"{sound}, {number + 1} of {rounds}: {name}")
            if sound == "memory":
                lived[name].append(await live(name, sound, os.environ, None, plan))
            else:
                with SoundServer() as server:
                    lived[name].append(await live(name, sound, server.environment, server, plan))
    return lived


def told_of(lived: Rounds) -> dict[str, Any]:
    """Medians, percentiles and ratios, and all that they were made of."""
    figures = {name: _medians([life.figures for life in of]) for name, of in lived.items()}
    latencies = {name: _pooled(of) for name, of in lived.items()}
    return {
        "figures": figures,
        "latency_ms": latencies,
        "ratio": {
            name: {to: _ratios(lived[name], lived[to]) for to in CLIENTS if to in lived} for name in BOXES
        },
        "rounds": {
            name: [{"figures": life.figures, "latency_ms": life.latencies} for life in of]
            for name, of in lived.items()
        },
    }


def _medians(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(row[key] for row in rows), 3) for key in rows[0]}


def _pooled(of: Sequence[Life]) -> dict[str, dict[str, float]]:
    """The latencies of all lives together."""
    found = {}
    for what in of[0].latencies:
        ordered = sorted(value for life in of for value in life.latencies[what])
        spread = {f"p{percent}": round(percentile(ordered, percent), 1) for percent in PERCENT}
        found[what] = {"count": len(ordered), **spread, "most": round(ordered[-1], 1)}
    return found


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Between the two values nearest to it."""
    at = (len(ordered) - 1) * percent / 100
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def _ratios(of: Sequence[Life], to: Sequence[Life]) -> dict[str, float]:
    """The median, over the rounds, of what one is of the other; where both have it, and it is not nothing."""
    pairs = [(_row(life), _row(other)) for life, other in zip(of, to, strict=True)]
    return {
        key: round(statistics.median(mine[key] / its[key] for mine, its in pairs), 3)
        for key in pairs[0][0]
        if all(its.get(key) for _, its in pairs)
    }


def _row(life: Life) -> dict[str, float]:
    return life.figures | {what: statistics.median(values) for what, values in life.latencies.items()}


def imports(rounds: int) -> dict[str, Any]:
    """ms that it takes to load each, less the empty interpreter: by the clock, and of the processor."""
    programs = {
        "nothing": "pass",
        "floor": "import tests.bench.peers.floor, pyaudio",
        "google-genai": "import tests.bench.peers.official, pyaudio",
        "box": "import appliance.app, appliance.adapters.microphone, appliance.adapters.speaker",
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            times[name].append(_ms(program))
    found = {}
    for at, kind in enumerate(("wall_ms", "cpu_ms")):
        nothing = statistics.median(one[at] for one in times["nothing"])
        found[kind] = {
            name: round(statistics.median(one[at] for one in of) - nothing, 1)
            for name, of in times.items()
            if name != "nothing"
        }
    return found


def _ms(program: str) -> tuple[float, float]:
    began = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-c", program], os.environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise RuntimeError(f"it does not run: {program}")
    return 1000 * (time.perf_counter() - began), 1000 * (used.ru_utime + used.ru_stime)


def machine() -> dict[str, object]:
    """What it was measured on."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    model = next((line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")), "")
    return {
        "processor": model or platform.machine(),
        "cores": os.cpu_count(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "kernel": platform.release(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


# -- what is printed ------------------------------------------------------------------------------------


def table(found: Mapping[str, Any]) -> str:
    about = found["machine"]
    lines = [
        f"{about['processor']}, {about['cores']} cores, load {about['load'][0]}, Python {about['python']}"
    ]
    for sound, here in found["sound"].items():
        names = list(here["figures"])
        heads = "".join(f"{name:>21}" for name in names)
        lines.append(f"\nsound: {sound:33}{heads}   box to {', '.join(here['ratio']['box'])}")
        for key in here["figures"]["box"]:
            lines.append(_line(key, [here["figures"][name].get(key) for name in names], here["ratio"]["box"]))
        for what in sorted({what for of in here["latency_ms"].values() for what in of}):
            for percent in PERCENT[::2]:
                values = [here["latency_ms"][name].get(what, {}).get(f"p{percent}") for name in names]
                ratio = here["ratio"]["box"] if percent == PERCENT[0] else {}
                lines.append(_line(f"{what}, ms (p{percent})", values, ratio, what))
    lines += ["", *(_listed(kind.replace("_", " "), of) for kind, of in found["import"].items())]
    lines += [_listed("on disk, MB", found["disk_mb"]), _listed("one frame, µs", found["stages_us"])]
    return "\n".join(lines)


def _line(
    head: str, values: Iterable[float | None], ratio: Mapping[str, Mapping[str, float]], key: str = ""
) -> str:
    cells = "".join(f"{'-':>21}" if value is None else f"{value:21.1f}" for value in values)
    ratios = "".join(f"{of[key or head]:7.2f}" for of in ratio.values() if (key or head) in of)
    return f"{head:40}{cells}   {ratios}"


def _listed(head: str, of: Mapping[str, float]) -> str:
    return f"{head}: " + ", ".join(f"{name} {value:g}" for name, value in of.items())


# -- the whole ------------------------------------------------------------------------------------------


async def measure(rounds: Mapping[str, int], plan: Plan, say: Say) -> dict[str, Any]:
    """`rounds`: how often everybody lives, by the sound."""
    found: dict[str, Any] = {"machine": machine(), "sound": {}}
    say("imports, disk and stages")
    found["import"] = imports(9)
    found["disk_mb"] = footprint.disk_mb()
    found["stages_us"] = stages.measured()
    for sound, times in rounds.items():
        found["sound"][sound] = told_of(await lives(sound, times, plan, say))
    found["budget"] = judged(found, rules())
    return found


def main() -> None:
    parser = argparse.ArgumentParser("scripts/bench cost", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="once each, and only with a sound card: 4 minutes"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everybody is started (default: 3)")
    parser.add_argument("--memory", action="store_true", help="only with sound in memory")
    parser.add_argument("--check", action="store_true", help="exit with 1 where the budget is exceeded")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything there, too")
    options = parser.parse_args()
    rounds = {"card": 1} if options.quick else {"card": options.rounds, "memory": 1}
    if options.memory or missing_tools():
        rounds = {"memory": rounds.get("memory", 1)}
    if not options.memory and missing_tools():
        print(f"bench: without a sound card: {missing_tools()}", file=sys.stderr)

    def say(text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    found = asyncio.run(measure(rounds, QUICK if options.quick else Plan(), say))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(table(found))
    print("\n" + told(found["budget"]))
    if options.check and (too_much := exceeded(found["budget"])):
        raise SystemExit("bench: the budget is exceeded: " + "; ".join(too_much))


if __name__ == "__main__":
    main()
