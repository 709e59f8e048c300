"""What every client that is measured is told, and says: lines on stdin and stdout.

talk SECONDS    the person holds the button that long: begin, send what is heard, end
quit

{"did": "up"} once, then {"did": "done"} when an answer has been played to its end, with its marks
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Protocol

from .sound import Card, Memory, Queue


class Line(Protocol):
    """One client's way to say it to the service."""

    async def begin(self) -> None: ...
    async def send(self, pcm: bytes) -> None: ...
    async def end(self) -> None: ...


class Conversing:
    """`talk` by stdin; the client calls `heard_speech`, `interrupted` and `turn_over`."""

    def __init__(self, kind: str) -> None:
        self.queue = Queue()
        self.line: Line | None = None
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._talking = False
        self._over = asyncio.Event()
        self._marks: dict[str, float] = {}
        self._sound = {"card": Card, "memory": Memory}[kind](self._hear, self.queue)

    def _hear(self, pcm: bytes) -> None:
        if self._talking:
            self._heard.put_nowait(pcm)

    def heard_speech(self, pcm: bytes) -> None:
        self._marks.setdefault("first_byte", time.monotonic())
        self.queue.put(pcm)

    def interrupted(self) -> None:
        self.queue.flush()

    def turn_over(self) -> None:
        self._over.set()

    async def run(self, line: Line) -> None:
        """Until `quit`."""
        self.line = line
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        tasks = [asyncio.create_task(self._sound.run()), asyncio.create_task(self._sending())]
        print(json.dumps({"did": "up"}), flush=True)
        turn: asyncio.Task[None] | None = None
        while words := (await reader.readline()).decode().split():
            if words[0] == "quit":
                break
            if turn is not None:
                turn.cancel()
            turn = asyncio.create_task(self._turn(float(words[1])))
        for task in tasks:
            task.cancel()
        self._sound.close()

    async def _turn(self, seconds: float) -> None:
        assert self.line is not None
        self._over.clear()
        self._marks, self.queue.first_sample = {}, None
        await self.line.begin()
        self._talking = True
        await asyncio.sleep(seconds)  # the person holds the button
        self._talking = False
        self._marks["let_go"] = time.monotonic()
        await self._heard.join()
        await self.line.end()
        self._marks["ended"] = time.monotonic()
        await self._over.wait()
        while left_s := self.queue.left_s:  # noqa: ASYNC110  # another thread takes it
            await asyncio.sleep(left_s)  # it plays
        marks = {**self._marks, "first_sample": self.queue.first_sample}
        print(json.dumps({"did": "done", "marks": marks}), flush=True)

    async def _sending(self) -> None:
        assert self.line is not None
        while True:
            pcm = await self._heard.get()
            await self.line.send(pcm)
            self._heard.task_done()
