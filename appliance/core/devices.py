"""What is told of the microphone and the speaker while they work.

Knows who wants to know of it. Must never know how a device is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .effects import Effect, Reopen, Tell
from .events import Gauged

if TYPE_CHECKING:
    from .conversation import Conversation


def gauged(box: Conversation, gauge: Gauged) -> list[Effect]:
    """Numbers go into the status; a new doubt is told."""
    if not box.health.gauged(gauge):
        return []
    if gauge.doubt:
        return [Tell(gauge.what, {"state": "doubtful", "reason": gauge.doubt})]
    return [Tell(gauge.what, {"state": "open"})]


def reopened(is_wanted: bool) -> list[Effect]:
    """Open the microphone again, if its sound does not come as it should."""
    if not is_wanted:
        return []
    reason = "its sound does not come as it should, so it is opened again"
    return [Reopen(), Tell("trouble", {"what": "microphone", "reason": reason})]
