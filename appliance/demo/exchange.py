"""What there is on the stage, and what is noted of a request and its answer: values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .clips import Call

LAMPS: Mapping[str, tuple[int, ...]] = {  # BCM pins
    "kitchen light": (17,),
    "desk lamp": (18,),
    "bedroom lamp": (22, 23, 24),
}
KINDS = {"kitchen light": "switch", "desk lamp": "dimmer", "bedroom lamp": "rgb"}

Levels = tuple[float, ...]


class Viewer(Protocol):
    """Who is shown what happens, as it happens. `at_s` counts from the beginning of the turn."""

    def pressed(self, at_s: float) -> None: ...
    def listening(self, pcm: bytes) -> None: ...
    def spoken(self, at_s: float, pcm: bytes) -> None: ...
    def understood(self, at_s: float, text: str) -> None: ...
    def called(self, at_s: float, call: Call) -> None: ...
    def refused(self, at_s: float, error: str) -> None: ...
    def lit(self, at_s: float, levels: Mapping[str, Levels]) -> None: ...
    def answering(self, words: str) -> None: ...
    def answered(self, at_s: float, words: str, pcm: bytes) -> None: ...
    def mood(self, mood: str) -> None: ...
    def trouble(self, text: str) -> None: ...


@dataclass(slots=True)
class Exchange:
    """A request and its answer, as they really went."""

    name: str
    transcript: str = ""
    words: str = ""
    calls: list[Call] = field(default_factory=list)
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    outcome: str = "no turn"
    steps: dict[str, int] = field(default_factory=dict)
    levels: dict[str, Levels] = field(default_factory=dict)
    sent: bytes = b""  # 16 kHz, as it was put on the wire
    heard: bytes = b""  # 16 kHz, as it arrived there
    answer: bytes = b""  # 24 kHz, as it was sent back
    said: bytes = b""  # 24 kHz, as it was played

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "outcome": self.outcome,
            "transcript": self.transcript,
            "calls": [{"name": call.name, "args": dict(call.args)} for call in self.calls],
            "pins": self.levels,
            "words": self.words,
            "said_s": round(len(self.said) / 48_000, 2),
            "ms": self.steps,
        }
