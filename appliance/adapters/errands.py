"""Functions of third parties: found among the installed packages, and run outside the loop.

Knows entry points and threads. Must never know what a function is for, nor let it near the sound: each call
runs in a thread of its own, an `async` one too, with an event loop of its own. There are few threads, and
fewer for one function, so that what never returns costs neither the others nor the end of the daemon.

A traceback goes into the journal without its message, and an argument is never written anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import itertools
import json
import logging
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from dataclasses import field, replace
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ParamSpec

from ..core.events import Event, Reported
from ..core.functions import Function, made
from ..core.lights import Origin
from ..core.messages import Json
from ..core.parameters import Bad
from ..core.values import dataclass
from ..errors import FunctionError

P = ParamSpec("P")

log = logging.getLogger(__name__)

GROUP = "appliance.functions"
MOST_THREADS = 8  # at work at a time; one that hangs keeps its thread until the daemon ends
MOST_OF_ONE = 2  # of them for one function
MOST_ANSWERS = 20  # of one call: a generator without an end must not flood the model
MOST_ANSWER = 100_000  # characters; the core cuts it to what the service takes
MOST_CHARACTERS = 500  # of what a function says is wrong


def found(
    taken: Collection[str], disabled: Collection[str] = (), group: str = GROUP
) -> tuple[list[Function], list[str]]:
    """The functions of the installed packages, and what is wrong with those that cannot be offered.

    `taken` are names that are ours; `disabled` are not even imported. Never raises for a package's fault.
    """
    functions: dict[str, Function] = {}
    warnings: list[str] = []
    for entry in sorted(entry_points(group=group), key=lambda entry: (entry.name, entry.value)):
        if entry.name in disabled:
            continue
        try:
            function = _loaded(entry)
        except FunctionError as error:
            warnings.append(f"{_said(entry)} is left out: {error}")
            continue
        except (Exception, SystemExit) as error:
            remedy = f"reinstall its package, uninstall it, or list {entry.name!r} in functions.disabled"
            warnings.append(f"{_said(entry)} cannot be loaded ({type(error).__name__}: {error}): {remedy}")
            continue
        if function.name in taken or function.name in functions:
            whose = "the box has" if function.name in taken else "another package has"
            warnings.append(
                f"{_said(entry)} is left out: {whose} a function {function.name!r}; rename it, or list "
                f"{entry.name!r} in functions.disabled"
            )
        elif function.name not in disabled:
            functions[function.name] = function
    return list(functions.values()), warnings


def _loaded(entry: EntryPoint) -> Function:
    function = made(entry.load())
    if function.caller:
        raise FunctionError(
            function.name, function.caller, "is a Caller", "leave it out: only the box has it"
        )
    return function


def _said(entry: EntryPoint) -> str:
    package = f" of the package {entry.dist.name}" if entry.dist else ""
    return f"the function {entry.value}{package}"


@dataclass(slots=True)
class _Errand:
    """One call at work."""

    origin: Origin
    name: str
    abandoned: bool = False
    stop: Callable[[], object] = field(default=lambda: None)


class Errands:
    """Runs them; `post` is told what they have to say, on the loop's thread."""

    def __init__(self, functions: Collection[Function], post: Callable[[Event], None]) -> None:
        """Call it with the loop running."""
        self._calls = {function.name: function.call for function in functions}
        self._post = post
        self._loop = asyncio.get_running_loop()
        self._at_work: dict[Origin, _Errand] = {}
        self._threads: dict[int, str] = {}  # those that run, abandoned ones too: the names of their functions
        self._number = 0

    def run(self, origin: Origin, name: str, args: Mapping[str, object]) -> None:
        """Start it; Reported follows, now if there is no thread for it."""
        running = list(self._threads.values())
        if len(running) >= MOST_THREADS or running.count(name) >= MOST_OF_ONE:
            log.warning("the function %s is not run: %d are at work", name, len(running))
            self._post(Reported(origin, {"error": f"{name} is still busy: try again later"}))
            return
        errand = _Errand(origin, name)
        self._number += 1
        number, self._threads[self._number] = self._number, name
        self._at_work[origin] = errand
        # Not of a pool: those are joined when Python ends, and one that hangs would never let it.
        threading.Thread(
            target=self._work, args=(number, errand, dict(args)), name=f"function {name}", daemon=True
        ).start()

    def abandon(self, origin: Origin) -> None:
        """Nobody waits for it any more. A coroutine is cancelled, a generator not resumed."""
        errand = self._at_work.pop(origin, None)
        if errand is not None:
            errand.abandoned = True
            with contextlib.suppress(RuntimeError):  # its loop has ended: so has it
                errand.stop()

    def close(self) -> None:
        """Give all of them up; threads that do not end by themselves die with the process."""
        for origin in list(self._at_work):
            self.abandon(origin)

    # -- in the thread --------------------------------------------------------------------------------

    def _work(self, number: int, errand: _Errand, args: dict[str, object]) -> None:
        try:
            self._say(self._finished(errand, self._calls[errand.name](**args)))
        except Bad as bad:
            self._say(Reported(errand.origin, {"error": str(bad)[:MOST_CHARACTERS]}))
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            trace = "".join(traceback.format_tb(error.__traceback__))
            log.error("the function %s failed with %s\n%s", errand.name, type(error).__name__, trace)
            self._say(Reported(errand.origin, {"error": f"{errand.name} failed"}))
        finally:
            self._threadsafe(self._over, number, errand)

    def _finished(self, errand: _Errand, result: object) -> Reported:
        """Its last answer; those before it are said on the way."""
        if inspect.iscoroutine(result):
            return _last(errand, _awaited(errand, result))
        if inspect.isasyncgen(result):
            _awaited(errand, self._each(errand, result))
            return Reported(errand.origin, {}, mute=True)
        if not inspect.isgenerator(result):
            return _last(errand, result)
        for number in itertools.count():
            try:
                value = next(result)
            except StopIteration as stop:
                nothing = Reported(errand.origin, {}, mute=True)
                return nothing if stop.value is None else _last(errand, stop.value)
            self._more(errand, value, number)
        raise AssertionError("it has been counted to infinity")

    async def _each(self, errand: _Errand, values: AsyncIterator[object]) -> None:
        number = 0
        async for value in values:
            self._more(errand, value, number)
            number += 1

    def _more(self, errand: _Errand, value: object, number: int) -> None:
        if errand.abandoned:
            raise asyncio.CancelledError
        if number == MOST_ANSWERS:
            raise Bad(f"{errand.name} has more than {MOST_ANSWERS} things to say")
        self._say(replace(_last(errand, value), more=True))

    def _say(self, reported: Reported) -> None:
        self._threadsafe(self._post, reported)

    def _threadsafe(self, do: Callable[P, object], *args: P.args, **named: P.kwargs) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
            self._loop.call_soon_threadsafe(partial(do, *args, **named))

    # -- on the loop ----------------------------------------------------------------------------------

    def _over(self, number: int, errand: _Errand) -> None:
        del self._threads[number]
        if self._at_work.get(errand.origin) is errand:
            del self._at_work[errand.origin]


