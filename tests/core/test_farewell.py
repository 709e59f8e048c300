"""The end of a conversation: announced by the model, and over with its goodbye."""

from __future__ import annotations

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.catalogue import Catalogue
from appliance.core.effects import Hang, Keep
from appliance.core.farewell import Farewell
from appliance.core.floor import Idle, Listening
from appliance.core.functions import Caller
from appliance.core.lights import FromPerson
from appliance.core.outcomes import Answer
from tests.core.room import Room, calls


def test_it_is_over_after_the_goodbye_and_only_then() -> None:
    farewell = Farewell()
    assert not farewell.over("answered")
    answer = Catalogue(farewell).call("end_conversation", {}, Caller(FromPerson(1), 0.0))
    assert answer == Answer({"output": "the conversation ends after your goodbye"})
    assert farewell.over("answered")
    assert not farewell.over("answered")


def test_whoever_interrupts_the_goodbye_is_not_done() -> None:
    farewell = Farewell()
    farewell.end_conversation()
    assert not farewell.over("interrupted")
    assert not farewell.over("answered")


def test_the_next_press_begins_with_an_empty_context_and_nobody_listens_before() -> None:
    room = Room(calls("end_conversation"))
    room.do(ev.WallClock("2026-11-22", 1_800_000_000.0))
    room.ask()
    room.pass_time(5.0)
    assert [e for _, e in room.effects if isinstance(e, Keep) and e.name == "session"][-1].value == {}
    assert room.outcomes() == ["answered"]
    assert room.count(Hang) == 1
    assert isinstance(room.conversation.turn.phase, Idle)
    room.ask()
    room.pass_time(2.0)
    [first, second] = room.sent(ms.Setup)
    assert isinstance(first, ms.Setup)
    assert isinstance(second, ms.Setup)
    assert second.resume is None
    assert second.recollection == ""
    assert not room.sent(ms.Past)


def test_other_conversations_go_on() -> None:
    room = Room()
    room.ask()
    room.pass_time(3.0)
    assert isinstance(room.conversation.turn.phase, Listening)
    assert room.count(Hang) == 0
