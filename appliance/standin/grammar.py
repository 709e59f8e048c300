"""What can be asked for, as a grammar made from the declared functions, and the reading of a sentence by it.

Knows: English phrasings for things that are switched, dimmed, coloured and asked about.
Must never know: audio, the names of the functions (abilities.py finds them by shape).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from .abilities import EVERYTHING, Abilities
from .jsgf import Grammar
from .mind import Call

COLOURS = {
    "red": "#ff0000",
    "green": "#00ff00",
    "blue": "#0000ff",
    "yellow": "#ffff00",
    "orange": "#ff8000",
    "purple": "#8000ff",
    "pink": "#ff60a0",
    "white": "#ffffff",
    "cyan": "#00ffff",
    "magenta": "#ff00ff",
    "turquoise": "#40e0d0",
}
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
)
_ONES += "seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SPELLING = {"colour": "color", "colours": "colors", "grey": "gray", "okay": "ok"}
_KINDS = {"light", "lamp", "lights", "lamps", "bulb"}
_TIMED = ("timer", "untimer", "left", "later")
_PLAIN = ("louder", "quieter", "loud", "bye", "clock")
_SLOWLY_S = 5
_DIMMED = 30  # percent, for "dim it" without a number


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked for. `ask` is "" for a change; otherwise which, list, power, level, colour, help, or
    one of _TIMED and _PLAIN. `kept` is the level while a duration is read: its numbers are levels, too."""

    names: tuple[str, ...] = ()
    power: str = ""
    level: int | None = None
    colour: str = ""
    ask: str = ""
    seconds: int = 0
    effect: str = ""
    slowly: bool = False
    scene: int = 0
    kept: int | None = None

    def call(self, abilities: Abilities) -> Call | None:
        """The function call that does it, or None when no function does."""
        if self.ask in _TIMED:
            return self._timed(abilities)
        if self.ask in _PLAIN:
            return self._plain(abilities)
        if self.ask == "scene":
            chosen = abilities.choosing
            return Call(chosen.name, {chosen.key: chosen.names[self.scene]}) if chosen else None
        if self.ask:
            asking = abilities.asking
            if asking is None or self.ask == "help":
                return None
            names = abilities.expanded(self.names or ((EVERYTHING,) if asking.needs_things else ()))
            return Call(asking.name, {asking.things: names} if names else {})
        switching = abilities.switching
        if switching is None:
            return None
        names = abilities.expanded(self.names)
        args: dict[str, Any] = {switching.things: names[0] if switching.one_only else names}
        if self.power:
            args[switching.power] = self.power
        if self.level is not None:
            args[switching.level] = self.level
        if self.colour:
            args[switching.colour] = self.colour
        if self.effect:
            args[switching.effect] = self.effect
        if self.slowly:
            args[switching.transition] = self.seconds or _SLOWLY_S
        return Call(switching.name, args)

    def _timed(self, abilities: Abilities) -> Call | None:
        timing = abilities.timing
        if timing is None:
            return None
        if self.ask == "timer":
            return Call(timing.set, {timing.seconds: self.seconds})
        if self.ask == "later":
            then = {timing.things: abilities.expanded(self.names), timing.power: self.power}
            return Call(timing.set, {timing.seconds: self.seconds, **then})
        name = timing.cancel if self.ask == "untimer" else timing.list
        return Call(name) if name else None

    def _plain(self, abilities: Abilities) -> Call | None:
        loudness = abilities.loudness
        if self.ask == "bye":
            return Call(abilities.parting)
        if self.ask == "clock" or loudness is None:
            return None
        if self.ask == "loud":
            return Call(loudness.name, {loudness.level: self.level})
        return Call(loudness.name, {loudness.change: self.ask})


