"""What the box says for itself: once, to nobody's cost but its own, and never over anybody."""

from __future__ import annotations

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.effects import Flush, Play
from appliance.core.floor import Idle
from appliance.core.notice import WORDS, Notice
from appliance.core.questions import WORD_FOR_WORD
from appliance.core.usage import Budget

from .room import Room


def typed(room: Room) -> list[str]:
    return [m.text for m in room.sent(ms.Text) if isinstance(m, ms.Text)]


def spent(**changes: object) -> Room:
    """A room whose soft limit was reached by the turn that has just been answered."""
    room = Room(budget=Budget(soft_tokens_day=30), **changes)  # type: ignore[arg-type]
    room.do(ev.WallClock("2026-11-22"))
    room.ask()
    room.pass_time(3.0)
    assert room.told("budget")
    return room


def test_it_is_due_once() -> None:
    notice = Notice()
    assert not notice.take()
    notice.due()
    assert (notice.take(), notice.take()) == (True, False)


def test_it_waits_for_the_follow_up_is_spoken_and_opens_none() -> None:
    room = spent()
    assert typed(room) == [], "the person may still go on"
    room.pass_time(6.5)
    assert typed(room) == [WORD_FOR_WORD + WORDS]
    room.pass_time(3.0)
    assert room.outcomes() == ["answered", "answered"]
    assert room.count(Play) == 10
    assert isinstance(room.conversation.turn.phase, Idle)
    room.pass_time(30.0)
    assert len(typed(room)) == 1


def test_it_is_no_turn_of_the_person_and_nothing_to_remember() -> None:
    room = spent()
    before = room.conversation.recollection.paragraph(lambda turn: False)
    room.pass_time(12.0)
    today = room.conversation.ledger.shown()["today"]
    assert isinstance(today, dict)
    assert (today["turns"], today["total"]) == (1, 60)
    assert room.conversation.recollection.paragraph(lambda turn: False) == before


def test_who_goes_on_is_not_interrupted() -> None:
    room = spent()
    room.pass_time(2.0, speech=True)
    room.pass_time(4.0)
    assert room.outcomes() == ["answered", "answered"]
    assert typed(room) == []
    room.pass_time(12.0)
    assert len(typed(room)) == 1


def test_a_press_silences_it() -> None:
    room = spent()
    room.pass_time(7.3)
    assert Flush(2) in room.do(ev.Pressed())
    assert room.outcomes()[-1] == "interrupted"


def test_without_a_line_a_speaker_or_a_voice_it_is_only_told() -> None:
    room = spent()
    room.reachable = False
    room.do(ev.LinkDown(1, ev.Cause.DROPPED, 1006, ""))
    room.pass_time(20.0)
    assert typed(room) == []
    room = spent()
    room.do(ev.SpeakerDown("unplugged"))
    room.pass_time(20.0)
    assert typed(room) == []
    room = spent(setup=ms.Setup("gemini-2.0-flash-live-001", modality="TEXT"))
    room.pass_time(20.0)
    assert typed(room) == []


def test_at_the_hard_limit_nothing_is_said() -> None:
    room = spent()
    room.conversation.ledger.note(ms.Usage(10**6, 0, 10**6))
    room.conversation.ledger.budget = Budget(hard_tokens_day=31)
    room.pass_time(20.0)
    assert typed(room) == []
