"""Why the line is down, and what to do about it.

Knows close codes, the reasons that the service gives, and how far the link had come. Must never know the
time or what was tried before.

The reason, not the code, tells a fault that passes from one that stays: 1011 is an age limit, an overload
and a used-up quota; 1007 is a wrong key and a frame at a wrong moment. Reasons arrive cut at 123 bytes,
so only how they begin is compared.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto

from .events import Cause
from .values import dataclass


class Remedy(Enum):
    """When to try again."""

    NOW = auto()  # nothing is wrong: go on with the handle
    BACK_OFF = auto()  # it may pass by itself
    WAIT = auto()  # it will take long: do not hammer
    REFUSED = auto()  # not before somebody changes something


class Phase(Enum):
    """How far a link had come when it ended."""

    OPENING = auto()  # no setup was sent
    GREETING = auto()  # a fresh setup was, and not answered
    RESUMING = auto()  # the same with a handle
    LIVE = auto()  # setupComplete had been received


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` is one of the named failures that a person sees; `advice` is what they can do about it.

    `forget`: the handle may be the reason, the next session starts fresh. `drop_audio`: what was said may be.
    """

    name: str
    remedy: Remedy
    advice: str = ""
    forget: bool = False
    drop_audio: bool = False


KEY = "check the API key: create one at the provider, and store it as the credential gemini-api-key"
KEY_REFUSED = Fault("key refused", Remedy.REFUSED, KEY, forget=True)
NO_KEY = Fault("no key", Remedy.REFUSED, KEY, forget=True)
NO_TOKEN = Fault(
    "no token",
    Remedy.BACK_OFF,
    "check [live] token_command or token_url: it is tried again, and the log says why",
)
TOKEN_SPENT = Fault("token spent", Remedy.NOW)
TOKEN_REFUSED = Fault(
    "token refused",
    Remedy.WAIT,
    "the service takes no token of your server: check the key it mints with, and the uses and times it sets",
)
REGION = Fault("region refused", Remedy.REFUSED, "the service is not offered where this box is")
MODEL = Fault("model gone", Remedy.REFUSED, "choose another [live] model or api_version", forget=True)
SETUP = Fault("setup refused", Remedy.REFUSED, "the service does not take these [live] settings", forget=True)
QUOTA = Fault("quota", Remedy.WAIT, "the plan's quota or credit is used up: check the billing page")
ENDPOINT = Fault("wrong endpoint", Remedy.REFUSED, "check [live] endpoint and api_version")
PROXY = Fault("proxy refused", Remedy.REFUSED, "the proxy of this network wants a name and a password")
OVERLOAD = Fault("service overloaded", Remedy.BACK_OFF, "nothing: it is tried again")
OFFLINE = Fault("no network", Remedy.BACK_OFF, "check the network: it is tried again")
DROPPED = Fault("line dropped", Remedy.NOW)
AGE = Fault("line too old", Remedy.NOW)
HANDLE = Fault("session expired", Remedy.NOW, forget=True)
CONFUSED = Fault("service confused", Remedy.BACK_OFF, "nothing: a fresh session is begun", forget=True)
ARGUMENT = Fault(
    "request refused", Remedy.BACK_OFF, "nothing: a fresh session is begun", forget=True, drop_audio=True
)
CERTIFICATE = Fault(
    "certificate refused", Remedy.BACK_OFF, "check this machine's clock (timedatectl) and its CA certificates"
)
CLOCK = Fault(
    "clock not set",
    Remedy.BACK_OFF,
    "wait for the time to be synchronised (timedatectl shows it): it is tried again then",
)
PORTAL = Fault("network login", Remedy.BACK_OFF, "this network asks for a login in a browser first")
STALLED = Fault("uplink too slow", Remedy.BACK_OFF, "check the Wi-Fi signal")
NO_SETUP = Fault("no answer to setup", Remedy.BACK_OFF, "nothing: it is tried again", forget=True)
# It took a question and began no answer: the session may be what is wrong (a handle that was taken within
# a turn resumes one that hears and never answers).
MUTE = Fault("service mute", Remedy.NOW, "nothing: a fresh session is begun", forget=True)
# It fell silent within an answer, or never closed its turn: the line is, and the session goes on.
SILENT = Fault("service fell silent", Remedy.NOW)

