"""How a link ended, in words: every exception has its cause. See test_link.py for the sockets that end so."""

from __future__ import annotations

import errno
import socket

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidHandshake, InvalidHeader
from websockets.frames import Close

from appliance.adapters.ending import ended, failure
from appliance.core.events import Cause


@pytest.mark.parametrize(
    ("error", "cause", "words"),
    [
        (InvalidHeader("Upgrade", "h2c"), Cause.HANDSHAKE, "not that of a WebSocket server"),
        (socket.gaierror(-2, "Name or service not known"), Cause.UNREACHABLE, "cannot be looked up"),
        (TimeoutError(), Cause.UNREACHABLE, "no answer in time"),
        (OSError(errno.ENETUNREACH, ""), Cause.UNREACHABLE, "Network is unreachable"),
        (OSError(), Cause.UNREACHABLE, "closed before it was open"),
        (InvalidHandshake(), Cause.UNREACHABLE, "InvalidHandshake"),
    ],
)
def test_why_there_is_no_line(error: Exception, cause: Cause, words: str) -> None:
    found, code, reason = failure(error, dated=True)
    assert (found, code) == (cause, None)
    assert words in reason


def test_the_first_close_frame_counts() -> None:
    theirs, ours = Close(1011, "theirs"), Close(1000, "ours")
    for rcvd, sent, rcvd_first, reason in (
        (theirs, ours, True, "theirs"),
        (theirs, ours, False, "ours"),
        (None, ours, None, "ours"),
    ):
        closed = ConnectionClosedError(rcvd, sent, rcvd_first)
        assert ended(closed, stalled=False)[2] == reason
    assert ended(ConnectionClosedError(None, None), stalled=False) == (
        Cause.DROPPED,
        1006,
        "the connection was lost",
    )
    assert ended(ConnectionClosedError(theirs, None), stalled=True)[0] is Cause.STALLED
