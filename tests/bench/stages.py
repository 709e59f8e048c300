"""What every stage of the sound costs, in µs of one core for a frame of 20 ms: each alone, no socket."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from array import array
from collections.abc import Callable
from typing import Any

from google.genai import types
from google.genai.live import AsyncSession

from appliance.adapters.echo import Canceller
from appliance.adapters.playout import Playout
from appliance.adapters.resample import Resampler
from appliance.adapters.voice import Voice
from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.wire import decode, encode

from ..core.room import Room
from ..whole.house import clip

ROUNDS, FRAMES = 5, 500
FRAME_BYTES = 640


def measured() -> dict[str, float]:
    """By the name of the stage; each is the best of a few rounds, since noise only adds."""
    frames = speech()
    wide = [Resampler(16_000, 48_000)(frame) for frame in frames]
    answer = json.dumps(
        {
            "serverContent": {
                "modelTurn": {
                    "parts": [
                        {
                            "inlineData": {
                                "mimeType": "audio/pcm;rate=24000",
                                "data": base64.b64encode(bytes(1920)).decode(),
                            }
                        }
                    ]
                }
            }
        }
    )
    sent = [ms.Audio(one + other) for one, other in zip(frames[::2], frames[1::2], strict=True)]
    found = {
        "from 48 kHz": best(Resampler(48_000, 16_000), wide),
        "voice detection": best(Voice(), frames),
        "echo cancelling": best(_cancelled(), frames),
        "the core, idle": best(_core(idle=True), frames),
        "the core, hearing": best(_core(idle=False), frames),
        "into a message": best(encode, sent) / 2,  # a message has two
        "into a message, google-genai": best(_official(), frames),
        "out of a message": best(decode, [answer] * FRAMES) / 2,  # this one has 40 ms
        "out of a message, google-genai": best(_official_heard, [answer] * FRAMES) / 2,
        "to the speaker, 48 kHz": best(_played(), frames),
    }
    return {name: round(value, 1) for name, value in found.items()}


def speech() -> list[bytes]:
    pcm, rate_hz = clip("turn-on-the-kitchen-light.wav")
    pcm = Resampler(rate_hz, 16_000)(pcm)
    whole = (pcm * (1 + FRAMES * FRAME_BYTES // len(pcm)))[: FRAMES * FRAME_BYTES]
    return [whole[at : at + FRAME_BYTES] for at in range(0, len(whole), FRAME_BYTES)]


def best(stage: Callable[[Any], object], pieces: list[Any]) -> float:
    """µs for one piece."""
    times = []
    for _ in range(ROUNDS):
        at = time.perf_counter()
        for piece in pieces:
            stage(piece)
        times.append((time.perf_counter() - at) / len(pieces))
    return 1e6 * min(times)


def _cancelled() -> Callable[[bytes], object]:
    canceller, far = Canceller(), array("h", range(-160, 160)).tobytes()
    return lambda frame: canceller(frame, far)


def _core(*, idle: bool) -> Callable[[bytes], object]:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    if not idle:
        room.do(ev.Pressed())  # and held
        room.pass_time(1.0)
    index, now = room.index, room.now

    def frame(pcm: bytes) -> None:
        nonlocal index, now
        index, now = index + 1, now + 0.0001  # so slow a clock that nothing becomes due
        room.conversation.handle(ev.Heard(pcm, index, 0), now)

    return frame


class _Nowhere:
    async def send(self, text: str) -> None:
        """It is only made."""


def _official() -> Callable[[bytes], object]:
    from google import genai

    client = genai.Client(api_key="any")
    session = AsyncSession(api_client=client._api_client, websocket=_Nowhere())  # type: ignore[arg-type]

    def send(pcm: bytes) -> None:
        blob = types.Blob(data=pcm, mime_type="audio/pcm;rate=16000")
        coroutine = session.send_realtime_input(audio=blob)
        try:
            coroutine.send(None)  # no loop: nothing in it waits
        except StopIteration:
            return
        asyncio.run(asyncio.sleep(0))
        raise RuntimeError("it waits for something")

    return send


def _official_heard(text: str) -> object:
    return types.LiveServerMessage._from_response(response=json.loads(text), kwargs={}).data


def _played() -> Callable[[bytes], object]:
    playout = Playout(Resampler, 48_000)
    tone = array("h", range(-240, 240)).tobytes()

    def play(_: bytes) -> None:
        playout.add(1, tone, 24_000)
        playout.pull(480)
        playout.pull(480)

    return play
