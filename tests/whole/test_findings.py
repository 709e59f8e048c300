"""What the service's own tools found, as a person sees it: over a real WebSocket, in `appliance watch`."""

from __future__ import annotations

import asyncio

import pytest

from appliance.standin.findings import PAGE, PROGRAM
from appliance.standin.server import Options, StandIn, Variants

from .house import Daemon

pytestmark = pytest.mark.slow


def toml(standin: StandIn, model: str, more: str = "") -> str:
    line = f'[live]\nmodel = "{model}"\nendpoint = "{standin.url}"\n'
    return f'{line}[audio]\nbackend = "memory"\n[turns]\nfollow_up_s = 0\n{more}'


def quiet(**variants: object) -> Options:
    return Options(brain=False, voice="tone", answer="It is so.", variants=Variants(**variants))  # type: ignore[arg-type]


def test_all_tools_together_are_shown_and_not_a_word_of_them_is_spoken() -> None:
    async def life() -> None:
        tools = "[live.tools]\ngoogle_search = true\ncode_execution = true\nurl_context = true\n"
        async with (
            StandIn(quiet(findings=True, thoughts=True)) as standin,
            Daemon(toml(standin, "gemini-2.0-flash-live-001", tools)) as daemon,
        ):
            status, out, _ = await daemon.run("ask", "What is the sum?")
            assert (status, out) == (0, "It is so.\n")
            await daemon.until(lambda: daemon.of("sources"))
            [code], [result], [sources] = (daemon.of(k) for k in ("code", "result", "sources"))
            assert (code["language"], code["text"]) == ("python", PROGRAM)
            assert (result["outcome"], result["text"]) == ("ok", "45\n")
            assert sources["queries"] == ["largest earthquake this week"]
            pages = [{**PAGE, "status": ""}, {"uri": PAGE["uri"], "title": "", "status": "success"}]
            assert sources["pages"] == pages
            assert "Thinking" not in str(daemon.told)
            await daemon.stop()
            assert PROGRAM not in daemon.log

    asyncio.run(life())


def test_a_turn_that_goes_on_without_a_word_is_waited_for() -> None:
    async def life() -> None:
        async with (
            StandIn(quiet(further_turns=2)) as standin,
            Daemon(toml(standin, "gemini-3.8-live-extended-thinking")) as daemon,
        ):
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: len(daemon.of("turn")) == 3)
            assert [turn["outcome"] for turn in daemon.of("turn")] == ["answered"] * 3

    asyncio.run(life())


def test_an_answer_that_is_withheld_says_so() -> None:
    async def life() -> None:
        async with (
            StandIn(
                quiet(turn_complete_reason="RESPONSE_REJECTED", no_audio=True, no_transcript=True)
            ) as standin,
            Daemon(toml(standin, "gemini-3.8-live")) as daemon,
        ):
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: daemon.of("turn"))
            assert daemon.of("turn")[0]["outcome"] == "answer withheld by the service"

    asyncio.run(life())