def grammar_for(abilities: Abilities) -> Grammar | None:
    """The grammar of all that these abilities understand, or None when there is nothing to ask for."""
    lights = bool(abilities.names and (abilities.switching or abilities.asking))
    if not lights and abilities.timing is None:
        return None
    if not lights:
        abilities = replace(abilities, switching=None, asking=None)
    kinds = [name for name, rule in (("change", abilities.switching), ("question", abilities.asking)) if rule]
    rules = {
        "spoken": "[<polite>] <request> (and [then] [please] <request>)* [<end>]",
        "polite": "please | ok | hey | (can | could | would) you [please]",
        "end": "please | thanks | thank you | now",
        "things": "<everything> | <thing> ([and] <thing>)*",
        "everything": "{all} (everything | all [of] [the] <lights> | [the] <lights> | every (light | lamp))",
        "lights": "lights | lamps",
        "thing": "[the | my] (" + " | ".join(_forms(abilities)) + ")",
        "power": "on {power:on} | off {power:off}",
        "percent": "<number> [percent] | half {level:50} | (full [brightness] | maximum) {level:100}",
        "number": _numbers(),
        "color": " | ".join(f"{name} {{colour:{name}}}" for name in COLOURS),
    }
    if abilities.timing:
        kinds.append("time")
        rules |= _times(later=bool(lights and abilities.timing.things))
    plain = [
        "{clock} (what time is it | what is the time)",
        *(["{bye} (goodbye | bye bye | that is all)"] if abilities.parting else []),
        *(_volumes() if abilities.loudness else []),
    ]
    kinds.append("plain")
    rules["plain"] = " | ".join(plain)
    if abilities.choosing:
        kinds.append("scene")
        said = [" ".join(normalised(name)) for name in abilities.choosing.names]
        rules["scene"] = "{scene} [run | activate | start | set] [the] [scene] <chosen> [scene]"
        rules["chosen"] = " | ".join(f"{words} {{chosen:{i}}}" for i, words in enumerate(said) if words)
    rules["request"] = " | ".join(f"<{kind}>" for kind in kinds)
    if abilities.switching:
        rules |= _changes(abilities)
    if abilities.asking:
        rules["question"] = (
            "{which} (which | what) (<lights> | ones) are <power>"
            " | {list} (which | what) <lights> (do i have | are there | can you (switch | see))"
            " | {list} list [all] the <lights>"
            " | {power?} (is | are) <things> (on | off)"
            " | {level?} how bright (is | are) <things> | {colour?} what color (is | are) <things>"
            " | {help} what can you do"
        )
    return Grammar({name: text for name, text in rules.items() if _used(name, rules)}, "spoken")


def normalised(text: str) -> list[str]:
    """The words of a typed or recognised sentence, numbers spelled out, in the grammar's spelling."""
    words: list[str] = []
    for token in re.findall(r"[^\W_]+(?:'[^\W_]+)*|%", text.lower()):
        if token == "%":
            words.append("percent")
        elif token.isascii() and token.isdigit() and int(token) <= 100:
            words.extend(number_words(int(token)))
        else:
            words.append(_SPELLING.get(token, token))
    return words


