"""Pictures that were taken before: a Motion JPEG file in place of a camera, or none but a test card.

Knows files and the pace of a camera. Must never be kinder than one: it is open once, it yields no picture
before it is due, and what is closed or unplugged yields none.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Sequence
from pathlib import Path

from ..core.jpeg import NotAPicture, checked, pictures
from ..errors import CameraError

FRAMES_PER_S = 10.0  # a bare stream of pictures does not say how fast it was; few of them are faster
MOST_BYTES = 32 * 2**20  # of a file: it is in memory while it is open, and a small board has little


class _Reel:
    """Pictures shown over and over from the moment it was opened."""

    def __init__(
        self, owner: FileCamera | MemoryCamera, data: bytes, where: Sequence[tuple[int, int]]
    ) -> None:
        self._owner = owner
        self._data = data
        self._where = where
        self._zero = time.monotonic()
        self._shown = 0

    def frame(self) -> bytes:
        """The next one that is due; those that were due meanwhile are gone, as with a camera."""
        passed = (time.monotonic() - self._zero) * FRAMES_PER_S
        self._shown = max(self._shown, int(passed)) + 1
        time.sleep(max(0.0, self._zero + self._shown / FRAMES_PER_S - time.monotonic()))
        if self._owner.reel is not self:
            raise CameraError("it is closed")
        if not self._owner.plugged:
            raise CameraError("it was unplugged")
        start, end = self._where[self._shown % len(self._where)]
        try:
            return checked(self._data[start:end])
        except NotAPicture as error:
            raise CameraError(str(error)) from error

    def close(self) -> None:
        if self._owner.reel is self:
            self._owner.reel = None


class FileCamera:
    """A file of JPEG pictures one after the other (`ffmpeg -i clip.mp4 -c:v mjpeg clip.mjpeg` makes one)."""

    plugged = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self.reel: _Reel | None = None

    def open(self) -> _Reel:
        if self.reel is not None:
            raise CameraError(f"{self._path} is open already")
        data = self._read()
        where = list(pictures(data))
        if not where:
            raise CameraError(f"{self._path}: no JPEG picture in it; a Motion JPEG file is needed")
        self.reel = _Reel(self, data, where)
        return self.reel

    def _read(self) -> bytes:
        """All of it: a file that is mapped instead kills whoever reads it when it is cut short."""
        try:
            if self._path.exists() and not self._path.is_file():
                raise CameraError(f"{self._path}: not a file")
            with self._path.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise CameraError(f"{self._path}: {error.strerror}") from error
        if len(data) > MOST_BYTES:
            raise CameraError(
                f"{self._path}: larger than {MOST_BYTES // 2**20} MB; cut it, or make it smaller"
            )
        return data


class MemoryCamera:
    """Sees a test card, and never anything else; `unplug` and `plug` are for tests."""

    def __init__(self) -> None:
        self.plugged = True
        self.reel: _Reel | None = None

    def open(self) -> _Reel:
        if not self.plugged:
            raise CameraError("no camera called 'memory'; there are: none at all")
        if self.reel is not None:
            raise CameraError("another program uses the camera called 'memory'")
        self.reel = _Reel(self, TEST_CARD, [(0, len(TEST_CARD))])
        return self.reel

    def unplug(self) -> None:
        self.plugged = False

    def plug(self) -> None:
        self.plugged = True


TEST_CARD = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19i"
    "Z2hnPk1xeXBkeFxlZ2P/wAALCAAIAAgBAREA/9oACAEBAAA/ACv/2Q=="
)
"""Eight by eight pixels of grey, without the tables that cameras leave out."""
