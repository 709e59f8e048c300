"""The official client as the reference: what it puts on the wire for the same wish is what we put there.

Its `connect` is given a socket that writes down the address, the headers and every message.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from typing import Any

import pytest
from google import genai
from google.genai import live, types

from appliance.adapters.link import service_url
from appliance.core import messages as ms
from appliance.core.wire import encode

from .judge import judge_client
from .pictures import BLUE

MODEL = "gemini-3.8-live"
NAMED_BY_US = ("properties", "args", "response")  # below these, keys are names of ours and no fields
FUNCTION: dict[str, Any] = {
    "name": "set_lights",
    "description": "Switch lights.",
    "behavior": "NON_BLOCKING",
    "parameters": {
        "type": "OBJECT",
        "properties": {
            "names": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["desk lamp", "all"]}},
            "transition_s": {"type": "NUMBER", "minimum": 0.0, "maximum": 60.0, "nullable": True},
        },
        "required": ["names"],
    },
}


class Socket:
    """What the official client holds for a WebSocket. `sent` is what it wrote, as values."""

    def __init__(self) -> None:
        self.uri = ""
        self.headers: dict[str, str] = {}
        self.sent: list[dict[str, Any]] = []

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def recv(self, decode: bool = True) -> bytes:
        return b'{"setupComplete": {}}'

    async def close(self) -> None:
        """Nothing is open."""


Say = Callable[[live.AsyncSession], Coroutine[Any, Any, None]]


def official(
    monkeypatch: pytest.MonkeyPatch,
    say: Say | None = None,
    key: str = "the-key",
    version: str = "v1beta",
    **config: Any,
) -> Socket:
    """What the official client does that is configured so and says that."""
    socket = Socket()

    @contextlib.asynccontextmanager
    async def connect(uri: str, additional_headers: Mapping[str, str], **_: object) -> AsyncIterator[Socket]:
        socket.uri, socket.headers = uri, dict(additional_headers)
        yield socket

    async def life() -> None:
        client = genai.Client(api_key=key, http_options={"api_version": version})
        async with client.aio.live.connect(model=MODEL, config=types.LiveConnectConfig(**config)) as session:
            if say is not None:
                await say(session)

    monkeypatch.setattr(live, "ws_connect", connect)
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that tokens are experimental
        asyncio.run(life())
    return socket


def plain(value: Any) -> Any:
    """The same in one spelling: the official client mixes two, and two alphabets of base64."""
    if isinstance(value, dict):
        found = {}
        for key, inner in value.items():
            name = re.sub(r"_([a-z])", lambda m: m[1].upper(), key)
            kept = {k: plain(v) for k, v in inner.items()} if name == "properties" else inner
            found[name] = kept if name in NAMED_BY_US else plain(inner)
        if isinstance(found.get("data"), str):
            found["data"] = found["data"].replace("-", "+").replace("_", "/")
        return found
    return [plain(inner) for inner in value] if isinstance(value, list) else value


OURS: dict[str, Any] = {
    "response_modalities": ["AUDIO"],
    "realtime_input_config": {
        "automatic_activity_detection": {"disabled": True},
        "activity_handling": "START_OF_ACTIVITY_INTERRUPTS",
    },
    "session_resumption": {},
    "context_window_compression": {"sliding_window": {}},
    "input_audio_transcription": {},
    "output_audio_transcription": {},
}
"""What we always ask for."""

SETUPS: list[tuple[str, ms.Setup, dict[str, Any]]] = [
    ("plain", ms.Setup(MODEL), {}),
    ("text", ms.Setup(MODEL, modality="TEXT"), {"response_modalities": ["TEXT"]}),
    ("an instruction", ms.Setup(MODEL, "Be kind."), {"system_instruction": "Be kind."}),
    (
        "a voice and a language",
        ms.Setup(MODEL, voice="Kore", language="de-DE"),
        {
            "speech_config": {
                "voice_config": {"prebuilt_voice_config": {"voice_name": "Kore"}},
                "language_code": "de-DE",
            }
        },
    ),
    ("a budget", ms.Setup(MODEL, thinking=512), {"thinking_config": {"thinking_budget": 512}}),
    ("no thinking", ms.Setup(MODEL, thinking=0), {"thinking_config": {"thinking_budget": 0}}),
    ("a level", ms.Setup(MODEL, thinking="low"), {"thinking_config": {"thinking_level": "LOW"}}),
    ("affective", ms.Setup(MODEL, affective=True), {"enable_affective_dialog": True}),
    ("proactive", ms.Setup(MODEL, proactive=True), {"proactivity": {"proactive_audio": True}}),
    (
        "tools",
        ms.Setup(MODEL, functions=(FUNCTION,), own_tools=("googleSearch", "codeExecution", "urlContext")),
        {
            "tools": [
                {"function_declarations": [FUNCTION]},
                {"google_search": {}},
                {"code_execution": {}},
                {"url_context": {}},
            ]
        },
    ),
    (
        "compression",
        ms.Setup(MODEL, compress_at_tokens=25_600, compress_to_tokens=12_800),
        {
            "context_window_compression": {
                "trigger_tokens": 25_600,
                "sliding_window": {"target_tokens": 12_800},
            }
        },
    ),
    (
        "turns",
        ms.Setup(MODEL, interruptible=False, coverage="TURN_INCLUDES_ALL_INPUT"),
        {
            "realtime_input_config": {
                "automatic_activity_detection": {"disabled": True},
                "activity_handling": "NO_INTERRUPTION",
                "turn_coverage": "TURN_INCLUDES_ALL_INPUT",
            }
        },
    ),
    (
        "turns by the service",
        ms.Setup(MODEL, detection=ms.Detection("low", "high", 20, 800)),
        {
            "realtime_input_config": {
                "automatic_activity_detection": {
                    "disabled": False,
                    "start_of_speech_sensitivity": "START_SENSITIVITY_LOW",
                    "end_of_speech_sensitivity": "END_SENSITIVITY_HIGH",
                    "prefix_padding_ms": 20,
                    "silence_duration_ms": 800,
                },
                "activity_handling": "START_OF_ACTIVITY_INTERRUPTS",
            }
        },
    ),
    (
        "pictures",
        ms.Setup(MODEL, media_resolution="MEDIA_RESOLUTION_LOW"),
        {"media_resolution": "MEDIA_RESOLUTION_LOW"},
    ),
    ("a handle", ms.Setup(MODEL, resume=ms.Handle("h-1")), {"session_resumption": {"handle": "h-1"}}),
    (
        "keys of one's own",
        ms.Setup(MODEL, extra={"generationConfig": {"temperature": 0.5, "topK": 3}}),
        {"temperature": 0.5, "top_k": 3},
    ),
]


@pytest.mark.parametrize(("setup", "wish"), [row[1:] for row in SETUPS], ids=[row[0] for row in SETUPS])
def test_our_setup_is_that_of_the_official_client(
    monkeypatch: pytest.MonkeyPatch, setup: ms.Setup, wish: dict[str, Any]
) -> None:
    [theirs] = official(monkeypatch, **(OURS | wish)).sent
    theirs = plain(theirs)
    theirs["setup"].get("systemInstruction", {}).pop("role", None)  # it says "user", which means nothing
    ours = json.loads(encode(setup))
    for one in (ours, theirs):
        one["setup"].get("tools", []).sort(key=sorted)  # the order of the tools means nothing either
    assert ours == theirs
    judge_client(encode(setup))


def blob(kind: str, of: bytes) -> types.Blob:
    return types.Blob(mime_type=kind, data=of)


def content(role: str, *parts: types.Part) -> types.Content:
    return types.Content(role=role, parts=list(parts))


def text(said: str) -> types.Part:
    return types.Part(text=said)


def answer(**fields: Any) -> types.FunctionResponse:
    return types.FunctionResponse(id="fc_1", name="f", response={"done_s": 1}, **fields)


PCM = b"\xfb\xef\x00\xff"
SEED = (("user", ("(Before.)",)), ("model", ("Hello.",)), ("user", ("(Go on.)",)))
SAID: list[tuple[ms.ClientMessage, Say]] = [
    (ms.ActivityStart(), lambda s: s.send_realtime_input(activity_start=types.ActivityStart())),
    (ms.ActivityEnd(), lambda s: s.send_realtime_input(activity_end=types.ActivityEnd())),
    (ms.Audio(PCM), lambda s: s.send_realtime_input(audio=blob("audio/pcm;rate=16000", PCM))),
    (ms.Audio(PCM, 44_100), lambda s: s.send_realtime_input(audio=blob("audio/pcm;rate=44100", PCM))),
    (ms.AudioStreamEnd(), lambda s: s.send_realtime_input(audio_stream_end=True)),
    (ms.Image(BLUE), lambda s: s.send_realtime_input(video=blob("image/jpeg", BLUE))),
    (ms.Text("hé"), lambda s: s.send_realtime_input(text="hé")),
    (
        ms.Content("What is it?", BLUE),
        lambda s: s.send_client_content(
            turns=content("user", types.Part(inline_data=blob("image/jpeg", BLUE)), text("What is it?"))
        ),
    ),
    (
        ms.Past(SEED),
        lambda s: s.send_client_content(
            turns=[content(role, *(text(t) for t in texts)) for role, texts in SEED], turn_complete=False
        ),
    ),
    *(
        (
            ms.ToolResponse((ms.FunctionAnswer("fc_1", "f", {"done_s": 1}, when, will_continue=goes_on),)),
            lambda s, fields=fields: s.send_tool_response(function_responses=[answer(**fields)]),
        )
        for when, goes_on, fields in (
            ("", False, {}),
            ("INTERRUPT", False, {"scheduling": "INTERRUPT"}),
            ("WHEN_IDLE", False, {"scheduling": "WHEN_IDLE"}),
            ("SILENT", True, {"scheduling": "SILENT", "will_continue": True}),
        )
    ),
]


@pytest.mark.parametrize(("message", "say"), SAID, ids=[encode(message)[:70] for message, _ in SAID])
def test_our_messages_are_those_of_the_official_client(
    monkeypatch: pytest.MonkeyPatch, message: ms.ClientMessage, say: Say
) -> None:
    [_, theirs] = official(monkeypatch, say).sent
    assert json.loads(encode(message)) == plain(theirs)
    judge_client(encode(message))


@pytest.mark.parametrize("version", ["v1beta", "v1alpha", "v1"])
def test_the_address_and_the_key_go_where_it_puts_them(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    socket = official(monkeypatch, version=version)
    # Its base ends in a slash: the doubled one is no part of the protocol.
    theirs = socket.uri.replace(".com//", ".com/")
    assert service_url("wss://generativelanguage.googleapis.com", version) == theirs
    assert socket.headers["x-goog-api-key"] == "the-key"
    assert "the-key" not in socket.uri


def test_a_constrained_token_goes_where_it_puts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "auth_tokens/a1"
    socket = official(monkeypatch, key=token, version="v1alpha")
    theirs = socket.uri.replace(".com//", ".com/")
    assert service_url("wss://generativelanguage.googleapis.com", "v1alpha", token=True) == theirs
    assert socket.headers["Authorization"] == f"Token {token}"
    assert token not in socket.uri
