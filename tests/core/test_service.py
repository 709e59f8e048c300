"""What the service says, taken to whom it concerns; test_conversation.py asks what comes of it."""

from __future__ import annotations

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.effects import Play, Tell

from .room import CHUNK, Room


def test_what_only_needs_to_be_told_is_told() -> None:
    room = Room()
    room.ask()
    room.pass_time(2.0)
    room.says(ms.Usage(10, 5, 15), ms.Unknown("newThing"), ms.PersonSaid(" hello"), delay_s=0.0)
    room.pass_time(0.1)
    assert room.told("usage")[-1] == {"prompt": 10, "response": 5, "total": 15}
    assert room.told("unknown") == [{"what": "newThing"}]
    assert room.told("transcript")[-1]["text"] == " hello"


def test_thoughts_are_neither_played_nor_told() -> None:
    room = Room(service=lambda room, message: None)
    room.ask()
    before = room.count(Play), len(room.told("transcript"))
    room.says(ms.Words("hm", thought=True), delay_s=0.0)
    room.pass_time(0.1)
    assert (room.count(Play), len(room.told("transcript"))) == before
    room.says(CHUNK, delay_s=0.0)
    room.pass_time(0.1)
    assert room.count(Play) == before[0] + 1
    assert not [e for _, e in room.effects if isinstance(e, Tell) and "hm" in str(e)]


def test_what_was_found_is_shown_and_never_spoken_and_not_for_an_answer_unwanted() -> None:
    room = Room(service=lambda room, message: None)
    room.do(ev.Asked(1, ev.Ask("What is the sum?")))
    room.do(ev.LinkUp(1))
    room.do(ev.Received(1, (ms.SetupComplete(),)))
    found = (ms.Code("python", "1"), ms.CodeResult("ok", "1"), ms.Sources(("q",), (ms.Page("u", "t"),)))
    room.do(ev.Received(1, found))
    assert room.told("code") == [{"language": "python", "text": "1", "turn": 1}]
    assert room.told("result") == [{"outcome": "ok", "text": "1", "turn": 1}]
    pages = [{"uri": "u", "title": "t", "status": ""}]
    assert room.told("sources") == [{"queries": ("q",), "pages": pages, "turn": 1}]
    assert room.count(Play) == 0
    room.do(ev.Asked(2, ev.Cancel()))
    room.do(ev.Received(1, found))
    assert len(room.told("code")) == 1
