"""The function calls that are open on one connection, and the answers to them.

Knows: ids, which calls block, and that every id is answered once or cancelled.
Must never know: who made the calls or what they do.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from .refusal import NOT_FOUND, POLICY, Refusal, bad_argument

IN_FLIGHT_S = 1.0  # an answer may have been under way when its call was cancelled: that is nobody's fault


@dataclass(slots=True)
class _Open:
    name: str
    blocking: bool
    was_waited_for: bool = False
    awaited: bool = True


@dataclass(slots=True)
class Calls:
    """Open calls by id. `forget` responses are read and lost, to play a server that wedges."""

    forget: int = 0
    in_flight_s: float = IN_FLIGHT_S
    _open: dict[str, _Open] = field(default_factory=dict)
    _answers: dict[str, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    _cancelled: dict[str, float] = field(default_factory=dict)  # until when an answer is overlooked

    @property
    def blocking(self) -> bool:
        """Whether a BLOCKING call waits for its answer."""
        return any(call.blocking for call in self._open.values())

    @property
    def ids(self) -> list[str]:
        return list(self._open)

    def open(
        self, name: str, *, blocking: bool, prefix: str, identity: str = "", awaited: bool = True
    ) -> str:
        """Open a call; the id is opaque, and never used twice. `awaited`: a turn waits for the answer."""
        identity = identity or f"{prefix}{uuid.uuid4().int % 10**19}"
        self._open[identity] = _Open(name, blocking, awaited=awaited)
        self._answers[identity] = asyncio.get_running_loop().create_future()
        return identity

    def answer(self, responses: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Take function responses; returns those that no turn waits for, as the model may speak of them.

        First those of calls that a turn has waited for: a call that goes on (`willContinue`) is waited for
        until an answer that is to be spoken of, and what comes after it is late. Then those of calls that no
        turn has ever waited for. Raises Refusal(1008) for an id that is not open.
        """
        aside: list[dict[str, Any]] = []
        if not responses:
            raise bad_argument()
        late: list[dict[str, Any]] = []
        for response in responses:
            call = self._open.get(response.get("id", ""))
            if call is None and time.monotonic() < self._cancelled.pop(response.get("id", ""), 0.0):
                continue
            if call is None or response.get("name", call.name) != call.name:
                raise Refusal(POLICY, NOT_FOUND)
            if "response" not in response:
                raise bad_argument()
            if not call.blocking and not call.awaited:
                aside.append(response)
            if self.forget > 0:
                self.forget -= 1
                continue
            goes_on = response.get("willContinue") and not call.blocking
            if not goes_on:
                del self._open[response["id"]]
            silent = response.get("scheduling") == "SILENT"
            if not call.awaited:
                continue
            if call.was_waited_for:
                late += [] if silent else [response]
            elif not (goes_on and silent):
                call.was_waited_for = True
                self._answers[response["id"]].set_result(response)
        return late, aside

    async def wait(self, ids: list[str]) -> list[dict[str, Any]]:
        """The function responses to those calls, in their order, when all are there."""
        answers = [await self._answers[identity] for identity in ids]
        for identity in ids:
            del self._answers[identity]
        return answers

    def cancel_all(self) -> list[str]:
        """Close every open call without an answer; returns their ids. Who waits for one waits in vain."""
        ids = self.ids
        for identity in ids:
            self._answers.pop(identity, None)
            self._cancelled[identity] = time.monotonic() + self.in_flight_s
        self._open.clear()
        return ids
