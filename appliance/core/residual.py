"""What is left of the box's own voice after cancelling: is somebody else in it, and is it little enough?

Knows levels in dB, frame by frame. Must never know samples, a device, nor whose turn it is.

A canceller leaves a rest whose level is much the same from answer to answer. So the gate learns, as long as
the box speaks, what the rest is like: its level, and its level beside what is played. But where both speak at
once, a canceller takes most of the person with it. So the gate is also told what is heard in each band beyond
the echo that was to be expected there (surplus.py): below 300 Hz, where a small speaker has little to say, a
voice stands out. Each frame speaks for somebody else or against it; what a fifth of a second says together
decides, so that a person is heard soon and a click is not. It learns more than a second late, and not from
the end of what was played, so that whoever interrupts is not learned to be an echo.

The judge compares what was heard with what is left of it, and trusts the canceller no longer where that is
too much.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from operator import mul

from .audio import frames
from .events import EchoJudged
from .shield import Shield
from .surplus import Bands, Surplus
from .values import dataclass

REACH = frames(360)  # of a room's echo, and of the delay to it
DECAY_DB = 1.5  # a frame: what a room of 0.8 s forgets
PLAYING_DB = -55.0  # below it there is no echo to speak of
LOUD_DB = -45.0  # of what is played: from here on there is something to learn
QUIETEST_DB = -75.0


@dataclass(frozen=True, slots=True)
class Levels:
    """Of one frame, in dBFS: as heard, after cancelling, and as played. `likeness`: to speech, 0 to 1."""

    heard: float
    clean: float
    played: float
    likeness: float


class Noise:
    """The room's own noise: it sinks to every quiet frame, and rises slowly."""

    def __init__(self) -> None:
        self.db = -70.0

    def hear(self, level_db: float, *, playing: bool) -> None:
        rise = 0.02 if playing else 0.1
        self.db = max(QUIETEST_DB, self.db + (rise if level_db > self.db else -1.0))


# The benchmark chose these (scripts/bench echo), on the half of the recordings that it does not report: the
# weights by a logistic regression, whose sum is the logarithm of the odds that a frame is somebody else's.
SHARE = 0.98  # of the rest's frames that are less than what counts as its level
BIAS = -5.3
MORE, MORE_OVER_PLAYED = 0.096, 0.029  # of a dB above what is usual, by itself and beside what is played
LOWERED, MOST_LOWERED_DB = 0.059, 40.0  # of a dB that the canceller took away: of a person, too
ALIKE = 2.5  # of likeness to speech
VOICED = 0.8  # what the detector says
SURPLUS = (  # of a dB beyond what is expected, band by band
    *(0.344, 0.137, 0.005, 0.004, -0.008, 0.006, -0.011, 0.023),
    *(-0.019, -0.062, -0.039, -0.004, 0.006, -0.074, 0.059, 0.143),
)
FARTHEST_DB, HIGHEST_DB = -30.0, 15.0  # as far as the regression was taught
LEAST, MOST = -1.5, 3.0  # that a single frame may say for or against it: a thump is short
EVIDENCE = 10  # frames that are heard together, and what they must say:
ENOUGH = 5.86
KNOWN_FRAMES = frames(1000)  # until then these hold:
FIRST_DB, FIRST_OVER_PLAYED_DB = -24.0, -10.0
COLD, COLD_FRAMES = 2.0, frames(4000)  # less is said for it until then, and less and less so
MEMORY = frames(10_000)
LAG = frames(1200)  # until a person has interrupted, and the room is silent, what they said is not learned
SORT_EVERY = 10


