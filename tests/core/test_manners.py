"""The times of a turn, and that they are those of the settings."""

from __future__ import annotations

from appliance.core.endpoint import Onset
from appliance.core.manners import Manners
from appliance.settings import Turns


def test_the_pre_roll_is_longer_in_noise() -> None:
    assert Manners().since(Onset(100)) == 75
    assert Manners().since(Onset(100, doubtful=True)) == 70


def test_the_manners_are_those_of_the_configuration() -> None:
    manners, turns = Manners(), Turns()
    assert manners.no_speech_s == turns.no_speech_s
    assert manners.follow_up_s == turns.follow_up_s
    assert manners.max_utterance_s == turns.max_utterance_s
    assert manners.tail_s * 1000 == turns.tail_ms
    assert manners.pre_roll * 20 == turns.pre_roll_ms
    assert manners.pre_roll_noise * 20 == turns.pre_roll_noise_ms
    assert manners.reach_back * 20 == turns.reach_back_ms
