"""A file is made by whoever made it: a divergence is shown, and what is no trace is one clear sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.cli import run
from appliance.core import events as ev
from appliance.core.chimes import Earcons
from appliance.core.earcons import Earcon, length_s
from appliance.errors import TraceError
from appliance.recorder import replay as module
from appliance.recorder.files import FORMAT
from appliance.recorder.replay import replay

from .lives import Watched, lines_of, written
from .test_recorder import asked

Line = dict[str, Any]


@pytest.fixture(name="lines", scope="module")
def _lines(tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    room = Watched(tmp_path_factory.mktemp("flight"))
    room.press()
    room.pass_time(1.0, speech=True)
    room.pass_time(3.0)
    return lines_of(asked(room))


def place(lines: list[Line], kind: str, key: str = "event") -> int:
    return next(n for n, line in enumerate(lines) if kind in json.dumps(line.get(key, "")))


def test_it_says_how_many(lines: list[Line], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "t", lines)
    assert run(["replay", str(path)]) == 0
    assert capsys.readouterr().out == f"{replay(path).events} events, no divergence\n"
    assert run(["replay", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True


def test_the_first_divergence_is_shown(
    lines: list[Line], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = json.loads(json.dumps(lines))
    dial = next(line for line in changed if "effects.Dial" in json.dumps(line.get("effects", [])))
    dial["effects"] = [e for e in dial["effects"] if e["@"] != "effects.Dial"]
    changed[0]["core"] = "another"
    path = written(tmp_path / "t", changed)
    assert run(["replay", str(path)]) == 1
    out = capsys.readouterr().out
    assert "other effects" in out
    assert '+  "@": "effects.Dial"' in out
    assert "written by another version of the core" in out
    assert run(["replay", str(path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert told["divergence"]["what"] == "effects"


def test_other_looks_are_a_divergence(lines: list[Line], tmp_path: Path) -> None:
    changed = json.loads(json.dumps(lines))
    changed[place(changed, "events.Pressed")]["shown"] = "link 7 live"
    found = replay(written(tmp_path / "t", changed)).divergence
    assert found is not None
    assert (found.what, found.expected) == ("state", "link 7 live")


def test_another_state_at_the_next_start_is_a_divergence(lines: list[Line], tmp_path: Path) -> None:
    found = replay(written(tmp_path / "t", [*lines, lines[1]])).divergence
    assert found is not None
    assert found.what == "state"


def test_a_bug_that_is_gone_is_a_divergence_and_so_is_a_new_one(lines: list[Line], tmp_path: Path) -> None:
    end = {"now": lines[-1]["now"][-1] if "frames" in lines[-1] else lines[-1]["now"], "crash": "KeyError"}
    gone = replay(written(tmp_path / "t", [*lines, {**end, "event": {"@": "events.Wake"}}])).divergence
    assert gone is not None
    assert gone.expected == "KeyError"
    other = replay(written(tmp_path / "t", [*lines, {**end, "event": {"@": "messages.Text", "text": ""}}]))
    assert other.divergence is not None
    assert str(other.divergence.got).startswith("AssertionError")
    wrong = {"now": 1.0, "event": {"@": "messages.Text", "text": ""}, "effects": []}
    bug = replay(written(tmp_path / "t", [*lines, wrong])).divergence
    assert bug is not None
    assert bug.what == "bug"


def changed(key: str, value: object, at: int) -> Callable[[list[Line]], list[Any]]:
    def change(lines: list[Line]) -> list[Any]:
        return [{**line, key: value} if n == at else line for n, line in enumerate(lines)]

    return change


def event(**more: object) -> Callable[[list[Line]], list[Any]]:
    usual = {"now": 1.0, "event": {"@": "events.Wake"}, "effects": []}
    return lambda lines: [*lines, usual | more]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda lines: [], "line 1 is not whole: it is empty"),
        (lambda lines: lines[1:], "its first line does not say so"),
        (changed("trace", FORMAT + 1, 0), f"a newer version .format {FORMAT + 1}"),
        (changed("trace", 0, 0), "this is no trace"),
        (changed("names", "x", 0), "this is no trace"),
        (changed("names", [1], 0), "this is no trace"),
        (lambda lines: [lines[0], lines[2]], "line 2 cannot be understood: it has no start"),
        (lambda lines: [lines[0], []], "line 2 is no object"),
        (lambda lines: [lines[0], {"x": 1}], "it says nothing that we know"),
        (lambda lines: [lines[0], {"start": {"@": "turn.Turn", "#": 0}}], "something else than a conv"),
        (event(now="soon"), "its moment is none"),
        (event(now=1e999), "its moment is none"),
        (event(drawn=["x"]), "its delays are none"),
        (event(event={"@": "os.System"}), "knows no 'os.System'"),
        (lambda lines: [*lines, {"frames": 1, "speech": "9", "now": []}], "not as many as their moments"),
        (lambda lines: [*lines, {"frames": 1, "speech": "x", "now": [1]}], "not as many as their moments"),
        (
            lambda lines: [*lines, {"now": 0, "event": None, "crash": "X"}, lines[-1]],
            "goes on after its end",
        ),
    ],
)
def test_what_is_no_trace(
    lines: list[Line], tmp_path: Path, change: Callable[[list[Line]], list[Any]], why: str
) -> None:
    with pytest.raises(TraceError, match=why):
        replay(written(tmp_path / "t", change(lines)))


def test_bytes_that_are_no_trace(
    lines: list[Line],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(tmp_path / "t", lines)
    whole = path.read_bytes()
    cut = whole[: len(whole) - 20]
    deep = whole + b'{"start":' + b'{"a":' * 900 + b"1" + b"}" * 901 + b"\n"
    for content, why in (
        (cut, "is not whole: it is cut off"),
        (b"\x00\xff\n", "line 1 is not JSON"),
        (b"[" * 100_000 + b"\n", "line 1 is not JSON"),
        (deep, "cannot be understood"),
    ):
        path.write_bytes(content)
        with pytest.raises(TraceError, match=why):
            replay(path)
    assert run(["replay", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"appliance: {tmp_path} is no file\n"
    with pytest.raises(TraceError, match="no file"):
        replay(tmp_path / "none")
    monkeypatch.setattr(module, "MOST_FILE_BYTES", 3)
    with pytest.raises(TraceError, match="too large"):
        replay(path)


def test_a_trace_that_is_too_long(lines: list[Line], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_STEPS", 3)
    with pytest.raises(TraceError, match="too long"):
        replay(written(tmp_path / "t", lines))


def test_what_is_told_of_the_devices_and_the_sounds_is_done_again(tmp_path: Path) -> None:
    earcons = Earcons({earcon: length_s(earcon) for earcon in Earcon}, (1320, 420))
    room = Watched(tmp_path, earcons=earcons)
    for doubt in ("", "it delivers digital silence", ""):
        room.do(ev.Gauged("microphone", "'My USB' at 48000 Hz, 2 channels", {"overflows": 3}, doubt))
    room.ask()
    room.pass_time(30.0)
    room.pass_time(30.0, frames=False)
    path = asked(room)
    assert replay(path).divergence is None
    assert "My USB" not in path.read_text(encoding="utf-8")
