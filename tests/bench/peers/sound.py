"""The sound paths of the clients that the box is measured beside.

`Card` is as little as there can be of one: a microphone that gives 20 ms at 16 kHz to a loop, and a speaker
that takes what there is at 24 kHz. `Script` is what the documentation of the official client shows: calls
that block, in threads. `Memory` is no sound at all.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

HEARD_HZ, PLAYED_HZ = 16_000, 24_000
HEARD_FRAMES, PLAYED_FRAMES = 320, 240  # 20 ms and 10 ms
SCRIPT_FRAMES = 1024


class Queue:
    """What is still to be played; asked from another thread."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._lock = threading.Lock()

    def put(self, pcm: bytes) -> None:
        with self._lock:
            self._pcm += pcm

    def flush(self) -> None:
        with self._lock:
            self._pcm.clear()

    def take(self, count: int) -> bytes:
        with self._lock:
            pcm = bytes(self._pcm[: 2 * count])
            del self._pcm[: 2 * count]
        return pcm.ljust(2 * count, b"\0")

    @property
    def left_s(self) -> float:
        return len(self._pcm) / 2 / PLAYED_HZ


class Card:
    """A sound card, by PortAudio's callbacks."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        import pyaudio

        self.queue = queue = Queue()
        loop = asyncio.get_running_loop()

        def heard(pcm: bytes | None, *_: object) -> tuple[None, int]:
            loop.call_soon_threadsafe(hear, pcm or b"")
            return None, pyaudio.paContinue

        def wanted(_: object, frames: int, *__: object) -> tuple[bytes, int]:
            return queue.take(frames), pyaudio.paContinue

        self._audio = pyaudio.PyAudio()
        mono: dict[str, Any] = {"format": pyaudio.paInt16, "channels": 1}
        self._streams = [
            self._audio.open(
                **mono, rate=HEARD_HZ, input=True, frames_per_buffer=HEARD_FRAMES, stream_callback=heard
            ),
            self._audio.open(
                **mono, rate=PLAYED_HZ, output=True, frames_per_buffer=PLAYED_FRAMES, stream_callback=wanted
            ),
        ]

    async def run(self) -> None:
        await asyncio.Event().wait()

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        self._audio.terminate()


class Messages:
    """What is still to be played, message by message."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._until = 0.0

    def put(self, pcm: bytes) -> None:
        self._until = max(self._until, time.monotonic()) + len(pcm) / 2 / PLAYED_HZ
        self._waiting.put_nowait(pcm)

    def flush(self) -> None:
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._until = 0.0

    async def take(self) -> bytes:
        return await self._waiting.get()

    @property
    def left_s(self) -> float:
        return max(0.0, self._until - time.monotonic())


class Script:
    """A sound card as the official client's documentation uses it: 64 ms are read, a message is written."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        import pyaudio

        self._hear = hear
        self.queue = Messages()
        self._audio = pyaudio.PyAudio()
        mono: dict[str, Any] = {"format": pyaudio.paInt16, "channels": 1}
        self._heard = self._audio.open(**mono, rate=HEARD_HZ, input=True, frames_per_buffer=SCRIPT_FRAMES)
        self._played = self._audio.open(**mono, rate=PLAYED_HZ, output=True)

    async def run(self) -> None:
        await asyncio.gather(self._hearing(), self._playing())

    async def _hearing(self) -> None:
        while True:
            pcm = await asyncio.to_thread(self._heard.read, SCRIPT_FRAMES, exception_on_overflow=False)
            self._hear(pcm)

    async def _playing(self) -> None:
        while True:
            await asyncio.to_thread(self._played.write, await self.queue.take())

    def close(self) -> None:
        """Threads are inside the streams: the end of the process closes them."""


class Memory:
    """No sound card: silence at its pace, and a speaker that takes its time."""

    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self.queue = Queue()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due, pcm = loop.time(), bytes(2 * HEARD_FRAMES)
        while True:
            due += HEARD_FRAMES / HEARD_HZ
            await asyncio.sleep(due - loop.time())  # the pace of the sound
            self._hear(pcm)
            self.queue.take(2 * PLAYED_FRAMES)

    def close(self) -> None:
        pass
