"""Server messages: built in camelCase with defaults left out, and put into frames as the service frames them.

Knows: shapes (binary frames of indented JSON with a newline at the end).
Must never know: when to send which.
"""

from __future__ import annotations

import base64
import json
from typing import Any

OUTPUT_RATE_HZ = 24_000
_TOKENS_PER_SECOND = 25  # of audio, in and out
_LETTERS_PER_TOKEN = 4


def frame(message: dict[str, Any]) -> bytes:
    """The bytes of one frame; `bytes` values inside become standard base64."""
    return (json.dumps(message, indent=2, ensure_ascii=False, default=_base64) + "\n").encode()


def _base64(value: object) -> str:
    if not isinstance(value, bytes):
        raise TypeError(type(value).__name__)
    return base64.b64encode(value).decode()


def content(**fields: Any) -> dict[str, Any]:
    return {"serverContent": fields}


def audio_part(pcm: bytes, *, bare_mime: bool = False) -> dict[str, Any]:
    mime = "audio/pcm" if bare_mime else f"audio/pcm;rate={OUTPUT_RATE_HZ}"
    return {"inlineData": {"mimeType": mime, "data": pcm}}


def transcript(text: str) -> dict[str, Any]:
    return {"text": text} if text else {}


def tool_call(calls: list[dict[str, Any]]) -> dict[str, Any]:
    return {"toolCall": {"functionCalls": calls}}


def cancellation(ids: list[str]) -> dict[str, Any]:
    return {"toolCallCancellation": {"ids": ids}}


def resumption_update(handle: str | None) -> dict[str, Any]:
    """With None: not resumable at this moment."""
    return {"sessionResumptionUpdate": {"newHandle": handle, "resumable": True} if handle else {}}


def go_away(time_left: str) -> dict[str, Any]:
    return {"goAway": {"timeLeft": time_left} if time_left else {}}


def usage(prompt_text: str, heard_s: float, answer_text: str, spoken_s: float) -> dict[str, Any]:
    """usageMetadata for one turn; zero counts are left out, as proto3-JSON does."""
    text_in = len(prompt_text) // _LETTERS_PER_TOKEN
    audio_in, audio_out = (round(seconds * _TOKENS_PER_SECOND) for seconds in (heard_s, spoken_s))
    text_out = 0 if audio_out else len(answer_text) // _LETTERS_PER_TOKEN
    counts = {
        "promptTokenCount": text_in + audio_in,
        "responseTokenCount": audio_out + text_out,
        "totalTokenCount": text_in + audio_in + audio_out + text_out,
        "promptTokensDetails": _details(TEXT=text_in, AUDIO=audio_in),
        "responseTokensDetails": _details(TEXT=text_out, AUDIO=audio_out),
    }
    return {name: value for name, value in counts.items() if value}


def _details(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": kind, "tokenCount": count} for kind, count in counts.items() if count]
