"""Why a turn was closed without its answer, in words that a person understands.

Knows the names that the service has for it. Must never know what becomes of the turn.
"""

from __future__ import annotations

WAITS = "waiting for you"  # the model expects the person to go on
OUTCOMES = {
    "NEED_MORE_INPUT": WAITS,
    "RESPONSE_REJECTED": "answer withheld by the service",
    "MALFORMED_FUNCTION_CALL": "the model called a function wrongly",
    "MAX_REGENERATION_REACHED": "no answer that the service allows",
    "BLOCKLIST": "question not allowed by the service",
    "PROHIBITED_INPUT_CONTENT": "question not allowed by the service",
}


def outcome_of(reason: str) -> str:
    """The outcome of a turn that was closed for this reason; "" where none is given."""
    if reason in ("", "TURN_COMPLETE_REASON_UNSPECIFIED"):
        return ""
    if reason in OUTCOMES:
        return OUTCOMES[reason]
    if "INPUT" in reason or reason.startswith("UNSAFE_PROMPT"):
        return "question not allowed by the service"
    if reason.startswith(("GENERATED", "OUTPUT")):
        return "answer withheld by the service"
    return reason[:64].replace("_", " ").lower()
