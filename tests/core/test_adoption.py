"""Changed settings in a conversation that goes on: what has begun is finished as it was begun."""

from __future__ import annotations

from dataclasses import replace

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.effects import Dial, Hang
from appliance.core.gesture import Grip
from appliance.core.glow import Shine
from appliance.core.manners import Manners
from appliance.core.rules import Rules
from appliance.core.usage import Budget

from .room import Room, rules

SETUP = rules().setup


def changed(**changes: object) -> ev.Changed:
    new: Rules = rules(**changes)
    return ev.Changed(new, 30.0, tuple(changes))


def test_the_next_press_listens_as_long_as_it_is_set_now() -> None:
    room = Room()
    room.do(changed(manners=Manners(no_speech_s=2.0)))
    room.press()
    room.pass_time(1.5)
    assert room.outcomes() == []
    room.pass_time(1.0)
    assert room.outcomes() == ["nothing heard"]


def test_what_each_machine_is_told() -> None:
    room = Room()
    grip, shine, budget = Grip(hold_s=1.0), Shine(10, 5, 1), Budget(hard_tokens_day=5_000)
    told = room.do(
        changed(grip=grip, shine=shine, budget=budget, idle_close_s=7.0, manners=Manners(interruptible=False))
    )
    box = room.conversation
    assert (box.button.grip, box.lamp.shine, box.ledger.budget) == (grip, shine, budget)
    assert (box.session.idle_close_s, box.session.always) == (7.0, False)
    assert box.timing.ringing.ring_s == 30.0
    assert not box.barge_in.interruptible
    assert room.told("settings") == [{"applied": ["grip", "shine", "budget", "idle_close_s", "manners"]}]
    assert not [effect for effect in told if isinstance(effect, Hang)]


def test_the_end_of_an_utterance_is_found_as_it_is_set_now_even_in_the_middle_of_one() -> None:
    room = Room()
    room.press()
    room.pass_time(1.0, speech=True)
    room.do(changed(hangover_ms=2_000))
    room.pass_time(1.5)
    assert not room.sent(ms.ActivityEnd)
    room.pass_time(1.0)
    assert len(room.sent(ms.ActivityEnd)) == 1


def test_a_line_that_was_set_up_otherwise_is_left_after_the_turn_and_its_session_resumed() -> None:
    room = Room()
    room.ask()
    room.pass_time(4.0)
    assert room.outcomes() == ["answered"]
    room.ask(0.5)
    room.do(changed(setup=replace(SETUP, voice="Puck")))
    assert room.count(Hang) == 0, "somebody waits for an answer"
    room.pass_time(4.0)
    assert room.outcomes() == ["answered", "answered"]
    room.pass_time(10.0)
    assert room.count(Hang) == 1
    room.ask()
    room.pass_time(4.0)
    assert room.count(Dial) == 2
    first, second = (message for message in room.sent(ms.Setup) if isinstance(message, ms.Setup))
    assert (first.voice, second.voice) == ("", "Puck")
    assert second.resume is not None, "it is the same conversation"
    assert room.outcomes() == ["answered"] * 3


def test_another_model_begins_a_session_of_its_own() -> None:
    room = Room()
    room.ask()
    room.pass_time(4.0)
    room.do(changed(setup=replace(SETUP, model="gemini-2.5-flash-native-audio")))
    room.pass_time(10.0)
    room.ask()
    room.pass_time(4.0)
    *_, setup = room.sent(ms.Setup)
    assert isinstance(setup, ms.Setup)
    assert setup.model == "gemini-2.5-flash-native-audio"
    assert setup.resume is None


def test_where_there_is_no_line_the_next_is_as_it_is_set_now() -> None:
    room = Room()
    room.do(changed(setup=replace(SETUP, voice="Puck"), fallbacks=(SETUP,), always_connected=True))
    room.pass_time(1.0)
    [setup] = room.sent(ms.Setup)
    assert isinstance(setup, ms.Setup)
    assert setup.voice == "Puck"
    assert room.conversation.session.fallbacks == (SETUP,)


def test_settings_that_are_the_same_change_nothing() -> None:
    room = Room()
    room.ask()
    room.pass_time(4.0)
    room.do(changed())
    room.pass_time(20.0)
    assert room.count(Hang) == 0
