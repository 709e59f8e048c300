"""What is hidden, and what is not; and that hiding twice is hiding once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import effects as ef
from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.lights import FromModel
from appliance.recorder.codec import Encoder
from appliance.recorder.redaction import Redactor, cleaned, dotted

from .test_codec import json_values

KEY = "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"


def redacted(value: object) -> object:
    return Redactor(["kitchen lamp"]).redact(Encoder().encode(value))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ev.Ask("Is it on? 42"), {"@": "events.Ask", "text": "·· ·· ··· ··", "speak": False}),
        (ev.LinkUp(1, "Sunday"), {"@": "events.LinkUp", "link": 1, "clock": "Sunday"}),
        (
            ev.Lights("Kitchen  LAMP", "40 %"),
            {"@": "events.Lights", "name": "Kitchen  LAMP", "change": "40 %", "over_s": None},
        ),
        (
            ev.Lights("my diary", "red"),
            {"@": "events.Lights", "name": "·· ·····", "change": "red", "over_s": None},
        ),
        (
            ms.Resumption(ms.Handle("xyz")),
            {"@": "messages.Resumption", "handle": {"@": "messages.Handle", "secret": "handle-1"}},
        ),
        (
            ms.ToolCallCancellation(("a", "b")),
            {"@": "messages.ToolCallCancellation", "ids": ["call-1", "call-2"]},
        ),
        (
            FromModel(1, "a", "set_lights"),
            {"@": "lights.FromModel", "link": 1, "id": "call-1", "name": "set_lights"},
        ),
        (
            ef.Keep("x", {"handle": "xyz"}),
            {"@": "effects.Keep", "name": "·", "value": {"handle": "handle-1"}, "soon": False},
        ),
        (
            ef.Reply(1, {"ok": False, "error": "no 'diary'"}),
            {"@": "effects.Reply", "ask": 1, "body": {"ok": False, "error": "…"}},
        ),
        (
            ev.Garbled(1, f"key {KEY} bad"),
            {"@": "events.Garbled", "link": 1, "reason": f"key {'*' * len(KEY)} bad"},
        ),
    ],
)
def test_the_shape_stays(value: object, shown: object) -> None:
    assert redacted(value) == shown


def test_arguments_of_a_call_keep_what_decides() -> None:
    args = {"names": ["kitchen lamp", "diary"], "brightness": 40, "diary": {"reason": "diary"}}
    call = ms.FunctionCall("1", "open_diary", args)
    assert redacted(call) == {
        "@": "messages.FunctionCall",
        "id": "call-1",
        "name": "··········",
        "args": {
            "names": {"@list": ["kitchen lamp", "·····"]},
            "brightness": 40,
            "key-1": {"reason": "·····"},
        },
    }


def test_the_same_handle_has_the_same_name() -> None:
    redactor, encode = Redactor([]), Encoder().encode
    [first, second, third] = (
        redactor.redact(encode(ms.Handle(secret))) for secret in ("one", "another", "one")
    )
    assert first == third != second


def test_a_reason_keeps_its_words_and_its_length() -> None:
    assert cleaned("models/gemini-2.5-flash is gone") == "models/gemini-2.5-flash is gone"
    assert cleaned(f"API key {KEY} not valid") == f"API key {'*' * len(KEY)} not valid"
    assert cleaned("a" * 501) == "·" * 501
    assert dotted("a b\n") == "· ·\n"


@given(json_values)
def test_twice_is_once(value: object) -> None:
    once = Redactor(["kitchen lamp"]).redact(Encoder().encode(value))
    assert Redactor(["kitchen lamp"], again=True).redact(once) == once


@given(st.text(alphabet="xyzäöü", min_size=3))
def test_what_is_not_known_is_hidden(word: str) -> None:
    for value in (ms.FunctionCall("", word), ms.PersonSaid(word), ev.Say(word), ms.Unknown("x")):
        assert word not in str(redacted(value))