class Gate:
    """`hear` every frame in order; it says whether somebody else has spoken in the last few."""

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=REACH)
        self._played = -120.0  # as it may still sound
        self._surplus = Surplus()
        self._lagging: deque[tuple[float, float]] = deque()
        self._learned: deque[tuple[float, float]] = deque(maxlen=MEMORY)
        self._count = 0
        self._usual = (FIRST_DB, FIRST_OVER_PLAYED_DB)
        self._evidence: deque[float] = deque(maxlen=EVIDENCE)

    def hear(self, levels: Levels, bands: Bands, *, voiced: bool) -> bool:
        self._recent.append(levels.played)
        self._played = max(max(self._recent), self._played - DECAY_DB)
        playing = self._played >= PLAYING_DB
        surplus = self._surplus.hear(bands, playing=playing)
        if not playing:
            self._lagging.clear()
            self.forget()
            return False
        self._evidence.append(self._odds(levels, surplus, voiced=voiced))
        if levels.played > LOUD_DB:
            self._learn((levels.clean, levels.clean - self._played))
        return sum(self._evidence) >= ENOUGH

    def forget(self) -> None:
        """What was heard just now says nothing about what comes."""
        self._evidence.clear()

    def _odds(self, levels: Levels, surplus: Sequence[float], *, voiced: bool) -> float:
        level, over_played = self._usual
        odds = (
            BIAS
            + MORE * _within(levels.clean - level, FARTHEST_DB, HIGHEST_DB)
            + MORE_OVER_PLAYED * _within(levels.clean - self._played - over_played, FARTHEST_DB, HIGHEST_DB)
            + LOWERED * _within(levels.heard - levels.clean, 0.0, MOST_LOWERED_DB)
            + ALIKE * levels.likeness
            + VOICED * voiced
            + sum(map(mul, SURPLUS, surplus))
            - COLD * _within((COLD_FRAMES - self._count) / (COLD_FRAMES - KNOWN_FRAMES), 0.0, 1.0)
        )
        return _within(odds, LEAST, MOST)

    def _learn(self, found: tuple[float, float]) -> None:
        self._lagging.append(found)
        if len(self._lagging) <= LAG:
            return
        self._learned.append(self._lagging.popleft())
        self._count += 1
        if self._count >= KNOWN_FRAMES and self._count % SORT_EVERY == 0:
            self._usual = (self._most(0), self._most(1))

    def _most(self, which: int) -> float:
        ordered = sorted(found[which] for found in self._learned)
        return ordered[int(SHARE * (len(ordered) - 1))]


def _within(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))


WINDOW = frames(3000)  # of audible echo: what is judged at a time
HEARD_OVER_NOISE_DB = 6.0
POOR_DB, GOOD_DB = 12.0, 15.0  # distrusted below the one, trusted again above the other
FAINT_DB = 10.0  # over the noise: a rest that disturbs nobody, whatever it was before


class Judge:
    """`hear` every frame; it says once how well the box is shielded, and when that changes.

    `lenient`: the user wants cancelling whatever comes of it.
    """

    def __init__(self, *, lenient: bool) -> None:
        self._lenient = lenient
        self._noise = Noise()
        self._heard = self._left = 0.0
        self._count = self._poor = 0
        self._told: EchoJudged | None = None

    def recall(self, measured: object) -> EchoJudged | None:
        """What was measured before, as `kept` gave it, if it says anything."""
        if not isinstance(measured, Mapping):
            return None
        lowered = measured.get("lowered_db")
        if isinstance(lowered, bool) or not isinstance(lowered, int | float):
            return None
        self._told = self._judgement(float(lowered), faint=measured.get("faint") is True)
        return self._told

    def hear(self, levels: Levels, *, near: bool) -> EchoJudged | None:
        playing = levels.played > LOUD_DB
        self._noise.hear(levels.clean, playing=playing)
        if near or not playing or levels.heard < self._noise.db + HEARD_OVER_NOISE_DB:
            return None
        self._heard += _power(levels.heard)
        self._left += _power(levels.clean)
        self._count += 1
        if self._count < WINDOW:
            return None
        lowered = _db(self._heard / self._left)
        faint = _db(self._left / self._count) < self._noise.db + FAINT_DB
        self._heard = self._left = 0.0
        self._count = 0
        return self._news(self._judgement(lowered, faint=faint))

    def _judgement(self, lowered: float, *, faint: bool) -> EchoJudged:
        distrusts = self._told is not None and self._told.shield is Shield.HALF_DUPLEX
        if lowered >= (GOOD_DB if distrusts else POOR_DB) or faint:
            return EchoJudged(Shield.CANCEL, "", lowered)
        why = f"the echo is lowered by only {lowered:.0f} dB; {REMEDY}"
        return EchoJudged(Shield.CANCEL if self._lenient else Shield.HALF_DUPLEX, why, lowered)

    def _news(self, judgement: EchoJudged) -> EchoJudged | None:
        """What is worth telling. Once is no verdict: a person who speaks is no echo either."""
        self._poor = self._poor + 1 if judgement.why else 0
        same = self._told is not None and bool(self._told.why) is bool(judgement.why)
        if same or self._poor == 1:
            return None
        self._told = judgement
        return judgement


REMEDY = "turn the speaker down, or move the microphone away from it"


def _power(level_db: float) -> float:
    return float(10 ** (level_db / 10))


def _db(ratio: float) -> float:
    return 10 * math.log10(ratio)
