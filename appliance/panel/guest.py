"""What one open page has still to be told.

Knows lines and how many may wait. Must never know what they say.
"""

from __future__ import annotations

import asyncio
from collections import deque

NEWS = 64  # a quarter of a minute of the liveliest conversation
ANSWERS = 4  # requests of one page that are not answered yet: a person has one finger


class Guest:
    """Answers come before news, and none of them is lost; of news the oldest goes; of levels only the last
    is kept."""

    def __init__(self) -> None:
        self._answers: deque[str] = deque()
        self._news: deque[str] = deque(maxlen=NEWS)
        self._level: str | None = None
        self._wake = asyncio.Event()
        self.room = asyncio.Semaphore(ANSWERS)
        """To be held from a question until its answer has been sent."""
        self.presses = False
        """Its finger is on the button."""

    def answer(self, line: str) -> None:
        self._answers.append(line)
        self._wake.set()

    def tell(self, line: str) -> None:
        self._news.append(line)
        self._wake.set()

    def level(self, line: str) -> None:
        self._level = line
        self._wake.set()

    async def next(self) -> str:
        while True:
            if self._answers:
                self.room.release()
                return self._answers.popleft()
            if self._news:
                return self._news.popleft()
            if self._level is not None:
                line, self._level = self._level, None
                return line
            self._wake.clear()
            await self._wake.wait()
