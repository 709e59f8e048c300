"""Hearing: words, doubt, and how clear the sound is."""

from __future__ import annotations

import math
from array import array
from pathlib import Path

import pytest

from appliance.standin.brain import believable
from appliance.standin.common import COMMON
from appliance.standin.ear import Ear, clearness, trimmed
from appliance.standin.jsgf import Grammar

from ..bench.offline import mixed, noises, samples
from .test_brain import pcm_of

SECOND = 16_000


def tone(seconds, peak):
    return array("h", (round(peak * math.sin(i / 4)) for i in range(round(seconds * SECOND)))).tobytes()


@pytest.mark.parametrize(
    ("pcm", "db"),
    [
        (b"", 0.0),
        (tone(1, 1000), 0.0),
        (tone(1, 100) + tone(1, 1000), 20.0),
        (tone(1, 10) + tone(1, 10_000), 60.0),
    ],
)
def test_how_clear(pcm, db):
    assert clearness(pcm) == pytest.approx(db, abs=0.5)


def test_digital_silence_is_a_very_quiet_room_and_no_infinity():
    assert 70 < clearness(bytes(2 * SECOND) + tone(1, 10_000)) < 90


def test_quiet_around_is_cut_but_for_a_margin():
    assert len(trimmed(tone(2, 10) + tone(1, 10_000) + tone(2, 10))) == pytest.approx(1.6 * 2 * SECOND)


@pytest.fixture(scope="module")
def ear():
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    return Ear(
        Grammar(
            {"all": "turn (everything | the kitchen light) (on | off) | turn on the kitchen light"}, "all"
        )
    )


@pytest.mark.slow
@pytest.mark.parametrize(("db", "least_db", "most_db"), [(None, 40, 60), (20.0, 20, 35), (10.0, 12, 25)])
def test_how_clear_a_voice_is_above_a_noise(ear, db, least_db, most_db):
    voice = samples(pcm_of("turn-everything-off.wav"))
    assert least_db < clearness(mixed(voice, noises(["cafe.wav"])[0], db)) < most_db


@pytest.mark.slow
def test_the_hiss_of_a_quiet_room_is_no_word(ear):
    voice = samples(pcm_of("turn-on-the-kitchen-light.wav"))
    words = ear.hear(mixed(voice, noises(["cafe.wav"])[0], None))
    assert words.words == ("turn", "on", "the", "kitchen", "light")
    assert words.doubt < 8
    assert words.worst_doubt < 16


@pytest.mark.slow
def test_other_speech_is_doubted(ear):
    words = ear.hear(pcm_of("weather-question.wav"))
    assert words is None or not believable(words)


@pytest.mark.slow
def test_a_word_that_is_like_a_name_is_not_the_name():
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    voice = pcm_of("turn-on-the-kitchen-light.wav")
    words = Ear(Grammar({"all": "turn on the chicken light"}, "all")).hear(voice)
    assert words.words == ("turn", "on", "the", "chicken", "light")
    assert words.rival > 20
    assert not believable(words)


def test_common_words_have_a_sound():
    pocketsphinx = pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    with (Path(pocketsphinx.get_model_path("en-us")) / "cmudict-en-us.dict").open(encoding="utf-8") as lines:
        known = {line.partition(" ")[0] for line in lines}
    assert set(COMMON) - known == set()
    assert len(COMMON) == len(set(COMMON)) > 500
