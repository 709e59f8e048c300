"""What is asked over the control socket: see test_conversation.py for what comes of it in a room."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core.effects import Reply, Reread, SetLights, SetVolume
from appliance.core.lights import LightState

from .room import Room


@pytest.mark.parametrize(
    "request_",
    [
        ev.Talk(),
        ev.Talk(1.0),
        ev.Cancel(),
        ev.Mute(on=True),
        ev.Status(),
        ev.History(),
        ev.Lights(),
        ev.Lights("desk lamp"),
    ],
)
def test_what_can_be_done_at_once_is_answered_at_once(request_: ev.Request) -> None:
    replies = [e for e in Room().do(ev.Asked(7, request_)) if isinstance(e, Reply)]
    assert [(reply.ask, reply.body["ok"]) for reply in replies] == [(7, True)]


def test_a_muted_box_says_how_to_unmute_it() -> None:
    room = Room()
    room.do(ev.Asked(1, ev.Mute(on=True)))
    [reply] = [e for e in room.do(ev.Asked(2, ev.Talk())) if isinstance(e, Reply)]
    assert reply.body == {"ok": False, "error": "the box is muted", "remedy": "appliance unmute"}
    [reply] = [e for e in room.do(ev.Asked(3, ev.Mute(on=False))) if isinstance(e, Reply)]
    assert reply.body == {"ok": True, "muted": False}


@pytest.mark.parametrize("request_", [ev.Talk(), ev.Press(down=True)])
def test_without_a_microphone_nobody_can_talk(request_: ev.Request) -> None:
    room = Room()
    room.do(ev.MicrophoneDown("unplugged"))
    [reply] = [e for e in room.do(ev.Asked(1, request_)) if isinstance(e, Reply)]
    assert reply.body == {"ok": False, "error": "no microphone: unplugged"}


def test_a_finger_that_is_elsewhere_holds_the_button_to_talk() -> None:
    room = Room()
    room.pass_time(1.0)
    assert Reply(1, {"ok": True}) in room.do(ev.Asked(1, ev.Press(down=True)))
    room.pass_time(5.0, speech=True)
    assert room.conversation.turn.is_hearing
    assert not room.conversation.mute.is_on, "however long it takes to begin"
    [reply] = room.do(ev.Asked(2, ev.Press(down=True)))
    assert reply == Reply(2, {"ok": False, "error": "somebody presses the button already"})
    room.do(ev.Asked(3, ev.Press(down=False)))
    room.pass_time(1.0)
    assert not room.conversation.turn.is_hearing


def test_a_finger_at_the_button_is_stronger_than_one_elsewhere() -> None:
    room = Room()
    room.do(ev.Pressed())
    [reply] = room.do(ev.Asked(1, ev.Press(down=True)))
    assert reply == Reply(1, {"ok": False, "error": "somebody presses the button already"})
    assert room.do(ev.Asked(2, ev.Press(down=False))) == [Reply(2, {"ok": True})]
    assert room.conversation.button.has_finger


@pytest.mark.parametrize("request_", [ev.Scene("DINNER"), ev.Lights("kitchen lamp", "40", 0.0)])
def test_lights_are_set_by_name_or_by_scene(request_: ev.Request) -> None:
    [order] = [e for e in Room().do(ev.Asked(7, request_)) if isinstance(e, SetLights)]
    assert order.states["kitchen lamp"] == LightState(on=True, brightness=40)


def test_a_scene_that_is_not_there() -> None:
    [reply] = [e for e in Room().do(ev.Asked(7, ev.Scene("x"))) if isinstance(e, Reply)]
    assert reply.body == {"ok": False, "error": "there is no scene 'x'; there are: dinner"}


def test_the_scenes_are_told() -> None:
    [reply] = [e for e in Room().do(ev.Asked(7, ev.Scene())) if isinstance(e, Reply)]
    assert reply.body == {"ok": True, "scenes": ("dinner",)}


def test_the_history_is_of_turns_and_of_days() -> None:
    room = Room()
    room.conversation.timeline.mark(1, "ended", 1.0)
    room.conversation.timeline.mark(1, "first_byte", 1.5)
    room.conversation.timeline.close(1)
    [reply] = [e for e in room.do(ev.Asked(7, ev.History())) if isinstance(e, Reply)]
    assert reply.body["turns"] == [{"activity_end_to_first_byte": 500}]
    assert reply.body["days"] == room.conversation.ledger.days()


def test_the_volume_is_shown_and_set() -> None:
    room = Room()
    for ask, (asked, level) in enumerate(((None, 70), (40, 40), ("louder", 50), ("quieter", 40)), 10):
        effects = room.do(ev.Asked(ask, ev.Volume(asked)))  # type: ignore[arg-type]
        assert Reply(ask, {"ok": True, "volume": level}) in effects
        assert (SetVolume(level) in effects) is (asked is not None)


def test_a_reload_is_for_whoever_reads_the_configuration() -> None:
    assert [e for e in Room().do(ev.Asked(7, ev.Reload())) if isinstance(e, Reread)] == [Reread(7)]
