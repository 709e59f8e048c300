"""One line for a person, with nothing secret in it."""

from __future__ import annotations

import pytest

from appliance.masking import MOST_CHARACTERS, clean

TOKEN = "auth_tokens/0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("plain words", (), "plain words"),
        ("two\nlines\tand\x00more ", (), "two lines and more"),
        ("the key s3cret is wrong", ("s3cret",), "the key *** is wrong"),
        (f"Token {TOKEN} is spent", (f"Token {TOKEN}",), "*** is spent"),
        (f"{TOKEN} is spent", (f"Token {TOKEN}",), "*** is spent"),
        ("0123456789abcdef is spent", (f"Token {TOKEN}",), "*** is spent"),
        ("the Token is spent", (f"Token {TOKEN}",), "the Token is spent"),
        (f"not known: '{TOKEN}', sorry", (), "not known: '***', sorry"),
        (f"key AIza{'x' * 35} is wrong", (), "key *** is wrong"),
        ("Authorization: Bearer abc.def is wrong", (), "Authorization: *** is wrong"),
        ("of a bear", ("a b", ""), "of ***ear"),
        ("x" * 300, (), "x" * MOST_CHARACTERS),
        ("a and/or b", ("and/or",), "a *** b"),
    ],
)
def test_what_is_shown(text: str, secrets: tuple[str, ...], shown: str) -> None:
    assert clean(text, secrets) == shown


def test_it_may_be_shorter() -> None:
    assert clean("one two three", most=7) == "one two"
