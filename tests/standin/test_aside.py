"""Answers that no turn has waited for: spoken of when their scheduling says, or not at all."""

from __future__ import annotations

import pytest

from appliance.standin.scene import parse

from .caller import DECLARATIONS, calling, quick, run, setup, words_in

LATER = [{**DECLARATIONS[1], "behavior": "NON_BLOCKING"}]
ASKED = [{"expect": "turn"}, {"call": [{"name": "get_lights", "id": "a"}], "wait": False}]


def row(text, **more):
    return {"id": "a", "name": "get_lights", "response": {"output": text}, **more}


def asked(*steps, **options):
    return quick(scene=parse({"steps": [*ASKED, *steps]}), **options)


async def respond(caller, *rows):
    await caller.send({"toolResponse": {"functionResponses": list(rows)}})


@pytest.mark.parametrize("scheduling", [{}, {"scheduling": "WHEN_IDLE"}, {"scheduling": "INTERRUPT"}])
def test_an_answer_is_spoken_of_in_a_turn_of_its_own(scheduling):
    async def test(standin):
        async with calling(standin, setup(tools=[{"functionDeclarations": LATER}])) as caller:
            await caller.ask()
            assert words_in(await caller.turn()) == "I am on it."
            await respond(caller, row("dark", **scheduling))
            assert words_in(await caller.turn()) == "Of get_lights: dark."

    run(test, asked({"speak": "I am on it."}))


def test_each_answer_that_continues_is_spoken_of_and_the_silent_last_one_is_not():
    async def test(standin):
        async with calling(standin, setup(tools=[{"functionDeclarations": LATER}])) as caller:
            await caller.ask()
            await caller.turn()
            await respond(caller, row("one", willContinue=True), row("two", willContinue=True))
            assert words_in(await caller.turn()) == "Of get_lights: one."
            assert words_in(await caller.turn()) == "Of get_lights: two."
            await respond(caller, row("", scheduling="SILENT"))
            await caller.ask()
            assert words_in(await caller.turn()) == "Good day."

    run(test, asked({"speak": "I am on it."}))


def test_an_answer_that_interrupts_breaks_the_turn_off():
    async def test(standin):
        async with calling(standin, setup(tools=[{"functionDeclarations": LATER}])) as caller:
            await caller.ask()
            await caller.until("serverContent", "outputTranscription")
            await respond(caller, row("fire", scheduling="INTERRUPT"))
            broken = await caller.turn()
            assert any("interrupted" in message.get("serverContent", {}) for message in broken)
            assert words_in(await caller.turn()) == "Of get_lights: fire."

    run(test, asked({"speak": "A long story.", "seconds": 60}, speed=4.0))
