"""The wire: what we write is what the service takes; whatever it writes is messages or WireError."""

from __future__ import annotations

import base64
import json
import math
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.core import wire
from appliance.core.catalogue import Catalogue
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import Kind
from appliance.core.messages import (
    ActivityEnd,
    ActivityStart,
    Audio,
    AudioStreamEnd,
    ClientMessage,
    Code,
    CodeResult,
    Content,
    Detection,
    FunctionAnswer,
    FunctionCall,
    GenerationComplete,
    GoAway,
    Handle,
    Image,
    Interrupted,
    ModelSaid,
    Page,
    Past,
    PersonSaid,
    Resumption,
    ServerMessage,
    Setup,
    SetupComplete,
    Sources,
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
from appliance.core.wire import decode, encode
from appliance.errors import WireError
from tests.judge import judge_client, judge_server
from tests.pictures import BLUE

FUNCTIONS = Catalogue(
    Lighting([Lamp("desk lamp", Kind.DIMMER, "study"), Lamp("strip", Kind.RGB)], {})
).declarations()
PLAIN = Setup("gemini-3.8-live")
FULL = Setup(
    "models/gemini-3.8-live",
    system_instruction="Be brief: “kurz”.",
    voice="Puck",
    functions=FUNCTIONS,
    compress_at_tokens=25_600,
    compress_to_tokens=12_800,
    interruptible=False,
    resume=Handle("95e91930-0000-4000-8000-000000000001"),
)


def b64(pcm: bytes) -> str:
    return base64.b64encode(pcm).decode()


def frame(message: object) -> bytes:
    """As the service writes it."""
    return (json.dumps(message, indent=2, ensure_ascii=False) + "\n").encode()


# -- what we say ------------------------------------------------------------------------------------

SAID: list[tuple[ClientMessage, dict[str, Any]]] = [
    (ActivityStart(), {"realtimeInput": {"activityStart": {}}}),
    (ActivityEnd(), {"realtimeInput": {"activityEnd": {}}}),
    (
        Audio(b"\x00\xff\xfb\xef"),
        {"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=16000", "data": "AP/77w=="}}},
    ),
    (
        Past((("user", ("(Before.)", "Hi.")), ("model", ("Hello.",)), ("user", ("(Go on.)",)))),
        {
            "clientContent": {
                "turns": [
                    {"role": "user", "parts": [{"text": "(Before.)"}, {"text": "Hi."}]},
                    {"role": "model", "parts": [{"text": "Hello."}]},
                    {"role": "user", "parts": [{"text": "(Go on.)"}]},
                ],
                "turnComplete": False,
            }
        },
    ),
    (
        Audio(b"\x00\xff\xfb\xef", 44_100),
        {"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=44100", "data": "AP/77w=="}}},
    ),
    (AudioStreamEnd(), {"realtimeInput": {"audioStreamEnd": True}}),
    (
        ToolResponse((FunctionAnswer("fc_1", "f", {"output": "ok"}), FunctionAnswer("fc_2", "g", {}))),
        {
            "toolResponse": {
                "functionResponses": [
                    {"id": "fc_1", "name": "f", "response": {"output": "ok"}},
                    {"id": "fc_2", "name": "g", "response": {}},
                ]
            }
        },
    ),
    (
        ToolResponse((FunctionAnswer("fc_1", "f", {}, "SILENT", will_continue=True),)),
        {
            "toolResponse": {
                "functionResponses": [
                    {
                        "id": "fc_1",
                        "name": "f",
                        "response": {},
                        "scheduling": "SILENT",
                        "willContinue": True,
                    }
                ]
            }
        },
    ),
    (
        PLAIN,
        {
            "setup": {
                "model": "models/gemini-3.8-live",
                "generationConfig": {"responseModalities": ["AUDIO"]},
                "realtimeInputConfig": {
                    "automaticActivityDetection": {"disabled": True},
                    "activityHandling": "START_OF_ACTIVITY_INTERRUPTS",
                },
                "sessionResumption": {},
                "contextWindowCompression": {"slidingWindow": {}},
                "inputAudioTranscription": {},
                "outputAudioTranscription": {},
            }
        },
    ),
    (
        FULL,
        {
            "setup": {
                "model": "models/gemini-3.8-live",
                "generationConfig": {
                    "responseModalities": ["AUDIO"],
                    "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Puck"}}},
                },
                "systemInstruction": {"parts": [{"text": "Be brief: “kurz”."}]},
                "tools": [{"functionDeclarations": list(FUNCTIONS)}],
                "realtimeInputConfig": {
                    "automaticActivityDetection": {"disabled": True},
                    "activityHandling": "NO_INTERRUPTION",
                },
                "sessionResumption": {"handle": "95e91930-0000-4000-8000-000000000001"},
                "contextWindowCompression": {
                    "triggerTokens": 25_600,
                    "slidingWindow": {"targetTokens": 12_800},
                },
                "inputAudioTranscription": {},
                "outputAudioTranscription": {},
            }
        },
    ),
]


