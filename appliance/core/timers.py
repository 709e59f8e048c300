"""The timers: which there are, and when each is due.

Knows timers and the clock on the wall, as it is told of it. Must never know what a ring is, nor what a light.

                set_in, set_at                    told, wake
    (nothing) ─────────────────► Counting, Dated ────────────► Due: it is over, or goes on tomorrow
        │ kept                      ▲      │ cancel        └─► Missed: the same, but too late to ring
        └──────────► Stored ────────┘      └────► (nothing)
                      told for the first time

A timer that counts is moved by nothing. One that is dated goes by what the wall shows; so before it is due
somebody must look, because the clock may have been set since: `wake` says so. A time of day is always the
next one: a clock that is put back by days takes its timers along.

Over a restart, what a Counting timer had left is reckoned from the clock on the wall, but it is never more
than when it was kept. Where nobody knows the time, it goes on with what it had left when it was kept; when
the clock is set soon after the start, as by a network that comes up late, that is put right.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import assert_never

from .effects import Effect, Keep
from .events import WallClock
from .parameters import Bad
from .timer import (
    LEAST_S,
    LONGEST_S,
    MOST_TIMERS,
    NAME_CHARACTERS,
    Counting,
    Dated,
    Deed,
    Due,
    Missed,
    Stored,
    Timer,
    When,
    as_json,
    called,
    from_json,
    is_name,
    lasting,
    shown,
    shown_time,
)
from .wall import DAY_S, Wall

LATE_S = 3_900.0  # an hour, and some to spare, because summer time takes one away
SETTLE_S = 600.0  # after the start: by then a network has come up and set the clock
JUMP_S = 2.0  # what is less is the clock being put right a little, as it always is
LOOK_S = 1.0  # until it is looked at the clock again, if nobody told what it says
PULL_BACK_S = DAY_S + 3 * 3600  # a next day at the farthest, and a change of summer time with it
MOST_MISSED = 8  # that are shown

NO_CLOCK = "the clock is not set, so a time of day means nothing yet: say how long from now instead"


class Timers:
    """Set, cancel, `tell` and `wake` them; `kept` is what a former life asked to Keep, or anything else."""

    def __init__(self, kept: object = None) -> None:
        self.wall = Wall()
        self._timers: dict[int, Timer] = {}
        self._settled_at: float | None = None
        self._look_at = 0.0
        self._is_changed = False
        self.missed: deque[Missed] = deque(maxlen=MOST_MISSED)
        found = kept.get("timers") if isinstance(kept, Mapping) else None
        for value in found if isinstance(found, list) else ():
            timer = from_json(value)
            if timer is not None and timer.number not in self._timers:
                self._timers[timer.number] = timer

    def __repr__(self) -> str:
        return f"{len(self._timers)} timers"

    def deadline(self) -> float | None:
        moments = [moment for t in self._timers.values() if (moment := self._moment(t.when)) is not None]
        return min(moments, default=None)

    def all(self) -> list[Timer]:
        return list(self._timers.values())

    # -- what is asked of them ------------------------------------------------------------------------

    def set_in(self, seconds: float, name: str, deed: Deed | None, now: float) -> Timer:
        """Due so many seconds from now. Raises Bad."""
        if not LEAST_S <= seconds <= LONGEST_S:
            raise Bad(f"a timer runs from {lasting(LEAST_S)} to {lasting(LONGEST_S)}")
        return self._add(name, Counting(now + seconds), deed)

    def set_at(self, time_s: int, name: str, deed: Deed | None, now: float, *, daily: bool) -> Timer:
        """Due when the wall shows this time of day next, in seconds since midnight. Raises Bad."""
        local_s = self.wall.local_s(now)
        if local_s is None:
            raise Bad(NO_CLOCK)
        return self._add(name, Dated(_next(time_s, local_s), daily), deed)

    def cancel(self, which: str, now: float) -> list[Timer]:
        """Forget those of this name or number, "all", or, for "", the only one. Raises Bad."""
        chosen = self._chosen(which, now)
        for timer in chosen:
            del self._timers[timer.number]
        self._is_changed = True
        return chosen

    def shown(self, now: float) -> list[dict[str, object]]:
        """All of them as the model and a person see them, the next one first."""
        left = {number: self._left_s(timer.when, now) for number, timer in self._timers.items()}
        order = sorted(left, key=lambda number: (left[number] is None, left[number]))
        return [shown(self._timers[number], left[number]) for number in order]

    def show(self, timer: Timer, now: float) -> dict[str, object]:
        return shown(timer, self._left_s(timer.when, now))

    # -- time -----------------------------------------------------------------------------------------

    def tell(self, said: WallClock, now: float) -> list[Due | Missed]:
        """The clock on the wall says this: what is due by it."""
        was_known = self.wall.is_known
        jumped = self.wall.tell(said, now)
        self._look_at = now
        if self.wall.is_known and self._settled_at is None:
            self._settled_at = now + SETTLE_S
        # What is kept says when a count is over by the wall: that is different now.
        moved = abs(jumped) > JUMP_S or (self.wall.is_known and not was_known)
        fallen: list[Due | Missed] = []
        for timer in list(self._timers.values()):
            placed = replace(timer, when=self._placed(timer.when, now))
            self._timers[timer.number] = placed
            self._is_changed |= moved and isinstance(placed.when, Counting)
            fallen += self._fall(placed, now)
        return fallen

    def wake(self, now: float) -> tuple[list[Due | Missed], bool]:
        """What is due, and whether the clock on the wall must be looked at."""
        fallen: list[Due | Missed] = []
        look = False
        for timer in list(self._timers.values()):
            moment = self._moment(timer.when)
            if moment is None or now < moment:
                continue
            if isinstance(timer.when, Dated):
                look = True
            else:
                fallen += self._fall(timer, now)
        if look:
            self._look_at = now + LOOK_S
        return fallen, look

    def changes(self, now: float) -> list[Effect]:
        """What must outlive a restart, if it is not what was kept last."""
        if not self._is_changed:
            return []
        self._is_changed = False
        return [Keep("timers", self.as_json(now), soon=True)]

    def as_json(self, now: float) -> dict[str, object]:
        return {"version": 1, "timers": [self._kept(timer, now) for timer in self._timers.values()]}

    # -- inside ---------------------------------------------------------------------------------------

    def _add(self, name: str, when: When, deed: Deed | None) -> Timer:
        name = " ".join(name.split())
        if name and not is_name(name):
            raise Bad(f"the name of a timer has at most {NAME_CHARACTERS} letters")
        free = next((n for n in range(1, MOST_TIMERS + 1) if n not in self._timers), None)
        if free is None:
            raise Bad(f"there are {MOST_TIMERS} timers already: cancel one first")
        timer = Timer(free, name, when, deed)
        self._timers[free] = timer
        self._is_changed = True
        return timer

    def _chosen(self, which: str, now: float) -> list[Timer]:
        fold = " ".join(which.casefold().split()).removeprefix("timer ")
        timers = self.all()
        if fold == "all" and timers:
            return timers
        same = [timer for timer in timers if fold and timer.name.casefold() == fold]
        if not same and fold.removeprefix("#").isdecimal():
            same = [timer for timer in timers if timer.number == int(fold.removeprefix("#")[:4])]
        if not fold and len(timers) == 1:
            same = timers
        if len(same) == 1:
            return same
        told = ", ".join(self._said(timer, now) for timer in same or timers) or "none"
        if same:
            raise Bad(f"several timers are called {which[:64]!r}, say which number: {told}")
        raise Bad(
            f"there is no timer {which[:64]!r}; there are: {told}" if fold else f"say which timer: {told}"
        )

    def _said(self, timer: Timer, now: float) -> str:
        if isinstance(timer.when, Dated):
            return f"{called(timer)} at {shown_time(timer.when.local_s)}"
        return f"{called(timer)} in {lasting(self._left_s(timer.when, now) or 0.0)}"

    def _moment(self, when: When) -> float | None:
        """When it must be seen to, as `now` counts."""
        match when:
            case Counting(due):
                return due
            case Dated(local_s):
                moment = self.wall.when(local_s)
                return None if moment is None else max(moment, self._look_at)
            case Stored():
                return None
            case never:
                assert_never(never)

    def _left_s(self, when: When, now: float) -> float | None:
        match when:
            case Counting(due):
                return due - now
            case Dated(local_s):
                moment = self.wall.when(local_s)
                return None if moment is None else moment - now
            case Stored(left_s):
                return left_s
            case never:
                assert_never(never)

    def _placed(self, when: When, now: float) -> When:
        """Where it is in time, now that the clock has spoken."""
        epoch_s, local_s = self.wall.epoch_s(now), self.wall.local_s(now)
        match when:
            case Stored(left_s, over_s):
                return self._placed(Counting(now + left_s, over_s), now)
            case Counting(due, float(over_s)) if epoch_s is not None:
                if self._settled_at is None or now > self._settled_at:  # it was set by somebody else since
                    return Counting(due)
                return Counting(min(due, now + over_s - epoch_s), over_s)
            case Dated(due_s, daily) if local_s is not None and due_s - local_s > PULL_BACK_S:
                return Dated(_next(int(due_s % DAY_S), local_s), daily)
            case _:
                return when

    def _fall(self, timer: Timer, now: float) -> list[Due | Missed]:
        """Whether it is due, and what becomes of it."""
        left_s = self._left_s(timer.when, now)
        if left_s is None or left_s > 0:
            return []
        late_s = abs(left_s)
        self._is_changed = True
        del self._timers[timer.number]
        if isinstance(timer.when, Dated) and timer.when.daily:
            again_s = _next(int(timer.when.local_s % DAY_S), timer.when.local_s + late_s)
            self._timers[timer.number] = replace(timer, when=replace(timer.when, local_s=again_s))
        if late_s <= LATE_S:
            return [Due(timer, late_s)]
        missed = Missed(timer, late_s)
        self.missed.append(missed)
        return [missed]

    def _kept(self, timer: Timer, now: float) -> dict[str, object]:
        left_s = min(LONGEST_S, max(0.0, self._left_s(timer.when, now) or 0.0))
        epoch_s = self.wall.epoch_s(now)
        over_s = None if isinstance(timer.when, Dated) else timer.when.epoch_s
        if epoch_s is not None and isinstance(timer.when, Counting):
            over_s = epoch_s + timer.when.due - now
        return as_json(timer, round(left_s, 3), None if over_s is None else round(over_s, 3))


def _next(time_s: int, local_s: float) -> float:
    """The next local time at which the day has this many seconds."""
    today = local_s // DAY_S * DAY_S + time_s
    return today if today > local_s else today + DAY_S
