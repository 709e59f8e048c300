"""What every client that is measured is told, and says: lines on stdin and stdout.

talk SECONDS    the person holds the button that long: begin, send what is heard, end
quit

{"did": "up"} once, then {"did": "done"} when an answer has been played to its end
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Protocol


class Line(Protocol):
    """One client's way to say it to the service."""

    async def begin(self) -> None: ...
    async def send(self, pcm: bytes) -> None: ...
    async def end(self) -> None: ...


class Waiting(Protocol):
    """What is still to be played."""

    def put(self, pcm: bytes) -> None: ...
    def flush(self) -> None: ...

    @property
    def left_s(self) -> float: ...


class Sound(Protocol):
    @property
    def queue(self) -> Waiting: ...

    async def run(self) -> None: ...
    def close(self) -> None: ...


class Conversing:
    """`talk` by stdin; the client calls `heard_speech`, `interrupted` and `turn_over`."""

    def __init__(self, sound: Callable[[Callable[[bytes], None]], Sound]) -> None:
        self.line: Line | None = None
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._talking = False
        self._over = asyncio.Event()
        self._sound = sound(self._hear)

    def _hear(self, pcm: bytes) -> None:
        if self._talking:
            self._heard.put_nowait(pcm)

    def heard_speech(self, pcm: bytes) -> None:
        self._sound.queue.put(pcm)

    def interrupted(self) -> None:
        self._sound.queue.flush()

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
        await self.line.begin()
        self._talking = True
        await asyncio.sleep(seconds)  # the person holds the button
        self._talking = False
        await self._heard.join()
        self._over.clear()  # not before: an answer that was interrupted is over, too
        await self.line.end()
        await self._over.wait()
        while left_s := self._sound.queue.left_s:  # noqa: ASYNC110  # another thread takes it
            await asyncio.sleep(left_s)  # it plays
        print(json.dumps({"did": "done"}), flush=True)

    async def _sending(self) -> None:
        assert self.line is not None
        while True:
            pcm = await self._heard.get()
            await self.line.send(pcm)
            self._heard.task_done()
