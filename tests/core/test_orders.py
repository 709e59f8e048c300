"""The turn's orders: see test_turn.py for which it gives, test_conversation.py for what comes of them."""

from __future__ import annotations

from appliance.core import floor as fl
from appliance.core import messages as ms
from appliance.core.effects import Finish, Flush, Hang, Play, Send, Tell
from appliance.core.orders import carry_out

from .room import Room


def test_an_order_that_is_an_effect_is_passed_on() -> None:
    box = Room().conversation
    assert carry_out(box, Flush(3), 0.0) == [Flush(3)]
    assert carry_out(box, Finish(3), 0.0) == [Finish(3)]


def test_without_a_speaker_nothing_is_waited_for() -> None:
    box = Room().conversation
    box.health.speaker = "unplugged"
    assert carry_out(box, Finish(3), 0.0) == [Finish(3)], "the turn is told besides"


def test_what_is_played_is_counted_and_what_was_typed_is_not_heard() -> None:
    box = Room().conversation
    play = Play(1, bytes(4800), 24_000)
    assert carry_out(box, play, 1.0) == [play]
    box.questions.asked(1, 5, speak=False)
    assert carry_out(box, play, 1.0) == []
    assert box.ledger.shown()["today"]["spoken_ms"] == 200  # type: ignore[index]


def test_a_turn_that_is_over_is_told_with_its_times() -> None:
    box = Room().conversation
    box.timeline.press(1, 10.0)
    box.timeline.mark(1, "first_sent", 10.5)
    [told] = carry_out(box, fl.Over(1, "answered"), 11.0)
    assert told == Tell("turn", {"turn": 1, "outcome": "answered", "press_to_first_sent": 500})


def test_settle_and_drop_say_nothing() -> None:
    box = Room().conversation
    assert carry_out(box, fl.Settle(1), 0.0) == carry_out(box, fl.Drop(1), 0.0) == []


def test_a_dead_line_is_left_at_once() -> None:
    room = Room()
    room.ask()
    room.pass_time(3.0)
    effects = carry_out(room.conversation, fl.Renew(fresh=False), room.now)
    assert Hang(1, at_once=True) in effects
    assert room.conversation.uplink.link is None


def test_the_orders_where_the_service_decides() -> None:
    room = Room(setup=ms.Setup("gemini-3.8-live", detection=ms.Detection()))
    box = room.conversation
    room.pass_time(1.0)
    box.stream.line_up(1)
    sent = carry_out(box, fl.Attend(1, 46), room.now)
    assert {type(e.message) for e in sent if isinstance(e, Send)} == {ms.Audio}
    assert carry_out(box, fl.Retain(1), room.now) == []
    assert box.stream.holds(1)
    assert carry_out(box, fl.Conclude(), room.now)[-1] == Send(1, ms.AudioStreamEnd())
    carry_out(box, fl.Attend(2, 50), room.now)
    assert carry_out(box, fl.Yield(), room.now) == []
    assert box.stream.is_running, "the box does not speak"
    assert carry_out(box, fl.Pause(), room.now) == []
    assert not box.stream.is_running
