"""Speech and noise for the endpoint benchmark: read, labelled, and mixed, always the same way.

Knows files and samples. Must never know a detector. Where speech begins and ends is read from the clean
recording (its energy against its own peak and floor), never from what is to be judged.

What is absent, or cannot be decoded here, is left out and said.
"""

from __future__ import annotations

import os
import wave
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.adapters.resample import Resampler

Samples = NDArray[np.float64]

ROOT = Path(__file__).parent.parent.parent
FOLDER = Path(os.environ.get("APPLIANCE_SOUNDS", ROOT.parent / "shared" / "data"))
COMMITTED = ROOT / "tests" / "sounds"
RATE_HZ = 16_000
HOP = 160  # 10 ms: the grain of a label
LEAD_S = 4.0  # of noise before the speech
TRAIL_S = 3.0
SPEECH_DBFS = -26.0
ROOM_DBFS = -70.0  # of a quiet room, in which nothing is digital silence
PAUSE_S = 0.5  # a longer one makes two utterances of a recording
LEAST_S = 0.25
DYNAMIC_DB = 28.0  # a recording with less above its own noise cannot be labelled by its energy

SPEECH = (
    "audiomentations/demo_p286_011.wav",
    "deepfilternet/assets_clean_freesound_33711.wav",
    "js-genai/*.pcm",
    "livekit-agents/*.wav",
    "mycroft-core/*.wav",
    "pocketsphinx/*.wav",
    "pocketsphinx/*.raw",
    "py-webrtcvad/leak-test.wav",
    "py-webrtcvad/test-audio.raw",
    "pyroomacoustics/*arctic*.wav",
    "vosk-api/*.wav",
    "whisper.cpp/*.wav",
)
NOISE = (
    "audiomentations/demo_acoustic_guitar_0.wav",
    "audiomentations/demo_background_noises_*.ogg",
    "audiomentations/demo_short_noises_*.wav",
    "audiomentations/demo_tap.wav",
    "deepfilternet/assets_noise_freesound_573577.wav",
    "noisereduce/*.wav",
    "pyroomacoustics/examples_input_samples_doing_the_dishes.wav",
    "pyroomacoustics/examples_samples_guitar_16k.wav",
    "pyroomacoustics/notebooks_exercise_bike.wav",
)
RAW_HZ = {"py-webrtcvad/test-audio.raw": 8_000}
MIXED = ("fan", "hiss", "babble", "dishes", "bike", "cafe", "guitar")
REAL = {
    "dishes": "pyroomacoustics/examples_input_samples_doing_the_dishes.wav",
    "bike": "pyroomacoustics/notebooks_exercise_bike.wav",
    "cafe": "noisereduce/assets_cafe_short.wav",
    "guitar": "pyroomacoustics/examples_samples_guitar_16k.wav",
}


@dataclass(frozen=True)
class Utterance:
    """Cut from a recording; speech lasts from sample `first` to sample `last` of `samples`."""

    name: str
    samples: Samples
    first: int
    last: int

    @property
    def half(self) -> str:
        return half(self.name.partition("#")[0])


@dataclass(frozen=True)
class Scene:
    """An utterance in a room. `pcm` is what the microphone gives; times are samples of it."""

    name: str
    noise: str
    snr_db: float | None
    pcm: bytes
    first: int
    last: int


@dataclass
class Corpus:
    utterances: list[Utterance] = field(default_factory=list)
    noises: dict[str, Samples] = field(default_factory=dict)
    """By file name: what is no speech."""
    skipped: list[str] = field(default_factory=list)

    def of(self, which: str) -> list[Utterance]:
        return [u for u in self.utterances if which in ("all", u.half)]


def half(file_name: str) -> str:
    """`tune` or `test`: fixed by the name alone."""
    return "tune" if zlib.crc32(file_name.encode()) % 2 else "test"


def load(folder: Path = FOLDER) -> Corpus:
    corpus = Corpus()
    if not folder.is_dir():
        corpus.skipped.append(f"{folder}: no such folder (name one with --folder or APPLIANCE_SOUNDS)")
    for name, path in found(folder, SPEECH, corpus.skipped):
        if (samples := read(path, name, corpus.skipped)) is not None:
            cuts = list(cut(name, samples))
            corpus.utterances += cuts
            if not cuts:
                corpus.skipped.append(f"{name}: too noisy to be labelled")
    for name, path in found(folder, NOISE, corpus.skipped):
        if (samples := read(path, name, corpus.skipped)) is not None:
            corpus.noises[name] = samples
    return corpus


