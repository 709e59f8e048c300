"""How well the box tells its own voice from a person's, through an open speaker.

Each scene is a fresh box in a room of its own: three answers, and somebody who speaks over the third. The
echo is as loud as the person where the microphone is, or 5 or 10 dB louder; in half of the scenes the clocks
drift by 50 ppm, in half the amplifier clips. Beside the box as it is stand its parts: what each bought.

Prints a table, or JSON with --json. Latencies are on the sample clock, CPU of this machine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from appliance.adapters.echo import Canceller
from appliance.adapters.subtract import Subtractor
from appliance.adapters.voice import Voice
from appliance.core.bargein import BargeIn
from appliance.core.endpoint import CERTAIN, SURE, VOICED
from appliance.core.residual import Gate, Judge, Levels
from appliance.core.shield import Shield
from appliance.core.surplus import Bands

from .corpus import FOLDER
from .rooms import HEARD_HZ, Recordings, Scene, pcm, recordings, scenes

FRAME = 640
FRAME_S = 0.02
FIRST_S = 2.0
REST_S = 1.0  # after a false one the box would be silent: the next is not counted before
DETECTED_MS = (300, 500, 800)


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame: its levels, those of its bands, and what the detector says after cancelling and before."""

    levels: Levels
    bands: Bands
    voiced: bool
    raw: bool


def heard(scene: Scene, costs: list[float]) -> list[Heard]:
    """The scene through the canceller."""
    canceller, subtractor, voice = Canceller(), Subtractor(), Voice()
    far, mic = pcm(scene.far), pcm(scene.mic)
    frames = []
    began = time.process_time()
    for at in range(0, len(mic) - FRAME + 1, FRAME):
        cancelled = canceller(mic[at : at + FRAME], far[at : at + FRAME])
        bands = subtractor(mic[at : at + FRAME], far[at : at + FRAME])
        frames.append(Heard(cancelled.levels, bands, cancelled.voiced, False))
    costs.append((time.process_time() - began) / len(frames))
    raw = [voice(mic[at : at + FRAME]) >= VOICED for at in range(0, len(mic) - FRAME + 1, FRAME)]
    return [replace(frame, raw=also) for frame, also in zip(frames, raw, strict=True)]


def gated() -> Callable[[Heard], int]:
    gate = Gate()
    return lambda frame: CERTAIN * gate.hear(frame.levels, frame.bands, voiced=frame.voiced)


WAYS: dict[str, Callable[[], Callable[[Heard], int]]] = {
    "as it is": gated,
    "cancelled, no gate": lambda: lambda frame: SURE * frame.voiced,
    "no canceller": lambda: lambda frame: SURE * frame.raw,
}


@dataclass
class Found:
    """What became of some scenes."""

    scenes: int = 0
    answers: int = 0
    first: int = 0  # answers with a false barge-in in their first 2 s
    very_first: int = 0  # the same of the box's first answer
    later: int = 0
    later_s: float = 0.0
    delays_ms: list[float | None] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        known = [delay for delay in self.delays_ms if delay is not None]
        count = max(1, len(self.delays_ms))
        shares = {f"within_{ms}_ms": 100 * sum(d <= ms for d in known) / count for ms in DETECTED_MS}
        return {
            "scenes": self.scenes,
            "false_in_first_2_s_percent": 100 * self.first / max(1, self.answers),
            "false_in_first_2_s_of_the_first_answer_percent": 100 * self.very_first / max(1, self.scenes),
            "false_per_minute_later": 60 * self.later / max(1.0, self.later_s),
            "minutes_later": self.later_s / 60,
            **shares,
            "median_ms": median(known) if known else None,
        }

    def add(self, scene: Scene, frames: Sequence[Heard], way: Callable[[Heard], int]) -> None:
        self.scenes += 1
        self.answers += len(scene.answers)
        ear = BargeIn(Shield.CANCEL, interruptible=True)
        person = scene.person // (FRAME // 2)
        blind = 0
        for index, frame in enumerate(frames):
            speech = way(frame)
            number = within(scene, index)
            if number is None:
                ear.reset()
                continue
            onset = ear.hear(index, speech=speech)
            since = index - scene.answers[number][0] // (FRAME // 2)
            if index >= person:
                if onset is not None or index > person + 100:
                    self.delays_ms.append(None if onset is None else 20.0 * (index + 1 - person))
                    return
            elif onset is not None and index >= blind:
                blind = index + int(REST_S / FRAME_S)
                if since * FRAME_S < FIRST_S:
                    self.first += 1
                    self.very_first += number == 0
                else:
                    self.later += 1
            if index < person and since * FRAME_S >= FIRST_S:
                self.later_s += FRAME_S
        self.delays_ms.append(None)


