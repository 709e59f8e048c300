"""What people are told: the watchers on the control socket, and the journal.

Knows which news is worth a line in the journal, and how loud. Must never write a transcript there unless
the user switched that on, nor what a function was called with.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Protocol

log = logging.getLogger(__name__)

Fields = Mapping[str, object]


class Counter(Protocol):
    """The control socket."""

    def reply(self, ask: int, body: Fields) -> None: ...
    def tell(self, kind: str, fields: Fields) -> None: ...


class Desk:
    """Passes on what the core tells; `watchers` are called besides (the demo draws what it is told)."""

    def __init__(self, control: Counter, *, transcripts: bool) -> None:
        self._control = control
        self.transcripts = transcripts
        self._said: dict[str, int] = {}
        self.watchers: list[Callable[[str, Fields], None]] = []

    def reply(self, ask: int, body: Fields) -> None:
        self._control.reply(ask, body)

    def tell(self, kind: str, fields: Fields) -> None:
        self._control.tell(kind, fields)
        for watcher in self.watchers:
            watcher(kind, fields)
        if (line := self._line(kind, fields)) is not None:
            level, text = line
            extra = {"APPLIANCE_EVENT": kind}
            if "turn" in fields:
                extra["TURN"] = str(fields["turn"])
            if "speech_end_to_first_sample" in fields:
                extra["LATENCY_MS"] = str(fields["speech_end_to_first_sample"])
            log.log(level, "%s", text, extra=extra)

    def _line(self, kind: str, fields: Fields) -> tuple[int, str] | None:
        match kind:
            case "phase":
                return logging.DEBUG, f"{fields['mood']}"
            case "transcript" if self.transcripts:
                return logging.INFO, f"{fields['who']}:{fields['text']}"
            case "offline" if fields["state"] == "missing":
                return self._once(kind), f"no offline brain: {fields['reason']}"
            case "offline":
                self._said.pop(kind, None)
                return logging.INFO, f"offline brain {fields['state']}"
            case "line" if fields["state"] == "down":
                why, advice = f"{fields['why']}", f"{fields['advice']}"
                text = f"line down: {why} ({fields['reason'] or 'no reason given'})"
                if advice:
                    text += f"; {advice}"
                return self._once(why), f"{text}; tried again in {fields['retry_s']} s, or at a press"
            case "line":
                if fields["state"] == "live":
                    self._said.clear()
                return logging.INFO, f"line {fields['state']}"
            case "turn":
                steps = ", ".join(f"{k} {v} ms" for k, v in fields.items() if k not in ("turn", "outcome"))
                text = f"turn {fields['turn']} {fields['outcome']}"
                return logging.INFO, f"{text}: {steps}" if steps else text
            case "call" | "answer":
                return logging.INFO, f"function {fields['name']} {'called' if kind == 'call' else 'answered'}"
            case "timer":
                late = f", {fields['late_s']} s late" if fields.get("late_s") else ""
                level = logging.WARNING if fields["state"] == "missed" else logging.INFO
                return level, f"timer {fields['number']} {fields['state']}{late}"
            case "budget":
                return logging.WARNING, f"the {fields['limit']} limit of [budget] is reached"
            case "lost":
                return logging.WARNING, f"lost: {fields['count']} {fields['what']}"
            case "trouble":
                return self._once(f"{fields['what']}"), f"{fields['what']}: {fields.get('reason', '')}"
            case "echo":
                why = f": {fields['why']}" if fields["why"] else ""
                db = f", lowered by {fields['lowered_db']} dB" if "lowered_db" in fields else ""
                return logging.WARNING if why else logging.INFO, f"echo {fields['shield']}{db}{why}"
            case "barge-in":
                return logging.INFO, f"turn {fields['turn']} was spoken over"
            case "camera" if fields["state"] == "looking":
                return logging.INFO, f"camera looking: {fields['why']}"
            case "mute":
                return logging.INFO, "muted: the microphone is closed" if fields[
                    "state"
                ] == "on" else "unmuted"
            case "microphone" if fields["state"] == "muted":
                return logging.DEBUG, "microphone closed"
            case "conversation":
                return logging.INFO, f"conversation {fields['state']}"
            case "countdown":
                return logging.WARNING, f"a very long press: {fields['to']} in {fields['in_s']} s"
            case "microphone" | "speaker" | "camera" if fields["state"] == "missing":
                return self._once(kind), f"no {kind}: {fields['reason']}"
            case "microphone" | "speaker":
                self._said.pop(kind, None)
                return logging.INFO, f"{kind} open"
            case "camera":
                self._said.pop(kind, None)
                return logging.INFO, "camera shut"
            case _:
                return None

    def _once(self, what: str) -> int:
        """The first failure is a warning; its repeats are for whoever looks closely."""
        self._said[what] = self._said.get(what, 0) + 1
        return logging.WARNING if self._said[what] == 1 else logging.DEBUG
