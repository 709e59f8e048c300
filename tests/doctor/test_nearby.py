"""Whether the brain on this machine would answer, found without waking it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.doctor.finding import State
from appliance.doctor.nearby import brain
from appliance.doctor.place import Place
from appliance.settings import Config

pytest.importorskip("pocketsphinx")


def config(**offline: object) -> Config:
    return parse({"offline": {"socket": "/run/brain.sock", **offline}})


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    """Somebody listens there, who would notice a knock."""
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")  # the path of a socket is bounded
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("brain.sock")
    listener.listen()
    listener.setblocking(False)
    return listener


def test_it_would_answer_and_is_not_woken(door: socket.socket, tmp_path: Path, voice: None) -> None:
    assert brain(config(), Place(tmp_path)).state is State.FINE
    with door, pytest.raises(BlockingIOError):
        door.accept()


@pytest.fixture
def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\n", "ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_it_has_no_voice(door: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    found = brain(config(), Place(tmp_path))
    assert (found.state, found.remedy) == (State.ODD, "sudo apt-get install espeak-ng")
    door.close()


def test_nobody_listens(tmp_path: Path, voice: None) -> None:
    found = brain(config(), Place(tmp_path))
    assert (found.state, found.found) == (State.ODD, "nobody listens on /run/brain.sock")
    assert "systemctl enable --now appliance-offline.socket" in found.remedy


def test_it_is_switched_off_or_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = brain(config(enabled=False), Place(tmp_path))
    assert (found.state, found.found) == (
        State.SKIPPED,
        "while the service is away nobody answers: switched off",
    )
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert brain(config(), Place(tmp_path)).found.endswith("it is not installed")
    found = brain(config(enabled=True), Place(tmp_path))
    assert (found.state, found.found) == (State.ODD, "the speech recogniser is not installed")
