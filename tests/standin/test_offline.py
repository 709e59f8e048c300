"""The stand-in on a socket that listens already, and alone: to serve while the service is away."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
from functools import partial

import pytest
from websockets.asyncio.client import unix_connect

from appliance.standin.brain import Brain
from appliance.standin.server import Options, StandIn

from ..bench.offline import OTHERS, REQUESTS, Case, judged, own_functions, spoken
from .caller import DECLARATIONS, PATH, Caller, calling, quick, run, setup, words_in


def test_a_socket_of_this_machine_and_no_port(tmp_path):
    async def test():
        door = socket.socket(socket.AF_UNIX)
        door.bind(str(tmp_path / "s"))
        door.listen()
        async with StandIn(quick(socket=door)) as standin:
            assert standin._mint is None
            assert all(s.family == socket.AF_UNIX for s in standin._server.sockets)
            async with unix_connect(str(tmp_path / "s"), f"ws://localhost{PATH}") as ws:
                caller = Caller(ws)
                await caller.send(setup())
                assert "setupComplete" in await caller.receive()
        door.close()

    asyncio.run(test())


def test_a_network_socket_that_listens_already():
    async def test():
        door = socket.create_server(("127.0.0.1", 0))
        async with StandIn(quick(socket=door)) as standin, calling(standin, setup()) as caller:
            assert standin.port == door.getsockname()[1]
            assert "setupComplete" in await caller.receive()

    asyncio.run(test())


def test_left_alone_when_the_last_one_has_gone():
    async def test(standin):
        async with calling(standin, setup()) as caller:
            await caller.receive()
            alone = asyncio.create_task(standin.left_alone(0.2))
            done, _ = await asyncio.wait({alone}, timeout=0.5)
            assert not done, "somebody is there"
        await asyncio.wait_for(alone, 5)

    run(test, quick())


def test_it_says_once_on_each_connection_what_it_is():
    async def test(standin):
        for _ in range(2):
            async with calling(standin, setup()) as caller:
                await caller.receive()
                for words in ("I am offline. Good day.", "Good day."):
                    await caller.ask(bytes(32_000))
                    assert words_in(await caller.turn()) == words

    run(test, quick(greeting="I am offline."))


def test_what_says_so_anyway_is_not_greeted():
    async def test(standin):
        async with calling(standin, setup()) as caller:
            await caller.receive()
            await caller.ask(bytes(32_000))
            assert words_in(await caller.turn()) == "While I am offline I know nothing."

    run(test, quick(greeting="I am offline.", answer="While I am offline I know nothing."))


@pytest.mark.slow
def test_the_recogniser_is_loaded_before_anybody_has_spoken():
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")

    async def test(standin):
        loaded = threading.Event()
        mind = standin._house.mind
        load = mind._ear

        def ear(*given):
            try:
                return load(*given)
            finally:
                loaded.set()

        mind._ear = ear
        async with calling(standin, setup()) as caller:
            await caller.receive()
            assert await asyncio.to_thread(loaded.wait, 20)
            assert len(mind._ears) == 1

    run(test, Options(prepared=True, voice="tone"))


def test_without_a_recogniser_there_is_nothing_to_load(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pocketsphinx", None)
    asyncio.run(Brain().prepare(DECLARATIONS))
    asyncio.run(Brain().prepare([]))


@pytest.mark.parametrize(("text", "calls"), REQUESTS, ids=[text for text, _ in REQUESTS])
def test_what_can_be_asked_of_this_box(text, calls):
    assert asyncio.run(Brain().read(text, own_functions())).calls == calls


@pytest.mark.parametrize(
    ("text", "args"),
    [
        ("set the volume to fifty percent", {"level": 50}),
        ("louder", {"change": "louder"}),
        ("goodbye", {}),
        (
            "dim the desk lamp to 30 percent over ten seconds",
            {"names": ["desk lamp"], "brightness": 30, "transition_s": 10},
        ),
        (
            "make the bedroom lamp red over two minutes",
            {"names": ["bedroom lamp"], "colour": "red", "transition_s": 120},
        ),
    ],
)
def test_and_in_other_words(text, args):
    [call] = asyncio.run(Brain().read(text, own_functions())).calls
    assert call.args == args


def test_the_time_of_day_is_known_here():
    understood = asyncio.run(Brain().read("what time is it", own_functions()))
    assert understood.calls == ()
    assert understood.answer.startswith("It is ")


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_request_is_refused(text):
    understood = asyncio.run(Brain().read(text, own_functions()))
    assert understood.calls == ()
    assert "I did not understand" in understood.answer


@pytest.mark.slow
def test_spoken_it_is_understood_or_refused_and_never_guessed():
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    cases = [Case("asked", text, partial(spoken, text, "en-us"), calls) for text, calls in REQUESTS[:4]]
    cases += [Case("other", text, partial(spoken, text, "en-us")) for text in OTHERS[:4]]
    *_, tallies = judged(cases, (None, 10.0))
    assert [wrong for by in tallies.values() for tally in by.values() for wrong in tally.wrong] == []
    assert tallies["asked"]["quiet"].right >= 3, "a synthetic voice is hard to believe"
