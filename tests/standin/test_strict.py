"""Every kind of violation has its code and its reason; what is legal in proto3-JSON is taken."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.standin.refusal import REASON_BYTES, Refusal, cut
from appliance.standin.strict import decode, has_null

BAD = {
    "unknown at the top": ({"hello": {}}, 'Unknown name "hello": Cannot find field.'),
    "unknown in setup": (
        {"setup": {"toolConfig": {}}},
        "Unknown name \"toolConfig\" at 'setup': Cannot find field.",
    ),
    "unknown deeper": (
        {"setup": {"generationConfig": {"voice": "Puck"}}},
        "Unknown name \"voice\" at 'setup.generation_config': Cannot find field.",
    ),
    "unknown in a list": (
        {"setup": {"tools": [{"functionDeclarations": [{"name": "f", "strict": True}]}]}},
        "Unknown name \"strict\" at 'setup.tools[0].function_declarations[0]': Cannot find",
    ),
    "additionalProperties": (
        {"setup": {"tools": [{"functionDeclarations": [{"parameters": {"additionalProperties": False}}]}]}},
        'Unknown name "additionalProperties"',
    ),
    "wrong enum": (
        {
            "setup": {
                "realtimeInputConfig": {
                    "automaticActivityDetection": {"startOfSpeechSensitivity": "START_SENSITIVITY_MEDIUM"}
                }
            }
        },
        "Invalid value at 'setup.realtime_input_config",
    ),
    "lower-case type": (
        {"setup": {"tools": [{"functionDeclarations": [{"parameters": {"type": "object"}}]}]}},
        "Invalid value at 'setup.tools[0]",
    ),
    "two messages": ({"realtimeInput": {}, "toolResponse": {}}, "oneof field 'tool_response' is already set"),
    "both spellings": ({"realtimeInput": {}, "realtime_input": {}}, "already set"),
    "two kinds of part": (
        {"clientContent": {"turns": [{"parts": [{"text": "", "inlineData": {}}]}]}},
        "oneof",
    ),
    "text for bool": ({"clientContent": {"turnComplete": "true"}}, "TYPE_BOOL"),
    "number for text": ({"realtimeInput": {"text": 7}}, "TYPE_STRING"),
    "object for list": ({"setup": {"tools": {}}}, "repeated"),
    "list for object": ({"setup": []}, "Invalid value"),
    "bad base64": ({"realtimeInput": {"audio": {"data": "a*b"}}}, "TYPE_BYTES"),
    "int out of range": (
        {"setup": {"realtimeInputConfig": {"automaticActivityDetection": {"silenceDurationMs": 2**31}}}},
        "Invalid value",
    ),
    "fraction for int": ({"setup": {"generationConfig": {"topK": 1.5}}}, "TYPE_INT32"),
    "bool for number": ({"setup": {"generationConfig": {"temperature": True}}}, "TYPE_FLOAT"),
    "transparent resumption": ({"setup": {"sessionResumption": {"transparent": True}}}, '"transparent"'),
    "half a surrogate pair": ({"realtimeInput": {"text": "\ud800"}}, "TYPE_STRING"),
}


@pytest.mark.parametrize("name", BAD)
def test_refused(name):
    message, reason = BAD[name]
    with pytest.raises(Refusal) as caught:
        decode(json.dumps(message))
    assert caught.value.code == 1007
    assert cut(reason) in caught.value.reason
    assert len(caught.value.reason.encode()) <= REASON_BYTES


@pytest.mark.parametrize("text", ["", "x", "[]", "7", "null", '{"a":', "{}", '{"setup": NaN}', "[" * 100_000])
def test_not_a_message(text):
    with pytest.raises(Refusal) as caught:
        decode(text)
    assert caught.value.code == 1007


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"realtime_input": {"activity_start": {}}}, {"realtimeInput": {"activityStart": {}}}),
        ({"realtimeInput": {"audio": {"mime_type": "a", "data": "-_8="}}}, b"\xfb\xff"),
        ({"realtimeInput": {"audio": {"mimeType": "a", "data": "+/8"}}}, b"\xfb\xff"),
        ({"setup": {"contextWindowCompression": {"triggerTokens": "25600"}}}, 25600),
        ({"setup": {"context_window_compression": {"trigger_tokens": 25600}}}, 25600),
        ({"setup": {"generationConfig": {"responseModalities": [3]}}}, ["AUDIO"]),
        ({"setup": {"generationConfig": {"topK": 40.0}}}, 40),
        ({"setup": {"model": "m", "sessionResumption": None}}, {"setup": {"model": "m"}}),
        ({"toolResponse": {"functionResponses": [{"response": {"any": [None, {"x": 1}]}}]}}, None),
    ],
)
def test_taken(sent, read):
    found = decode(json.dumps(sent))
    if isinstance(read, dict):
        assert found == read
    elif read is not None:
        assert read in leaves(found)


def leaves(value):
    if isinstance(value, dict):
        found = [leaf for inner in value.values() for leaf in leaves(inner)]
        return [*found, *value.values()]
    return [value]


def test_nulls_are_seen_but_not_inside_free_objects():
    assert has_null('{"setup": {"sessionResumption": {"handle": null}}}')
    assert not has_null('{"toolResponse": {"functionResponses": [{"response": {"x": null}}]}}')


def test_reason_is_cut_between_letters():
    assert cut("é" * 100) == "é" * (REASON_BYTES // 2)


names = st.sampled_from(
    ["setup", "realtimeInput", "audio", "data", "model", "tools", "turns", "parts", "text", "x", "enum"]
) | st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


@given(st.text() | json_values.map(json.dumps) | st.dictionaries(names, json_values).map(json.dumps))
def test_anything_is_a_message_or_a_refusal(text):
    with contextlib.suppress(Refusal):
        assert isinstance(decode(text), dict)
