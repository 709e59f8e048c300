"""What the brain on this machine understands, and what it refuses: in quiet and in noise.

Requests are spoken by voices of espeak-ng and, where it is installed, flite (whose voices derive from
people's recordings), and are those that ship with the stand-in. What is no request is spoken likewise, and is
every recording of speech in the folder of sounds (none of them asks for anything in this home), and noise
alone. Right is the very call that was asked for; wrong is any other call, and any call at all for what is no
request; the rest was refused.

There are two halves: what the brain was tuned on, and what it has never been tuned on (shown unless --half
says otherwise). They share no voice, sentence, recording or noise. Sounds are taken in an order that is
shuffled but always the same, so that a part is a fair sample: --quick takes some, --minutes ends in time.

Says as it goes what it has found, and then prints a table; --json FILE writes all figures. Latency is of the
recogniser alone, on this machine; memory is of a process that has heard one request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

import appliance.standin
from appliance.config import parse
from appliance.skills import catalogue
from appliance.standin.brain import Brain
from appliance.standin.mind import Call
from appliance.standin.voice import resampled

from .corpus import COMMITTED, FOLDER, RATE_HZ, Samples, half, load

SHELF = Path(appliance.standin.__file__).with_name("requests")
VOICES = {
    "tune": ("en-us", "en-gb+f2", "flite:rms", "flite:awb"),
    "unseen": ("en-gb", "en-us+f3", "flite:slt", "flite:kal16"),
}
ROOM_DB = 45.0  # how much a voice is above a quiet room
SNRS = (None, 20.0, 10.0, 5.0)
QUICK = 30
TOLD_EVERY_S = 5.0
HOME = {
    "lights": {
        "kitchen light": {"pin": 17},
        "desk lamp": {"pin": 18, "kind": "dimmer"},
        "bedroom lamp": {"kind": "rgb", "pins": [22, 23, 24]},
    },
    "scenes": {"good night": {"all": "off"}},
}


def _lights(*names: str, **changes: object) -> Call:
    return Call("set_lights", {"names": list(names), **changes})


Asked = tuple[tuple[str, tuple[Call, ...]], ...]
SENTENCES: dict[str, Asked] = {
    "tune": (
        ("turn on the kitchen light", (_lights("kitchen light", power="on"),)),
        ("switch off the desk lamp please", (_lights("desk lamp", power="off"),)),
        ("turn everything off", (_lights("all", power="off"),)),
        ("dim the desk lamp to thirty percent", (_lights("desk lamp", brightness=30),)),
        ("make the bedroom lamp red", (_lights("bedroom lamp", colour="red"),)),
        (
            "turn on the kitchen light and turn off the desk lamp",
            (_lights("kitchen light", power="on"), _lights("desk lamp", power="off")),
        ),
        ("which lights are on", (Call("get_lights"),)),
        ("set a timer for ten minutes", (Call("set_timer", {"seconds": 600}),)),
        ("turn the volume down", (Call("set_volume", {"change": "quieter"}),)),
        ("please switch the bedroom lamp on", (_lights("bedroom lamp", power="on"),)),
        ("lights off", (_lights("all", power="off"),)),
        ("is the desk lamp on", (Call("get_lights", {"names": ["desk lamp"]}),)),
        ("set the desk lamp to eighty percent", (_lights("desk lamp", brightness=80),)),
        (
            "turn off the kitchen light in five minutes",
            (Call("set_timer", {"seconds": 300, "lights": ["kitchen light"], "power": "off"}),),
        ),
    ),
    "unseen": (
        ("switch on the desk lamp", (_lights("desk lamp", power="on"),)),
        ("turn the kitchen light off please", (_lights("kitchen light", power="off"),)),
        ("all lights on", (_lights("all", power="on"),)),
        ("set the bedroom lamp to fifty percent", (_lights("bedroom lamp", brightness=50),)),
        ("turn the bedroom lamp blue", (_lights("bedroom lamp", colour="blue"),)),
        (
            "switch off the bedroom lamp and the desk lamp",
            (_lights("bedroom lamp", "desk lamp", power="off"),),
        ),
        ("is the kitchen light on", (Call("get_lights", {"names": ["kitchen light"]}),)),
        ("start a timer for twenty minutes", (Call("set_timer", {"seconds": 1200}),)),
        ("cancel the timer", (Call("cancel_timer"),)),
        ("how much time is left on the timer", (Call("list_timers"),)),
        ("activate the scene good night", (Call("run_scene", {"name": "good night"}),)),
        ("turn up the volume", (Call("set_volume", {"change": "louder"}),)),
        ("could you turn off the lights", (_lights("all", power="off"),)),
        ("dim the bedroom lamp to forty five percent", (_lights("bedroom lamp", brightness=45),)),
    ),
}
REQUESTS: Asked = SENTENCES["tune"] + SENTENCES["unseen"]
CHATTER = {
    "tune": (
        "what is the capital of france",
        "tell me a joke about a penguin",
        "how tall is the highest mountain in the world",
        "turn on the television in the living room",
        "my brother is coming home for christmas this year",
        "turn off the garage heater",
        "the quick brown fox jumps over the lazy dog",
        "open the window in the bathroom",
        "turn on the garden light",
        "stop the music",
        "what is left in the fridge",
        "are you all right",
        "two hundred and fifty",
        "switch off the alarm",
        "the lamp is green",
        "make me a sandwich",
    ),
    "unseen": (
        "open the garage door and let the dog in",
        "play some music by the rolling stones",
        "could you write a letter to my landlord",
        "blimp sproggle nandy wert quosh",
        "i left the keys on the kitchen table",
        "good evening everybody and welcome",
        "dim the hallway light to ten percent",
        "switch the radio off please",
        "turn off the bathroom fan",
        "what time does the train leave",
        "set an alarm for seven in the morning",
        "which of you are hungry",
        "is the door locked",
        "how long is the film",
        "make the balcony blue",
        "turn the page",
        "switch on the dishwasher",
        "turn off the printer please",
        "set the thermostat to twenty",
        "dim the chandelier",
    ),
}
OTHERS = CHATTER["tune"] + CHATTER["unseen"]
NOISES = {"tune": ("cafe.wav",), "unseen": ("dishes.wav",)}
ALONE = 8  # pieces of each noise, two seconds each


@dataclass
class Tally:
    right: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    """Of an utterance's own length."""

    def as_json(self) -> dict[str, object]:
        all_of = self.right + self.refused + len(self.wrong)
        return {
            "n": all_of,
            "right %": round(100 * self.right / max(1, all_of), 1),
            "refused %": round(100 * self.refused / max(1, all_of), 1),
            "wrong %": round(100 * len(self.wrong) / max(1, all_of), 1),
            "ms": [round(median(self.ms)), round(_most(self.ms))],
            "of its length": [round(median(self.shares), 2), round(_most(self.shares), 2)],
            "wrong": self.wrong,
        }


