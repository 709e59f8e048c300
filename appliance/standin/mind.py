"""Who decides what is answered: the words and the calls of a turn, with no idea of sockets.

Knows: what an understanding looks like; the mind that always says the same.
Must never know: messages, timing, audio formats beyond "PCM16 mono at 16 kHz".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

Declarations = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Call:
    """A function the mind wants called."""

    name: str
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a person's turn means. Without calls, `answer` is all there is to say; empty = stay silent."""

    transcript: str = ""
    calls: tuple[Call, ...] = ()
    answer: str = ""
    requests: tuple[Any, ...] = ()  # the mind's own note of what each call is for


class Mind(Protocol):
    """Understands a turn, then puts the outcome of its calls into words."""

    async def prepare(self, declarations: Declarations) -> None: ...

    async def hear(self, pcm: bytes, declarations: Declarations) -> Understanding: ...

    async def read(self, text: str, declarations: Declarations) -> Understanding: ...

    def put(self, understood: Understanding, responses: list[dict[str, Any]]) -> str: ...


@dataclass(frozen=True, slots=True)
class Parrot:
    """A mind with one sentence."""

    sentence: str

    async def prepare(self, declarations: Declarations) -> None:
        pass

    async def hear(self, pcm: bytes, declarations: Declarations) -> Understanding:
        return Understanding(answer=self.sentence)

    async def read(self, text: str, declarations: Declarations) -> Understanding:
        return Understanding(transcript=text, answer=self.sentence)

    def put(self, understood: Understanding, responses: list[dict[str, Any]]) -> str:
        return self.sentence
