"""Ephemeral tokens as the stand-in mints, takes and refuses them; the public client is the judge."""

from __future__ import annotations

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from google import genai
from google.genai import types

from appliance.standin.refusal import BAD_TOKEN, UNAVAILABLE, cut
from appliance.standin.server import Options, StandIn
from appliance.standin.tokens import BadMint, Tokens

from .caller import PATH, calling, quick, run, setup

KEY = "the-key"
MODEL = "gemini-3.8-live"
CONSTRAINED = PATH.replace("v1beta", "v1alpha") + "Constrained"


async def post(standin, body=None, *, key=KEY, raw=None, line="POST /v1alpha/auth_tokens HTTP/1.1"):
    """The status and the body of an answer at the mint."""
    port = int(standin.mint_url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = json.dumps(body or {}).encode() if raw is None else raw
    head = f"{line}\r\nHost: here\r\nX-Goog-Api-Key: {key}\r\nContent-Length: {len(text)}\r\n\r\n"
    writer.write(head.encode() + text)
    answer = await reader.read()
    writer.close()
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(text)


async def minted(standin, **body):
    status, answer = await post(standin, body)
    assert status == 200
    assert set(answer) == {"name"}
    return answer["name"]


def with_token(token):
    return {"Authorization": f"Token {token}"}


def later(**more):
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


async def ended(standin, token, **more):
    """How the line of a client ends that shows this token."""
    async with calling(
        standin, setup(**more), path=CONSTRAINED, additional_headers=with_token(token)
    ) as caller:
        return await caller.closed()


@contextlib.asynccontextmanager
async def let_in(standin, token, **more):
    async with calling(
        standin, setup(**more), path=CONSTRAINED, additional_headers=with_token(token)
    ) as caller:
        assert await caller.receive() == {"setupComplete": {}}
        yield caller


def test_a_token_opens_one_line_unless_it_was_minted_for_more():
    async def test(standin):
        once, twice, ever = [await minted(standin, uses=uses) for uses in (1, 2, 0)]
        for token in (once, twice, twice, ever, ever, ever):
            async with let_in(standin, token) as caller:
                await caller.ask()
                await caller.turn()
        for token in (once, twice):
            assert await ended(standin, token) == (1011, UNAVAILABLE)

    run(test, quick(key=KEY))


def test_it_is_taken_from_the_query_as_well_and_never_recorded():
    async def test(standin):
        token = await minted(standin)
        async with calling(standin, setup(), path=f"{CONSTRAINED}?access_token={token}") as caller:
            assert await caller.receive() == {"setupComplete": {}}
        assert token not in str(standin.record)
        assert token not in repr(standin._tokens)

    run(test, quick(key=KEY))


@pytest.mark.parametrize("headers", [{}, {"x-goog-api-key": KEY}, {"Authorization": f"Token {KEY}"}])
def test_a_key_is_no_token(headers):
    async def test(standin):
        async with calling(standin, setup(), path=CONSTRAINED, additional_headers=headers) as caller:
            assert await caller.closed() == (1008, cut(BAD_TOKEN))
        assert await ended(standin, "auth_tokens/made-up") == (1008, cut(BAD_TOKEN))

    run(test, quick(key=KEY))


def test_a_token_is_no_key():
    async def test(standin):
        token = await minted(standin)
        async with calling(standin, setup(), additional_headers=with_token(token)) as caller:
            assert await caller.closed() == (1008, cut(BAD_TOKEN))

    run(test, quick())


@pytest.mark.parametrize("is_use", [True, False])
def test_whether_resuming_is_a_use_is_a_policy(is_use):
    async def test(standin):
        token = await minted(standin)
        async with let_in(standin, token, sessionResumption={}) as caller:
            await caller.ask()
            messages = await caller.until("sessionResumptionUpdate", "newHandle")
            handle = messages[-1]["sessionResumptionUpdate"]["newHandle"]
        await standin.wait_for(lambda record: any(e.has("closed") for e in record))
        again = setup(sessionResumption={"handle": handle})
        async with calling(standin, again, path=CONSTRAINED, additional_headers=with_token(token)) as caller:
            if is_use:
                assert await caller.closed() == (1011, UNAVAILABLE)
            else:
                assert await caller.receive() == {"setupComplete": {}}
        assert await ended(standin, token) == (1011, UNAVAILABLE), "a fresh session is a use in any case"

    run(test, quick(key=KEY, resuming_is_a_use=is_use))


def test_a_line_ends_with_its_token():
    async def test(standin):
        token = await minted(standin, expireTime=later(seconds=1.5), uses=0)
        async with let_in(standin, token) as caller:
            assert await caller.closed() == (1008, cut(BAD_TOKEN))
        assert await ended(standin, token) == (1008, cut(BAD_TOKEN))

    run(test, quick(key=KEY))


def test_the_times_of_a_token():
    now = 1_000_000.0
    tokens = Tokens(None, resuming_is_a_use=True, clock=lambda: now)
    at = datetime.fromtimestamp(now, UTC)
    usual = tokens.mint(KEY, {"uses": 0})["name"]
    long = {"uses": 0, "newSessionExpireTime": (at + timedelta(hours=1)).isoformat()}
    patient = tokens.mint(KEY, long)["name"]
    for since, fine in (
        (0, {usual, patient}),
        (59, {usual, patient}),
        (60, {patient}),
        (1799, {patient}),
        (1800, set()),
    ):
        now = 1_000_000.0 + since
        for token in (usual, patient):
            if token in fine:
                assert tokens.use(token, {"model": "m"}) == ({"model": "m"}, 1800 - since)
            else:
                with pytest.raises(Exception, match="invalid authentication credentials"):
                    tokens.use(token, {})


def test_a_clock_that_goes_faster():
    tokens = Tokens(None, resuming_is_a_use=True, scale=60.0, clock=lambda: 0.0)
    assert tokens.use(tokens.mint(KEY, {})["name"], {}) == ({}, 30.0)


LOCKED = {
    "model": "models/gemini-3.8-live",
    "generationConfig": {"responseModalities": ["AUDIO"], "temperature": 0.2},
}
ASKED = {"model": "models/x", "generationConfig": {"temperature": 1.0, "topP": 0.5}, "tools": [{}]}


@pytest.mark.parametrize(
    ("body", "effective"),
    [
        ({}, ASKED),
        ({"bidiGenerateContentSetup": LOCKED}, LOCKED),
        (
            {"bidiGenerateContentSetup": LOCKED, "fieldMask": "model, generationConfig.temperature"},
            {**ASKED, "model": LOCKED["model"], "generationConfig": {"temperature": 0.2, "topP": 0.5}},
        ),
        (
            {"bidiGenerateContentSetup": LOCKED, "fieldMask": "generation_config.response_modalities,tools"},
            {
                "model": "models/x",
                "generationConfig": {"temperature": 1.0, "topP": 0.5, "responseModalities": ["AUDIO"]},
            },
        ),
        (
            {"bidiGenerateContentSetup": LOCKED, "fieldMask": "generationConfig"},
            {**ASKED, "generationConfig": LOCKED["generationConfig"]},
        ),
    ],
)
def test_what_a_token_locks_wins_silently(body, effective):
    tokens = Tokens(None, resuming_is_a_use=True)
    asked = json.loads(json.dumps(ASKED))
    assert tokens.use(tokens.mint(KEY, body)["name"], asked)[0] == effective
    assert asked == ASKED


def test_a_locked_field_is_in_force_on_the_line():
    async def test(standin):
        token = await minted(
            standin,
            bidiGenerateContentSetup={"outputAudioTranscription": {}},
            fieldMask="outputAudioTranscription",
        )
        async with let_in(standin, token, outputAudioTranscription=None) as caller:
            await caller.ask()
            assert any("outputTranscription" in str(message) for message in await caller.turn())

    run(test, quick(key=KEY))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"usses": 1}, 'Unknown name "usses"'),
        ({"uses": -1}, "auth_token.uses"),
        ({"uses": True}, "auth_token.uses"),
        ({"uses": "1"}, "auth_token.uses"),
        ({"expireTime": "soon"}, "auth_token.expireTime"),
        ({"expireTime": 7}, "auth_token.expireTime"),
        ({"expireTime": later(hours=-1)}, "in the future"),
        ({"expireTime": later(hours=21)}, "less than 20 hours"),
        ({"newSessionExpireTime": later(hours=21)}, "less than 20 hours"),
        ({"bidiGenerateContentSetup": {"modle": "x"}}, 'Unknown name \\"modle\\"'),
        ({"bidiGenerateContentSetup": 7}, "Invalid"),
        ({"fieldMask": "model"}, "field_mask"),
    ],
)
def test_what_is_not_minted(body, told):
    with pytest.raises(BadMint) as error:
        Tokens(None, resuming_is_a_use=True).mint(KEY, body)
    assert error.value.status == 400
    assert told.replace("\\", "") in str(error.value).replace("\\", "")


