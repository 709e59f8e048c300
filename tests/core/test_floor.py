"""The words of the turn: frozen, slotted, each in its union."""

from __future__ import annotations

from typing import get_args

import pytest

from appliance.core import floor
from tests.core.vocabulary import check_value, values_of


@pytest.mark.parametrize("kind", values_of(floor))
def test_every_word_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def test_every_word_belongs_somewhere() -> None:
    said = {*get_args(floor.Phase), *get_args(floor.Told), *get_args(floor.Order)}
    model = {floor.Silent, floor.Answering, floor.Abandoned}
    assert set(values_of(floor)) <= said | model


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