def found(folder: Path, patterns: tuple[str, ...], skipped: list[str]) -> Iterator[tuple[str, Path]]:
    for pattern in patterns:
        paths = sorted(folder.glob(pattern))
        if not paths and folder.is_dir():
            skipped.append(f"{pattern}: absent")
        for path in paths:
            yield str(path.relative_to(folder)), path


def read(path: Path, name: str, skipped: list[str]) -> Samples | None:
    """A recording as mono at 16 kHz, from -1 to 1."""
    if path.suffix == ".ogg":
        try:
            import soundfile
        except ImportError:
            skipped.append(f"{name}: needs the package soundfile")
            return None
        sound, rate_hz = soundfile.read(path, always_2d=True)
        return resampled(sound.mean(axis=1), rate_hz)
    if path.suffix in (".raw", ".pcm"):
        samples = np.frombuffer(path.read_bytes()[: path.stat().st_size & ~1], "<i2") / 32768
        return resampled(samples, RAW_HZ.get(name, RATE_HZ))
    try:
        with wave.open(str(path)) as file:
            if file.getsampwidth() != 2:
                raise wave.Error(f"{8 * file.getsampwidth()} bit")
            channels, rate_hz = file.getnchannels(), file.getframerate()
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    except (wave.Error, EOFError) as error:
        skipped.append(f"{name}: {error}")
        return None
    return resampled(samples.reshape(-1, channels).mean(axis=1), rate_hz)


def resampled(samples: Samples, rate_hz: int) -> Samples:
    if rate_hz == RATE_HZ:
        return samples
    resampler = Resampler(rate_hz, RATE_HZ)
    whole = np.frombuffer(resampler(to_pcm(samples)) + resampler.tail(), "<i2") / 32768
    return whole[round(resampler.delay_s * RATE_HZ) :]


def to_pcm(samples: Samples) -> bytes:
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2").tobytes()


# -- labels -------------------------------------------------------------------------------------------


def levels(samples: Samples) -> Samples:
    """dBFS of every 10 ms, above 100 Hz or so: rumble is no speech."""
    sharp = samples - np.concatenate(([0.0], 0.96 * samples[:-1]))
    blocks = sharp[: len(sharp) // HOP * HOP].reshape(-1, HOP)
    return 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-12)


def cut(name: str, samples: Samples) -> Iterator[Utterance]:
    """The utterances of a recording: what is loud against its own floor, pauses of half a second at most."""
    level = levels(samples)
    peak, floor = np.percentile(level, 97), np.percentile(level, 3)
    if peak - floor < DYNAMIC_DB:
        return
    loud = np.convolve(level > max(floor + 10, peak - 26), np.ones(5), "same") >= 3
    places = np.flatnonzero(loud)
    if not len(places):
        return
    gaps = np.flatnonzero(np.diff(places) * HOP > PAUSE_S * RATE_HZ)
    starts = [places[0], *(places[gap + 1] for gap in gaps)]
    ends = [*(places[gap] + 1 for gap in gaps), places[-1] + 1]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        first, last = int(start) * HOP, int(end) * HOP
        if last - first < LEAST_S * RATE_HZ or loud[start:end].sum() * HOP < LEAST_S * RATE_HZ:
            continue
        margin = int(0.1 * RATE_HZ)
        begin, stop = max(0, first - margin), min(len(samples), last + margin)
        piece = samples[begin:stop].copy()
        fade = np.linspace(0, 1, min(first - begin, stop - last, 400) or 1)
        piece[: len(fade)] *= fade
        piece[-len(fade) :] *= fade[::-1]
        active = loud[start:end].repeat(HOP)
        power = np.mean(samples[first:last][active[: last - first]] ** 2)
        yield Utterance(
            f"{name}#{number}", piece * (gain(SPEECH_DBFS) / np.sqrt(power)), first - begin, last - begin
        )


def gain(db: float) -> float:
    return float(10 ** (db / 20))


# -- rooms --------------------------------------------------------------------------------------------