def test_the_mint_speaks_as_the_service_does():
    async def test(standin):
        bad_key = {"code": 400, "message": "API key not valid. Please pass a valid API key."}
        assert await post(standin, key="x") == (400, {"error": {**bad_key, "status": "INVALID_ARGUMENT"}})
        for expected, call in (
            (400, post(standin, key="")),
            (400, post(standin, raw=b"{")),
            (400, post(standin, raw=b"[]")),
            (404, post(standin, line="POST /v1beta/auth_tokens HTTP/1.1")),
            (404, post(standin, line="nonsense")),
            (405, post(standin, line="GET /v1alpha/auth_tokens HTTP/1.1")),
            (413, post(standin, raw=b" " * 70_000)),
            (413, post(standin, key="k" * 70_000)),
            (200, post(standin)),
            (200, post(standin, raw=b"")),
        ):
            status, answer = await call
            assert status == expected
            assert (status == 200) == ("name" in answer)

    run(test, quick(key=KEY))


def test_a_caller_who_leaves_does_no_harm():
    async def test(standin):
        port = int(standin.mint_url.rpartition(":")[2])
        for said in (b"", b"POST", b"POST /v1alpha/auth_tokens HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            writer.close()
            await writer.wait_closed()
        assert (await post(standin))[0] == 200

    run(test, quick(key=KEY))


def test_a_mint_port_that_is_taken_leaves_nothing_behind():
    async def test(standin):
        other = StandIn(quick(mint_port=int(standin.mint_url.rpartition(":")[2])))
        with pytest.raises(OSError, match="address"):
            await other.start()
        with pytest.raises(RuntimeError):
            _ = other.port

    run(test)


def test_only_so_many_are_kept(monkeypatch):
    monkeypatch.setattr("appliance.standin.tokens._MOST", 2)
    tokens = Tokens(None, resuming_is_a_use=True)
    first, *others = [tokens.mint(KEY, {})["name"] for _ in range(3)]
    for token in others:
        tokens.use(token, {})
    with pytest.raises(Exception, match="invalid authentication"):
        tokens.use(first, {})


@pytest.mark.filterwarnings("ignore:The SDK's")  # that it is experimental
@pytest.mark.parametrize("locked", [True, False])
def test_the_public_client_mints_and_converses(monkeypatch, locked):
    async def test(standin):
        options = {"api_version": "v1alpha"}
        config = {"uses": 2, "expire_time": datetime.now(UTC) + timedelta(minutes=30)}
        if locked:
            config["live_connect_constraints"] = {
                "model": MODEL,
                "config": {"response_modalities": ["AUDIO"], "output_audio_transcription": {}},
            }
            config["lock_additional_fields"] = []
        owner = genai.Client(api_key=KEY, http_options={**options, "base_url": standin.mint_url})
        token = await owner.aio.auth_tokens.create(config=config)
        assert token.name.startswith("auth_tokens/")

        client = genai.Client(api_key=token.name, http_options=options)
        monkeypatch.setattr(client._api_client, "_websocket_base_url", lambda *_: standin.url)
        monkeypatch.setattr(client._api_client, "_websocket_ssl_ctx", {})
        asked = {} if locked else {"output_audio_transcription": {}}
        for _ in range(2):
            async with client.aio.live.connect(
                model=MODEL, config={"response_modalities": ["AUDIO"], **asked}
            ) as session:
                content = types.Content(role="user", parts=[types.Part(text="hello")])
                await session.send_client_content(turns=content, turn_complete=True)
                messages = [message async for message in session.receive()]
                words = [t.text for m in messages if (t := m.server_content.output_transcription)]
                assert "".join(words) == "Good day."
        with pytest.raises(genai.errors.APIError, match="currently unavailable"):
            async with client.aio.live.connect(model=MODEL, config={"response_modalities": ["AUDIO"]}):
                pass
        await owner.aio.aclose()

    run(test, quick(key=KEY))


def test_nothing_is_minted_before_it_is_started():
    with pytest.raises(RuntimeError, match="not started"):
        _ = StandIn(Options()).mint_url
