"""Function calls: every id answered once, nothing said meanwhile, cancelled when spoken over."""

from __future__ import annotations

import asyncio

import pytest

from appliance.standin.calls import Calls
from appliance.standin.refusal import Refusal
from appliance.standin.scene import parse
from appliance.standin.server import Variants

from .caller import DECLARATIONS, calling, quick, run, setup, words_in

LIGHT = {"name": "set_lights", "args": {"names": ["all"], "power": "on"}}


def scene(*calls, **more):
    steps = [{"expect": "turn"}, {"call": list(calls)}, {"speak": "Done."}]
    return parse({"steps": steps} | more)


async def called(caller):
    await caller.ask()
    return (await caller.until("toolCall"))[-1]["toolCall"]["functionCalls"]


def test_answered_call_continues_the_turn():
    async def test(standin):
        async with calling(standin) as caller:
            (call,) = await called(caller)
            assert (call["name"], call["args"]) == ("set_lights", LIGHT["args"])
            await caller.respond(call)
            assert words_in(await caller.turn()) == "Done."

    run(test, quick(scene=scene(LIGHT)))


@pytest.mark.parametrize("together", [True, False])
def test_every_id_must_be_answered(together):
    async def test(standin):
        async with calling(standin) as caller:
            calls = await called(caller)
            assert len({call["id"] for call in calls}) == 3
            rows = [{"id": c["id"], "name": c["name"], "response": {"output": "ok"}} for c in calls]
            for batch in [rows] if together else [[row] for row in reversed(rows)]:
                await caller.send({"toolResponse": {"functionResponses": batch}})
            assert words_in(await caller.turn()) == "Done."

    run(test, quick(scene=scene(LIGHT, LIGHT, {"name": "get_lights"})))


@pytest.mark.parametrize(
    "row",
    [
        {"id": "other", "name": "set_lights", "response": {}},
        {"name": "set_lights", "response": {}},
        {"id": "fc_7", "name": "get_lights", "response": {}},
    ],
)
def test_wrong_answer(row):
    async def test(standin):
        async with calling(standin) as caller:
            await called(caller)
            await caller.send({"toolResponse": {"functionResponses": [row]}})
            assert await caller.closed() == (1008, "Requested entity was not found.")

    run(test, quick(scene=scene(LIGHT | {"id": "fc_7"})))


def test_answer_twice():
    async def test(standin):
        async with calling(standin) as caller:
            (call,) = await called(caller)
            await caller.respond(call)
            await caller.respond(call)
            assert (await caller.closed())[0] == 1008

    run(test, quick(scene=scene(LIGHT)))


@pytest.mark.parametrize("given", [{"activityStart": {}}, {"text": "hello"}])
def test_nothing_may_be_said_during_a_blocking_call(given):
    async def test(standin):
        async with calling(standin) as caller:
            await called(caller)
            await caller.realtime(**given)
            assert await caller.closed() == (1008, "Operation is not implemented, or supported, or enabled.")

    run(test, quick(scene=scene(LIGHT)))


def test_speaking_over_a_call_cancels_it_where_that_is_allowed():
    unhurried = [d | {"behavior": "NON_BLOCKING"} for d in DECLARATIONS]

    async def test(standin):
        async with calling(standin, setup(tools=[{"functionDeclarations": unhurried}])) as caller:
            await caller.receive()
            (call,) = await called(caller)
            await caller.realtime(activityStart={})
            messages = await caller.turn()
            assert messages[0] == {"toolCallCancellation": {"ids": [call["id"]]}}
            assert messages[1] == {"serverContent": {"interrupted": True}}
            await caller.respond(call)  # it may have been under way
            await caller.respond(call)
            assert (await caller.closed())[0] == 1008

    run(test, quick(scene=scene(LIGHT)))


@pytest.mark.parametrize(("in_flight_s", "taken"), [(60.0, True), (0.0, False)])
def test_an_answer_that_comes_long_after_its_call_was_cancelled_is_refused(in_flight_s, taken):
    async def test():
        calls = Calls(in_flight_s=in_flight_s)
        identity = calls.open("set_lights", blocking=True, prefix="f")
        assert calls.cancel_all() == [identity]
        response = {"id": identity, "name": "set_lights", "response": {}}
        if taken:
            assert calls.answer([response]) == ([], [])
        else:
            with pytest.raises(Refusal):
                calls.answer([response])

    asyncio.run(test())


def test_unfinished_answers_of_a_generator_and_its_schedule():
    unhurried = [d | {"behavior": "NON_BLOCKING"} for d in DECLARATIONS]

    async def test(standin):
        async with calling(standin, setup(tools=[{"functionDeclarations": unhurried}])) as caller:
            await caller.receive()
            (call,) = await called(caller)
            await caller.respond(call, {"status": "working"}, willContinue=True, scheduling="SILENT")
            await caller.respond(call, {"output": "ok"}, scheduling="WHEN_IDLE")
            assert words_in(await caller.turn()) == "Done."

    run(test, quick(scene=scene(LIGHT)))


@pytest.mark.parametrize(
    ("scheduling", "spoken"), [("WHEN_IDLE", True), ("INTERRUPT", True), ("SILENT", False)]
)
def test_a_call_that_goes_on_is_spoken_of_now_and_later(scheduling, spoken):
    timers = [
        {
            "name": "set_timer",
            "description": "Set a timer.",
            "behavior": "NON_BLOCKING",
            "parameters": {"type": "OBJECT", "properties": {"seconds": {"type": "NUMBER"}}},
        }
    ]

    async def test(standin):
        async with calling(standin, setup(tools=[{"functionDeclarations": timers}])) as caller:
            await caller.receive()
            for given in (
                {"activityStart": {}},
                {"text": "set a timer for two seconds"},
                {"activityEnd": {}},
            ):
                await caller.realtime(**given)
            (call,) = (await caller.until("toolCall"))[-1]["toolCall"]["functionCalls"]
            left = {"timer": {"left": "2 seconds"}}
            await caller.respond(call, left, willContinue=True, scheduling="WHEN_IDLE")
            assert words_in(await caller.turn()) == "The timer is set: 2 seconds."
            await caller.respond(call, {"timer": "pasta", "rings": True}, scheduling=scheduling)
            if spoken:
                assert words_in(await caller.turn()) == "The timer for pasta rings."
            await caller.respond(call)
            assert (await caller.closed())[0] == 1008, "its last answer was the last"

    run(test, quick(brain=True))


def test_calls_may_come_without_args():
    async def test(standin):
        async with calling(standin) as caller:
            (call,) = await called(caller)
            assert set(call) == {"id", "name"}

    run(test, quick(scene=scene({"name": "get_lights"}), variants=Variants(no_args=True)))
