"""Are we alive: when may the watchdog be fed.

Knows that frames arrive, and at which pace, or why they cannot. Must never know what is in them.

A beat is a promise that the box can hear. So it is given only while the sample clock keeps pace with the
wall, or if the microphone is known to be away and is being looked for.

                 no frame for 3 s, or a wrong pace for 10 s
       Well ─────────────────────────────────────────────────► Mending: Reopen
        ▲                                                         │   │ the same again
        └───────────── the right pace for 10 s ───────────────────┘   ▼
        └────────────────────────────────────────────────────────── Lost: no beat, and we are started anew

Whatever comes of a microphone that was opened or closed by itself begins it anew, as Well.
"""

from __future__ import annotations

from collections.abc import Mapping

from .audio import FRAME_MS
from .events import Gauged
from .values import dataclass

NOT_YET = "not opened yet"
LATE_S = 3.0  # frames come every 20 ms: after three seconds without one, the box is deaf
WINDOW_S = 10.0  # over which the pace is taken: a loop that stalls for a second is no reason to reopen
SLOWEST, FASTEST = 0.8, 1.25  # of the wall's pace; a crystal is off by a ten-thousandth
MENDING_S = 8.0  # to be opened again, and to deliver


@dataclass(frozen=True, slots=True)
class Well:
    pass


@dataclass(frozen=True, slots=True)
class Mending:
    """It was told to reopen; frames are expected by `until`."""

    until: float


@dataclass(frozen=True, slots=True)
class Lost:
    """Reopening did not help."""


State = Well | Mending | Lost


class Health:
    """`beat_s`: how often a beat is due, None where nobody waits for it."""

    def __init__(self, beat_s: float | None) -> None:
        self._beat_s = beat_s
        self._next = 0.0
        self._frames_at = 0.0
        self._window = (0.0, 0)  # since when, and how many frames
        self.state: State = Well()
        self.microphone: str | None = NOT_YET
        """Why there is no microphone; None while there is one."""
        self.speaker: str | None = None
        """The same of the speaker; until it fails it is taken to be there."""
        self.heard_of_speaker = False
        """It has been opened, or could not be."""
        self.gauges: dict[str, Gauged] = {}

    def __repr__(self) -> str:
        return f"microphone {self.microphone or self.doubt or 'open'}"

    @property
    def is_new(self) -> bool:
        return self.microphone == NOT_YET

    @property
    def doubt(self) -> str:
        """Why what an open microphone delivers cannot be right; "" for nothing."""
        gauge = self.gauges.get("microphone")
        if self.microphone is not None:
            return ""
        return "it stands still" if isinstance(self.state, Lost) else gauge.doubt if gauge else ""

    def shown(self) -> dict[str, Mapping[str, object]]:
        """The devices, and what went wrong with them, by kind."""
        return {what: {"device": gauge.device, **gauge.counts} for what, gauge in self.gauges.items()}

    def gauged(self, gauge: Gauged) -> bool:
        """True when there is a new doubt, or an old one is gone."""
        former = self.gauges.get(gauge.what)
        self.gauges[gauge.what] = gauge
        return gauge.doubt != (former.doubt if former else "")

    def deadline(self) -> float | None:
        due = self._next if self._beat_s is not None else None
        if self.microphone is not None or isinstance(self.state, Lost):
            return due
        late = self._late_at()
        return late if due is None else min(due, late)

    def heard(self, now: float) -> bool:
        """A frame came. True: its like come at the wrong pace, and the microphone should be reopened."""
        self._frames_at = now
        since, count = self._window
        if now < since:  # it is being mended
            return False
        self._window = (since, count + 1)
        if now < since + WINDOW_S:
            return False
        pace = (count + 1) * FRAME_MS / 1000 / (now - since)
        self._window = (now, 0)
        if SLOWEST <= pace <= FASTEST:
            self.state = Well()
            return False
        return self._worse(now)

    def is_deaf(self, now: float) -> bool:
        """There should be frames, and there are none, or not as many as there should be."""
        late = now > self._frames_at + LATE_S
        return self.microphone is None and (late or isinstance(self.state, Lost))

    def opened(self, now: float) -> None:
        self.microphone = None
        self.state = Well()
        self._frames_at = now
        self._window = (now, 0)

    def closed(self, reason: str) -> None:
        self.microphone = reason
        self.state = Well()
        self.gauges.pop("microphone", None)

    def stalled(self, now: float) -> bool:
        """True when no frame has come for too long, and the microphone should be reopened."""
        if self.microphone is not None or isinstance(self.state, Lost) or now < self._late_at():
            return False
        return self._worse(now)

    def wake(self, now: float) -> bool:
        """Whether to beat now."""
        if self._beat_s is None or now < self._next:
            return False
        self._next = now + self._beat_s
        return not self.is_deaf(now)

    def _late_at(self) -> float:
        late = self._frames_at + LATE_S
        return max(late, self.state.until) if isinstance(self.state, Mending) else late

    def _worse(self, now: float) -> bool:
        """Whether to reopen: once; if that does not help, nothing of ours does."""
        if isinstance(self.state, Well):
            self.state = Mending(now + MENDING_S)
            self._window = (now + MENDING_S, 0)
            return True
        self.state = Lost()
        return False
