"""What is said to the box: the requests of the stand-in, or any recording; and how sound is kept.

Knows WAV files. Must never know what becomes of them.
"""

from __future__ import annotations

import json
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from ..errors import EX_USAGE, ApplianceError

RATE_HZ = 16_000
LONGEST_S = 60.0  # the longest utterance that the box takes in one turn
REMEDY = "only WAV files of plain PCM are read; 'sox FILE -b 16 new.wav' makes one"


class DemoError(ApplianceError):
    """The demo cannot be shown as it was asked for."""

    exit_status = EX_USAGE


@dataclass(frozen=True, slots=True)
class Call:
    """A function call that a request must lead to."""

    name: str
    args: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Clip:
    """Something to say: 16 kHz mono PCM16LE. `calls` is None where nobody knows what it asks for; a request
    that must be refused has none. `text` is empty where the recogniser need not understand it."""

    name: str
    pcm: bytes
    text: str = ""
    calls: tuple[Call, ...] | None = None

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / RATE_HZ


def requests() -> list[Clip]:
    """The spoken requests that come with the stand-in."""
    folder = files("appliance.standin") / "requests"
    clips: list[Clip] = []
    for row in json.loads((folder / "index.json").read_text(encoding="utf-8")):
        calls = tuple(Call(call["name"], call.get("args", {})) for call in row["calls"] or ())
        with (folder / row["file"]).open("rb") as file, wave.open(file) as sound:
            pcm = sound.readframes(sound.getnframes())
        clips.append(Clip(row["file"], pcm, row["text"] if calls else "", calls))
    return clips


def recording(path: Path) -> Clip:
    """Any WAV file of PCM, at the box's rate. Raises DemoError."""
    try:
        with wave.open(str(path)) as sound:
            rate_hz, width, channels = sound.getframerate(), sound.getsampwidth(), sound.getnchannels()
            if rate_hz < 1 or sound.getnframes() / rate_hz > LONGEST_S:
                raise DemoError(
                    f"--wav {path}: longer than {LONGEST_S:g} seconds, the longest one turn takes"
                )
            raw = sound.readframes(sound.getnframes())
    except OSError as error:
        raise DemoError(f"--wav {path}: {error.strerror or error}") from error
    except (wave.Error, EOFError) as error:
        raise DemoError(f"--wav {path}: {str(error) or 'it ends too soon'}; {REMEDY}") from error
    return Clip(path.name, _at_16k(raw, rate_hz, width, channels))


def _at_16k(raw: bytes, rate_hz: int, width: int, channels: int) -> bytes:
    """PCM of 1 to 4 bytes a sample as 16-bit mono at 16 kHz."""
    # Late: numpy takes half a second on a small board, and the requests are at the right rate already.
    import numpy as np

    from ..adapters.resample import Resampler

    raw = raw[: len(raw) // (width * channels) * width * channels]
    octets = np.frombuffer(raw, dtype=np.uint8).reshape(-1, width)
    high = octets[:, -1].astype(np.int16)
    if width == 1:  # unsigned, alone among the widths
        samples = (high - 128) * 256
    else:
        samples = ((high.astype(np.int32) << 8) | octets[:, -2]).astype(np.uint16).view(np.int16)
    mono: bytes = samples.reshape(-1, channels).mean(axis=1).astype("<i2").tobytes()
    if rate_hz == RATE_HZ:
        return mono
    resample = Resampler(rate_hz, RATE_HZ)
    return resample(mono) + resample.tail()


def write(path: Path, pcm: bytes, rate_hz: int) -> None:
    """Keep mono PCM16LE as a WAV file. Raises OSError."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(pcm)
