"""Every fault at every phase of a conversation: what strikes, when, and what must be true afterwards.

`python -m tests.faults.matrix` prints the whole of it as a table.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from appliance.core.floor import Idle
from appliance.standin import garbage, refusal
from appliance.standin.connection import Connection
from appliance.standin.server import Faults, Options
from appliance.standin.weather import freeze

from .town import LAMP, Town, seen, town

PHASES = ("idle", "dialing", "setup", "hearing", "waiting", "speaking", "calling", "rotating")
UNCONNECTED = ("dialing", "rotating")  # there is no WebSocket yet
ANSWER = "This is an answer, and while it is spoken something happens."
BACK_S = 75.0  # until everything is as it was, whatever it was
NEXT_S = 60.0  # until the next question is answered
OUTAGE_S = 5.0
LONG_OUTAGE_S = 40.0  # longer than anything said is kept
FAILURES = {  # what a person is told besides "answered"
    *("silence", "interrupted", "no line", "no answer", "line lost", "key refused", "quota", "model gone"),
    *("setup refused", "request refused", "service confused"),
}
ASKED_AGAIN = 3  # times, at most
TOWNS = 4  # at a time
SLOW_BYTES_PER_S = 25_000.0  # speech takes 43,000


@dataclass(frozen=True, slots=True)
class Cell:
    """How it went: times in seconds of the town."""

    fault: str
    phase: str
    outcomes: tuple[str, ...]
    back_s: float
    next_s: float
    links: int


# -- how a phase is reached -------------------------------------------------------------------------------


async def reach(here: Town, phase: str) -> None:
    """Bring the town into this phase; where nobody has asked anything yet, somebody does afterwards."""
    if phase == "dialing":
        here.wire.hold()
        here.talk()
        await here.until(lambda: here.wire.accepted == 1)
        return
    if phase == "setup":
        slow = Faults(setup_delay_s=60.0, only_links=1)
        here.standin.options = replace(here.standin.options, faults=slow)
        here.talk()
        await here.until(lambda: seen(here.standin.record, 1, "setup"))
        return
    here.talk()
    await here.outcome(0)
    await quiet(here)
    link = current(here)
    match phase:
        case "hearing":
            here.talk()
            await here.until(lambda: len(here.activities()) == 2 and len(here.activities()[-1][1]) > 10)
        case "waiting":
            link.options = replace(link.options, faults=replace(link.options.faults, answer_delay_s=4.0))
            here.talk()
            await here.until(lambda: len(here.activities()) == 2 and here.activities()[-1][2])
        case "speaking":
            here.talk()
            await here.until(lambda: len(here.outcomes) == 1 and here.of("phase")[-1]["mood"] == "speaking")
        case "calling":
            here.type(f"turn on the {LAMP}")
            await here.until(lambda: here.lights.orders)
        case "rotating":
            here.wire.hold()
            await link.send({"goAway": {"timeLeft": "50s"}})
            here.wire._passing.set()
            await here.until(lambda: any(line["state"] == "changing" for line in here.of("line")))
            here.wire.hold()
            here.talk()
            await here.until(lambda: here.wire.accepted == 2)


def current(here: Town) -> Connection:
    return here.standin.links[max(here.standin.links)]


async def quiet(here: Town) -> None:
    """Nobody says or does anything, and nothing is owed."""
    box = here.box.pump.conversation
    await here.until(lambda: isinstance(box.turn.phase, Idle) and box.is_quiet, BACK_S)


# -- what strikes -----------------------------------------------------------------------------------------

Strike = Callable[[Town, str], Awaitable[None]]


def later_links(here: Town, count: int, **faults: Any) -> None:
    """What is in store for the next so many links, and for none after them."""
    struck = Faults(**faults, only_links=here.standin._count + count)
    here.standin.options = replace(here.standin.options, faults=struck)


def closes(code: int, reason: str = "", again: int = 0) -> Strike:
    """The service hangs up, and so many times more at the setup that follows."""

    async def strike(here: Town, phase: str) -> None:
        unconnected = phase in UNCONNECTED
        later_links(here, again + unconnected, close_at="setup", close_code=code, close_reason=reason)
        if unconnected:
            await here.wire.restore()
        else:
            await current(here).hang_up(refusal.Refusal(code, reason))

    return strike


async def goes_mute(here: Town, phase: str) -> None:
    if phase in UNCONNECTED:
        later_links(here, 1, mute_at="setup")
        await here.wire.restore()
    else:
        here.standin.options = replace(here.standin.options, faults=Faults())
        current(here).mute()


async def freezes(here: Town, phase: str) -> None:
    if phase in UNCONNECTED:
        later_links(here, 1, freeze_at="setup")
        await here.wire.restore()
    else:
        here.standin.options = replace(here.standin.options, faults=Faults())
        current(here).mute()
        freeze(current(here)._socket)


def outage(seconds: float) -> Strike:
    """The cable is pulled: what is open ends, nothing can be opened."""

    async def strike(here: Town, phase: str) -> None:
        here.standin.options = replace(here.standin.options, faults=Faults())
        await here.wire.refuse()
        here.wire.cut()
        await here.rest(seconds)
        await here.wire.restore()

    return strike


def stall(seconds: float) -> Strike:
    """Nothing arrives for a while, and then everything at once."""

    async def strike(here: Town, phase: str) -> None:
        here.wire.hold()
        await here.rest(seconds)
        await here.wire.restore()

    return strike


def cut_and(count: int, **faults: Any) -> Strike:
    """The line is cut, and something is wrong with the next ones."""

    async def strike(here: Town, phase: str) -> None:
        later_links(here, count, **faults)
        here.wire.cut(reset=True)
        await here.wire.restore()

    return strike


def says(message: dict[str, Any]) -> Strike:
    """The service says something that it should not, or not now."""

    async def strike(here: Town, phase: str) -> None:
        await current(here).send(message)

    return strike


async def talks_nonsense(here: Town, phase: str) -> None:
    for kind, frame in garbage.frames("all"):
        await current(here).send_raw(kind, frame)


def goes_away(left: dict[str, Any], seconds: float, *, then_mute: bool = False) -> Strike:
    async def strike(here: Town, phase: str) -> None:
        link = current(here)
        await link.send({"goAway": left})
        if then_mute:
            link.mute()
        await here.rest(seconds)
        if link.number in here.standin.links:
            await link.hang_up(refusal.Refusal(refusal.INTERNAL, refusal.DEADLINE))

    return strike


def crawls(which: str) -> Strike:
    """One direction takes less than speech produces, for a while."""

    async def strike(here: Town, phase: str) -> None:
        link = current(here)
        slow = replace(link.options.faults, **{which: SLOW_BYTES_PER_S * here.clock.speed})
        link.options = replace(link.options, faults=slow)
        await here.rest(10.0)
        link.options = replace(link.options, faults=Faults())

    return strike


LIVE_ONLY = ("idle", "hearing", "waiting", "speaking", "calling")
FAULTS: dict[str, tuple[Strike, tuple[str, ...]]] = {
    "dropped": (closes(0), PHASES),
    "reset": (closes(-1), PHASES),
    "1000": (closes(1000), PHASES),
    "1001 going away": (closes(1001, "going away"), PHASES),
    "1007 argument": (closes(1007, refusal.BAD_ARGUMENT), PHASES),
    "1007 argument, twice": (closes(1007, refusal.BAD_ARGUMENT, again=1), PHASES),
    "1007 unknown name": (closes(1007, "Invalid JSON payload received. Unknown name"), PHASES),
    "1007 key": (closes(1007, refusal.BAD_KEY), PHASES),
    "1008 not implemented": (closes(1008, refusal.NOT_IMPLEMENTED), PHASES),
    "1008 not found": (closes(1008, refusal.NOT_FOUND), PHASES),
    "1008 no session": (closes(1008, refusal.NO_SESSION), PHASES),
    "1008 go-away ignored": (closes(1008, refusal.GO_AWAY_IGNORED), PHASES),
    "1008 model gone": (closes(1008, "models/x is not found for API version v1beta, or is not"), PHASES),
    "1011 internal": (closes(1011, refusal.INTERNAL_ERROR), PHASES),
    "1011 internal, thrice": (closes(1011, refusal.INTERNAL_ERROR, again=2), PHASES),
    "1011 unavailable": (closes(1011, "The service is currently unavailable."), PHASES),
    "1011 deadline": (closes(1011, refusal.DEADLINE), PHASES),
    "1011 quota": (closes(1011, refusal.QUOTA), PHASES),
    "1013 try again later": (closes(1013, "try again later"), PHASES),
    "mute": (goes_mute, PHASES),
    "half-open": (freezes, PHASES),
    "outage of 5 s": (outage(OUTAGE_S), PHASES),
    "outage of 40 s": (outage(LONG_OUTAGE_S), PHASES),
    "stall of 5 s": (stall(OUTAGE_S), PHASES),
    "cut, 503 twice": (cut_and(2, refuse_handshake=503), PHASES),
    "cut, handle refused": (cut_and(9, refused_handles=True), PHASES),
    "cut, poisoned handle": (cut_and(1, poisoned_resume=True), PHASES),
    "cut, transcripts replayed": (cut_and(1, replayed_transcripts=True), PHASES),
    "cut, no setupComplete": (cut_and(1, mute_at="setup"), PHASES),
    "garbage": (talks_nonsense, LIVE_ONLY),
    "turnComplete too early": (says({"serverContent": {"turnComplete": True}}), LIVE_ONLY),
    "interrupted for nothing": (says({"serverContent": {"interrupted": True}}), LIVE_ONLY),
    "a cancellation of nothing": (says({"toolCallCancellation": {"ids": ["fc_0"]}}), LIVE_ONLY),
    "go-away, 50 s": (goes_away({"timeLeft": "50s"}, 50.0), LIVE_ONLY),
    "go-away, 0.5 s": (goes_away({"timeLeft": "0.5s"}, 0.5), LIVE_ONLY),
    "go-away without a time": (goes_away({}, 10.0), LIVE_ONLY),
    "go-away, unparsable": (goes_away({"timeLeft": "soon"}, 10.0), LIVE_ONLY),
    "go-away, then mute": (goes_away({"timeLeft": "50s"}, 50.0, then_mute=True), LIVE_ONLY),
    "slow reader": (crawls("read_bytes_per_s"), LIVE_ONLY),
    "slow sender": (crawls("write_bytes_per_s"), LIVE_ONLY),
}


# -- one cell ---------------------------------------------------------------------------------------------


async def cell(fault: str, phase: str, pin: int) -> Cell:
    """Let it strike there, and ask again afterwards. Raises AssertionError where a promise is broken."""
    strike, _ = FAULTS[fault]
    options = Options(brain=phase == "calling", voice="tone", answer=ANSWER)
    async with town(options, pin=pin, lights_s=3.0 if phase == "calling" else 0.0) as here:
        await reach(here, phase)
        before = len(here.outcomes)
        struck_at = here.clock.now()
        await strike(here, phase)
        if phase == "idle":
            here.talk()
        await here.until(lambda: len(here.outcomes) > before, BACK_S)
        await quiet(here)
        outcomes = tuple(str(outcome) for outcome in here.outcomes[before:])
        back_s = here.clock.now() - struck_at
        assert set(outcomes) <= {"answered", *FAILURES}, outcomes
        assert len(here.lights.orders) <= 1, "a function is done once"
        asked_at = await ask_until_answered(here)
        here.check()
        return Cell(fault, phase, outcomes, back_s, here.clock.now() - asked_at, here.standin._count)


async def ask_until_answered(here: Town) -> float:
    """Ask again; once more where the fault had something left in store. When the answered one was asked."""
    for _ in range(ASKED_AGAIN):
        asked_at, before = here.clock.now(), len(here.outcomes)
        here.talk()
        await here.until(lambda before=before: len(here.outcomes) > before, NEXT_S)
        await quiet(here)
        if "answered" in here.outcomes[before:]:
            return asked_at
    raise AssertionError(f"it does not answer any more: {here.outcomes}, {here.repr}")


async def row(fault: str) -> list[Cell]:
    """The fault at all of its phases, side by side. Raises AssertionError that names all that went wrong."""
    _, phases = FAULTS[fault]
    room = asyncio.Semaphore(TOWNS)

    async def one(phase: str, pin: int) -> Cell:
        async with room:
            return await cell(fault, phase, pin)

    cells = (one(phase, pin) for pin, phase in enumerate(phases, 2))
    found = await asyncio.gather(*cells, return_exceptions=True)
    wrong = [
        f"{phase}: {went}" for phase, went in zip(phases, found, strict=True) if not isinstance(went, Cell)
    ]
    assert not wrong, "\n".join(wrong)
    return [went for went in found if isinstance(went, Cell)]


def main() -> None:
    os.environ.setdefault("GPIOZERO_PIN_FACTORY", "mock")
    rows = [asyncio.run(row(fault)) for fault in FAULTS]
    if "--json" in sys.argv:
        print(json.dumps([asdict(cell) for cells in rows for cell in cells], indent=1))
        return
    print("| fault | " + " | ".join(PHASES) + " |\n" + "|---" * (len(PHASES) + 1) + "|")
    for cells in rows:
        by_phase = {cell.phase: f"{'+'.join(cell.outcomes)}, {cell.back_s:.1f} s" for cell in cells}
        print(f"| {cells[0].fault} | " + " | ".join(by_phase.get(phase, "-") for phase in PHASES) + " |")


if __name__ == "__main__":
    main()
