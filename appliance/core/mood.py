"""What the box looks like from outside: one arbiter, strict priority.

The strongest fact wins. Red moods mean one thing only: I cannot hear or serve you.
"""

from __future__ import annotations

from enum import StrEnum


class Mood(StrEnum):
    """From strongest to weakest."""

    FATAL = "fatal"  # of a configuration that cannot be used: a box that runs is never in it
    MUTED = "muted"
    NO_MICROPHONE = "no microphone"
    COUNTDOWN = "countdown"
    REFUSED = "refused"
    CLOCK = "clock not set"
    OFFLINE = "offline"
    LISTENING = "listening"
    CONNECTING = "connecting"
    THINKING = "thinking"
    SPEAKING = "speaking"
    FOLLOW_UP = "follow-up"
    TIMER = "timer ringing"
    NO_SPEAKER = "no speaker"
    STARTING = "starting"
    IDLE = "idle"


_RANKS = {mood: rank for rank, mood in enumerate(Mood)}


def strongest(claims: set[Mood]) -> Mood:
    """The one mood to show among those that have a claim; idle when nobody has one."""
    return min(claims, key=_RANKS.__getitem__, default=Mood.IDLE)
