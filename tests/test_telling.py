"""What a person reads in `appliance watch`."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.telling import printed

AT = "2026-11-22T09:30:01.250+00:00"
PAGE = {"title": "Earthquakes", "uri": "https://example.org/q", "status": ""}
READ = {"title": "", "uri": "https://example.org/q", "status": "success"}


def line(kind: str, **fields: Any) -> str:
    return printed({"kind": kind, "at": AT, **fields})


@pytest.mark.parametrize(
    ("kind", "fields", "text"),
    [
        ("phase", {"mood": "idle"}, "mood=idle"),
        ("call", {"name": "f", "args": {"on": True}}, 'name=f  args={"on": true}'),
        ("transcript", {"who": "model", "text": " a\nb"}, "who=model  text=\n     a\n    b"),
        (
            "code",
            {"language": "python", "text": "for n in x:\n  print(n)\n", "turn": 3},
            "the model ran this in python:\n    for n in x:\n      print(n)",
        ),
        (
            "code",
            {"language": "", "text": "1", "turn": 3},
            "the model ran this in a language of its own:\n    1",
        ),
        ("mute", {"state": "on"}, "on"),
        ("conversation", {"state": "ended"}, "ended"),
        ("countdown", {"to": "restart", "in_s": 5.0}, "restart in 5 s"),
        ("countdown", {"to": "restart", "in_s": 0.0}, "restart"),
        ("result", {"outcome": "ok", "text": "45\n", "turn": 3}, "ok, and printed:\n    45"),
        ("result", {"outcome": "failed", "text": "", "turn": 3}, "failed, and printed nothing"),
        (
            "sources",
            {"queries": ["largest earthquake", "when"], "pages": [PAGE, READ], "turn": 1},
            "searched for 'largest earthquake', 'when'\n    Earthquakes https://example.org/q\n"
            "    https://example.org/q success",
        ),
        ("sources", {"queries": [], "pages": [READ], "turn": 1}, "read\n    https://example.org/q success"),
        ("sources", {"queries": ["x"], "pages": [], "turn": 1}, "searched for 'x'"),
        (
            "timer",
            {"state": "set", "number": 2, "name": "tea", "left_s": 600.0},
            "2 (tea) set, in 10 minutes",
        ),
        ("timer", {"state": "set", "number": 2, "name": ""}, "2 set"),
        ("timer", {"state": "rings", "number": 2, "name": "tea", "late_s": 0}, "2 (tea) rings"),
        ("timer", {"state": "missed", "number": 1, "name": "", "late_s": 7200}, "1 missed, 2 hours late"),
        ("timer", {"state": "cancelled", "number": 1, "name": "tea"}, "1 (tea) cancelled"),
        ("camera", {"state": "looking", "why": "the model asked"}, "looking: the model asked"),
        ("camera", {"state": "missing", "reason": "unplugged"}, "missing: unplugged"),
        ("camera", {"state": "shut"}, "shut"),
    ],
)
def test_each_kind_has_its_words(kind: str, fields: dict[str, Any], text: str) -> None:
    assert line(kind, **fields) == f"09:30:01.250  {kind:<11} {text}"


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "code", "language": 7},
        {"kind": "sources", "queries": "x", "pages": None},
        {"kind": "timer"},
        {"kind": "camera", "state": None},
        {"kind": 7},
        {},
    ],
)
def test_what_has_another_shape_is_printed_all_the_same(fields: dict[str, Any]) -> None:
    for key, value in fields.items():
        if key != "kind":
            assert f"{key}={'null' if value is None else value}" in printed(fields)
    assert "\n" not in printed(fields)


def test_nothing_of_it_commands_the_terminal() -> None:
    title = {"title": "\x1b]0;pwned\x07\x9b31m", "uri": "u\r\t", "status": "\u202e"}
    text = line("sources", queries=["\x1b[2J"], pages=[title], turn=1)
    assert not [sign for sign in text if not (sign.isprintable() or sign == "\n")]
    assert "pwned" in text
