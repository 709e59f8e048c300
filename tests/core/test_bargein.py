"""Barge-in by voice: who may interrupt, and what comes of it."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core import floor as fl
from appliance.core import messages as ms
from appliance.core.bargein import VOTES, WINDOW, BargeIn
from appliance.core.chimes import DRAIN_S, Earcons
from appliance.core.earcons import Earcon
from appliance.core.effects import Flush, Send, Tell
from appliance.core.endpoint import CERTAIN, SURE, Onset
from appliance.core.floor import Manners
from appliance.core.residual import EVIDENCE
from appliance.core.shield import Shield
from appliance.core.usage import Budget

from .room import CHUNK, Room
from .test_served import ServedRoom


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


def test_whoever_certainly_speaks_over_it_is_heard_at_once() -> None:
    ear = BargeIn(Shield.CANCEL, interruptible=True)
    assert [ear.hear(i, speech=0) for i in range(50)] == [None] * 50
    assert ear.hear(50, speech=CERTAIN) == Onset(50 - EVIDENCE + 1), "what decided is heard by the service"


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
    assert room.conversation.status(room.now)["echo"] == shown
    assert not room.conversation.barge_in.heeds


# -- where the service decides -----------------------------------------------------------------------


@pytest.mark.parametrize("shield", [Shield.CANCEL, Shield.HARDWARE, Shield.OFF])
def test_it_is_the_service_that_hears_who_interrupts(shield: Shield) -> None:
    room = ServedRoom()
    room.do(ev.EchoJudged(shield))
    room.ask()
    room.pass_time(1.0)
    before = room.heard()
    room.desk.busy_until = 0.0  # and it does not believe this one
    room.pass_time(1.0, speech=True)
    assert len(room.heard()) >= len(before) + 48, "it has heard it all"
    assert room.count(Flush) == 0, "and so it is for it to decide"
    assert room.told("barge-in") == []


def test_who_does_not_want_to_be_interrupted_is_not_listened_to() -> None:
    room = ServedRoom(barge_in=True, interruptible=False)
    room.ask()
    room.pass_time(1.0)
    before = room.heard()
    room.pass_time(1.0, speech=True)
    assert room.heard() == before
    room.pass_time(6.0)
    assert room.outcomes() == ["answered"]


def test_an_echo_that_grows_too_loud_is_sent_no_longer() -> None:
    room = ServedRoom(barge_in=True)
    room.ask()
    room.pass_time(1.0)
    before = room.heard()
    room.pass_time(0.2)
    assert len(room.heard()) > len(before)
    before = room.heard()
    room.do(ev.EchoJudged(Shield.HALF_DUPLEX, "too loud", 5.0))
    room.pass_time(1.0, speech=True)
    assert room.heard() == before
    assert room.count(Flush) == 0
    room.do(ev.EchoJudged(Shield.CANCEL))
    room.pass_time(3.0)
    assert room.outcomes() == ["answered"]
    assert room.heard()[len(before) :], "the follow-up is heard"
    room.check_privacy()


def test_what_the_box_sounds_is_silence_to_a_service_unless_it_is_cancelled() -> None:
    """Each in a room of its own: from the press on, as long as the sound lasts and fades."""
    earcons = Earcons({Earcon.LISTENING: 0.3})
    for barge_in in (False, True):
        room = ServedRoom(barge_in=barge_in, earcons=earcons)
        room.pass_time(2.0)
        pressed = room.index
        room.press()
        room.pass_time(2.0)
        silent = [place for place in room.heard() if place == 0]
        assert len(silent) == (0 if barge_in else int((0.3 + DRAIN_S) * 50))
        sent = [place for place in room.heard() if place]
        assert sent[0] == pressed - 15, "what was said before the press is heard"
        assert sent[-1] > pressed + 80


def test_when_the_budget_is_spent_no_voice_is_heard_while_it_speaks() -> None:
    room = ServedRoom(barge_in=True, budget=Budget(hard_tokens_day=1000))
    room.do(ev.WallClock("2026-11-25"))
    room.ask()
    room.do(ev.Received(room.promises.link, (ms.Usage(900, 900, 1800),)))
    room.pass_time(1.0)
    before = room.heard()
    room.pass_time(0.5, speech=True)
    assert isinstance(room.conversation.turn.phase, fl.Speaking)
    assert room.heard() == before
