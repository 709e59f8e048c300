"""Reading a table so that every mistake is found, and told in one line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from appliance.errors import Problem
from appliance.problems import Section, nearest, one_of, shown


def section(table: object, path: str = "live") -> Section:
    return Section("a.toml", path, table, [])


READ: list[tuple[dict[str, object], Callable[[Section], object], object]] = [
    ({"k": "x"}, lambda s: s.text("k", "d"), "x"),
    ({"k": ""}, lambda s: s.text("k", "d"), ""),
    ({}, lambda s: s.text("k", "d"), "d"),
    ({"k": "abc"}, lambda s: s.text("k", "d", most=3), "abc"),
    ({"k": "b"}, lambda s: s.choice("k", "a", ("a", "b")), "b"),
    ({}, lambda s: s.choice("k", "a", ("a", "b")), "a"),
    ({"k": False}, lambda s: s.flag("k", default=True), False),
    ({}, lambda s: s.flag("k", default=True), True),
    ({"k": 5}, lambda s: s.number("k", 1.0, 5, 9, "s"), 5.0),
    ({"k": 9.0}, lambda s: s.number("k", 1.0, 5, 9, "s"), 9.0),
    ({}, lambda s: s.number("k", 1.0, 5, 9, "s"), 1.0),
    ({"k": 5}, lambda s: s.whole("k", 1, 5, 9, "s"), 5),
    ({"k": 9}, lambda s: s.whole("k", 1, 5, 9, "s"), 9),
    ({}, lambda s: s.whole("k", None, 5, 9, "s"), None),
    ({"k": [1]}, lambda s: s.raw("k"), [1]),
    ({}, lambda s: s.raw("k"), None),
]


@pytest.mark.parametrize(("table", "read", "value"), READ)
def test_what_is_right_is_read(
    table: dict[str, object], read: Callable[[Section], object], value: object
) -> None:
    made = section(table)
    found = read(made)
    assert (found, type(found)) == (value, type(value))
    made.done()
    assert made.problems == []


WRONG: list[tuple[object, Callable[[Section], object], object, str, str, str | None]] = [
    (7, lambda s: s.text("k", "d"), "d", "7", "a text", None),
    ("abcd", lambda s: s.text("k", "d", most=3), "d", "4 characters", "a text, at most 3 characters", None),
    ("axa", lambda s: s.choice("k", "aaa", ("aaa", "b")), "aaa", "'axa'", "'aaa', 'b'", "aaa"),
    ("zzz", lambda s: s.choice("k", "aaa", ("aaa", "b")), "aaa", "'zzz'", "'aaa', 'b'", None),
    (True, lambda s: s.choice("k", "aaa", ("aaa", "b")), "aaa", "true", "'aaa', 'b'", None),
    ("true", lambda s: s.flag("k", default=False), False, "'true'", "true or false (without quotes)", None),
    (1, lambda s: s.flag("k", default=False), False, "1", "true or false (without quotes)", None),
    (4.9, lambda s: s.number("k", 1.0, 5, 9, "seconds"), 1.0, "4.9", "a number from 5 to 9 (seconds)", None),
    (10, lambda s: s.number("k", 1.0, 5, 9.5, "s"), 1.0, "10", "a number from 5 to 9.5 (s)", None),
    ("7", lambda s: s.number("k", 1.0, 5, 9, "s"), 1.0, "'7'", "a number from 5 to 9 (s)", None),
    (True, lambda s: s.number("k", 1.0, 0, 9, "s"), 1.0, "true", "a number from 0 to 9 (s)", None),
    (float("nan"), lambda s: s.number("k", 1.0, 0, 9, "s"), 1.0, "nan", "a number from 0 to 9 (s)", None),
    (float("inf"), lambda s: s.number("k", 1.0, 0, 9, "s"), 1.0, "inf", "a number from 0 to 9 (s)", None),
    (4, lambda s: s.whole("k", 1, 5, 9, "ms"), 1, "4", "a whole number from 5 to 9 (ms)", None),
    (10, lambda s: s.whole("k", 1, 5, 9, "ms"), 1, "10", "a whole number from 5 to 9 (ms)", None),
    (6.0, lambda s: s.whole("k", 1, 5, 9, "ms"), 1, "6.0", "a whole number from 5 to 9 (ms)", None),
    (False, lambda s: s.whole("k", 1, 0, 9, "ms"), 1, "false", "a whole number from 0 to 9 (ms)", None),
]


@pytest.mark.parametrize(("value", "read", "instead", "found", "allowed", "near"), WRONG)
def test_what_is_wrong_is_told_and_a_usable_value_read(
    value: object,
    read: Callable[[Section], object],
    instead: object,
    found: str,
    allowed: str,
    near: str | None,
) -> None:
    made = section({"k": value})
    assert read(made) == instead
    assert made.problems == [Problem("a.toml", "live.k", found, allowed, near)]


def test_a_key_that_nobody_asked_for_is_a_mistake() -> None:
    made = section({"voise": "x", "model": "m", "zzz": 1})
    made.text("model", "")
    made.text("voice", "")
    made.done()
    assert made.problems == [
        Problem("a.toml", "live.voise", "an unknown key", "'model', 'voice'", "voice"),
        Problem("a.toml", "live.zzz", "an unknown key", "'model', 'voice'", None),
    ]


def test_where_nothing_is_asked_for_nothing_is_allowed() -> None:
    made = section({"a": 1}, "")
    made.done()
    assert made.problems == [Problem("a.toml", "a", "an unknown key", "nothing here")]


def test_names_that_the_person_chose_are_not_unknown() -> None:
    made = section({"a": 1, "b": 2})
    assert made.names() == ["a", "b"]
    assert (made.has("a"), made.has("c")) == (True, False)
    made.done()
    assert made.problems == []


@pytest.mark.parametrize("table", [7, "x", [1], None, True])
def test_what_is_not_a_table_is_told_and_read_as_an_empty_one(table: object) -> None:
    made = section(table)
    assert made.text("k", "d") == "d"
    assert made.problems == [Problem("a.toml", "live", shown(table), "a table")]


def test_a_table_within_knows_its_place() -> None:
    made = section({"kitchen lamp": {"pin": 1}, "b-c_d": 7}, "lights")
    inner = made.section("kitchen lamp")
    assert inner.path == 'lights."kitchen lamp"'
    assert inner.raw("pin") == 1
    assert made.section("b-c_d").raw("pin") is None
    assert made.section("missing").raw("pin") is None
    assert made.problems == [Problem("a.toml", "lights.b-c_d", "7", "a table")]


@pytest.mark.parametrize(
    ("word", "choices", "found"),
    [
        ("voise", ["voice", "model"], "voice"),
        ("VOICE", ["voice"], "voice"),
        ("kitchen lmap", ["Kitchen Lamp", "desk"], "Kitchen Lamp"),
        ("x", ["voice"], None),
        ("voice", [], None),
        ("", ["voice"], None),
    ],
)
def test_the_nearest_name_is_what_was_meant(word: str, choices: list[str], found: str | None) -> None:
    assert nearest(word, choices) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (False, "false"),
        ("x", "'x'"),
        (7, "7"),
        ([1, "a"], "[1, 'a']"),
        ("x" * 58, "'" + "x" * 58 + "'"),
        ("x" * 59, "'" + "x" * 56 + "..."),
    ],
)
def test_what_was_found_fits_into_a_line(value: object, text: str) -> None:
    assert shown(value) == text
    assert len(text) <= 60


def test_choices_are_listed_once_each() -> None:
    assert one_of(["a", "b", "a"]) == "'a', 'b'"
    assert one_of([]) == "nothing here"
