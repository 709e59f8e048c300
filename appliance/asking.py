"""What may be asked of the daemon: one line of JSON as a request, or why it is none.

Knows the requests, their keys and limits. Must never know who asks, nor what comes of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal

from .core.changes import MOST_TRANSITION_S
from .core.events import (
    Ask,
    Cancel,
    History,
    Lights,
    Mute,
    Press,
    Reload,
    Request,
    Say,
    Scene,
    SetTimer,
    Status,
    Talk,
    Timers,
    Volume,
)
from .core.timer import LEAST_S, LONGEST_S
from .problems import nearest, one_of, shown

LINE_BYTES = 4096  # the longest sensible request has 200
NAME_CHARACTERS = 64  # as in the configuration
HOLD_S = (0.1, 60.0)  # the longest utterance that the default configuration lets through
TEXT_CHARACTERS = 2_000  # a page; in a request of 4096 bytes there is no room for more

REQUESTS: dict[str, tuple[str, ...]] = {  # and the keys each may have besides "do"
    "status": (),
    "history": (),
    "talk": ("hold_s",),
    "press": (),
    "release": (),
    "cancel": (),
    "mute": (),
    "unmute": (),
    "ask": ("text", "speak"),
    "say": ("text",),
    "lights": ("name", "change", "over_s"),
    "scene": ("name",),
    "timers": ("cancel",),
    "volume": ("level",),
    "set_timer": ("seconds", "name"),
    "reload": (),
    "watch": (),
}


class Refused(Exception):
    """A request that is none: what is wrong, and what would be right."""


def parse(line: bytes) -> Request | None:
    """One line as a request; None is a watch. Any other bytes raise Refused(error, remedy)."""
    if len(line.rstrip(b"\n")) > LINE_BYTES:
        raise Refused(f"a request of more than {LINE_BYTES} bytes", "one request a line")
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused("not JSON", 'as in {"do": "status"}') from None
    if not isinstance(body, dict) or not isinstance(body.get("do"), str):
        raise Refused('no "do"', f'an object such as {{"do": "status"}}; "do" is {one_of(REQUESTS)}')
    do = body.pop("do")
    if do not in REQUESTS:
        raise Refused(f"unknown request {shown(do)}", _instead(do, REQUESTS))
    for key in body:
        if key not in REQUESTS[do]:
            raise Refused(f"unknown key {shown(key)} of {do!r}", _instead(key, REQUESTS[do]))
    match do:
        case "status":
            return Status()
        case "history":
            return History()
        case "talk":
            return Talk(_hold(body.get("hold_s")))
        case "press" | "release":
            return Press(down=do == "press")
        case "reload":
            return Reload()
        case "cancel":
            return Cancel()
        case "mute" | "unmute":
            return Mute(on=do == "mute")
        case "ask":
            return Ask(_words(body), speak=_flag(body, "speak"))
        case "say":
            return Say(_words(body))
        case "lights":
            return _lights(_text(body, "name"), _text(body, "change"), _over(body.get("over_s")))
        case "scene":
            return Scene(_text(body, "name"))
        case "volume":
            return Volume(_level(body.get("level")))
        case "timers":
            return Timers(_which(body.get("cancel")))
        case "set_timer":
            return SetTimer(_seconds(body.get("seconds")), _text(body, "name") or "")
        case _:
            return None


def _instead(word: str, choices: Mapping[str, object] | tuple[str, ...]) -> str:
    near = nearest(word, choices)
    return f"one of {one_of(choices)}" + (f"; did you mean {near!r}?" if near else "")


def _hold(value: object) -> float | None:
    if value is None:
        return None
    least, most = HOLD_S
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise Refused(f"hold_s is {shown(value)}", f"a number from {least:g} to {most:g} (seconds)")
    return float(value)


def _text(body: Mapping[str, object], key: str) -> str | None:
    value = body.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= NAME_CHARACTERS or not value.isprintable():
        raise Refused(f"{key} is {shown(value)}", f"a text of 1 to {NAME_CHARACTERS} printable characters")
    return value


def _words(body: Mapping[str, object]) -> str:
    value = body.get("text")
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_CHARACTERS:
        raise Refused(f"text is {shown(value)}", f"a text of 1 to {TEXT_CHARACTERS} characters")
    return value.strip()


def _level(value: object) -> int | Literal["louder", "quieter"] | None:
    if value is None or value == "louder" or value == "quieter":
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise Refused(f"level is {shown(value)}", "a whole number from 0 to 100, 'louder' or 'quieter'")
    return value


def _flag(body: Mapping[str, object], key: str) -> bool:
    value = body.get(key, False)
    if not isinstance(value, bool):
        raise Refused(f"{key} is {shown(value)}", "true or false")
    return value


def _which(value: object) -> str | None:
    """A text, "" included: the only one."""
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > NAME_CHARACTERS or (value and not value.isprintable()):
        raise Refused(f"cancel is {shown(value)}", "a name, a number or all; an empty text for the only one")
    return value


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not LEAST_S <= value <= LONGEST_S:
        raise Refused(f"seconds is {shown(value)}", f"a number from {LEAST_S:g} to {LONGEST_S:g}")
    return float(value)


def _over(value: object) -> float | None:
    if value is None:
        return None
    most = MOST_TRANSITION_S
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise Refused(f"over_s is {shown(value)}", f"a number from 0 to {most:g} (seconds)")
    return float(value)


def _lights(name: str | None, change: str | None, over_s: float | None) -> Lights:
    if change is not None and name is None:
        raise Refused("a change without a name", 'say which light, as in "name": "kitchen lamp"')
    if over_s is not None and change is None:
        raise Refused("a time without a change", 'say what to change it to, as in "change": "off"')
    return Lights(name, change, over_s)
