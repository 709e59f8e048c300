"""Bytes as choices: what a fuzzer mutates becomes what happens in a life, or what stands in a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Takes from the front; where nothing is left, everything is the first choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def one(self, choices: Sequence[T]) -> T:
        return choices[self.byte() % len(choices)]

    def few(self, choices: Sequence[T], most: int) -> list[T]:
        return [self.one(choices) for _ in range(self.byte() % (most + 1))]

    def text(self) -> str:
        length = self.byte() % 24
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken.decode("utf-8", "replace")

    def rest(self) -> bytes:
        taken, self._at = self._data[self._at :], len(self._data)
        return taken
