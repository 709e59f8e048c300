"""What is asked of every value that crosses a border: it cannot be changed, and it tells no secret."""

from __future__ import annotations

import dataclasses
from types import ModuleType
from typing import get_args

import pytest

SECRET = "b7a9-do-not-show"


def values_of(module: ModuleType) -> list[type]:
    """The dataclasses that this module defines."""
    return [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type) and dataclasses.is_dataclass(thing) and thing.__module__ == module.__name__
    ]


def check_value(kind: type) -> None:
    """Frozen and slotted."""
    fields = dataclasses.fields(kind)
    assert not hasattr(object.__new__(kind), "__dict__")
    value = object.__new__(kind)
    for name in [field.name for field in fields] or ["anything"]:
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(value, name, 1)


def check_union(union: object, module: ModuleType, *, besides: tuple[type, ...] = ()) -> None:
    """Every value of the module is in its union: a forgotten one would be handled by nobody."""
    assert set(values_of(module)) - set(besides) <= set(get_args(union))
