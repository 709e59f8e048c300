"""What has a claim on the light: the facts behind a mood.

Knows the turn, the lines, the microphone and the ring. Must never know how a mood is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .effects import Effect
from .faults import CLOCK, Remedy
from .floor import Hearing, Idle, Listening, Phase, Speaking, Waiting
from .health import Health
from .mood import Mood, strongest
from .offline import Offline
from .ringing import Ringing
from .session import Session

if TYPE_CHECKING:
    from .conversation import Conversation

ALONE = Offline(None)
PHASES: dict[type, Mood] = {
    Idle: Mood.IDLE,
    Listening: Mood.LISTENING,
    Hearing: Mood.LISTENING,
    Waiting: Mood.THINKING,
    Speaking: Mood.SPEAKING,
}


def claims(
    phase: Phase,
    session: Session,
    health: Health,
    ringing: Ringing,
    offline: Offline = ALONE,
    *,
    muted: bool = False,
    counting: bool = False,
) -> set[Mood]:
    """Every mood that there is a reason for; the strongest is shown. `counting`: down to what a very long
    press does."""
    found = {PHASES[type(phase)]}
    if isinstance(phase, Listening) and phase.follow_up:
        found = {Mood.FOLLOW_UP}
    if isinstance(phase, Waiting) and session.link is None:
        found.add(Mood.CONNECTING)
    if ringing.timers:
        found.add(Mood.TIMER)
    if muted:
        found.add(Mood.MUTED)
    if counting:
        found.add(Mood.COUNTDOWN)
    if health.speaker is not None:
        found.add(Mood.NO_SPEAKER)
    if health.microphone is not None and not muted:
        found.add(Mood.STARTING if health.is_new else Mood.NO_MICROPHONE)
    # Red means that nobody can be served, but the brain on this machine does serve. While a person waits for
    # it, it shows that it is not the service that will answer.
    served = offline.is_up and isinstance(phase, Listening | Hearing | Speaking)
    if isinstance(phase, Waiting) and session.link is None and offline.link is not None:
        found.add(Mood.OFFLINE)
    match session.trouble:
        case None:
            pass
        case fault if fault.remedy in (Remedy.REFUSED, Remedy.WAIT):
            found.add(Mood.REFUSED)
        case fault if fault is CLOCK and session.is_wanted and not served:
            found.add(Mood.CLOCK)
        case fault if fault.remedy is Remedy.BACK_OFF and session.is_wanted and not served:
            found.add(Mood.OFFLINE)
    return found


def shown(box: Conversation, now: float) -> list[Effect]:
    """After every event: what the status light shows anew."""
    found = claims(
        box.turn.phase,
        box.session,
        box.health,
        box.timing.ringing,
        box.offline,
        muted=box.mute.is_on,
        counting=box.button.is_counting_down,
    )
    trouble, night = box.session.trouble, box.rules.earcons.is_night(box.wall.local_s(now))
    return box.lamp.settle(strongest(found), "" if trouble is None else trouble.name, night=night)
