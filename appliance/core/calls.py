"""Function calls that are not answered yet.

Knows who asked for what, and by when they must be answered. Must never know how a light is switched.

Every call of the model is answered exactly once, on the link it came by, or was cancelled, or its link is
gone. As long as one is open, nothing else may be sent on that link.
"""

from __future__ import annotations

from dataclasses import dataclass

from .effects import Effect, Reply, Send, SetLights, Tell
from .events import LightsFailed, LightsSet
from .lights import FromModel, FromPerson, LightState, Origin
from .messages import FunctionAnswer, FunctionCall, Json, ToolCall, ToolCallCancellation, ToolResponse
from .tools import Answer, Order, Tools

CALL_S = 5.0  # switching a lamp takes milliseconds; the model must not be left waiting by a dead bus
MOST_CALLS = 32  # in one message


@dataclass(frozen=True, slots=True)
class OpenCall:
    """`before`: what the lights showed, should the change fail."""

    until: float
    before: dict[str, LightState]


class Calls:
    """Calls in, orders for the lights and answers out."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self._open: dict[Origin, OpenCall] = {}

    @property
    def is_open(self) -> bool:
        """A call of the model waits for its answer: the line is gated."""
        return any(isinstance(origin, FromModel) for origin in self._open)

    def deadline(self) -> float | None:
        return min((call.until for call in self._open.values()), default=None)

    def asked(self, link: int, told: ToolCall, now: float) -> list[Effect]:
        effects: list[Effect] = []
        for number, call in enumerate(told.calls):
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

    def set(self, event: LightsSet) -> list[Effect]:
        if self._open.pop(event.origin, None) is None:  # cancelled, or its link is gone: the light is set
            return [self._shown(tuple(event.states))]
        answered = self._answer(event.origin, self.tools.shown(tuple(event.states)))
        return [self._shown(tuple(event.states)), *answered]

    def failed(self, event: LightsFailed) -> list[Effect]:
        call = self._open.pop(event.origin, None)
        if call is None:
            return []
        self.tools.done(call.before)
        return self._answer(event.origin, {"error": event.reason})

    def cancelled(self, link: int, told: ToolCallCancellation) -> None:
        for origin in list(self._open):
            if isinstance(origin, FromModel) and origin.link == link and origin.id in told.ids:
                del self._open[origin]

    def line_down(self) -> None:
        """The ids of a link die with it."""
        self._open = {o: c for o, c in self._open.items() if isinstance(o, FromPerson)}

    def wake(self, now: float) -> list[Effect]:
        late = [origin for origin, call in self._open.items() if now >= call.until]
        effects: list[Effect] = []
        for origin in late:
            del self._open[origin]
            effects += self._answer(origin, {"error": "the lights did not answer in time"})
        return effects

    # -- inside -------------------------------------------------------------------------------------

    def _call(self, link: int, call: FunctionCall, now: float) -> list[Effect]:
        origin = FromModel(link, call.id, call.name)
        if origin in self._open:  # said twice: it is answered once
            return []
        match self.tools.call(call.name, call.args):
            case Order(states):
                return self._order(origin, states, now)
            case Answer(response):
                return self._answer(origin, response)

    def _order(self, origin: Origin, states: dict[str, LightState], now: float) -> list[Effect]:
        # The order counts from now on, so that a second call of the same message builds on the first.
        before = {name: self.tools.states[name] for name in states}
        self.tools.done(states)
        self._open[origin] = OpenCall(now + CALL_S, before)
        return [SetLights(origin, states)]

    def _answer(self, origin: Origin, response: Json) -> list[Effect]:
        match origin:
            case FromModel(link, id, name):
                answer = FunctionAnswer(id, name, response)
                told = Tell("answer", {"name": name[:64], "response": dict(response)})
                return [Send(link, ToolResponse((answer,))), told]
            case FromPerson(ask):
                return [Reply(ask, {"ok": "error" not in response, **response})]

    def _shown(self, names: tuple[str, ...]) -> Tell:
        return Tell("lights", self.tools.shown(names))
