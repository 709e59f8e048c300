"""One thing that happened, as `appliance watch` prints it.

Knows what a person wants to read of each kind of news. Must never know where it came from, nor let a word of
it command the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from .core.timer import lasting

INDENT = "\n    "
STAMP = slice(11, 23)  # of an ISO time: hours to milliseconds


def printed(told: Mapping[str, object]) -> str:
    """The time, the kind, and what there is to say; further lines are indented."""
    kind = str(told.get("kind", ""))
    fields = {key: value for key, value in told.items() if key not in ("kind", "at")}
    return _safe(f"{str(told.get('at', ''))[STAMP]}  {kind:<11} {_said(kind, fields)}".rstrip())


def _said(kind: str, fields: Mapping[str, object]) -> str:
    match kind, fields:
        case "code", {"language": language, "text": str(text)}:
            return f"the model ran this in {language or 'a language of its own'}:{_below(text)}"
        case "result", {"outcome": outcome, "text": str(text)}:
            return f"{outcome}" + (
                f", and printed:{_below(text)}" if text.strip() else ", and printed nothing"
            )
        case "sources", {"queries": list(queries), "pages": list(pages)}:
            asked = "searched for " + ", ".join(repr(query) for query in queries) if queries else "read"
            return asked + "".join(INDENT + _page(page) for page in pages if isinstance(page, Mapping))
        case "timer", {"state": str(state), "number": number, "name": name}:
            return _timer(state, f"{number} ({name})" if name else f"{number}", fields)
        case "mute" | "conversation", {"state": str(state)}:
            return state
        case "countdown", {"to": str(to), "in_s": in_s}:
            return f"{to} in {in_s:g} s" if in_s else to
        case "camera", {"state": str(state)}:
            why = fields.get("why") or fields.get("reason")
            return f"{state}: {why}" if why else state
        case _:
            return "  ".join(f"{key}={_short(value)}" for key, value in fields.items())


def _timer(state: str, which: str, fields: Mapping[str, object]) -> str:
    seconds = fields.get("left_s") if state == "set" else fields.get("late_s")
    if not isinstance(seconds, int | float) or seconds < 1:
        return f"{which} {state}"
    return f"{which} {state}, " + (f"in {lasting(seconds)}" if state == "set" else f"{lasting(seconds)} late")


def _page(page: Mapping[str, object]) -> str:
    return " ".join(str(page[key]) for key in ("title", "uri", "status") if page.get(key))


def _below(text: str) -> str:
    return INDENT + text.strip("\n").replace("\n", INDENT)


def _short(value: object) -> str:
    if isinstance(value, str):
        return value if "\n" not in value.strip() else _below(value)
    return json.dumps(value, ensure_ascii=False)


def _safe(text: str) -> str:
    """Without what a terminal would obey: a title of a page is a stranger's."""
    return "".join(_visible(text))


def _visible(text: str) -> Iterable[str]:
    return (sign if sign.isprintable() or sign == "\n" else " " if sign == "\t" else "?" for sign in text)
