"""Frames that no client should survive badly: what a broken server or proxy might send.

Knows: bytes.
Must never know: the conversation they interrupt.
"""

from __future__ import annotations

import random

_HUGE_BYTES = 20 * 2**20


def frames(kind: str) -> list[tuple[str, bytes | str]]:
    """The (name, frame) pairs of one kind of garbage, "" for none and "all" for every kind."""
    if not kind:
        return []
    return [(name, _make(name)) for name in _KINDS if kind in (name, "all")]


_KINDS = ("text", "noise", "types", "unknown", "error", "huge")


def _make(kind: str) -> bytes | str:
    match kind:
        case "text":
            return "<html><body>502 Bad Gateway</body></html>"
        case "noise":
            return random.Random(7).randbytes(2_000)
        case "types":
            return (
                b'{"serverContent": {"modelTurn": {"parts": "none", "role": 7}, "turnComplete": "maybe", '
                b'"inputTranscription": [1, 2], "outputTranscription": {"text": 5}}, "usageMetadata": [], '
                b'"toolCall": {"functionCalls": {"id": 1}}, "goAway": {"timeLeft": 12}}\n'
            )
        case "unknown":
            return b'{"weatherReport": {"sky": "green"}, "serverContent": {"mood": "fine"}}\n'
        case "error":
            return b'{"code": 500, "message": "Internal error encountered.", "status": "INTERNAL"}\n'
        case _:
            return b'{"serverContent": {"note": "' + b"x" * _HUGE_BYTES + b'"}}\n'
