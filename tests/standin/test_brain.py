"""Understanding without a network: right, or refused; never guessed."""

from __future__ import annotations

import asyncio
import json
import shutil
import wave
from pathlib import Path

import pytest
from google.genai import types

import appliance.standin
from appliance.standin.brain import Brain, believable
from appliance.standin.ear import Words
from appliance.standin.phrases import DEAF, NOTHING_HEARD
from appliance.standin.server import Options

from .caller import DECLARATIONS, calling, run, setup, words_in

SHELF = Path(appliance.standin.__file__).with_name("requests")
REQUESTS = json.loads((SHELF / "index.json").read_text())


def pcm_of(name):
    with wave.open(str(SHELF / name)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        return file.readframes(file.getnframes())


@pytest.fixture(scope="module")
def brain():
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    return Brain()


def test_shelf_is_complete():
    assert {r["file"] for r in REQUESTS} == {p.name for p in SHELF.glob("*.wav")}
    assert all(r["licence"] and r["source"] and r["text"] for r in REQUESTS)
    assert sum(r["calls"] is None for r in REQUESTS) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: r["file"])
def test_recording(brain, request_):
    understood = asyncio.run(brain.hear(pcm_of(request_["file"]), DECLARATIONS))
    assert [{"name": c.name, "args": c.args} for c in understood.calls] == (request_["calls"] or [])
    if request_["calls"] is None:
        assert understood.answer == (
            "I did not understand. While I am offline I can only switch, dim and colour the lights."
        )


@pytest.mark.slow
@pytest.mark.parametrize("pcm", [b"", bytes(64_000), b"\x01\x00\xff\xff" * 8000])
def test_silence(brain, pcm):
    assert asyncio.run(brain.hear(pcm, DECLARATIONS)).answer == NOTHING_HEARD


@pytest.mark.slow
@pytest.mark.parametrize("name", ["click", "hum"])
def test_noise_is_no_request(brain, name):
    sound = b"\xff\x7f" * 160 + bytes(32_000) if name == "click" else b"\x00\x20" * 80 + b"\x00\xe0" * 80
    understood = asyncio.run(brain.hear(sound * (1 if name == "click" else 100), DECLARATIONS))
    assert understood.calls == ()


@pytest.mark.slow
def test_an_unlisted_name_is_heard_and_the_declared_names_are_the_only_ones(brain):
    things = {"type": "ARRAY", "items": {"type": "STRING", "enum": ["Zwickelbox", "灯"]}}
    schema = {"type": "OBJECT", "properties": {"x": things, "on": {"type": "STRING", "enum": ["on", "off"]}}}
    declarations = [{"name": "f", "description": "x", "parameters": schema}]
    understood = asyncio.run(brain.hear(pcm_of("turn-on-the-kitchen-light.wav"), declarations))
    assert understood.calls == ()
    assert "switch the lights" in understood.answer


def test_without_functions_it_says_so():
    understood = asyncio.run(Brain().hear(pcm_of("which-lights-are-on.wav"), []))
    assert understood.answer == "I did not understand. I can not do anything for you while I am offline."


def test_without_a_recogniser_it_says_so(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pocketsphinx", None)
    assert asyncio.run(Brain().hear(pcm_of("which-lights-are-on.wav"), DECLARATIONS)).answer == DEAF


def test_typed_requests_need_no_recogniser():
    understood = asyncio.run(Brain().read("Turn on the kitchen light!", DECLARATIONS))
    assert understood.calls[0].args == {"names": ["kitchen light"], "power": "on"}
    assert asyncio.run(Brain().read("who are you", DECLARATIONS)).calls == ()


@pytest.mark.slow
def test_conversation_end_to_end():
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

    async def test(standin):
        async with calling(standin, setup(sessionResumption={})) as caller:
            await caller.receive()
            await caller.ask(pcm_of("two-requests.wav"))
            messages = await caller.until("toolCall")
            assert (
                words_in(messages, "inputTranscription")
                == "Turn on the kitchen light and turn off the desk lamp."
            )
            on, off = messages[-1]["toolCall"]["functionCalls"]
            await caller.respond(on, {"lights": {"kitchen light": {"power": "on"}}})
            await caller.respond(off, {"error": "the desk lamp is unplugged"})
            answer = await caller.turn()
            assert (
                words_in(answer) == "The kitchen light is on. That did not work: the desk lamp is unplugged."
            )
            for message in [*messages, *answer]:
                types.LiveServerMessage.model_validate(message)
        assert len(standin.said[0].pcm) > 24_000

    voice = "auto" if shutil.which("espeak-ng") else "tone"
    run(test, Options(speed=0.0, voice=voice))


def test_nothing_that_was_said_is_logged(caplog):
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    caplog.set_level("DEBUG", "appliance.standin")
    asyncio.run(Brain().hear(pcm_of("turn-everything-off.wav"), DECLARATIONS))
    assert "heard 3 words" in caplog.text
    assert "everything" not in caplog.text


LONG, BRIEF = ("turn", "everything", "off"), ("lights", "on")


@pytest.mark.parametrize(
    ("words", "believed"),
    [
        (Words(LONG, 15.9, 28.0, 1.2, 0.0, 50.0), True),
        (Words(LONG, 16.1, 28.0, 1.2, 0.0, 50.0), False),
        (Words(LONG, 15.9, 41.0, 1.2, 0.0, 50.0), False),
        (Words(LONG, 4.0, 28.0, 12.0, 0.0, 50.0), False),
        (Words(LONG, 5.0, 12.0, 1.2, 7.9, 50.0), True),
        (Words(LONG, 5.0, 12.0, 1.2, 8.1, 50.0), False),
        (Words(BRIEF, 11.9, 20.0, 0.7, 0.0, 50.0), True),
        (Words(BRIEF, 12.1, 20.0, 0.7, 0.0, 50.0), False),
        (Words(BRIEF, 9.0, 31.0, 0.7, 0.0, 50.0), False),
        (Words(LONG, 15.9, 28.0, 1.2, 0.0, 30.0), False),
        (Words(LONG, 9.4, 19.0, 1.2, 0.0, 18.0), True),
        (Words(LONG, 9.6, 19.0, 1.2, 0.0, 18.0), False),
        (Words(LONG, 9.4, 20.5, 1.2, 0.0, 18.0), False),
        (Words(LONG, 4.1, 3.0, 1.2, 0.0, 0.0), True),
        (Words(LONG, 4.3, 3.0, 1.2, 0.0, 0.0), False),
    ],
)
def test_what_is_believed(words, believed):
    assert believable(words) == believed
