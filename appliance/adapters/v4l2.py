"""A camera of the kernel's: Video4Linux, and only what it takes to get JPEG pictures out of one.

Knows seven ioctls and how a person names a camera. Must never know when to look.

A camera that compresses by itself delivers pictures that can be sent as they are: nothing is decoded, no
library is needed. One that does not (the ribbon cable's) is refused, with its remedy.

Numbers and layouts are those of linux/videodev2.h for 64 bit.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import select
import struct
import time
from pathlib import Path
from typing import Any

from ..core.jpeg import NotAPicture, checked
from ..errors import CameraError

QUERYCAP = 0x80685600
ENUM_FMT = 0xC0405602
S_FMT = 0xC0D05605
REQBUFS = 0xC0145608
QUERYBUF = 0xC0585609
QBUF = 0xC058560F
DQBUF = 0xC0585611
STREAMON = 0x40045612
STREAMOFF = 0x40045613

CAPABILITY = struct.Struct("=16s32s32s3I12x")  # driver, card, bus, version, all it can, this node can
FORMAT_OF_MANY = struct.Struct("=3I32s2I12x")  # index, type, flags, description, format
FORMAT = struct.Struct("=I4x4I184x")  # type; width, height, format, field
REQUEST = struct.Struct("=4I4x")  # count, type, memory
BUFFER = struct.Struct(
    "=5I4x16x16x2IQ3I4x"
)  # index, type, used, flags, field; sequence, memory, offset, length

CAPTURE = 1  # V4L2_BUF_TYPE_VIDEO_CAPTURE
MMAP = 1  # V4L2_MEMORY_MMAP
CAN_CAPTURE, CAN_STREAM, SAYS_WHAT = 0x1, 0x0400_0000, 0x8000_0000  # V4L2_CAP_*; the last: DEVICE_CAPS
BROKEN = 0x40  # V4L2_BUF_FLAG_ERROR
JPEGS = (b"MJPG", b"JPEG")

BUFFERS = 3  # one being filled, one ready, one in our hands
MOST_FORMATS = 64  # a driver that lists more than these lists for ever
WARM_S = 0.4  # the first pictures are dark: the camera is still measuring the light
PATIENCE_S = 3.0  # for a picture; in the dark a camera exposes up to half a second

CLASS = Path("/sys/class/video4linux")


class V4l2Camera:
    """A camera by its path, best one below /dev/v4l/by-id, or by a part of its name, in any case."""

    def __init__(self, name: str, width: int, height: int) -> None:
        self._name = name
        self._size = (width, height)

    def open(self) -> V4l2Stream:
        """Raises CameraError: not there, not allowed, in use, or none that makes JPEG."""
        refused = ""
        for path in [self._name] if self._name.startswith("/") else _called(self._name):
            try:
                return V4l2Stream(path, *self._size)
            except _NoJpeg as error:  # most cameras have a second node, for what is no picture
                refused = refused or str(error)
            except OSError as error:
                raise CameraError(f"{path}: {_told(error)}") from error
        raise CameraError(refused or f"no camera called {self._name!r}; there are: {_all() or 'none at all'}")


class _NoJpeg(CameraError):
    """Not what is looked for; another node of the same name may be."""


class V4l2Stream:
    """One that is open and streams. Raises OSError while it is being opened."""

    def __init__(self, path: str, width: int, height: int) -> None:
        self._path = path
        self._maps: list[mmap.mmap] = []
        self._fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            self._start(width, height)
        except BaseException:
            self.close()
            raise
        self._warm_at = time.monotonic() + WARM_S

    def frame(self) -> bytes:
        """The first picture that is taken from now on."""
        if self._fd < 0:
            raise CameraError(f"{self._path}: it is closed")
        try:
            while (stale := self._take()) is not None:
                self._give(stale[0])
            return self._next(time.monotonic() + PATIENCE_S)
        except OSError as error:
            raise CameraError(f"{self._path}: {_told(error)}") from error

    def close(self) -> None:
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        for memory in self._maps:
            memory.close()
        os.close(fd)  # which also stops the stream and frees the buffers

    # -- inside -------------------------------------------------------------------------------------

    def _start(self, width: int, height: int) -> None:
        pixels = self._jpeg()
        answer = self._ask(S_FMT, FORMAT, CAPTURE, width, height, pixels, 0)
        if answer[3] != pixels:  # the size is the nearest the camera has; the kind must be what was asked for
            raise CameraError(f"{self._path}: it does not make the JPEG pictures that it offers")
        count = self._ask(REQBUFS, REQUEST, BUFFERS, CAPTURE, MMAP, 0)[0]
        for index in range(count):
            *_, offset, length, _, _ = self._ask(QUERYBUF, BUFFER, index, CAPTURE, *[0] * 4, MMAP, *[0] * 4)
            self._maps.append(mmap.mmap(self._fd, length, offset=offset))
            self._give(index)
        fcntl.ioctl(self._fd, STREAMON, struct.pack("=i", CAPTURE))

    def _jpeg(self) -> int:
        """The format that is asked for; _NoJpeg names what there is instead."""
        *_, everything, node = self._ask(QUERYCAP, CAPABILITY, b"", b"", b"", 0, 0, 0)
        can = node if everything & SAYS_WHAT else everything
        if not (can & CAN_CAPTURE and can & CAN_STREAM):
            raise _NoJpeg(f"{self._path}: it is not a camera that streams pictures")
        found: list[bytes] = []
        for index in range(MOST_FORMATS):
            try:
                *_, pixels, _ = self._ask(ENUM_FMT, FORMAT_OF_MANY, index, CAPTURE, 0, b"", 0, 0)
            except OSError as error:
                if error.errno != errno.EINVAL:  # which says that there are no more
                    raise
                break
            found.append(pixels.to_bytes(4, "little"))
            if found[-1] in JPEGS:
                return int(pixels)
        offers = ", ".join(f.decode("ascii", "replace").strip() for f in found) or "nothing"
        raise _NoJpeg(
            f"{self._path}: it makes no JPEG pictures (it offers {offers}); use a camera with MJPG, as "
            "nearly every USB camera has"
        )

    def _ask(self, request: int, layout: struct.Struct, *given: object) -> tuple[Any, ...]:
        buffer = bytearray(layout.pack(*given))
        fcntl.ioctl(self._fd, request, buffer)
        return layout.unpack(buffer)

    def _give(self, index: int) -> None:
        """Let the driver fill it."""
        self._ask(QBUF, BUFFER, index, CAPTURE, *[0] * 4, MMAP, *[0] * 4)

    def _take(self) -> tuple[int, int, int] | None:
        """One that is filled: its number, how much of it, and its flags; None while there is none."""
        try:
            index, _, used, flags, *_ = self._ask(DQBUF, BUFFER, 0, CAPTURE, *[0] * 4, MMAP, *[0] * 4)
        except BlockingIOError:
            return None
        return index, used, flags

    def _next(self, until: float) -> bytes:
        why = f"it gave no picture in {PATIENCE_S:g} s"
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        while (left := until - time.monotonic()) > 0:
            [(_, happened)] = poll.poll(left * 1000) or [(self._fd, 0)]
            if (taken := self._take()) is None:
                if happened & (select.POLLERR | select.POLLHUP):
                    raise CameraError(f"{self._path}: it stopped")
                continue
            index, used, flags = taken
            frame = self._maps[index][:used]
            self._give(index)
            if flags & BROKEN or not used or time.monotonic() < self._warm_at:
                continue
            try:
                return checked(frame)
            except NotAPicture as error:  # the cable is bad, or the next one is better
                why = str(error)
        raise CameraError(f"{self._path}: {why}")


def _called(name: str) -> list[str]:
    """The nodes of cameras with that in their name, in the order of their numbers."""
    fold = name.casefold()
    return [f"/dev/{node}" for node, card in _cards() if fold in card.casefold()]


def _cards() -> list[tuple[str, str]]:
    found = []
    for node in sorted(CLASS.glob("video*"), key=lambda node: (len(node.name), node.name)):
        try:
            found.append((node.name, (node / "name").read_text(encoding="utf-8", errors="replace").strip()))
        except OSError:  # it was pulled out this very moment
            continue
    return found


def _all() -> str:
    return ", ".join(dict.fromkeys(repr(card) for _, card in _cards()))


def _told(error: OSError) -> str:
    """What happened, and what to do about it."""
    match error.errno:
        case errno.ENOENT | errno.ENXIO:
            return f"there is no such camera; there are: {_all() or 'none at all'}"
        case errno.EACCES | errno.EPERM:
            return "the daemon may not use it: let its user into the group video"
        case errno.EBUSY:
            return "another program uses the camera: stop it"
        case errno.ENODEV:
            return "it was unplugged"
        case errno.ENOTTY | errno.EINVAL:
            return f"it is not a camera that is understood ({error.strerror})"
        case _:
            return error.strerror or "an error"
