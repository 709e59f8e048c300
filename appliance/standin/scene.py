"""A scene: expect this, then say that, then wait, then hang up. Read from JSON, checked before it is played.

        {"about": "one line",
         "options": {"faults": {...}, "variants": {...}, "speed": 4},        optional, as in options.py
         "steps": [STEP, ...]            played on every connection,
      or "links": [[STEP, ...], ...]     the k-th list on the k-th connection, none on later ones
         "then": "answer" | "silence" | "repeat"}                            when the steps are over; "answer"

A step has one verb, and for some verbs more keys:

        {"expect": "turn", "within_s": 30}       setup, activityStart, audio, toolResponse...
        {"hear": "what the person said"}         an input transcript
        {"speak": "words", "complete": true}     audio, transcript, generationComplete, turnComplete
        {"call": [{"name": "f", "args": {}}], "wait": true}
        {"cancel": true}                         cancels the open calls
        {"send": {any message}}                  "@audio 0.5": seconds of sound, "@handle": a new handle
        {"garbage": "text"}  {"wait_s": 0.5}  {"goaway": "50s"}  {"mute": true}  {"interrupt": true}
        {"close": 1011, "reason": "text"}        0 drops the connection without a close frame, -1 resets it

Knows: this format and its errors.
Must never know: how a step is carried out (script.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from .options import Garbage, Options, with_values

Then = Literal["answer", "silence", "repeat"]
Step = dict[str, Any]

SHELF = Path(__file__).with_name("scenes")
EXPECTED = (
    "setup",
    "activityStart",
    "activityEnd",
    "audio",
    "video",
    "turn",
    "clientContent",
    "toolResponse",
)

# verb -> (type of its value, other keys and their types)
_VERBS: dict[str, tuple[tuple[type, ...], dict[str, tuple[type, ...]]]] = {
    "expect": ((str,), {"within_s": (int, float)}),
    "hear": ((str,), {}),
    "speak": ((str,), {"complete": (bool,), "seconds": (int, float)}),
    "call": ((list,), {"wait": (bool,)}),
    "cancel": ((bool,), {}),
    "interrupt": ((bool,), {}),
    "send": ((dict,), {}),
    "garbage": ((str,), {}),
    "wait_s": ((int, float), {}),
    "goaway": ((str,), {}),
    "mute": ((bool,), {}),
    "close": ((int,), {"reason": (str,)}),
}


class SceneError(ValueError):
    """A scene that cannot be played; the text names the file, the step and what is allowed."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A checked scene. `options` are laid over the stand-in's own."""

    name: str
    links: tuple[tuple[Step, ...], ...]
    every_link: bool
    then: Then = "answer"
    options: tuple[tuple[str, Any], ...] = ()

    def plays_on(self, link: int) -> bool:
        return self.every_link or link <= len(self.links)

    def steps_on(self, link: int) -> tuple[Step, ...]:
        """The steps for the link-th connection, counted from 1."""
        return self.links[0] if self.every_link else self.links[link - 1]

    def over(self, options: Options) -> Options:
        """The options with the scene's own laid over them."""
        return with_values(options, dict(self.options))


def names() -> list[str]:
    """The scenes on the shelf."""
    return sorted(path.stem for path in SHELF.glob("*.json"))


def load(which: str) -> Scene:
    """A scene by its name on the shelf or by the path of a file; raises SceneError."""
    path = Path(which)
    if path.suffix != ".json" and not path.exists():
        path = SHELF / f"{which}.json"
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SceneError(f"no scene {which!r}; there are {', '.join(names())}, or give a file") from error
    except (OSError, ValueError) as error:
        raise SceneError(f"{path}: {error}") from error
    return parse(value, str(path))


def parse(value: object, where: str = "scene") -> Scene:
    """A scene from parsed JSON; raises SceneError."""
    if not isinstance(value, dict):
        raise SceneError(f"{where}: a scene is an object")
    allowed = {"about", "options", "steps", "links", "then"}
    if unknown := value.keys() - allowed:
        raise SceneError(
            f"{where}: unknown {', '.join(sorted(unknown))}; allowed are {', '.join(sorted(allowed))}"
        )
    if ("steps" in value) == ("links" in value):
        raise SceneError(f"{where}: needs either steps or links")
    lists = [value["steps"]] if "steps" in value else value["links"]
    if not isinstance(lists, list) or not all(isinstance(steps, list) for steps in lists):
        raise SceneError(f"{where}: steps is a list of steps, links a list of such lists")
    then = value.get("then", "answer")
    if then not in get_args(Then):
        raise SceneError(f"{where}: then must be one of {', '.join(get_args(Then))}; not {then!r}")
    if then == "repeat" and not all(
        any("expect" in s for s in steps if isinstance(s, dict)) for steps in lists
    ):
        raise SceneError(f"{where}: repeat needs an expect among the steps")
    options = value.get("options", {})
    try:
        with_values(Options(), options if isinstance(options, dict) else {"options": options})
    except ValueError as error:
        raise SceneError(f"{where}: {error}") from error
    links = tuple(
        tuple(
            _step(step, f"{where}: {'step' if 'steps' in value else f'link {k}, step'} {n}")
            for n, step in enumerate(s, 1)
        )
        for k, s in enumerate(lists, 1)
    )
    return Scene(where, links, "steps" in value, then, tuple(options.items()))


def _step(step: object, where: str) -> Step:
    if not isinstance(step, dict):
        raise SceneError(f"{where}: a step is an object")
    verbs = [verb for verb in _VERBS if verb in step]
    if len(verbs) != 1:
        raise SceneError(f"{where}: needs exactly one of {', '.join(_VERBS)}")
    verb = verbs[0]
    types, more = _VERBS[verb]
    for key, value in step.items():
        wanted = types if key == verb else more.get(key)
        if wanted is None:
            raise SceneError(f"{where}: {verb} has no {key!r}; allowed are {', '.join([verb, *more])}")
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise SceneError(f"{where}: {key} must be {' or '.join(t.__name__ for t in wanted)}")
    _check_choice(verb, step[verb], where)
    return step


def _check_choice(verb: str, value: Any, where: str) -> None:
    choices = {"expect": EXPECTED, "garbage": get_args(Garbage)[1:]}.get(verb)
    if choices and value not in choices:
        raise SceneError(f"{where}: {verb} must be one of {', '.join(choices)}; not {value!r}")
    if verb == "call":
        for call in value:
            if not isinstance(call, dict) or not isinstance(call.get("name"), str):
                raise SceneError(f"{where}: each call needs a name")
            if call.keys() - {"name", "args", "id"} or not isinstance(call.get("args", {}), dict):
                raise SceneError(f"{where}: a call has name, args (an object) and id")
    if verb == "close" and value not in (0, -1) and not (1000 <= value <= 1014 or 3000 <= value <= 4999):
        raise SceneError(f"{where}: close must be 0, -1 or a close code that may be sent, not {value}")
    if verb == "close" and value in (1004, 1005, 1006):
        raise SceneError(f"{where}: {value} may not be sent; use 0 to drop the connection")
