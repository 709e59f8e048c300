"""The judge is worth something only if it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.judge import judge_client, judge_server

AUDIO = {"mimeType": "audio/pcm;rate=16000", "data": "AQI="}


def setup(**more: object) -> dict[str, Any]:
    return {"setup": {"model": "models/x", **more}}


def function(**more: object) -> dict[str, Any]:
    return setup(tools=[{"functionDeclarations": [{"name": "f", "description": "d", **more}]}])


def answers(*rows: dict[str, object]) -> dict[str, Any]:
    return {"toolResponse": {"functionResponses": list(rows)}}


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"hello": {}},
        {"realtimeInput": {}},
        {"realtime_input": {"text": "x"}},
        {"realtimeInput": {"activity_start": {}}},
        {"realtimeInput": {"activityStart": {}, "activityEnd": {}}},
        {"realtimeInput": {"activityStart": {"x": 1}}},
        {"realtimeInput": {"mediaChunks": [AUDIO]}},
        {"realtimeInput": {"audio": {**AUDIO, "mimeType": "audio/pcm"}}},
        {"realtimeInput": {"audio": {**AUDIO, "data": "AQID"}}},
        {"realtimeInput": {"audio": {**AUDIO, "data": ""}}},
        {"realtimeInput": {"audioStreamEnd": "true"}},
        {"realtimeInput": {"audioStreamEnd": False}},
        {"realtimeInput": {"text": ""}},
        {"realtimeInput": {"text": "x"}, "toolResponse": {}},
        {"clientContent": {"turns": [{"parts": [{"text": "x"}]}], "turnComplete": True}},
        {"clientContent": {"turns": [{"role": "box", "parts": [{"text": "x"}]}], "turnComplete": True}},
        {"clientContent": {"turns": [{"role": "user", "parts": []}], "turnComplete": True}},
        {"clientContent": {"turns": [], "turnComplete": "no"}},
        setup(systemInstruction={"parts": [{"inlineData": {}}]}),
        setup(realtimeInputConfig={"automaticActivityDetection": {"disabled": True, "silenceDurationMs": 5}}),
        setup(
            realtimeInputConfig={
                "automaticActivityDetection": {"startOfSpeechSensitivity": "START_SENSITIVITY_MEDIUM"}
            }
        ),
        setup(realtimeInputConfig={"turnCoverage": "TURN_INCLUDES_EVERYTHING"}),
        setup(contextWindowCompression={"triggerTokens": 5000, "slidingWindow": {"targetTokens": 5000}}),
        setup(generationConfig={"thinkingConfig": {"thinkingLevel": "DEEP"}}),
        setup(generationConfig={"mediaResolution": "LOW"}),
        setup(proactivity={"proactive": True}),
        setup(model="gemini"),
        setup(toolConfig={}),
        setup(voice="Puck"),
        setup(sessionResumption={"handle": None}),
        setup(sessionResumption={"transparent": True}),
        setup(inputAudioTranscription={"languageCodes": ["de"]}),
        setup(generationConfig={"responseModalities": ["AUDIO", "TEXT"]}),
        setup(generationConfig={"responseModalities": ["SOUND"]}),
        setup(generationConfig={"responseMimeType": "x"}),
        setup(realtimeInputConfig={"automaticActivityDetection": {"enabled": True}}),
        setup(realtimeInputConfig={"automaticActivityDetection": {"disabled": 1}}),
        setup(realtimeInputConfig={"activityHandling": "INTERRUPTS"}),
        setup(contextWindowCompression={"targetTokens": 1}),
        function(name="a b"),
        function(description=""),
        function(behavior="LATER"),
        function(parameters={"type": "object"}),
        function(parameters={"type": "OBJECT", "additionalProperties": False}),
        function(parameters={"type": "OBJECT"}, parametersJsonSchema={}),
        function(parameters={"type": "OBJECT", "properties": {}, "required": ["x"]}),
        function(parameters={"type": "STRING", "enum": ["a", "a"]}),
        answers(),
        answers({"id": "1", "name": "f"}),
        answers({"name": "f", "response": {}}),
        answers({"id": "1", "name": "f", "response": "ok"}),
        answers({"id": "1", "name": "f", "response": {"output": "x" * 9000}}),
        answers({"id": "1", "name": "f", "response": {}, "scheduling": "LATER"}),
        answers({"id": "1", "name": "f", "response": {}, "willContinue": "true"}),
        answers({"id": "1", "name": "f", "response": {}}, {"id": "1", "name": "f", "response": {}}),
    ],
    ids=lambda message: json.dumps(message)[:90],
)
def test_what_the_service_would_refuse_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        judge_client(json.dumps(message))


DETECTION = {
    "startOfSpeechSensitivity": "START_SENSITIVITY_LOW",
    "endOfSpeechSensitivity": "END_SENSITIVITY_HIGH",
    "prefixPaddingMs": 20,
    "silenceDurationMs": 100,
}


@pytest.mark.parametrize(
    "message",
    [
        {"realtimeInput": {"audioStreamEnd": True}},
        setup(realtimeInputConfig={"automaticActivityDetection": DETECTION}),
        setup(realtimeInputConfig={"activityHandling": "NO_INTERRUPTION"}),
        answers({"id": "1", "name": "f", "response": {}, "scheduling": "SILENT", "willContinue": True}),
        {"clientContent": {"turns": [{"role": "user", "parts": [{"text": "x"}]}], "turnComplete": False}},
    ],
    ids=lambda message: json.dumps(message)[:90],
)
def test_what_the_service_takes_is_taken(message: dict[str, Any]) -> None:
    judge_client(json.dumps(message))


@pytest.mark.parametrize("text", ['{"setup": NaN}', '{"setup": {}, "setup": {}}', "[]", b"{}"])
def test_what_is_not_our_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(AssertionError):
        judge_client(text)


def test_int64_may_be_a_text_and_a_search_may_be_a_tool() -> None:
    judge_client(
        json.dumps(setup(contextWindowCompression={"triggerTokens": "25600"}, tools=[{"googleSearch": {}}]))
    )
    judge_client(json.dumps({"clientContent": {"turns": [], "turnComplete": True}}))


@pytest.mark.parametrize(
    "message",
    [
        {"hello": {}},
        {"setup_complete": {}},
        {"setupComplete": {"x": 1}},
        {"serverContent": {"turn_complete": True}},
        {"serverContent": {"turnComplete": None}},
        {"serverContent": {"turnComplete": "true"}},
        {"serverContent": {"turnCompleteReason": "BORED"}},
        {"serverContent": {}, "toolCall": {}},
        {
            "serverContent": {
                "modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "-_-_"}}]}
            }
        },
        {"usageMetadata": {"candidatesTokenCount": 1}},
        {"usageMetadata": {"promptTokenCount": "1"}},
        {"goAway": {"timeLeft": 50}},
    ],
    ids=lambda message: json.dumps(message)[:90],
)
def test_what_the_service_would_not_say_is_refused(message: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        judge_server((json.dumps(message, indent=2) + "\n").encode())


@pytest.mark.parametrize(
    "frame", ['{\n  "setupComplete": {}\n}\n', b'{"setupComplete": {}}\n', b'{\n  "setupComplete": {}\n}']
)
def test_what_is_not_framed_as_the_service_frames_is_refused(frame: str | bytes) -> None:
    with pytest.raises(AssertionError):
        judge_server(frame)


@pytest.mark.parametrize(
    "video",
    [
        {"mimeType": "image/jpeg", "data": "AQI="},
        {"mimeType": "image/jpeg", "data": ""},
        {"mimeType": "video/mjpeg", "data": "/9j/2f/Z"},
        {"mimeType": "image/jpeg", "data": "/9j/2f_Z"},
        {"data": "/9j/2f/Z"},
    ],
)
def test_what_is_no_picture_is_refused(video: dict[str, str]) -> None:
    judge_client(json.dumps({"realtimeInput": {"video": {"mimeType": "image/jpeg", "data": "/9j/4P/Z"}}}))
    with pytest.raises(AssertionError):
        judge_client(json.dumps({"realtimeInput": {"video": video}}))
    turn = {"role": "user", "parts": [{"inlineData": video}]}
    with pytest.raises(AssertionError):
        judge_client(json.dumps({"clientContent": {"turns": [turn]}}))
