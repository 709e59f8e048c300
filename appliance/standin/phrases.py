"""What the offline mind says: the outcome of calls, what it can do, and what it cannot.

Knows: the shape of the lights' responses, and plain English.
Must never know: audio, sockets.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from .abilities import EVERYTHING, Abilities
from .grammar import COLOURS, Request
from .mind import Understanding

_CLOCK = "It is {hour}:{minute:02d}."
NOTHING_HEARD = "I did not hear anything."
DEAF = "I cannot understand speech while I am offline."
_LONGEST_ERROR = 200  # letters of an error that are spoken


def refusal(abilities: Abilities) -> str:
    """What is said to a request that was not understood."""
    if not abilities.names and abilities.timing is None:
        return "I did not understand. I can not do anything for you while I am offline."
    return f"I did not understand. While I am offline I can only {_doing(abilities)}."


def abilities_named(abilities: Abilities) -> str:
    """What can be asked for, by name."""
    named = f": {_listed(abilities.names)}" if abilities.names else ""
    return f"I can {_doing(abilities)}{named}."


def composed(understood: Understanding, responses: list[dict[str, Any]]) -> str:
    """One sentence for each request and its response, equal ones once."""
    sentences = [_sentence(r, response) for r, response in zip(understood.requests, responses, strict=False)]
    return " ".join(dict.fromkeys(sentences)) or "Done."


def time_told(now: datetime) -> str:
    """What the clock of this machine says."""
    return _CLOCK.format(hour=now.hour, minute=now.minute)


def _doing(abilities: Abilities) -> str:
    timers = "set timers" if abilities.timing else ""
    if not abilities.names:
        return timers
    return f"{timers} and {_lights(abilities)}" if timers else _lights(abilities)


def _lights(abilities: Abilities) -> str:
    switching = abilities.switching
    if switching is None:
        return "tell you about the lights"
    verbs = ["switch"] if switching.power else []
    verbs += ["dim"] if switching.level else []
    verbs += ["colour"] if switching.colour else []
    return f"{_listed(verbs)} the lights"


def _sentence(request: Request, response: dict[str, Any]) -> str:
    error = response.get("error")
    if error:
        return _finished(f"That did not work: {str(error)[:_LONGEST_ERROR]}")
    if request.ask == "bye":
        return "Goodbye."
    if request.ask in ("louder", "quieter", "loud"):
        return (
            "Is this better?" if "volume" not in response else f"The volume is {response['volume']} percent."
        )
    if request.ask in ("timer", "untimer", "left", "later"):
        return _timed(request, response)
    if request.ask == "scene":
        return "The scene is set."
    inner = response.get("lights", response.get("output"))
    lights = {n: s for n, s in inner.items() if isinstance(s, dict)} if isinstance(inner, dict) else {}
    return _told(request, lights) if request.ask else _changed(request, lights)


def _timed(request: Request, response: dict[str, Any]) -> str:
    timer, timers = response.get("timer"), response.get("timers")
    if response.get("rings"):
        return f"Your {timer} rings." if str(timer).startswith("timer") else f"The timer for {timer} rings."
    if request.ask == "untimer":
        return "The timer is cancelled."
    if request.ask in ("timer", "later"):
        left = timer.get("left") if isinstance(timer, dict) else ""
        return f"The timer is set: {left}." if left else "The timer is set."
    lefts = (
        [str(t.get("left", "")) for t in timers if isinstance(t, dict)] if isinstance(timers, list) else []
    )
    return f"{_listed(lefts)} to go." if lefts else "There is no timer."


def _changed(request: Request, lights: dict[str, dict[str, Any]]) -> str:
    names = list(lights) or list(request.names)
    subject = "Everything" if EVERYTHING in request.names else f"The {_listed(names)}"
    verb = "is" if len(names) < 2 or EVERYTHING in request.names else "are"
    values: list[str] = []
    if request.power:
        values.append(request.power)
    if request.level is not None:
        values.append(f"at {request.level} percent")
    if request.colour:
        values.append(request.colour)
    if request.effect:
        values.append({"blink": "blinking", "breathe": "breathing"}[request.effect])
    return f"{subject} {verb} {_listed(values) or 'set'}."


def _told(request: Request, lights: dict[str, dict[str, Any]]) -> str:
    if request.ask == "list":
        named = _listed(f"the {name}" for name in lights) or "no lights"
        return f"There {'is' if len(lights) == 1 else 'are'} {named}."
    if request.ask == "which":
        names = [name for name, state in lights.items() if state.get("power") == request.power]
        if not names:
            return f"No light is {request.power}."
        return f"The {_listed(names)} {'is' if len(names) == 1 else 'are'} {request.power}."
    return (
        " ".join(f"The {name} is {_state(request.ask, state)}." for name, state in lights.items())
        or "I see no light."
    )


def _state(ask: str, state: dict[str, Any]) -> str:
    power = str(state.get("power", "in an unknown state"))
    if power != "on" or ask == "power":
        return power
    if ask == "level" and "brightness" in state:
        return f"at {state['brightness']} percent"
    if ask == "colour" and "colour" in state:
        return _colour_name(str(state["colour"]))
    return power


def _colour_name(value: str) -> str:
    """The nearest named colour to "#rrggbb"; any other text is a name already."""
    wanted = _rgb(value)
    if wanted is None:
        return value
    return min(COLOURS, key=lambda name: _distance(wanted, _rgb(COLOURS[name]) or (0, 0, 0)))


def _rgb(value: str) -> tuple[int, int, int] | None:
    try:
        number = int(value.removeprefix("#"), 16) if len(value) == 7 and value[0] == "#" else None
    except ValueError:
        return None
    return None if number is None else (number >> 16 & 255, number >> 8 & 255, number & 255)


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _listed(items: Iterable[str]) -> str:
    words = list(items)
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _finished(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
