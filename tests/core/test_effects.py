"""Deeds: frozen, slotted, and each in the union that the pump must perform."""

from __future__ import annotations

import re

import pytest

from appliance.core import effects
from appliance.core.messages import Handle, Setup
from tests.core.vocabulary import SECRET, check_union, check_value, values_of


@pytest.mark.parametrize("kind", values_of(effects))
def test_every_effect_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def test_every_effect_is_a_member_of_the_union() -> None:
    check_union(effects.Effect, effects)


def test_no_effect_shows_a_handle() -> None:
    assert SECRET not in repr(effects.Send(1, Setup("m", resume=Handle(SECRET))))


def test_two_tells_do_not_share_their_fields() -> None:
    assert effects.Tell("a").fields == {}
    assert effects.Tell("a").fields is not effects.Tell("a").fields


def test_every_kind_of_news_is_in_the_table() -> None:
    kinds = re.findall(r"^(\w+) +\S", effects.__doc__ or "", re.MULTILINE)
    known = {"phase", "transcript", "call", "answer", "lights", "line", "turn", "lost", "trouble"}
    assert known | {"microphone", "speaker", "usage", "unknown"} <= set(kinds)
