"""Functions that are run outside: those of third parties, of which the core knows only the declaration.

Knows which of them there are, and how long each may take. Must never know what they do, nor trust what they
say: it is fitted into an answer like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from .catalogue import Capability
from .effects import Run
from .functions import Caller, Function
from .outcomes import Later, Outcome

CALLER = "caller of the errand"  # no parameter of a function can have this name


class Errands(Capability):
    """What it is called with is checked like every call; then it is run, and reports."""

    def __init__(self, functions: Sequence[Function], limit_s: float) -> None:
        """`limit_s`: how long one may take that does not say so itself."""
        self._offered = functions
        self._limit_s = limit_s

    def functions(self) -> Iterator[Function]:
        for function in self._offered:
            manner = replace(function.manner, limit_s=function.manner.limit_s or self._limit_s)
            yield replace(function, call=partial(_run, function.name), caller=CALLER, manner=manner)


def _run(name: str, /, **args: object) -> Outcome:
    caller = args.pop(CALLER)
    assert isinstance(caller, Caller)
    return Later((Run(caller.origin, name, args),))
