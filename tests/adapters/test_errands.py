"""Functions of third parties: which are found, what they say, and what they cannot do to the rest."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from enum import Enum
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from appliance.adapters import errands as module
from appliance.adapters.errands import MOST_ANSWERS, MOST_OF_ONE, MOST_THREADS, Errands, found
from appliance.core.events import Event, Reported
from appliance.core.functions import NON_BLOCKING, Caller, function, made
from appliance.core.lights import FromModel
from appliance.core.parameters import Bad

LIMIT_S = 10.0
GATE = threading.Event()


class Mood(Enum):
    GOOD = "good"


@function()
def greet(name: str) -> dict[str, object]:
    """Greet."""
    return {"said": f"hello {name}", "where": threading.current_thread().name}


@function()
def nothing() -> None:
    """Say nothing."""


@function()
async def slowly(name: str) -> str:
    """Greet, later."""
    await asyncio.sleep(0)
    return name


@function(NON_BLOCKING)
def steps() -> Iterator[int]:
    """Take two steps and sit down."""
    yield 1
    yield 2
    return 3


@function(NON_BLOCKING)
def walk() -> Iterator[int]:
    """Take two steps."""
    yield 1
    yield 2


@function(NON_BLOCKING)
async def stroll() -> AsyncIterator[str]:
    """Take two steps, slowly."""
    yield "left"
    await asyncio.sleep(0)
    yield "right"


@function(NON_BLOCKING)
def endless() -> Iterator[int]:
    """Never end."""
    while True:
        yield 7


@function()
def refuse() -> None:
    """Refuse."""
    raise Bad("there is no such port" + "!" * 1000)


@function()
def stumble(secret: str) -> None:
    """Fail."""
    raise ValueError(secret)


@function()
def leave() -> None:
    """Try to end the process."""
    raise SystemExit(3)


@function()
def strange() -> object:
    """Return what JSON does not have."""
    return {"mood": Mood.GOOD}


@function()
def nowhere() -> float:
    """Return what is no number."""
    return float("nan")


@function()
def endlessly_long() -> str:
    """Return more than anybody wants to hear."""
    return "x" * 200_000


@function()
def broken() -> str:
    """Return half a sign."""
    return "half \ud83d"


@function()
def hang() -> None:
    """Wait for the gate."""
    GATE.wait()


@function()
async def wait_for_ever() -> None:
    """Wait for ever, but politely."""
    await asyncio.Event().wait()


@function(NON_BLOCKING)
def doze() -> Iterator[str]:
    """Yawn, then wait for the gate, then yawn again."""
    yield "yawn"
    GATE.wait()
    yield "yawn"


FUNCTIONS = [made(thing) for thing in list(vars().values()) if getattr(thing, "__appliance_function__", None)]


class House:
    """A loop with Errands in it, and what they have said."""

    def __init__(self) -> None:
        self.said: list[Reported] = []
        self.news = asyncio.Event()
        self.errands = Errands(FUNCTIONS, self.post)

    def post(self, event: Event) -> None:
        assert isinstance(event, Reported)
        assert threading.current_thread() is threading.main_thread(), "events are posted on the loop's thread"
        self.said.append(event)
        self.news.set()

    def call(self, name: str, id: str = "1", /, **args: object) -> FromModel:
        origin = FromModel(1, id, name)
        self.errands.run(origin, name, args)
        return origin

    async def until(self, there: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not there():
                self.news.clear()
                await self.news.wait()

    async def alone(self) -> None:
        """Until no function is at work."""
        for thread in threading.enumerate():
            if thread.name.startswith("function "):
                await asyncio.to_thread(thread.join, LIMIT_S)
        await asyncio.sleep(0)

    async def last(self) -> Reported:
        await self.until(lambda: self.said and not self.said[-1].more)
        return self.said[-1]


def live(story: Callable[[House], Coroutine[Any, Any, None]]) -> None:
    async def life() -> None:
        house = House()
        try:
            await story(house)
        finally:
            house.errands.close()
            GATE.set()

    GATE.clear()
    asyncio.run(life())


@pytest.mark.parametrize(
    ("name", "args", "responses"),
    [
        ("greet", {"name": "you"}, [{"said": "hello you", "where": "function greet"}]),
        ("nothing", {}, [{"output": "done"}]),
        ("slowly", {"name": "you"}, [{"output": "you"}]),
        ("steps", {}, [{"output": 1}, {"output": 2}, {"output": 3}]),
        ("walk", {}, [{"output": 1}, {"output": 2}, {}]),
        ("stroll", {}, [{"output": "left"}, {"output": "right"}, {}]),
        ("refuse", {}, [{"error": ("there is no such port" + "!" * 1000)[:500]}]),
        ("stumble", {"secret": "x"}, [{"error": "stumble failed"}]),
        ("leave", {}, [{"error": "leave failed"}]),
        ("strange", {}, [{"error": "strange gave an answer that cannot be said"}]),
        ("nowhere", {}, [{"error": "nowhere gave an answer that cannot be said"}]),
        ("endlessly_long", {}, [{"error": "endlessly_long gave an answer that is far too long"}]),
        ("broken", {}, [{"output": "half ?"}]),
    ],
)
def test_what_a_function_says(name: str, args: dict[str, object], responses: list[object]) -> None:
    async def story(house: House) -> None:
        origin = house.call(name, **args)
        await house.last()
        assert [said.response for said in house.said] == responses
        assert all(said.origin == origin for said in house.said)
        assert [said.more for said in house.said] == [True] * (len(responses) - 1) + [False]
        assert [said.mute for said in house.said] == [said.response == {} for said in house.said]

    live(story)


def test_a_generator_without_an_end_is_ended() -> None:
    async def story(house: House) -> None:
        house.call("endless")
        last = await house.last()
        assert len(house.said) == MOST_ANSWERS + 1
        assert last.response == {"error": f"endless has more than {MOST_ANSWERS} things to say"}

    live(story)


def test_the_journal_has_the_place_and_never_the_argument(caplog: pytest.LogCaptureFixture) -> None:
    async def story(house: House) -> None:
        house.call("stumble", secret="the wine cellar")
        await house.last()

    with caplog.at_level(logging.DEBUG):
        live(story)
    assert "the function stumble failed with ValueError" in caplog.text
    assert "raise ValueError(secret)" in caplog.text
    assert "wine" not in caplog.text


def test_what_hangs_costs_neither_the_others_nor_the_end() -> None:
    async def story(house: House) -> None:
        for number in range(MOST_OF_ONE):
            house.call("hang", str(number))
        house.call("hang", "one too many")
        assert house.said.pop().response == {"error": "hang is still busy: try again later"}
        house.call("nothing")
        assert (await house.last()).response == {"output": "done"}
        began = time.monotonic()
        house.errands.close()
        assert time.monotonic() - began < 1.0

    live(story)


def test_there_are_only_so_many_threads() -> None:
    async def story(house: House) -> None:
        names = [f"hang {number}" for number in range(MOST_THREADS)]
        house.errands._calls |= dict.fromkeys(names, hang)
        before = threading.active_count()
        for name in names:
            house.call(name, name)
        assert threading.active_count() - before == MOST_THREADS
        house.call("nothing")
        assert (await house.last()).response == {"error": "nothing is still busy: try again later"}
        GATE.set()
        await house.until(lambda: len(house.said) == MOST_THREADS + 1)
        await house.alone()
        house.call("nothing", "again")
        assert (await house.last()).response == {"output": "done"}

    live(story)


def test_what_nobody_waits_for_is_stopped_where_it_can_be() -> None:
    async def story(house: House) -> None:
        house.errands.abandon(house.call("wait_for_ever"))
        house.errands.abandon(house.call("wait_for_ever", "2"))
        dozing = house.call("doze")
        await house.until(lambda: house.said)
        house.errands.abandon(dozing)
        GATE.set()
        house.errands.abandon(dozing)
        house.call("slowly", "3", name="you")
        await house.until(lambda: any(not said.more for said in house.said))
        await house.alone()
        assert [said.response for said in house.said] == [{"output": "yawn"}, {"output": "you"}]

    live(story)


# -- which are found ----------------------------------------------------------------------------------

not_a_function = 7


@function()
def wants_a_caller(caller: Caller) -> None:
    """Want what is not for it."""


def entry(name: str, attribute: str | None = None, module: str = __name__) -> EntryPoint:
    return EntryPoint(name, f"{module}:{attribute or name}", module_group)


module_group = module.GROUP


@pytest.mark.parametrize(
    ("entries", "names", "warning"),
    [
        ([entry("greet"), entry("bake", "walk")], ["walk", "greet"], None),
        ([entry("greet"), entry("again", "greet")], ["greet"], "another package has a function 'greet'"),
        ([entry("lights", "nothing")], [], "the box has a function 'nothing'; rename it, or list 'lights'"),
        ([entry("unwanted", "x", "nowhere.to.be.found")], [], None),
        ([entry("renamed", "slowly")], [], None),
        ([entry("x", "x", "nowhere.to.be.found")], [], "x cannot be loaded (ModuleNotFoundError: No module"),
        ([entry("x", "no_such_thing")], [], "cannot be loaded (AttributeError"),
        ([entry("not_a_function")], [], "the function 'function' is not offered: put @function() before it"),
        ([entry("House")], [], "the function 'House' is not offered: put @function() before it"),
        (
            [entry("wants_a_caller")],
            [],
            "the parameter 'caller' of the function 'wants_a_caller' is a Caller",
        ),
    ],
)
def test_a_bad_entry_point_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch, entries: list[EntryPoint], names: list[str], warning: str | None
) -> None:
    monkeypatch.setattr(module, "entry_points", lambda group: entries)
    functions, warnings = found(taken=["nothing"], disabled=["unwanted", "slowly"])
    assert [function.name for function in functions] == names
    assert len(warnings) == (warning is not None)
    assert (warning or "") in "".join(warnings)
