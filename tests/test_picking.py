"""Which devices a new box is given, and that nothing else of its settings is touched."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from appliance.config import load
from appliance.picking import pick, write

CONFIG = Path(__file__).parent.parent / "config" / "appliance.toml"
USB = "C-Media USB Audio at usb-0000:01:00.0-1.2, full speed"


def row(card: str, where: str = "", *, chosen: bool = False, rates: tuple[int, ...] = (48_000,)) -> object:
    return {"card": card, "where": where, "chosen": chosen, "rates_hz": list(rates)}


@pytest.mark.parametrize(
    ("microphones", "speakers", "names"),
    [
        ([], [], ("default", "default")),
        ([row("")], [row("")], ("default", "default")),
        ([row("Webcam", USB)], [row("vc4hdmi0"), row("Headphones")], ("Webcam", "Headphones")),
        ([row("Webcam", USB)], [row("vc4hdmi0")], ("Webcam", "vc4hdmi0")),
        (
            [row("Webcam", USB), row("PowerConf", USB)],
            [row("Headphones"), row("PowerConf", USB)],
            ("PowerConf",) * 2,
        ),
        ([row("wm8960")], [row("Headphones"), row("wm8960")], ("wm8960",) * 2),
        ([row("Busy", USB, rates=()), row("Webcam", USB)], [row("Headphones")], ("Webcam", "Headphones")),
        ([row("", chosen=True), row("Webcam", USB)], [row("Headphones")], ("default", "default")),
        ([row("Webcam", USB, chosen=True)], [row("Headphones")], ("Webcam", "Headphones")),
    ],
)
def test_what_is_picked(microphones: list[object], speakers: list[object], names: tuple[str, str]) -> None:
    found = {"microphones": microphones, "speakers": speakers}
    assert tuple(pick(found).values()) == names


def test_a_new_configuration_gets_the_names_and_keeps_all_its_words(tmp_path: Path) -> None:
    path = tmp_path / "appliance.toml"
    path.write_text(CONFIG.read_text(encoding="utf-8"), encoding="utf-8")
    write(path, {"microphone": 'A "Mic" \\1', "speaker": "Lautsprecher für zwei"})
    audio = load(path).audio
    assert (audio.microphone, audio.speaker) == ('A "Mic" \\1', "Lautsprecher für zwei")
    before, after = CONFIG.read_text(encoding="utf-8"), path.read_text(encoding="utf-8")
    changed = [line for line in after.splitlines() if line not in before.splitlines()]
    assert len(changed) == 2


def test_a_choice_that_somebody_has_made_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "appliance.toml"
    path.write_text('[audio]\nmicrophone = "USB PnP"\nspeaker = "default"\n', encoding="utf-8")
    write(path, {"microphone": "Webcam", "speaker": "Headphones"})
    assert tomllib.loads(path.read_text(encoding="utf-8"))["audio"] == {
        "microphone": "USB PnP",
        "speaker": "Headphones",
    }
