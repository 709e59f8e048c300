"""What it costs: tokens and sound by turn, day and month, and whether more may be spent.

Knows counts, limits, and dates as they are told. Must never know a price, nor ask what day it is.

    note(Usage), sound(ms) ─► close() ─► day and month, or undated until somebody knows the date

A day is an ISO date such as "2026-11-22". A clock that jumps, back too, only chooses another day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from enum import StrEnum
from operator import attrgetter

from .messages import Usage
from .values import dataclass

# By how many characters of the date, and how many are kept: two months of days, and two years of months.
PERIODS = {"days": (10, 62), "months": (7, 24)}
MOST_COUNT = 2**53  # what every reader of JSON holds exactly, RFC 8259 section 6
is_day = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits in tokens, prompts and answers together; None for no limit."""

    soft_tokens_day: int | None = None
    hard_tokens_day: int | None = None
    soft_tokens_month: int | None = None
    hard_tokens_month: int | None = None


NO_LIMIT = Budget()


class Verdict(StrEnum):
    FINE = "fine"
    SOFT = "soft"  # go on, and say so once a day: see `warn`
    HARD = "hard"  # begin no new turn until the day, or the month, is over


@dataclass(frozen=True, slots=True)
class Use:
    """Tokens as the service counts them, and milliseconds of sound sent to it and taken from it."""

    turns: int = 0
    prompt: int = 0
    response: int = 0
    total: int = 0
    heard_ms: int = 0
    spoken_ms: int = 0

    def __add__(self, other: Use) -> Use:
        pairs = zip(_counts(self), _counts(other), strict=True)
        return Use(*(min(MOST_COUNT, mine + its) for mine, its in pairs))


_counts = attrgetter(*(field.name for field in fields(Use)))


class Ledger:
    """`note` what a turn costs, `close` it when the service says that it is complete: it is then `last`.

    `day` is the one that is booked to, "" while nobody knows it.
    """

    def __init__(self, budget: Budget | None = None, snapshot: object = None) -> None:
        """`snapshot` is any JSON value whatever: what looks like ours is kept, the rest is left out."""
        found = snapshot if isinstance(snapshot, Mapping) else {}
        self.budget = budget or Budget()
        # In the order of their last use: the first is dropped first, and never today's.
        self._books = {period: _book(found.get(period), *PERIODS[period]) for period in PERIODS}
        self._undated = _use(found.get("undated"))
        warned = found.get("warned")
        self._warned = warned if isinstance(warned, str) and is_day(warned) else None
        self._noted = Usage()
        self._heard_ms = self._spoken_ms = 0.0
        self._asked = 1
        self.day = ""
        self.last = Use()

    def as_json(self) -> dict[str, object]:
        """The snapshot, small: what must outlive a restart. The turn under way is not in it."""
        books = {period: {k: asdict(use) for k, use in book.items()} for period, book in self._books.items()}
        return {"version": 1, **books, "undated": asdict(self._undated), "warned": self._warned}

    def today(self, day: str) -> None:
        """It is this day now; "", or what is no ISO date, where nobody knows. What was undated is its."""
        self.day = day if is_day(day) else ""
        if self.day:
            undated, self._undated = self._undated, Use()
            self._add(undated)

    def note(self, usage: Usage) -> None:
        """Counts of the turn so far: the last ones count, they are not summed (the service repeats them)."""
        self._noted = usage

    def sound(self, *, heard_ms: float = 0, spoken_ms: float = 0) -> None:
        """So much was sent to the service, twice if it had to be, and so much was handed to the speaker."""
        self._heard_ms += heard_ms
        self._spoken_ms += spoken_ms

    def unasked(self) -> None:
        """The turn under way is nobody's: what it costs counts, and the turn does not."""
        self._asked = 0

    def close(self) -> bool:
        """Book the turn, as `last`. False when there is nothing to book: once too often is harmless."""
        if (use := self._open()) == Use():
            return False
        self._noted, self._heard_ms, self._spoken_ms = Usage(), 0.0, 0.0
        self._asked = 1
        self.last = use
        self._add(use)
        return True

    def verdict(self) -> Verdict:
        """Whether a turn may begin. The turn under way counts; so does, without a date, what is undated."""
        if self.budget == NO_LIMIT:  # asked with every frame while the box speaks
            return Verdict.FINE
        day, month, limits = self._sum("days").total, self._sum("months").total, self.budget
        if _reached(day, limits.hard_tokens_day) or _reached(month, limits.hard_tokens_month):
            return Verdict.HARD
        soft = _reached(day, limits.soft_tokens_day) or _reached(month, limits.soft_tokens_month)
        return Verdict.SOFT if soft else Verdict.FINE

    def warn(self) -> bool:
        """Whether a person is to be told now that a soft limit is reached: true once a day."""
        if self.verdict() is not Verdict.SOFT or self._warned == self.day:
            return False
        self._warned = self.day
        return True

    def shown(self) -> dict[str, object]:
        """For `status`: the last turn, today, this month, the limits and what they mean now."""
        today, month = asdict(self._sum("days")), asdict(self._sum("months"))
        sums = {"last_turn": asdict(self.last), "today": today, "month": month}
        return {**sums, "day": self.day, "verdict": str(self.verdict()), "budget": asdict(self.budget)}

    def days(self) -> dict[str, dict[str, int]]:
        """What each day has cost, the newest last, today with the turn under way."""
        booked = {day: asdict(use) for day, use in sorted(self._books["days"].items())}
        today = asdict(self._sum("days"))
        return {**booked, self.day: today} if self.day else booked

    def _open(self) -> Use:
        """The turn under way. Some models leave a part out of the total, so it is at least its parts."""
        prompt, response = max(0, self._noted.prompt), max(0, self._noted.response)
        total = max(self._noted.total, prompt + response)
        use = Use(0, prompt, response, total, round(self._heard_ms), round(self._spoken_ms))
        return use if use == Use() else Use(self._asked) + use

    def _add(self, use: Use) -> None:
        if not self.day:
            self._undated += use
        elif use != Use():
            for period, (length, most) in PERIODS.items():
                book, key = self._books[period], self.day[:length]
                book[key] = book.pop(key, Use()) + use
                self._books[period] = dict(list(book.items())[-most:])

    def _sum(self, period: str) -> Use:
        dated = self._books[period].get(self.day[: PERIODS[period][0]], Use())
        return dated + self._undated + self._open()


def _reached(spent: int, most: int | None) -> bool:
    return most is not None and spent >= most


def _book(value: object, length: int, most: int) -> dict[str, Use]:
    pairs = value.items() if isinstance(value, Mapping) else ()
    days = {key: use for key, found in pairs if len(key) == length and (use := _use(found)) != Use()}
    return dict([(key, use) for key, use in days.items() if is_day(f"{key}-01"[:10])][-most:])


def _use(value: object) -> Use:
    """What is missing, or no count, is taken to be none."""
    counts = {f.name: value.get(f.name) for f in fields(Use)} if isinstance(value, Mapping) else {}
    return Use() + Use(**{name: count for name, count in counts.items() if type(count) is int and count > 0})
