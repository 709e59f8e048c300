"""How much of an answer must be there before it is played: little, and as much more as the network asks for.

Knows durations in ms of what is played. Must never know what that is, nor a clock: silence is counted, too.

An answer that runs dry shows by how much its sound came too late; had it begun so much later, nobody would
have heard a gap. A good answer gives a quarter back, and after a minute of silence it is forgotten: another
evening, another network.
"""

from __future__ import annotations

START_MS = 40  # the service sends 40 ms at a time: one chunk in hand, one on its way
MOST_MS = 400  # a person takes a longer silence for no answer
PAUSE_MS = 1_000  # a longer gap is the model's own: it thinks, or has called a function
QUIET_MS = 60_000
BACK = 0.75


class Jitter:
    """`ms`: how much has to be there."""

    def __init__(self) -> None:
        self.ms = float(START_MS)
        self._quiet_ms = 0.0

    def ran_dry(self, gap_ms: float) -> None:
        """The answer was silent for so long in the middle of a word."""
        if gap_ms <= PAUSE_MS:
            self.ms = min(MOST_MS, self.ms + gap_ms)

    def went_well(self) -> None:
        """An answer was played without a gap."""
        self.ms = max(START_MS, self.ms * BACK)

    def played(self) -> None:
        """There is something to play."""
        self._quiet_ms = 0.0

    def quiet(self, ms: float) -> None:
        """There was nothing to play for so much longer."""
        self._quiet_ms += ms
        if self._quiet_ms >= QUIET_MS:
            self.ms = float(START_MS)
