"""A bad network, down at its packets: what was said is answered or its failure told; the next is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from appliance.standin.server import Faults, Options

from .cable import BOX, BOX_MOVED, missing
from .town import Town, town

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]
ANSWER = "This is an answer that takes its time, and while it is spoken something happens to the network."
PLAIN = Options(brain=False, voice="tone", answer="Yes.")
LONG = Options(brain=False, voice="tone", answer=ANSWER, speed=1.5)
SIDE_BY_SIDE = 12
SPEECH_BYTES_PER_S = 45_000  # with base64, JSON and headers
Happening = Callable[[Town], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    happens: Happening
    seconds: float  # about: the longest begin first
    options: Options = PLAIN
    always: bool = False
    named: bool = False
    first: bool = True  # a question is answered before anything happens


# -- at which moment ----------------------------------------------------------------------------------


async def idle(here: Town) -> None:
    """Nobody says anything."""


async def mid_utterance(here: Town) -> None:
    heard = asyncio.create_task(here.hearing())
    await here.talk(3.0)
    await heard


async def mid_answer(here: Town) -> None:
    await here.talk()
    await here.speaking()


# -- what happens -------------------------------------------------------------------------------------


def bad(**shape: float) -> Happening:
    """A network that stays so for three questions; it is slow or lossy, and still one to talk over."""

    async def happens(here: Town) -> None:
        for way in here.cable.ways:
            for name, value in shape.items():
                setattr(way, name, value)
        assert [await here.ask() for _ in range(3)] == ["answered"] * 3
        assert here.links == 1, "a slow line is no dead line"

    return happens


def awful(**shape: float) -> Happening:
    """One that hardly carries anything, for three questions, and is then as good as ever."""

    async def happens(here: Town) -> None:
        for way in here.cable.ways:
            for name, value in shape.items():
                setattr(way, name, value)
        for _ in range(3):
            await here.ask()
        for way in here.cable.ways:
            for name in shape:
                setattr(way, name, 0.0)

    return happens


def narrow(share: float, seconds: float) -> Happening:
    """The box may send less than speech needs, for a while, and then as much as it likes."""

    async def happens(here: Town) -> None:
        here.cable.up.bytes_per_s = share * SPEECH_BYTES_PER_S
        await here.talk(4.0)
        await here.rest(seconds)
        here.cable.up.bytes_per_s = 0.0

    return happens


def pulled(when: Happening, seconds: float) -> Happening:
    async def happens(here: Town) -> None:
        await when(here)
        here.cable.box.link(up=False)
        await here.rest(seconds)
        here.cable.box.link(up=True)

    return happens


def silent(when: Happening, seconds: float, *, up: bool = True, down: bool = True) -> Happening:
    """Half-open: the link is up, and nothing gets through."""

    async def happens(here: Town) -> None:
        await when(here)
        here.cable.up.dead, here.cable.down.dead = up, down
        if when is idle:
            await here.talk()
        await here.rest(seconds)
        here.cable.up.dead = here.cable.down.dead = False

    return happens


def forgotten(when: Happening) -> Happening:
    """A router forgets the connection: it leads nowhere any more; a new one would."""

    async def happens(here: Town) -> None:
        await when(here)
        here.cable.forget()

    return happens


def moved(when: Happening) -> Happening:
    """The box gets another address: what was open is dead."""

    async def happens(here: Town) -> None:
        await when(here)
        here.cable.box.move(BOX, BOX_MOVED)

    return happens


async def late_pongs(here: Town) -> None:
    await here.rest(62.0)
    assert await here.ask() == "answered"
    assert here.links == 1, "a late pong closes no line"


async def resolver_recovers(here: Town) -> None:
    """The name cannot be looked up when the button is pressed, and can be three seconds later."""
    here.resolver.answers = False
    await here.talk()
    await here.rest(3.0)
    here.resolver.answers = True
    assert await here.outcome() == "answered"
    assert here.resolver.asked > 2


async def resolver_is_silent(here: Town) -> None:
    here.resolver.answers = None
    assert await here.ask() == "no line"
    here.resolver.answers = True


async def resolver_fails_later(here: Town) -> None:
    """The line is gone, and so is the resolver."""
    here.resolver.answers = False
    await here.standin.hang_up(0)
    assert await here.ask() == "no line"
    here.resolver.answers = True


SCENES = {
    "loss of 5 %": Scene(bad(loss=0.05), 30),
    "loss of 20 %": Scene(awful(loss=0.2), 60),
    "delay of 300 ms": Scene(bad(delay_s=0.3), 30),
    "jitter": Scene(bad(delay_s=0.05, jitter_s=0.3), 30),
    "reordering": Scene(bad(delay_s=0.1, reorder=0.3), 30),
    "duplicates": Scene(bad(duplicate=0.3), 30),
    "everything at once": Scene(bad(loss=0.02, delay_s=0.15, jitter_s=0.1, reorder=0.1, duplicate=0.1), 30),
    "too narrow for speech": Scene(narrow(0.5, 8.0), 30),
    "hardly a line": Scene(narrow(0.1, 15.0), 40),
    **{
        f"cable pulled for {seconds:g} s, {name}": Scene(pulled(when, seconds), 30 + seconds, LONG)
        for seconds in (5.0, 40.0)
        for name, when in (("idle", idle), ("mid-utterance", mid_utterance), ("mid-answer", mid_answer))
    },
    "address changed, idle": Scene(moved(idle), 40),
    "address changed, mid-utterance": Scene(moved(mid_utterance), 50),
    "address changed, mid-answer": Scene(moved(mid_answer), 50, LONG),
    "half-open, idle": Scene(silent(idle, 20.0), 50, always=True),
    "half-open, mid-utterance": Scene(silent(mid_utterance, 20.0), 50),
    "half-open, mid-answer": Scene(silent(mid_answer, 20.0), 50, LONG),
    "only the way up is dead": Scene(silent(mid_utterance, 20.0, down=False), 50),
    "only the way down is dead": Scene(silent(mid_utterance, 20.0, up=False), 50),
    "router forgets, idle": Scene(forgotten(idle), 50),
    "router forgets, mid-utterance": Scene(forgotten(mid_utterance), 50),
    "router forgets, mid-answer": Scene(forgotten(mid_answer), 50, LONG),
    "late pongs": Scene(late_pongs, 70, Options(brain=False, voice="tone", faults=Faults(pong_delay_s=28.0))),
    "resolver fails, then works": Scene(resolver_recovers, 20, named=True, first=False),
    "resolver is silent, then works": Scene(resolver_is_silent, 40, named=True, first=False),
    "resolver fails when the line is gone": Scene(resolver_fails_later, 40, named=True),
}


async def play(scene: Scene) -> None:
    connect = "always" if scene.always else "on_press"
    async with town(scene.options, connect=connect, named=scene.named) as here:
        if scene.first:
            assert await here.ask() == "answered"
        await scene.happens(here)
        await here.check()


@pytest.fixture(scope="module")
def played() -> dict[str, BaseException | None]:
    """How each scene went: most of their time is waiting, so they are played side by side."""

    async def all_of_them() -> dict[str, BaseException | None]:
        room = asyncio.Semaphore(SIDE_BY_SIDE)

        async def one(scene: Scene) -> None:
            async with room:
                await play(scene)

        names = sorted(SCENES, key=lambda name: -SCENES[name].seconds)
        went = await asyncio.gather(*(one(SCENES[name]) for name in names), return_exceptions=True)
        return dict(zip(names, went, strict=True))

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("name", SCENES)
def test_a_bad_network(name: str, played: dict[str, BaseException | None]) -> None:
    if (wrong := played[name]) is not None:
        raise wrong
