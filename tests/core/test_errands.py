"""Functions that are run outside: checked like every call, and then an effect."""

from __future__ import annotations

from typing import Annotated

from appliance.core.catalogue import Catalogue
from appliance.core.effects import Run
from appliance.core.errands import Errands
from appliance.core.functions import NON_BLOCKING, Caller, function, made
from appliance.core.lights import FromModel
from appliance.core.outcomes import Answer, Later
from appliance.core.parameters import Between

CALLER = Caller(FromModel(7, "1", "dig"), 100.0)


@function(NON_BLOCKING, "SILENT", limit_s=7)
def dig(name: str, holes: Annotated[int, Between(1, 3)] = 1) -> None:
    """Dig holes."""
    raise AssertionError("the core never calls it")


@function()
def rest() -> None:
    """Do nothing."""
    raise AssertionError("the core never calls it")


def test_a_good_call_is_an_effect_and_a_bad_one_an_answer() -> None:
    catalogue = Catalogue(Errands([made(dig), made(rest)], 20.0))
    run = Run(CALLER.origin, "dig", {"name": "Rex", "holes": 2})
    assert catalogue.call("dig", {"name": "Rex", "holes": 2.0}, CALLER) == Later((run,))
    assert catalogue.call("rest", {}, CALLER) == Later((Run(CALLER.origin, "rest", {}),))
    error = {"error": "holes is a whole number from 1 to 3"}
    assert catalogue.call("dig", {"name": "Rex", "holes": 4}, CALLER) == Answer(error)
    assert "Rex" not in repr(run)


def test_each_has_its_own_time_or_the_usual_one() -> None:
    catalogue = Catalogue(Errands([made(dig), made(rest)], 20.0))
    assert (catalogue.manner("dig").limit_s, catalogue.manner("rest").limit_s) == (7, 20.0)
    assert catalogue.manner("dig").scheduling == "SILENT"
    assert [d["behavior"] for d in catalogue.declarations()] == ["NON_BLOCKING", "BLOCKING"]
