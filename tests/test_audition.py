"""A person's own sounds and the quiet hours, as the configuration has them."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from appliance.config import load
from appliance.errors import ConfigError
from appliance.settings import MOMENTS, Config, Earcons


def wav(path: Path, ms: int = 100, *, rate_hz: int = 16_000, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        file.writeframes(b"\1\2" * (width * channels * rate_hz * ms // 2000))
    return path


def read(place: Path, toml: str) -> Config:
    file = place / "appliance.toml"
    file.write_text(toml)
    return load(file)


def test_all_of_them_are_there(tmp_path: Path) -> None:
    assert read(tmp_path, "").earcons == Earcons(dict.fromkeys(MOMENTS, ""), None)


def test_some_are_switched_off_and_some_replaced(tmp_path: Path) -> None:
    own = wav(tmp_path / "ding.wav", 400, rate_hz=44_100, channels=2)
    long = wav(tmp_path / "song.wav", 9_000)
    wav(tmp_path / "sorry.wav", 4_900, rate_hz=22_050)
    toml = '[earcons]\nlistening = "ding.wav"\noffline = false\nnothing_heard = "sorry.wav"\n'
    found = read(tmp_path, toml + f'timer = "{long}"').earcons
    rest = dict.fromkeys(MOMENTS, "") | {
        "listening": str(own),
        "timer": str(long),
        "nothing_heard": str(tmp_path / "sorry.wav"),
    }
    del rest["offline"]
    assert found.sounds == rest


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (lambda path: path.write_bytes(b"MP3 or so"), "no WAV file of whole samples"),
        (lambda path: path.write_bytes(b""), "no WAV file: it ends too early"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: None, "No such file"),
        (lambda path: wav(path, 500), "it lasts 0.50 s"),
        (lambda path: wav(path, 0), "it lasts 0.00 s"),
        (lambda path: wav(path, width=1), "its samples have 8 bits"),
        (lambda path: wav(path, width=3), "its samples have 24 bits"),
        (lambda path: wav(path, rate_hz=12_345), "its rate is 12345 Hz"),
        (lambda path: path.write_bytes(wav(path).read_bytes()[:44]), "there is no sound in it"),
    ],
)
def test_what_is_no_sound(tmp_path: Path, make: object, wrong: str) -> None:
    make(tmp_path / "x.wav")  # type: ignore[operator]
    with pytest.raises(ConfigError, match=r"earcons\.listening") as told:
        read(tmp_path, '[earcons]\nlistening = "x.wav"')
    assert wrong in str(told.value)


def test_quiet_hours(tmp_path: Path) -> None:
    assert read(tmp_path, '[quiet]\nfrom = "22:00"\nto = "7:05"').earcons.quiet == (1320, 425)
    for toml in ('[quiet]\nfrom = "22:00"', '[quiet]\nto = "07:00"'):
        with pytest.raises(ConfigError, match="both `from` and `to`"):
            read(tmp_path, toml)


def test_the_sentences_are_wanted_or_not_or_somewhere(tmp_path: Path) -> None:
    assert read(tmp_path, "").earcons.notices is True
    assert read(tmp_path, "[earcons]\nnotices = false\n").earcons.notices is False
    assert read(tmp_path, '[earcons]\nnotices = "."\n').earcons.notices == str(tmp_path)
