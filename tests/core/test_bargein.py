"""Barge-in by voice: who may interrupt, and what comes of it."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core import floor as fl
from appliance.core import messages as ms
from appliance.core.bargein import VOTES, WINDOW, BargeIn
from appliance.core.effects import Flush, Send, Tell
from appliance.core.endpoint import SURE, Onset
from appliance.core.floor import Manners
from appliance.core.shield import Shield
from appliance.core.usage import Budget

from .room import CHUNK, Room


def speaking(**changes: object) -> Room:
    """A room in which the box is in the midst of an answer."""
    room = Room(long_answer, **changes)  # type: ignore[arg-type]
    room.ask()
    room.pass_time(1.5)
    assert isinstance(room.conversation.turn.phase, fl.Speaking)
    return room


def long_answer(room: Room, message: ms.ClientMessage) -> None:
    match message:
        case ms.Setup():
            room.says(ms.SetupComplete())
        case ms.ActivityEnd():
            for _ in range(40):
                room.says(CHUNK, delay_s=0.5)


def test_a_vote_decides() -> None:
    ear = BargeIn(Shield.CANCEL, interruptible=True)
    assert [ear.hear(i, speech=SURE) for i in range(VOTES)] == [None] * (VOTES - 1) + [Onset(0)]
    for index in range(100, 100 + 3 * WINDOW):
        assert ear.hear(index, speech=SURE * (index % 2)) is None
    ear.reset()
    assert [ear.hear(i, speech=SURE) for i in range(200, 200 + VOTES)][-1] == Onset(200)
    ear.reset()
    assert [ear.hear(i, speech=SURE - 1) for i in range(100)] == [None] * 100, "what may be is not enough"
    assert repr(ear) == "echo cancel"


@pytest.mark.parametrize("shield", [Shield.HARDWARE, Shield.OFF])
def test_what_was_not_held_against_the_echo_takes_longer(shield: Shield) -> None:
    ear = BargeIn(shield, interruptible=True)
    for _ in range(2):
        assert [ear.hear(i, speech=SURE) for i in range(20)] == [None] * 19 + [Onset(0)]
    assert [ear.hear(i, speech=SURE) for i in range(19)] == [None] * 19
    ear.reset()
    assert [ear.hear(i, speech=SURE) for i in range(19)] == [None] * 19


@pytest.mark.parametrize("shield", [Shield.CANCEL, Shield.HARDWARE, Shield.OFF])
def test_somebody_who_speaks_over_it_is_listened_to(shield: Shield) -> None:
    room = speaking(shield=shield)
    before = len(room.effects)
    spoken = room.conversation.turn.number
    room.pass_time(1.0, speech=True)
    assert isinstance(room.conversation.turn.phase, fl.Hearing)
    flushed_at = next(at for at, effect in room.effects[before:] if effect == Flush(spoken))
    begun_at, _ = next(
        (at, e) for at, e in room.effects[before:] if isinstance(e, Send) and e.message == ms.ActivityStart()
    )
    within_s = 0.2 if shield is Shield.CANCEL else 0.44
    assert flushed_at <= begun_at <= room.now - 1.0 + within_s
    assert room.told("barge-in") == [{"turn": spoken}]
    heard = [m for m in room.sent(ms.Audio) if isinstance(m, ms.Audio)]
    assert len(heard) > 20
    room.pass_time(1.2)
    assert isinstance(room.conversation.turn.phase, fl.Waiting), "the ear finds the end"
    assert room.outcomes() == ["interrupted"]


def test_a_word_is_enough_and_its_end_is_found() -> None:
    room = speaking(shield=Shield.CANCEL)
    room.pass_time(0.14, speech=True)
    assert isinstance(room.conversation.turn.phase, fl.Hearing)
    room.pass_time(1.2)
    assert isinstance(room.conversation.turn.phase, fl.Waiting)


def test_in_half_duplex_nothing_is_heard_while_it_speaks() -> None:
    room = speaking(shield=Shield.HALF_DUPLEX)
    room.pass_time(1.0, speech=True)
    assert isinstance(room.conversation.turn.phase, fl.Speaking)
    room.press()
    assert isinstance(room.conversation.turn.phase, fl.Listening), "a press still interrupts"


def test_who_does_not_want_to_be_interrupted_is_not() -> None:
    room = speaking(shield=Shield.CANCEL, manners=Manners(interruptible=False))
    room.pass_time(1.0, speech=True)
    assert isinstance(room.conversation.turn.phase, fl.Speaking)


def test_when_the_budget_is_spent_no_voice_begins_a_turn() -> None:
    room = speaking(shield=Shield.CANCEL, budget=Budget(hard_tokens_day=1000))
    room.do(ev.WallClock("2026-11-25"))
    room.do(ev.Received(room.promises.link, (ms.Usage(900, 900, 1800), ms.GenerationComplete())))
    room.pass_time(1.0, speech=True)
    assert isinstance(room.conversation.turn.phase, fl.Speaking)


def test_what_it_was_told_is_shown() -> None:
    room = Room(shield=Shield.CANCEL)
    assert room.conversation.barge_in.shown == {"shield": "cancel", "why": ""}
    told = room.do(ev.EchoJudged(Shield.HALF_DUPLEX, "too loud", 5.04))
    shown = {"shield": "half-duplex", "why": "too loud", "lowered_db": 5.0}
    assert told == [Tell("echo", shown)]
    assert room.conversation.status()["echo"] == shown
    assert not room.conversation.barge_in.heeds
