"""`appliance demo --lights` draws what the pins of the status light show."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from appliance.core.mood import Mood
from appliance.demo.lantern import BARS, SHOWN_S, View, seen, show_lights, strip, views


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "appliance", "demo", "--lights", *words]
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_every_state_is_there_and_every_count_of_a_refusal() -> None:
    assert {view.mood for view in views()} == set(Mood)
    meanings = [view.meaning for view in views()]
    assert len(set(meanings)) == len(meanings)
    assert {"refused: quota", "refused: something else", "offline: service overloaded"} <= set(meanings)


@pytest.mark.parametrize(
    ("mood", "count"), [(Mood.NO_SPEAKER, 3), (Mood.NO_MICROPHONE, 4), (Mood.CLOCK, 6), (Mood.OFFLINE, 6)]
)
def test_a_strip_can_be_counted(mood: Mood, count: int) -> None:
    """So many flashes begin in four seconds, of rounds of 1.6, 2.1, 2.6 and 3.1 s."""
    drawn = " " + strip(View(mood, "", ""))
    assert sum(drawn[at : at + 2] == " █" for at in range(len(drawn) - 1)) == count
    assert len(drawn) - 1 == SHOWN_S * 10


def test_what_is_drawn_was_on_the_pins() -> None:
    [muted] = set(seen(View(Mood.MUTED, "", ""), 1.0))
    assert muted == (1.0, 0.0, 0.0)
    listening = {blue for _, _, blue in seen(View(Mood.LISTENING, "", ""), 1.0)}
    assert len(listening) > 5, "it follows the voice"


def test_without_a_terminal_it_is_a_table() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == len(views())
    assert lines[1].split() == ["muted", "█" * 40]
    assert set("".join(line[34:] for line in lines)) <= set(BARS)


def test_as_json_it_is_what_the_pins_showed() -> None:
    rows = json.loads(run("--json").stdout)
    assert [row["mood"] for row in rows][:2] == ["fatal", "muted"]
    assert all(len(row["seen"]) == 100 for row in rows)


def test_in_a_terminal_it_moves_in_colours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert show_lights(as_json=False, sleep=slept.append) == 0
    out = capsys.readouterr().out
    assert "\033[38;2;255;0;0m●" in out
    assert sum(slept) == pytest.approx(len(views()) * SHOWN_S)
