"""The independent judge of the wire: what the public SDK's types and the service's own documents allow.

Knows the shapes of the messages, in both directions. Must never import the code that is judged.

The SDK's types forbid unknown keys but take more than the service does (fields of the other cloud, both
spellings of a key, any case of an enum, texts for numbers), so what is judged is also written again and
compared, and held against the tables below. Two things that the service knows and the SDK's types do
not: `setup.realtimeInputConfig`, and `voiceActivity.type`.
"""

from __future__ import annotations

import base64
import json
import re
import warnings
from typing import Any, TypeVar

from google.genai import types
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)

CLIENT = {"setup", "clientContent", "realtimeInput", "toolResponse"}
SERVER = {
    *("setupComplete", "serverContent", "toolCall", "toolCallCancellation", "goAway"),
    *("sessionResumptionUpdate", "voiceActivity", "voiceActivityDetectionSignal"),
}
SETUP = {
    *("model", "generationConfig", "systemInstruction", "tools", "realtimeInputConfig", "sessionResumption"),
    *("contextWindowCompression", "inputAudioTranscription", "outputAudioTranscription", "proactivity"),
    "historyConfig",
}
GENERATION = {
    *("responseModalities", "temperature", "topP", "topK", "maxOutputTokens", "seed", "mediaResolution"),
    *("speechConfig", "thinkingConfig", "enableAffectiveDialog", "translationConfig"),
}
SCHEMA = {
    *("type", "format", "title", "description", "nullable", "enum", "items", "maxItems", "minItems"),
    *("properties", "required", "minProperties", "maxProperties", "minimum", "maximum", "minLength"),
    *("maxLength", "pattern", "example", "anyOf", "propertyOrdering", "default"),
}
REALTIME = {"audio", "video", "text", "activityStart", "activityEnd", "audioStreamEnd"}
INT64 = {"triggerTokens", "targetTokens", "lastConsumedClientMessageIndex"}  # a number or a text of digits
STRUCTS = {"args", "response", "parametersJsonSchema"}  # free JSON below
FUNCTION_NAME = re.compile(r"[A-Za-z0-9_:.-]{1,64}")
ANSWER_BYTES = 8192  # larger tool responses have been followed by a close


def judge_client(text: object) -> None:
    """Raises AssertionError where the service would refuse this message of ours."""
    assert isinstance(text, str), "we send text frames"
    message = _json(text)
    assert len(message) == 1, f"one thing at a time, not {sorted(message)}"
    [(kind, body)] = message.items()
    assert kind in CLIENT, f"unknown message {kind}"
    match kind:
        case "setup":
            _judge_setup(body)
        case "realtimeInput":
            assert len(body) == 1, "one kind of input at a time"
            _only(body, REALTIME, "realtimeInput")
            _same(types.LiveClientMessage, message)
            if "audio" in body:
                _judge_audio(body["audio"])
            if "video" in body:
                _judge_picture(body["video"])
            if "text" in body:
                assert body["text"], "nothing was said"
            if "audioStreamEnd" in body:
                assert body["audioStreamEnd"] is True, "the end of a stream is said or not said"
        case "toolResponse":
            _same(types.LiveClientMessage, message)
            assert len(text.encode()) < ANSWER_BYTES
            assert body["functionResponses"], "an answer to nothing"
            for answer in body["functionResponses"]:
                assert {"id", "name", "response"} <= answer.keys()
                assert answer.get("scheduling") in (None, "INTERRUPT", "WHEN_IDLE", "SILENT")
            ids = [answer["id"] for answer in body["functionResponses"]]
            assert len(ids) == len(set(ids)), "a call is answered once in a message"
        case _:
            _same(types.LiveClientMessage, message)
            for turn in body.get("turns", ()):
                assert turn.get("role") in ("user", "model"), "who said it"
                assert turn.get("parts"), "a turn in which nothing is said"
                for part in turn["parts"]:
                    if "inlineData" in part:
                        _judge_picture(part["inlineData"])


def judge_server(frame: object) -> types.LiveServerMessage:
    """The message in this frame. Raises AssertionError where the service would not say it so."""
    assert isinstance(frame, bytes), "the service sends binary frames"
    text = frame.decode("utf-8")
    assert text.endswith("}\n"), "indented JSON and a newline"
    message = _json(text)
    assert text == "{}\n" or "\n  " in text, "indented JSON and a newline"
    assert len(message.keys() & SERVER) <= 1, f"one thing at a time, not {sorted(message)}"
    for part in _parts(message):
        if "inlineData" in part:
            _bytes(part["inlineData"]["data"])
    if "voiceActivity" in message:
        activity = dict(message["voiceActivity"])
        if "type" in activity:
            activity["voiceActivityType"] = activity.pop("type")
        message = {**message, "voiceActivity": activity}
    return _same(types.LiveServerMessage, message)


