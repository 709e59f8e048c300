"""What is more than the box's own voice leaves: its share is learned, and a person stands out of it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from appliance.core.audio import frames
from appliance.core.surplus import (
    BANDS,
    HASTY,
    LEAST_SHARE_DB,
    MOST_DB,
    OVER_NOISE_DB,
    Band,
    Bands,
    Surplus,
)
from tests.core.vocabulary import check_value

NOISE_DB = -70.0


def in_a_room() -> Band:
    band = Band()
    for _ in range(60):
        band.hear(NOISE_DB, -90.0, playing=False)
    return band


def taught(left: float, count: int = frames(10_000)) -> Band:
    """That an echo of -30 dB leaves so much."""
    band = in_a_room()
    for _ in range(count):
        band.hear(left, -30.0, playing=True)
    return band


def test_bands_are_a_value() -> None:
    check_value(Bands)


def test_what_is_left_of_an_echo_is_learned_and_what_is_more_is_told() -> None:
    band = taught(-45.0)
    assert band.hear(-45.0, -30.0, playing=True) == pytest.approx(0.0, abs=0.2)
    assert band.hear(-37.0, -30.0, playing=True) == pytest.approx(8.0, abs=0.2)
    assert band.hear(-60.0, -30.0, playing=True) == 0.0
    assert band.hear(0.0, -30.0, playing=True) == MOST_DB


def test_it_is_learned_faster_in_the_beginning() -> None:
    assert taught(-45.0, HASTY).hear(-35.0, -30.0, playing=True) == pytest.approx(8.5, abs=0.2)
    band = taught(-30.0, HASTY + 1)
    for _ in range(HASTY):
        band.hear(-45.0, -30.0, playing=True)
    assert band.hear(-30.0, -30.0, playing=True) == pytest.approx(4.5, abs=0.3)


def test_a_share_has_its_bounds() -> None:
    band = taught(-69.0, frames(60_000))
    assert band.hear(-50.0, -30.0, playing=True) == pytest.approx(-50.0 - (-30.0 + LEAST_SHARE_DB))
    band = taught(20.0, 100)
    assert band.hear(0.0, -30.0, playing=True) == pytest.approx(15.0, abs=0.2)


def test_a_person_who_speaks_for_a_second_is_not_learned() -> None:
    band = taught(-45.0)
    told = [band.hear(-30.0, -30.0, playing=True) for _ in range(frames(1000))]
    assert told[0] == pytest.approx(15.0, abs=0.2)
    assert told[-1] > 6.0


def test_an_echo_fades() -> None:
    band = taught(-45.0)
    told = [band.hear(-45.0, -90.0, playing=True) for _ in range(10)]
    assert told == pytest.approx([0.84 * n for n in range(1, 11)], abs=0.4), (
        "1 dB a frame, some of it learned"
    )


def test_what_is_no_more_than_the_noise_is_nobody() -> None:
    band = in_a_room()
    assert band.hear(NOISE_DB + OVER_NOISE_DB - 1.1, -90.0, playing=False) == 0.0
    told = [band.hear(-60.0, -90.0, playing=playing) for playing in (False, False, True, False)]
    assert told[0] == pytest.approx(-60.0 - NOISE_DB - OVER_NOISE_DB, abs=1.1)
    risen = [before - after for before, after in pairwise(told)]
    assert risen == pytest.approx([0.1, 0.02, 0.1]), "more slowly while there may be an echo in it"


def test_an_echo_that_cannot_be_heard_teaches_nothing() -> None:
    band = taught(-45.0)
    for _ in range(frames(10_000)):
        band.hear(NOISE_DB, -62.0, playing=True)
    for _ in range(frames(10_000)):
        band.hear(-80.0, -30.0, playing=False)
    assert band.hear(-35.0, -30.0, playing=True) == pytest.approx(10.0, abs=0.3)


def test_each_band_is_for_itself() -> None:
    surplus = Surplus()
    expected = (-90.0,) * BANDS
    for _ in range(60):
        assert surplus.hear(Bands((NOISE_DB,) * BANDS, expected), playing=False) == [0.0] * BANDS
    told = surplus.hear(Bands((-40.0,) + (NOISE_DB,) * (BANDS - 1), expected), playing=True)
    assert told == [MOST_DB] + [0.0] * (BANDS - 1)
