"""Values behave as the library's own dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field
from typing import Any

import pytest

from appliance.core import values

NAN = float("nan")


class Empty:
    pass


class One:
    number: float


class Point:
    """A place."""

    x: int
    y: int = 2
    names: list[str] = field(default_factory=list)
    secret: str = field(default="", repr=False)
    source: str = field(default="here", compare=False)

    @property
    def sum(self) -> int:
        return self.x + self.y


class Named:
    x: int

    def __repr__(self) -> str:
        return "by its own name"


Make = Callable[..., Any]
CASES: list[tuple[type, tuple[object, ...]]] = [
    (Empty, ()),
    (One, (NAN,)),
    (One, (1.5,)),
    (Point, (1,)),
    (Point, (1, 3, ["a"], "s", "there")),
    (Named, (1,)),
]


def clone(cls: type) -> type:
    gone = ("__dict__", "__weakref__")
    return type(cls.__name__, (), {k: v for k, v in vars(cls).items() if k not in gone})


def both(cls: type, *, frozen: bool) -> tuple[Any, Any]:
    ours: Make = values.dataclass
    return (
        ours(frozen=frozen, slots=True)(clone(cls)),
        dataclasses.dataclass(frozen=frozen, slots=True)(clone(cls)),
    )


@pytest.mark.parametrize("frozen", [True, False], ids=["frozen", "open"])
@pytest.mark.parametrize(("cls", "args"), CASES, ids=lambda case: getattr(case, "__name__", str(case)))
def test_all_that_can_be_asked(cls: type, args: tuple[object, ...], *, frozen: bool) -> None:
    mine, its = both(cls, frozen=frozen)

    def asked(made: Any) -> dict[str, object]:
        one, same, fields = made(*args), made(*args), dataclasses.fields(made)
        return {
            "repr": repr(one),
            "equal": one == same,
            "to another class": one == 1,
            "hashed": hash(one) == hash(same) if frozen and "names" not in made.__slots__ else made.__hash__,
            "fields": [(f.name, f.type, f.repr, f.compare) for f in fields],
            "match": made.__match_args__,
            "slots": made.__slots__,
            "dict": dataclasses.asdict(one),
            "replaced": repr(dataclasses.replace(one, **({"x": 9} if "x" in made.__slots__ else {}))),
            "no other attribute": hasattr(one, "__dict__"),
            "qualified": made.__qualname__,
        }

    found, wanted = asked(mine), asked(its)
    if "names" in mine.__slots__ and frozen:  # a function of its own, in both
        assert callable(found.pop("hashed"))
        assert callable(wanted.pop("hashed"))
    assert found == wanted


def test_frozen_is_frozen_and_open_is_open() -> None:
    frozen, _ = both(Point, frozen=True)
    point = frozen(1)
    with pytest.raises(FrozenInstanceError, match="'x'"):
        point.x = 2
    with pytest.raises(FrozenInstanceError, match="'x'"):
        del point.x
    open_, _ = both(Point, frozen=False)
    point = open_(1)
    point.x = 5
    assert point.sum == 7


def test_what_is_not_compared_makes_no_difference_and_the_rest_does() -> None:
    point, _ = both(Point, frozen=True)
    assert point(1, source="a") == point(1, source="b")
    assert point(1) != point(1, secret="s")
    one, _ = both(One, frozen=True)
    assert hash(one(2.0)) == hash(one(2.0))
    assert len({one(1.0), one(1.0), one(2.0)}) == 2


def test_each_has_a_default_of_its_own() -> None:
    point, _ = both(Point, frozen=True)
    first, second = point(1), point(1)
    first.names.append("a")
    assert second.names == []


@pytest.mark.parametrize("args", [(), (1, 2, [], "", "", "too many")], ids=["too few", "too many"])
def test_a_wrong_number_of_values_is_refused_by_name(args: tuple[object, ...]) -> None:
    point, _ = both(Point, frozen=True)
    with pytest.raises(TypeError, match=r"Point.__init__\(\)"):
        point(*args)


@values.dataclass(frozen=True, slots=True)
class Kept:
    x: int
    y: list[int]


def test_it_can_be_copied_and_kept() -> None:
    kept = Kept(1, [2])
    copied = copy.deepcopy(kept)
    assert copied == kept
    assert copied.y is not kept.y
    assert pickle.loads(pickle.dumps(kept)) == kept
    match kept:
        case Kept(x, [y]):
            assert (x, y) == (1, 2)


def test_a_docstring_is_kept_and_none_is_made_up() -> None:
    point, _ = both(Point, frozen=True)
    empty, _ = both(Empty, frozen=True)
    assert (point.__doc__, empty.__doc__) == ("A place.", "Empty")


def test_without_slots_there_is_the_library() -> None:
    make: Make = values.dataclass
    with pytest.raises(TypeError, match="library"):
        make(slots=False)
