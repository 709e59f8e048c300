"""The messages: frozen, slotted, in their union, and a handle is never shown."""

from __future__ import annotations

from typing import get_args

import pytest

from appliance.core import messages as ms
from tests.core.vocabulary import SECRET, check_value, values_of


@pytest.mark.parametrize("kind", values_of(ms))
def test_every_message_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def test_every_message_is_ours_or_the_services() -> None:
    inside = {ms.Detection, ms.Handle, ms.FunctionAnswer, ms.FunctionCall, ms.Page}
    unions = {*get_args(ms.ClientMessage), *get_args(ms.ServerMessage)}
    assert set(values_of(ms)) == unions | inside


@pytest.mark.parametrize(
    "value",
    [
        ms.Handle(SECRET),
        ms.Setup("m", resume=ms.Handle(SECRET)),
        ms.Resumption(ms.Handle(SECRET)),
        ms.Setup("m", recollection=SECRET),
        ms.Past((("user", (SECRET,)),)),
    ],
)
def test_a_handle_and_what_was_said_before_are_never_shown(value: object) -> None:
    for text in (repr(value), str(value), f"{value}", repr([value]), repr({"x": value})):
        assert SECRET not in text


def test_a_handle_is_its_secret() -> None:
    assert ms.Handle("a") == ms.Handle("a")
    assert ms.Handle("a") != ms.Handle("b")
    assert ms.Handle("a").secret == "a"


def test_a_call_without_arguments_has_none() -> None:
    assert ms.FunctionCall("1", "f").args == {}
    assert ms.Usage() == ms.Usage(0, 0, 0)


def test_a_picture_is_never_shown() -> None:
    assert "abc" not in repr([ms.Image(b"abc"), ms.Content("look", b"abc")])
