"""How a link ended, in words for a person.

Knows the exceptions of sockets, TLS and the WebSocket library. Must never know what is done about them.
"""

from __future__ import annotations

import os
import socket
import ssl

from websockets.exceptions import ConnectionClosed, InvalidHeader, InvalidStatus, NegotiationError

from ..core.events import Cause

NOT_YET_VALID, EXPIRED = 9, 10  # OpenSSL's x509_vfy.h


def failure(error: Exception, *, dated: bool) -> tuple[Cause, int | None, str]:
    """Why there is no WebSocket, in words for a person. `dated`: this machine may know the date.

    A certificate that is not valid yet is our clock's fault in all but the rarest case; one that has expired
    is it where nobody has set the clock.
    """
    match error:
        case InvalidStatus():
            status = error.response.status_code
            return Cause.HANDSHAKE, status, f"HTTP {status} {error.response.reason_phrase}"
        case InvalidHeader() | NegotiationError():
            return Cause.HANDSHAKE, None, f"the answer is not that of a WebSocket server: {error}"
        case ssl.SSLCertVerificationError(verify_code=code) if code == NOT_YET_VALID or (
            code == EXPIRED and not dated
        ):
            return Cause.CLOCK, None, error.verify_message or "the certificate is not valid at this date"
        case ssl.SSLCertVerificationError():
            return Cause.CERTIFICATE, None, error.verify_message or "the certificate is not trusted"
        case ssl.SSLError():
            return Cause.UNREACHABLE, None, f"TLS failed: {error.reason or error}"
        case socket.gaierror():
            return Cause.UNREACHABLE, None, f"the host name cannot be looked up: {error.strerror}"
        case TimeoutError():
            return Cause.UNREACHABLE, None, "no answer in time"
        case OSError():
            words = os.strerror(error.errno) if error.errno else str(error)
            return Cause.UNREACHABLE, None, words or "the connection was closed before it was open"
        case _:  # no HTTP at all, a proxy that refuses, a host that is no name, a SOCKS proxy without library
            return Cause.UNREACHABLE, None, str(error) or type(error).__name__


def ended(closed: ConnectionClosed, *, stalled: bool) -> tuple[Cause, int | None, str]:
    """How an open WebSocket ended. The first close frame counts: the second one only echoes it."""
    if stalled:
        return Cause.STALLED, None, "the line took less than speech produces"
    first = closed.rcvd if closed.rcvd is not None and closed.rcvd_then_sent is not False else closed.sent
    if first is not None:
        return Cause.CLOSED, first.code, first.reason
    cause = closed.__cause__
    words = (cause.strerror or str(cause)) if isinstance(cause, OSError) else ""
    return Cause.DROPPED, 1006, words or "the connection was lost"
