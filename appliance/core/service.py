"""What the service says, taken to whom it concerns.

Knows which machine is told of which message. Must never know how a message was written.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, assert_never

from . import floor as fl
from . import lines
from . import messages as ms
from .effects import Effect, Tell

if TYPE_CHECKING:
    from .conversation import Conversation


def said(box: Conversation, link: int, message: ms.ServerMessage, now: float) -> list[Effect]:
    """One message of the current link."""
    if lines.is_near(link) and (done := lines.heard(box, message, now)) is not None:
        return done
    match message:
        case ms.Speech() | ms.Words(_, True):
            return box.tell_turn(message, now)
        case ms.ModelSaid(text) | ms.Words(text):
            effects = box.tell_turn(message, now)
            if isinstance(box.turn.model, fl.Abandoned):  # nobody hears it, so nobody reads it
                return effects
            box.questions.said(box.turn.number, text)
            told = Tell("transcript", {"who": "model", "text": text, "turn": box.turn.number})
            return [told, *effects]
        case ms.PersonSaid(text):
            told = Tell("transcript", {"who": "person", "text": text, "turn": box.turn.number})
            return [told, *box.tell_turn(message, now)]
        case ms.TurnComplete() if lines.is_near(link):
            return box.tell_turn(message, now)
        case ms.TurnComplete():
            box.session.turn_completed(now)
            return [*box.book(), *box.tell_turn(message, now)]
        case ms.Interrupted() | ms.GenerationComplete():
            return box.tell_turn(message, now)
        case ms.ToolCall() if box.turn.is_dismissed:
            return box.calls.refuse(link, message, "the person does not want it any more")
        case ms.ToolCall():
            return [*box.calls.asked(link, message, now), *box.tell_turn(fl.Progress(), now)]
        case ms.Code() | ms.CodeResult() | ms.Sources():
            return _found(box, message, now)
        case ms.ToolCallCancellation():
            return box.calls.cancelled(link, message)
        case ms.SetupComplete() | ms.Resumption() | ms.GoAway():
            return box.settle_line(box.session.hear(message, now, idle=box.is_quiet), now)
        case ms.Usage(prompt, response, total):
            box.ledger.note(message)
            return [Tell("usage", {"prompt": prompt, "response": response, "total": total})]
        case ms.Unknown(what):
            return [Tell("unknown", {"what": what})]
        case _:
            assert_never(message)


def _found(box: Conversation, found: ms.Code | ms.CodeResult | ms.Sources, now: float) -> list[Effect]:
    """What the service's own tools found is shown and never spoken."""
    if isinstance(box.turn.model, fl.Abandoned):
        return []
    turn = box.turn.number
    match found:
        case ms.Code(language, text):
            told = Tell("code", {"language": language, "text": text, "turn": turn})
        case ms.CodeResult(outcome, text):
            told = Tell("result", {"outcome": outcome, "text": text, "turn": turn})
        case ms.Sources(queries, pages):
            told = Tell("sources", {"queries": queries, "pages": [asdict(p) for p in pages], "turn": turn})
        case _:
            assert_never(found)
    return [told, *box.tell_turn(fl.Progress(), now)]
