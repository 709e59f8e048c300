"""Microphone and speaker, played by files of ALSA's and by a real sound server."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.doctor import sound
from appliance.doctor.finding import State
from appliance.doctor.place import Place
from tests.soundserver import SoundServer, missing_tools

pytest.importorskip("pyaudio")


def tone(peak: int) -> bytes:
    return array("h", [peak, -peak] * 8_000).tobytes()


@pytest.mark.parametrize(
    ("peak", "state"),
    [(0, State.WRONG), (300, State.FINE), (2_000, State.FINE), (12_000, State.ODD), (32_767, State.ODD)],
)
def test_a_second_of_sound_is_judged(peak: int, state: State) -> None:
    found = sound.judged(tone(peak))
    assert found.state is state
    assert "dBFS, peak" in found.found


def test_without_sound_there_is_nothing_to_check(tmp_path: Path) -> None:
    [found] = sound.devices(parse({"audio": {"backend": "memory"}}).audio, Place(tmp_path))
    assert found.state is State.SKIPPED


def busy(root: Path) -> None:
    for pcm, pid in (("pcm0c", 4711), ("pcm0p", 4712), ("pcm1p", None)):
        directory = root / "proc" / "asound" / "card1" / pcm / "sub0"
        directory.mkdir(parents=True)
        text = "closed\n" if pid is None else f"state: RUNNING\nowner_pid   : {pid}\ntrigger_time: 1.2\n"
        (directory / "status").write_text(text, "ascii")
    (root / "proc" / "4711").mkdir()
    (root / "proc" / "4711" / "comm").write_text("arecord\n", "ascii")


def test_who_holds_a_device_is_named(tmp_path: Path) -> None:
    busy(tmp_path)
    assert sound.held(Place(tmp_path)) == {
        "hw:1,0 (a microphone)": "arecord (pid 4711)",
        "hw:1,0 (a speaker)": "a program (pid 4712)",
    }


def test_a_device_that_cannot_be_had_says_who_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/nowhere")
    busy(tmp_path)
    audio = parse({"audio": {"microphone": "no such thing"}}).audio
    microphone, _ = sound.devices(audio, Place(tmp_path))
    assert (microphone.state, microphone.exit_status) == (State.WRONG, 69)
    assert "no microphone called 'no such thing'" in microphone.found
    assert "hw:1,0 (a microphone) is held by arecord (pid 4711)" in microphone.found
    assert microphone.remedy.startswith("stop arecord (pid 4711), a program (pid 4712), or plug it in")


def test_a_microphone_that_is_not_there_has_no_level() -> None:
    found = asyncio.run(sound.level(parse({"audio": {"microphone": "no such thing"}}).audio))
    assert (found.state, found.exit_status) == (State.WRONG, 69)
    beeped = asyncio.run(sound.beep(parse({"audio": {"microphone": "no such thing"}}).audio))
    assert beeped.state is State.WRONG


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if missing := missing_tools():
        pytest.skip(missing)
    with SoundServer() as server:
        yield server


@pytest.mark.slow
def test_devices_and_level_on_a_sound_server(
    server: SoundServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    audio = parse({}).audio
    microphone, speaker = sound.devices(audio, Place(tmp_path))
    assert (microphone.state, speaker.state) == (State.FINE, State.FINE), (microphone, speaker)
    quiet = asyncio.run(sound.level(audio))
    assert "dBFS" in quiet.found
