"""The table of the README, from a file of `scripts/bench cost --json FILE`.

python -m tests.bench.abstract FILE
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .subjects import BOXES, CLIENTS

NAMES = (*BOXES, *CLIENTS)
STATES = ("idle", "listening", "speaking")
LATENCIES = (
    "press to first frame",
    "let go to activityEnd",
    "end of speech to activityEnd",
    "first byte to first sample",
    "press while it speaks to silence",
    "link lost to speech flowing",
)
NEVER = LATENCIES[-1]  # those who do not dial again


def abstract(found: Mapping[str, Any]) -> str:
    card = found["sound"]["card"]
    figures, latencies = card["figures"], card["latency_ms"]

    def kept(what: str, states: Sequence[str], digits: int = 0, per: float = 1.0) -> Callable[[str], str]:
        def cell(name: str) -> str:
            values = [figures[name].get(f"{state}: {what}" if state else what) for state in states]
            return " / ".join(f"{value / per:.{digits}f}" for value in values if value is not None)

        return cell

    def took(what: str) -> Callable[[str], str]:
        def cell(name: str) -> str:
            of = latencies[name].get(what)
            if of is None:
                return "never" if what == NEVER else ""
            return f"{of['p50']:.0f} / {of['p95']:.0f}"

        return cell

    def single(of: Mapping[str, float], name: str) -> str:
        return f"{of[name]:.0f}" if name in of else ""

    rows: list[tuple[str, Callable[[str], str]]] = [
        ("import, ms of processor", lambda name: single(found["import"]["cpu_ms"], name)),
        ("start to READY, ms", kept("start to READY, ms", [""])),
        ("start to the setup message, ms", kept("start to setup, ms", [""])),
        ("resident, MB: idle / listening / speaking", kept("resident, MB", STATES)),
        ("proportional, MB: the same", kept("proportional, MB", STATES)),
        ("unique, MB: the same", kept("unique, MB", STATES)),
        ("CPU, % of a core: the same", kept("cpu %", STATES, 1)),
        ("wake-ups a second: the same", kept("wake-ups/s", STATES)),
        ("context switches a second: the same", kept("context switches/s", STATES)),
        ("muted: CPU, %", kept("cpu %", ["muted"], 1)),
        ("muted: wake-ups a second", kept("wake-ups/s", ["muted"], 1)),
        ("threads", kept("threads", ["speaking"])),
        ("kB a second on the wire: idle / listening / speaking", kept("wire bytes/s", STATES, per=1000)),
        (
            "written, kB an hour: idle / talking without a break",
            kept("written, kB/h", ["idle", "conversation"]),
        ),
        *((f"{what}, ms: median / p95", took(what)) for what in LATENCIES),
        ("on disk, MB", lambda name: single(found["disk_mb"], name)),
    ]
    lines = ["| | " + " | ".join(NAMES) + " |", "| --- |" + " ---: |" * len(NAMES)]
    lines += [f"| {head} | " + " | ".join(cell(name) for name in NAMES) + " |" for head, cell in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    print(abstract(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
