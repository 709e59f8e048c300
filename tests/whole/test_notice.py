"""The soft limit of the budget, as a household hears it: said aloud once, by a daemon on a real WebSocket."""

from __future__ import annotations

import asyncio
import json
import tempfile

import pytest

from appliance.core.notice import WORDS
from appliance.core.questions import WORD_FOR_WORD
from appliance.standin.server import Options, StandIn
from tests.judge import judge_client

from .house import Daemon

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="It is so.")
LONG = "Why? " * 390  # some hundred tokens


def toml(standin: StandIn, soft: int, more: str = "") -> str:
    line = f'[live]\nendpoint = "{standin.url}"\n{more}[audio]\nbackend = "memory"\n'
    return f"{line}[turns]\nfollow_up_s = 0\n[budget]\nsoft_tokens_day = {soft}\n"


def notices(standin: StandIn) -> list[object]:
    """What was typed to the service for the box itself."""
    said = [e.message for e in standin.record if e.side == "client" and WORDS in json.dumps(e.message)]
    for message in said:
        judge_client(json.dumps(message))
    return said


async def spend(daemon: Daemon) -> None:
    """Ask until the soft limit is told."""
    while not daemon.of("budget"):
        assert (await daemon.run("ask", LONG))[0] == 0
        assert len(daemon.of("turn")) < 20


def test_it_is_said_aloud_once_and_is_no_turn_of_a_person() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            with tempfile.TemporaryDirectory() as state:
                async with Daemon(toml(standin, 1_500), state=state) as daemon:
                    await spend(daemon)
                    asked = len(daemon.of("turn"))
                    await daemon.until(lambda: len(daemon.of("turn")) > asked)
                    assert daemon.of("turn")[-1]["outcome"] == "answered"
                    [notice] = notices(standin)
                    assert WORD_FOR_WORD in json.dumps(notice)
                    spoken = await daemon.ask(do="status")
                    assert isinstance(spoken["usage"], dict)
                    today = spoken["usage"]["today"]
                    assert today["turns"] == asked, "the notice is not one of them"
                    heard = ["first_byte_to_first_sample" in turn for turn in daemon.of("turn")]
                    assert heard == [False] * asked + [True], "it is, and the typed answers were not"
                    assert (await daemon.run("ask", "And now?"))[0] == 0
                    assert (await daemon.run("status"))[1].count("budget: the soft limit is reached") == 1
                    assert await daemon.stop() == 0
                async with Daemon(toml(standin, 1_500), state=state) as daemon:
                    assert (await daemon.run("ask", "And after a restart?"))[0] == 0
                    assert (await daemon.run("say", "Good night."))[0] == 0
                    assert daemon.of("budget") == []
                assert len(notices(standin)) == 1

    asyncio.run(life())


def test_a_press_silences_it_and_is_heard() -> None:
    async def life() -> None:
        long = Options(brain=False, voice="tone", answer="This goes on and on. " * 20, speed=0)
        async with StandIn(long) as standin, Daemon(toml(standin, 1_500)) as daemon:
            await spend(daemon)
            asked = len(daemon.of("turn"))
            await daemon.until(lambda: daemon.of("phase")[-1]["mood"] == "speaking")
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: len(daemon.of("turn")) > asked)
            assert daemon.of("turn")[asked]["outcome"] == "interrupted"
            await daemon.ask(do="cancel")

    asyncio.run(life())


def test_where_the_model_has_no_voice_it_is_only_told() -> None:
    async def life() -> None:
        more = 'model = "gemini-2.0-flash-live-001"\nmodality = "text"\n'
        async with StandIn(QUIET) as standin, Daemon(toml(standin, 1_500, more)) as daemon:
            await spend(daemon)
            assert (await daemon.run("ask", "And now?"))[0] == 0
            assert len(daemon.of("budget")) == 1
            assert notices(standin) == []

    asyncio.run(life())
