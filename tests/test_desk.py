"""What people are told: everything to the watchers, to the journal a line and no word of the room."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import pytest

from appliance.desk import Desk

DEBUG, INFO, WARNING = logging.DEBUG, logging.INFO, logging.WARNING


class Board:
    """A control socket that remembers."""

    def __init__(self) -> None:
        self.replies: list[tuple[int, Mapping[str, object]]] = []
        self.told: list[tuple[str, Mapping[str, object]]] = []

    def reply(self, ask: int, body: Mapping[str, object]) -> None:
        self.replies.append((ask, body))

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        self.told.append((kind, fields))


def down(
    why: str = "no network", reason: str = "", advice: str = "check it", retry_s: float = 1.0
) -> dict[str, object]:
    return {"state": "down", "why": why, "reason": reason, "advice": advice, "retry_s": retry_s}


News = tuple[str, dict[str, object]]
LINES: list[tuple[News, tuple[int, str] | None]] = [
    (("phase", {"mood": "listening"}), (DEBUG, "listening")),
    (("mute", {"state": "on"}), (INFO, "muted: the microphone is closed")),
    (("mute", {"state": "off"}), (INFO, "unmuted")),
    (("microphone", {"state": "muted", "reason": "muted"}), (DEBUG, "microphone closed")),
    (("conversation", {"state": "ended"}), (INFO, "conversation ended")),
    (("countdown", {"to": "restart", "in_s": 5.0}), (WARNING, "a very long press: restart in 5.0 s")),
    (("transcript", {"who": "person", "text": " the secret", "turn": 3}), None),
    (("line", {"state": "dialing"}), (INFO, "line dialing")),
    (("line", {"state": "live", "resumed": True}), (INFO, "line live")),
    (
        ("line", down(reason="closed")),
        (WARNING, "line down: no network (closed); check it; tried again in 1.0 s, or at a press"),
    ),
    (
        ("line", down(advice="")),
        (WARNING, "line down: no network (no reason given); tried again in 1.0 s, or at a press"),
    ),
    (("offline", {"state": "missing", "reason": "no file"}), (WARNING, "no offline brain: no file")),
    (("offline", {"state": "serving", "turn": 3}), (INFO, "offline brain serving")),
    (("turn", {"turn": 3, "outcome": "no answer"}), (INFO, "turn 3 no answer")),
    (
        ("turn", {"turn": 3, "outcome": "answered", "a_to_b": 7, "b_to_c": 9}),
        (INFO, "turn 3 answered: a_to_b 7 ms, b_to_c 9 ms"),
    ),
    (("call", {"name": "set_lights", "args": {"names": ["secret"]}}), (INFO, "function set_lights called")),
    (("answer", {"name": "set_lights", "response": {"x": "secret"}}), (INFO, "function set_lights answered")),
    (("timer", {"state": "set", "number": 2, "name": "secret", "left_s": 9}), (INFO, "timer 2 set")),
    (("timer", {"state": "rings", "number": 2, "late_s": 0}), (INFO, "timer 2 rings")),
    (("timer", {"state": "missed", "number": 2, "late_s": 7200}), (WARNING, "timer 2 missed, 7200 s late")),
    (("budget", {"limit": "soft"}), (WARNING, "the soft limit of [budget] is reached")),
    (("lost", {"what": "microphone frames", "count": 5}), (WARNING, "lost: 5 microphone frames")),
    (("trouble", {"what": "lights", "reason": "no pin"}), (WARNING, "lights: no pin")),
    (("trouble", {"what": "lights"}), (WARNING, "lights: ")),
    (("microphone", {"state": "missing", "reason": "unplugged"}), (WARNING, "no microphone: unplugged")),
    (("microphone", {"state": "open"}), (INFO, "microphone open")),
    (("speaker", {"state": "missing", "reason": "unplugged"}), (WARNING, "no speaker: unplugged")),
    (("speaker", {"state": "open"}), (INFO, "speaker open")),
    (
        ("echo", {"shield": "cancel", "why": "", "lowered_db": 31.0}),
        (INFO, "echo cancel, lowered by 31.0 dB"),
    ),
    (("echo", {"shield": "half-duplex", "why": "too loud"}), (WARNING, "echo half-duplex: too loud")),
    (("barge-in", {"turn": 3}), (INFO, "turn 3 was spoken over")),
    (("camera", {"state": "looking", "why": "listening"}), (INFO, "camera looking: listening")),
    (("camera", {"state": "shut"}), (INFO, "camera shut")),
    (("camera", {"state": "missing", "reason": "unplugged"}), (WARNING, "no camera: unplugged")),
    (("lights", {"lights": {"secret lamp": {"power": "on"}}}), None),
    (("usage", {"prompt": 1, "response": 2, "total": 3}), None),
    (("unknown", {"what": "secret"}), None),
    (("news of tomorrow", {}), None),
]


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(DEBUG, "appliance.desk")


@pytest.mark.parametrize(("news", "line"), LINES)
def test_every_kind_of_news_has_its_line(
    news: News, line: tuple[int, str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board()
    Desk(board, transcripts=False).tell(*news)
    assert board.told == [news]
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == ([line] if line else [])
    assert [r.__dict__["APPLIANCE_EVENT"] for r in caplog.records] == ([news[0]] if line else [])
    assert "secret" not in caplog.text


def test_a_transcript_is_written_only_where_that_was_switched_on(caplog: pytest.LogCaptureFixture) -> None:
    Desk(Board(), transcripts=True).tell("transcript", {"who": "person", "text": " Turn it on", "turn": 3})
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [(INFO, "person: Turn it on")]
    assert caplog.records[0].__dict__["TURN"] == "3"


def test_the_journal_can_be_searched_by_turn_and_latency(caplog: pytest.LogCaptureFixture) -> None:
    steps = {"speech_end_to_first_sample": 640, "other": 7}
    Desk(Board(), transcripts=False).tell("turn", {"turn": 3, "outcome": "answered", **steps})
    fields = caplog.records[0].__dict__
    assert (fields["TURN"], fields["LATENCY_MS"]) == ("3", "640")


def levels(desk: Desk, caplog: pytest.LogCaptureFixture, *news: News) -> list[int]:
    caplog.clear()
    for one in news:
        desk.tell(*one)
    return [record.levelno for record in caplog.records]


def test_the_first_failure_is_a_warning_and_its_repeats_are_not(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Board(), transcripts=False)
    away, busy, live = ("line", down()), ("line", down("busy")), ("line", {"state": "live"})
    assert levels(desk, caplog, away, away, busy, away, busy) == [WARNING, DEBUG, WARNING, DEBUG, DEBUG]
    assert levels(desk, caplog, live, away) == [INFO, WARNING]
    trouble = ("trouble", {"what": "lights", "reason": "x"})
    assert levels(desk, caplog, trouble, trouble) == [WARNING, DEBUG]


def test_a_microphone_that_comes_back_may_fail_again(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(Board(), transcripts=False)
    for kind in ("microphone", "speaker"):
        missing = (kind, {"state": "missing", "reason": "x"})
        there = (kind, {"state": "open"})
        assert levels(desk, caplog, missing, missing, there, missing) == [WARNING, DEBUG, INFO, WARNING]


def test_replies_and_news_reach_the_socket_and_every_watcher() -> None:
    board, seen = Board(), []
    desk = Desk(board, transcripts=False)
    desk.watchers.append(lambda kind, fields: seen.append((kind, fields)))
    desk.watchers.append(lambda kind, fields: seen.append((kind, fields)))
    desk.reply(4, {"ok": True})
    desk.tell("usage", {"total": 3})
    assert board.replies == [(4, {"ok": True})]
    assert board.told == [("usage", {"total": 3})]
    assert seen == [("usage", {"total": 3})] * 2
