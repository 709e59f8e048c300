"""The sounds that are not the service's, as they are played here: the box's own, or a person's WAV files.

Knows samples of any rate. Must never know when one is played. A file that can no longer be read is told once,
and the box's own sound is heard in its place. Of a failure there may be a sentence, which follows its earcon.
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
BREATH_S = 0.15  # between a sound and a sentence
LONGEST_S = 8.0  # a sentence that is longer is none of ours


class Jingles:
    """Ask it for an earcon at the rate of the device; mono PCM16LE. `own`: the files of some of them.

    `notices`: a directory with the sentences, a file for each failure; None where none are wanted.
    """

    def __init__(
        self, own: Mapping[Earcon, Path] | None = None, volume: int = USUAL, notices: Path | None = None
    ) -> None:
        self._volume = volume
        self._own = {
            earcon: read
            for earcon, path in (own or {}).items()
            if (read := _read(path, f"the sound for {str(earcon)!r}"))
        }
        self._made: dict[tuple[Earcon, int], bytes] = {}
        self._notices = _found(notices)

    @property
    def notices_s(self) -> Mapping[str, float]:
        """How long each sentence lasts, with the pause before it, by the names of the failures."""
        return {name: BREATH_S + seconds for name, (_, seconds) in self._notices.items()}

    def __call__(self, earcon: Earcon, rate_hz: int, notice: str = "") -> bytes:
        key = earcon, rate_hz
        if key not in self._made:
            self._made[key] = self._make(earcon, rate_hz)
        return self._made[key] + self._said(notice, rate_hz)

    def length_s(self, earcon: Earcon) -> float:
        """How long it lasts once."""
        if earcon not in self._own:
            return length_s(earcon)
        from_hz, pcm = self._own[earcon]
        return len(pcm) / 2 / from_hz

    def _make(self, earcon: Earcon, rate_hz: int) -> bytes:
        if earcon not in self._own:
            return drawn(earcon, rate_hz, self._volume)
        return self._fitted(*self._own[earcon], rate_hz)

    def _said(self, notice: str, rate_hz: int) -> bytes:
        """Read when it is needed, which is hardly ever: nothing of it is kept."""
        known = self._notices.get(notice)
        read = _read(known[0], f"the sentence about {notice!r}") if known else None
        if read is None:
            return b""
        return bytes(2 * round(BREATH_S * rate_hz)) + self._fitted(*read, rate_hz)

    def _fitted(self, from_hz: int, pcm: bytes, rate_hz: int) -> bytes:
        """As loud as wanted, and at this rate."""
        pcm = array("h", (sample * self._volume // 100 for sample in array("h", pcm))).tobytes()
        if from_hz == rate_hz:
            return pcm
        from .resample import Resampler  # late: most devices take the rate as it is

        resampler = Resampler(from_hz, rate_hz)
        return resampler(pcm) + resampler.tail()


def _found(place: Path | None) -> dict[str, tuple[Path, float]]:
    """The files of the sentences, and how long each lasts; those that cannot be read are left out."""
    found: dict[str, tuple[Path, float]] = {}
    for path in sorted(place.glob("*.wav")) if place is not None else ():
        try:
            with wave.open(str(path), "rb") as file:
                seconds = file.getnframes() / file.getframerate()
                fits = file.getsampwidth() == 2 and 0 < seconds <= LONGEST_S
        except (OSError, EOFError, ZeroDivisionError, wave.Error) as error:
            log.warning("there is no sentence in %s: %s", path, error)
            continue
        if fits:
            found[path.stem.replace("-", " ")] = path, seconds
    return found


def _read(path: Path, what: str) -> tuple[int, bytes] | None:
    """The rate and the first channel, of a file that was fine when the configuration was checked."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, rate_hz = file.getnchannels(), file.getframerate()
            pcm = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        log.warning("%s is the box's own: %s: %s", what, path, error)
        return None
    frame = 2 * channels
    return rate_hz, array("h", pcm[: len(pcm) // frame * frame])[::channels].tobytes()
