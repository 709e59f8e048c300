"""What a check has found, what it means, and what can be done about it.

Knows how bad it is. Must never hold a secret: what is found is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from ..errors import EX_FAILURE, EX_OK


class State(StrEnum):
    FINE = "fine"
    ODD = "odd"  # it works, and may not always
    WRONG = "wrong"
    SKIPPED = "skipped"


MARKS = {State.FINE: "ok   ", State.ODD: "odd  ", State.WRONG: "WRONG", State.SKIPPED: "-    "}


@dataclass(frozen=True, slots=True)
class Finding:
    """`mend` does the remedy where that is safe, and says what it did; it raises OSError where it cannot."""

    check: str
    state: State
    found: str
    means: str = ""
    remedy: str = ""
    exit_status: int = EX_FAILURE
    mend: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    def as_json(self) -> dict[str, object]:
        shown: dict[str, object] = {"check": self.check, "state": str(self.state), "found": self.found}
        shown |= {"means": self.means, "remedy": self.remedy, "can_be_mended": self.mend is not None}
        return shown

    def lines(self) -> list[str]:
        """For a person."""
        first, *more = self.found.splitlines() or [""]
        lines = [f"{MARKS[self.state]} {self.check:<14} {first}"]
        lines += [f"{'':<20} {line}" for line in more]
        if self.state is not State.FINE:
            lines += [
                f"{'':<20} {text}" for text in (self.means, self.remedy and f"-> {self.remedy}") if text
            ]
        return lines


def fine(check: str, found: str) -> Finding:
    return Finding(check, State.FINE, found)


def skipped(check: str, found: str) -> Finding:
    return Finding(check, State.SKIPPED, found)


def exit_status(findings: Iterable[Finding]) -> int:
    """0 where nothing is wrong; else the gravest: configuration, then what is missing, then the rest."""
    return max((one.exit_status for one in findings if one.state is State.WRONG), default=EX_OK)
