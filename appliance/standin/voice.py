"""The stand-in's voice: text to PCM16 mono at 24 kHz, by espeak-ng, or by tones where it is absent.

Knows: one subprocess, one resampling, one deterministic substitute.
Must never know: what is said, or to whom. Texts are not logged.
"""

from __future__ import annotations

import asyncio
import io
import logging
import math
import shutil
import wave
from array import array
from functools import lru_cache
from typing import Literal

from .messages import OUTPUT_RATE_HZ

log = logging.getLogger(__name__)

_PATIENCE_S = 10.0  # a Pi Zero 2 W takes well under a second for a sentence
_LONGEST_LETTERS = 1_000
_WORDS_PER_MINUTE = "165"
_LETTER_S = 0.06  # of tone speech; about the pace of a spoken letter


class Voice:
    """Speaks with `espeak-ng` when there is one ("auto"), or always with tones ("tone")."""

    def __init__(self, kind: Literal["auto", "espeak", "tone"] = "auto") -> None:
        self._program = None if kind == "tone" else shutil.which("espeak-ng")
        if self._program is None and kind != "tone":
            log.warning("espeak-ng is not installed: answers are tones instead of speech")

    async def say(self, text: str) -> bytes:
        """The text as PCM16 mono at 24 kHz; never raises for what espeak-ng does."""
        text = text[:_LONGEST_LETTERS].replace("\0", " ")
        if not text.strip():
            return b""
        if self._program is not None:
            try:
                return await _espeak(self._program, text)
            except (OSError, ValueError, EOFError, wave.Error, TimeoutError) as error:
                log.warning("espeak-ng failed (%s): the answer is tones", type(error).__name__)
        return tones(text)


async def _espeak(program: str, text: str) -> bytes:
    process = await asyncio.create_subprocess_exec(
        program,
        *("-v", "en-us", "-s", _WORDS_PER_MINUTE, "--stdout", "--stdin"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            sound, _ = await process.communicate(text.encode("utf-8", "replace"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    # Written to a pipe, the header cannot know its length: only the format is taken from it.
    with wave.open(io.BytesIO(sound)) as header:
        rate = header.getframerate()
        if header.getnchannels() != 1 or header.getsampwidth() != 2:
            raise ValueError("not 16-bit mono")
    return resampled(sound[44 : len(sound) // 2 * 2], rate, OUTPUT_RATE_HZ)


def resampled(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """PCM16 mono at another rate, by linear interpolation: the small step from 22 050 Hz needs no more."""
    samples = array("h", pcm)
    length = len(samples) * to_hz // from_hz
    if from_hz == to_hz or length < 2:
        return pcm
    out = array("h", bytes(2 * length))
    for i in range(length):
        whole, part = divmod(i * from_hz, to_hz)
        here = samples[whole]
        after = samples[whole + 1] if whole + 1 < len(samples) else here
        out[i] = here + (after - here) * part // to_hz
    return out.tobytes()


def tones(text: str) -> bytes:
    """A tone per letter and a rest per space: the same text always gives the same sound."""
    return b"".join(_tone(letter) for letter in text.lower())


@lru_cache(maxsize=256)
def _tone(letter: str) -> bytes:
    length = int(OUTPUT_RATE_HZ * _LETTER_S)
    if not letter.isalnum():
        return bytes(2 * length)
    pitch_hz = 200.0 + 20.0 * (ord(letter) % 40)
    step = 2 * math.pi * pitch_hz / OUTPUT_RATE_HZ
    return array(
        "h",
        (int(6000 * math.sin(step * i) * math.sin(math.pi * i / length)) for i in range(length)),
    ).tobytes()
