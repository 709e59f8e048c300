"""When did the person start and stop talking.

Knows frames marked as speech or not. Must never know what marked them, nor whose turn it is.

            8 of the last 12 frames are speech
    quiet ────────────────────────────────────► talking
          ◄──────────────────────────────────── at most a tenth of the hangover is speech

Both rules are votes over a window, so that one wrong frame neither starts nor keeps a turn. 8 of 12
(240 ms) starts 170 to 240 ms after the true onset; the pre-roll brings that back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import assert_never

from .audio import FRAME_MS, frames

START_WINDOW = 12  # frames
START_VOTES = 8
END_SHARE = 0.1  # of the hangover window: 4 of 40 frames at 800 ms


@dataclass(frozen=True, slots=True)
class Onset:
    """Speech began at this frame, `onset`; it is certain only now."""

    onset: int


@dataclass(frozen=True, slots=True)
class Offset:
    """Speech ended: `last` was the last frame of speech."""

    last: int


@dataclass(frozen=True, slots=True)
class Quiet:
    pass


@dataclass(frozen=True, slots=True)
class Talking:
    last: int


class Endpointer:
    """Feed it every frame; it says once when speech began and once when it ended."""

    def __init__(self, hangover_ms: int) -> None:
        self._window = frames(hangover_ms)
        self._recent: deque[tuple[int, bool]] = deque(maxlen=max(START_WINDOW, self._window))
        self.state: Quiet | Talking = Quiet()

    def __repr__(self) -> str:
        return "ear talking" if isinstance(self.state, Talking) else "ear quiet"

    def reset(self) -> None:
        """Forget what was heard: from here on a new turn is waited for."""
        self._recent.clear()
        self.state = Quiet()

    def hear(self, index: int, *, speech: bool) -> Onset | Offset | None:
        self._recent.append((index, speech))
        match self.state:
            case Quiet():
                return self._quiet(index)
            case Talking(last):
                return self._talking(index if speech else last, index)
            case never:
                assert_never(never)

    def _quiet(self, index: int) -> Onset | None:
        window = list(self._recent)[-START_WINDOW:]
        voiced = [place for place, speech in window if speech]
        if len(voiced) < START_VOTES:
            return None
        self.state = Talking(voiced[-1])
        self._recent.clear()
        return Onset(voiced[0])

    def _talking(self, last: int, index: int) -> Offset | None:
        self.state = Talking(last)
        window = list(self._recent)[-self._window :]
        if len(window) < self._window or sum(s for _, s in window) > END_SHARE * self._window:
            return None
        self.reset()
        return Offset(last)


def silence_ms(last: int, index: int) -> int:
    """How long it has been quiet when frame `index` is the newest and `last` was the last of speech."""
    return (index - last) * FRAME_MS
