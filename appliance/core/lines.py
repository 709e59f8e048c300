"""Which of two lines is used: that to the service, or that to the brain on this machine.

Knows whom each line is for. Must never know how a line is dialled, nor what is said over it.

    said, and no line ─┬─ the service is away, and will not be dialled soon ──► the brain, at once
                       ├─ it was away a moment ago, and is being dialled ─────► the brain, after DOUBT_S
                       └─ it is being dialled, and takes long ────────────────► the brain, after PATIENCE_S

The brain is given what was said whole and when it has been said, not before: until then the service may be
back, which is always preferred. What the brain has begun it ends. The session with the service is neither
told of such a turn nor charged for it, and goes on dialling meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import floor as fl
from . import messages as ms
from .effects import Effect, Send, Tell
from .events import LinkDown, LinkUp
from .faults import Fault, Remedy
from .session import Down

if TYPE_CHECKING:
    from .conversation import Conversation

DOUBT_S = 1.0  # a dial takes half of one, and it began with the press
PATIENCE_S = 4.0  # a dial that will do takes up to three, over bad Wi-Fi to a far server
AWAY = (Remedy.NOW, Remedy.BACK_OFF)  # it cannot be reached; a service that refuses is reached, and says why


def is_near(link: int) -> bool:
    """Whether this is a link to the brain on this machine."""
    return link < 0


def is_used(box: Conversation, link: int) -> bool:
    """What comes by this link concerns us."""
    return box.offline.is_current(link) if is_near(link) else box.session.is_current(link)


def is_offline(box: Conversation) -> bool:
    """Whoever speaks, speaks with the brain on this machine."""
    return box.uplink.link is not None and is_near(box.uplink.link)


def heard(box: Conversation, message: ms.ServerMessage, now: float) -> list[Effect] | None:
    """What the brain says that is not for the turn; None for what is."""
    match message:
        case ms.SetupComplete():
            return settle(box, box.offline.greeted(message), now)
        case ms.Resumption() | ms.GoAway() | ms.Usage():  # it keeps nothing, and costs nothing
            return []
        case _:
            return None if is_offline(box) else []  # it goes on with what nobody wants


def changed(box: Conversation, event: LinkUp | LinkDown, now: float) -> list[Effect]:
    """The line to the brain is up, or down."""
    effects = box.offline.up(event, now) if isinstance(event, LinkUp) else box.offline.down(event, now)
    return settle(box, effects, now)


def attend(box: Conversation, now: float) -> list[Effect]:
    """After every event: is the brain needed, and who has the line?"""
    if box.offline.setup is None:
        return []
    due_at = _due_at(box)
    effects = box.offline.attend(
        now,
        due_at=due_at,
        wanted=_in_doubt(box) and not isinstance(box.turn.phase, fl.Idle),
        idle=isinstance(box.turn.phase, fl.Idle) and box.is_quiet,
    )
    return settle(box, effects, now)


def settle(box: Conversation, effects: list[Effect], now: float) -> list[Effect]:
    """What became of the lines, and what that means to those who use one."""
    link, was = _chosen(box, now), box.uplink.link
    if link == was:
        return effects
    if was is not None:
        effects += _lost(box, was, now)
    if link is not None:
        effects += _found(box, link, now)
    return effects


def _chosen(box: Conversation, now: float) -> int | None:
    near, was = box.offline.link, box.uplink.link
    if near is not None and was == near and not _is_between(box):
        return near
    if box.session.link is not None:
        return box.session.link
    due_at = _due_at(box)
    return near if due_at is not None and now >= due_at else None


def _is_between(box: Conversation) -> bool:
    """Nobody waits for the brain, and it has been heard to its end, whether it says so or not."""
    idle = isinstance(box.turn.phase, fl.Idle | fl.Listening)
    return idle and not box.uplink.is_waiting and not box.calls.is_busy


def _due_at(box: Conversation) -> float | None:
    """When the brain is to answer what somebody waits for."""
    since = _waits_since(box)
    if since is None or box.session.link is not None or is_offline(box):
        return None
    match box.session.line:
        case Down(until, Fault(remedy=remedy)):
            soon = until <= since + DOUBT_S  # it is tried again before anybody would mind
            return None if remedy not in AWAY else since + DOUBT_S if soon else since
        case _ if box.session.trouble is not None and box.session.trouble.remedy not in AWAY:
            return None
        case _:
            return since + (DOUBT_S if _in_doubt(box) else PATIENCE_S)


def _waits_since(box: Conversation) -> float | None:
    """Since when somebody has said all, and waits."""
    match box.turn.phase:
        case fl.Waiting(float(until)) if box.stream.holds(box.turn.number):
            return until - box.rules.manners.answer_timeout_s
        case fl.Waiting():
            return box.uplink.waiting_since
        case _:
            return None


def _in_doubt(box: Conversation) -> bool:
    """The last dial failed: the next may."""
    trouble = box.session.trouble
    return trouble is not None and trouble.remedy is Remedy.BACK_OFF


def _lost(box: Conversation, was: int, now: float) -> list[Effect]:
    effects: list[Effect] = []
    fault = None if is_near(was) else box.session.fault
    if is_near(was) and not isinstance(box.turn.model, fl.Silent):
        effects += box.offline.renew(now)  # its answer is not wanted, and must not be taken for the next one
    if is_near(was) and _is_between(box):
        box.uplink.settle(box.turn.number)
        box.stream.settle(box.turn.number)
    suspected = fault is not None and fault.drop_audio
    gone = box.uplink.line_down(drop_audio=suspected)
    box.stream.line_down(drop_audio=suspected)
    box.recollection.line_down(box.holds)
    effects += [*box.calls.line_down(), *box.book()]
    effects += box.tell_turn(fl.LineLost(kept=box.holds(box.turn.number)), now)
    return effects + box.given_up(gone, "line lost", now)


def _found(box: Conversation, link: int, now: float) -> list[Effect]:
    effects: list[Effect] = []
    setup = box.session.setup
    if is_near(link) and box.offline.setup is not None:
        setup = box.offline.setup
        box.recollection.skip(box.turn.number)
        effects.append(Tell("offline", {"state": "serving", "turn": box.turn.number}))
    box.calls.line_up(setup.functions)
    if not is_near(link) and box.session.takes_past:
        past = box.recollection.turns(box.holds)
        if past is not None:
            effects.append(Send(link, past))  # before anything that was kept is said on this line
    effects += box.perform_flow(box.uplink.line_up(link, realtime_text=setup.realtime_text), now)
    return effects + box.perform_flow(box.stream.line_up(link), now)
