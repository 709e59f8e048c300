"""How well the box hears when somebody begins and stops talking: in quiet, in noise, and in noise alone.

Each utterance is put into a quiet room and into seven kinds of noise, four seconds after the noise began; the
ear is armed after the first of them, as a microphone is open long before a press.
A turn is right when it was not begun before the speech, was begun within it, was not ended before the speech
ended, and was ended within the hangover and 0.6 s after it. Speech is divided by file name: detectors are
tuned on one half and reported on the other. Beside it stands webrtcvad by itself: mode 3, begun by 60 % of
200 ms, ended by 800 ms.

Prints a table; --json FILE writes all figures. Latencies are on the sample clock, not of this machine.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Protocol

import webrtcvad

from appliance.adapters.voice import Voice
from appliance.core.audio import FRAME_BYTES
from appliance.core.endpoint import Context, Endpointer, Offset, Onset
from appliance.settings import PRESETS, Turns

from .corpus import FOLDER, RATE_HZ, Corpus, Scene, load, nonspeech, scenes

SNRS = (None, 20.0, 10.0, 5.0, 0.0)
TURNS = Turns()
ARMED = 50  # frames: since when the ear is
LATE_MS = 600  # how much later than the hangover an end may come
ALONE_S = 60.0
ALONE_DBFS = (-35.0, -45.0, -55.0)
PLAIN = "webrtcvad"


class Ear(Protocol):
    def hear(self, index: int, *, speech: int) -> Onset | Offset | None: ...


class PlainEar:
    """The usual way to use webrtcvad: a vote over 200 ms begins, and so does one over 800 ms end."""

    def __init__(self) -> None:
        self._recent: deque[bool] = deque(maxlen=40)
        self._last: int | None = None

    def hear(self, index: int, *, speech: int) -> Onset | Offset | None:
        self._recent.append(speech > 0)
        if self._last is None:
            if sum(list(self._recent)[-10:]) < 6:
                return None
            self._last = index
            self._recent.clear()
            return Onset(max(0, index - 9))
        self._last = index if speech else self._last
        if len(self._recent) < 40 or sum(self._recent) > 4:
            return None
        last, self._last = self._last, None
        self._recent.clear()
        return Offset(last)


@dataclass
class Judged:
    """Scenes of one kind under one rule."""

    scenes: int = 0
    what: Counter[str] = field(default_factory=Counter)
    by_noise: dict[str, Counter[str]] = field(default_factory=dict)
    start_ms: list[float] = field(default_factory=list)
    end_ms: list[float] = field(default_factory=list)
    clipped: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "scenes": self.scenes,
            "right %": percent(self.what["right"], self.scenes),
            **{f"{what} %": percent(self.what[what], self.scenes) for what in WRONGS},
            "start ms": spread(self.start_ms),
            "end ms": spread(self.end_ms),
            "onset clipped %": percent(self.clipped, len(self.start_ms)),
            "right % by noise": {
                kind: percent(what["right"], what.total()) for kind, what in sorted(self.by_noise.items())
            },
        }


WRONGS = ("false start", "missed", "split", "late end")


def percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {"median": round(median(ordered)), "p90": round(ordered[int(0.9 * (len(ordered) - 1))])}


def marked(detector: Callable[[bytes], int], pcm: bytes) -> list[int]:
    whole = range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
    return [detector(pcm[at : at + FRAME_BYTES]) for at in whole]


def plain() -> Callable[[bytes], int]:
    vad = webrtcvad.Vad(3)
    return lambda frame: int(vad.is_speech(frame, RATE_HZ))


DETECTORS: dict[str, Callable[[], Callable[[bytes], int]]] = {PLAIN: plain, "ours": Voice}


@dataclass(frozen=True)
class Rule:
    """An ear, by the detector that it listens to."""

    name: str
    detector: str
    ear: Callable[[], Ear]
    hangover_ms: int


def rules() -> list[Rule]:
    ours = [Rule(preset, "ours", partial(armed, ms, Context.PRESS), ms) for preset, ms in PRESETS.items()]
    elsewhere = [
        Rule(str(context.name).lower().replace("_", "-"), "ours", partial(armed, 800, context), 800)
        for context in (Context.FOLLOW_UP, Context.BARGE_IN)
    ]
    return [Rule(PLAIN, PLAIN, PlainEar, 800), *ours, *elsewhere]


def armed(hangover_ms: int, context: Context) -> Endpointer:
    ear = Endpointer(hangover_ms)
    ear.arm(context)
    return ear


def judge(rule: Rule, scene: Scene, marks: Sequence[int], into: Judged) -> None:
    ear, frame = rule.ear(), RATE_HZ // 50
    began: tuple[int, Onset] | None = None
    what = "missed"
    for index, speech in enumerate(marks[ARMED:], ARMED):
        now = (index + 1) * frame  # a frame is known at its end
        match ear.hear(index, speech=speech):
            case Onset() as onset if began is None:
                began = now, onset
                if now < scene.first:
                    what = "false start"
                    break
                if now >= scene.last + RATE_HZ // 5:
                    break
                what = "late end"
                into.start_ms.append((now - scene.first) / 16)
                pre_roll_ms = TURNS.pre_roll_noise_ms if onset.doubtful else TURNS.pre_roll_ms
                sent = max(ARMED, onset.onset - pre_roll_ms // 20) * frame
                into.clipped += sent > scene.first
            case Offset():
                late_ms = (now - scene.last) / 16
                if late_ms < 0:
                    what = "split"
                    break
                into.end_ms.append(late_ms)
                what = "right" if late_ms <= rule.hangover_ms + LATE_MS else "late end"
                break
    into.scenes += 1
    into.what[what] += 1
    into.by_noise.setdefault(scene.noise, Counter())[what] += 1


@dataclass
class Alone:
    """Noise in which nobody speaks: how often a turn was begun for a minute of listening."""

    starts: int = 0
    quiet: int = 0
    open: int = 0

    def hear(self, ear: Ear, marks: Iterable[int]) -> None:
        talking = 0
        for index, speech in enumerate(marks):
            found = ear.hear(index, speech=speech)
            self.starts += isinstance(found, Onset)
            talking = talking + 1 if isinstance(found, Onset) or (talking and found is None) else 0
            self.open += talking > 0
            self.quiet += talking == 0

    @property
    def per_minute(self) -> float:
        return round(self.starts / max(self.quiet / 3000, 0.01), 2)

    def as_json(self) -> dict[str, float]:
        return {"false per minute": self.per_minute, "open %": percent(self.open, self.open + self.quiet)}


def turns(corpus: Corpus, which: str, snr_db: float | None) -> dict[str, Judged]:
    judged = {rule.name: Judged() for rule in rules()}
    for scene in scenes(corpus, which, snr_db):
        marks = {name: marked(make(), scene.pcm) for name, make in DETECTORS.items()}
        for rule in rules():
            judge(rule, scene, marks[rule.detector], judged[rule.name])
    return judged


def alone(corpus: Corpus) -> dict[str, dict[float, Alone]]:
    found = {rule.name: {dbfs: Alone() for dbfs in ALONE_DBFS} for rule in rules()}
    for samples in corpus.noises.values():
        for dbfs in ALONE_DBFS:
            pcm = nonspeech(samples, ALONE_S, dbfs)
            marks = {name: marked(make(), pcm)[ARMED:] for name, make in DETECTORS.items()}
            for rule in rules():
                found[rule.name][dbfs].hear(rule.ear(), marks[rule.detector])
    return found


def cost_us(pcm: bytes, repeat: int = 3) -> dict[str, float]:
    """Process time of one frame, the best of several: others may be at work on this machine."""
    costs: dict[str, float] = {}
    for name, make in DETECTORS.items():
        took = []
        for _ in range(repeat):
            detector = make()
            marked(detector, pcm[: 50 * FRAME_BYTES])
            begun = time.process_time()
            count = len(marked(detector, pcm))
            took.append((time.process_time() - begun) / count)
        costs[name] = round(1e6 * min(took), 1)
    return costs


def name_of(snr_db: float | None) -> str:
    return "clean" if snr_db is None else f"{snr_db:.0f} dB"


def measure(corpus: Corpus, which: str) -> dict[str, object]:
    judged = {name_of(snr_db): turns(corpus, which, snr_db) for snr_db in SNRS}
    silent = alone(corpus)
    some = next(iter(scenes(corpus, which, 10.0)), None)
    us = cost_us(some.pcm) if some else {}
    return {
        "half": which,
        "utterances": len(corpus.of(which)),
        "files": len({u.name.partition("#")[0] for u in corpus.of(which)}),
        "turns": {snr: {rule: j.as_json() for rule, j in found.items()} for snr, found in judged.items()},
        "noise alone": {
            rule: {f"{dbfs:.0f} dBFS": a.as_json() for dbfs, a in found.items()}
            for rule, found in silent.items()
        },
        "us per frame": us,
        "% of a core": {name: round(cost / 200, 3) for name, cost in us.items()},
        "skipped": corpus.skipped,
    }


COLUMNS = ("right %", *(f"{what} %" for what in WRONGS), "onset clipped %")


def table(found: dict[str, object]) -> str:
    turns_, silent = found["turns"], found["noise alone"]
    assert isinstance(turns_, dict)
    assert isinstance(silent, dict)
    lines = [f"{found['utterances']} utterances of {found['files']} files, half: {found['half']}", ""]
    lines.append(f"{'':16}{'':12}" + "".join(f"{c.removesuffix(' %'):>14}" for c in COLUMNS))
    lines[-1] += "  start med/p90   end med/p90 ms"
    for snr, rules_ in turns_.items():
        for rule, one in rules_.items():
            cells = "".join(f"{one[column]:>14}" for column in COLUMNS)
            start, end = (
                "/".join(f"{value}" for value in one[key].values()) for key in ("start ms", "end ms")
            )
            lines.append(f"{snr:12}{rule:16}{cells}{start:>15}{end:>16}")
    lines += ["", "noise alone: false starts per minute of listening (share of the time held open)"]
    for rule, levels in silent.items():
        shown = "   ".join(f"{dbfs} {a['false per minute']} ({a['open %']} %)" for dbfs, a in levels.items())
        lines.append(f"{rule:28}{shown}")
    lines += ["", f"µs for a frame of 20 ms: {found['us per frame']}; % of a core: {found['% of a core']}"]
    skipped = found["skipped"]
    assert isinstance(skipped, list)
    return "\n".join([*lines, *(f"skipped: {reason}" for reason in skipped)])


def main() -> None:
    parser = argparse.ArgumentParser("scripts/bench endpoint", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="speech and noise (APPLIANCE_SOUNDS)")
    parser.add_argument("--half", choices=("test", "tune", "all"), default="test", help="of the speech")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    corpus = load(options.folder)
    if not corpus.of(options.half):
        raise SystemExit("bench: nothing to listen to\n" + "\n".join(corpus.skipped))
    found = measure(corpus, options.half)
    print(table(found))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