@pytest.mark.parametrize(
    ("detection", "written"),
    [
        (None, {"disabled": True}),
        (Detection(), {"disabled": False}),
        (
            Detection("high", "low", 0, 700),
            {
                "disabled": False,
                "startOfSpeechSensitivity": "START_SENSITIVITY_HIGH",
                "endOfSpeechSensitivity": "END_SENSITIVITY_LOW",
                "prefixPaddingMs": 0,
                "silenceDurationMs": 700,
            },
        ),
    ],
)
def test_who_finds_out_that_somebody_speaks(detection: Detection | None, written: dict[str, Any]) -> None:
    text = encode(replace(PLAIN, detection=detection))
    assert json.loads(text)["setup"]["realtimeInputConfig"]["automaticActivityDetection"] == written
    judge_client(text)


@pytest.mark.parametrize(("message", "written"), SAID)
def test_every_message_of_ours_is_written_so(message: ClientMessage, written: dict[str, Any]) -> None:
    assert json.loads(encode(message)) == written
    judge_client(encode(message))


def test_half_of_the_compression_may_be_configured() -> None:
    [at] = [json.loads(encode(Setup("m", compress_at_tokens=5000)))["setup"]["contextWindowCompression"]]
    [to] = [json.loads(encode(Setup("m", compress_to_tokens=1000)))["setup"]["contextWindowCompression"]]
    assert at == {"triggerTokens": 5000, "slidingWindow": {}}
    assert to == {"slidingWindow": {"targetTokens": 1000}}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
handles = st.text(min_size=1, max_size=12).map(Handle)
flat_json = st.dictionaries(texts, st.none() | st.booleans() | st.integers() | texts, max_size=3)
client_messages = st.one_of(
    st.just(ActivityStart()),
    st.just(ActivityEnd()),
    st.builds(lambda b: Image(b"\xff\xd8\xff" + b + b"\xff\xd9"), st.binary(max_size=64)),
    st.builds(lambda b: Audio(b + b), st.binary(min_size=1, max_size=640)),
    st.lists(
        st.builds(FunctionAnswer, texts, texts, flat_json),
        min_size=1,
        max_size=3,
        unique_by=lambda answer: answer.id,
    ).map(lambda answers: ToolResponse(tuple(answers))),
    st.builds(
        Setup,
        model=st.sampled_from(["gemini-3.8-live", "models/x"]),
        system_instruction=texts,
        voice=texts,
        media_resolution=st.sampled_from(["", "MEDIA_RESOLUTION_HIGH"]),
        functions=st.sampled_from([(), FUNCTIONS]),
        compress_at_tokens=st.none() | st.integers(5000, 10**6),
        compress_to_tokens=st.none() | st.integers(1000, 4999),
        interruptible=st.booleans(),
        resume=st.none() | texts.filter(bool).map(Handle),
    ),
)


@settings(max_examples=120)
@given(client_messages)
def test_whatever_we_say_the_judge_takes(message: ClientMessage) -> None:
    judge_client(encode(message))


@given(st.binary(max_size=2000))
def test_audio_reads_back_as_it_was(pcm: bytes) -> None:
    written = json.loads(encode(Audio(pcm)))
    assert base64.b64decode(written["realtimeInput"]["audio"]["data"], validate=True) == pcm


# -- what the service says --------------------------------------------------------------------------

