"""Scenes for the echo: an answer from a small speaker in a room, and somebody who speaks over it.

Speech and room responses come from a folder of recordings where there is one, else speech from the requests
that ship with the stand-in, and rooms from a formula.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]

SHIPPED = Path(__file__).parents[2] / "appliance" / "standin" / "requests"
HEARD_HZ, PLAYED_HZ = 16_000, 24_000
SPEAKING_DBFS = -26.0  # of the person, where the microphone is; the answer, as it is sent, too
NOISE_DBFS = (-62.0, -50.0)  # of the room
LONG_RESPONSE_S = 0.6
DIRECT_S = 0.0025  # what comes on the straight way, or from the box itself
# How much stronger that is than the rest: 10 to 40 cm from the speaker where the reverberation is as loud
# as the direct sound at 0.6 to 1 m (0.057 √(V/RT60): 40 m³ and 0.4 s, 400 m³ and 1.2 s).
DIRECT_DB = (3.0, 15.0)


@dataclass(frozen=True, slots=True)
class Recordings:
    """Clips of speech at 16 kHz, and measured room responses at 16 kHz, one channel each."""

    where: str
    speech: tuple[Sound, ...]
    responses: tuple[Sound, ...]


def read(path: Path) -> tuple[Sound, int]:
    """The first channel of a WAV file, or of raw 16 kHz samples; full scale is 1."""
    if path.suffix in (".raw", ".pcm"):
        return np.frombuffer(path.read_bytes(), "<i2") / 32768, HEARD_HZ
    with wave.open(str(path), "rb") as file:
        channels, width, rate_hz = file.getnchannels(), file.getsampwidth(), file.getframerate()
        raw = file.readframes(file.getnframes())
    if width == 2:
        sound = np.frombuffer(raw, "<i2") / 32768
    elif width == 3:
        widened = np.zeros((len(raw) // 3, 4), np.uint8)
        widened[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        sound = widened.reshape(-1).view("<i4") / 2**31
    elif width == 4:
        sound = np.frombuffer(raw, "<i4") / 2**31
    else:
        raise ValueError(f"{path.name}: {8 * width} bits")
    return sound[::channels], rate_hz


def at_rate(sound: Sound, from_hz: float, to_hz: float) -> Sound:
    """Resampled by its spectrum, which is exact where the ends are silent."""
    count = round(len(sound) * to_hz / from_hz)
    spectrum = np.fft.rfft(sound)
    fresh = np.zeros(count // 2 + 1, complex)
    both = min(len(fresh), len(spectrum))
    fresh[:both] = spectrum[:both]
    resampled: Sound = np.fft.irfft(fresh, count) * count / len(sound)
    return resampled


def recordings(place: Path) -> Recordings:
    """What there is to speak with."""
    if not place.is_dir():
        shipped = [at_rate(s, hz, HEARD_HZ) for s, hz in map(read, sorted(SHIPPED.glob("*.wav")))]
        return Recordings("the requests that ship with the stand-in", tuple(shipped), ())
    folders = {
        "pocketsphinx": "*_data_*",
        "pyroomacoustics": "*cmu_arctic*",
        "vosk-api": "*",
        "whisper.cpp": "*",
        "livekit-agents": "*",
        "mycroft-core": "*weather*",
        "audiomentations": "*p286*",
        "js-genai": "*",
    }
    speech = []
    for folder, pattern in folders.items():
        for path in sorted((place / folder).glob(pattern)):
            if path.suffix in (".wav", ".raw", ".pcm"):
                sound, hz = read(path)
                speech.append(trimmed(at_rate(sound, hz, HEARD_HZ)))
    responses = []
    for pattern in ("audiomentations/*_ir_*.wav", "deepfilternet/*_rir_*.wav"):
        for path in sorted(place.glob(pattern)):
            sound, hz = read(path)
            responses.append(at_rate(sound, hz, HEARD_HZ)[: int(LONG_RESPONSE_S * HEARD_HZ)])
    return Recordings(str(place), tuple(s for s in speech if len(s) > HEARD_HZ // 2), tuple(responses))


def db(sound: Sound) -> float:
    return float(10 * np.log10(np.mean(sound**2) + 1e-12))


def frames_db(sound: Sound, size: int = HEARD_HZ // 50) -> Sound:
    blocks = sound[: len(sound) // size * size].reshape(-1, size)
    return 10 * np.log10((blocks**2).mean(axis=1) + 1e-12)


def spoken(sound: Sound) -> Sound:
    """Whether each frame of a clean clip is spoken: within 30 dB of its loud ones, and above -60 dBFS."""
    levels = frames_db(sound)
    return levels > max(-60.0, float(np.percentile(levels, 95)) - 30.0)


def trimmed(sound: Sound) -> Sound:
    """From the first of three frames in a row within 25 dB of the loud ones, to the last spoken one."""
    levels = frames_db(sound)
    loud = levels > float(np.percentile(levels, 95)) - 25.0
    begins = np.flatnonzero(loud[:-2] & loud[1:-1] & loud[2:])
    size = HEARD_HZ // 50
    if not len(begins):
        return sound[:0]
    return sound[begins[0] * size : (np.flatnonzero(spoken(sound))[-1] + 1) * size]


def levelled(sound: Sound, dbfs: float) -> Sound:
    """With its spoken frames at this level."""
    size = HEARD_HZ // 50
    blocks = sound[: len(sound) // size * size].reshape(-1, size)[spoken(sound)[: len(sound) // size]]
    return sound * 10 ** ((dbfs - db(blocks)) / 20)


@dataclass(frozen=True, slots=True)
class Scene:
    """`far` is what was handed to the speaker, `mic` what the microphone heard, both of 16 kHz; `answers` are
    where answers begin and end, and `person` where somebody begins to speak over the last, in samples."""

    far: Sound
    mic: Sound
    answers: tuple[tuple[int, int], ...]
    person: int
    echo_db: float
    drift_ppm: float
    clipped: bool


def small_speaker(rng: np.random.Generator) -> Sound:
    """The band of a small speaker in a box, as a filter."""
    at = np.fft.rfftfreq(2048, 1 / HEARD_HZ)
    low, high = rng.uniform(180, 400), rng.uniform(5000, 7500)
    gain = (at / low) ** 2 / (1 + (at / low) ** 2) / (1 + (at / high) ** 8)
    filter_ = np.fft.irfft(gain)
    return np.concatenate((filter_[-64:], filter_[:512]))


def overdriven(rng: np.random.Generator, sound: Sound) -> Sound:
    """By a small amplifier that is too loud: peaks lose 5 to 9 dB."""
    drive = rng.uniform(4.0, 8.0)
    return np.tanh(sound * drive) / drive


def response(rng: np.random.Generator, measured: Sequence[Sound]) -> Sound:
    """A room: every other one was measured, if there are some, the rest is decaying noise.

    The microphone is in the same box as the speaker, or beside it: the direct sound is stronger than all that
    comes back.
    """
    if measured and rng.random() < 0.5:
        found = measured[int(rng.integers(len(measured)))]
        first = int(np.flatnonzero(np.abs(found) > 0.1 * np.abs(found).max())[0])
        tail = found[first:].copy()
    else:
        rt60 = rng.uniform(0.15, 0.35)
        at = np.arange(int(rt60 * HEARD_HZ)) / HEARD_HZ
        tail = rng.standard_normal(len(at)) * 10 ** (-3 * at / rt60)
    early = int(DIRECT_S * HEARD_HZ)
    direct = np.pad(tail[:early], (0, len(tail) - early))
    tail[:early] = 0.0
    ratio = 10 ** (-rng.uniform(*DIRECT_DB) / 20)
    return direct / np.sqrt((direct**2).sum()) + ratio * tail / np.sqrt((tail**2).sum())


def convolved(sound: Sound, filter_: Sound) -> Sound:
    size = 1 << (len(sound) + len(filter_) - 2).bit_length()  # a prime one takes a hundred times as long
    result: Sound = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(filter_, size), size)[: len(sound)]
    return result


def said(rng: np.random.Generator, clips: Sequence[Sound], seconds: float) -> Sound:
    """So much speech with the pauses of an answer, made of several clips."""
    pieces: list[Sound] = []
    while sum(map(len, pieces)) < seconds * HEARD_HZ:
        clip = levelled(clips[int(rng.integers(len(clips)))], SPEAKING_DBFS + 4)
        pieces += [clip, np.zeros(int(rng.uniform(0.1, 0.4) * HEARD_HZ))]
    return np.concatenate(pieces)[: int(seconds * HEARD_HZ)]


def scenes(
    found: Recordings, count: int, seed: int, *, half: int, echo: float | None = None
) -> Iterator[Scene]:
    """Three answers each, and a person who speaks over the third. `half`: which half of the clips."""
    rng = np.random.default_rng(seed)
    clips = [levelled(c, SPEAKING_DBFS) for c in found.speech[half::2]]
    for number in range(count):
        yield scene(
            rng,
            clips,
            found.responses,
            echo_db=(0.0, 5.0, 10.0)[number % 3] if echo is None else echo,
            drift_ppm=(0.0, 50.0)[number // 3 % 2],
            clipped=number // 6 % 2 == 1,
        )


def scene(
    rng: np.random.Generator,
    clips: Sequence[Sound],
    responses: Sequence[Sound],
    *,
    echo_db: float,
    drift_ppm: float,
    clipped: bool,
) -> Scene:
    lengths = (8.0, 8.0, 9.0)
    parts, answers, at = [np.zeros(HEARD_HZ)], [], HEARD_HZ
    for seconds in lengths:
        answer = said(rng, clips, seconds)
        answers.append((at, at + len(answer)))
        parts += [answer, np.zeros(int(1.5 * HEARD_HZ))]
        at += len(answer) + len(parts[-1])
    far = np.concatenate(parts)
    loud = overdriven(rng, far) if clipped else far
    echo = convolved(convolved(loud, small_speaker(rng)), response(rng, responses))
    delay = int(rng.uniform(0.04, 0.15) * HEARD_HZ)
    echo = np.concatenate((np.zeros(delay), echo))[: len(far)]
    if drift_ppm:  # the microphone's clock runs slower: it hears fewer samples, here moved apart linearly
        place = np.arange(len(echo)) * (1 + drift_ppm * 1e-6)
        echo = interpolated(echo, place)
    size = HEARD_HZ // 50
    loudness = frames_db(echo)
    heard = echo[: len(echo) // size * size].reshape(-1, size)[loudness > np.percentile(loudness, 50)]
    echo *= 10 ** ((SPEAKING_DBFS + echo_db - db(heard)) / 20)
    begin = answers[-1][0] + int(rng.uniform(2.5, 5.0) * HEARD_HZ)
    person = clips[int(rng.integers(len(clips)))]
    mic = echo + rng.standard_normal(len(echo)) * 10 ** (rng.uniform(*NOISE_DBFS) / 20)
    room = convolved(person, response(rng, ()))
    room = levelled(room, SPEAKING_DBFS)[: len(mic) - begin]
    mic[begin : begin + len(room)] += room
    return Scene(far, np.clip(mic, -1, 1), tuple(answers), begin, echo_db, drift_ppm, clipped)


def interpolated(sound: Sound, place: Sound) -> Sound:
    """The sound at fractional places, by a windowed sinc of 16 taps: linear interpolation would dull it."""
    base = np.floor(place).astype(int)
    part = place - base
    result = np.zeros(len(place))
    for tap in range(-7, 9):
        index = np.clip(base + tap, 0, len(sound) - 1)
        x = part - tap
        result += sound[index] * np.sinc(x) * np.cos(np.pi * x / 18) ** 2
    return result


def pcm(sound: Sound) -> bytes:
    data: bytes = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    return data