class Rooms:
    """Noise by its name, of any length, the same at every run."""

    def __init__(self, corpus: Corpus, which: str) -> None:
        self._corpus, self._which = corpus, which
        self.kinds = tuple(kind for kind in MIXED if REAL.get(kind, "") in ("", *corpus.noises))

    def noise(self, kind: str, length: int, about: str) -> Samples:
        chance = np.random.default_rng(zlib.crc32(f"{kind} {about}".encode()))
        return self._made(kind, length, chance)

    def _made(self, kind: str, length: int, chance: np.random.Generator) -> Samples:
        match kind:
            case "hiss":
                return chance.standard_normal(length)
            case "fan":
                brown = coloured(chance.standard_normal(length))
                at = np.arange(length) / RATE_HZ
                hum = sum(np.sin(2 * np.pi * 100 * n * at + n) / n for n in range(1, 8))
                return brown / brown.std() + 0.7 * hum
            case "babble":
                talkers = self._corpus.of(self._which)
                return sum((self._talker(talkers, length, chance) for _ in range(6)), np.zeros(length))
            case _:
                return looped(self._halved(REAL[kind]), length, chance)

    def _halved(self, name: str) -> Samples:
        """Of a long recording the halves are kept apart as well."""
        samples = self._corpus.noises[name]
        if len(samples) < 20 * RATE_HZ or self._which == "all":
            return samples
        middle = len(samples) // 2
        return samples[:middle] if self._which == "tune" else samples[middle:]

    def _talker(self, talkers: list[Utterance], length: int, chance: np.random.Generator) -> Samples:
        order = cycle(chance.permutation(len(talkers)))
        parts: list[Samples] = []
        while sum(map(len, parts)) < length + RATE_HZ:
            parts += [talkers[next(order)].samples, np.zeros(int(chance.uniform(0.05, 0.5) * RATE_HZ))]
        start = int(chance.integers(RATE_HZ))
        return np.concatenate(parts)[start : start + length]


def coloured(white: Samples) -> Samples:
    """As a fan's: falling by 6 dB an octave above 100 Hz."""
    spectrum = np.fft.rfft(white)
    hz = np.fft.rfftfreq(len(white), 1 / RATE_HZ)
    return np.fft.irfft(spectrum / np.maximum(hz, 100), len(white))


def looped(samples: Samples, length: int, chance: np.random.Generator) -> Samples:
    start = int(chance.integers(len(samples)))
    return np.resize(np.roll(samples, -start), length)


def scene(rooms: Rooms, utterance: Utterance, kind: str, snr_db: float | None) -> Scene:
    """Noise, then speech in noise, then noise. With no `snr_db` it is quiet."""
    return placed(utterance, rooms.noise(kind, length(utterance), utterance.name), kind, snr_db)


def length(utterance: Utterance) -> int:
    return int((LEAD_S + TRAIL_S) * RATE_HZ) + len(utterance.samples)


def placed(utterance: Utterance, noise: Samples, kind: str, snr_db: float | None) -> Scene:
    lead = int(LEAD_S * RATE_HZ)
    level = ROOM_DBFS if snr_db is None else SPEECH_DBFS - snr_db
    sound = noise / np.sqrt(np.mean(noise**2)) * gain(level)
    sound[lead : lead + len(utterance.samples)] += utterance.samples
    return Scene(utterance.name, kind, snr_db, to_pcm(sound), lead + utterance.first, lead + utterance.last)


def scenes(corpus: Corpus, which: str, snr_db: float | None) -> Iterator[Scene]:
    rooms = Rooms(corpus, which)
    for utterance in corpus.of(which):
        for kind in ("hiss",) if snr_db is None else rooms.kinds:
            yield scene(rooms, utterance, kind, snr_db)


def nonspeech(samples: Samples, seconds: float, dbfs: float) -> bytes:
    """A recording of no speech, again and again, in a quiet room: short ones every four seconds."""
    least = 4 * RATE_HZ
    if len(samples) < 2 * RATE_HZ:
        samples = np.concatenate((samples, np.zeros(least - len(samples))))
    loud = np.mean(samples[np.abs(samples) > 0.1 * np.abs(samples).max()] ** 2)
    level = np.sqrt(np.mean(samples**2)) if len(samples) > least else np.sqrt(loud)
    sound = np.resize(samples / level * gain(dbfs), int(seconds * RATE_HZ))
    chance = np.random.default_rng(1)
    return to_pcm(sound + chance.standard_normal(len(sound)) * gain(ROOM_DBFS))
