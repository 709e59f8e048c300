"""What the brain on this machine understands, and what it refuses: in quiet and in noise.

Requests are spoken by several voices of espeak-ng, and recorded (those that ship with the stand-in). What is
no request is spoken likewise, and is every recording of speech in the folder of sounds (none of them asks for
anything in this home). Each is mixed with the noise of a café and of dishes. Right is the very call that was
asked for; wrong is any other call, and any call at all for what is no request; the rest was refused.

Prints a table; --json FILE writes all figures. Latency is of the recogniser alone, on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np

import appliance.standin
from appliance.config import parse
from appliance.skills import catalogue
from appliance.standin.brain import Brain
from appliance.standin.mind import Call
from appliance.standin.voice import resampled

from .corpus import COMMITTED, FOLDER, RATE_HZ, Samples, load

SHELF = Path(appliance.standin.__file__).with_name("requests")
VOICES = ("en-us", "en-gb", "en-us+f3", "en-gb-scotland+m4")
ROOM_DB = 45.0  # how much a voice is above a quiet room
SNRS = (None, 20.0, 10.0, 5.0)
HOME = {
    "lights": {
        "kitchen light": {"pin": 17},
        "desk lamp": {"pin": 18, "kind": "dimmer"},
        "bedroom lamp": {"kind": "rgb", "pins": [22, 23, 24]},
    },
    "scenes": {"good night": {"all": "off"}},
}
REQUESTS: tuple[tuple[str, tuple[Call, ...]], ...] = (
    ("turn on the kitchen light", (Call("set_lights", {"names": ["kitchen light"], "power": "on"}),)),
    ("switch off the desk lamp please", (Call("set_lights", {"names": ["desk lamp"], "power": "off"}),)),
    ("turn everything off", (Call("set_lights", {"names": ["all"], "power": "off"}),)),
    (
        "dim the desk lamp to thirty percent",
        (Call("set_lights", {"names": ["desk lamp"], "brightness": 30}),),
    ),
    ("make the bedroom lamp red", (Call("set_lights", {"names": ["bedroom lamp"], "colour": "red"}),)),
    (
        "turn on the kitchen light and turn off the desk lamp",
        (
            Call("set_lights", {"names": ["kitchen light"], "power": "on"}),
            Call("set_lights", {"names": ["desk lamp"], "power": "off"}),
        ),
    ),
    ("which lights are on", (Call("get_lights"),)),
    ("set a timer for ten minutes", (Call("set_timer", {"seconds": 600}),)),
    ("cancel the timer", (Call("cancel_timer"),)),
    ("how much time is left on the timer", (Call("list_timers"),)),
    ("activate the scene good night", (Call("run_scene", {"name": "good night"}),)),
    ("turn the volume down", (Call("set_volume", {"change": "quieter"}),)),
    (
        "turn off the kitchen light in five minutes",
        (Call("set_timer", {"seconds": 300, "lights": ["kitchen light"], "power": "off"}),),
    ),
)
OTHERS = (
    "what is the capital of france",
    "tell me a joke about a penguin",
    "how tall is the highest mountain in the world",
    "turn on the television in the living room",
    "the quick brown fox jumps over the lazy dog",
    "my brother is coming home for christmas this year",
    "open the garage door and let the dog in",
    "play some music by the rolling stones",
    "could you write a letter to my landlord",
    "blimp sproggle nandy wert quosh",
    "i left the keys on the kitchen table",
    "good evening everybody and welcome",
)


@dataclass
class Tally:
    right: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        all_of = self.right + self.refused + len(self.wrong)
        return {
            "n": all_of,
            "right %": round(100 * self.right / max(1, all_of), 1),
            "refused %": round(100 * self.refused / max(1, all_of), 1),
            "wrong %": round(100 * len(self.wrong) / max(1, all_of), 1),
            "ms": [round(median(self.ms)), round(sorted(self.ms)[int(0.95 * (len(self.ms) - 1))])],
            "wrong": self.wrong,
        }


def spoken(text: str, voice: str) -> Samples:
    """By espeak-ng, at 16 kHz, from -1 to 1."""
    command = ["espeak-ng", "-v", voice, "-s", "155", "--stdout", text]
    made = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(BytesIO(made)) as header:
        rate_hz = header.getframerate()
    return samples(resampled(made[44 : len(made) // 2 * 2], rate_hz, RATE_HZ))


def samples(pcm: bytes) -> Samples:
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64) / 32768


def noises() -> list[Samples]:
    found = []
    for name in ("cafe.wav", "dishes.wav"):
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


Case = tuple[str, str, Samples, tuple[Call, ...]]
"""The kind, what it is, how it sounds, and what it asks for."""


def cases(folder: Path, voices: Sequence[str]) -> Iterator[Case]:
    for voice in voices:
        for text, calls in REQUESTS:
            yield "requests, spoken", f"{voice}: {text}", spoken(text, voice), calls
        for text in OTHERS:
            yield "no requests, spoken", f"{voice}: {text}", spoken(text, voice), ()
    for row in json.loads((SHELF / "index.json").read_text()):
        with wave.open(str(SHELF / row["file"])) as file:
            sound = samples(file.readframes(file.getnframes()))
        calls = tuple(Call(call["name"], call["args"]) for call in row["calls"] or ())
        kind = "requests, recorded" if calls else "no requests, recorded"
        yield kind, row["file"], sound, calls
    for utterance in load(folder).utterances:
        yield "no requests, recorded", utterance.name, utterance.samples, ()


def own_functions() -> list[dict[str, object]]:
    """What the brain is told of this home."""
    return [dict(declared) for declared in catalogue(parse(HOME), {}).declarations(("BLOCKING",))]


def judged(found: Sequence[Case], snrs: Sequence[float | None] = SNRS) -> dict[str, dict[str, Tally]]:
    declarations = own_functions()
    brain, beneath = Brain(), noises()
    asyncio.run(brain.prepare(declarations))
    tallies: dict[str, dict[str, Tally]] = {}
    for number, (kind, what, sound, calls) in enumerate(found):
        for snr in snrs:
            pcm = mixed(sound, beneath[number % len(beneath)], snr)
            begun = time.perf_counter()
            understood = asyncio.run(brain.hear(pcm, declarations))
            tally = tallies.setdefault(kind, {}).setdefault(
                "quiet" if snr is None else f"{snr:g} dB", Tally()
            )
            tally.ms.append(1000 * (time.perf_counter() - begun))
            if understood.calls == calls and calls:
                tally.right += 1
            elif understood.calls:
                tally.wrong.append(f"{what} -> {understood.transcript}")
            else:
                tally.refused += 1
    return tallies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of sounds (APPLIANCE_SOUNDS)")
    parser.add_argument("--voices", nargs="*", default=VOICES, metavar="VOICE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    tallies = judged(list(cases(options.folder, options.voices)))
    print(f"{'':<24}{'':>8}{'n':>6}{'right':>8}{'refused':>9}{'wrong':>8}{'ms, median and 95th':>22}")
    shown = {kind: {snr: t.as_json() for snr, t in by.items()} for kind, by in tallies.items()}
    for kind, by in shown.items():
        for snr, row in by.items():
            shares = "".join(
                f"{row[f'{share} %']:>{8 + (share == 'refused')}} " for share in ("right", "refused", "wrong")
            )
            print(f"{kind:<24}{snr:>8}{row['n']:>6}{shares}{row['ms']!s:>16}")
    for kind, tallied in tallies.items():
        for snr, tally in tallied.items():
            for wrong in tally.wrong:
                print(f"wrong, {kind}, {snr}: {wrong}")
    if options.json:
        options.json.write_text(json.dumps(shown, indent=2))


if __name__ == "__main__":
    main()
