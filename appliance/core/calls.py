"""Function calls that are not answered yet.

Knows who asked for what, and by when they must be answered. Must never know how a light is switched.

Every call of the model is answered, on the link it came by, or was cancelled, or its link is gone: exactly
once where the model waits for it, and with one last answer after those that continue where it does not. As
long as one is open that the model waits for, nothing else may be sent on that link.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from .catalogue import Catalogue
from .effects import Abandon, Effect, Reply, Send, SetLights, Tell
from .events import Lights, LightsFailed, LightsSet, Reported, Scene
from .functions import BLOCKING, LIMIT_S, Caller
from .lighting import Lighting
from .lights import FromModel, FromPerson, FromTimer, LightState, Origin
from .messages import FunctionAnswer, FunctionCall, Json, ToolCall, ToolCallCancellation, ToolResponse
from .outcomes import Answer, Later, Order, Outcome
from .scenes import Scenes
from .values import dataclass

MOST_CALLS = 32  # in one message
MOST_BYTES = 7000  # of an answer: the service has hung up at messages of 8 kB, and it stands in one
MOST_NOTE = 500  # characters of one note
TOO_LONG = "this answer was too long: only its beginning is here"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody waits for an answer; `blocks`: the model says nothing until it has it."""

    until: float
    blocks: bool = True
    scheduling: str = ""
    later: bool = False  # who answers it can be told that nobody waits any more


