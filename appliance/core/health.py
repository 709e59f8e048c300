"""Are we alive: when may the watchdog be fed.

Knows that frames arrive, or why they cannot. Must never know what is in them.

A beat is a promise that the box can hear. So it is given only if frames arrived since the last one, or if
the microphone is known to be away and is being looked for. A capture that stops delivering without a word
starves the watchdog, and the service manager starts us anew.
"""

from __future__ import annotations

NOT_YET = "not opened yet"
LATE_S = 3.0  # frames come every 20 ms: after three seconds without one, the box is deaf


class Health:
    """`beat_s`: how often a beat is due, None where nobody waits for it."""

    def __init__(self, beat_s: float | None) -> None:
        self._beat_s = beat_s
        self._next = 0.0
        self._frames_at = 0.0
        self.microphone: str | None = NOT_YET
        """Why there is no microphone; None while there is one."""
        self.speaker: str | None = None
        """The same of the speaker; until it fails it is taken to be there."""

    def __repr__(self) -> str:
        return f"microphone {self.microphone or 'open'}"

    @property
    def is_new(self) -> bool:
        return self.microphone == NOT_YET

    def deadline(self) -> float | None:
        return self._next if self._beat_s is not None else None

    def heard(self, now: float) -> None:
        self._frames_at = now

    def is_deaf(self, now: float) -> bool:
        """There should be frames, and there are none."""
        return self.microphone is None and now > self._frames_at + LATE_S

    def opened(self, now: float) -> None:
        self.microphone = None
        self._frames_at = now

    def closed(self, reason: str) -> None:
        self.microphone = reason

    def wake(self, now: float) -> bool:
        """Whether to beat now."""
        if self._beat_s is None or now < self._next:
            return False
        self._next = now + self._beat_s
        return not self.is_deaf(now)
