"""What the eye orders, done: pictures go where they belong.

Knows whom a picture is for. Must never decide when the camera looks.

A picture is input like sound, so the service takes none while a call that blocks is open. Hence the order
when the model asks to see, which does for models that do not wait as well:

    << toolCall look      >> toolResponse: it follows      >> activityStart, picture, text, activityEnd
    << the answer to the picture, as a turn of its own; what the model began to say to the response is cut off

Models that take no text in an activity get the picture and the text as a whole turn instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from . import floor as fl
from .effects import Effect
from .eye import Excuse, Order, Present, Share

if TYPE_CHECKING:
    from .conversation import Conversation

FOLLOWS = "the picture follows at once: say nothing until you see it"
HERE = "This is what the camera sees now. Answer what was asked before."
LATE = "the person is speaking again, so the picture is not shown"


def show(box: Conversation, orders: Sequence[Order], now: float) -> list[Effect]:
    """Do what the eye orders; the effects, in order."""
    effects: list[Effect] = []
    for order in orders:
        match order:
            case Share(jpeg):
                streams = box.stream.is_running  # the service hears all of it, and may see it likewise
                flow = box.stream.show(jpeg) if streams else box.uplink.show(jpeg)
                effects += box.perform_flow(flow, now)
            case Present():
                effects += _present(box, order, now)
            case Excuse(call, why):
                effects += box.calls.answer(call, {"error": why})
            case _:
                effects.append(order)
    return effects


def watch(box: Conversation, now: float) -> list[Effect]:
    """Look while the box listens, if that is wanted; and for a call only as long as it is open."""
    listening = isinstance(box.turn.phase, fl.Listening | fl.Hearing)
    orders = box.eye.attend(listening=listening)
    if (call := box.eye.call) is not None and not box.calls.is_waiting(call):
        orders += box.eye.cancel()
    return show(box, orders, now)


def _present(box: Conversation, shown: Present, now: float) -> list[Effect]:
    speaking = isinstance(box.turn.phase, fl.Hearing) or (
        isinstance(box.turn.phase, fl.Listening) and not box.turn.is_following_up
    )
    if speaking or not box.calls.is_waiting(shown.call):
        return box.calls.answer(shown.call, {"error": LATE})
    effects = box.calls.answer(shown.call, {"output": FOLLOWS})
    box.questions.go_on(box.turn.number, box.turn.number + 1)
    effects += box.tell_turn(fl.Typed(), now)
    effects += box.perform_flow(box.uplink.gate(closed=box.calls.is_open), now)
    return effects + box.perform_flow(box.uplink.type(box.turn.number, HERE, now, shown.jpeg), now)
