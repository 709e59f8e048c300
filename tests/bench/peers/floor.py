"""The floor: a bare loop that moves the same sound over the same kind of socket, and does nothing else.

python -m tests.bench.peers.floor URL MODEL card|memory
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys

from websockets.asyncio.client import ClientConnection, connect

from .conversing import Conversing
from .sound import Card, Memory

SOUNDS = {"card": Card, "memory": Memory}
PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


class Bare:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def begin(self) -> None:
        await self._socket.send('{"realtimeInput":{"activityStart":{}}}')

    async def send(self, pcm: bytes) -> None:
        data = base64.b64encode(pcm).decode()
        await self._socket.send(
            f'{{"realtimeInput":{{"audio":{{"data":"{data}","mimeType":"audio/pcm;rate=16000"}}}}}}'
        )

    async def end(self) -> None:
        await self._socket.send('{"realtimeInput":{"activityEnd":{}}}')


async def listen(socket: ClientConnection, box: Conversing) -> None:
    async for text in socket:
        content = json.loads(text).get("serverContent", {})
        for part in content.get("modelTurn", {}).get("parts", ()):
            if "inlineData" in part:
                box.heard_speech(base64.b64decode(part["inlineData"]["data"]))
        if content.get("interrupted"):
            box.interrupted()
        if content.get("turnComplete"):
            box.turn_over()


async def main(url: str, model: str, kind: str) -> None:
    setup = {
        "model": f"models/{model}",
        "generationConfig": {"responseModalities": ["AUDIO"]},
        "realtimeInputConfig": {"automaticActivityDetection": {"disabled": True}},
    }
    box = Conversing(SOUNDS[kind])
    async with connect(url + PATH, compression=None, max_size=None, ping_timeout=None) as socket:
        await socket.send(json.dumps({"setup": setup}))
        await socket.recv()
        listening = asyncio.create_task(listen(socket, box))
        await box.run(Bare(socket))
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