def _most(values: list[float]) -> float:
    """The 95th percentile."""
    return sorted(values)[int(0.95 * (len(values) - 1))]


def spoken(text: str, voice: str) -> Samples:
    """By espeak-ng or flite, at 16 kHz, from -1 to 1."""
    program, _, name = voice.rpartition(":")
    if program == "flite":
        command = ["flite", "-voice", name, "-t", text, "-o", "/dev/stdout"]
    else:
        command = ["espeak-ng", "-v", voice, "-s", "155", "--stdout", text]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(BytesIO(made)) as header:
        rate_hz = header.getframerate()
    return samples(resampled(made[44 : len(made) // 2 * 2], rate_hz, RATE_HZ))


def samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64) / 32768


def noises(names: Sequence[str]) -> list[Samples]:
    found = []
    for name in names:
        with wave.open(str(COMMITTED / name)) as file:
            found.append(samples(resampled(file.readframes(file.getnframes()), file.getframerate(), RATE_HZ)))
    return found


def mixed(speech: Samples, noise: Samples, snr_db: float | None) -> bytes:
    """Half a second of room before and after, and the noise at its level below the speech's. No microphone
    delivers digital silence: in quiet it is the hiss of one."""
    room = np.pad(speech, RATE_HZ // 2)
    hiss = np.random.default_rng(1).standard_normal(room.size)
    beneath = hiss if snr_db is None else np.resize(noise, room.size)
    ratio = np.sqrt((speech**2).mean() / (beneath**2).mean()) / 10 ** ((snr_db or ROOM_DB) / 20)
    room = room + beneath * ratio
    room = room * min(1.0, 0.9 / max(1e-9, float(abs(room).max())))
    return (room * 32767).astype("<i2").tobytes()


@dataclass(frozen=True)
class Case:
    kind: str
    what: str
    sound: Callable[[], Samples]
    """Made when it is its turn: a part of the cases need not wait for all voices."""
    calls: tuple[Call, ...] = ()


def cases(folder: Path, which: str, voices: Sequence[str] = ()) -> list[Case]:
    """All of one half, shuffled, always in the same order."""
    able = [
        voice for voice in voices or VOICES[which] if shutil.which(voice.rpartition(":")[0] or "espeak-ng")
    ]
    found: list[Case] = []
    for voice in able:
        program = "flite" if voice.startswith("flite:") else "espeak-ng"
        for text, calls in SENTENCES[which]:
            found.append(Case(f"requests, {program}", f"{voice}: {text}", _saying(text, voice), calls))
        for text in CHATTER[which]:
            found.append(Case(f"no requests, {program}", f"{voice}: {text}", _saying(text, voice)))
    for row in json.loads((SHELF / "index.json").read_text()):
        calls = tuple(Call(call["name"], call["args"]) for call in row["calls"] or ())
        if half(row["file"]) == ("tune" if which == "tune" else "test"):
            kind = "requests, shipped" if calls else "no requests, recorded"
            found.append(Case(kind, row["file"], _shelved(row["file"]), calls))
    for utterance in load(folder).of("tune" if which == "tune" else "test"):
        found.append(Case("no requests, recorded", utterance.name, _known(utterance.samples)))
    for name, noise in zip(NOISES[which], noises(NOISES[which]), strict=True):
        for piece in range(ALONE):
            sound = np.roll(noise, piece * noise.size // ALONE)[: 2 * RATE_HZ]
            found.append(Case("noise alone", f"{name} {piece}", _known(sound)))
    random.Random(1).shuffle(found)
    return found


def _saying(text: str, voice: str) -> Callable[[], Samples]:
    return lambda: spoken(text, voice)


def _known(sound: Samples) -> Callable[[], Samples]:
    return lambda: sound


def _shelved(name: str) -> Callable[[], Samples]:
    def read() -> Samples:
        with wave.open(str(SHELF / name)) as file:
            return samples(file.readframes(file.getnframes()))

    return read


def own_functions() -> list[dict[str, object]]:
    """What the brain is told of this home."""
    return [dict(declared) for declared in catalogue(parse(HOME), {}).declarations(("BLOCKING",))]


Tallies = dict[str, dict[str, Tally]]


def judged(
    found: Sequence[Case], snrs: Sequence[float | None] = SNRS, which: str = "unseen"
) -> Iterator[Tallies]:
    """The tallies so far, after each sound."""
    declarations = own_functions()
    brain, beneath = Brain(), noises(NOISES[which])
    asyncio.run(brain.prepare(declarations))
    tallies: Tallies = {}
    for number, case in enumerate(found):
        sound = case.sound()
        for snr in snrs:
            pcm = mixed(sound, beneath[number % len(beneath)], snr)
            begun = time.perf_counter()
            understood = asyncio.run(brain.hear(pcm, declarations))
            took_s = time.perf_counter() - begun
            tally = tallies.setdefault(case.kind, {}).setdefault(_named(snr), Tally())
            tally.ms.append(1000 * took_s)
            tally.shares.append(took_s / (len(pcm) / 2 / RATE_HZ))
            if understood.calls == case.calls and case.calls:
                tally.right += 1
            elif understood.calls:
                tally.wrong.append(f"{case.what} -> {understood.transcript}")
                print(f"wrong, {case.kind}, {_named(snr)}: {tally.wrong[-1]}", flush=True)
            else:
                tally.refused += 1
        yield tallies


def _named(snr: float | None) -> str:
    return "quiet" if snr is None else f"{snr:g} dB"


MEASURED = """
import asyncio, json, sys
from pathlib import Path
from appliance.standin.brain import Brain
asyncio.run(Brain().hear(sys.stdin.buffer.read(), json.loads(sys.argv[1])))
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(*(int(lines[key].split()[0]) // 1024 for key in ("VmRSS", "VmHWM")))
"""


def memory_mb() -> tuple[int, int]:
    """Of a process that has heard one request and holds nothing else: now, and at most."""
    pcm = mixed(_shelved("two-requests.wav")(), noises(["cafe.wav"])[0], None)
    command = [sys.executable, "-c", MEASURED, json.dumps(own_functions())]
    now, most = subprocess.run(command, input=pcm, capture_output=True, check=True).stdout.split()
    return int(now), int(most)


def progress(found: Sequence[Case], options: argparse.Namespace) -> Tallies:
    begun = told = time.monotonic()
    tallies: Tallies = {}
    for done, tallies in enumerate(judged(found, which=options.half), 1):
        now = time.monotonic()
        if now - told > TOLD_EVERY_S or done == len(found):
            told = now
            wrong = sum(len(t.wrong) for by in tallies.values() for t in by.values())
            print(f"{done} of {len(found)} sounds, {now - begun:.0f} s, {wrong} wrong", flush=True)
        if options.minutes and now - begun > 60 * options.minutes:
            print(f"stopped after {options.minutes:g} minutes; --minutes 0 takes all")
            break
    return tallies


def show(shown: dict[str, dict[str, dict[str, object]]]) -> None:
    print(
        f"{'':<24}{'':>8}{'n':>6}{'right':>8}{'refused':>9}{'wrong':>8}"
        f"{'ms, median and 95th':>22}{'of its length':>16}"
    )
    for kind, by in sorted(shown.items()):
        for snr, row in sorted(by.items(), key=lambda item: list(map(_named, SNRS)).index(item[0])):
            shares = "".join(
                f"{row[f'{share} %']:>{8 + (share == 'refused')}}" for share in ("right", "refused", "wrong")
            )
            print(f"{kind:<24}{snr:>8}{row['n']:>6}{shares}{row['ms']!s:>22}{row['of its length']!s:>16}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of sounds (APPLIANCE_SOUNDS)")
    parser.add_argument("--half", choices=("tune", "unseen"), default="unseen")
    parser.add_argument(
        "--voices", nargs="*", default=(), metavar="VOICE", help="of espeak-ng, or flite:NAME"
    )
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} sounds")
    parser.add_argument("--minutes", type=float, default=5.0, help="at most so long; 0: all (5)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    found = list(
        islice(cases(options.folder, options.half, options.voices), QUICK if options.quick else None)
    )
    tallies = progress(found, options)
    shown = {kind: {snr: t.as_json() for snr, t in by.items()} for kind, by in tallies.items()}
    show(shown)
    now, most = memory_mb()
    print(f"memory: {now} MB, {most} MB at most")
    if options.json:
        options.json.write_text(
            json.dumps({"half": options.half, "memory MB": [now, most], **shown}, indent=2)
        )


if __name__ == "__main__":
    main()