def within(scene: Scene, index: int) -> int | None:
    """Which answer plays in this frame, or has just ended."""
    at = index * FRAME // 2
    for number, (begins, ends) in enumerate(scene.answers):
        if begins <= at < ends + 0.4 * HEARD_HZ:
            return number
    return None


def trusted(frames: Sequence[Heard]) -> bool:
    """Whether `auto` would let a voice interrupt, at the end of the scene."""
    judge, trust = Judge(lenient=False), True
    for frame in frames:
        if (judgement := judge.hear(frame.levels, near=False)) is not None:
            trust = judgement.shield is Shield.CANCEL
    return trust


def measure(found: Recordings, count: int, seed: int, half: int) -> dict[str, object]:
    results: dict[str, dict[str, Found]] = {}
    costs: list[float] = []
    distrusted = 0
    for scene in scenes(found, count, seed, half=half):
        frames = heard(scene, costs)
        trust = trusted(frames)
        distrusted += not trust
        groups = ["all", f"echo +{scene.echo_db:.0f} dB"] + ["where auto trusts it"] * trust
        groups += ["clipped" if scene.clipped else "linear", f"drift {scene.drift_ppm:.0f} ppm"]
        for name, make in WAYS.items():
            for group in groups if name == "as it is" else ("all",):
                results.setdefault(name, {}).setdefault(group, Found()).add(scene, frames, make())
    return {
        "recordings": found.where,
        "room_responses_measured": len(found.responses),
        "seed": seed,
        "half": half,
        "canceller_us_per_frame": 1e6 * median(costs),
        "rooms_in_which_auto_would_not_trust_it": distrusted,
        "ways": {way: {group: f.as_json() for group, f in rows.items()} for way, rows in results.items()},
    }


def table(result: dict[str, object]) -> str:
    head = f"{'':<34}{'scenes':>7}{'first 2 s':>11}{'1st answer':>12}{'/min later':>12}"
    lines = [head + "".join(f"{f'≤{ms} ms':>10}" for ms in DETECTED_MS) + f"{'median':>9}"]
    ways = result["ways"]
    assert isinstance(ways, dict)
    for way, rows in ways.items():
        for group, row in rows.items():
            line = f"{f'{way}, {group}':<34}{row['scenes']:>7}"
            line += f"{row['false_in_first_2_s_percent']:>10.1f}%"
            line += f"{row['false_in_first_2_s_of_the_first_answer_percent']:>11.1f}%"
            line += f"{row['false_per_minute_later']:>12.2f}"
            line += "".join(f"{row[f'within_{ms}_ms']:>9.0f}%" for ms in DETECTED_MS)
            lines.append(line + f"{row['median_ms'] or 0:>6.0f} ms")
    lines.append("half-duplex                        nothing false, nobody heard: a press interrupts")
    told = ("recordings", "room_responses_measured", "rooms_in_which_auto_would_not_trust_it", "seed")
    lines += [f"{name.replace('_', ' ')}: {result[name]}" for name in told]
    lines.append(f"canceller: {result['canceller_us_per_frame']:.0f} µs for each 20 ms")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser("scripts/bench echo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="speech and rooms (APPLIANCE_SOUNDS)")
    parser.add_argument("--scenes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--half", type=int, choices=(0, 1), default=1, help="0 is what it was tuned on")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measure(recordings(options.folder), options.scenes, options.seed, options.half)
    print(json.dumps(result, indent=2) if options.json else table(result))


if __name__ == "__main__":
    main()
