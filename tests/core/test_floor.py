"""The words of the turn: frozen, slotted, each in its union."""

from __future__ import annotations

from typing import get_args

import pytest

from appliance.core import floor
from appliance.core.endpoint import Onset
from appliance.settings import Turns
from tests.core.vocabulary import check_value, values_of


@pytest.mark.parametrize("kind", values_of(floor))
def test_every_word_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def test_every_word_belongs_somewhere() -> None:
    said = {*get_args(floor.Phase), *get_args(floor.Told), *get_args(floor.Order)}
    model = {floor.Silent, floor.Answering, floor.Abandoned}
    assert set(values_of(floor)) <= said | model | {floor.Manners}


def test_the_pre_roll_is_longer_in_noise() -> None:
    assert floor.Manners().since(Onset(100)) == 75
    assert floor.Manners().since(Onset(100, doubtful=True)) == 70


def test_the_manners_are_those_of_the_configuration() -> None:
    manners, turns = floor.Manners(), Turns()
    assert manners.no_speech_s == turns.no_speech_s
    assert manners.follow_up_s == turns.follow_up_s
    assert manners.max_utterance_s == turns.max_utterance_s
    assert manners.tail_s * 1000 == turns.tail_ms
    assert manners.pre_roll * 20 == turns.pre_roll_ms
    assert manners.pre_roll_noise * 20 == turns.pre_roll_noise_ms
    assert manners.reach_back * 20 == turns.reach_back_ms


@pytest.mark.parametrize(
    ("phase", "hears"),
    [
        (floor.Idle(), False),
        (floor.Listening(30.0, 1000), True),
        (floor.Listening(30.0, 1001), False),
        *((floor.Hearing(60.0, by), by is not floor.By.TAIL) for by in floor.By),
        (floor.Waiting(30.0), False),
        (floor.Speaking(30.0), False),
    ],
)
def test_what_the_ear_is_for(phase: floor.Phase, hears: bool) -> None:
    assert floor.hears(phase, 1000) is hears
