"""Capabilities: whose function is called, what is offered, and that a bad call is an answer."""

from __future__ import annotations

from typing import Annotated

import pytest

from appliance.core.catalogue import Capability, Catalogue
from appliance.core.effects import Keep
from appliance.core.functions import NON_BLOCKING, Caller, Function, Manner, function
from appliance.core.lights import FromPerson
from appliance.core.outcomes import Answer, Outcome
from appliance.core.parameters import Bad, Between
from appliance.errors import FunctionError

CALLER = Caller(FromPerson(3), 100.0)


class Fan(Capability):
    def __init__(self, most: int = 3) -> None:
        self.most, self.speed = most, 0

    def offered(self, function: Function) -> Function | None:
        return function if self.most else None

    @function(NON_BLOCKING, limit_s=2)
    def set_fan(self, speed: Annotated[int, Between(0, 9)], caller: Caller) -> Outcome:
        """Set the fan."""
        if speed > self.most:
            raise Bad(f"it has only {self.most} speeds")
        self.speed = speed
        return Answer({"speed": speed, "at": caller.now}, (Keep("fan", {"speed": speed}),))

    @function()
    def get_fan(self) -> Outcome:
        """Tell the speed."""
        return Answer({"speed": self.speed})

    def unknown_to_the_model(self) -> None:
        raise AssertionError("nobody calls this")


class Turbo(Fan):
    @function()
    def boost(self) -> Outcome:
        """As fast as it goes."""
        return Answer({"speed": self.most})


class Impostor(Capability):
    @function()
    def get_fan(self) -> Outcome:
        """Something else."""
        raise AssertionError("a name that is taken stays so")


class Broken(Capability):
    @function()
    def f(self, a: dict[str, int]) -> Outcome:
        """Cannot be declared."""
        raise AssertionError(a)


def test_functions_are_told_in_the_order_in_which_they_are_written() -> None:
    assert [f.name for f in Turbo().functions()] == ["set_fan", "get_fan", "boost"]
    catalogue = Catalogue(Capability(), Turbo())
    assert [d["name"] for d in catalogue.declarations()] == ["set_fan", "get_fan", "boost"]
    assert [d["behavior"] for d in catalogue.declarations()] == ["NON_BLOCKING", "BLOCKING", "BLOCKING"]
    assert {d["behavior"] for d in catalogue.declarations(("BLOCKING",))} == {"BLOCKING"}


def test_a_call_reaches_its_capability_with_what_it_wants_to_know() -> None:
    fan = Fan()
    catalogue = Catalogue(fan)
    answer = Answer({"speed": 2, "at": 100.0}, (Keep("fan", {"speed": 2}),))
    assert catalogue.call("set_fan", {"speed": 2.0}, CALLER) == answer
    assert catalogue.call("get_fan", {}, CALLER) == Answer({"speed": 2})
    assert catalogue.manner("set_fan") == Manner("NON_BLOCKING", "", 2)
    assert catalogue.manner("sing") == Manner()


@pytest.mark.parametrize(
    ("name", "args", "error"),
    [
        ("set_fan", {}, "speed is missing: it is a whole number from 0 to 9"),
        ("set_fan", {"speed": 4}, "it has only 3 speeds"),
        ("set_fan", {"speed": 4, "caller": 7}, "there is no argument 'caller'; the arguments are: speed"),
        (
            "unknown_to_the_model",
            {},
            "there is no function 'unknown_to_the_model'; the functions are: set_fan, ",
        ),
        ("x" * 99, {}, f"there is no function '{'x' * 64}'; "),
    ],
)
def test_a_bad_call_is_an_answer(name: str, args: dict[str, object], error: str) -> None:
    outcome = Catalogue(Fan()).call(name, args, CALLER)
    assert isinstance(outcome, Answer)
    assert str(outcome.response["error"]).startswith(error)


def test_what_is_of_no_use_is_not_offered_and_not_called() -> None:
    catalogue = Catalogue(Fan(most=0))
    assert catalogue.declarations() == ()
    error = {"error": "there is no function 'get_fan'; the functions are: none"}
    assert catalogue.call("get_fan", {}, CALLER) == Answer(error)


def test_what_the_user_does_not_want_is_not_there() -> None:
    catalogue = Catalogue(Fan(), disabled=("set_fan", "sing"))
    assert catalogue.names == ("get_fan",)
    error = {"error": "there is no function 'set_fan'; the functions are: get_fan"}
    assert catalogue.call("set_fan", {"speed": 1}, CALLER) == Answer(error)


def test_a_name_that_is_taken_stays_so() -> None:
    catalogue = Catalogue(Fan(), Impostor())
    assert catalogue.call("get_fan", {}, CALLER) == Answer({"speed": 0})
    assert len(catalogue.declarations()) == 2


def test_a_capability_is_found_by_its_kind() -> None:
    turbo = Turbo()
    assert Catalogue(Impostor(), turbo).of(Fan) is turbo
    assert Catalogue(Impostor(), turbo).find(Fan) is turbo
    assert Catalogue(Impostor()).find(Fan) is None
    with pytest.raises(LookupError, match="there is no Fan"):
        Catalogue(Impostor()).of(Fan)


def test_a_method_that_cannot_be_declared_is_told_at_once() -> None:
    with pytest.raises(FunctionError, match="parameter 'a' of the function 'f'"):
        Catalogue(Broken())
