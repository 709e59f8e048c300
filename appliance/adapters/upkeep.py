"""A sound device kept in use for ever, and who notices that it has died.

Knows when to try again. Must never know what kind of device it is, nor how it is opened.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import NoReturn, Protocol

from ..errors import HardwareError
from .choice import Format, Wanted

log = logging.getLogger(__name__)

RETRY_S = 2.0  # initialising costs a small board a third of a second of CPU: not more often than this


class RecalledError(Exception):
    """The stream has to be opened again, though nothing is wrong with its device."""


class Line(Protocol):
    """What the heartbeat needs of a stream."""

    form: Format
    is_recalled: bool

    def active(self) -> bool: ...


async def kept(
    wanted: Wanted,
    session: Callable[[Callable[[], None]], Awaitable[NoReturn]],
    on_up: Callable[[], None],
    on_down: Callable[[str], None],
    changed: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> NoReturn:
    """Keep a device in use for ever: `session` uses it, calls its argument once it works, and raises
    HardwareError when it fails. `on_down` is told once per failure, not per retry; `changed` waits for the
    next one. A stream that was recalled is opened again at once, and nobody is told."""
    works: bool | None = None  # as it was told last

    def up() -> None:
        nonlocal works
        if works is not True:
            works = True
            on_up()

    while True:
        try:
            await session(up)
        except RecalledError:
            continue
        except HardwareError as error:
            log.log(logging.DEBUG if works is False else logging.WARNING, "%s: %s", wanted.what, error)
            if works is not False:
                works = False
                on_down(str(error))
        await changed(RETRY_S)


class Gate:
    """While it is shut a device is not used at all: it is closed, and not looked for."""

    def __init__(self) -> None:
        self._open, self._shut = asyncio.Event(), asyncio.Event()
        self._open.set()

    def shut(self, *, on: bool) -> None:
        event, other = (self._shut, self._open) if on else (self._open, self._shut)
        event.set()
        other.clear()

    async def run(
        self, work: Callable[[], Coroutine[None, None, NoReturn]], closed: Callable[[], None]
    ) -> NoReturn:
        """Do the work while it is open; `closed` is told when the device is free."""
        while True:
            if self._shut.is_set():
                closed()
            await self._open.wait()
            working = asyncio.create_task(work())
            shutting = asyncio.create_task(self._shut.wait())
            try:
                await asyncio.wait({working, shutting}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                over = [task for task in (working, shutting) if not task.done()]
                for task in over:
                    task.cancel()
                await asyncio.gather(*over, return_exceptions=True)
            if not working.cancelled():
                working.result()  # it ends by itself only by a bug


class Heartbeat:
    """Notices that a stream has died: PortAudio gave it up, or its callback is not called any more."""

    CHECK_S = 0.25
    START_S = 5.0  # PulseAudio was seen to take 1.9 s until it asked for the first block of a new stream
    STALL_S = 2.0  # a loaded small board stalls for some 100 ms, never for so long

    def __init__(self, wanted: Wanted, stream: Line) -> None:
        self._wanted = wanted
        self._stream = stream
        self._beats = 0
        self._until = asyncio.get_running_loop().time() + self.START_S

    def check(self, beats: int) -> None:
        """Compare with the number of callbacks so far. Raises MicrophoneError, SpeakerError, or
        RecalledError."""
        now = asyncio.get_running_loop().time()
        if beats != self._beats:
            self._beats, self._until = beats, max(self._until, now + self.STALL_S)
        if self._stream.is_recalled:
            raise RecalledError
        if not self._stream.active():
            raise self._wanted.error(f"the {self._wanted.what} {self._stream.form.device!r} went away")
        if now > self._until:
            raise self._wanted.error(f"the {self._wanted.what} {self._stream.form.device!r} does not move")
