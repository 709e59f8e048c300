"""What a person is told of the microphone and the speaker, in a whole room."""

from __future__ import annotations

from appliance.core import events as ev
from appliance.core.effects import Beat, Reopen
from tests.core.room import Room

CARD = "'USB' at 48000 Hz, 1 channel"


def test_numbers_are_in_the_status_and_nowhere_else() -> None:
    room = Room()
    assert room.do(ev.Gauged("speaker", CARD, {"underruns": 3})) == []
    assert room.conversation.status(room.now)["sound"] == {"speaker": {"device": CARD, "underruns": 3}}


def test_a_doubt_is_told_when_it_comes_and_when_it_goes() -> None:
    room = Room()
    room.effects.clear()
    for doubt in ("", "it is silent", "it is silent", ""):
        room.do(ev.Gauged("microphone", CARD, {}, doubt))
        assert room.conversation.status(room.now)["microphone"] == (doubt or "open")
    assert room.told("microphone") == [{"state": "doubtful", "reason": "it is silent"}, {"state": "open"}]


def test_a_capture_that_stands_still_is_reopened_and_then_left_to_the_watchdog() -> None:
    room = Room()
    room.pass_time(30.0)
    assert (room.count(Reopen), room.count(Beat)) == (0, 3)
    room.pass_time(60.0, frames=False)
    assert (room.count(Reopen), room.count(Beat)) == (1, 3)
    [trouble] = room.told("trouble")
    assert trouble["what"] == "microphone"
    assert room.conversation.status(room.now)["microphone"] == "it stands still"
    room.do(ev.MicrophoneUp())
    room.pass_time(30.0)
    assert room.count(Beat) > 3


def test_a_capture_at_half_the_pace_is_reopened() -> None:
    room = Room()
    for number in range(700):
        room.now += 0.04
        room.promises.frames_since_beat = True
        room.do(ev.Heard(bytes(640), number, 0))
    assert room.count(Reopen) == 1
