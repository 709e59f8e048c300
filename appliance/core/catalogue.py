"""Everything that the model may call: the capabilities, and the functions they have.

A capability is an object whose decorated methods are functions:

    class Fan(Capability):
        @function(limit_s=2)
        def set_fan(self, speed: Annotated[int, "0 is off.", Between(0, 3)], caller: Caller) -> Outcome:
            '''Set the fan. Returns its speed.'''
            self.speed = speed
            return Answer({"speed": speed}, (Keep("fan", {"speed": speed}),))

A method is called with checked arguments only (see functions.py), and is pure like all of the core: it
returns an Outcome (see outcomes.py), or raises `Bad` with a sentence that the model can speak. It takes a
`Caller` if it must know who calls (`caller.origin` goes into an effect that an event answers, and back into
`Calls.answer`) or what time it is (`caller.now`). What depends on the home is said by `offered`:

        def offered(self, function: Function) -> Function | None:
            return function.named(pets=self.pets) if self.pets else None

To add one: write the class in a file of its own, give it to the Catalogue in app.py, and, if it is a machine
with a deadline or is told of events, let conversation.py find it with `catalogue.of(Fan)`.

Knows which function is whose. Must never know how a call came, nor how it is answered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar, cast

from .functions import BOTH, Caller, Function, Manner, made, marked
from .messages import Json
from .outcomes import Answer, Outcome
from .parameters import Bad


class Capability:
    """Something that the model can do. Its methods with `@function()` are what the model may call."""

    def functions(self) -> Iterator[Function]:
        """All of them, in the order in which they are written. Raises FunctionError."""
        names: dict[str, None] = {}
        for kind in reversed(type(self).__mro__):
            names |= dict.fromkeys(name for name, member in vars(kind).items() if marked(member))
        return (made(getattr(self, name)) for name in names)

    def offered(self, function: Function) -> Function | None:
        """The function with what is known of this home, or None where it is of no use."""
        return function


C = TypeVar("C", bound=Capability)


class Catalogue:
    """Capabilities in the order in which the model is told of them. A name that is taken stays so."""

    def __init__(self, *capabilities: Capability, disabled: Collection[str] = ()) -> None:
        """`disabled`: functions that the user does not want. Raises FunctionError: one cannot be declared."""
        self._capabilities = capabilities
        self._functions: dict[str, tuple[Capability, Function]] = {}
        for capability in capabilities:
            for function in capability.functions():
                if function.name not in disabled:
                    self._functions.setdefault(function.name, (capability, function))

    @property
    def names(self) -> tuple[str, ...]:
        """Of all functions, of use in this home or not."""
        return tuple(self._functions)

    def of(self, kind: type[C]) -> C:
        """The capability of this kind. Raises LookupError where there is none."""
        if (found := self.find(kind)) is None:
            raise LookupError(f"there is no {kind.__name__}")
        return found

    def find(self, kind: type[C]) -> C | None:
        """The capability of this kind, if there is one."""
        return next((c for c in self._capabilities if isinstance(c, kind)), None)

    def offered(self) -> dict[str, Function]:
        """The functions that are of use in this home, by name."""
        asked = ((name, owner.offered(function)) for name, (owner, function) in self._functions.items())
        return {name: function for name, function in asked if function is not None}

    def declarations(self, behaviors: Sequence[str] = BOTH) -> tuple[Json, ...]:
        """For the setup of a model that takes functions of these behaviours."""
        return tuple(function.declaration(behaviors) for function in self.offered().values())

    def manner(self, name: str) -> Manner:
        """How the function wants to be called; the usual way where there is none of that name."""
        return self._functions[name][1].manner if name in self._functions else Manner()

    def call(self, name: str, args: Json, caller: Caller) -> Outcome:
        """What a call of the model comes to. Never raises for anything that the model can say."""
        offered = self.offered()
        if name not in offered:
            known = ", ".join(offered) or "none"
            return Answer({"error": f"there is no function {name[:64]!r}; the functions are: {known}"})
        return called(offered[name], args, caller)


def called(function: Function, args: Json, caller: Caller) -> Outcome:
    """Check the arguments and call it; what is bad about them is the answer."""
    method = cast("Callable[..., Outcome]", function.call)
    try:
        bound = function.bind(args)
        return method(**bound, **({function.caller: caller} if function.caller else {}))
    except Bad as bad:
        return Answer({"error": str(bad)})
