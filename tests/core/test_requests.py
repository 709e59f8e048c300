"""What is asked over the control socket: see test_conversation.py for what comes of it in a room."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core.effects import Reply

from .room import Room


@pytest.mark.parametrize(
    "request_", [ev.Talk(), ev.Talk(1.0), ev.Cancel(), ev.Status(), ev.Lights(), ev.Lights("desk lamp")]
)
def test_what_can_be_done_at_once_is_answered_at_once(request_: ev.Request) -> None:
    replies = [e for e in Room().do(ev.Asked(7, request_)) if isinstance(e, Reply)]
    assert [(reply.ask, reply.body["ok"]) for reply in replies] == [(7, True)]


def test_without_a_microphone_nobody_can_talk() -> None:
    room = Room()
    room.do(ev.MicrophoneDown("unplugged"))
    [reply] = [e for e in room.do(ev.Asked(1, ev.Talk())) if isinstance(e, Reply)]
    assert reply.body == {"ok": False, "error": "no microphone: unplugged"}


def test_a_change_without_a_name_cannot_be_asked_for() -> None:
    with pytest.raises(AssertionError, match="Lights has a name"):
        Room().do(ev.Asked(1, ev.Lights(3, "on")))  # type: ignore[arg-type]
