"""What the client shows: which pictures are taken, and how many.

Knows: JPEG by its first and last bytes; the documented rate of one picture a second.
Must never know: connections, audio, or what is on a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from .refusal import bad_argument

_MIME: Final = "image/jpeg"
_PER_S: Final = 1.0
# One picture a second is said to be processed, not how it is counted: some slack, so that one that comes a
# little early, or beside those of a stream, is none too many; but never more than that on top.
_AT_ONCE: Final = 3.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One that was shown."""

    link: int
    at: float
    jpeg: bytes


@dataclass(slots=True)
class Sight:
    """Of one connection. `allowed`: whether the model takes pictures at all."""

    allowed: bool = True
    _left: float = _AT_ONCE
    _last: float | None = None

    def take(self, blob: dict[str, Any], now: float) -> bytes:
        """The picture; `now` is in seconds of the stand-in's clock. Raises the Refusal that it deserves."""
        jpeg: bytes = blob.get("data", b"")
        whole = jpeg.startswith(b"\xff\xd8\xff") and jpeg.endswith(b"\xff\xd9")
        if not self.allowed or blob.get("mimeType") != _MIME or not whole:
            raise bad_argument()
        if self._last is not None:
            self._left = min(_AT_ONCE, self._left + (now - self._last) * _PER_S)
        self._last = now
        self._left -= 1
        if self._left < 0:
            raise bad_argument()
        return jpeg


def shown_in(given: dict[str, Any]) -> dict[str, Any] | None:
    """The picture of a realtimeInput, in its own field or in the former one."""
    if "video" in given:
        video: dict[str, Any] = given["video"]
        return video
    chunk: dict[str, Any] = next(iter(given.get("mediaChunks", [])), {})
    return chunk if chunk.get("mimeType", "").startswith(("image/", "video/")) else None


def shown_with(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The pictures in the turns of a clientContent."""
    parts = [part for turn in turns for part in turn.get("parts", [])]
    return [part["inlineData"] for part in parts if "inlineData" in part]
