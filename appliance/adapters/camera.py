"""The camera: open while somebody needs it, and not a moment longer.

Knows when to open, how often to look, and the lamp that tells people so. Must never know what is on a
picture, nor who wants it; what kind of camera it is, its source knows.

    look ──► lamp on ──► a thread opens the source ──► Seen, Seen... ──► closed ──► lamp off
                                    └── cannot, or is unplugged: CameraDown ─┘

Opening a camera takes up to a second, so it is a thread's work; everything else happens on the loop's.
Pictures are never queued: one that was not fetched yet is replaced by the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from ..core.events import CameraDown, Event, Seen
from ..errors import CameraError

CLOSE_S = 3.0  # a driver that does not let go of its camera must not keep the daemon from ending

log = logging.getLogger(__name__)


class Stream(Protocol):
    """A camera that is open."""

    def frame(self) -> bytes:
        """The next picture to be taken, as JPEG that can be sent; blocks, and raises CameraError."""

    def close(self) -> None:
        """May be called twice."""


class Source(Protocol):
    """A camera."""

    def open(self) -> Stream:
        """Raises CameraError with a remedy."""


class Camera:
    """Looks when it is told to. Make it and use it on the loop's thread; nothing here blocks but `close`.

    `lamp` switches the light that shows people that it looks, and returns why it could not, or "". Without
    that light nothing is looked at.
    """

    def __init__(
        self, source: Source, post: Callable[[Event], None], lamp: Callable[[bool], str] = lambda on: ""
    ) -> None:
        self._source = source
        self._post = post
        self._lamp = lamp
        self._loop = asyncio.get_running_loop()
        self._now: _Look | None = None

    def look(self, look: int, every_s: float | None = None) -> None:
        """Look once, or every so many seconds until `look_away`. Each Seen and CameraDown carries `look`."""
        before = self._now
        if before is not None:
            before.stop.set()
        if why := self._lamp(True):
            self._now = None
            self._post(CameraDown(look, f"its lamp cannot be switched on, so nothing is looked at: {why}"))
            return
        self._now = _Look(look, every_s, self._source, self, before)
        self._now.thread.start()

    def look_away(self, look: int) -> None:
        """Close it, if it is still this look; the lamp goes out when it is closed."""
        if self._now is not None and self._now.number == look:
            self._now.stop.set()

    async def close(self) -> None:
        """Look away, and wait until it is closed."""
        if self._now is not None:
            self._now.stop.set()
            await asyncio.to_thread(self._now.thread.join, CLOSE_S)
            self._lamp(False)
            self._now = None

    # -- told by the thread, through the loop -------------------------------------------------------

    def tell(self, work: Callable[..., None], *given: object) -> None:
        """Have the loop do this; after it has ended there is nobody to tell."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(work, *given)

    def fetch(self, look: _Look) -> None:
        """Its newest picture, if it was not fetched before."""
        jpeg, look.newest = look.newest, None
        if jpeg is not None and not look.stop.is_set():
            self._post(Seen(look.number, jpeg))

    def over(self, look: _Look, why: str) -> None:
        """It is closed: as it should be, or because of `why`."""
        if look is not self._now:
            return
        self._now = None
        self._lamp(False)
        if why and not look.stop.is_set():
            self._post(CameraDown(look.number, why))


class _Look:
    """One time that the camera is open, and the thread that has it."""

    def __init__(
        self, number: int, every_s: float | None, source: Source, camera: Camera, before: _Look | None
    ) -> None:
        self.number = number
        self.newest: bytes | None = None
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=self._run, args=(every_s, source, camera, before), name="camera", daemon=True
        )

    def _run(self, every_s: float | None, source: Source, camera: Camera, before: _Look | None) -> None:
        if before is not None:  # a camera can be open once
            before.thread.join()
        why = ""
        try:
            if not self.stop.is_set():
                self._look(source.open(), every_s, camera)
        except CameraError as error:
            why = str(error)
        camera.tell(camera.fetch, self)
        camera.tell(camera.over, self, why)

    def _look(self, stream: Stream, every_s: float | None, camera: Camera) -> None:
        try:
            while not self.stop.is_set():
                self.newest = stream.frame()
                taken = time.monotonic()
                if every_s is None:
                    return
                camera.tell(camera.fetch, self)
                self.stop.wait(taken + every_s - time.monotonic())
        finally:
            stream.close()
