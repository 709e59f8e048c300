"""The ways the service turns a client away: close codes and their reasons.

Knows: the texts, and that a WebSocket close reason holds at most 123 bytes.
Must never know: why a particular client deserved it.
"""

from __future__ import annotations

REASON_BYTES = 123  # RFC 6455: 125 bytes of control payload, less the two of the code; the service cuts there

NORMAL = 1000
INVALID = 1007
POLICY = 1008
INTERNAL = 1011

BAD_KEY = "API key not valid. Please pass a valid API key."
BAD_TOKEN = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential."
)
UNAVAILABLE = "The service is currently unavailable."
BAD_ARGUMENT = "Request contains an invalid argument."
NOT_IMPLEMENTED = "Operation is not implemented, or supported, or enabled."
NOT_FOUND = "Requested entity was not found."
NO_SESSION = "BidiGenerateContent session not found"
EXPLICIT_ACTIVITY = "Explicit activity control is not supported when automatic activity detection is enabled."
ROLE_ORDER = "Last chunk before turn_complete must have role user."  # seen cut after "have r"
DEADLINE = "Deadline expired before operation could complete."
GO_AWAY_IGNORED = (
    "Connection aborted because the client failed to close the connection after receiving a GoAway signal "
    "once the session duration expired"
)
INTERNAL_ERROR = "Internal error encountered."
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. For more information on "
    "this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits."
)


class Refusal(Exception):
    """The client broke a rule: the connection ends with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = cut(reason)


def cut(reason: str) -> str:
    """The reason as it fits a close frame: at most 123 bytes of UTF-8, cut in mid-word if need be."""
    return reason.encode("utf-8", "replace")[:REASON_BYTES].decode("utf-8", "ignore")


def invalid_payload(detail: str) -> Refusal:
    return Refusal(INVALID, f"Invalid JSON payload received. {detail}")


def bad_argument() -> Refusal:
    return Refusal(INVALID, BAD_ARGUMENT)


def unknown_model(model: str, version: str) -> Refusal:
    return Refusal(
        POLICY,
        f"{model} is not found for API version {version}, or is not supported for bidiGenerateContent. "
        "Call ListModels to see the list of available models and their supported methods.",
    )