UNKNOWN_ID = "Requested entity was not found"  # of a session, or on a live line of a function call

# (code or None for any, how the reason begins, what it means). The first match counts.
REASONS: tuple[tuple[int | None, str, Fault], ...] = (
    (None, "API key not valid", KEY_REFUSED),
    (None, "API key expired", KEY_REFUSED),
    (None, "Request had invalid authentication credentials", KEY_REFUSED),
    (None, "User location is not supported", REGION),
    (None, "You exceeded your current quota", QUOTA),
    (1008, "models/", MODEL),
    (1008, "BidiGenerateContent session not found", HANDLE),
    (1008, UNKNOWN_ID, HANDLE),
    (1008, "Operation is not implemented", DROPPED),
    (1008, "Connection aborted because the client failed to close", AGE),
    (1008, "The operation was aborted", DROPPED),
    (1007, "Invalid JSON payload received", SETUP),
    (1007, "Request contains an invalid argument", ARGUMENT),
    (1011, "Deadline expired", AGE),
    (1011, "The service is currently unavailable", OVERLOAD),
    (1011, "Internal error", CONFUSED),
)

# Where the reason says nothing known.
CODES: dict[int, Fault] = {
    1000: AGE,
    1001: DROPPED,
    1005: DROPPED,
    1006: DROPPED,
    1007: ARGUMENT,
    1008: CONFUSED,
    1009: DROPPED,  # a frame too large for us; ours are small
    1011: CONFUSED,
    1012: OVERLOAD,
    1013: OVERLOAD,
}

STATUSES: dict[int, Fault] = {  # of HTTP, in place of a WebSocket
    400: ENDPOINT,
    401: KEY_REFUSED,
    403: KEY_REFUSED,
    404: ENDPOINT,
    407: PROXY,
    429: QUOTA,
    **dict.fromkeys((301, 302, 303, 307, 308, 511), PORTAL),
}

CAUSES: dict[Cause, Fault] = {
    Cause.DROPPED: DROPPED,
    Cause.UNREACHABLE: OFFLINE,
    Cause.CERTIFICATE: CERTIFICATE,
    Cause.CLOCK: CLOCK,
    Cause.STALLED: STALLED,
    Cause.CREDENTIAL: NO_KEY,
    Cause.NO_TOKEN: NO_TOKEN,
    Cause.TOKEN_SPENT: TOKEN_SPENT,
    Cause.TOKEN_REFUSED: TOKEN_REFUSED,
}


def classify(cause: Cause, code: int | None, reason: str, phase: Phase) -> Fault:
    """What ended the link, by how it ended and how far it had come.

    What ends a resumption is held against the handle: a fresh session is begun at once. What ends a fresh
    setup without a known reason is not tried again at once: credentials and settings are refused there, and
    a server that closes after every setup must not be hammered.
    """
    if cause in CAUSES:
        fault = CAUSES[cause]
    elif cause is Cause.HANDSHAKE:
        fault = STATUSES.get(code or 0, OVERLOAD)
    else:
        fault = next(
            (f for c, start, f in REASONS if c in (None, code) and reason.startswith(start)),
            CODES.get(code or 1006, CONFUSED),
        )
    match phase:
        case Phase.LIVE if reason.startswith(UNKNOWN_ID):  # a call that was cancelled while we answered it
            return DROPPED
        case Phase.RESUMING if fault in (ARGUMENT, CONFUSED, AGE, DROPPED, HANDLE):
            return replace(fault, remedy=Remedy.NOW, forget=True, drop_audio=False)
        case Phase.OPENING | Phase.GREETING | Phase.RESUMING if (
            fault.remedy is Remedy.NOW and fault is not TOKEN_SPENT
        ):
            return replace(fault, remedy=Remedy.BACK_OFF, forget=True)
    return fault