AUDIO_24 = {"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": b64(b"\x01\x02")}}
DOCUMENTED: list[tuple[str, dict[str, Any], tuple[ServerMessage, ...]]] = [
    ("setup complete", {"setupComplete": {}}, (SetupComplete(),)),
    ("setup complete with a session", {"setupComplete": {"sessionId": "abc"}}, (SetupComplete(),)),
    ("nothing at all", {}, ()),
    ("empty content", {"serverContent": {}}, ()),
    ("no parts", {"serverContent": {"modelTurn": {}}}, ()),
    ("audio", {"serverContent": {"modelTurn": {"parts": [AUDIO_24]}}}, (Speech(b"\x01\x02", 24_000),)),
    (
        "audio with a role",
        {"serverContent": {"modelTurn": {"role": "model", "parts": [AUDIO_24]}}},
        (Speech(b"\x01\x02", 24_000),),
    ),
    (
        "audio without a rate",
        {
            "serverContent": {
                "modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm", "data": "AQI="}}]}
            }
        },
        (Speech(b"\x01\x02", 24_000),),
    ),
    (
        "odd audio",
        {
            "serverContent": {
                "modelTurn": {
                    "parts": [
                        {"inlineData": {"mimeType": "audio/pcm;rate=16000", "data": b64(b"\x01\x02\x03")}}
                    ]
                }
            }
        },
        (Speech(b"\x01\x02\x03", 16_000),),
    ),
    (
        "a thought",
        {"serverContent": {"modelTurn": {"parts": [{"text": "**Planning…**", "thought": True}]}}},
        (Words("**Planning…**", thought=True),),
    ),
    (
        "several parts",
        {
            "serverContent": {
                "modelTurn": {"parts": [{"text": "Hm", "thought": True}, AUDIO_24, {"text": "Hi"}]}
            }
        },
        (Words("Hm", thought=True), Speech(b"\x01\x02", 24_000), Words("Hi")),
    ),
    (
        "code",
        {
            "serverContent": {
                "modelTurn": {"parts": [{"executableCode": {"language": "PYTHON", "code": "1"}}]}
            }
        },
        (Code("python", "1"),),
    ),
    (
        "a picture",
        {
            "serverContent": {
                "modelTurn": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AQI="}}]}
            }
        },
        (Unknown("part image/png"),),
    ),
    ("input", {"serverContent": {"inputTranscription": {"text": " Turn"}}}, (PersonSaid(" Turn"),)),
    ("output", {"serverContent": {"outputTranscription": {"text": ", on."}}}, (ModelSaid(", on."),)),
    ("an empty transcript", {"serverContent": {"inputTranscription": {}}}, ()),
    ("a finished transcript", {"serverContent": {"outputTranscription": {"finished": True}}}, ()),
    (
        "audio and its transcript",
        {"serverContent": {"modelTurn": {"parts": [AUDIO_24]}, "outputTranscription": {"text": "Hi"}}},
        (ModelSaid("Hi"), Speech(b"\x01\x02", 24_000)),
    ),
    ("generation complete", {"serverContent": {"generationComplete": True}}, (GenerationComplete(),)),
    ("interrupted", {"serverContent": {"interrupted": True}}, (Interrupted(),)),
    (
        "a turn complete with usage",
        {
            "serverContent": {"turnComplete": True},
            "usageMetadata": {
                "promptTokenCount": 1131,
                "responseTokenCount": 26,
                "totalTokenCount": 1157,
                "thoughtsTokenCount": 24,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 1130},
                    {"modality": "AUDIO", "tokenCount": 1},
                ],
                "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 26}],
            },
        },
        (Usage(1131, 26, 1157), TurnComplete()),
    ),
    (
        "a rejected turn",
        {"serverContent": {"turnComplete": True, "turnCompleteReason": "RESPONSE_REJECTED"}},
        (TurnComplete("RESPONSE_REJECTED"),),
    ),
    ("the model waits", {"serverContent": {"waitingForInput": True}}, ()),
    (
        "interaction",
        {"serverContent": {"turnComplete": True, "interactionStatus": "IDLE"}},
        (TurnComplete(),),
    ),
    ("grounding", {"serverContent": {"turnComplete": True, "groundingMetadata": {}}}, (TurnComplete(),)),
    ("voice", {"voiceActivity": {"type": "ACTIVITY_START", "audioOffset": "3.2s"}}, ()),
    ("signal", {"voiceActivityDetectionSignal": {"vadSignalType": "VAD_SIGNAL_TYPE_SOS"}}, ()),
    (
        "calls",
        {
            "toolCall": {
                "functionCalls": [
                    {
                        "id": "fc_1",
                        "name": "set_lights",
                        "args": {"names": ["a"], "deep": {"x": [1.5, None]}},
                    },
                    {"id": "function-call-2", "name": "get_lights"},
                ]
            }
        },
        (
            ToolCall(
                (
                    FunctionCall("fc_1", "set_lights", {"names": ["a"], "deep": {"x": [1.5, None]}}),
                    FunctionCall("function-call-2", "get_lights", {}),
                )
            ),
        ),
    ),
    ("cancelled", {"toolCallCancellation": {"ids": ["fc_1", "2"]}}, (ToolCallCancellation(("fc_1", "2")),)),
    (
        "a handle",
        {"sessionResumptionUpdate": {"newHandle": "95e9", "resumable": True}},
        (Resumption(Handle("95e9")),),
    ),
    (
        "a handle with an index",
        {
            "sessionResumptionUpdate": {
                "newHandle": "h",
                "resumable": True,
                "lastConsumedClientMessageIndex": "12",
            }
        },
        (Resumption(Handle("h")),),
    ),
    ("not resumable now", {"sessionResumptionUpdate": {}}, (Resumption(None),)),
    ("a handle of no use", {"sessionResumptionUpdate": {"newHandle": "h"}}, (Resumption(None),)),
    ("resumable by nothing", {"sessionResumptionUpdate": {"resumable": True}}, (Resumption(None),)),
    ("fifty seconds", {"goAway": {"timeLeft": "50s"}}, (GoAway(50.0),)),
    ("a fraction", {"goAway": {"timeLeft": "1.5s"}}, (GoAway(1.5),)),
    ("no time told", {"goAway": {}}, (GoAway(10.0),)),
]


