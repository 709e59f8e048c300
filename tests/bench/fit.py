"""Find the weights of `appliance/adapters/voice.py` again: a logistic regression over the tuning half.

Prints them as they stand there. Speech of the tuning half in every mixture of the benchmark, and the noises
of that half alone; never the cafe or the guitars, so that the table also tells of noise that was not heard.
In their place stand plucked strings that are made up.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from appliance.adapters.voice import FAST, FRAME_BYTES, SLOW, Voice

from .corpus import FOLDER, RATE_HZ, Corpus, Samples, Scene, half, length, load, nonspeech, placed, scenes

SNRS = (None, 20.0, 10.0, 5.0, 0.0)
UNSEEN = ("cafe", "guitar")
SETTLED = 25  # frames
PENALTY = 10.0
STEPS = 15


def signs(pcm: bytes) -> Samples:
    """Of every frame: as they are, and as they were smoothed."""
    voice = Voice()
    now = np.array(
        [
            list(voice.signs(pcm[at : at + FRAME_BYTES]))
            for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)
        ]
    )
    return np.concatenate((now, smoothed(now, FAST), smoothed(now, SLOW)), axis=1)


def smoothed(now: Samples, share: float) -> Samples:
    found, was = np.empty_like(now), np.zeros(now.shape[1])
    for index, row in enumerate(now):
        was = was + share * (row - was)
        found[index] = was
    return found


def plucked(length: int, chance: np.random.Generator) -> Samples:
    """Strings of a guitar, plucked at random: each a few dying harmonics (a second and a half a note)."""
    sound, at = np.zeros(length + 2 * RATE_HZ), 0
    seconds = np.arange(2 * RATE_HZ) / RATE_HZ
    while at < length:
        hz = chance.choice((82, 98, 110, 131, 147, 165, 196, 220, 247, 294, 330))
        note = sum(
            chance.uniform(0.2, 1)
            / n
            * np.sin(2 * np.pi * hz * n * seconds + chance.uniform(0, 6))
            * np.exp(-seconds * (1.5 + 0.6 * n))
            for n in range(1, 12)
        )
        sound[at : at + len(seconds)] += note * chance.uniform(0.3, 1)
        at += int(chance.uniform(0.1, 0.6) * RATE_HZ)
    return sound[:length]


def examples(corpus: Corpus) -> Iterator[tuple[Samples, Samples]]:
    """Signs, and whether there was speech."""
    for snr_db in SNRS:
        for scene in scenes(corpus, "tune", snr_db):
            if snr_db is not None and scene.noise in UNSEEN:
                continue
            yield example(scene)
    chance = np.random.default_rng(5)
    for snr_db in SNRS[1:-1]:
        for utterance in corpus.of("tune"):
            yield example(placed(utterance, plucked(length(utterance), chance), "strings", snr_db))
    strings = {"strings": plucked(30 * RATE_HZ, chance)}
    for name, samples in (corpus.noises | strings).items():
        if (half(name) == "tune" or name in strings) and not any(kind in name for kind in UNSEEN):
            for dbfs in (-35.0, -45.0):
                found = signs(nonspeech(samples, 30.0, dbfs))
                yield found[SETTLED:], np.zeros(len(found) - SETTLED)


def example(scene: Scene) -> tuple[Samples, Samples]:
    found = signs(scene.pcm)
    places = np.arange(len(found)) * FRAME_BYTES // 2
    speech = (places + FRAME_BYTES // 4 >= scene.first) & (places < scene.last)
    return found[SETTLED:], speech[SETTLED:].astype(float)


def fit(found: Samples, speech: Samples) -> Samples:
    """Newton's method on the penalised likelihood; the bias comes last and is not penalised."""
    inputs = np.concatenate((found, np.ones((len(found), 1))), axis=1)
    penalty = np.diag([*[PENALTY] * found.shape[1], 0.0])
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (speech - chance) - penalty @ weights
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + penalty
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser("python -m tests.bench.fit", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    corpus = load(parser.parse_args().folder)
    rows, marks = zip(*examples(corpus), strict=True)
    found, speech = np.concatenate(rows), np.concatenate(marks)
    weights = fit(found, speech)
    sure = found @ weights[:-1] + weights[-1]
    print(f"# {len(speech)} frames, {100 * speech.mean():.0f} % speech, {accuracy(sure, speech):.1f} % right")
    print(f"BIAS = {weights[-1]:.3f}")
    for name, part in zip(
        ("WEIGHTS", "FAST_WEIGHTS", "SLOW_WEIGHTS"), np.split(weights[:-1], 3), strict=True
    ):
        print(f"{name} = ({', '.join(f'{weight:.3f}' for weight in part)})")


def accuracy(sure: Samples, speech: Samples) -> float:
    return float(100 * np.mean((sure > 0) == (speech > 0.5)))


if __name__ == "__main__":
    main()
