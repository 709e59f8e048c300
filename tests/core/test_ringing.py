"""The ring: every state and event, and what a person in the room hears."""

from __future__ import annotations

import itertools

import pytest

from appliance.core import ringing as rg
from appliance.core.earcons import Earcon, length_s
from appliance.core.effects import Chime, Effect, Hush, Tell
from appliance.core.ringing import (
    Floor,
    Heedless,
    Held,
    Passed,
    Rang,
    Ringing,
    Silenced,
    Silent,
    Sounding,
    Taken,
)
from appliance.core.timer import Counting, Timer
from tests.core.vocabulary import check_value, values_of

PASTA, TEA = Timer(1, "pasta", Counting(0.0)), Timer(2, "tea", Counting(0.0))
UNTIL = 160.0
STATES = {
    "silent": Silent(),
    "sounding": Sounding(UNTIL, (PASTA,)),
    "held": Held(UNTIL, (PASTA,)),
    "unheard": Held(UNTIL, (PASTA,), unheard=True),
}
EVENTS = {
    "rang": Rang(TEA),
    "silenced": Silenced(),
    "free": Taken(Floor.FREE),
    "listening": Taken(Floor.LISTENING),
    "hearing": Taken(Floor.HEARING),
    "heedless": Heedless(),
    "passed": Passed(),
}
FLOORS = {"silent": Floor.FREE, "sounding": Floor.FREE, "held": Floor.LISTENING, "unheard": Floor.HEARING}
BOTH = (PASTA, TEA)

# What becomes of it at 130.0, and the names of the effects. What is not here stays as it is, in silence.
MOVES: dict[tuple[str, str], tuple[object, str]] = {
    ("silent", "rang"): (Sounding(190.0, (TEA,)), "chime 30"),
    ("sounding", "rang"): (Sounding(190.0, BOTH), "chime 30"),
    ("held", "rang"): (Held(190.0, BOTH), ""),
    ("unheard", "rang"): (Held(190.0, BOTH, unheard=True), ""),
    ("sounding", "silenced"): (Silent(), "hush, silenced 1"),
    ("held", "silenced"): (Silent(), "silenced 1"),
    ("unheard", "silenced"): (Silent(), "silenced 1"),
    ("held", "free"): (Sounding(UNTIL, (PASTA,)), "chime 15"),
    ("unheard", "free"): (Sounding(UNTIL, (PASTA,)), "chime 15"),
    ("sounding", "listening"): (Held(UNTIL, (PASTA,)), "hush"),
    ("unheard", "listening"): (Held(UNTIL, (PASTA,)), ""),
    ("sounding", "hearing"): (Silent(), "hush, heard 1"),
    ("held", "hearing"): (Silent(), "heard 1"),
    ("sounding", "heedless"): (Sounding(UNTIL, (PASTA,)), "chime 15"),
}


def named(effects: list[Effect]) -> str:
    names = []
    for effect in effects:
        match effect:
            case Chime(Earcon.TIMER, repeats):
                names.append(f"chime {repeats}")
            case Hush():
                names.append("hush")
            case Tell("timer", fields):
                names.append(f"{fields['state']} {fields['number']}")
            case _:
                raise AssertionError(effect)
    return ", ".join(names)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(STATES, EVENTS)))
def test_every_state_and_event(state: str, event: str) -> None:
    ringing = Ringing(60.0)
    ringing.tell(Taken(FLOORS[state]), 100.0)
    ringing.state = STATES[state]  # type: ignore[assignment]
    effects = ringing.tell(EVENTS[event], 130.0)  # type: ignore[arg-type]
    after, said = MOVES.get((state, event), (STATES[state], ""))
    assert ringing.state == after
    assert named(effects) == said
    assert repr(ringing) == type(after).__name__.lower()


@pytest.mark.parametrize("state", STATES)
def test_it_ends_by_itself(state: str) -> None:
    ringing = Ringing(60.0)
    ringing.state = STATES[state]  # type: ignore[assignment]
    assert ringing.deadline() == (None if state == "silent" else UNTIL)
    effects = ringing.tell(Passed(), UNTIL)
    assert ringing.state == Silent()
    assert named(effects) == {"silent": "", "sounding": "hush, not heard 1"}.get(state, "not heard 1")


@pytest.mark.parametrize("event", EVENTS)
def test_two_timers_are_told_apart_and_rung_together(event: str) -> None:
    ringing = Ringing(2.0)
    ringing.tell(Rang(PASTA), 0.0)
    ringing.tell(Rang(TEA), 1.0)
    assert ringing.timers == BOTH
    assert ringing.is_sounding
    assert ringing.deadline() == 3.0
    ringing.tell(Taken(Floor.LISTENING), 1.5)
    assert not ringing.is_sounding
    assert named(ringing.tell(Silenced(), 1.6)) == "silenced 1, silenced 2"
    assert ringing.timers == ()
    ringing.tell(EVENTS[event], 1.7)  # type: ignore[arg-type]


def test_the_floor_is_known_before_it_rings() -> None:
    ringing = Ringing()
    ringing.tell(Taken(Floor.LISTENING), 0.0)
    assert ringing.tell(Rang(PASTA), 1.0) == []
    assert ringing.state == Held(61.0, (PASTA,))
    [chime] = ringing.tell(Taken(Floor.FREE), 60.99)
    assert chime == Chime(Earcon.TIMER, 1), "at least once"


def test_the_chime_lasts_as_long_as_the_ring() -> None:
    [chime] = Ringing(60.0).tell(Rang(PASTA), 0.0)
    assert isinstance(chime, Chime)
    assert 60.0 <= chime.repeats * length_s(Earcon.TIMER) < 62.0


@pytest.mark.parametrize("kind", values_of(rg))
def test_values_are_frozen_and_slotted(kind: type) -> None:
    check_value(kind)
