"""What was, is again: lives are recorded and replayed, and no word of them is in the file."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.effects import Send
from appliance.core.floor import Manners
from appliance.errors import TraceError
from appliance.recorder import files, recorder
from appliance.recorder.codec import Encoder
from appliance.recorder.log import Log
from appliance.recorder.replay import replay
from tests.core.room import Room, answers, calls
from tests.core.test_conversation import happenings

from .lives import Watched, lines_of, only_flight

SPOKEN = ("Wednesday", "umbrella", "chandelier", "typewriter", "ostrich")
HANDLE = "Hk9-very-secret-bearer-0042"


def asked(room: Watched) -> Path:
    """The flight that somebody asked for."""

    async def life() -> None:
        assert room.recorder is not None
        room.recorder.ask()
        await room.recorder.close()

    asyncio.run(life())
    return only_flight(room.state)


def talkative(room: Room, message: ms.ClientMessage) -> None:
    match message:
        case ms.Setup():
            room.says(ms.SetupComplete())
        case ms.ActivityEnd() | ms.Content():
            call = ms.FunctionCall("umbrella-7", "set_lights", {"names": ["chandelier"], "power": "on"})
            good = ms.FunctionCall("b", "set_lights", {"names": ["Desk lamp"], "power": "On"})
            room.says(ms.PersonSaid(" Wednesday umbrella?"), delay_s=0.2)
            room.says(ms.ToolCall((call, good)), delay_s=0.3)
        case ms.ToolResponse(answers=(ms.FunctionAnswer(id="b"),)):
            room.says(ms.ModelSaid("The chandelier"), ms.Words("an ostrich"), delay_s=0.1)
            room.says(ms.Speech(b"\7\7" * 2400, 24_000), delay_s=0.2)
            room.says(ms.Usage(10, 20, 30), ms.TurnComplete(), delay_s=0.4)
            room.says(ms.Resumption(ms.Handle(HANDLE)), delay_s=0.5)


def test_a_life_is_the_same_again(tmp_path: Path) -> None:
    room = Watched(tmp_path, talkative)
    room.ask()
    room.pass_time(5.0)
    room.do(ev.Asked(1, ev.Ask("What about the typewriter?")))
    room.pass_time(3.0)
    room.do(ev.Asked(2, ev.Lights("chandelier", "ostrich")))
    room.do(ev.LinkDown(room.promises.link, ev.Cause.CLOSED, 1011, f"try {HANDLE} later"))
    room.ask()
    room.pass_time(10.0)
    path = asked(room)
    result = replay(path)
    assert result.divergence is None, str(result)
    assert result.events > 900
    text = path.read_text(encoding="utf-8")
    for word in (*SPOKEN, HANDLE, "umbrella-7"):
        assert word.casefold() not in text.casefold(), word
    assert "handle-1" in text
    assert "Desk lamp" in text, "a name of the configuration decides, and is no secret"
    assert "········· ········?".replace("?", "·") in text, "the shape of what was said"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_chance_gave_is_kept(tmp_path: Path) -> None:
    room = Watched(tmp_path, reachable=False)
    room.ask()
    room.pass_time(60.0)
    path = asked(room)
    assert any(line.get("drawn") for line in lines_of(path))
    assert replay(path).divergence is None


def test_a_long_life_is_bounded_and_its_end_still_replays(tmp_path: Path) -> None:
    room = Watched(tmp_path)
    for _ in range(40):
        room.ask()
        room.pass_time(60.0)
        room.effects.clear()
    assert room.recorder is not None
    kept = room.recorder._kept()
    assert sum(len(item) if isinstance(item, str) else 9 * len(item.moments) for item in kept) < 1_000_000
    path = asked(room)
    assert path.stat().st_size < 3_000_000
    assert sum("start" in line for line in lines_of(path)) == 2, "the former segment, and this one"
    assert replay(path).divergence is None, str(replay(path))


def test_a_bug_replays_to_the_bug(tmp_path: Path) -> None:
    room = Watched(tmp_path)
    room.ask()
    room.pass_time(1.0)
    assert room.recorder is not None
    wrong = ev.Asked(1, "a secret")  # type: ignore[arg-type]
    try:
        room.conversation.handle(wrong, room.now)
    except AssertionError as bug:
        room.recorder.crashed((wrong, room.now, None), bug)
    path = only_flight(tmp_path)
    last = lines_of(path)[-1]
    assert last["crash"] == "AssertionError"
    assert str(last["raised_at"]).endswith(" assert_never")
    assert "secret" not in path.read_text()
    result = replay(path)
    assert result.divergence is None
    assert str(result).endswith("the last one raises AssertionError, as it did then")


def test_a_bug_of_the_hands_keeps_the_event_it_was_for(tmp_path: Path) -> None:
    room = Watched(tmp_path)
    assert room.recorder is not None
    effects = room.conversation.handle(ev.Pressed(), room.now)
    room.recorder.crashed((ev.Pressed(), room.now, effects), RuntimeError("x"))
    *_, event, end = lines_of(only_flight(tmp_path))
    assert event["event"] == {"@": "events.Pressed"}
    assert end["event"] is None
    assert end["crash"] == "RuntimeError"
    assert replay(only_flight(tmp_path)).divergence is None


def test_a_box_that_crashes_at_every_start_writes_once(tmp_path: Path) -> None:
    for _ in range(3):
        room = Watched(tmp_path)
        assert room.recorder is not None
        room.recorder.crashed(None, RuntimeError("x"))
    assert only_flight(tmp_path)


def test_five_files_are_kept(tmp_path: Path) -> None:
    paths = []
    for number in range(8):
        path = files.write_flight(tmp_path, files.Header("", "", ()), [])
        assert path is not None
        os.utime(path, (number, number))
        paths.append(path)
    assert sorted(tmp_path.iterdir()) == sorted(paths[3:])


def test_a_disk_that_is_full_costs_the_trace_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(files, "FREE_BYTES", 1 << 62)
    room = Watched(tmp_path)
    assert room.recorder is not None
    room.recorder.crashed(None, RuntimeError("x"))
    with pytest.raises(ValueError, match="not enough values"):
        asked(room)
    assert [r.message for r in caplog.records if "nearly full" in r.message]


# -- the trace from the start -------------------------------------------------------------------------


def traced(room: Watched, file: Path) -> None:
    async def life() -> None:
        assert room.recorder is not None
        room.recorder.trace(file)
        room.ask()
        room.pass_time(4.0)
        await room.recorder.close()

    asyncio.run(life())


def test_a_trace_from_the_start(tmp_path: Path) -> None:
    room = Watched(tmp_path, calls("set_lights", names=["all"], power="on"))
    traced(room, tmp_path / "trace")
    result = replay(tmp_path / "trace")
    assert result.divergence is None, str(result)
    assert result.events > 300


def test_a_trace_is_a_new_file(tmp_path: Path) -> None:
    room = Watched(tmp_path)
    assert room.recorder is not None
    for path in (tmp_path / "there", tmp_path / "link"):
        if path.name == "there":
            path.write_text("precious")
        else:
            path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(TraceError, match="there already"):
            room.recorder.trace(path)
    assert (tmp_path / "there").read_text() == "precious"
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(TraceError, match="cannot be written"):
        room.recorder.trace(tmp_path / "nowhere" / "x")


def test_a_trace_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(recorder, "TRACE_BYTES", 20_000)
    traced(Watched(tmp_path), tmp_path / "trace")
    assert (tmp_path / "trace").stat().st_size <= 20_000
    assert "is full" in caplog.text
    assert replay(tmp_path / "trace").divergence is None


# -- any life -----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(happenings, max_size=30), st.booleans())
def test_any_life_is_the_same_again(
    tmp_path_factory: pytest.TempPathFactory, life: list[object], reachable: bool
) -> None:
    room = Watched(tmp_path_factory.mktemp("f"), answers, reachable, manners=Manners(max_utterance_s=8.0))
    for number, happening in enumerate(life):
        match happening:
            case (str(how), float(seconds)):
                room.promises.frames_since_beat = True
                room.pass_time(
                    min(seconds, 40.0), speech=how == "speak", frames=how != "gone" and seconds < 10
                )
            case (int(link), list(several)):
                wanted = [m for m in several if not isinstance(m, ms.ToolCall | ms.ToolCallCancellation)]
                room.do(ev.Received(link, tuple(wanted)))
            case ev.Talk() | ev.Press() | ev.Ask() | ev.Say() | ev.Cancel() | ev.Status() | ev.Lights():
                room.do(ev.Asked(number, happening))
            case ev.LinkDown(link) if link == room.promises.link:
                pass
            case _:
                room.promises.frames_since_beat = True
                room.do(happening)  # type: ignore[arg-type]
    result = replay(asked(room))
    assert result.divergence is None, str(result)


def test_the_short_way_of_a_frame_is_the_long_way() -> None:
    """A frame that is sent on is written without the codec: it must not know less of it."""
    event = ev.Heard(b"\1\0" * 320, 7, speech=5, lost=2)
    effects = [Send(3, ms.Audio(b"\1\0" * 640))]
    log = Log()
    log.note(1.5, event, effects, "x", [])
    [text] = log.items
    assert isinstance(text, str)
    told = json.loads(text)
    assert told["event"] == Encoder().encode(event)
    assert told["effects"] == [Encoder().encode(effect) for effect in effects]
    log.note(1.5, ev.Heard(b"\1\0" * 320, 7, speech=9), [], "x", [])
    wide = ev.Heard(b"\1\0" * 320, 8, 9, wide=b"\1\0" * 960, rate_hz=48_000)
    log.note(1.6, wide, [], "x", [])
    assert json.loads(str(log.items[-1]))["event"] == Encoder().encode(wide), "which is kept in no Run"
    known = {"@", "pcm", "index", "speech", "lost", "wide", "rate_hz"}
    assert set(told["event"]) == known, "a Run keeps every field of Heard, or says in replay.py what it was"
