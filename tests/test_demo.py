"""`appliance demo` as a person runs it, and what it would say if not all of it happened."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.cli import run
from appliance.demo.clips import requests
from appliance.demo.screen import WIDTH
from tests.demo.sounds import frames_of, tape
from tests.soundserver import SoundServer, missing_tools

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "appliance", "demo"]
PATIENCE_S = 240  # ten times what a loaded machine takes
KITCHEN = ROOT / "appliance" / "standin" / "requests" / "turn-on-the-kitchen-light.wav"


def shown(*options: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The demo, run to its end; it never shows a traceback, whatever it was asked for."""
    done = subprocess.run(
        [*COMMAND, *map(str, options)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


# -- all of it ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_all_of_it_happens(tmp_path: Path) -> None:
    done = shown("--speed", 4, "--save", tmp_path / "kept")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "All of it happened" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= WIDTH
    assert "\x1b" not in done.stdout
    clips = requests()
    for clip in clips:
        assert clip.name in done.stdout
        if clip.calls:
            assert clip.text in done.stdout.lower()
    assert any(not clip.calls for clip in clips), "a question that must be refused is among the requests"
    assert "while i am offline" in " ".join(done.stdout.lower().split()), "wherever its line ends"
    for lamp in ("(*) kitchen light on", "(*) desk lamp 20%", "(*) bedroom lamp #ff0000"):
        assert lamp in done.stdout
    assert len(list((tmp_path / "kept").iterdir())) == 2 * len(clips)
    for number, clip in enumerate(clips, 1):
        stem = tmp_path / "kept" / f"{number:02}-{Path(clip.name).stem}"
        rate_hz, heard = frames_of(Path(f"{stem}-heard.wav"))
        assert rate_hz == 16_000
        assert len(heard) > len(clip.pcm) / 2
        rate_hz, said = frames_of(Path(f"{stem}-said.wav"))
        assert rate_hz == 24_000
        assert len(said) > 24_000


@pytest.mark.slow
def test_any_recording_may_be_said(tmp_path: Path) -> None:
    """Stereo, 24 bits, 48 kHz: a lamp is lit by it all the same. The words are there for programs, too."""
    _, pcm = frames_of(KITCHEN)
    wide = b"".join(3 * (2 * (b"\0" + pcm[at : at + 2])) for at in range(0, len(pcm), 2))
    file = tape(tmp_path / "mine.wav", wide, 48_000, channels=2, width=3)
    done = shown("--wav", file, "--speed", 4, "--json")
    assert done.returncode == 0, done.stderr
    (exchange,) = json.loads(done.stdout)
    assert exchange["transcript"] == "Turn on the kitchen light."
    assert exchange["calls"] == [
        {"name": "set_lights", "args": {"names": ["kitchen light"], "power": "on"}},
    ]
    assert exchange["pins"]["kitchen light"] == [1.0]
    assert exchange["ms"]["speech_end_to_first_sample"] > 0


@pytest.mark.slow
def test_silence_is_not_success(tmp_path: Path) -> None:
    done = shown("--wav", tape(tmp_path / "nothing.wav", bytes(32_000)), "--speed", 8)
    assert done.returncode == 1
    assert "nothing.wav: the turn was not answered but ended as: nothing heard" in done.stdout


@pytest.mark.slow
def test_it_can_be_stopped() -> None:
    with subprocess.Popen(
        COMMAND, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout
        assert demo.stderr
        while "pressed" not in demo.stdout.readline():
            assert demo.poll() is None
        demo.send_signal(signal.SIGINT)
        assert "Stopped before all of it was shown." in demo.stdout.read()
        assert demo.stderr.read() == ""
    assert demo.returncode == 130


# -- the real microphone --------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_a_sound_card_it_says_so() -> None:
    cards = Path("/proc/asound/cards")
    if cards.exists() and "no soundcards" not in cards.read_text():
        pytest.skip("this machine has a sound card")
    done = shown("--mic", PULSE_SERVER="unix:/nonexistent")
    assert done.returncode == 69
    assert re.fullmatch(r"appliance: no (microphone|speaker) called 'default'; there are: .*\n", done.stderr)


@pytest.fixture
def room() -> Iterator[SoundServer]:
    if reason := missing_tools():
        pytest.skip(reason)
    with SoundServer() as server:
        yield server


class Terminal:
    """The demo at a person's hands: lines are read as they come."""

    def __init__(self, *options: object, environment: dict[str, str]) -> None:
        self._demo = subprocess.Popen(
            [*COMMAND, *map(str, options)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.lines: list[str] = []
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._demo.stdout
        for line in self._demo.stdout:
            with self._more:
                self.lines.append(line)
                self._more.notify_all()

    def type(self, text: str) -> None:
        assert self._demo.stdin
        self._demo.stdin.write(text)
        self._demo.stdin.flush()

    def until(self, words: str) -> None:
        with self._more:
            assert self._more.wait_for(lambda: any(words in line for line in self.lines), PATIENCE_S), words

    def end(self) -> int:
        try:
            return self._demo.wait(PATIENCE_S)
        finally:
            self._demo.kill()
            self._thread.join()
            for pipe in (self._demo.stdin, self._demo.stdout):
                if pipe:
                    pipe.close()


@pytest.mark.slow
def test_a_conversation_over_a_sound_card(room: SoundServer, tmp_path: Path) -> None:
    terminal = Terminal("--mic", "--save", tmp_path, environment=room.environment)
    try:
        terminal.until("Enter is its button")
        terminal.type("\n")
        terminal.until("pressed")
        rate_hz, pcm = frames_of(KITCHEN)
        room.speak(pcm, rate_hz)
        terminal.until("(*) kitchen light on")
        terminal.until("The kitchen light is on.")
        terminal.until("wait")
        terminal.type("q\n")
    finally:
        assert terminal.end() == 0
    assert terminal.lines[-1] == "1 turn.\n"
    assert len(frames_of(tmp_path / "01-heard.wav")[1]) > 32_000
    assert len(frames_of(tmp_path / "01-said.wav")[1]) > 24_000


# -- wrong usage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--wav", __file__], "only WAV files of plain PCM are read"),
        (["--wav", "/nonexistent.wav"], "No such file"),
        (["--wav", "/"], "Is a directory"),
        (["--speed", "100"], "a number from 0.25 to 10"),
        (["--mic", "--speed", "2"], "leave --speed away"),
        (["--seconds", "3"], "goes with --mic"),
        (["--mic", "--seconds", "0"], "above 0"),
        (["--config", "x.toml"], "leave --config away"),
        (["--save", "/proc/kept"], "cannot make the folder"),
    ],
)
def test_wrong_usage_is_one_sentence(
    options: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"appliance: .*\n", err)
    assert says in err