@pytest.mark.parametrize(
    ("shape", "messages"), [row[1:] for row in DOCUMENTED], ids=[r[0] for r in DOCUMENTED]
)
def test_every_documented_message_is_read_so(
    shape: dict[str, Any], messages: tuple[ServerMessage, ...]
) -> None:
    judge_server(frame(shape))  # the table says nothing that the service would not
    assert decode(frame(shape)) == messages
    assert decode(json.dumps(shape)) == messages  # text or binary, indented or not


BEYOND: list[tuple[str, dict[str, Any], tuple[ServerMessage, ...]]] = [
    ("counts as text", {"usageMetadata": {"promptTokenCount": "482"}}, (Usage(482, 0, 0),)),
    ("the other cloud", {"usageMetadata": {"candidatesTokenCount": 7}}, (Usage(0, 7, 0),)),
    ("unknown at the top", {"newThing": {"secret": 1}}, (Unknown("newThing"),)),
    (
        "unknown in content",
        {"serverContent": {"mood": "x", "turnComplete": True}},
        (TurnComplete(), Unknown("mood")),
    ),
    ("an error in band", {"code": 400, "status": "X"}, (Unknown("code"), Unknown("status"))),
    ("an unknown name of any length", {"x" * 500: 1}, (Unknown("x" * 64),)),
    ("snake case is not known", {"setup_complete": {}}, (Unknown("setup_complete"),)),
    ("snake case within", {"serverContent": {"turn_complete": True}}, (Unknown("turn_complete"),)),
    ("an empty part", {"serverContent": {"modelTurn": {"parts": [{}]}}}, (Unknown("part "),)),
    ("null content", {"serverContent": None}, ()),
    ("a null go-away", {"goAway": None, "setupComplete": None, "toolCall": None, "newThing": None}, ()),
    (
        "a null count",
        {"usageMetadata": {"responseTokenCount": None, "candidatesTokenCount": 5}},
        (Usage(0, 5),),
    ),
    ("null parts", {"serverContent": {"modelTurn": {"parts": None}}}, ()),
    ("null flags", {"serverContent": {"interrupted": None, "turnComplete": False}}, ()),
    (
        "null args",
        {"toolCall": {"functionCalls": [{"id": "1", "name": "f", "args": None}]}},
        (ToolCall((FunctionCall("1", "f", {}),)),),
    ),
    (
        "a null handle",
        {"sessionResumptionUpdate": {"newHandle": None, "resumable": True}},
        (Resumption(None),),
    ),
]


@pytest.mark.parametrize(("shape", "messages"), [row[1:] for row in BEYOND], ids=[r[0] for r in BEYOND])
def test_what_is_not_documented_is_read_so(
    shape: dict[str, Any], messages: tuple[ServerMessage, ...]
) -> None:
    assert decode(frame(shape)) == messages


@pytest.mark.parametrize(
    ("told", "left_s"),
    [
        ("50s", 50.0),
        ("0.5s", 0.5),
        ("0s", 0.0),
        ("-3s", 0.0),
        ("50", 50.0),
        ("1e2s", 100.0),
        ("", 10.0),
        ("soon", 10.0),
        ("nans", 10.0),
        ("infs", 10.0),
        ("1m", 10.0),
        (None, 10.0),
        (50, 10.0),
        ([], 10.0),
        ({"seconds": 50}, 10.0),
    ],
)
def test_a_go_away_always_has_a_time(told: object, left_s: float) -> None:
    assert decode(frame({"goAway": {"timeLeft": told}})) == (GoAway(left_s),)


@pytest.mark.parametrize(
    ("mime", "rate_hz"),
    [
        ("audio/pcm", 24_000),
        ("audio/pcm;rate=24000", 24_000),
        ("audio/pcm; rate=8000", 8_000),
        ("audio/pcm;rate=96000;channels=1", 96_000),
        ("audio/pcm;channels=1", 24_000),
    ],
)
def test_the_rate_is_in_the_mime_type_or_24_khz(mime: str, rate_hz: int) -> None:
    part = {"inlineData": {"mimeType": mime, "data": "AQI="}}
    assert decode(frame({"serverContent": {"modelTurn": {"parts": [part]}}})) == (
        Speech(b"\x01\x02", rate_hz),
    )


