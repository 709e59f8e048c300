"""ALSA's list of cards, as the kernel writes it."""

from __future__ import annotations

from pathlib import Path

from appliance.adapters.cards import Card, Cards

CARDS = """\
 0 [vc4hdmi0       ]: vc4-hdmi - vc4-hdmi-0
                      vc4-hdmi-0
 2 [Device         ]: USB-Audio - USB PnP Sound Device
                      C-Media Electronics Inc. USB PnP Sound Device at usb-0000:01:00.0-1.3, full spee
"""
PCM = "00-00: MAI PCM i2s-hifi-0 : : playback 1\n02-00: USB Audio : USB Audio : playback 1 : capture 1\n"


def proc(place: Path, cards: str = CARDS, pcm: str = PCM) -> Path:
    place.mkdir(exist_ok=True)
    (place / "cards").write_text(cards)
    (place / "pcm").write_text(pcm)
    return place


def test_cards_by_their_number(tmp_path: Path) -> None:
    where = "C-Media Electronics Inc. USB PnP Sound Device at usb-0000:01:00.0-1.3, full spee"
    assert Cards(proc(tmp_path / "asound")).listed() == {
        0: Card(0, "vc4hdmi0", "vc4-hdmi-0", "vc4-hdmi-0"),
        2: Card(2, "Device", "USB PnP Sound Device", where),
    }


def test_no_cards(tmp_path: Path) -> None:
    assert Cards(proc(tmp_path / "asound", "--- no soundcards ---\n", "")).listed() == {}
    assert Cards(tmp_path / "nothing").listed() == {}
    assert Cards(tmp_path / "nothing", tmp_path).signs() == frozenset()


def test_what_comes_and_goes_leaves_a_sign(tmp_path: Path) -> None:
    cards = Cards(proc(tmp_path / "asound"), tmp_path)
    first = cards.signs()
    assert cards.signs() == first
    proc(tmp_path / "asound", CARDS.splitlines(keepends=True)[0])
    assert cards.signs() < first or cards.signs() - first
    proc(tmp_path / "asound", CARDS.replace(" 2 [", " 1 ["))
    assert cards.signs() - first, "another number is another place to open"
    proc(tmp_path / "asound")
    (tmp_path / "pulse").mkdir()
    (tmp_path / "pulse" / "native").touch()
    served = cards.signs()
    assert len(served - first) == 1
    (tmp_path / "pulse" / "other").touch()
    (tmp_path / "pulse" / "other").rename(tmp_path / "pulse" / "native")
    assert cards.signs() - served, "a server that was started anew"
