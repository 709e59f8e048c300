"""A timer that is due in a room with a person, a service and lights: what is heard, said and seen."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.earcons import Earcon
from appliance.core.effects import Chime, Dial, Effect, Hush, Keep, Look, Reply, SetLights, Show
from appliance.core.floor import Idle, Listening, Speaking
from appliance.core.lights import FromTimer
from appliance.core.mood import Mood

from .room import Room, answers, calls

EGG = ev.Asked(1, ev.SetTimer(10.0, "egg"))


def with_clock(**changes: object) -> Room:
    room = Room(**changes)  # type: ignore[arg-type]
    room.do(room.wall())
    return room


def chimes(room: Room) -> int:
    return room.count(Chime)


def states(room: Room) -> list[object]:
    return [told["state"] for told in room.told("timer")]


def replies(effects: list[Effect]) -> list[dict[str, object]]:
    return [dict(effect.body) for effect in effects if isinstance(effect, Reply)]


# -- the ring -----------------------------------------------------------------------------------------


def test_it_rings_shows_it_and_ends_by_itself() -> None:
    room = with_clock()
    [reply] = replies(room.do(EGG))
    assert reply["ok"] is True
    assert reply["timers"] == [
        {"number": 1, "name": "egg", "left_s": 10, "left": "10 seconds", "kind": "ring"}
    ]
    room.pass_time(9.9)
    assert chimes(room) == 0
    room.pass_time(0.2)
    assert room.conversation.mood is Mood.TIMER
    assert [e for _, e in room.effects if isinstance(e, Chime)] == [Chime(Earcon.TIMER, 30)]
    [reply] = replies(room.do(ev.Asked(2, ev.Status())))
    assert (reply["timers"], reply["ringing"]) == ([], ["timer 1 (egg)"])
    room.pass_time(60.0)
    assert room.count(Hush) == 1
    assert states(room) == ["set", "rings", "not heard"]
    assert room.conversation.mood is Mood.IDLE
    assert room.count(Dial) == 0, "it takes no line to ring"


def test_a_press_silences_the_ring_and_does_nothing_else() -> None:
    room = with_clock()
    room.do(EGG)
    room.pass_time(12.0)
    room.press()
    assert states(room)[-1] == "silenced"
    assert isinstance(room.conversation.turn.phase, Idle)
    assert room.count(Dial) == 0
    room.press()
    assert isinstance(room.conversation.turn.phase, Listening), "the next one is for the box"


@pytest.mark.parametrize("request_", [ev.Cancel(), ev.Timers(""), ev.Timers("egg"), ev.Timers("all")])
def test_a_command_silences_it(request_: ev.Request) -> None:
    room = with_clock()
    room.do(EGG)
    room.pass_time(12.0)
    assert replies(room.do(ev.Asked(2, request_)))[0]["ok"] is True
    assert states(room)[-1] == "silenced"
    assert room.conversation.mood is Mood.IDLE


def test_while_the_box_listens_it_waits_and_rings_on_afterwards() -> None:
    room = with_clock()
    room.do(EGG)
    room.pass_time(8.0)
    room.press()
    room.pass_time(3.0)
    assert states(room) == ["set", "rings"]
    assert chimes(room) == 0, "it would hear itself"
    room.pass_time(5.0)  # nobody spoke
    assert chimes(room) == 1
    room.pass_time(60.0)
    assert states(room)[-1] == "not heard"


def test_who_speaks_after_it_rang_has_heard_it() -> None:
    room = with_clock()
    room.do(EGG)
    room.pass_time(11.0)
    room.do(ev.Asked(2, ev.Talk()))
    room.pass_time(0.5)
    assert room.count(Hush) == 1, "held as long as it listens"
    room.pass_time(1.0, speech=True)
    assert states(room)[-1] == "heard"
    room.pass_time(20.0)
    assert chimes(room) == 1


def test_who_was_speaking_when_it_was_due_has_not() -> None:
    room = with_clock(service=lambda room, message: None)
    room.do(EGG)
    room.pass_time(8.0)
    room.press()
    room.pass_time(0.5)
    room.pass_time(5.0, speech=True)
    assert states(room) == ["set", "rings"]
    assert chimes(room) == 0
    room.pass_time(1.0)
    assert chimes(room) == 1


def test_a_speaker_that_comes_back_is_told_again() -> None:
    room = with_clock()
    room.do(EGG)
    room.pass_time(11.0)
    room.do(ev.SpeakerDown("unplugged"))
    assert [e for e in room.do(ev.SpeakerUp()) if isinstance(e, Chime)]


# -- the model is told ----------------------------------------------------------------------------------


def test_the_model_is_told_when_it_rings_and_speaks_when_it_is_free() -> None:
    service = calls("set_timer", seconds=30, name="pasta")

    def and_speaks(room: Room, message: ms.ClientMessage) -> None:
        service(room, message)

    room = with_clock(service=and_speaks)
    room.ask()
    room.pass_time(20.0)
    [first] = [a for m in room.sent(ms.ToolResponse) for a in m.answers]  # type: ignore[union-attr]
    assert (first.will_continue, first.scheduling) == (True, "WHEN_IDLE")
    assert not room.conversation.calls.is_open, "nothing waits for it"
    room.pass_time(25.0)
    [_, last] = [a for m in room.sent(ms.ToolResponse) for a in m.answers]  # type: ignore[union-attr]
    assert last == ms.FunctionAnswer(first.id, "set_timer", {"timer": "pasta", "rings": True}, "WHEN_IDLE")
    assert chimes(room) >= 1
    assert room.conversation.turn.number >= 2, "it said so in a turn of its own"


def test_a_line_that_is_gone_leaves_it_to_the_ring() -> None:
    room = with_clock(service=calls("set_timer", seconds=300, name="pasta"), idle_close_s=60.0)
    room.ask()
    room.pass_time(250.0)
    assert room.conversation.session.link is None
    room.pass_time(60.0)
    assert len(room.sent(ms.ToolResponse)) == 1
    assert "rings" in states(room)
    assert chimes(room) == 1


def test_the_ring_goes_on_while_the_model_speaks() -> None:
    room = with_clock(service=answers)
    room.do(EGG)
    room.pass_time(7.0)
    room.do(ev.Asked(2, ev.Say("Dinner!")))
    room.pass_time(4.0)
    assert isinstance(room.conversation.turn.phase, Speaking | Listening)
    assert "rings" in states(room)
    assert Mood.TIMER not in [e.mood for _, e in room.effects if isinstance(e, Show)], "speaking is stronger"


# -- lights -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [{"at": "22:00"}, {"seconds": 1800}])
def test_lights_at_ten(args: dict[str, object]) -> None:
    room = with_clock(service=calls("set_timer", lights=["kitchen lamp"], power="on", **args))
    room.ask()
    room.pass_time(20.0)
    assert room.count(SetLights) == 0
    room.pass_time(1800.0, frames=False)
    [order] = [e for _, e in room.effects if isinstance(e, SetLights)]
    assert order.origin == FromTimer(1)
    assert room.conversation.calls.lighting.states["kitchen lamp"].on
    assert room.count(Look) == ("at" in args)
    assert chimes(room) == 0
    assert states(room) == ["set", "due"]


def test_lights_that_cannot_be_set_any_more_are_told() -> None:
    deed = {"function": "set_lights", "args": {"names": ["moon"], "power": "on"}}
    former = {"timers": [{"number": 5, "name": "", "deed": deed, "left_s": 5, "epoch_s": None}]}
    room = with_clock(timers=former)
    room.pass_time(6.0)
    [trouble] = room.told("trouble")
    assert trouble["what"] == "timer 5"
    assert "there is no light 'moon'" in str(trouble["reason"])


# -- the clock ----------------------------------------------------------------------------------------


def test_a_clock_that_is_set_brings_a_time_of_day_nearer() -> None:
    room = with_clock(service=calls("set_timer", at="22:00", name="tea"))
    room.ask()
    room.pass_time(30.0)
    room.ahead_s = 29 * 60.0
    room.do(room.wall())
    assert "rings" not in states(room)
    room.pass_time(60.0)
    assert "rings" in states(room)
    room.ahead_s = 6 * 3600.0
    room.do(ev.Asked(3, ev.Timers("all")))


def test_what_the_box_missed_is_told() -> None:
    epoch_s = Room().wall().epoch_s
    former = {
        "timers": [
            {"number": 1, "name": "tea", "deed": None, "left_s": 60, "epoch_s": epoch_s - 7200},
            {"number": 2, "name": "egg", "deed": None, "left_s": 60, "epoch_s": epoch_s - 90},
        ]
    }
    room = with_clock(timers=former)
    assert [(told["state"], told["number"], told["late_s"]) for told in room.told("timer")] == [
        ("missed", 1, 7200),
        ("rings", 2, 90),
    ]
    [reply] = replies(room.do(ev.Asked(1, ev.Status())))
    assert reply["missed"] == ["timer 1 (tea), by 2 hours"]


def test_timers_are_kept_when_they_change() -> None:
    room = with_clock()
    room.do(EGG)
    room.do(ev.Asked(3, ev.SetTimer(20.0)))
    room.do(ev.Asked(2, ev.Timers("2")))
    kept = [e for _, e in room.effects if isinstance(e, Keep) and e.name == "timers"]
    assert [len(keep.value["timers"]) for keep in kept] == [1, 2, 1]  # type: ignore[arg-type]
    again = Room(timers=kept[-1].value)
    room.pass_time(5.0)
    again.now = room.now
    again.do(again.wall())
    [reply] = replies(again.do(ev.Asked(1, ev.Timers())))
    assert reply["timers"] == [{"number": 1, "name": "egg", "left_s": 5, "left": "5 seconds", "kind": "ring"}]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (ev.Timers("egg"), "there is no timer 'egg'; there are: none"),
        (ev.SetTimer(0.5), "a timer runs from 1 second to 7 days"),
        (ev.SetTimer(60.0, "x" * 50), "the name of a timer has at most 40 letters"),
    ],
)
def test_what_cannot_be_done_is_said(request_: ev.Request, error: str) -> None:
    room = with_clock()
    assert replies(room.do(ev.Asked(1, request_))) == [{"ok": False, "error": error}]
