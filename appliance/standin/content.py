"""What a clientContent adds to the history: who said what, and in which order a model takes it.

Knows: turns, their roles and parts; what each generation refuses.
Must never know: sockets, or what is answered.
"""

from __future__ import annotations

from typing import Any

from .profile import Profile
from .refusal import INVALID, ROLE_ORDER, Refusal, bad_argument
from .resumption import Exchange

_PARTS = {"text", "inlineData", "thought", "thoughtSignature"}  # calls of functions cannot be made up

Turns = tuple[tuple[str, str], ...]
"""Role and words of each."""


def turns_in(given: dict[str, Any], profile: Profile) -> Turns:
    """The turns of one clientContent; raises the Refusal that such a one is answered with."""
    turns: list[tuple[str, str]] = []
    for turn in given.get("turns", []):
        role, parts = turn.get("role", "user"), turn.get("parts", [])
        if role not in ("user", "model") or any(part.keys() - _PARTS for part in parts):
            raise bad_argument()
        turns.append((role, " ".join(part["text"] for part in parts if "text" in part)))
    if turns and turns[-1][0] != "user" and not profile.ends_with_model:
        raise Refusal(INVALID, ROLE_ORDER)
    return tuple(turns)


def asked_in(turns: Turns) -> str:
    """What of it is to be answered: what the user said since the model spoke."""
    words: list[str] = []
    for role, text in reversed(turns):
        if role == "model":
            break
        words.insert(0, text)
    return " ".join(words)


def exchanges_in(turns: Turns) -> tuple[Exchange, ...]:
    """The same as the model remembers it."""
    found: list[Exchange] = []
    asked = ""
    for role, text in turns:
        if role == "user":
            asked = f"{asked} {text}".strip()
        else:
            found.append(Exchange(asked, text))
            asked = ""
    return (*found, Exchange(asked, "")) if asked else tuple(found)
