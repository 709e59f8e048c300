"""The times of a turn.

Knows how long is too long. Must never know whose turn it is.
"""

from __future__ import annotations

from .audio import frames
from .endpoint import Onset
from .values import dataclass

# The ear is told nothing while the sound of the press plays (half a second with its way through the air), and
# then takes what is going on already for a beginning: all since the press is sent.
SOON = frames(1000)


@dataclass(frozen=True, slots=True)
class Manners:
    """The times of a turn, in seconds and frames; see the configuration for what they mean.

    `mute_s`: without a sign of life after the end of an utterance the service has not got it (answers begin
    within two seconds; eight to ten are advised). `close_s`: a turnComplete may follow the end of the sound
    by so long, and costs nobody anything.
    """

    no_speech_s: float = 6.0
    follow_up_s: float = 8.0
    max_utterance_s: float = 60.0
    answer_timeout_s: float = 20.0
    mute_s: float = 10.0
    close_s: float = 10.0
    tail_s: float = 0.3
    interruptible: bool = True
    pre_roll: int = 25
    pre_roll_noise: int = 30
    reach_back: int = 15

    def since(self, found: Onset) -> int:
        """The first frame that is sent of speech so found."""
        return found.onset - (self.pre_roll_noise if found.doubtful else self.pre_roll)

    def first(self, found: Onset, cut: int, *, pressed: bool) -> int:
        """The same where somebody is listened to, to whom `cut` is the first frame that counts."""
        if pressed and found.onset < cut + self.reach_back + SOON:
            return cut
        return max(cut, self.since(found))