@pytest.mark.parametrize("data", ["-_-_", "+/+/", "-/+_", "+_8", "+_8=", "+/8="])
def test_base64_is_read_in_either_alphabet_padded_or_not(data: str) -> None:
    part = {"inlineData": {"mimeType": "audio/pcm", "data": data}}
    [speech] = decode(frame({"serverContent": {"modelTurn": {"parts": [part]}}}))
    assert speech == Speech(b"\xfb\xff" if "8" in data else b"\xfb\xff\xbf", 24_000)


def test_one_frame_is_handled_in_this_order() -> None:
    """All at once, written in the wrong order: what must be first is first."""
    everything = {
        "zzz": 1,
        "goAway": {"timeLeft": "5s"},
        "sessionResumptionUpdate": {"newHandle": "h", "resumable": True},
        "usageMetadata": {"totalTokenCount": 1},
        "toolCall": {"functionCalls": [{"id": "1", "name": "f"}]},
        "toolCallCancellation": {"ids": ["0"]},
        "serverContent": {
            "turnComplete": True,
            "generationComplete": True,
            "modelTurn": {"parts": [AUDIO_24]},
            "outputTranscription": {"text": "b"},
            "inputTranscription": {"text": "a"},
            "interrupted": True,
            "aaa": 1,
        },
        "setupComplete": {},
    }
    assert decode(frame(everything)) == (
        SetupComplete(),
        Interrupted(),
        ToolCallCancellation(("0",)),
        PersonSaid("a"),
        ModelSaid("b"),
        Speech(b"\x01\x02", 24_000),
        ToolCall((FunctionCall("1", "f", {}),)),
        GenerationComplete(),
        Usage(total=1),
        TurnComplete(),
        Resumption(Handle("h")),
        GoAway(5.0),
        Unknown("aaa"),
        Unknown("zzz"),
    )


# -- what is not the protocol -----------------------------------------------------------------------


def content(**fields: object) -> str:
    return json.dumps({"serverContent": fields})


def part(value: object) -> str:
    return content(modelTurn={"parts": [value]})


NOT_THE_PROTOCOL = [
    ("nothing", ""),
    ("no bytes", b""),
    ("not JSON", "hello"),
    ("half an object", '{"setupComplete": {'),
    ("two objects", "{}{}"),
    ("noise", bytes(range(256))),
    ("half a UTF-16 character", "{}".encode("utf-16") + b"\x00"),
    ("half a UTF-8 character", b'{"a": "\xc3"}'),
    ("a number of many digits", '{"usageMetadata": {"promptTokenCount": ' + "9" * 5000 + "}}"),
    ("very deep", "[" * 200_000),
    ("a deep object", '{"a":' * 100_000),
    ("null", "null"),
    ("a list", "[]"),
    ("a number", "7"),
    ("a text", '"setupComplete"'),
    ("true", "true"),
    ("content is a list", '{"serverContent": []}'),
    ("content is a text", '{"serverContent": "x"}'),
    ("a turn is a list", content(modelTurn=[])),
    ("parts is an object", content(modelTurn={"parts": {}})),
    ("a part is a text", part("hello")),
    ("a part is null", part(None)),
    ("inline data is a text", part({"inlineData": "AQI="})),
    ("a MIME type is a number", part({"inlineData": {"mimeType": 7}})),
    ("data is a number", part({"inlineData": {"mimeType": "audio/pcm", "data": 7}})),
    ("data is not base64", part({"inlineData": {"mimeType": "audio/pcm", "data": "a*b"}})),
    ("data is not ASCII", part({"inlineData": {"mimeType": "audio/pcm", "data": "aé=="}})),
    ("data is cut", part({"inlineData": {"mimeType": "audio/pcm", "data": "AQIDB"}})),
    ("a rate too low", part({"inlineData": {"mimeType": "audio/pcm;rate=7999", "data": ""}})),
    ("a rate too high", part({"inlineData": {"mimeType": "audio/pcm;rate=96001", "data": ""}})),
    ("a rate of nothing", part({"inlineData": {"mimeType": "audio/pcm;rate=0", "data": ""}})),
    ("a text is a number", part({"text": 7})),
    ("a thought is a text", part({"text": "x", "thought": "true"})),
    ("a flag is a number", content(turnComplete=1)),
    ("a flag is a text", content(interrupted="true")),
    ("a flag is an object", content(generationComplete={})),
    ("a reason is a number", content(turnComplete=True, turnCompleteReason=7)),
    ("a transcript is a text", content(inputTranscription="hi")),
    ("its text is a list", content(outputTranscription={"text": ["hi"]})),
    ("calls is an object", '{"toolCall": {"functionCalls": {}}}'),
    ("a call is a text", '{"toolCall": {"functionCalls": ["f"]}}'),
    ("an id is a number", '{"toolCall": {"functionCalls": [{"id": 1}]}}'),
    ("a name is a list", '{"toolCall": {"functionCalls": [{"name": []}]}}'),
    ("args is a list", '{"toolCall": {"functionCalls": [{"args": []}]}}'),
    ("ids is a text", '{"toolCallCancellation": {"ids": "1"}}'),
    ("an id in ids is a number", '{"toolCallCancellation": {"ids": [1]}}'),
    ("a cancellation is a list", '{"toolCallCancellation": []}'),
    ("usage is a number", '{"usageMetadata": 7}'),
    ("a count is a fraction", '{"usageMetadata": {"totalTokenCount": 1.5}}'),
    ("a count is true", '{"usageMetadata": {"totalTokenCount": true}}'),
    ("a count is a word", '{"usageMetadata": {"totalTokenCount": "many"}}'),
    ("a count of many digits", json.dumps({"usageMetadata": {"totalTokenCount": "9" * 19}})),
    ("a handle is a number", '{"sessionResumptionUpdate": {"newHandle": 7, "resumable": true}}'),
    ("resumable is a text", '{"sessionResumptionUpdate": {"newHandle": "h", "resumable": "yes"}}'),
    ("an update is a list", '{"sessionResumptionUpdate": []}'),
    ("a go-away is a text", '{"goAway": "50s"}'),
]


