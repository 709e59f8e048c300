"""Work that may hang, done where it is in nobody's way.

Knows threads. Must never know what the work is. A thread of the loop's own pool will not do: the end of the
process waits for those.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


def apart(work: Callable[[], T]) -> asyncio.Future[T]:
    """Do it in a thread of its own, which the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(outcome: Callable[[], None]) -> None:
        if not future.done():
            outcome()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:
            outcome: Callable[[], None] = partial(future.set_exception, error)
        else:
            outcome = partial(future.set_result, result)
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody asks any more
            loop.call_soon_threadsafe(settle, outcome)

    threading.Thread(target=run, name="portaudio", daemon=True).start()
    return future


async def to_its_end(work: asyncio.Future[T], at_most_s: float) -> None:
    """Wait for it; when cancelled, wait for its end first, since a half-closed stream is nobody's."""
    try:
        await asyncio.wait({work}, timeout=at_most_s)
    except asyncio.CancelledError:
        await asyncio.wait({work}, timeout=at_most_s)
        raise
    if work.done():
        work.result()
