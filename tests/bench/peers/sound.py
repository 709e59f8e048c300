"""The sound path of the clients that the box is measured beside: as little as there can be of one.

A microphone that gives 20 ms at 16 kHz to a loop, and a speaker that takes what there is at 24 kHz.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

HEARD_HZ, PLAYED_HZ = 16_000, 24_000
HEARD_FRAMES, PLAYED_FRAMES = 320, 240  # 20 ms and 10 ms


class Queue:
    """What is still to be played; asked from another thread."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._lock = threading.Lock()
        self.first_sample: float | None = None

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
        if pcm and self.first_sample is None:
            self.first_sample = time.monotonic()
        return pcm.ljust(2 * count, b"\0")

    @property
    def left_s(self) -> float:
        return len(self._pcm) / 2 / PLAYED_HZ


class Card:
    """A sound card, by PortAudio's callbacks."""

    def __init__(self, hear: Callable[[bytes], None], queue: Queue) -> None:
        import pyaudio

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


class Memory:
    """No sound card: silence at its pace, and a speaker that takes its time."""

    def __init__(self, hear: Callable[[bytes], None], queue: Queue) -> None:
        self._hear, self._queue = hear, queue

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due, pcm = loop.time(), bytes(2 * HEARD_FRAMES)
        while True:
            due += HEARD_FRAMES / HEARD_HZ
            await asyncio.sleep(due - loop.time())  # the pace of the sound
            self._hear(pcm)
            self._queue.take(2 * PLAYED_FRAMES)

    def close(self) -> None:
        pass
