"""From a Python function to a declaration, and which of them cannot be one."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, Optional

import pytest

from appliance.core import functions as module
from appliance.core.functions import (
    BLOCKING,
    NON_BLOCKING,
    Caller,
    Function,
    Manner,
    function,
    made,
    marked,
)
from appliance.core.lights import FromPerson
from appliance.core.messages import Setup
from appliance.core.parameters import Bad, Between, Named
from appliance.core.wire import encode
from appliance.errors import FunctionError
from tests.core.vocabulary import check_value, values_of
from tests.judge import judge_client


class Mode(StrEnum):
    ECO = "eco"
    BOOST = "boost"


class Number(Enum):
    ONE = 1


class Empty(Enum):
    pass


@pytest.mark.parametrize("kind", values_of(module))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


@function(NON_BLOCKING, "SILENT", limit_s=20)
def feed(
    pets: Annotated[list[str], "Who is hungry.", Named("pet")],
    grams: Annotated[int, Between(1, 500)] = 50,
    *,
    what: Literal["hay", "meat"] = "hay",
    mode: Annotated[Mode | None, "A note of somebody else:", 7, "How."] = None,
    warm: Optional[bool] = None,  # noqa: UP045
    notes: list[Annotated[float, Between(0, 1)]] | None = None,
    title: str | None,
    caller: Caller,
) -> None:
    """Feed pets.

    Returns what each has got.
    """


def test_a_function_is_declared_as_it_is_written() -> None:
    feeding = made(feed)
    assert (feeding.name, feeding.caller) == ("feed", "caller")
    assert feeding.manner == Manner(NON_BLOCKING, "SILENT", 20)
    assert feeding.call is feed
    pets = {"type": "ARRAY", "items": {"type": "STRING"}, "description": "Who is hungry."}
    properties = {
        "pets": pets,
        "grams": {"type": "INTEGER", "minimum": 1, "maximum": 500},
        "what": {"type": "STRING", "enum": ["hay", "meat"]},
        "mode": {"type": "STRING", "enum": ["eco", "boost"], "description": "How."},
        "warm": {"type": "BOOLEAN"},
        "notes": {"type": "ARRAY", "items": {"type": "NUMBER", "minimum": 0, "maximum": 1}},
        "title": {"type": "STRING"},
    }
    assert feeding.declaration() == {
        "name": "feed",
        "description": "Feed pets. Returns what each has got.",
        "behavior": "NON_BLOCKING",
        "parameters": {"type": "OBJECT", "properties": properties, "required": ["pets"]},
    }
    judge_client(encode(Setup("m", functions=(feeding.declaration(),))))


@pytest.mark.parametrize(
    ("behaviors", "declared"),
    [
        ((BLOCKING,), BLOCKING),
        ((NON_BLOCKING,), NON_BLOCKING),
        ((BLOCKING, NON_BLOCKING), NON_BLOCKING),
    ],
)
def test_a_model_that_takes_only_one_behaviour_gets_that(behaviors: tuple[str, ...], declared: str) -> None:
    assert made(feed).declaration(behaviors)["behavior"] == declared


def test_a_call_is_bound_as_the_function_takes_it() -> None:
    feeding = made(feed).named(pets=["Rex", "Mia"])
    bound = feeding.bind({"pets": "rex", "grams": 20.0, "mode": "BOOST", "warm": None, "notes": [1]})
    assert bound == {
        "pets": ["Rex"],
        "grams": 20,
        "what": "hay",
        "mode": Mode.BOOST,
        "warm": None,
        "notes": [1.0],
        "title": None,
    }
    assert bound["mode"] is Mode.BOOST
    feeding.call(**bound, caller=Caller(FromPerson(1), 7.0))


def test_what_is_strange_is_told_with_what_there_is() -> None:
    feeding = made(feed).hiding("notes", "title", "warm", "mode")
    with pytest.raises(Bad, match=r"no argument 'gram'; the arguments are: pets, grams, what$"):
        feeding.bind({"gram": 7})
    with pytest.raises(Bad, match="no argument 'caller'"):
        feeding.bind({"caller": "me"})
    with pytest.raises(Bad, match="say which pets; there are: none"):
        feeding.bind({})
    with pytest.raises(Bad, match=r"no argument 'x+'; it takes none$") as bad:
        made(quiet).bind({"x" * 1000: 7})
    assert len(str(bad.value)) < 200


@function()
def quiet() -> None:
    """Do nothing."""


def test_a_function_without_arguments_has_no_parameters() -> None:
    expected = {"name": "quiet", "description": "Do nothing.", "behavior": "BLOCKING"}
    assert made(quiet).declaration() == expected
    assert made(quiet).bind({}) == {}
    judge_client(encode(Setup("m", functions=(made(quiet).declaration(),))))
    quiet()


def test_what_depends_on_the_home_is_added() -> None:
    offered: Any = made(feed).named(pets=["Rex"]).described(grams="Of hay.").hiding("notes", "title")
    properties = offered.declaration()["parameters"]["properties"]
    assert properties["pets"]["items"]["enum"] == ["Rex"]
    assert properties["grams"]["description"] == "Of hay."
    assert list(properties) == ["pets", "grams", "what", "mode", "warm"]
    with pytest.raises(FunctionError, match="parameter 'pet' of the function 'feed' is not there"):
        made(feed).named(pet=["Rex"])


def test_only_what_is_decorated_is_marked() -> None:
    assert marked(feed)
    assert not marked(made)
    assert not marked(7)


# -- what cannot be said to a model -------------------------------------------------------------------


def written(source: str) -> Callable[..., Any]:
    """The function `f` of this source."""
    names: dict[str, Any] = {**globals()}
    exec(source, names)
    call: Callable[..., Any] = names["f"]
    return call


MISTAKES = [
    ("def f(): 'x'", "the function 'f' is not offered: put @function"),
    ("@function()\ndef f(): ...", "the function 'f' has no docstring: say in one"),
    ("@function()\ndef f(): '  '", "the function 'f' has no docstring"),
    ("@function()\ndef f(a): 'x'", "the parameter 'a' of the function 'f' has no type: give it"),
    ("@function()\ndef f(*a: int): 'x'", "the parameter 'a' of the function 'f' cannot be named in a call"),
    ("@function()\ndef f(**a: int): 'x'", "cannot be named in a call: make it an ordinary"),
    ("@function()\ndef f(a: int, /): 'x'", "cannot be named in a call"),
    ("@function()\ndef f(a: 'Nothing'): 'x'", "has type hints that cannot be read (name 'Nothing'"),
    ("@function()\ndef f(a: dict): 'x'", "a type that a model cannot fill in (dict): use str, int"),
    ("@function()\ndef f(a: list): 'x'", "a type that a model cannot fill in (list): use str, int"),
    ("@function()\ndef f(a: list[list[str]]): 'x'", "(list[str]): use str, int"),
    ("@function()\ndef f(a: int | str): 'x'", "(int | str): use str"),
    ("@function()\ndef f(a: None): 'x'", "(NoneType): use str"),
    ("@function()\ndef f(a: Literal[1, 2]): 'x'", "cannot fill in (typing.Literal[1, 2])"),
    ("@function()\ndef f(a: Number): 'x'", "cannot fill in (Number)"),
    ("@function()\ndef f(a: Empty): 'x'", "cannot fill in (Empty)"),
    ("@function()\ndef f(a: list[str | None]): 'x'", "is a list in which something may be missing: use a"),
    ("@function()\ndef f(a: Annotated[str, Between(1, 2)]): 'x'", "put the smaller first, on an int"),
    ("@function()\ndef f(a: Annotated[int, Between(2, 1)]): 'x'", "put the smaller first, on an int"),
    ("@function()\ndef f(a: Annotated[int, Named('x')]): 'x'", "put it on a str, or a list of str"),
    ("@function()\ndef f(a: Annotated[Mode, Named('x')]): 'x'", "put it on a str, or a list of str"),
    ("@function('SLOW')\ndef f(): 'x'", "has the behavior 'SLOW': use BLOCKING or NON_BLOCKING"),
    ("@function(scheduling='NOW')\ndef f(): 'x'", "the scheduling 'NOW': use SILENT, WHEN_IDLE or INTERRUPT"),
    ("@function(limit_s=0)\ndef f(): 'x'", "has limit_s=0: use seconds, more than 0 and at most 300"),
    ("@function(limit_s=301)\ndef f(): 'x'", "has limit_s=301: use seconds"),
    ("@function(limit_s='7')\ndef f(): 'x'", "has limit_s='7': use seconds"),
    ("def f(): 'x'\nf.__name__ = 'ü'\nfunction()(f)", "has no name that a model can call: use letters"),
]


@pytest.mark.parametrize(("source", "told"), MISTAKES)
def test_the_author_is_told_what_is_wrong_and_what_to_do(source: str, told: str) -> None:
    with pytest.raises(FunctionError) as error:
        made(written(source))
    assert told in str(error.value)


def test_the_declaration_of_every_good_function_is_taken() -> None:
    kinds = ("str", "int", "float", "bool", "Mode", 'Literal["a"]')
    for kind in (*kinds, *(f"list[{k}]" for k in kinds), *(f"{k} | None" for k in kinds)):
        offered: Function = made(written(f"@function()\ndef f(a: {kind}): 'x'"))
        judge_client(encode(Setup("m", functions=(offered.declaration(),))))