@pytest.mark.parametrize("frame", [row[1] for row in NOT_THE_PROTOCOL], ids=[r[0] for r in NOT_THE_PROTOCOL])
def test_what_is_not_the_protocol_is_a_wire_error(frame: str | bytes) -> None:
    with pytest.raises(WireError) as told:
        decode(frame)
    assert 0 < len(str(told.value)) < 200


def test_the_error_says_where_and_what_but_not_the_contents() -> None:
    with pytest.raises(WireError, match="newHandle is an object, not a text"):
        decode('{"sessionResumptionUpdate": {"newHandle": {"secret": "s3cret"}, "resumable": true}}')
    with pytest.raises(WireError, match="not a JSON object but a list"):
        decode('["s3cret"]')
    with pytest.raises(WireError, match=r"not JSON: JSONDecodeError, 8 bytes"):
        decode('{"s3cret')


KEYS = sorted(
    wire.KNOWN
    | wire.KNOWN_CONTENT
    | {
        *(
            "parts",
            "inlineData",
            "mimeType",
            "data",
            "text",
            "thought",
            "functionCalls",
            "id",
            "name",
            "args",
        ),
        *("ids", "newHandle", "resumable", "timeLeft", "promptTokenCount", "responseTokenCount"),
        *("candidatesTokenCount", "totalTokenCount"),
    }
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["audio/pcm", "audio/pcm;rate=1", "AQI=", "50s", "12", "\ud800", 10**400]),
)
hostile = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)
ANY = get_args(ServerMessage)


def check(read: tuple[ServerMessage, ...]) -> None:
    """Whatever came out is usable as it stands."""
    assert all(isinstance(message, ANY) for message in read)
    for message in read:
        match message:
            case Speech(pcm, rate_hz):
                assert isinstance(pcm, bytes)
                assert rate_hz in wire.RATES_HZ
            case GoAway(left_s):
                assert math.isfinite(left_s)
                assert left_s >= 0
            case Usage(prompt, response, total):
                assert all(type(count) is int for count in (prompt, response, total))
            case ToolCall(calls):
                assert all(isinstance(c.id, str) and isinstance(c.name, str) for c in calls)
                assert all(isinstance(c.args, dict) for c in calls)
            case Words(text) | PersonSaid(text) | ModelSaid(text) | TurnComplete(text) | Unknown(text):
                assert isinstance(text, str)
            case Resumption(handle):
                assert handle is None or handle.secret


def read_or_refuse(frame: str | bytes) -> tuple[ServerMessage, ...] | None:
    try:
        read = decode(frame)
    except WireError:
        return None
    check(read)
    return read


@settings(max_examples=250)
@given(st.dictionaries(st.sampled_from(KEYS), hostile, max_size=4) | hostile)
def test_any_json_value_is_messages_or_a_wire_error(value: object) -> None:
    text = json.dumps(value)
    assert read_or_refuse(text) == read_or_refuse(text.encode())


@settings(max_examples=150)
@given(st.text() | st.binary() | st.text().map(lambda text: text.encode("utf-16", "surrogatepass")))
@example(b"\xef\xbb\xbf{}")
@example("\ufeff{}")
@example("{}".encode("utf-16"))
@example("{}".encode("utf-32-be"))
@example('{"a": "\\ud800"}')
@example(b'{"serverContent": {"inputTranscription": {"text": "\xed\xa0\x80"}}}')
def test_any_text_and_any_bytes_are_messages_or_a_wire_error(frame: str | bytes) -> None:
    read_or_refuse(frame)


