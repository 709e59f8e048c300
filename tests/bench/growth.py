"""How what it costs grows: with days of conversation, with lights, functions and what is said. It should not.

Each point is a process that lives that long, on a clock of its own, and then tells what it holds and what a
frame costs it.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.errands import Errands
from appliance.core.functions import function, made
from appliance.core.lighting import Lamp
from appliance.core.lights import Kind

from ..core import room as rooms
from ..core.room import Room, answers
from .process import Process

HOURS = (1, 6, 24, 72, 168)
LIGHTS = (1, 3, 10, 30, 100)
FUNCTIONS = (1, 10, 25, 50)
EXCHANGES = (24, 100, 300)  # of a day, with their transcripts
TURNS_AN_HOUR = 4
DAY_S = 86_400
MILLION = 1_000_000
SENTENCE = " and then there is this to be said about it" * 5
KINDS = {"hours": HOURS, "lights": LIGHTS, "functions": FUNCTIONS, "exchanges": EXCHANGES}


def point(kind: str, size: int) -> dict[str, float]:
    """One process, grown to this size."""
    if kind == "lights":
        rooms.LAMPS = tuple(Lamp(f"lamp {n}", Kind.DIMMER, f"room {n % 10}") for n in range(size))
    more = [Errands([_function(n) for n in range(size)], 20.0)] if kind == "functions" else []
    room = Room(talkative if kind == "exchanges" else answers, more=more)
    turns, every_s = (size, DAY_S / size) if kind == "exchanges" else (TURNS_AN_HOUR, 3600 / TURNS_AN_HOUR)
    for _ in range(turns * (size if kind == "hours" else 1)):
        began = room.now
        room.ask()
        room.pass_time(20.0, frames=False)
        room.pass_time(max(0.0, began + every_s - room.now), frames=False)
        room.effects.clear()
        room.promises = type(room.promises)()  # the room's own memory is not the box's
        room.promises.link = room.conversation.session.link or room.promises.link
    gc.collect()
    return {
        "size": size,
        "objects": len(gc.get_objects()),
        "resident_mb": round(Process(os.getpid()).memory_mb()["resident"], 2),
        "frame_us": round(frame_us(room), 2),
        "call_us": round(call_us(room), 2),
        "status_bytes": len(json.dumps(room.conversation.status(room.now))),
        "setup_bytes": len(json.dumps(list(map(dict, room.conversation.calls.catalogue.declarations())))),
    }


def talkative(room: Room, message: ms.ClientMessage) -> None:
    """A service that says all that it hears and says in writing, too."""
    match message:
        case ms.Setup():
            room.says(ms.SetupComplete())
        case ms.ActivityEnd():
            room.says(ms.PersonSaid(SENTENCE), delay_s=0.1)
            room.says(ms.Speech(bytes(4800), 24_000), ms.ModelSaid(SENTENCE), delay_s=0.2)
            room.says(ms.Usage(1000, 100, 1100), ms.TurnComplete(), delay_s=0.3)


def _function(number: int) -> Any:
    @function()
    def act(what: str = "") -> str:
        """Do one of many things."""
        return what

    act.__name__ = f"act_{number}"
    return made(act)


def frame_us(room: Room, rounds: int = 100, frames: int = 50) -> float:
    """The best of many rounds that are short: some of them nobody disturbs, on a busy machine, too."""
    times = []
    for _ in range(rounds):
        at = time.thread_time()
        for _ in range(frames):
            room.index += 1
            room.now += 0.0001
            room.conversation.handle(ev.Heard(bytes(640), room.index, 0), room.now)
        times.append(1e6 * (time.thread_time() - at) / frames)
    return min(times)


def call_us(room: Room) -> float:
    """One function call of the model, told apart and done."""
    calls = room.conversation.calls
    times = []
    for number in range(200):
        call = ms.FunctionCall(f"c{number}", "get_lights", {})
        at = time.perf_counter()
        calls.asked(1, ms.ToolCall((call,)), room.now)
        times.append(1e6 * (time.perf_counter() - at))
    return sorted(times)[len(times) // 4]


def million() -> dict[str, float]:
    """What a million frames leave behind."""
    room = Room(answers)
    room.ask()
    room.pass_time(20.0)
    room.effects.clear()
    _heard(room, 20_000)
    gc.collect()
    before, objects = Process(os.getpid()).memory_mb()["resident"], len(gc.get_objects())
    _heard(room, MILLION)
    gc.collect()
    return {
        "frames": MILLION,
        "grown_mb": round(Process(os.getpid()).memory_mb()["resident"] - before, 2),
        "grown_objects": len(gc.get_objects()) - objects,
    }


def _heard(room: Room, count: int) -> None:
    for _ in range(count):
        room.index += 1
        room.now += 0.02
        room.conversation.handle(ev.Heard(bytes(640), room.index, 0), room.now)


def measured() -> dict[str, Any]:
    found: dict[str, Any] = {
        kind: [_apart("point", kind, str(size)) for size in sizes] for kind, sizes in KINDS.items()
    }
    return found | {"a million frames": _apart("million")}


def _apart(*words: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.growth", *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def plotted(found: Mapping[str, Any], into: Path) -> list[Path]:
    """A picture of each, with what is held and what a frame costs."""
    import matplotlib as mpl  # late: only the extra "plot" brings it

    mpl.use("Agg")
    from matplotlib import pyplot

    paths = []
    for kind in KINDS:
        points: Sequence[Mapping[str, float]] = found[kind]
        sizes = [p["size"] for p in points]
        figure, left = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
        right = left.twinx()
        (one,) = left.plot(
            sizes, [p["resident_mb"] for p in points], "o-", color="tab:blue", label="resident, MB"
        )
        (two,) = right.plot(
            sizes, [p["frame_us"] for p in points], "s--", color="tab:red", label="a frame, µs"
        )
        left.set(xlabel=kind)
        left.set(xscale="log", xticks=sizes, xticklabels=sizes)
        left.minorticks_off()
        for axis, label, name in ((left, "MB", "resident_mb"), (right, "µs", "frame_us")):
            # From nothing, and with room above: what is flat has to look flat.
            axis.set(ylabel=label, ylim=(0, 1.5 * max(p[name] for p in points)))
        figure.legend(handles=[one, two], loc="outside upper center", ncols=2)
        paths.append(into / f"growth-{kind}.png")
        figure.savefig(paths[-1], dpi=110)
        pyplot.close(figure)
    return paths


def table(found: Mapping[str, Any]) -> str:
    lines = []
    for kind in KINDS:
        names = list(found[kind][0])
        lines.append("".join(f"{name:>14}" for name in [kind, *names[1:]]))
        lines += ["".join(f"{row[name]:14g}" for name in names) for row in found[kind]]
    rest = found["a million frames"]
    return "\n".join(
        [*lines, f"a million frames: {rest['grown_mb']} MB, {rest['grown_objects']} objects more"]
    )


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] in ("point", "million"):
        told = million() if sys.argv[1] == "million" else point(sys.argv[2], int(sys.argv[3]))
        print(json.dumps(told))
        return
    parser = argparse.ArgumentParser("scripts/bench growth", description=__doc__)
    parser.add_argument("--plot", metavar="DIRECTORY", type=Path, help="write pictures, too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measured()
    print(json.dumps(found, indent=1) if options.json else table(found))
    if options.plot is not None:
        options.plot.mkdir(parents=True, exist_ok=True)
        print("\n".join(map(str, plotted(found, options.plot))), file=sys.stderr)


if __name__ == "__main__":
    main()
