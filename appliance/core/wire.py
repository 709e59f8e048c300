"""Live API messages: JSON text to typed values and back.

Knows the shapes of the BidiGenerateContent protocol (v1beta, WebSocket, proto3-JSON). Must never know when
a message may be sent, nor who sends it.

One frame from the service may carry several things at once. `decode` returns them in the order in which
they must be handled: an interruption before new content, content before what completes it, usage before
the turn it belongs to is closed.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import assert_never, cast

from ..errors import WireError
from .findings import code_in, sources_in
from .messages import (
    ActivityEnd,
    ActivityStart,
    Audio,
    AudioStreamEnd,
    ClientMessage,
    Content,
    Detection,
    FunctionAnswer,
    FunctionCall,
    GenerationComplete,
    GoAway,
    Handle,
    Image,
    Interrupted,
    Json,
    ModelSaid,
    Past,
    PersonSaid,
    Resumption,
    ServerMessage,
    Setup,
    SetupComplete,
    Speech,
    Text,
    ToolCall,
    ToolCallCancellation,
    ToolResponse,
    TurnComplete,
    Unknown,
    Usage,
    Words,
)

RECEIVE_RATE_HZ = 24_000  # what the service sends where the MIME type names no rate
UNREADABLE_TIME_LEFT_S = 10.0  # a go-away whose time cannot be read: soon, but not at once
RATES_HZ = range(8_000, 96_001)


def encode(message: ClientMessage) -> str:
    """One message as the text of one WebSocket frame."""
    match message:
        case Audio(pcm, rate_hz):  # the hot path: 25 a second, and nothing in base64 needs escaping
            payload = base64.b64encode(pcm).decode("ascii")
            return (
                f'{{"realtimeInput":{{"audio":{{"mimeType":"audio/pcm;rate={rate_hz}",'
                f'"data":"{payload}"}}}}}}'
            )
        case Image(jpeg):
            return json.dumps({"realtimeInput": {"video": _blob(jpeg)}}, separators=(",", ":"))
        case ActivityStart():
            return '{"realtimeInput":{"activityStart":{}}}'
        case ActivityEnd():
            return '{"realtimeInput":{"activityEnd":{}}}'
        case AudioStreamEnd():
            return '{"realtimeInput":{"audioStreamEnd":true}}'
        case Text(text):
            return _written({"realtimeInput": {"text": text}})
        case Content(text, jpeg):
            shown = [{"inlineData": _blob(jpeg)}] if jpeg else []
            turn = {"role": "user", "parts": [*shown, {"text": text}]}
            return _written({"clientContent": {"turns": [turn], "turnComplete": True}})
        case Past(turns):
            told = [{"role": role, "parts": [{"text": text} for text in texts]} for role, texts in turns]
            return _written({"clientContent": {"turns": told, "turnComplete": False}})
        case ToolResponse(answers):
            return _written({"toolResponse": {"functionResponses": [_answer(a) for a in answers]}})
        case Setup():
            return _written({"setup": _setup(message)})
        case _:
            assert_never(message)


def _written(message: Json) -> str:
    """JSON in ASCII. Half a surrogate pair, as a damaged file may hold, is replaced: the service hangs up."""
    text = json.dumps(message)
    if "\\ud" not in text:
        return text
    whole = json.dumps(message, ensure_ascii=False).encode("utf-16", "surrogatepass")
    return json.dumps(json.loads(whole.decode("utf-16", "replace")))


def _answer(answer: FunctionAnswer) -> dict[str, object]:
    body: dict[str, object] = {"id": answer.id, "name": answer.name, "response": dict(answer.response)}
    if answer.scheduling:
        body["scheduling"] = answer.scheduling
    if answer.will_continue:
        body["willContinue"] = True
    return body


def _blob(jpeg: bytes) -> dict[str, str]:
    return {"mimeType": "image/jpeg", "data": base64.b64encode(jpeg).decode("ascii")}


def _setup(setup: Setup) -> dict[str, object]:
    """Keys are left out rather than sent as null: some models refuse `"handle": null`."""
    realtime: dict[str, object] = {
        "automaticActivityDetection": _detection(setup.detection),
        "activityHandling": "START_OF_ACTIVITY_INTERRUPTS" if setup.interruptible else "NO_INTERRUPTION",
    }
    if setup.coverage:
        realtime["turnCoverage"] = setup.coverage
    window: dict[str, object] = {"slidingWindow": {}}
    if setup.compress_at_tokens is not None:
        window["triggerTokens"] = setup.compress_at_tokens
    if setup.compress_to_tokens is not None:
        window["slidingWindow"] = {"targetTokens": setup.compress_to_tokens}
    body: dict[str, object] = {
        "model": setup.model if setup.model.startswith("models/") else f"models/{setup.model}",
        "generationConfig": _generation(setup),
        "realtimeInputConfig": realtime,
        "contextWindowCompression": window,
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
    }
    if told := [text for text in (setup.system_instruction, setup.recollection) if text]:
        body["systemInstruction"] = {"parts": [{"text": text} for text in told]}
    if setup.proactive:
        body["proactivity"] = {"proactiveAudio": True}
    tools: list[object] = [{name: {}} for name in setup.own_tools]
    if setup.functions:
        tools.insert(0, {"functionDeclarations": [dict(f) for f in setup.functions]})
    if tools:
        body["tools"] = tools
    handle = {"handle": setup.resume.secret} if setup.resume else {}
    return {**_merged(body, setup.extra), "sessionResumption": handle}


def _detection(detection: Detection | None) -> dict[str, object]:
    if detection is None:
        return {"disabled": True}
    found: dict[str, object] = {"disabled": False}
    if detection.start:
        found["startOfSpeechSensitivity"] = f"START_SENSITIVITY_{detection.start.upper()}"
    if detection.end:
        found["endOfSpeechSensitivity"] = f"END_SENSITIVITY_{detection.end.upper()}"
    if detection.prefix_padding_ms is not None:
        found["prefixPaddingMs"] = detection.prefix_padding_ms
    if detection.silence_duration_ms is not None:
        found["silenceDurationMs"] = detection.silence_duration_ms
    return found


def _generation(setup: Setup) -> dict[str, object]:
    generation: dict[str, object] = {"responseModalities": [setup.modality]}
    speech: dict[str, object] = {}
    if setup.voice:
        speech["voiceConfig"] = {"prebuiltVoiceConfig": {"voiceName": setup.voice}}
    if setup.language:
        speech["languageCode"] = setup.language
    if speech:
        generation["speechConfig"] = speech
    match setup.thinking:
        case int(tokens):
            generation["thinkingConfig"] = {"thinkingBudget": tokens}
        case str(level) if level:
            generation["thinkingConfig"] = {"thinkingLevel": level.upper()}
    if setup.affective:
        generation["enableAffectiveDialog"] = True
    if setup.media_resolution:
        generation["mediaResolution"] = setup.media_resolution
    return generation


def _merged(ours: Json, extra: Json) -> dict[str, object]:
    """`extra` over ours, table by table."""
    merged = dict(ours)
    for key, value in extra.items():
        mine = merged.get(key)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(cast("Json", mine), cast("Json", value)) if both else value
    return merged


# -- reading --------------------------------------------------------------------------------------


def decode(frame: str | bytes) -> tuple[ServerMessage, ...]:
    """The messages in one frame, text or binary, in the order in which they must be handled.

    Raises WireError when the frame is not a JSON object or a known field has another type than the
    protocol gives it. A frame with nothing in it (they occur) is an empty tuple.
    """
    try:
        message = json.loads(frame, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise WireError(f"not JSON: {type(error).__name__}, {len(frame)} bytes") from error
    if not isinstance(message, dict):
        raise WireError(f"not a JSON object but {_kind(message)}")
    return tuple(_messages({key: value for key, value in message.items() if value is not None}))


def _messages(message: Json) -> Iterator[ServerMessage]:
    content = _object(message, "serverContent") if "serverContent" in message else {}
    if "setupComplete" in message:
        yield SetupComplete()
    if _flag(content, "interrupted"):
        yield Interrupted()
    if "toolCallCancellation" in message:
        cancelled = _list(_object(message, "toolCallCancellation"), "ids")
        yield ToolCallCancellation(tuple(_as_text(i, "toolCallCancellation.ids") for i in cancelled))
    for fragment, said in (("inputTranscription", PersonSaid), ("outputTranscription", ModelSaid)):
        if fragment in content and (text := _text(_object(content, fragment), "text")):
            yield cast("Callable[[str], ServerMessage]", said)(text)
    if "modelTurn" in content:
        for part in _list(_object(content, "modelTurn"), "parts"):
            yield _part(_as_object(part, "modelTurn.parts"))
    yield from sources_in(content)
    if "toolCall" in message:
        calls = _list(_object(message, "toolCall"), "functionCalls")
        yield ToolCall(tuple(_call(_as_object(c, "toolCall.functionCalls")) for c in calls))
    if _flag(content, "generationComplete"):
        yield GenerationComplete()
    if "usageMetadata" in message:
        yield _usage(_object(message, "usageMetadata"))
    if _flag(content, "turnComplete"):
        waits = _flag(content, "waitingForInput")
        reason = _text(content, "turnCompleteReason") or ("NEED_MORE_INPUT" if waits else "")
        yield TurnComplete(reason, more=_text(content, "interactionStatus") == "IN_PROGRESS")
    if "sessionResumptionUpdate" in message:
        yield _resumption(_object(message, "sessionResumptionUpdate"))
    if "goAway" in message:
        yield GoAway(_seconds(_object(message, "goAway").get("timeLeft")))
    if "message" in message and not message.keys() & KNOWN:
        # An error in words, as some services say it before they hang up.
        yield Unknown(f"error {message.get('code', '')}: {message['message']}"[:200])
        return
    for strange in sorted((message.keys() - KNOWN) | (content.keys() - KNOWN_CONTENT)):
        yield Unknown(strange[:64])


KNOWN = frozenset(
    {
        *("setupComplete", "serverContent", "toolCall", "toolCallCancellation", "usageMetadata"),
        *("sessionResumptionUpdate", "goAway", "voiceActivity", "voiceActivityDetectionSignal"),
    }
)
KNOWN_CONTENT = frozenset(
    {
        *("interrupted", "inputTranscription", "outputTranscription", "modelTurn", "generationComplete"),
        *("turnComplete", "turnCompleteReason", "waitingForInput", "groundingMetadata"),
        *("urlContextMetadata", "interactionStatus"),
    }
)


def _part(part: Json) -> ServerMessage:
    if "inlineData" in part:
        blob = _object(part, "inlineData")
        mime = _text(blob, "mimeType")
        if mime.partition(";")[0].strip() != "audio/pcm":
            return Unknown(f"part {mime[:48]}")
        return Speech(_bytes(_text(blob, "data")), _rate(mime))
    if "text" in part:
        return Words(_text(part, "text"), thought=_flag(part, "thought"))
    return code_in(part) or Unknown("part " + ",".join(sorted(part))[:48])


def _call(call: Json) -> FunctionCall:
    args = _object(call, "args") if "args" in call else {}
    return FunctionCall(_text(call, "id"), _text(call, "name"), args)


def _resumption(update: Json) -> Resumption:
    handle = _text(update, "newHandle")
    return Resumption(Handle(handle) if handle and _flag(update, "resumable") else None)


def _usage(usage: Json) -> Usage:
    def count(*names: str) -> int:  # Vertex says candidatesTokenCount; int64 comes as text
        value = next((usage[n] for n in names if usage.get(n) is not None), 0)
        if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value, re.ASCII):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise WireError(f"usageMetadata.{names[0]} is {_kind(value)}, not a count")
        return value

    return Usage(
        prompt=count("promptTokenCount"),
        response=count("responseTokenCount", "candidatesTokenCount"),
        total=count("totalTokenCount"),
    )


def _rate(mime: str) -> int:
    found = re.search(r"rate=(\d{1,9})", mime, re.ASCII)
    rate = int(found[1]) if found else RECEIVE_RATE_HZ
    if rate not in RATES_HZ:
        raise WireError(f"a sample rate of {rate} Hz")
    return rate


def _finite(text: str) -> float:
    """A number of JSON; what overflows, and what is none (NaN), has no place in it."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is not a finite number")
    return number


