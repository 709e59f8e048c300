"""With which handle is a session resumed.

Knows session resumption handles and how old they are. Must never know whether there is a line, and never
shows a handle.

    offered(busy) ─► spare ┐
    offered(idle) ─► idle ─┴─► best() ─► as_json: kept over a restart, with its time

A handle that was taken within a turn can resume a session that hears and never answers. So the one that was
offered last while nobody had anything to say is preferred, if there is one.
"""

from __future__ import annotations

from collections.abc import Mapping

from .messages import Handle

VALID_S = 2 * 3600.0  # how long the service keeps a session after its link has gone


class Handles:
    """`offered` each one, `best` when a link is set up, `left` when it is gone, `forget` when in doubt."""

    def __init__(self, model: str, kept: object = None) -> None:
        """`kept` is what a former life kept, or whatever was found in its place. It counts from the moment
        that somebody knows the time, because a handle of unknown age may be of any."""
        self.model = model
        """Whose sessions these are: a handle is good for its own model only."""
        self._idle: tuple[Handle, float] | None = None
        self._spare: tuple[Handle, float] | None = None
        self._kept = _read(kept, model)
        self._changed = False

    def offered(self, handle: Handle, now: float, *, idle: bool) -> None:
        """`idle`: nobody is saying or doing anything, so the session is whole."""
        self._kept = None
        if idle:
            self._idle, self._spare, self._changed = (handle, now), None, True
        else:
            self._spare = (handle, now)

    def left(self, now: float) -> None:
        """The link is gone: from now on the session is kept for so long and no longer."""
        self._idle, self._spare = _touched(self._idle, now), _touched(self._spare, now)

    def best(self, now: float) -> Handle | None:
        for found in (self._idle, self._spare):
            if found is not None and now <= found[1] + VALID_S:
                return found[0]
        return None

    def forget(self) -> None:
        self._changed |= (self._idle or self._spare or self._kept) is not None
        self._idle = self._spare = self._kept = None

    def has_changed(self) -> bool:
        """Whether there is another whole session to be kept, or none any more, since this was asked last."""
        changed, self._changed = self._changed, False
        return changed

    def clock(self, epoch_s: float, now: float) -> None:
        """It is `epoch_s` seconds since 1970: what was kept has an age."""
        kept, self._kept = self._kept, None
        if kept is None:
            return
        handle, at = kept
        age_s = epoch_s - at
        if 0 <= age_s <= VALID_S:
            self._idle = (handle, now - age_s)

    def as_json(self, now: float, epoch_s: float) -> Mapping[str, object]:
        """What must outlive a restart; nothing where there is nothing. The handle is masked: only the keeper
        may look at it."""
        found = self._idle or self._spare
        if found is None:
            return {}
        handle, at = found
        return {"version": 1, "model": self.model, "handle": handle, "at": round(epoch_s - (now - at))}


def _touched(found: tuple[Handle, float] | None, now: float) -> tuple[Handle, float] | None:
    return None if found is None else (found[0], now)


def _read(kept: object, model: str) -> tuple[Handle, float] | None:
    match kept:
        case {"model": str(its), "handle": str(secret), "at": int(at)} if its == model and secret:
            return Handle(secret), float(at)
        case _:
            return None