class Calls:
    """Calls in, orders for the lights and answers out."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.lighting = catalogue.of(Lighting)
        self._behaviors: dict[str, object] = {}  # as they were declared on this line
        self._open: dict[Origin, Waiting] = {}
        self._ordered: dict[Origin, dict[str, LightState]] = {}  # what the lights of each order showed before
        self._cancelled: dict[Origin, None] = {}  # and not known yet whether it was done all the same
        self._notes: list[str] = []  # what the model must be told when there is an opportunity

    @property
    def is_open(self) -> bool:
        """The model waits for an answer: the line is gated."""
        return any(isinstance(origin, FromModel) and w.blocks for origin, w in self._open.items())

    @property
    def is_busy(self) -> bool:
        """The model will be answered before long, and on this line only."""
        return any(isinstance(origin, FromModel) and w.until < math.inf for origin, w in self._open.items())

    def is_waiting(self, origin: Origin) -> bool:
        """An answer to this call would still be heard."""
        return origin in self._open

    def deadline(self) -> float | None:
        return min((waiting.until for waiting in self._open.values()), default=None)

    def asked(self, link: int, told: ToolCall, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for number, call in enumerate(told.calls):
            if any(isinstance(o, FromModel) and (o.link, o.id) == (link, call.id) for o in self._open):
                continue  # said twice: it is answered once
            effects.append(Tell("call", {"name": call.name[:64], "args": dict(call.args)}))
            origin = FromModel(link, call.id, call.name)
            if number >= MOST_CALLS:
                response = {"error": f"too many calls at once: at most {MOST_CALLS}"}
                effects += self._say(origin, response)
            else:
                effects += self._call(origin, call, now)
        return effects

    def person(self, ask: int, request: Lights | Scene, now: float) -> list[Effect]:
        """A light is set, or a scene is run, by command."""
        caller = Caller(FromPerson(ask), now)
        match request:
            case Lights(name, change, over_s):
                outcome = self.lighting.person(name or "", change or "", caller, over_s)
            case Scene(name):
                outcome = self.catalogue.of(Scenes).person(name or "", caller)
            case never:
                assert_never(never)
        return self._come(caller.origin, outcome, Waiting(now + LIMIT_S), now)

    def timed(self, number: int, function: str, args: Json, now: float) -> list[Effect]:
        """A timer is due that calls this function."""
        origin = FromTimer(number)
        outcome = self.catalogue.call(function, args, Caller(origin, now))
        return self._come(origin, outcome, Waiting(now + LIMIT_S), now)

    def answer(
        self, origin: Origin, response: Json, *, more: bool = False, mute: bool = False
    ) -> list[Effect]:
        """What a call that was kept open comes to; nothing where nobody waits for it any more.

        `more`: this is not the last answer. To a call that blocks it is: it cannot be answered twice.
        `mute`: the model need not speak of it.
        """
        waiting = self._open.get(origin)
        if waiting is None:
            self._done_all_the_same(origin, response)
            return []
        more = more and not waiting.blocks
        if not more:
            del self._open[origin]
        scheduling = "SILENT" if mute and not waiting.blocks else waiting.scheduling
        return self._say(origin, response, scheduling, more=more)

    def reported(self, event: Reported) -> list[Effect]:
        """A function that runs outside has something to say."""
        return self.answer(event.origin, event.response, more=event.more, mute=event.mute)

    def take_notes(self) -> str:
        """What the model must be told, once; "" for nothing."""
        notes, self._notes = " ".join(self._notes), []
        return notes

    def set(self, event: LightsSet) -> list[Effect]:
        self._ordered.pop(event.origin, None)
        self.lighting.done(event.states)
        names = tuple(event.states)
        shown = self.lighting.shown(names)
        return [Tell("lights", shown), *self.answer(event.origin, shown)]

    def failed(self, event: LightsFailed) -> list[Effect]:
        self.lighting.done(self._ordered.pop(event.origin, {}))
        return self.answer(event.origin, {"error": event.reason})

    def refuse(self, link: int, told: ToolCall, why: str) -> list[Effect]:
        """Answer all of these without doing anything."""
        effects: list[Effect] = []
        for call in told.calls:
            effects += self._say(FromModel(link, call.id, call.name), {"error": why})
        return effects

    def stop(self) -> list[Effect]:
        """Answer whoever still waits: what comes of their orders nobody will hear."""
        why = {"error": "the box is stopping"}
        return [effect for origin in list(self._open) for effect in self.answer(origin, why)]

    def cancelled(self, link: int, told: ToolCallCancellation) -> list[Effect]:
        """The model does not want it any more. What is done all the same, it is told."""
        effects: list[Effect] = []
        for origin in list(self._open):
            if isinstance(origin, FromModel) and origin.link == link and origin.id in told.ids:
                effects += self._abandon(origin)
                self._cancelled[origin] = None
        for origin in list(self._cancelled)[:-MOST_CALLS]:
            del self._cancelled[origin]
        return effects

    def line_up(self, functions: Sequence[Json]) -> None:
        """A line is up on which these functions are declared."""
        self._behaviors = {str(declared["name"]): declared.get("behavior") for declared in functions}

    def line_down(self) -> list[Effect]:
        """The ids of a link die with it."""
        lost = [origin for origin in self._open if isinstance(origin, FromModel)]
        return [effect for origin in lost for effect in self._abandon(origin)]

    def wake(self, now: float) -> list[Effect]:
        late = [origin for origin, waiting in self._open.items() if now >= waiting.until]
        effects: list[Effect] = []
        for origin in late:
            who = "the lights"
            if isinstance(origin, FromModel) and origin not in self._ordered:
                who = origin.name[:64]
            if self._open[origin].later:
                effects.append(Abandon(origin))
            effects += self.answer(origin, {"error": f"{who} did not answer in time"})
        return effects

    # -- inside -------------------------------------------------------------------------------------

    def _abandon(self, origin: Origin) -> list[Effect]:
        return [Abandon(origin)] if self._open.pop(origin).later else []

    def _done_all_the_same(self, origin: Origin, response: Json) -> None:
        if origin not in self._cancelled:
            return
        del self._cancelled[origin]
        if isinstance(origin, FromModel) and "error" not in response:
            came = json.dumps(fit(response), ensure_ascii=False)[:MOST_NOTE]
            self._notes.append(
                f"The call of {origin.name[:64]} that was cancelled had already been done: {came}"
            )

    def _call(self, origin: FromModel, call: FunctionCall, now: float) -> list[Effect]:
        outcome = self.catalogue.call(call.name, call.args, Caller(origin, now))
        manner = self.catalogue.manner(call.name)
        blocks = self._behaviors.get(call.name, manner.behavior) == BLOCKING
        waiting = Waiting(now + (manner.limit_s or LIMIT_S), blocks, "" if blocks else manner.scheduling)
        return self._come(origin, outcome, waiting, now)

    def _come(self, origin: Origin, outcome: Outcome, waiting: Waiting, now: float) -> list[Effect]:
        match outcome:
            case Answer(response, effects):
                return [*effects, *self._say(origin, response, waiting.scheduling)]
            case Order(states, transition_s):
                # It counts from now on, so that a second call of the same message builds on the first.
                self._ordered[origin] = {name: self.lighting.states[name] for name in states}
                self.lighting.done(states)
                self._open[origin] = waiting
                return [SetLights(origin, states, transition_s)]
            case Later(effects, first, limit_s):
                until = waiting.until if limit_s is None else now + limit_s
                self._open[origin] = replace(waiting, until=until, later=True)
                said = [] if first is None else self.answer(origin, first, more=True)
                return [*effects, *said]
            case never:
                assert_never(never)

    def _say(
        self, origin: Origin, response: Json, scheduling: str = "", *, more: bool = False
    ) -> list[Effect]:
        match origin:
            case FromModel(link, id, name):
                note = self.take_notes()
                response = fit({**response, "note": note} if note else response)
                answer = FunctionAnswer(id, name, response, scheduling, will_continue=more)
                told = Tell("answer", {"name": name[:64], "response": dict(response)})
                return [Send(link, ToolResponse((answer,))), told]
            case FromPerson(ask):
                return [Reply(ask, {"ok": "error" not in response, **response})]
            case FromTimer(number):
                why = response.get("error")
                return [Tell("trouble", {"what": f"timer {number}", "reason": why})] if why else []
            case never:
                assert_never(never)


def fit(response: Mapping[str, object]) -> Json:
    """The response, or as much of it as the service takes, with a note that says so."""
    if len(json.dumps(response)) <= MOST_BYTES:
        return response
    beginning = json.dumps(response, ensure_ascii=False)[:MOST_BYTES]
    while len(json.dumps(beginning)) > MOST_BYTES:
        beginning = beginning[: len(beginning) * 3 // 4]
    return {"beginning": beginning, "note": TOO_LONG}
