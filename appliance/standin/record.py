"""What a stand-in saw and said: every message in order, with times, and the audio beside it.

Knows: lists, and how to wait for something to appear in them without sleeping.
Must never know: the protocol's rules.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from .resumption import Exchange
from .sight import Picture

Side = Literal["client", "server"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as it was received or sent.

    `message` is camelCase with binary data replaced by {"pcm_bytes": n}. Beside real messages there are
    {"opened": {"path": ...}}, {"closed": {"code": ..., "reason": ...}} and, for what was refused or sent as
    garbage, {"refused": reason} and {"raw": kind}.
    """

    at: float  # time.monotonic()
    link: int
    side: Side
    message: dict[str, Any]
    pcm: bytes = b""

    def has(self, *path: str) -> bool:
        """Whether the message has that chain of keys: has("realtimeInput", "activityStart")."""
        value: Any = self.message
        for key in path:
            if not isinstance(value, dict) or key not in value:
                return False
            value = value[key]
        return True


@dataclass(frozen=True, slots=True)
class Activity:
    """What the person said in one activity: PCM16 mono at 16 kHz, and text where there was any."""

    link: int
    started: float
    ended: float
    pcm: bytes
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered in one turn: PCM16 mono at 24 kHz and its transcript, as far as they were sent."""

    link: int
    turn: int
    pcm: bytes
    text: str
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Seed:
    """What a client told a session of a conversation that it had not had itself."""

    link: int
    history: tuple[Exchange, ...]


class Record:
    """Bounded lists, oldest first, and one way to wait for a change in them."""

    def __init__(self, keep: int) -> None:
        self.entries: list[Entry] = []
        self.activities: list[Activity] = []
        self.answers: list[Answer] = []
        self.seeds: list[Seed] = []
        self.pictures: list[Picture] = []
        self._keep = keep
        self._changed = asyncio.Event()

    def note(self, link: int, side: Side, message: dict[str, Any]) -> None:
        """Append one message; its binary data moves to Entry.pcm."""
        shown, pcm = _without_data(message)
        self._append(self.entries, Entry(time.monotonic(), link, side, shown, pcm))

    def note_activity(self, activity: Activity) -> None:
        self._append(self.activities, activity)

    def note_picture(self, picture: Picture) -> None:
        self._append(self.pictures, picture)

    def note_answer(self, answer: Answer) -> None:
        self._append(self.answers, answer)

    def note_seed(self, seed: Seed) -> None:
        self._append(self.seeds, seed)

    async def wait_for(self, predicate: Callable[[list[Entry]], T], timeout: float = 20.0) -> T:  # noqa: ASYNC109
        """The first true value of the predicate over the entries; raises TimeoutError with the last ones."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := predicate(self.entries)):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            last = "\n".join(f"  {e.link} {e.side}: {str(e.message)[:150]}" for e in self.entries[-12:])
            raise TimeoutError(f"not seen in {timeout} s; the last messages were\n{last}") from error
        return found

    def _append(self, rows: list[Any], row: object) -> None:
        rows.append(row)
        if len(rows) > self._keep:
            del rows[: len(rows) // 2]
        self._changed.set()


def _without_data(value: Any) -> tuple[Any, bytes]:
    if isinstance(value, bytes):
        return {"pcm_bytes": len(value)}, value
    if isinstance(value, dict):
        pairs = {key: _without_data(inner) for key, inner in value.items()}
        return {key: shown for key, (shown, _) in pairs.items()}, b"".join(p for _, p in pairs.values())
    if isinstance(value, list):
        rows = [_without_data(inner) for inner in value]
        return [shown for shown, _ in rows], b"".join(p for _, p in rows)
    return value, b""