def _seconds(duration: object) -> float:
    """A proto3-JSON Duration such as `"50s"` or `"1.5s"`, in seconds; lenient, because go-away is urgent."""
    if isinstance(duration, str):
        try:
            seconds = float(duration.removesuffix("s"))
        except ValueError:
            return UNREADABLE_TIME_LEFT_S
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return UNREADABLE_TIME_LEFT_S


def _bytes(text: str) -> bytes:
    """Base64 in the standard or the URL-safe alphabet, padded or not."""
    try:
        standard = text.translate(URL_SAFE) + "=" * (-len(text) % 4)
        return base64.b64decode(standard, validate=True)
    except (binascii.Error, ValueError) as error:
        raise WireError("inlineData.data is not base64") from error


URL_SAFE = str.maketrans("-_", "+/")


# Type checks. An absent field has its default, as proto3-JSON leaves defaults out; null is absent.


def _object(parent: Json, key: str) -> Json:
    value = parent[key]
    return {} if value is None else _as_object(value, key)


def _as_object(value: object, where: str) -> Json:
    if not isinstance(value, dict):
        raise WireError(f"{where} is {_kind(value)}, not an object")
    return value


def _list(parent: Json, key: str) -> list[object]:
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise WireError(f"{key} is {_kind(value)}, not a list")
    return value


def _text(parent: Json, key: str) -> str:
    value = parent.get(key)
    return "" if value is None else _as_text(value, key)


def _as_text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise WireError(f"{where} is {_kind(value)}, not a text")
    return value if value.isascii() else value.encode("utf-8", "replace").decode()  # no lone surrogates


def _flag(parent: Json, key: str) -> bool:
    value = parent.get(key)
    if value is not None and not isinstance(value, bool):
        raise WireError(f"{key} is {_kind(value)}, not true or false")
    return bool(value)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
