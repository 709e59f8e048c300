"""What must have happened, if a request was really obeyed; in sentences, what did not.

Knows what lamps do when they are told to. Must never ask the box what it believes: it looks at the pins,
at the samples that were played and at what went over the wire.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..core.lights import parse_colour
from .clips import Call, Clip
from .exchange import LAMPS, Exchange, Levels

SHORTEST_S, LONGEST_S = 0.5, 30.0  # of a spoken answer
QUIET = 1000  # peak of 32768: no speech is so quiet
EXACT = 0.01  # of a pin's level


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What did not happen, and with which request."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Lamp:
    on: bool = False
    share: float = 1.0
    colour: tuple[int, int, int] = (255, 255, 255)

    def levels(self, pins: int) -> Levels:
        if not self.on:
            return (0.0,) * pins
        return tuple(self.share * part / 255 for part in self.colour) if pins == 3 else (self.share,)


class Witness:
    """Follows the calls, and reckons apart from the box what the lamps must show."""

    def __init__(self) -> None:
        self._lamps = dict.fromkeys(LAMPS, _Lamp())

    def missed(self, clip: Clip, exchange: Exchange) -> list[str]:
        """What did not happen as it must have, in sentences; empty when all of it did."""
        for call in exchange.calls:
            self._obey(call)
        found = [*_line(exchange), *_answer(exchange), *self._lamps_wrong(exchange)]
        if clip.calls is not None:
            found += [*_understood(clip, exchange), *_calls(clip.calls, exchange)]
        return found

    def _obey(self, call: Call) -> None:
        if call.name == "set_lights":
            for name in _names(call):
                self._lamps[name] = _obeyed(name, self._lamps[name], call.args)

    def _lamps_wrong(self, exchange: Exchange) -> list[str]:
        found: list[str] = []
        for name, lamp in self._lamps.items():
            shown, wanted = exchange.levels[name], lamp.levels(len(LAMPS[name]))
            if any(abs(one - other) > EXACT for one, other in zip(shown, wanted, strict=True)):
                found.append(f"the pins of the {name} are at {_told(shown)} instead of {_told(wanted)}")
        return found


def _names(call: Call) -> Sequence[str]:
    names = call.args.get("names")
    if not isinstance(names, Sequence) or isinstance(names, str) or "all" in names:
        return tuple(LAMPS)
    return [name for name in names if name in LAMPS]


def _obeyed(name: str, lamp: _Lamp, args: Mapping[str, object]) -> _Lamp:
    per_cent, colour = args.get("brightness"), parse_colour(str(args.get("colour", "")))
    if isinstance(per_cent, int):
        share = 1.0 if name == "kitchen light" else per_cent / 100
        lamp = replace(lamp, on=per_cent > 0, share=share if per_cent else lamp.share)
    if colour and len(LAMPS[name]) == 3:
        lamp = replace(lamp, on=True, colour=colour)
    return replace(lamp, on=args["power"] == "on") if "power" in args else lamp


def _line(exchange: Exchange) -> list[str]:
    if exchange.outcome != "answered":
        return [f"the turn was not answered but ended as: {exchange.outcome}"]
    if not exchange.heard:
        return ["no speech reached the other side of the wire"]
    if exchange.heard != exchange.sent:
        return ["what the other side heard is not what was sent"]
    return []


def _answer(exchange: Exchange) -> list[str]:
    seconds = len(exchange.said) / 2 / 24_000
    if not SHORTEST_S <= seconds <= LONGEST_S:
        return [f"{seconds:.1f} seconds of answer were played, which is no spoken sentence"]
    if max(map(abs, array("h", exchange.said))) < QUIET:
        return ["the answer that was played is silence"]
    if exchange.said != exchange.answer:
        return ["what was played is not what the other side said, sample for sample"]
    return [] if exchange.words else ["the answer came without its words"]


def _understood(clip: Clip, exchange: Exchange) -> list[str]:
    heard = exchange.transcript.lower().strip(" .")
    if clip.text and heard != clip.text:
        return [f"it heard {heard!r} instead of {clip.text!r}"]
    return []


def _calls(wanted: Sequence[Call], exchange: Exchange) -> list[str]:
    if [_plain(call) for call in exchange.calls] != [_plain(call) for call in wanted]:
        return [f"it called {_listed(exchange.calls)} instead of {_listed(wanted)}"]
    errors = [answer["error"] for answer in exchange.answers if "error" in answer]
    if errors:
        return [f"a call was answered with an error: {errors[0]}"]
    if len(exchange.answers) != len(wanted):
        return [f"{len(wanted)} calls had {len(exchange.answers)} answers"]
    return []


def _plain(call: Call) -> tuple[str, dict[str, object]]:
    args = dict(call.args)
    if "colour" in args:
        args["colour"] = parse_colour(str(args["colour"]))
    return call.name, args


def _listed(calls: Sequence[Call]) -> str:
    return " and ".join(f"{call.name} {dict(call.args)}" for call in calls) or "nothing"


def _told(levels: Levels) -> str:
    return "/".join(f"{level:.0%}" for level in levels)
