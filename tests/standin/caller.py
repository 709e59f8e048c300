"""A bare client for the tests of the stand-in: JSON in, JSON out, no cleverness."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from appliance.standin.server import Options, StandIn

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
MODEL = "models/gemini-3.8-live"
PATIENCE_S = 20

NAMES = {
    "type": "ARRAY",
    "items": {"type": "STRING", "enum": ["kitchen light", "desk lamp", "bedroom lamp", "all"]},
    "description": "which lights",
}
DECLARATIONS = [
    {
        "name": "set_lights",
        "description": "Switch lights.",
        "behavior": "BLOCKING",
        "parameters": {
            "type": "OBJECT",
            "properties": {
                "names": NAMES,
                "power": {"type": "STRING", "enum": ["on", "off"]},
                "brightness": {"type": "INTEGER", "minimum": 0, "maximum": 100},
                "colour": {"type": "STRING", "description": "a colour name or #rrggbb"},
            },
            "required": ["names"],
        },
    },
    {
        "name": "get_lights",
        "description": "Tell the state of lights.",
        "behavior": "BLOCKING",
        "parameters": {"type": "OBJECT", "properties": {"names": NAMES}},
    },
]


def setup(**more):
    """A setup for manual activities, with transcripts; keywords replace its fields, None removes one."""
    fields = {
        "model": MODEL,
        "generationConfig": {"responseModalities": ["AUDIO"]},
        "tools": [{"functionDeclarations": DECLARATIONS}],
        "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
    } | more
    return {"setup": {key: value for key, value in fields.items() if value is not None}}


def quick(**more):
    """Options without brain, voice or pace: for tests of anything else."""
    return Options(**({"brain": False, "voice": "tone", "speed": 0.0, "answer": "Good day."} | more))


class Caller:
    def __init__(self, socket):
        self.socket = socket

    async def send(self, message):
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def realtime(self, **fields):
        await self.send({"realtimeInput": fields})

    async def audio(self, pcm):
        data = base64.b64encode(pcm).decode()
        await self.realtime(audio={"mimeType": "audio/pcm;rate=16000", "data": data})

    async def ask(self, pcm=bytes(16_000)):
        """One whole activity."""
        await self.realtime(activityStart={})
        for start in range(0, len(pcm), 6400):
            await self.audio(pcm[start : start + 6400])
        await self.realtime(activityEnd={})

    async def receive(self):
        """The next message; it must be framed as the service frames."""
        async with asyncio.timeout(PATIENCE_S):
            frame = await self.socket.recv()
        assert isinstance(frame, bytes)
        assert frame.endswith(b"}\n")
        return json.loads(frame)

    async def until(self, *path):
        """The messages up to and with the first that has that chain of keys."""
        seen = []
        while True:
            seen.append(await self.receive())
            if dig(seen[-1], *path) is not None:
                return seen

    async def turn(self):
        return await self.until("serverContent", "turnComplete")

    async def respond(self, call, response=None, **more):
        row = {"id": call["id"], "name": call["name"], "response": response or {"output": "ok"}} | more
        await self.send({"toolResponse": {"functionResponses": [row]}})

    async def closed(self):
        """The code and reason of the close that must come."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    await self.socket.recv()
                except ConnectionClosed as error:
                    return (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")


@contextlib.asynccontextmanager
async def calling(standin, first=None, path=PATH, **kwargs):
    """A connection, set up unless `first` is something else that is to be sent first ("" = nothing)."""
    async with connect(
        standin.url + path, max_size=None, compression=None, close_timeout=1, **kwargs
    ) as socket:
        caller = Caller(socket)
        if first != "":
            await caller.send(setup() if first is None else first)
        if first is None:
            assert await caller.receive() == {"setupComplete": {}}
        yield caller


def dig(value, *path):
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def run(test, options=None):
    """Run `test(standin)`, a coroutine function, beside a stand-in, in debug mode, within bounds."""

    async def whole():
        async with asyncio.timeout(60), StandIn(options or quick()) as standin:
            return await test(standin)

    return asyncio.run(whole(), debug=True)


def refusal_of(*messages, options=None, path=PATH, headers=None):
    """How a connection ends that sends these messages (the first in place of a setup)."""

    async def test(standin):
        async with calling(standin, "", path=path, additional_headers=headers or {}) as caller:
            for message in messages:
                with contextlib.suppress(ConnectionClosed):
                    await caller.send(message)
            return await caller.closed()

    return run(test, options)


def audio_in(messages):
    """The PCM of these server messages."""
    parts = [part for m in messages for part in dig(m, "serverContent", "modelTurn", "parts") or []]
    return b"".join(
        base64.b64decode(p["inlineData"]["data"], validate=True) for p in parts if "inlineData" in p
    )


def words_in(messages, kind="outputTranscription"):
    return "".join((dig(m, "serverContent", kind) or {}).get("text", "") for m in messages)
