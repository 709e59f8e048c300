"""What is asked over the control socket, done.

Knows which machine answers which request. Must never know who asks, nor how the question came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from . import events as ev
from . import fingers
from . import floor as fl
from .effects import Effect, Reply, Reread
from .parameters import Bad
from .questions import WORD_FOR_WORD
from .ringing import Silenced
from .scenes import Scenes
from .usage import Verdict
from .volume import Change, Volume

if TYPE_CHECKING:
    from .conversation import Conversation

SPENT = "the budget of the day or the month is used up"


def asked(box: Conversation, ask: int, request: ev.Request, now: float) -> list[Effect]:
    """Do what was asked; exactly one Reply answers it, now or later."""
    match request:
        case ev.Talk() | ev.Press(down=True) | ev.Ask() | ev.Say() if box.ledger.verdict() is Verdict.HARD:
            remedy = "wait, or raise [budget] in the configuration"
            return [Reply(ask, {"ok": False, "error": SPENT, "remedy": remedy})]
        case ev.Talk() | ev.Press(down=True) if box.mute.is_on:
            return [Reply(ask, {"ok": False, "error": "the box is muted", "remedy": "appliance unmute"})]
        case ev.Talk() | ev.Press(down=True) if box.health.microphone is not None:
            return [Reply(ask, {"ok": False, "error": f"no microphone: {box.health.microphone}"})]
        case ev.Talk(hold_s):
            gestures = box.button.tap() if hold_s is None else box.button.hold(now, hold_s)
            return [*fingers.do(box, gestures, now), Reply(ask, {"ok": True})]
        case ev.Press(down=True) if box.button.has_finger:
            return [Reply(ask, {"ok": False, "error": "somebody presses the button already"})]
        case ev.Press(down):
            gestures = box.button.press(now) if down else box.button.lift(now)
            return [*fingers.do(box, gestures, now), Reply(ask, {"ok": True})]
        case ev.Ask(text, speak):
            return _typed(box, ask, text, now, speak=speak)
        case ev.Say(text):
            return _typed(box, ask, WORD_FOR_WORD + text, now, speak=True)
        case ev.Cancel():
            silenced = box.timing.ringing.tell(Silenced(), now)
            return [*silenced, *box.tell_turn(fl.Dismissed(), now), Reply(ask, {"ok": True})]
        case ev.Mute(on):
            return [*fingers.mute(box, now, on=on), Reply(ask, {"ok": True, "muted": on})]
        case ev.Timers() | ev.SetTimer():
            return _timer(box, ask, request, now)
        case ev.Lights(None, _) | ev.Lights(_, None):
            return [Reply(ask, {"ok": True, **box.calls.lighting.shown()})]
        case ev.Scene(None):
            return [Reply(ask, {"ok": True, "scenes": box.calls.catalogue.of(Scenes).names})]
        case ev.Lights() | ev.Scene():
            return box.calls.person(ask, request, now)
        case ev.Volume(level):
            return _loud(ask, box.volume, level)
        case ev.Reload():
            return [Reread(ask)]
        case ev.Status(vitals):
            return [Reply(ask, {"ok": True, **box.status(now), **vitals.shown(), **box.timing.shown(now)})]
        case ev.History():
            return [Reply(ask, {"ok": True, "turns": box.timeline.recent(), "days": box.ledger.days()})]
        case never:
            assert_never(never)


def _timer(box: Conversation, ask: int, request: ev.Timers | ev.SetTimer, now: float) -> list[Effect]:
    effects: list[Effect] = []
    try:
        match request:
            case ev.SetTimer(seconds, name):
                effects = box.timing.set(seconds, name, now)
            case ev.Timers(str(which)):
                _, effects = box.timing.cancel(which, now)
    except Bad as bad:
        return [Reply(ask, {"ok": False, "error": str(bad)})]
    return [*effects, Reply(ask, {"ok": True, **box.timing.shown(now)})]


def _loud(ask: int, volume: Volume, level: int | Change | None) -> list[Effect]:
    if level is None:
        return [Reply(ask, {"ok": True, "volume": volume.level})]
    answer = volume.set(level) if isinstance(level, int) else volume.set_volume(change=level)
    return [*answer.effects, Reply(ask, {"ok": True, **answer.response})]


def _typed(box: Conversation, ask: int, text: str, now: float, *, speak: bool) -> list[Effect]:
    if box.turn.is_hearing:
        return [Reply(ask, {"ok": False, "error": "somebody is speaking to the box: try again"})]
    effects = box.tell_turn(fl.Typed(), now)
    box.questions.asked(box.turn.number, ask, speak=speak)
    if not text.startswith(WORD_FOR_WORD):
        box.recollection.typed(box.turn.number, text, now)
    effects += box.settle_line(box.session.want(now), now)
    return effects + box.perform_flow(box.uplink.type(box.turn.number, text, now), now)