@settings(max_examples=100)
@given(st.sampled_from(DOCUMENTED), st.data())
def test_a_cut_or_damaged_message_is_messages_or_a_wire_error(
    row: tuple[str, dict[str, Any], tuple[ServerMessage, ...]], data: st.DataObject
) -> None:
    whole = frame(row[1])
    at = data.draw(st.integers(0, len(whole) - 1))
    read_or_refuse(whole[:at])
    read_or_refuse(whole[at:])
    read_or_refuse(whole[:at] + data.draw(st.binary(min_size=1, max_size=3)) + whole[at + 1 :])


said = st.one_of(
    st.just(SetupComplete()),
    st.just(Interrupted()),
    st.builds(ToolCallCancellation, st.lists(texts, min_size=1, max_size=2).map(tuple)),
    st.builds(PersonSaid, texts.filter(bool)),
    st.builds(ModelSaid, texts.filter(bool)),
    st.builds(Speech, st.binary(max_size=9), st.integers(8000, 96_000)),
    st.builds(Words, texts, st.booleans()),
    st.builds(
        ToolCall,
        st.lists(st.builds(FunctionCall, texts, texts, flat_json), min_size=1, max_size=2).map(tuple),
    ),
    st.just(GenerationComplete()),
    st.builds(Usage, *[st.integers(0, 10**6)] * 3),
    st.builds(TurnComplete, st.sampled_from(["", "BLOCKLIST"])),
    st.builds(Resumption, st.none() | handles),
    st.builds(GoAway, st.integers(0, 600).map(lambda tenths: tenths / 10)),
)


def written(message: ServerMessage) -> dict[str, Any]:
    """What the service writes for it."""
    match message:
        case SetupComplete():
            return {"setupComplete": {}}
        case Interrupted():
            return {"serverContent": {"interrupted": True}}
        case GenerationComplete():
            return {"serverContent": {"generationComplete": True}}
        case TurnComplete(reason):
            return {"serverContent": {"turnComplete": True, "turnCompleteReason": reason}}
        case ToolCallCancellation(ids):
            return {"toolCallCancellation": {"ids": list(ids)}}
        case PersonSaid(text):
            return {"serverContent": {"inputTranscription": {"text": text}}}
        case ModelSaid(text):
            return {"serverContent": {"outputTranscription": {"text": text}}}
        case Speech(pcm, rate_hz):
            blob = {"mimeType": f"audio/pcm;rate={rate_hz}", "data": b64(pcm)}
            return {"serverContent": {"modelTurn": {"parts": [{"inlineData": blob}]}}}
        case Words(text, thought):
            return {"serverContent": {"modelTurn": {"parts": [{"text": text, "thought": thought}]}}}
        case ToolCall(calls):
            listed = [{"id": c.id, "name": c.name, "args": c.args} for c in calls]
            return {"toolCall": {"functionCalls": listed}}
        case Usage(prompt, response, total):
            counts = {"promptTokenCount": prompt, "responseTokenCount": response, "totalTokenCount": total}
            return {"usageMetadata": counts}
        case Resumption(handle):
            shown = {"newHandle": handle.secret, "resumable": True} if handle else {}
            return {"sessionResumptionUpdate": shown}
        case GoAway(left_s):
            return {"goAway": {"timeLeft": f"{left_s}s"}}
        case Unknown(what):
            return {what: {}}


@settings(max_examples=150)
@given(said)
def test_whatever_the_service_says_reads_back(message: ServerMessage) -> None:
    assert decode(json.dumps(written(message))) == (message,)


def test_all_that_can_be_asked_of_a_model_is_written() -> None:
    setup = Setup(
        "gemini-x",
        voice="Kore",
        language="de-DE",
        modality="TEXT",
        thinking=0,
        affective=True,
        proactive=True,
        functions=({"name": "f", "description": "d"},),
        own_tools=("googleSearch", "codeExecution"),
        coverage="TURN_INCLUDES_ALL_INPUT",
        extra={"generationConfig": {"temperature": 0.5}, "labels": {"a": "b"}, "outputAudioTranscription": 1},
    )
    body = json.loads(encode(setup))["setup"]
    assert body["generationConfig"] == {
        "responseModalities": ["TEXT"],
        "speechConfig": {
            "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}},
            "languageCode": "de-DE",
        },
        "thinkingConfig": {"thinkingBudget": 0},
        "enableAffectiveDialog": True,
        "temperature": 0.5,
    }
    assert body["proactivity"] == {"proactiveAudio": True}
    assert body["tools"] == [
        {"functionDeclarations": [{"name": "f", "description": "d"}]},
        {"googleSearch": {}},
        {"codeExecution": {}},
    ]
    assert body["realtimeInputConfig"]["turnCoverage"] == "TURN_INCLUDES_ALL_INPUT"
    assert (body["labels"], body["outputAudioTranscription"]) == ({"a": "b"}, 1)
    assert body["sessionResumption"] == {}