def _judge_setup(setup: dict[str, Any]) -> None:
    _only(setup, SETUP, "setup")
    known = {key: value for key, value in setup.items() if key != "realtimeInputConfig"}
    _same(types.LiveClientMessage, {"setup": known})
    _same(types.RealtimeInputConfig, setup.get("realtimeInputConfig", {}))
    assert re.fullmatch(r"models/\S+", setup["model"])
    assert all(part.keys() == {"text"} for part in setup.get("systemInstruction", {}).get("parts", ()))
    realtime = setup.get("realtimeInputConfig", {})
    detection = realtime.get("automaticActivityDetection", {})
    assert not (detection.get("disabled") and len(detection) > 1), "parameters of what is switched off"
    window = setup.get("contextWindowCompression", {})
    at, to = window.get("triggerTokens"), window.get("slidingWindow", {}).get("targetTokens")
    assert at is None or to is None or int(to) < int(at), "what is kept is less than what it is cut at"
    _only(setup.get("sessionResumption", {}), {"handle"}, "sessionResumption")
    for transcription in ("inputAudioTranscription", "outputAudioTranscription"):
        _only(setup.get(transcription, {}), set(), transcription)
    generation = setup.get("generationConfig", {})
    _only(generation, GENERATION, "generationConfig")
    assert len(generation.get("responseModalities", ["AUDIO"])) == 1
    names = [f["name"] for tool in setup.get("tools", ()) for f in tool.get("functionDeclarations", ())]
    assert len(names) == len(set(names)), "a function is declared once"
    for tool in setup.get("tools", ()):
        for function in tool.get("functionDeclarations", ()):
            assert FUNCTION_NAME.fullmatch(function["name"])
            assert function["description"]
            assert not {"parameters", "parametersJsonSchema"} <= function.keys()
            _judge_schema(function.get("parameters", {}))


def _judge_schema(schema: dict[str, Any]) -> None:
    _only(schema, SCHEMA, "parameters")
    assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()
    if "enum" in schema:
        assert schema["type"] == "STRING"
        assert len(schema["enum"]) == len(set(schema["enum"])) > 0
    for inner in (*schema.get("properties", {}).values(), *schema.get("anyOf", ())):
        _judge_schema(inner)
    if "items" in schema:
        _judge_schema(schema["items"])


def _judge_audio(blob: dict[str, Any]) -> None:
    assert re.fullmatch(r"audio/pcm;rate=\d+", blob["mimeType"])
    pcm = _bytes(blob["data"])
    assert pcm, "empty audio"
    assert len(pcm) % 2 == 0, "whole samples"


def _judge_picture(blob: dict[str, Any]) -> None:
    assert blob.get("mimeType") == "image/jpeg"
    jpeg = _bytes(blob["data"])
    assert jpeg.startswith(b"\xff\xd8\xff"), "the beginning of a JPEG picture"
    assert jpeg.endswith(b"\xff\xd9"), "and its end"


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise AssertionError("not base64 in the standard alphabet") from error


# -- the SDK's types, strictly ----------------------------------------------------------------------


def _same(model: type[M], value: dict[str, Any]) -> M:
    """The value as that type; what it reads must be the same again when it is written."""
    value = _numbers(value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # an unknown enum is only a warning to the SDK
            read = model.model_validate_json(json.dumps(value))
    except (ValidationError, UserWarning) as error:
        raise AssertionError(f"{model.__name__}: {error}") from error
    written = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert _plain(written) == _plain(value), f"{model.__name__} reads it as {written}"
    return read


def _numbers(value: Any, key: str = "") -> Any:
    """The same with every int64 as a number: it may be written as a text."""
    if isinstance(value, dict):
        return {k: v if k in STRUCTS else _numbers(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return int(value) if key in INT64 and isinstance(value, str) else value


def _plain(value: Any, key: str = "") -> Any:
    """The same with base64 in one alphabet (the SDK writes the other one), and true told from 1."""
    if isinstance(value, dict):
        return {k: v if k in STRUCTS else _plain(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return ("bool", value)
    return value.replace("-", "+").replace("_", "/") if key == "data" else value


def _json(text: str) -> dict[str, Any]:
    message = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once)
    assert isinstance(message, dict)
    _no_nulls(message)
    return message


def _no_constant(word: str) -> None:
    raise AssertionError(f"{word} is not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), f"a key twice: {[key for key, _ in pairs]}"
    return dict(pairs)


def _no_nulls(value: Any) -> None:
    """Absent is left out: some models refuse null."""
    match value:
        case dict():
            for key, inner in value.items():
                assert inner is not None, f"{key} is null"
                if key not in STRUCTS:
                    _no_nulls(inner)
        case list():
            for inner in value:
                assert inner is not None, "null in a list"
                _no_nulls(inner)


def _only(found: dict[str, Any], allowed: set[str], where: str) -> None:
    assert found.keys() <= allowed, f"unknown in {where}: {sorted(found.keys() - allowed)}"


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = message.get("serverContent", {}).get("modelTurn", {}).get("parts", [])
    return parts
