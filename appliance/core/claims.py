"""What has a claim on the light: the facts behind a mood.

Knows the turn, the line, the microphone and the ring. Must never know how a mood is shown.
"""

from __future__ import annotations

from .faults import CLOCK, Remedy
from .floor import Hearing, Idle, Listening, Phase, Speaking, Waiting
from .health import Health
from .mood import Mood
from .ringing import Ringing
from .session import Session

PHASES: dict[type, Mood] = {
    Idle: Mood.IDLE,
    Listening: Mood.LISTENING,
    Hearing: Mood.LISTENING,
    Waiting: Mood.THINKING,
    Speaking: Mood.SPEAKING,
}


def claims(phase: Phase, session: Session, health: Health, ringing: Ringing) -> set[Mood]:
    """Every mood that there is a reason for; the strongest is shown."""
    found = {PHASES[type(phase)]}
    if isinstance(phase, Listening) and phase.follow_up:
        found = {Mood.FOLLOW_UP}
    if isinstance(phase, Waiting) and session.link is None:
        found.add(Mood.CONNECTING)
    if ringing.timers:
        found.add(Mood.TIMER)
    if health.microphone is not None:
        found.add(Mood.STARTING if health.is_new else Mood.NO_MICROPHONE)
    match session.trouble:
        case None:
            pass
        case fault if fault.remedy in (Remedy.REFUSED, Remedy.WAIT):
            found.add(Mood.REFUSED)
        case fault if fault is CLOCK and session.is_wanted:
            found.add(Mood.CLOCK)
        case fault if fault.remedy is Remedy.BACK_OFF and session.is_wanted:
            found.add(Mood.OFFLINE)
    return found