def _awaited(errand: _Errand, work: Coroutine[Any, Any, object]) -> object:
    """Run it in a loop of this thread, until it is done or nobody waits for it."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()

        async def cancellable() -> object:
            task = asyncio.current_task()
            assert task is not None
            errand.stop = partial(loop.call_soon_threadsafe, task.cancel)
            await asyncio.sleep(0)
            if errand.abandoned:  # before there was anything to stop
                work.close()
                raise asyncio.CancelledError
            return await work

        return runner.run(cancellable())


def _last(errand: _Errand, value: object) -> Reported:
    return Reported(errand.origin, _response(errand.name, value))


def _response(name: str, value: object) -> Json:
    """What it returned, as the model may be told it: no longer the function's own, and only what JSON has."""
    if value is None:
        return {"output": "done"}
    response = value if isinstance(value, Mapping) else {"output": value}
    try:
        text = json.dumps(dict(response), allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError) as error:
        log.warning("the function %s returned what JSON does not have (%s)", name, type(error).__name__)
        return {"error": f"{name} gave an answer that cannot be said"}
    if len(text) > MOST_ANSWER:
        return {"error": f"{name} gave an answer that is far too long"}
    plain: dict[str, object] = json.loads(text.encode("utf-8", "replace"))  # no lone surrogates
    return plain