def number_words(number: int) -> list[str]:
    """0 to 100 in words."""
    if number == 100:
        return ["one", "hundred"]
    ones = _ONES.split()
    if number < 20:
        return [ones[number]]
    return [_TENS.split()[number // 10 - 2], *([ones[number % 10]] if number % 10 else [])]


def requests_in(tags: list[str], names: tuple[str, ...]) -> list[Request]:
    """The requests that a sentence's tags describe, in order; `names` are those of its grammar."""
    requests: list[Request] = []
    for tag in tags:
        kind, _, value = tag.partition(":")
        if kind in ("set", "which", "list", "power?", "level?", "colour?", "help", "scene", *_TIMED, *_PLAIN):
            requests.append(Request(ask="" if kind == "set" else kind.rstrip("?")))
            continue
        now = requests[-1]
        match kind:
            case "all":
                now = replace(now, names=(EVERYTHING,))
            case "name":
                now = replace(now, names=(*now.names, names[int(value)]))
            case "power":
                now = replace(now, power=value)
            case "level":
                now = replace(now, level=int(value))
            case "unit":
                now = replace(
                    now, seconds=now.seconds + (now.level or 0) * int(value), level=now.kept, kept=None
                )
            case "over":
                now = replace(now, slowly=True, kept=now.level, level=None)
            case "chosen":
                now = replace(now, scene=int(value))
            case "effect":
                now = replace(now, effect=value)
            case "slowly":
                now = replace(now, slowly=True)
            case "+level":
                now = replace(now, level=(now.level or 0) + int(value))
            case _:
                now = replace(now, colour=value)
        requests[-1] = now
    return requests


def _changes(abilities: Abilities) -> dict[str, str]:
    assert abilities.switching is not None
    kinds: list[str] = []
    rules: dict[str, str] = {}
    if abilities.switching.power:
        kinds.append("<switch>")
        rules["switch"] = (
            "{set} (turn | switch | put) <power> <things> | {set} (turn | switch | put) <things> <power>"
            " | {set} <things> <power>"
        )
    if abilities.switching.level:
        kinds.append("<dim>")
        rules["dim"] = (
            "{set} (set | turn | change | put) <things> [up | down] (to | at) <percent>"
            " | {set} turn (up | down) <things> to <percent> | {set} make <things> <number> percent"
            f" | {{set}} dim <things> {{level:{_DIMMED}}} [[down] to <percent>]"
            " | {set} brighten <things> {level:100} [[up] to <percent>]"
        )
    if abilities.switching.colour:
        kinds.append("<paint>")
        rules["paint"] = "{set} (make | turn | set | change | color) <things> [to] <color>"
    verbs = {"blink": "blink | flash", "breathe": "breathe | pulse"}
    effects = [f"({verbs[e]}) {{effect:{e}}}" for e in abilities.switching.effects if e in verbs]
    if effects:
        kinds.append("<move>")
        rules["move"] = "{set} (make | let) <things> <effect>"
        rules["effect"] = " | ".join(effects)
    rules["change"] = " | ".join(kinds)
    if abilities.switching.transition:
        rules["change"] = f"({rules['change']}) [(slowly | gently) {{slowly}} | over {{over}} <duration>]"
        rules |= _durations()
    return rules


def _volumes() -> list[str]:
    return [
        "{louder} ([speak] louder | turn (it | the volume) up | turn up the volume)",
        "{quieter} ([speak] quieter | turn (it | the volume) down | turn down the volume)",
        "{loud} set the volume to <percent>",
    ]


def _times(*, later: bool) -> dict[str, str]:
    then = " | {later} (turn | switch) (<power> <things> | <things> <power>) in <duration>" if later else ""
    return _durations() | {
        "time": (f"<ring>{then}"),
        "ring": (
            "{timer} (set | start) (a | the) timer (for | of) <duration>"
            " | {timer} (set | start) a <duration> timer"
            " | {untimer} (cancel | stop) (the | my) timer"
            " | {left} how (long | much time) is left [on (the | my) timer]"
        ),
    }


def _durations() -> dict[str, str]:
    return {
        "duration": "<number> <unit> | half an hour {level:30} {unit:60} | (a | an) {level:1} <unit>",
        "unit": "(second | seconds) {unit:1} | (minute | minutes) {unit:60} | (hour | hours) {unit:3600}",
    }


def _used(name: str, rules: dict[str, str]) -> bool:
    return name == "spoken" or any(f"<{name}>" in text for text in rules.values())


def _forms(abilities: Abilities) -> list[str]:
    """The ways to say each name: in full, or "light" for "lamp" or neither, where that names nothing else."""
    stems: dict[str, list[int]] = {}
    said = [normalised(name) for name in abilities.names]
    for index, words in enumerate(said):
        bare = words[:-1] if len(words) > 1 and words[-1] in _KINDS else words
        stems.setdefault(" ".join(bare), []).append(index)
    forms: list[str] = []
    for stem, indices in stems.items():
        if len(indices) == 1 and stem and stem not in _KINDS:
            forms.append(f"{stem} [light | lamp] {{name:{indices[0]}}}")
        else:
            forms.extend(f"{' '.join(said[i])} {{name:{i}}}" for i in indices if said[i])
    return forms or ["light"]


def _numbers() -> str:
    ones, tens = _ONES.split(), _TENS.split()
    small = " | ".join(f"{word} {{level:{n}}}" for n, word in enumerate(ones))
    units = " | ".join(f"{word} {{+level:{n}}}" for n, word in enumerate(ones[:10]) if n)
    large = " | ".join(f"{word} {{level:{20 + 10 * n}}}" for n, word in enumerate(tens))
    return f"{small} | ({large}) [{units}] | (one | a) hundred {{level:100}}"
