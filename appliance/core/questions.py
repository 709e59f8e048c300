"""Questions that were typed, until their answers are complete.

Knows who asked, and what the model has said so far. Must never know how it is said aloud.
"""

from __future__ import annotations

from dataclasses import replace

from .effects import Effect, Reply
from .values import dataclass

WORD_FOR_WORD = "Say this to the people in the room, word for word and with nothing added: "


@dataclass(frozen=True, slots=True)
class Question:
    ask: int
    speak: bool
    answer: str = ""


class Questions:
    """By the number of their turn."""

    def __init__(self) -> None:
        self._open: dict[int, Question] = {}

    def asked(self, turn: int, ask: int, *, speak: bool) -> None:
        self._open[turn] = Question(ask, speak)

    def go_on(self, turn: int, into: int) -> None:
        """Its answer comes in another turn: something must be shown first."""
        if turn in self._open:
            self._open[into] = self._open.pop(turn)

    def is_mute(self, turn: int) -> bool:
        """The answer of this turn is read and not heard."""
        question = self._open.get(turn)
        return question is not None and not question.speak

    def said(self, turn: int, text: str) -> None:
        """A fragment of the answer, verbatim."""
        if turn in self._open:
            question = self._open[turn]
            self._open[turn] = replace(question, answer=question.answer + text)

    def over(self, turn: int, outcome: str) -> list[Effect]:
        """This turn is over, and so is every one before it."""
        effects: list[Effect] = []
        for number in [number for number in self._open if number <= turn]:
            question = self._open.pop(number)
            how = outcome if number == turn else "interrupted"
            done = how in ("answered", "silence")
            body: dict[str, object] = {"ok": done, "answer": question.answer.strip(), "outcome": how}
            if not done:
                body["error"] = f"no answer: {how}"
            effects.append(Reply(question.ask, body))
        return effects