def test_a_level_of_thinking_is_written_in_capitals() -> None:
    body = json.loads(encode(Setup("gemini-x", thinking="low", language="fr-FR")))["setup"]
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_not_json(number: str) -> None:
    with pytest.raises(WireError):
        decode(f'{{"toolCall":{{"functionCalls":[{{"args":{{"x":{number}}}}}]}}}}')
    [call] = decode('{"toolCall":{"functionCalls":[{"id":"1","name":"f","args":{"x":0.5}}]}}')
    assert call == ToolCall((FunctionCall("1", "f", {"x": 0.5}),))


def test_an_error_in_words_is_told() -> None:
    assert decode('{"code": 13, "message": "Internal", "status": "X"}') == (Unknown("error 13: Internal"),)


def test_half_a_character_is_not_passed_on() -> None:
    assert decode('{"serverContent":{"outputTranscription":{"text":"a\\ud800é"}}}') == (ModelSaid("a?é"),)


def test_only_pcm_is_played() -> None:
    part = '{"inlineData":{"mimeType":"audio/pcmu;rate=8000","data":""}}'
    assert decode(f'{{"serverContent":{{"modelTurn":{{"parts":[{part}]}}}}}}') == (
        Unknown("part audio/pcmu;rate=8000"),
    )


def test_typed_words_are_written_both_ways() -> None:
    for message, wanted in (
        (Text("hé"), {"realtimeInput": {"text": "hé"}}),
        (
            Content("hé"),
            {"clientContent": {"turns": [{"role": "user", "parts": [{"text": "hé"}]}], "turnComplete": True}},
        ),
    ):
        assert json.loads(encode(message)) == wanted
        judge_client(encode(message))


def test_what_was_said_before_is_a_paragraph_of_its_own() -> None:
    text = encode(Setup("gemini-3.8-live", system_instruction="Be kind.", recollection="We spoke of cake."))
    judge_client(text)
    parts = json.loads(text)["setup"]["systemInstruction"]["parts"]
    assert parts == [{"text": "Be kind."}, {"text": "We spoke of cake."}]


@pytest.mark.parametrize(
    ("message", "written"),
    [
        (Image(BLUE), {"realtimeInput": {"video": {"mimeType": "image/jpeg", "data": b64(BLUE)}}}),
        (
            Content("What is it?", BLUE),
            {
                "clientContent": {
                    "turns": [
                        {
                            "role": "user",
                            "parts": [
                                {"inlineData": {"mimeType": "image/jpeg", "data": b64(BLUE)}},
                                {"text": "What is it?"},
                            ],
                        }
                    ],
                    "turnComplete": True,
                }
            },
        ),
    ],
)
def test_a_picture_is_written_beside_sound_or_with_words(
    message: ClientMessage, written: dict[str, Any]
) -> None:
    assert json.loads(encode(message)) == written
    judge_client(encode(message))


def test_how_closely_pictures_are_looked_at_is_written_where_it_is_said() -> None:
    said = encode(Setup("m", media_resolution="MEDIA_RESOLUTION_LOW"))
    judge_client(said)
    assert json.loads(said)["setup"]["generationConfig"]["mediaResolution"] == "MEDIA_RESOLUTION_LOW"
    assert "mediaResolution" not in encode(PLAIN)


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (
            {"modelTurn": {"parts": [{"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "45"}}]}},
            (CodeResult("ok", "45"),),
        ),
        (
            {"groundingMetadata": {"webSearchQueries": ["q"]}, "turnComplete": True},
            (Sources(("q",)), TurnComplete()),
        ),
        ({"groundingMetadata": {}, "turnComplete": True}, (TurnComplete(),)),
        (
            {"urlContextMetadata": {"urlMetadata": [{"retrievedUrl": "https://a.example"}]}},
            (Sources((), (Page("https://a.example"),)),),
        ),
        ({"turnComplete": True, "waitingForInput": True}, (TurnComplete("NEED_MORE_INPUT"),)),
        ({"turnComplete": True, "interactionStatus": "IN_PROGRESS"}, (TurnComplete(more=True),)),
        ({"turnComplete": True, "interactionStatus": "IDLE"}, (TurnComplete(),)),
    ],
)
def test_what_stands_beside_an_answer(content: dict[str, Any], messages: tuple[ServerMessage, ...]) -> None:
    text = frame({"serverContent": content})
    judge_server(text)
    assert decode(text) == messages


@pytest.mark.parametrize(
    ("text", "sent"), [("a \ud800 b", "a \ufffd b"), ("\ud83d\ude00", "😀"), ("\\ud800", "\\ud800")]
)
def test_half_a_surrogate_pair_is_not_sent(text: str, sent: str) -> None:
    assert json.loads(encode(Text(text)))["realtimeInput"]["text"] == sent
    assert encode(Text(text)).isascii()
