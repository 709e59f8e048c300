"""`appliance devices`, on a real sound server with named devices beside the shared ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.listing import lines
from tests.soundserver import SoundServer, missing_tools
from tests.whole.house import command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if absent := missing_tools():
        pytest.skip(absent)
    with SoundServer() as running:
        running.define("deskmic", "mic")
        running.define("deskmouth", "speaker")
        yield running


def ask(server: SoundServer, place: Path, toml: str, *more: str) -> tuple[int, str, str]:
    config = place / "appliance.toml"
    config.write_text(f"[audio]\n{toml}\n")
    words = ("devices", *more, "--config", str(config))
    return asyncio.run(command(*words, environment=server.environment))


def test_what_there_is_and_what_is_meant(server: SoundServer, tmp_path: Path) -> None:
    status, out, err = ask(server, tmp_path, 'microphone = "deskmic"', "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    microphones = {row["name"]: row for row in found["microphones"]}
    assert {"pulse", "default", "deskmic", "deskmouth"} <= set(microphones)
    assert microphones["deskmic"]["chosen"]
    assert microphones["deskmic"]["why"] == "it has the name that is configured"
    assert microphones["deskmic"]["rates_hz"][:2] == [16_000, 48_000]
    [speaker] = [row for row in found["speakers"] if row["chosen"]]
    assert (speaker["name"], speaker["why"]) == ("pulse", "a sound server's, which can be shared")
    assert found["problems"] == []


def test_for_a_person(server: SoundServer, tmp_path: Path) -> None:
    status, out, err = ask(server, tmp_path, 'microphone = "deskm"')
    assert (status, err) == (0, "")
    [star, _] = [line for line in out.splitlines() if line.startswith("*")]
    assert star.startswith("* 'deskm")
    assert star.endswith("chosen: 'deskm' is a part of its name")


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ('microphone = "Blue Yeti"', "no microphone called 'Blue Yeti'; there are: "),
        ('speaker = "Blue Yeti"', "no speaker called 'Blue Yeti'; there are: "),
    ],
)
def test_what_is_meant_is_not_there(server: SoundServer, tmp_path: Path, toml: str, problem: str) -> None:
    status, out, err = ask(server, tmp_path, toml)
    assert (status, err) == (69, "")
    assert f"! {problem}" in out


def test_no_sound_at_all(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PULSE_SERVER": "unix:/nonexistent"}
    status, out, err = asyncio.run(command("devices", environment=environment))
    assert (status, err) == (69, "")
    assert "no microphone called 'default'; there are: none at all" in out


def test_a_card_that_cannot_be_asked() -> None:
    card = {"name": "USB PnP", "id": "Device", "where": "usb-1.2", "why": "in use by another program"}
    found = {"microphones": [], "speakers": [], "cards": [card], "problems": ["no microphone"]}
    assert lines(found) == [
        "microphones: none",
        "speakers: none",
        "  the card 'USB PnP' (usb-1.2) cannot be asked: it is in use by another program",
        "! no microphone",
    ]
