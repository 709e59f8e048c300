"""What `status` shows."""

from __future__ import annotations

import json

from appliance.core import events as ev
from appliance.core.report import report
from tests.core.room import Room


def test_everything_that_a_person_asks_for_is_there_and_is_json() -> None:
    room = Room()
    assert report(room.conversation, room.now)["speaker"] == "not opened yet"
    room.do(ev.SpeakerUp())
    room.do(ev.WallClock("2026-11-22"))
    room.ask()
    room.pass_time(3.0)
    shown = report(room.conversation, room.now)
    assert shown["says"] == repr(room.conversation)
    assert (shown["phase"], shown["microphone"], shown["speaker"], shown["trouble"]) == (
        "follow-up",
        "open",
        "open",
        None,
    )
    usage = shown["usage"]
    assert isinstance(usage, dict)
    assert (usage["today"]["total"], usage["today"]["turns"]) == (30, 1)
    assert usage["today"]["spoken_ms"] == 1000
    assert usage["today"]["heard_ms"] > 1500
    assert json.loads(json.dumps(shown)) == shown


def test_trouble_is_told_with_its_advice() -> None:
    room = Room(reachable=False)
    room.ask()
    trouble = report(room.conversation, room.now)["trouble"]
    assert isinstance(trouble, dict)
    assert trouble["what"] == "no network"


def test_how_old_the_line_is_and_the_session_that_went_on_over_it() -> None:
    room = Room(reachable=False)
    assert report(room.conversation, room.now)["line"] is None
    room = Room()
    room.ask()
    line = report(room.conversation, room.now + 100)["line"]
    assert isinstance(line, dict)
    assert line["age_s"] == line["session_age_s"] >= 100
    assert line["resumed"] == 0
