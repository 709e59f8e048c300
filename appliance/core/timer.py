"""A timer as a value: what it is called, when it is due, what it does then; how it is said and kept.

Knows one timer. Must never know the others, nor what time it is.

    Counting   so long from now; whatever is done to the clock on the wall does not move it
    Dated      when the wall shows a local time, whatever is done to make it show that
    Stored     of a former life: not placed in time until the clock is told for the first time
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import field

from .messages import Json
from .values import dataclass
from .wall import DAY_S

MOST_TIMERS = 32
LEAST_S, LONGEST_S = 1.0, 7.0 * DAY_S
NAME_CHARACTERS = 40  # a name that is spoken has three words
LATEST_S = 10.0**11  # the year 5138: what is later was not meant
MOST_VALUES = 64  # of an argument that is a list, as in a call
UNITS = {"d": DAY_S, "h": 3600, "m": 60, "s": 1}
DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Counting:
    """`epoch_s`: when it is due by the clock of a former life, which is right where ours is not set yet."""

    due: float
    epoch_s: float | None = None


@dataclass(frozen=True, slots=True)
class Dated:
    """`local_s`: see wall.py."""

    local_s: float
    daily: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    left_s: float
    epoch_s: float | None = None


When = Counting | Dated | Stored


@dataclass(frozen=True, slots=True)
class Deed:
    """A function that is called when the timer is due."""

    function: str
    args: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Timer:
    """`deed` None: it rings."""

    number: int
    name: str
    when: When
    deed: Deed | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """`late_s`: so long ago it should have been, because the box was off or the clock jumped."""

    timer: Timer
    late_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Missed:
    """It is too late for it."""

    timer: Timer
    late_s: float


# -- in words ---------------------------------------------------------------------------------------


def lasting(seconds: float) -> str:
    """As it is said: 1 hour 30 minutes; seconds only of what is shorter than an hour."""
    left = max(0, round(seconds))
    if left >= 3600:
        left = round(left / 60) * 60
    words: list[str] = []
    for unit, length in (("day", DAY_S), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {unit}" + ("s" if count > 1 else ""))
    return " ".join(words[:2]) or "0 seconds"


def duration_s(text: str) -> float | None:
    """Typed: 90, 90s, 10m, 1h30m, 2d; None where it is no duration."""
    found = DURATION.fullmatch("".join(text.lower().split()))
    if found is None or not any(found.groups()):
        return None
    return float(sum(int(n) * unit for n, unit in zip(found.groups(), UNITS.values(), strict=True) if n))


def clock_time(text: str) -> int | None:
    """Seconds of the day: 22:00, 7:05, 22 or 10 pm; None where it is no time of day."""
    found = re.fullmatch(r"(\d{1,2})(?:[:.](\d\d))?\s*([ap])?\.?(?:m\.?)?", text.strip().lower(), re.ASCII)
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    elif half:
        return None
    return hour * 3600 + minute * 60 if hour < 24 and minute < 60 else None


def shown_time(local_s: float) -> str:
    """The time of day: 22:00."""
    minutes = int(local_s % DAY_S) // 60
    return f"{minutes // 60:02}:{minutes % 60:02}"


def called(timer: Timer) -> str:
    """As it is told apart from the others: timer 3 (pasta)."""
    return f"timer {timer.number}" + (f" ({timer.name})" if timer.name else "")


def shown(timer: Timer, left_s: float | None) -> dict[str, object]:
    """As the model and a person see it."""
    found: dict[str, object] = {"number": timer.number, "name": timer.name}
    if isinstance(timer.when, Dated):
        found |= {"at": shown_time(timer.when.local_s), "daily": timer.when.daily}
    if left_s is not None:
        found |= {"left_s": max(0, round(left_s)), "left": lasting(left_s)}
    if timer.deed is None:
        return {**found, "kind": "ring"}
    return {**found, "kind": "lights", "function": timer.deed.function, "args": dict(timer.deed.args)}


# -- kept over a restart ------------------------------------------------------------------------------


def as_json(timer: Timer, left_s: float, epoch_s: float | None) -> dict[str, object]:
    """`left_s` and `epoch_s`: how long it still counts, and when that is over."""
    deed = timer.deed and {"function": timer.deed.function, "args": dict(timer.deed.args)}
    kept: dict[str, object] = {"number": timer.number, "name": timer.name, "deed": deed}
    if isinstance(timer.when, Dated):
        return {**kept, "local_s": timer.when.local_s, "daily": timer.when.daily}
    return {**kept, "left_s": left_s, "epoch_s": epoch_s}


def from_json(value: object) -> Timer | None:
    """The timer that any JSON value stands for; None for what is none that could be kept."""
    found = value if isinstance(value, Mapping) else {}
    number, name, deed = found.get("number"), found.get("name"), _deed(found.get("deed"))
    when = _when(found)
    if type(number) is not int or not 1 <= number <= MOST_TIMERS or deed == Deed("") or when is None:
        return None
    return Timer(number, name if isinstance(name, str) and is_name(name) else "", when, deed)


def is_name(name: str) -> bool:
    return 0 < len(name) <= NAME_CHARACTERS and name.isprintable()


def _when(found: Mapping[str, object]) -> When | None:
    local_s, left_s, epoch_s = (_number(found.get(key)) for key in ("local_s", "left_s", "epoch_s"))
    if local_s is not None:
        return Dated(local_s, found.get("daily") is True)
    if left_s is None or left_s > LONGEST_S:
        return None
    return Stored(left_s, epoch_s)


def _number(value: object) -> float | None:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LATEST_S
    return float(value) if fine and isinstance(value, int | float) else None


def _deed(value: object) -> Deed | None:
    """Deed("") for what is none, and stands where one should."""
    if value is None:
        return None
    found = value if isinstance(value, Mapping) else {}
    function, args = found.get("function"), found.get("args")
    if not isinstance(function, str) or not isinstance(args, Mapping) or not all(map(_plain, args.values())):
        return Deed("")
    return Deed(function[:64], dict(args))


def _plain(value: object) -> bool:
    """What a call may have for an argument: the function itself will look closer."""
    match value:
        case None | bool() | str():
            return True
        case int() | float():
            return math.isfinite(value)
        case list():
            return len(value) <= MOST_VALUES and all(isinstance(item, str) for item in value)
        case _:
            return False
