"""Values: what `dataclasses.dataclass` makes of a class, at a fraction of what it takes to make it.

Knows fields. Must never know what they mean. For every class the library writes and compiles six functions;
for the two hundred and fifty of the box that was a third of its start, seconds on a small board. Here
`__init__` is compiled and all others are shared. Whoever reads or checks the code, and `fields`, `replace`
and `asdict`, see an ordinary dataclass with slots.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool) -> Callable[[type], type]:
        """As the library's, for classes without bases; those without slots are not worth it."""
        if not slots:
            raise TypeError("without slots, take the library's own")
        return partial(_made, frozen=frozen)


def _made(cls: Any, *, frozen: bool) -> type:
    cls.__doc__ = cls.__doc__ or cls.__name__  # the library would write a signature there
    fields = dataclasses.fields(dataclasses.dataclass(init=False, repr=False, eq=False)(cls))
    names = tuple(field.name for field in fields)
    gone = {*names, "__dict__", "__weakref__"}
    own = {name: value for name, value in vars(cls).items() if name not in gone}
    shared = _FROZEN if frozen else _OPEN
    about = {
        "__slots__": names,
        "__init__": _init(cls.__qualname__, fields, frozen=frozen),
        "__compared__": _values(tuple(field.name for field in fields if field.compare)),
        "__shown__": tuple(field.name for field in fields if field.repr),
    }
    made: type = type(cls)(cls.__name__, cls.__bases__, shared | own | about)
    made.__qualname__ = cls.__qualname__
    return made


def _init(qualname: str, fields: tuple[Field[Any], ...], *, frozen: bool) -> Any:
    """Compiled, as most values are made far more often than they are asked anything."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_none": MISSING}
    heads, lines = ["self"], ["pass"]
    for field in fields:
        name, value = field.name, field.name
        head = name
        if field.default_factory is not MISSING:
            known[f"_make_{name}"], head = field.default_factory, f"{name}=_none"
            value = f"_make_{name}() if {name} is _none else {name}"
        elif field.default is not MISSING:
            known[f"_default_{name}"], head = field.default, f"{name}=_default_{name}"
        heads.append(head)
        lines.append(f"_set(self, {name!r}, {value})" if frozen else f"self.{name} = {value}")
    exec(f"def __init__({', '.join(heads)}):\n " + "\n ".join(lines), known)
    init = known["__init__"]
    init.__qualname__ = f"{qualname}.__init__"
    return init


def _values(names: tuple[str, ...]) -> Callable[[object], tuple[object, ...]]:
    """What takes the values of these fields."""
    match names:
        case ():
            return lambda _: ()
        case (name,):
            one = attrgetter(name)
            return lambda value: (one(value),)
        case _:
            return attrgetter(*names)


# -- what all of them share -------------------------------------------------------------------------------


def _equal(self: Any, other: object) -> Any:
    compared = type(self).__compared__
    return compared(self) == compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(type(self).__compared__(self))


def _shown(self: Any) -> str:
    cls = type(self)
    return f"{cls.__qualname__}({', '.join([f'{name}={getattr(self, name)!r}' for name in cls.__shown__])})"


def _keep(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _keep_all(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, name) for name in self.__slots__]


def _restore(self: Any, state: list[object]) -> None:
    for name, value in zip(self.__slots__, state, strict=True):
        object.__setattr__(self, name, value)


_OPEN: dict[str, Any] = {"__repr__": _shown, "__eq__": _equal, "__hash__": None}
_FROZEN: dict[str, Any] = {
    "__repr__": _shown,
    "__eq__": _equal,
    "__hash__": _hash,
    "__setattr__": _keep,
    "__delattr__": _keep_all,
    "__getstate__": _state,  # for copies: one that is frozen cannot be filled
    "__setstate__": _restore,
}
