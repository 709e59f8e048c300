"""The earcons: there is one for each occasion, none clicks, clips, or is like another."""

from __future__ import annotations

import itertools
from array import array

import pytest

from appliance.core.earcons import EARCONS, HEADROOM, Earcon, Note, drawn, length_s
from tests.core.vocabulary import check_value

RATES = (16_000, 24_000, 44_100, 48_000)


def samples(earcon: Earcon, rate_hz: int = 24_000, volume: int = 100) -> array[int]:
    return array("h", drawn(earcon, rate_hz, volume))


def test_every_occasion_has_a_sound() -> None:
    assert list(EARCONS) == list(Earcon)
    assert len(set(EARCONS.values())) == len(EARCONS)
    check_value(Note)


@pytest.mark.parametrize("earcon", Earcon)
@pytest.mark.parametrize("rate_hz", RATES)
def test_it_lasts_as_long_as_it_says(earcon: Earcon, rate_hz: int) -> None:
    assert len(samples(earcon, rate_hz)) / rate_hz == pytest.approx(length_s(earcon), abs=0.001)


@pytest.mark.parametrize("earcon", Earcon)
@pytest.mark.parametrize("rate_hz", RATES)
def test_it_neither_clicks_nor_clips(earcon: Earcon, rate_hz: int) -> None:
    """The steepest step is one within a tone: of the highest note and its octave, at the peak."""
    sound = samples(earcon, rate_hz)
    peak = max(map(abs, sound))
    assert 0.5 * HEADROOM * 32767 < peak <= HEADROOM * 32767
    steepest = 2 * 3.1416 * max(note.hz for note in EARCONS[earcon]) / rate_hz * 1.5 * HEADROOM * 32767 / 1.25
    joined = [0, *sound, *sound, 0]  # as it is repeated
    assert max(abs(b - a) for a, b in itertools.pairwise(joined)) <= steepest
    assert abs(sound[0]) + abs(sound[-1]) < 3


@pytest.mark.parametrize(("volume", "loudest"), [(100, HEADROOM), (50, HEADROOM / 2), (0, 0.0)])
def test_volume(volume: int, loudest: float) -> None:
    peak = max(map(abs, samples(Earcon.TIMER, volume=volume))) / 32767
    assert 0.85 * loudest <= peak <= loudest


def test_each_note_has_its_pitch() -> None:
    """Zero crossings: two a period, because the octave is soft enough to add none."""
    rate_hz, at = 48_000, 0
    sound = samples(Earcon.TIMER, rate_hz)
    for note in EARCONS[Earcon.TIMER]:
        tone = sound[at : at + rate_hz * note.ms // 1000]
        crossings = sum((a < 0) != (b < 0) for a, b in itertools.pairwise(tone))
        assert crossings / 2 / (note.ms / 1000) == pytest.approx(note.hz, rel=0.02)
        at += rate_hz * (note.ms + note.rest_ms) // 1000


def test_a_tone_too_short_for_its_edges_is_drawn_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EARCONS, Earcon.MUTED, (Note(440, 3),))
    assert len(samples(Earcon.MUTED, 8_000)) == 24
