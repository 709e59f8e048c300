"""What a finger, or a command in its place, meant: taken to whom it concerns.

Knows what each gesture does to the box. Must never know when a press is which gesture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import floor as fl
from .earcons import Earcon
from .effects import Effect, PowerOff, Tell
from .gesture import Gesture
from .mute import MUTED
from .usage import Verdict

if TYPE_CHECKING:
    from .conversation import Conversation

RESTART, POWER_OFF = "restart", "poweroff"


def do(box: Conversation, gestures: Sequence[Gesture], now: float) -> list[Effect]:
    """Everything that these gestures, in this order, mean."""
    effects: list[Effect] = []
    for gesture in gestures:
        effects += _do(box, gesture, now)
    return effects


def mute(box: Conversation, now: float, *, on: bool) -> list[Effect]:
    """Open or close the ears. What somebody was saying is not sent to its end."""
    effects = box.mute.turn(on=on)
    if not effects:
        return []
    box.chimes.say(Earcon.MUTED if on else Earcon.UNMUTED)
    if on and isinstance(box.turn.phase, fl.Listening | fl.Hearing):
        effects += box.tell_turn(fl.Dismissed(), now)
    return effects


def end_conversation(box: Conversation, now: float) -> list[Effect]:
    """Silence, and the next press begins with nothing."""
    effects = box.tell_turn(fl.Dismissed(), now)
    effects += [*box.recollection.forget(), *box.settle_line(box.session.forget(now), now)]
    return [*effects, Tell("conversation", {"state": "ended"})]


def _do(box: Conversation, gesture: Gesture, now: float) -> list[Effect]:
    match gesture:
        case Gesture.TOUCH:
            return _touched(box, now)
        case Gesture.DOUBLE:
            return end_conversation(box, now)
        case Gesture.LONG:
            return [*box.tell_turn(fl.Dismissed(), now), *mute(box, now, on=not box.mute.is_on)]
        case Gesture.COUNTDOWN:  # so long a press did not mean the mute that it has passed
            told = Tell("countdown", {"to": box.rules.very_long, "in_s": _left_s(box)})
            return [*mute(box, now, on=not box.mute.is_on), told]
        case Gesture.ACT:
            return _act(box, now)
        case Gesture.STUCK:
            reason = f"down for {box.button.grip.stuck_s:g} s: it is not heeded until it comes up"
            return [Tell("trouble", {"what": "button", "reason": reason})]
        case Gesture.LET_GO:
            box.timeline.mark(box.turn.number, "last_voiced", now)
    return box.tell_turn(gesture, now)


def _touched(box: Conversation, now: float) -> list[Effect]:
    if box.mute.is_on:
        box.chimes.say(Earcon.MUTED)
        return [
            Tell("trouble", {"what": MUTED, "reason": "a press came"}),
            *_no(box, now),
        ]
    if box.health.microphone is not None:
        box.chimes.refuse("no microphone")
        return [Tell("trouble", {"what": "no microphone", "reason": box.health.microphone}), *_no(box, now)]
    if box.turn.is_hearing:
        box.button.spoke()  # the finger comes to somebody who is talking
        return [*box.tell_turn(Gesture.TOUCH, now), *box.settle_line(box.session.want(now), now)]
    if box.ledger.verdict() is Verdict.HARD:
        box.chimes.refuse("budget")
        return [Tell("budget", {"limit": "hard", **box.ledger.shown()}), *_no(box, now)]
    box.timeline.press(box.turn.number + 1, now)
    return [*box.tell_turn(Gesture.TOUCH, now), *box.settle_line(box.session.want(now), now)]


def _no(box: Conversation, now: float) -> list[Effect]:
    """Nobody can be listened to; the press silences all the same."""
    return box.tell_turn(fl.Dismissed(), now)


def _act(box: Conversation, now: float) -> list[Effect]:
    """What a very long press is configured to do."""
    told = Tell("countdown", {"to": box.rules.very_long, "in_s": 0.0})
    if box.rules.very_long == POWER_OFF:
        return [told, PowerOff()]
    return [told, *box.stop(now)]


def _left_s(box: Conversation) -> float:
    grip = box.button.grip
    return grip.act_s - (grip.very_long_s or grip.act_s)
