"""The sounds that are no speech, as they are played here: the box's own, or a person's WAV files.

Knows samples of any rate. Must never know when one is played. A file that can no longer be read is told once,
and the box's own sound is heard in its place.
"""

from __future__ import annotations

import logging
import wave
from array import array
from collections.abc import Mapping
from pathlib import Path

from ..core.earcons import Earcon, drawn, length_s

log = logging.getLogger(__name__)

USUAL = 60  # per cent


class Jingles:
    """Ask it for an earcon at the rate of the device; mono PCM16LE. `own`: the files of some of them."""

    def __init__(self, own: Mapping[Earcon, Path] | None = None, volume: int = USUAL) -> None:
        self._volume = volume
        self._own = {earcon: read for earcon, path in (own or {}).items() if (read := _read(path, earcon))}
        self._made: dict[tuple[Earcon, int], bytes] = {}

    def __call__(self, earcon: Earcon, rate_hz: int) -> bytes:
        key = earcon, rate_hz
        if key not in self._made:
            self._made[key] = self._make(earcon, rate_hz)
        return self._made[key]

    def length_s(self, earcon: Earcon) -> float:
        """How long it lasts once."""
        if earcon not in self._own:
            return length_s(earcon)
        from_hz, pcm = self._own[earcon]
        return len(pcm) / 2 / from_hz

    def _make(self, earcon: Earcon, rate_hz: int) -> bytes:
        if earcon not in self._own:
            return drawn(earcon, rate_hz, self._volume)
        from_hz, pcm = self._own[earcon]
        pcm = array("h", (sample * self._volume // 100 for sample in array("h", pcm))).tobytes()
        if from_hz == rate_hz:
            return pcm
        from .resample import Resampler  # late: most devices take the rate as it is

        resampler = Resampler(from_hz, rate_hz)
        return resampler(pcm) + resampler.tail()


def _read(path: Path, earcon: Earcon) -> tuple[int, bytes] | None:
    """The rate and the first channel, of a file that was fine when the configuration was checked."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, rate_hz = file.getnchannels(), file.getframerate()
            pcm = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        log.warning("the sound for %r is the box's own: %s: %s", str(earcon), path, error)
        return None
    frame = 2 * channels
    return rate_hz, array("h", pcm[: len(pcm) // frame * frame])[::channels].tobytes()
