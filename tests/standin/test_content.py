"""History that a client gives to a session: what each model takes of it, and what it knows then."""

from __future__ import annotations

import pytest

from appliance.standin.content import asked_in, exchanges_in, turns_in
from appliance.standin.profile import PROFILES, named
from appliance.standin.refusal import BAD_ARGUMENT, ROLE_ORDER, Refusal
from appliance.standin.resumption import Exchange

from .caller import calling, dig, quick, refusal_of, run, setup

USER = {"role": "user", "parts": [{"text": "Hi."}]}
MODEL = {"role": "model", "parts": [{"text": "Hello."}]}
HISTORY = {"clientContent": {"turns": [USER, MODEL, USER], "turnComplete": False}}


def models(name):
    return f"models/{named(name).models[0]}" + ("preview-12-2025" if name == "2.5" else "")


@pytest.mark.parametrize("name", [p.name for p in PROFILES if p.content_mid_session])
def test_a_fresh_session_knows_what_it_was_told_and_answers_none_of_it(name):
    async def test(standin):
        async with calling(standin, setup(model=models(name), tools=None)) as caller:
            await caller.receive()
            await caller.send(HISTORY)
            await caller.ask()
            await caller.turn()
        assert [seed.history for seed in standin.seeds] == [(Exchange("Hi.", "Hello."), Exchange("Hi.", ""))]
        assert [answer.text for answer in standin.said] == ["Good day."]

    run(test)


@pytest.mark.parametrize("name", [p.name for p in PROFILES])
def test_history_ends_with_the_user_except_for_who_takes_it_otherwise(name):
    first = setup(model=models(name), tools=None, historyConfig={"initialHistoryInClientContent": True})
    history = {"clientContent": {"turns": [USER, MODEL], "turnComplete": False}}
    if named(name).ends_with_model:
        assert turns_in(history["clientContent"], named(name)) == (("user", "Hi."), ("model", "Hello."))
    else:
        assert refusal_of(first, history) == (1007, ROLE_ORDER)


def test_the_history_of_some_models_needs_leave_and_comes_first():
    plain = setup(model=models("3.1"), tools=None)
    assert refusal_of(plain, HISTORY) == (1007, BAD_ARGUMENT)
    leave = setup(model=models("3.1"), tools=None, historyConfig={"initialHistoryInClientContent": True})
    start = {"realtimeInput": {"activityStart": {}}}
    assert refusal_of(leave, start, HISTORY) == (1007, BAD_ARGUMENT)

    async def test(standin):
        async with calling(standin, leave) as caller:
            await caller.receive()
            await caller.send(HISTORY)
            await caller.ask()
            await caller.turn()
        assert len(standin.seeds) == 1

    run(test)


def test_a_resumed_session_still_knows_it():
    async def test(standin):
        async with calling(standin, setup(sessionResumption={})) as caller:
            await caller.receive()
            await caller.send(HISTORY)
            await caller.ask()
            [update] = [
                m for m in await caller.until("sessionResumptionUpdate") if "sessionResumptionUpdate" in m
            ]
        handle = dig(update, "sessionResumptionUpdate", "newHandle")
        kept = standin._handles.resume(handle, setup()["setup"]["model"], while_open=True)
        assert [e.answered for e in kept.history] == ["Hello.", "", "Good day."]

    run(test)


def test_the_last_words_of_the_user_are_what_is_asked():
    assert asked_in((("user", "a"), ("model", "b"), ("user", "c"), ("user", "d"))) == "c d"
    assert asked_in(()) == ""
    assert exchanges_in((("model", "b"), ("user", "c"))) == (Exchange("", "b"), Exchange("c", ""))


@pytest.mark.parametrize(
    "part", [{"functionCall": {"name": "f"}}, {"functionResponse": {}}, {"executableCode": {}}]
)
def test_calls_cannot_be_made_up(part):
    with pytest.raises(Refusal):
        turns_in({"turns": [{"role": "user", "parts": [part]}]}, PROFILES[0])


def test_nothing_is_asked_by_nothing():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.send({"clientContent": {"turnComplete": False}})
            await caller.ask()
            await caller.turn()
        assert standin.seeds == []

    run(test, quick())
