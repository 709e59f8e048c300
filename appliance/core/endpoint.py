"""When did the person start and stop talking.

Knows how surely each frame is speech, as a grade from 0 to 10. Must never know what graded it, nor whose turn
it is.

          enough sure speech within a window
    quiet ──────────────────────────────────► talking
          ◄────────────────────────────────── at most a tenth of the hangover may be speech,
                                              or it went on for longer than any breath

Grades are added up over a window, so that one wrong frame neither starts nor keeps a turn. After a press a
person is expected to speak: 160 ms of sure speech within 240 are enough. Where nobody need be speaking to the
box, after an answer or during one, a dog or a plate must not begin a turn: it takes 400 ms within 500,
and costs nothing but time, as the pre-roll brings the beginning back.
"""

from __future__ import annotations

import math
from collections import deque
from enum import Enum, auto
from itertools import islice
from typing import assert_never

from .audio import FRAME_MS, frames
from .values import dataclass

CERTAIN = 10  # what was also held against what the box itself says, and with what was heard before it
SURE = 9  # the best grade of a frame by itself
VOICED = 4  # what keeps a turn open, and what it may have begun with
END_SHARE = 0.1  # of the hangover window: 4 of 40 frames at 800 ms
REACH_FRAMES = 50  # so far back speech may have begun before it was certain
BREAK_FRAMES = 5  # so much silence lies before its first sound
GUARD_MS = 15_000  # of 70 utterances, read ones among them, none went on for 7 s without a pause of one frame


class Context(Enum):
    """What the ear is armed for."""

    PRESS = auto()
    FOLLOW_UP = auto()
    BARGE_IN = auto()


# At least so much sure speech, within a window so many times as long. Measured by `scripts/bench endpoint`.
LEAST_MS = {Context.PRESS: 0, Context.FOLLOW_UP: 400, Context.BARGE_IN: 400}
STRETCH = {Context.PRESS: 1.5, Context.FOLLOW_UP: 1.25, Context.BARGE_IN: 1.25}


@dataclass(frozen=True, slots=True)
class Onset:
    """Speech began at this frame, `onset`; it is certain only now. `doubtful`: what lies before the first
    frame of clear speech may be some as well, as in noise."""

    onset: int
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Offset:
    """Speech ended: `last` was the last frame of speech."""

    last: int


@dataclass(frozen=True, slots=True)
class Quiet:
    pass


@dataclass(frozen=True, slots=True)
class Talking:
    """`last` frame of speech; `unbroken` so many frames have been speech without one that was not."""

    last: int
    unbroken: int = 0


class Endpointer:
    """Feed it every frame; it says once when speech began and once when it ended."""

    def __init__(self, hangover_ms: int, min_speech_ms: int = 160, guard_ms: int = GUARD_MS) -> None:
        """`min_speech_ms`: how much sure speech begins a turn. `guard_ms`: what goes on so long without a
        single break is no person; 0 for never."""
        self._recent: deque[tuple[int, int]] = deque()
        self.tune(hangover_ms, min_speech_ms, guard_ms)
        self.context = Context.PRESS
        self.state: Quiet | Talking = Quiet()

    def __repr__(self) -> str:
        return "ear talking" if isinstance(self.state, Talking) else "ear quiet"

    def tune(self, hangover_ms: int, min_speech_ms: int, guard_ms: int) -> None:
        """Other times from now on; what it is in the middle of goes on."""
        self._hangover = frames(hangover_ms)
        self._guard = frames(guard_ms) or math.inf
        self._needed = {context: frames(max(least, min_speech_ms)) for context, least in LEAST_MS.items()}
        self._windows = {context: math.ceil(STRETCH[context] * n) for context, n in self._needed.items()}
        longest = max(REACH_FRAMES, self._hangover, *self._windows.values())
        self._recent = deque(self._recent, maxlen=longest)

    def arm(self, context: Context) -> None:
        """Forget what was heard: from here on a new turn is waited for."""
        self.context = context
        self._recent.clear()
        self.state = Quiet()

    def hear(self, index: int, *, speech: int) -> Onset | Offset | None:
        """`speech`: the grade of frame `index`."""
        self._recent.append((index, speech))
        match self.state:
            case Quiet():
                return self._quiet(index) if speech >= VOICED else None
            case Talking(last, unbroken):
                voiced = speech >= VOICED
                self.state = Talking(index if voiced else last, unbroken + 1 if voiced else 0)
                return self._talking(self.state)
            case never:
                assert_never(never)

    def _quiet(self, index: int) -> Onset | None:
        window = list(islice(reversed(self._recent), self._windows[self.context]))
        if sum([speech for _, speech in window]) < SURE * self._needed[self.context]:
            return None
        clear = min(place for place, speech in window if speech >= VOICED)
        onset = self._first(clear)
        self.state = Talking(index)
        self._recent.clear()
        return Onset(onset, doubtful=onset < clear)

    def _first(self, clear: int) -> int:
        """Back over all that may be speech, to where there was silence."""
        first, silent = clear, 0
        for place, speech in islice(reversed(self._recent), REACH_FRAMES):
            if place >= clear:
                continue
            if speech:
                first, silent = place, 0
                continue
            silent += 1
            if silent == BREAK_FRAMES:
                break
        return first

    def _talking(self, talking: Talking) -> Offset | None:
        if talking.unbroken >= self._guard:
            self.arm(self.context)
            return Offset(talking.last)
        window = list(islice(reversed(self._recent), self._hangover))
        voiced = sum([speech >= VOICED for _, speech in window])
        if len(window) < self._hangover or voiced > END_SHARE * self._hangover:
            return None
        self.arm(self.context)
        return Offset(talking.last)


def silence_ms(last: int, index: int) -> int:
    """How long it has been quiet when frame `index` is the newest and `last` was the last of speech."""
    return (index - last) * FRAME_MS
