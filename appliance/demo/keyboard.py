"""The keyboard as the button, for a conversation over the real microphone.

Knows lines that are typed. Must never know what a press leads to.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable

from .exchange import Exchange
from .stage import Stage


async def talk(stage: Stage, stop: asyncio.Event, seconds: float | None) -> AsyncIterator[Exchange]:
    """Turns as they end, each after a press of Enter; until `stop`, a `q`, the end of the input or time."""
    loop = asyncio.get_running_loop()
    if seconds is not None:
        loop.call_later(seconds, stop.set)

    def typed() -> None:
        text = os.read(sys.stdin.fileno(), 4096).decode(errors="replace")
        for line in text.splitlines():
            if line.strip().lower() == "q":
                stop.set()
            else:
                stage.press()
        if not text:
            loop.remove_reader(sys.stdin)
            if seconds is None:
                stop.set()

    readable = _reads(loop, typed)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        while not stop.is_set():
            over = asyncio.ensure_future(stage.overs.get())
            await asyncio.wait({over, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not over.done():
                over.cancel()
                return
            yield over.result()
    finally:
        stopped.cancel()
        if readable:
            loop.remove_reader(sys.stdin)


def _reads(loop: asyncio.AbstractEventLoop, typed: Callable[[], None]) -> bool:
    """Whether the input can be waited for: a file cannot, nor what is closed."""
    try:
        loop.add_reader(sys.stdin, typed)
    except (OSError, ValueError):
        return False
    return True
