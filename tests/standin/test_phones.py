"""How words sound."""

from __future__ import annotations

import shutil

import pytest

from appliance.standin.phones import pronunciations, spelled, spoken_by_espeak

VOWELS = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
CONSONANTS = {"CH", "DH", "HH", "JH", "NG", "SH", "TH", "ZH", *"BDFGKLMNPRSTVWYZ"}
PHONES = VOWELS | CONSONANTS


def test_dictionary_first_then_a_guess_then_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    dictionary = tmp_path / "words.dict"
    dictionary.write_text("lamp L AE M P\nthe DH AH\nthe(2) DH IY\n")
    found = pronunciations(["the", "lamp", "küche", "灯"], dictionary)
    assert found["the"] == ["DH AH", "DH IY"]
    assert found["lamp"] == ["L AE M P"]
    assert set(found["küche"][0].split()) <= PHONES
    assert "灯" not in found
    assert "cannot be pronounced" in caplog.text


@pytest.mark.parametrize(
    "word", ["zwischenraum", "kombüse", "jalousie", "xylo", "o'hara", "bathroom", "choir"]
)
def test_every_source_yields_known_phones(word):
    assert set(spelled(word).split()) <= PHONES
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    phones = spoken_by_espeak(word).split()
    assert phones
    assert set(phones) <= PHONES


def test_espeak_agrees_with_the_dictionary():
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    assert spoken_by_espeak("kitchen") in ("K IH CH AH N", "K IH CH IH N")
    assert spoken_by_espeak("lamp") == "L AE M P"
