"""Sounds and WAV files for the tests of the demo."""

from __future__ import annotations

import math
import wave
from pathlib import Path


def tape(path: Path, pcm: bytes, rate_hz: int = 16_000, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(width)
        sound.setframerate(rate_hz)
        sound.writeframes(pcm)
    return path


def frames_of(path: Path) -> tuple[int, bytes]:
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth()) == (1, 2)
        return sound.getframerate(), sound.readframes(sound.getnframes())


def tone(rate_hz: int, seconds: float = 1.0, pitch_hz: float = 440.0, peak: int = 16_000) -> list[int]:
    step = 2 * math.pi * pitch_hz / rate_hz
    return [round(peak * math.sin(step * n)) for n in range(round(rate_hz * seconds))]


def packed(samples: list[int], width: int) -> bytes:
    if width == 1:
        return bytes((sample >> 8) + 128 for sample in samples)
    shift = 8 * (width - 2)
    return b"".join((sample << shift).to_bytes(width, "little", signed=True) for sample in samples)
