"""The sounds that are no speech: what each is made of, and its samples.

Knows notes and how they are drawn as samples. Must never know when one is played, nor what plays it.

An earcon is a row of notes. A note is a sine with its octave above it, a quarter as loud, because a small
speaker has no bass and a pure sine is hard to locate; its edges are raised cosines, so that none of them
clicks. Rising means yes, falling means no, and only the timer goes on until somebody stops it.
"""

from __future__ import annotations

import math
from array import array
from enum import StrEnum
from functools import lru_cache

from .values import dataclass

EDGE_MS = 8  # shorter edges click, longer ones blur the rhythm
OVERTONE = 0.25
HEADROOM = 0.8  # of full scale at volume 100: what is mixed with it still has some room


class Earcon(StrEnum):
    LISTENING = "listening"
    DONE_LISTENING = "done listening"
    NOTHING_HEARD = "nothing heard"
    MUTED = "muted"
    UNMUTED = "unmuted"
    OFFLINE = "offline"
    REFUSED = "refused"
    TIMER = "timer"


@dataclass(frozen=True, slots=True)
class Note:
    """A tone of so many Hz and ms, and the silence after it. 0 Hz is silence."""

    hz: float
    ms: int
    rest_ms: int = 0


# Equal temperament, A4 = 440 Hz (ISO 16).
C5, D5, E5, G5, A5, C6, E6 = 523.25, 587.33, 659.26, 783.99, 880.00, 1046.50, 1318.51

EARCONS: dict[Earcon, tuple[Note, ...]] = {
    Earcon.LISTENING: (Note(G5, 70, 10), Note(C6, 90)),
    Earcon.DONE_LISTENING: (Note(C6, 70, 10), Note(G5, 90)),
    Earcon.NOTHING_HEARD: (Note(E5, 160),),
    Earcon.MUTED: (Note(G5, 90, 20), Note(E5, 90, 20), Note(C5, 140)),
    Earcon.UNMUTED: (Note(C5, 90, 20), Note(E5, 90, 20), Note(G5, 140)),
    Earcon.OFFLINE: (Note(D5, 160, 80), Note(D5, 160)),
    Earcon.REFUSED: (Note(E5, 120, 40), Note(D5, 120, 40), Note(C5, 240)),
    Earcon.TIMER: (Note(A5, 120, 60), Note(E6, 120, 60), Note(A5, 120, 60), Note(E6, 120, 1340)),
}


def length_s(earcon: Earcon) -> float:
    """How long it lasts once, with the silence at its end."""
    return sum(note.ms + note.rest_ms for note in EARCONS[earcon]) / 1000


@lru_cache(maxsize=2 * len(EARCONS))
def drawn(earcon: Earcon, rate_hz: int, volume: int) -> bytes:
    """The earcon as mono PCM16; `volume` in per cent of the loudest that never clips."""
    peak = 32767 * HEADROOM * volume / 100 / (1 + OVERTONE)
    samples = array("h")
    for note in EARCONS[earcon]:
        samples.extend(_tone(note.hz, rate_hz * note.ms // 1000, rate_hz, peak))
        samples.extend(array("h", bytes(2 * (rate_hz * note.rest_ms // 1000))))
    return samples.tobytes()


def _tone(hz: float, count: int, rate_hz: int, peak: float) -> list[int]:
    step, edge = 2 * math.pi * hz / rate_hz, rate_hz * EDGE_MS // 1000
    tone = [peak * (math.sin(step * at) + OVERTONE * math.sin(2 * step * at)) for at in range(count)]
    for at in range(min(edge, count // 2)):
        gain = (1 - math.cos(math.pi * at / edge)) / 2
        tone[at] *= gain
        tone[-1 - at] *= gain
    return [round(sample) for sample in tone]
