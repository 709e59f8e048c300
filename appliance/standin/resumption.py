"""Session resumption: handles, and what a session remembered when each was issued.

Knows: opaque UUID4 handles that live for two hours after their session's last sign of life.
Must never know: messages. A handle is a secret: it is never logged.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .refusal import INTERNAL, INTERNAL_ERROR, NO_SESSION, POLICY, Refusal

_MOST = 10_000  # handles kept; the oldest go first


@dataclass(frozen=True, slots=True)
class Exchange:
    """One finished turn, as the model remembers it."""

    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a resumed session gets back."""

    model: str
    link: int
    history: tuple[Exchange, ...]
    touched: float = 0.0


@dataclass(slots=True)
class Handles:
    """All handles of one stand-in; `ttl_s` real seconds."""

    ttl_s: float
    clock: Callable[[], float] = time.monotonic
    open_links: set[int] = field(default_factory=set)
    _kept: dict[str, Snapshot] = field(default_factory=dict, repr=False)

    def issue(self, snapshot: Snapshot) -> str:
        """A new handle for this moment of the session."""
        handle = str(uuid.uuid4())
        self._kept[handle] = replace(snapshot, touched=self.clock())
        if len(self._kept) > _MOST:
            del self._kept[next(iter(self._kept))]
        return handle

    def closed(self, link: int) -> None:
        """The connection is gone: from now on its handles age."""
        self.open_links.discard(link)
        for handle, snapshot in self._kept.items():
            if snapshot.link == link:
                self._kept[handle] = replace(snapshot, touched=self.clock())

    def resume(self, handle: str, model: str, *, while_open: bool) -> Snapshot:
        """What the handle stands for; raises Refusal when it is unknown, expired, or its session still up."""
        snapshot = self._kept.get(handle)
        if snapshot is None or self.clock() - snapshot.touched > self.ttl_s or snapshot.model != model:
            raise Refusal(POLICY, NO_SESSION)
        if snapshot.link in self.open_links and not while_open:
            raise Refusal(INTERNAL, INTERNAL_ERROR)
        return snapshot
