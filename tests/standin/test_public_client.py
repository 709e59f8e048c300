"""The public client library converses with the stand-in: the judge of every shape, in both directions."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from google import genai
from google.genai import types

from appliance.standin import scene as scenes
from appliance.standin.server import Options
from appliance.standin.voice import tones

from .caller import DECLARATIONS, quick, run

MODEL = "gemini-3.8-live"


@contextlib.asynccontextmanager
async def conversation(standin, monkeypatch, **config):
    """A session of the public client, patched in its address and TLS only: with a key it insists on wss."""
    client = genai.Client(api_key="any", http_options={"api_version": "v1beta"})
    monkeypatch.setattr(client._api_client, "_websocket_base_url", lambda *_: standin.url)
    monkeypatch.setattr(client._api_client, "_websocket_ssl_ctx", {})
    async with client.aio.live.connect(model=MODEL, config=config) as session:
        yield session


async def turn(session):
    async with asyncio.timeout(20):
        return [message async for message in session.receive()]


def test_text_conversation(monkeypatch):
    async def test(standin):
        config = {"response_modalities": ["AUDIO"], "output_audio_transcription": {}}
        async with conversation(standin, monkeypatch, **config) as session:
            for _ in range(2):
                content = types.Content(role="user", parts=[types.Part(text="hello")])
                await session.send_client_content(turns=content, turn_complete=True)
                messages = await turn(session)
                assert b"".join(m.data for m in messages if m.data) == tones("Good day.")
                words = [t.text for m in messages if (t := m.server_content.output_transcription)]
                assert "".join(words) == "Good day."
                assert messages[-1].server_content.turn_complete
                assert messages[-1].usage_metadata.total_token_count > 0
            await session.send_realtime_input(text="hello")
            assert (await turn(session))[-1].server_content.turn_complete

    run(test, quick())


@pytest.mark.parametrize("manual", [True, False])
def test_audio_conversation_with_a_call(monkeypatch, manual):
    config = {
        "response_modalities": ["AUDIO"],
        "input_audio_transcription": {},
        "tools": [{"function_declarations": DECLARATIONS}],
        "session_resumption": {},
    }
    if manual:
        config["realtime_input_config"] = {"automatic_activity_detection": {"disabled": True}}
    speech = tones("hello there")[: 16_000 * 2]

    async def say(session):
        if manual:
            await session.send_realtime_input(activity_start=types.ActivityStart())
        for start in range(0, len(speech), 3200):
            blob = types.Blob(data=speech[start : start + 3200], mime_type="audio/pcm;rate=16000")
            await session.send_realtime_input(audio=blob)
        if manual:
            await session.send_realtime_input(activity_end=types.ActivityEnd())
        else:
            await session.send_realtime_input(audio_stream_end=True)

    async def test(standin):
        async with conversation(standin, monkeypatch, **config) as session:
            await say(session)
            heard, calls, done = "", [], False
            async for message in session.receive():
                content = message.server_content
                if content and content.input_transcription:
                    heard += content.input_transcription.text
                if message.tool_call:
                    calls += message.tool_call.function_calls
                    rows = [
                        types.FunctionResponse(id=c.id, name=c.name, response={"output": "ok"}) for c in calls
                    ]
                    await session.send_tool_response(function_responses=rows)
                done = bool(content and content.turn_complete)
            assert done
            assert heard == "Turn on the kitchen light."
            assert [(c.name, c.args["power"]) for c in calls] == [("set_lights", "on")]
        assert standin.heard(1)[:3200] == speech[:3200]

    run(test, quick(scene=scenes.load("tool"), speed=0.0))


def test_refusals_reach_the_public_client(monkeypatch):
    async def test(standin):
        with pytest.raises(genai.errors.APIError, match="API key not valid"):
            async with conversation(standin, monkeypatch, response_modalities=["AUDIO"]):
                pass

    run(test, Options(key="another"))


def test_everything_at_once_is_understood_by_the_public_client(monkeypatch):
    async def test(standin):
        async with conversation(standin, monkeypatch, response_modalities=["AUDIO"]) as session:
            kinds = set()
            for _ in range(3):
                await session.send_realtime_input(text="hello")
                for message in await turn(session):
                    kinds |= {name for name, value in message if value is not None}
            assert {"server_content", "usage_metadata", "session_resumption_update", "go_away"} <= kinds

    run(test, quick(scene=scenes.load("all-at-once")))
