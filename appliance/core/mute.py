"""Whether the box is muted: its capture device is closed, not ignored.

Knows one switch and how it outlives a restart. Must never know who throws it, nor what else has to be
silenced then.

What was kept is a mute whatever it says: a file that nobody can read must not open a microphone.
"""

from __future__ import annotations

from .effects import Effect, Keep, Muffle, Tell

NAME = "mute"
MUTED = "muted"


class Mute:
    """`turn` it; what it answers is to be performed."""

    def __init__(self, kept: object = None) -> None:
        """`kept` is what a former life kept, None for nothing."""
        self.is_on = kept is not None

    def __repr__(self) -> str:
        return MUTED if self.is_on else "not muted"

    def turn(self, *, on: bool) -> list[Effect]:
        """Nothing, if it is that already."""
        if on is self.is_on:
            return []
        self.is_on = on
        told = Tell("mute", {"state": "on" if on else "off"})
        return [Muffle(on), Keep(NAME, {"version": 1, "on": True} if on else {}, soon=True), told]
