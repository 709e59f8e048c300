"""The functions of the timers, and what is asked of them by command.

Knows the timers, the ring, and which call of the model set which timer. Must never know what a light is: what
a timer does when it is due is a call of another function, checked now and once more then.

    set_timer ──► a timer ──► due ──► it rings, and the call is answered once more: "pasta is over"
                                └───► its call of set_lights
"""

from __future__ import annotations

from typing import Annotated, Literal

from .catalogue import Capability, Catalogue
from .effects import Effect
from .functions import NON_BLOCKING, Caller, Function, function
from .lights import FULL, Origin
from .messages import Json
from .outcomes import Answer, Later, Outcome
from .parameters import Bad, Between, Named
from .ringing import RING_S, Ringing, Silenced, news
from .timer import LEAST_S, LONGEST_S, Deed, Due, Timer, called, clock_time, lasting
from .timers import Timers

FOREVER = float("inf")
LIGHTS = "set_lights"
ASKED = {"lights": "names", "power": "power", "brightness": "brightness", "colour": "colour"}
"""What is said of lights to set_timer, and what it is called by the function that sets them."""

AT = "A local time of day, 24 hours, such as 22:00: the next time it is that. Instead of seconds."
DO = "Set these lights, rooms or groups then, instead of ringing."


class Timing(Capability):
    """The timers of a home, the ring, and three functions over them."""

    def __init__(self, deeds: Catalogue, kept: object = None, ring_s: float = RING_S) -> None:
        """`deeds`: what a timer may do when it is due. `kept`: the timers of a former life, or None."""
        self.timers = Timers(kept)
        self.ringing = Ringing(ring_s)
        self._deeds = deeds
        self._callers: dict[int, Origin] = {}  # who is told that a timer rings, by its number

    def deadline(self) -> float | None:
        both = (self.timers.deadline(), self.ringing.deadline())
        return min((due for due in both if due is not None), default=None)

    def offered(self, function: Function) -> Function | None:
        """Without what it takes to set lights where there are none."""
        if function.name != "set_timer":
            return function
        there = self._deeds.offered().get(LIGHTS)
        if there is None:
            return function.hiding(*ASKED)
        known = {parameter.name: parameter for parameter in there.parameters}
        useless = [mine for mine, its in ASKED.items() if known[its].hidden]
        return function.named(lights=known["names"].choices).hiding(*useless)

    # -- the functions --------------------------------------------------------------------------------

    @function(behavior=NON_BLOCKING, scheduling="WHEN_IDLE")
    def set_timer(
        self,
        caller: Caller,
        seconds: Annotated[float | None, "How long from now.", Between(LEAST_S, LONGEST_S)] = None,
        at: Annotated[str | None, AT] = None,
        daily: Annotated[bool, "Every day, with `at` only."] = False,
        name: Annotated[str | None, "What it is for, in one to three words."] = None,
        lights: Annotated[list[str] | None, DO, Named("light")] = None,
        power: Literal["on", "off"] | None = None,
        brightness: Annotated[float | None, "Per cent.", Between(0, FULL)] = None,
        colour: Annotated[str | None, "By its English name or #rrggbb."] = None,
    ) -> Outcome:
        """Set a timer that rings, or that sets lights, after some time or at a time of day. Returns the
        timer. When it rings you are told so by a second answer: then say which timer it is."""
        given = {"lights": lights, "power": power, "brightness": brightness, "colour": colour}
        deed = self._deed({ASKED[key]: value for key, value in given.items() if value is not None}, caller)
        timer = self._set(seconds, at, name or "", deed, caller.now, daily=daily)
        response = {"timer": self.timers.show(timer, caller.now)}
        told = tuple(self._told(timer, caller.now))
        if deed is not None:  # the lights will be seen
            return Answer(response, told)
        self._callers[timer.number] = caller.origin
        return Later(told, response, FOREVER)

    @function()
    def list_timers(self, caller: Caller) -> Outcome:
        """Tell which timers there are, how long each has left, and which of them ring or were missed."""
        return Answer(self.shown(caller.now))

    @function()
    def cancel_timer(
        self,
        caller: Caller,
        timer: Annotated[str | None, "Its name or number, or all. Not needed for one that rings."] = None,
    ) -> Outcome:
        """Cancel a timer, or silence the one that rings. Returns what was cancelled, and what is left."""
        gone, effects = self.cancel(timer or "", caller.now)
        return Answer({"cancelled": gone, **self.shown(caller.now)}, tuple(effects))

    # -- by command, and for the functions --------------------------------------------------------------

    def set(self, seconds: float, name: str, now: float) -> list[Effect]:
        """A timer that rings, set by a person. Raises Bad."""
        return self._told(self.timers.set_in(seconds, name, None, now), now)

    def cancel(self, which: str, now: float) -> tuple[list[Json], list[Effect]]:
        """Cancel it, or silence it if it rings; what was, and what is told of it. Raises Bad."""
        silenced = tuple(timer for timer in self.ringing.timers if _is_meant(timer, which))
        effects = self.ringing.tell(Silenced(), now) if silenced else []
        chosen: list[Timer] = []
        if not silenced or (_word(which) == "all" and self.timers.all()):
            chosen = self.timers.cancel(which, now)
        for timer in chosen:
            self._callers.pop(timer.number, None)
        gone: list[Json] = [self.timers.show(timer, now) for timer in (*silenced, *chosen)]
        return gone, [*effects, *news(chosen, "cancelled")]

    def shown(self, now: float) -> dict[str, object]:
        """For the model, `status` and `timers`."""
        found: dict[str, object] = {"timers": self.timers.shown(now)}
        if self.ringing.timers:
            found["ringing"] = [called(timer) for timer in self.ringing.timers]
        if self.timers.missed:
            found["missed"] = [f"{called(m.timer)}, by {lasting(m.late_s)}" for m in self.timers.missed]
        return found

    def heir(self, due: Due) -> tuple[Origin | None, Json]:
        """Who is told that this timer rings, and what."""
        told = {"timer": due.timer.name or f"timer {due.timer.number}", "rings": True}
        late = {"late": lasting(due.late_s)} if due.late_s >= 1 else {}
        return self._callers.pop(due.timer.number, None), told | late

    # -- inside -----------------------------------------------------------------------------------------

    def _told(self, timer: Timer, now: float) -> list[Effect]:
        shown = self.timers.show(timer, now)
        return news([timer], "set", **{key: shown[key] for key in ("kind", "left_s") if key in shown})

    def _set(
        self, seconds: float | None, at: str | None, name: str, deed: Deed | None, now: float, *, daily: bool
    ) -> Timer:
        if (seconds is None) == (at is None):
            raise Bad("say either how many seconds from now, or at what time")
        if seconds is not None:
            if daily:
                raise Bad("a daily timer needs a time of day")
            return self.timers.set_in(seconds, name, deed, now)
        time_s = clock_time(at or "")
        if time_s is None:
            raise Bad(f"{(at or '')[:32]!r} is no time of day: say it as in 7:30 or 22:00")
        return self.timers.set_at(time_s, name, deed, now, daily=daily)

    def _deed(self, args: dict[str, object], caller: Caller) -> Deed | None:
        if not args:
            return None
        if "names" not in args:
            raise Bad("say which lights: power, brightness and colour alone say nothing")
        tried = self._deeds.call(LIGHTS, args, caller)
        if isinstance(tried, Answer):
            raise Bad(str(tried.response.get("error")))
        return Deed(LIGHTS, args)


def _is_meant(timer: Timer, which: str) -> bool:
    return _word(which) in ("", "all", timer.name.casefold(), str(timer.number))


def _word(which: str) -> str:
    return " ".join(which.casefold().split()).removeprefix("timer ").removeprefix("#")
