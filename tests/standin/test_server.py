"""The rules of a connection, as a bare client meets them."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from appliance.standin.refusal import (
    BAD_ARGUMENT,
    BAD_KEY,
    BAD_TOKEN,
    EXPLICIT_ACTIVITY,
    NO_SESSION,
    NOT_IMPLEMENTED,
)
from appliance.standin.server import Faults, StandIn

from .caller import MODEL, PATH, calling, dig, quick, refusal_of, run, setup
from .test_strict import json_values, names

ALPHA = PATH.replace("v1beta", "v1alpha")
AUTOMATIC = setup(realtimeInputConfig=None)
AUDIO = {"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=16000", "data": "AAAA"}}}
START = {"realtimeInput": {"activityStart": {}}}
END = {"realtimeInput": {"activityEnd": {}}}
UNKNOWN_MODEL = (
    "models/x is not found for API version v1beta, or is not supported for bidiGenerateContent. Call"
)

VIOLATIONS = {
    "not JSON": (["hello"], 1007, "Invalid JSON payload received."),
    "binary frame": ([json.dumps(setup()).encode()], 1007, BAD_ARGUMENT),
    "first is not setup": ([START], 1007, BAD_ARGUMENT),
    "second setup": ([setup(), setup()], 1007, BAD_ARGUMENT),
    "unknown field": (
        [{"setup": {"modle": "x"}}],
        1007,
        "Unknown name \"modle\" at 'setup': Cannot find field.",
    ),
    "unknown model": ([setup(model="models/x")], 1008, UNKNOWN_MODEL),
    "no model": ([setup(model=None)], 1008, "is not found"),
    "model without prefix": ([setup(model="gemini-3.8-live")], 1008, "is not found"),
    "two modalities": (
        [setup(generationConfig={"responseModalities": ["TEXT", "AUDIO"]})],
        1007,
        BAD_ARGUMENT,
    ),
    "text from an audio model": (
        [setup(generationConfig={"responseModalities": ["TEXT"]})],
        1007,
        BAD_ARGUMENT,
    ),
    "audio outside": ([setup(), AUDIO], 1007, BAD_ARGUMENT),
    "audio after the end": ([setup(), START, END, AUDIO], 1007, BAD_ARGUMENT),
    "start twice": ([setup(), START, START], 1007, BAD_ARGUMENT),
    "end twice": ([setup(), START, END, END], 1007, BAD_ARGUMENT),
    "stream end in manual mode": ([setup(), {"realtimeInput": {"audioStreamEnd": True}}], 1007, BAD_ARGUMENT),
    "activity in automatic mode": ([AUTOMATIC, START], 1007, EXPLICIT_ACTIVITY),
    "empty realtimeInput": ([setup(), {"realtimeInput": {}}], 1008, NOT_IMPLEMENTED),
    "media chunks": ([setup(), {"realtimeInput": {"mediaChunks": []}}], 1007, BAD_ARGUMENT),
    "half a sample": (
        [setup(), START, {"realtimeInput": {"audio": {"mimeType": "audio/pcm;rate=16000", "data": "AA=="}}}],
        1007,
        BAD_ARGUMENT,
    ),
    "another format": (
        [setup(), START, {"realtimeInput": {"audio": {"mimeType": "audio/opus", "data": "AAAA"}}}],
        1007,
        BAD_ARGUMENT,
    ),
    "unknown handle": ([setup(sessionResumption={"handle": "gone"})], 1008, NO_SESSION),
    "unknown call": (
        [setup(), {"toolResponse": {"functionResponses": [{"id": "fc_1", "name": "f", "response": {}}]}}],
        1008,
        "Requested entity was not found.",
    ),
    "empty tool response": ([setup(), {"toolResponse": {}}], 1007, BAD_ARGUMENT),
    "system role": (
        [setup(), {"clientContent": {"turns": [{"role": "system", "parts": [{"text": "x"}]}]}}],
        1007,
        BAD_ARGUMENT,
    ),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_violation(name):
    messages, code, reason = VIOLATIONS[name]
    got_code, got_reason = refusal_of(*messages)
    assert got_code == code
    assert reason in got_reason


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
@pytest.mark.parametrize("slashes", ["/", "//"])
def test_doors(version, slashes):
    async def test(standin):
        async with calling(standin, path=f"{slashes}{PATH[1:].replace('v1beta', version)}?key=secret"):
            assert standin.record[0].message == {
                "opened": {"path": f"{slashes}{PATH[1:].replace('v1beta', version)}"}
            }

    run(test)


@pytest.mark.parametrize(
    "path", ["/", "/ws/other", PATH.replace("v1beta", "v2"), PATH + "/x", PATH + "Constrained"]
)
def test_wrong_door(path):
    async def test(standin):
        with pytest.raises(InvalidStatus) as caught:
            await connect(standin.url + path)
        assert caught.value.response.status_code == 404

    run(test)


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"x-goog-api-key": "s3cret"}, ""),
        ({}, "?key=s3cret"),
        ({"authorization": "Token s3cret"}, ""),
        ({}, "?access_token=s3cret"),
    ],
)
def test_key_at_the_door(headers, query):
    async def test(standin):
        async with calling(standin, path=PATH + query, additional_headers=headers):
            assert "s3cret" not in str(standin.record)
            assert "s3cret" not in repr(standin.options)

    run(test, quick(key="s3cret"))
    assert refusal_of(setup(), options=quick(key="other"), path=PATH + query, headers=headers) == (
        1007,
        BAD_KEY,
    )


def test_constrained_door_wants_a_token():
    code, reason = refusal_of(setup(), path=ALPHA + "Constrained", headers={"x-goog-api-key": "k"})
    assert (code, reason) == (1008, BAD_TOKEN[: len(reason)])


def test_refused_handshake_strikes_only_the_first_links():
    async def test(standin):
        with pytest.raises(InvalidStatus) as caught:
            await connect(standin.url + PATH)
        assert caught.value.response.status_code == 503
        async with calling(standin) as caller:
            await caller.ask()
            await caller.turn()

    run(test, quick(faults=Faults(refuse_handshake=503, only_links=1)))


@pytest.mark.parametrize("phase", ["setup", "ready", "activity-start", "activity-end", "mid-answer", "turn"])
@pytest.mark.parametrize("code", [1011, 0])
def test_closed_at(phase, code):
    async def test(standin):
        async with calling(standin, setup()) as caller:
            with contextlib.suppress(ConnectionClosed):
                await caller.ask()
            assert await caller.closed() == ((1011, "because") if code else (1006, ""))
        async with calling(standin) as caller:
            await caller.ask()
            await caller.turn()

    faults = Faults(close_at=phase, close_code=code, close_reason="because", only_links=1)
    run(test, quick(faults=faults))


def test_record_has_everything_in_order_with_audio_beside_it():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask(b"\1\0" * 8000)
            await caller.turn()
        kinds = [(e.side, *e.message) for e in standin.record if not e.has("realtimeInput", "audio")]
        assert kinds[:6] == [
            ("client", "opened"),
            ("client", "setup"),
            ("server", "setupComplete"),
            ("client", "realtimeInput"),
            ("client", "realtimeInput"),
            ("server", "serverContent"),
        ]
        sent = [e for e in standin.record if e.has("realtimeInput", "audio")]
        assert sent[0].message["realtimeInput"]["audio"]["data"] == {"pcm_bytes": 6400}
        assert (
            b"".join(e.pcm for e in sent) == b"\1\0" * 8000 == standin.heard(1) == standin.activities[0].pcm
        )
        assert [e.at for e in standin.record] == sorted(e.at for e in standin.record)
        assert standin.said[0].text == "Good day."
        assert standin.said[0].pcm == b"".join(e.pcm for e in standin.record if e.side == "server")
        await standin.wait_for(lambda record: any(e.has("closed") for e in record))

    run(test)


def test_waiting_in_vain_shows_the_last_messages():
    async def test(standin):
        async with calling(standin):
            with pytest.raises(TimeoutError, match="setupComplete"):
                await standin.wait_for(lambda record: False, timeout=0.01)

    run(test)


def test_messages_and_closes_by_hand():
    async def test(standin):
        with pytest.raises(LookupError):
            await standin.send({"goAway": {}})
        async with calling(standin) as caller:
            await standin.send({"goAway": {"timeLeft": "50s"}})
            assert await caller.receive() == {"goAway": {"timeLeft": "50s"}}
            await asyncio.gather(standin.hang_up(1011, "over"), caller.closed())

    run(test)


def test_null_handle_is_refused_by_the_generation_that_does():
    nulls = setup(model="models/gemini-3.1-flash-live-preview", sessionResumption={"handle": None})
    assert refusal_of(nulls) == (1007, BAD_ARGUMENT)


def test_port_taken_is_an_os_error():
    async def test(standin):
        with pytest.raises(OSError, match="address"):
            await StandIn(quick(port=standin.port)).start()

    run(test)


messages = (
    st.text()
    | st.binary()
    | json_values.map(json.dumps)
    | st.dictionaries(names, json_values, max_size=2).map(json.dumps)
    | st.builds(lambda v: json.dumps({"realtimeInput": v}), st.dictionaries(names, json_values, max_size=2))
    | st.builds(
        lambda v: json.dumps({"setup": {"model": MODEL} | v}), st.dictionaries(names, json_values, max_size=2)
    )
    | st.sampled_from(
        [json.dumps(m) for m in (START, END, AUDIO, {"toolResponse": {}}, {"clientContent": {}})]
    )
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.booleans(), st.lists(messages, max_size=5))
def test_nothing_a_client_sends_breaks_the_server(with_setup, sent):
    async def test(standin):
        async with calling(standin, "") as caller:
            with contextlib.suppress(ConnectionClosed):
                if with_setup:
                    await caller.send(setup())
                for message in sent:
                    await caller.send(message)
        async with calling(standin) as caller:
            await caller.ask()
            await caller.turn()
        for entry in standin.record:
            if entry.has("closed") and entry.side == "server":
                assert entry.message["closed"]["code"] in (1007, 1008)
        assert dig(standin.record[-1].message, "serverContent", "turnComplete") or standin.said

    run(test)
