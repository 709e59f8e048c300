"""The official client library doing the same conversation, as its documentation shows it.

        python -m tests.bench.peers.official URL MODEL card|script|memory

`card` is the sound path that the floor has, `script` that of its documentation.

It insists on TLS where there is a key, so its address is patched; nothing else is.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from google import genai
from google.genai import types

from .conversing import Conversing
from .sound import Card, Memory, Script

SOUNDS = {"card": Card, "script": Script, "memory": Memory}


class Official:
    def __init__(self, session: Any) -> None:
        self._session = session

    async def begin(self) -> None:
        await self._session.send_realtime_input(activity_start=types.ActivityStart())

    async def send(self, pcm: bytes) -> None:
        await self._session.send_realtime_input(audio=types.Blob(data=pcm, mime_type="audio/pcm;rate=16000"))

    async def end(self) -> None:
        await self._session.send_realtime_input(activity_end=types.ActivityEnd())


async def listen(session: Any, box: Conversing) -> None:
    while True:
        async for message in session.receive():
            if message.data:
                box.heard_speech(message.data)
            content = message.server_content
            if content is not None and content.interrupted:
                box.interrupted()
            if content is not None and content.turn_complete:
                box.turn_over()


async def main(url: str, model: str, kind: str) -> None:
    client = genai.Client(api_key="any", http_options=types.HttpOptions(api_version="v1beta"))
    patched: Any = client._api_client
    patched._websocket_base_url = lambda *_: url
    patched._websocket_ssl_ctx = {}
    config = types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        realtime_input_config=types.RealtimeInputConfig(
            automatic_activity_detection=types.AutomaticActivityDetection(disabled=True)
        ),
    )
    box = Conversing(SOUNDS[kind])
    async with client.aio.live.connect(model=model, config=config) as session:
        listening = asyncio.create_task(listen(session, box))
        await box.run(Official(session))
        listening.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
