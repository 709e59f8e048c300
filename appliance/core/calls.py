"""Function calls that are not answered yet.

Knows who asked for what, and by when they must be answered. Must never know how a light is switched.

Every call of the model is answered exactly once, on the link it came by, or was cancelled, or its link is
gone. As long as one is open, nothing else may be sent on that link.
"""

from __future__ import annotations

from typing import assert_never

from .effects import Effect, Reply, Send, SetLights, Tell
from .events import LightsFailed, LightsSet
from .lights import FromModel, FromPerson, LightState, Origin
from .messages import FunctionAnswer, FunctionCall, Json, ToolCall, ToolCallCancellation, ToolResponse
from .tools import Answer, Order, Tools

CALL_S = 5.0  # switching a lamp takes milliseconds; the model must not be left waiting by a dead bus
MOST_CALLS = 32  # in one message


class Calls:
    """Calls in, orders for the lights and answers out."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self._open: dict[Origin, float] = {}  # who waits for an answer, and until when
        self._ordered: dict[Origin, dict[str, LightState]] = {}  # what the lights of each order showed before

    @property
    def is_open(self) -> bool:
        """A call of the model waits for its answer: the line is gated."""
        return any(isinstance(origin, FromModel) for origin in self._open)

    def deadline(self) -> float | None:
        return min(self._open.values(), default=None)

    def asked(self, link: int, told: ToolCall, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for number, call in enumerate(told.calls):
            if any(isinstance(o, FromModel) and (o.link, o.id) == (link, call.id) for o in self._open):
                continue  # said twice: it is answered once
            effects.append(Tell("call", {"name": call.name[:64], "args": dict(call.args)}))
            if number >= MOST_CALLS:
                response = {"error": f"too many calls at once: at most {MOST_CALLS}"}
                effects += self._answer(FromModel(link, call.id, call.name), response)
            else:
                effects += self._call(link, call, now)
        return effects

    def person(self, ask: int, name: str, change: str, now: float) -> list[Effect]:
        match self.tools.person(name, change):
            case Order(states):
                return self._order(FromPerson(ask), states, now)
            case Answer(response):
                return self._answer(FromPerson(ask), response)
            case never:
                assert_never(never)

    def set(self, event: LightsSet) -> list[Effect]:
        self._ordered.pop(event.origin, None)
        self.tools.done(event.states)
        names = tuple(event.states)
        if self._open.pop(event.origin, None) is None:  # cancelled, or its link is gone: the light is set
            return [self._shown(names)]
        return [self._shown(names), *self._answer(event.origin, self.tools.shown(names))]

    def failed(self, event: LightsFailed) -> list[Effect]:
        self.tools.done(self._ordered.pop(event.origin, {}))
        if self._open.pop(event.origin, None) is None:
            return []
        return self._answer(event.origin, {"error": event.reason})

    def refuse(self, link: int, told: ToolCall, why: str) -> list[Effect]:
        """Answer all of these without doing anything."""
        effects: list[Effect] = []
        for call in told.calls:
            effects += self._answer(FromModel(link, call.id, call.name), {"error": why})
        return effects

    def stop(self) -> list[Effect]:
        """Answer whoever still waits: what comes of their orders nobody will hear."""
        waiting, self._open = list(self._open), {}
        return [e for origin in waiting for e in self._answer(origin, {"error": "the box is stopping"})]

    def cancelled(self, link: int, told: ToolCallCancellation) -> None:
        for origin in list(self._open):
            if isinstance(origin, FromModel) and origin.link == link and origin.id in told.ids:
                del self._open[origin]

    def line_down(self) -> None:
        """The ids of a link die with it."""
        self._open = {o: c for o, c in self._open.items() if isinstance(o, FromPerson)}

    def wake(self, now: float) -> list[Effect]:
        late = [origin for origin, until in self._open.items() if now >= until]
        effects: list[Effect] = []
        for origin in late:
            del self._open[origin]
            effects += self._answer(origin, {"error": "the lights did not answer in time"})
        return effects

    # -- inside -------------------------------------------------------------------------------------

    def _call(self, link: int, call: FunctionCall, now: float) -> list[Effect]:
        origin = FromModel(link, call.id, call.name)
        match self.tools.call(call.name, call.args):
            case Order(states):
                return self._order(origin, states, now)
            case Answer(response):
                return self._answer(origin, response)
            case never:
                assert_never(never)

    def _order(self, origin: Origin, states: dict[str, LightState], now: float) -> list[Effect]:
        # The order counts from now on, so that a second call of the same message builds on the first.
        self._ordered[origin] = {name: self.tools.states[name] for name in states}
        self.tools.done(states)
        self._open[origin] = now + CALL_S
        return [SetLights(origin, states)]

    def _answer(self, origin: Origin, response: Json) -> list[Effect]:
        match origin:
            case FromModel(link, id, name):
                answer = FunctionAnswer(id, name, response)
                told = Tell("answer", {"name": name[:64], "response": dict(response)})
                return [Send(link, ToolResponse((answer,))), told]
            case FromPerson(ask):
                return [Reply(ask, {"ok": "error" not in response, **response})]
            case never:
                assert_never(never)

    def _shown(self, names: tuple[str, ...]) -> Tell:
        return Tell("lights", self.tools.shown(names))
