"""The times of a turn, and that they are those of the settings."""

from __future__ import annotations

from appliance.core.endpoint import Onset
from appliance.core.manners import Manners
from appliance.settings import Turns


def test_the_pre_roll_is_longer_in_noise() -> None:
    assert Manners().since(Onset(100)) == 75
    assert Manners().since(Onset(100, doubtful=True)) == 70


def test_all_since_the_press_is_sent_of_what_is_found_soon_after_it() -> None:
    manners = Manners()
    cut = 1000 - manners.reach_back
    for onset in (990, 1000, 1049):
        assert manners.first(Onset(onset), cut, pressed=True) == cut
    assert manners.first(Onset(1050), cut, pressed=True) == 1025
    assert manners.first(Onset(1049), 1000, pressed=False) == 1024
    assert manners.first(Onset(1005), 1000, pressed=False) == 1000, "the answer was in the room before"


def test_the_manners_are_those_of_the_configuration() -> None:
    manners, turns = Manners(), Turns()
    assert manners.no_speech_s == turns.no_speech_s
    assert manners.follow_up_s == turns.follow_up_s
    assert manners.max_utterance_s == turns.max_utterance_s
    assert manners.tail_s * 1000 == turns.tail_ms
    assert manners.pre_roll * 20 == turns.pre_roll_ms
    assert manners.pre_roll_noise * 20 == turns.pre_roll_noise_ms
    assert manners.reach_back * 20 == turns.reach_back_ms
