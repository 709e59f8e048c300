"""What the turn wants of its neighbours, done.

Knows which machine carries out which order. Must never decide whose turn it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import floor as fl
from . import lines
from .audio import RATE_HZ, duration_ms
from .bargein import heed
from .effects import Effect, Finish, Keep, Play, Tell
from .turn import PROOFS
from .usage import Verdict

if TYPE_CHECKING:
    from .conversation import Conversation


def carry_out(box: Conversation, order: fl.Order, now: float) -> list[Effect]:
    """Do what the turn wants; the effects, in order."""
    match order:
        case fl.Begin(turn, since):
            frames = box.ring.since(since)
            rate_hz = frames[-1].rate_hz if frames else RATE_HZ
            return box.perform_flow(box.uplink.open(turn, [f.sound for f in frames], rate_hz), now)
        case fl.End(turn):
            return box.perform_flow(box.uplink.close(turn, now), now)
        case fl.Settle(turn):
            box.uplink.settle(turn)
            box.stream.settle(turn)
            return []
        case fl.Drop(turn):
            box.uplink.drop(turn)
            box.stream.drop(turn)
            return []
        case fl.Attend(turn, cut):
            return box.perform_flow(box.stream.attend(turn, cut, box.ring.since(cut)), now)
        case fl.Retain(turn):
            box.stream.retain(turn)
            return []
        case fl.Yield():
            return heed(box, now)
        case fl.Pause():
            box.stream.pause(now)
            return []
        case fl.Conclude():
            return box.perform_flow(box.stream.conclude(), now)
        case fl.Arm(cut, context):
            box.ear.arm(context)
            return [e for frame in box.ring.since(cut) for e in box.listen(frame, now)]
        case fl.Renew(fresh):
            box.uplink.refresh(now)
            if lines.is_offline(box):
                return lines.settle(box, box.offline.renew(now), now)
            return box.settle_line(box.session.renew(now, fresh=fresh), now)
        case fl.Over(turn, outcome):
            steps = box.timeline.close(turn)
            box.chimes.over(outcome)
            if outcome in PROOFS and not lines.is_offline(box):
                box.session.proved()
            told = Tell("turn", {"turn": turn, "outcome": outcome, **steps})
            # Whoever typed is not in the room, and to a notice nothing need be said: no follow-up.
            ended = box.farewell.over(outcome)
            over = ended or box.questions.is_mute(turn) or turn == box.notice.turn
            over = over or box.ledger.verdict() is Verdict.HARD
            quiet = box.tell_turn(fl.Dismissed(), now) if over and box.turn.is_following_up else []
            if box.ledger.warn():
                box.notice.due()
                quiet.append(Tell("budget", {"limit": "soft", **box.ledger.shown()}))
                quiet.append(Keep("usage", box.ledger.as_json()))  # once a day, over a restart too
            if ended and not lines.is_offline(box):  # what the service remembers is not the brain's to end
                quiet += [*box.recollection.forget(), *box.settle_line(box.session.forget(now), now)]
            return [told, *quiet, *box.questions.over(turn, outcome)]
        case Finish() if box.health.speaker is not None:
            return [order, *box.tell_turn(fl.Dumb(), now)]
        case Play(turn, pcm, rate_hz):
            if not lines.is_offline(box):
                box.ledger.sound(spoken_ms=duration_ms(len(pcm), rate_hz))
            box.timeline.mark(turn, "first_byte", now)
            return [] if box.questions.is_mute(turn) else [order]
        case _:
            return [order]
