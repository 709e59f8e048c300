"""Scenes: the shelf is sound, every scene plays, and a bad one is named with what is wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest
from google.genai import types
from websockets.exceptions import ConnectionClosed

from appliance.standin.scene import SHELF, SceneError, load, names, parse

from .caller import PATIENCE_S, calling, quick, run, setup

BAD = {
    "a list": ([], "a scene is an object"),
    "no steps": ({}, "needs either steps or links"),
    "unknown key": (
        {"step": [], "steps": []},
        "unknown step; allowed are about, links, options, steps, then",
    ),
    "unknown verb": ({"steps": [{"sing": "x"}]}, "step 1: needs exactly one of expect, hear, speak"),
    "two verbs": ({"steps": [{"hear": "x"}, {"hear": "x", "speak": "y"}]}, "step 2: needs exactly one of"),
    "extra key": ({"steps": [{"hear": "x", "loud": True}]}, "hear has no 'loud'; allowed are hear"),
    "wrong type": ({"steps": [{"wait_s": "long"}]}, "wait_s must be int or float"),
    "bool for number": ({"steps": [{"wait_s": True}]}, "wait_s must be int or float"),
    "unknown happening": ({"steps": [{"expect": "rain"}]}, "expect must be one of setup, activityStart"),
    "unknown garbage": ({"steps": [{"garbage": "rain"}]}, "garbage must be one of text, noise"),
    "call without name": ({"steps": [{"call": [{}]}]}, "each call needs a name"),
    "call with more": ({"steps": [{"call": [{"name": "f", "arguments": {}}]}]}, "a call has name, args"),
    "close code": ({"steps": [{"close": 999}]}, "close must be 0, -1 or a close code"),
    "close code not for sending": ({"steps": [{"close": 1006}]}, "1006 may not be sent"),
    "then": ({"steps": [], "then": "dance"}, "then must be one of answer, silence, repeat"),
    "endless": ({"steps": [{"hear": "x"}], "then": "repeat"}, "repeat needs an expect"),
    "fault": (
        {"steps": [], "options": {"faults": {"rain": 1}}},
        "faults has no 'rain'; there are answer_delay_s",
    ),
    "fault value": ({"steps": [], "options": {"faults": {"close_at": "noon"}}}, "close_at must be one of"),
    "option": ({"steps": [], "options": {"rain": 1}}, "options have no 'rain'"),
    "second link": ({"links": [[], [{"sing": 1}]]}, "link 2, step 1"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_scene_is_named(name):
    value, reason = BAD[name]
    with pytest.raises(SceneError) as caught:
        parse(value, "my.json")
    assert str(caught.value).startswith("my.json")
    assert reason in str(caught.value)


def test_files(tmp_path):
    good = tmp_path / "good.json"
    good.write_text('{"steps": [{"expect": "turn"}]}')
    assert load(str(good)).steps_on(7) == ({"expect": "turn"},)
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(SceneError, match=r"bad\.json"):
        load(str(tmp_path / "bad.json"))
    with pytest.raises(SceneError, match="no scene 'nothing'; there are all-at-once"):
        load("nothing")


def test_shelf():
    assert len(names()) >= 20
    for name in names():
        load(name)
        assert json.loads((SHELF / f"{name}.json").read_text())["about"].endswith(".")


def play(name):
    """Talk to a scene for a few turns, answering calls; returns the record and the closes seen."""
    scene = load(name)

    async def test(standin):
        closes = []
        for _ in range(2):
            async with calling(standin, setup(sessionResumption={})) as caller:
                with contextlib.suppress(TimeoutError):
                    try:
                        await converse(caller, standin)
                    except ConnectionClosed as error:
                        closes.append((error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, ""))
        return list(standin.record), closes

    return run(test, quick(scene=scene, time_scale=100.0, speed=4.0))


async def converse(caller, standin):
    patience_s = 0.3 if name_of(standin) in SILENT else PATIENCE_S
    if "setupComplete" not in await answer(caller, patience_s):
        return
    spoken_over = False
    for _ in range(3):
        await caller.ask()
        while True:
            message = await answer(caller, patience_s)
            calls = message.get("toolCall", {}).get("functionCalls", [])
            if calls and name_of(standin) == "cancelled-by-speech":
                await caller.ask()
            elif isinstance(calls, list) and name_of(standin) not in ("cancelled", "interrupted-with-call"):
                for call in calls:
                    await caller.respond(call)
            content = message.get("serverContent", {})
            if "modelTurn" in content and name_of(standin) in LONG and not spoken_over:
                spoken_over = True
                await caller.ask()
            if content.get("turnComplete"):
                break


def name_of(standin):
    return Path(standin.options.scene.name).stem


async def answer(caller, patience_s):
    while True:
        async with asyncio.timeout(patience_s):
            frame = await caller.socket.recv()
        with contextlib.suppress(ValueError):
            return json.loads(frame)


LONG = ("interrupted", "late-audio")
SILENT = ("mute", "no-setup")
ENDS = {
    "bad-key": (1007, "API key not valid. Please pass a valid API key."),
    "quota": (1011, "You exceeded your current quota"),
    "quota-once": (1011, "You exceeded your current quota"),
    "dropped": (1006, ""),
    "dead-handle": (1011, "Internal error encountered."),
    "goaway": (1011, "Deadline expired"),
    "goaway-mid-answer": (1011, "Deadline expired"),
}


@pytest.mark.parametrize("name", [n for n in names() if n != "huge"])
def test_every_scene_plays_and_the_public_types_accept_it(name):
    record, closes = play(name)
    sent = [e.message for e in record if e.side == "server" and not (e.has("raw") or e.has("closed"))]
    for message in sent:
        types.LiveServerMessage.model_validate(restored(message))
    assert not any(e.has("refused") for e in record)
    if name in ENDS:
        code, reason = ENDS[name]
        assert closes
        assert closes[0][0] == code
        assert closes[0][1].startswith(reason)
    elif name in LONG:
        assert any("interrupted" in m.get("serverContent", {}) for m in sent)
    elif name not in SILENT:
        assert any("turnComplete" in m.get("serverContent", {}) for m in sent)


def restored(value):
    """A recorded message with some data in place of its binary data."""
    if isinstance(value, dict):
        return "AAAA" if set(value) == {"pcm_bytes"} else {k: restored(v) for k, v in value.items()}
    return [restored(v) for v in value] if isinstance(value, list) else value
