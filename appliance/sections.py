"""Sections of the configuration that stand alone.

Knows their keys and ranges. Must never know what another section says.
"""

from __future__ import annotations

from dataclasses import fields

from .core.usage import Budget
from .problems import Section
from .settings import Functions, Timers


def budget(section: Section) -> Budget:
    """[budget]"""

    def tokens(key: str) -> int | None:
        return section.whole(key, None, 1_000, 1_000_000_000, "tokens")

    budget = Budget(**{field.name: tokens(field.name) for field in fields(Budget)})
    section.done()
    for period in ("day", "month"):
        soft, hard = getattr(budget, f"soft_tokens_{period}"), getattr(budget, f"hard_tokens_{period}")
        if soft is not None and hard is not None and soft >= hard:
            section.wrong(f"soft_tokens_{period}", soft, f"less than hard_tokens_{period} ({hard})")
    return budget


def functions(section: Section) -> Functions:
    """[functions]"""
    default = Functions()
    functions = Functions(
        disabled=section.texts("disabled", most=64),
        limit_s=section.number("limit_s", default.limit_s, 1, 300, "seconds"),
    )
    section.done()
    return functions


def timers(section: Section) -> Timers:
    """[timers]"""
    timers = Timers(section.number("ring_s", Timers().ring_s, 5, 600, "seconds"))
    section.done()
    return timers
