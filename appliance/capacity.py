"""Whether what a model is told before anybody speaks leaves room to speak.

Knows windows, and about how many tokens a text is. Must never know what the texts say.

        0 ── told at the setup ──┤ conversation ├── compress_to ─── compress_at ─── window

The service drops the oldest turns at `compress_at_tokens` until `compress_to_tokens` are left, and never the
instruction nor the functions: where these alone are as many, there is nothing that it could drop.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from .core.messages import Setup
from .errors import ConfigError, Problem
from .models import profile_of
from .settings import Config
from .suitable import COMPRESSED_AT

BYTES_PER_TOKEN = 4  # of UTF-8: what English and JSON come to; other scripts need fewer tokens than that
DEFAULT_TO = 0.5  # of where it begins to drop turns: ContextWindowCompressionConfig, where nothing is said


def tokens(text: str) -> int:
    """About as many, and rather too many."""
    return math.ceil(len(text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


def told(setup: Setup) -> tuple[int, int]:
    """The tokens of the instruction, and of the functions."""
    functions = sum(tokens(json.dumps(dict(f), ensure_ascii=False)) for f in setup.functions)
    return tokens(setup.system_instruction), functions


def weigh(config: Config, setups: Sequence[Setup]) -> None:
    """Raises ConfigError where one of these cannot be told to its model, or only just."""
    problems = tuple(problem for setup in setups for problem in _problems(config, setup))
    if problems:
        raise ConfigError(problems)


def most_kept(window: int, at: int | None) -> int:
    """What the service keeps when it drops turns, where it is not told how much."""
    return int((at if at is not None else COMPRESSED_AT * window) * DEFAULT_TO)


def _problems(config: Config, setup: Setup) -> Iterator[Problem]:
    profile, _ = profile_of(setup.model)
    instruction, functions = told(setup)
    kept = config.remember
    past = math.ceil(kept.characters / BYTES_PER_TOKEN) if kept.where != "off" else 0
    need = instruction + functions + past
    at, to = setup.compress_at_tokens, setup.compress_to_tokens
    room = to if to is not None else most_kept(profile.context, at)
    if need < room:
        return
    parts = f"about {instruction} tokens of instruction, {functions} of functions and {past} of memory"
    fits = f"for {setup.model!r}, whose window is {profile.context} tokens"
    fewer = (
        "a shorter system_instruction, fewer or shorter names of lights, groups and scenes, fewer functions"
    )
    largest = most_kept(profile.context, None)
    if need < largest and (to is not None or at is not None):
        key = "compress_to_tokens" if to is not None else "compress_at_tokens"
        least = need + 1 if to is not None else math.ceil((need + 1) / DEFAULT_TO)
        found = f"{to if to is not None else at}, with {parts}"
        yield Problem(config.file, f"live.{key}", found, f"at least {least} {fits}; or {fewer}")
    else:
        key = "live.system_instruction" if instruction >= functions else "lights"
        yield Problem(config.file, key, parts, f"less than {room} together {fits}; {fewer}")
