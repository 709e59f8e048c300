"""Is the line up.

Knows links, handles and when to try again. Must never know what is said over the line.

             wanted              LinkUp            SetupComplete
    Down ───────────► Dialing ───────────► Greeting ───────────► Live
     ▲                  │ LinkDown, or too slow  │                 │ LinkDown, go-away between turns,
     └──────────────────┴────────────────────────┴─────────────────┘ or nobody has wanted it for long

`Down.until` is when it may be dialled again; it is dialled then if somebody wants it. The former link is
always gone before the next is dialled: the service refuses to resume a session whose socket is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from .effects import Dial, Effect, Hang, Send, Tell
from .events import LinkDown, LinkUp
from .faults import (
    AGE,
    ARGUMENT,
    CLOCK,
    MODEL,
    MUTE,
    NO_SETUP,
    OFFLINE,
    SETUP,
    SILENT,
    Fault,
    Phase,
    Remedy,
    classify,
)
from .handles import Handles
from .messages import GoAway, Handle, Resumption, Setup, SetupComplete
from .values import dataclass

DIAL_S = 15.0  # a token may have to be minted first; the socket alone has a limit of its own
SETUP_S = 10.0  # of ten to fifteen that are advised: what was said meanwhile is kept for little longer
LEAVE_MARGIN_S = 5.0  # before the time that a go-away leaves us is used up
MAX_AGE_S = 9 * 60.0  # the service ends connections at about ten minutes, with a go-away or without
GRACE_S = 50.0  # beyond that age, for the end of an answer; the service's own go-away leaves as much
HANDLE_DUE_S = 1.0  # the handle of a turn may come after its turnComplete
WAIT_S = 60.0  # quota: at first a minute, doubled each time
WAIT_MOST_S = 900.0
DOUBLINGS = 4  # of a minute: then it is the most
REFUSED_S = 900.0  # credentials: only a change helps, and a change restarts us
STABLE_S = 60.0  # to end a link that lived so long is no failure of it
FOREVER = float("inf")
PRESS_S = 5.0  # a press tries again at once, but a refusing service not more often than this
PRESS_AGAIN_S = 1.0  # and one that cannot be reached not more often than this
ARGUMENTS = 2  # refused requests in a row: then it is the settings that are refused


@dataclass(frozen=True, slots=True)
class Down:
    """`why` is None as long as nothing went wrong; `since` is when it did."""

    until: float = 0.0
    why: Fault | None = None
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Dialing:
    link: int
    since: float


@dataclass(frozen=True, slots=True)
class Greeting:
    link: int
    since: float
    resuming: bool


@dataclass(frozen=True, slots=True)
class Live:
    """`leave_by` is when this link must be given up for the next; `hurry` after a go-away."""

    link: int
    since: float
    leave_by: float
    hurry: bool = False


Line = Down | Dialing | Greeting | Live


class Session:
    """Wants, links and handles in; dialling and hanging up out."""

    def __init__(
        self,
        setup: Setup,
        backoff: Callable[[], Iterator[float]],
        *,
        always: bool,
        idle_close_s: float,
        fallbacks: Sequence[Setup] = (),
        former: object = None,
    ) -> None:
        """`backoff()` gives the delays of one row of failures, in seconds, with jitter. `fallbacks` are the
        setups of other models, tried in order when the service says that a model is gone."""
        self.setup = setup
        """What is asked of the model of a line."""
        self.fallbacks = tuple(fallbacks)
        self._backoff = backoff
        self._delays: Iterator[float] | None = None
        self.always = always
        self.idle_close_s = idle_close_s
        self.handles = Handles(setup.model, former)
        self._handle_due = 0.0
        self._refusals = 0
        self._arguments = 0
        self._idle_since: float | None = 0.0
        self._link = 0
        self.resumed = 0
        self.opened = FOREVER
        """When this session began, or was taken over from a former life."""
        self.trouble: Fault | None = None
        """What went wrong last, until a line is up again."""
        self.line: Line = Down()

    def __repr__(self) -> str:
        match self.line:
            case Live(link):
                return f"link {link} live resumed {self.resumed}"
            case Down(_, None):
                return f"link {self._link} down"
            case Down(_, Fault(name=name)):
                return f"link {self._link} down ({name})"
            case line:
                return f"link {self._link} {type(line).__name__.lower()}"

    @property
    def link(self) -> int | None:
        """The link that messages may be sent on now."""
        return self.line.link if isinstance(self.line, Live) else None

    @property
    def takes_past(self) -> bool:
        """This line is fresh, and its model is told as turns what was said before."""
        return isinstance(self.line, Live) and self.resumed == 0 and self.setup.seeding == "content"

    @property
    def fault(self) -> Fault | None:
        return self.line.why if isinstance(self.line, Down) else None

    @property
    def is_stopped(self) -> bool:
        return isinstance(self.line, Down) and self.line.until == FOREVER

    def is_refusing(self, now: float) -> bool:
        """It would take long until there is a line, whoever waits for it."""
        match self.line:
            case Down(until, Fault(remedy=Remedy.WAIT | Remedy.REFUSED)):
                return until > now + PRESS_S
            case _:
                return False

    @property
    def is_leaving(self) -> bool:
        """A go-away came: the sooner between turns, the better."""
        return isinstance(self.line, Live) and self.line.hurry

    def is_current(self, link: int) -> bool:
        return not isinstance(self.line, Down) and link == self._link

    def deadline(self) -> float | None:
        match self.line:
            case Down(until):
                return until if self.is_wanted else None
            case Dialing(_, since):
                return since + DIAL_S
            case Greeting(_, since):
                return since + SETUP_S
            case Live(_, _, leave_by):
                return min(leave_by, self._idle_at() or leave_by)
            case never:
                assert_never(never)

    # -- wishes -------------------------------------------------------------------------------------

    def want(self, now: float) -> list[Effect]:
        """Somebody is about to speak: a line is needed, now rather than after any back-off."""
        self._idle_since = None
        match self.line:
            case Down(until, Fault(remedy=Remedy.WAIT | Remedy.REFUSED), since) as down:
                self.line = replace(down, until=min(until, max(now, since + PRESS_S)))
            case Down(until, why, since) as down if until < FOREVER:
                soon = now if why is None or why.remedy is Remedy.NOW else max(now, since + PRESS_AGAIN_S)
                self.line = replace(down, until=min(until, soon))
            case _:
                return []
        return self.wake(now, quiet=False)

    def need(self) -> None:
        """Somebody uses the line, or would."""
        self._idle_since = None

    def release(self, now: float) -> None:
        """Nobody needs the line just now."""
        if self._idle_since is None:
            self._idle_since = now

    def clock(self, epoch_s: float, now: float) -> None:
        """Somebody knows the time: what was kept has an age, and a dial need not wait for it any longer."""
        self.handles.clock(epoch_s, now)
        match self.line:
            case Down(until, Fault(name=CLOCK.name)) as down:
                self.line = replace(down, until=min(until, now))

    def turn_completed(self, now: float) -> None:
        """The handle that holds this turn comes now: a line that is left is left after it."""
        self._handle_due = now + HANDLE_DUE_S

    def proved(self) -> None:
        """A turn was completed: whatever was wrong is over."""
        self._delays = None
        self._refusals = self._arguments = 0

    def renew(self, now: float, *, fresh: bool) -> list[Effect]:
        """This line is dead though nobody closed it: another one, `fresh` with a session of its own."""
        match self.line:
            case Live(link):
                return [Hang(link, at_once=True), *self._fail(MUTE if fresh else SILENT, now, "")]
            case _:
                return []

    def forget(self, now: float) -> list[Effect]:
        """The conversation is over: the next one begins with nothing, on a line of its own."""
        self.handles.forget()
        if not isinstance(self.line, Live | Greeting):  # which may be about to be resumed
            return []
        link = self.line.link
        self._down(now, now)
        self.release(now)
        return [Hang(link), Tell("line", {"state": "closed"})]

    # -- what happens to it -------------------------------------------------------------------------

    def up(self, event: LinkUp, now: float, recollection: str = "") -> list[Effect]:
        """`recollection` is what a fresh session is told, if its model takes that in its instruction."""
        match self.line:
            case Dialing(link) if link == event.link:
                handle = self.handles.best(now)
                self.line = Greeting(link, now, handle is not None)
                told = self.setup.system_instruction
                if told and event.clock:
                    told = f"{told}\n\nIt is {event.clock}."
                past = recollection if handle is None and self.setup.seeding == "instruction" else ""
                setup = replace(self.setup, system_instruction=told, resume=handle, recollection=past)
                return [Send(link, setup)]
            case _:
                return []

    def hear(
        self, told: SetupComplete | Resumption | GoAway, now: float, *, idle: bool = True
    ) -> list[Effect]:
        """A message of the current link that concerns the line; `idle`: nobody says or does anything."""
        match (self.line, told):
            case (Greeting(link, _, resuming), SetupComplete()):
                self.resumed = self.resumed + 1 if resuming else 0
                self.opened = min(self.opened, now) if resuming else now
                self.line = Live(link, now, now + MAX_AGE_S)
                self.trouble = None
                return [Tell("line", {"state": "live", "resumed": resuming})]
            case (_, Resumption(Handle() as handle)):
                self.handles.offered(handle, now, idle=idle)
                self._handle_due = 0.0
            case (Live() as live, GoAway(left_s)):
                left_s = max(0.0, left_s)
                leave_by = min(live.leave_by, now + left_s - min(LEAVE_MARGIN_S, left_s / 2))
                self.line = replace(live, leave_by=leave_by, hurry=True)
                return [Tell("line", {"state": "leaving", "left_s": left_s})]
        return []

    def down(self, event: LinkDown, now: float) -> list[Effect]:
        if not self.is_current(event.link):
            return []
        fault = classify(event.cause, event.code, event.reason, self._phase())
        return self._fail(fault, now, event.reason)

    def wake(self, now: float, *, quiet: bool) -> list[Effect]:
        """`quiet`: between turns, when nothing is lost by changing links."""
        match self.line:
            case Down(until) if self.is_wanted and now >= until:
                self._link += 1
                self.line = Dialing(self._link, now)
                return [Tell("line", {"state": "dialing"}), Dial(self._link)]
            case Dialing(link, since) if now >= since + DIAL_S:
                return [Hang(link, at_once=True), *self._fail(OFFLINE, now, "")]
            case Greeting(link, since) if now >= since + SETUP_S:
                return [Hang(link, at_once=True), *self._fail(NO_SETUP, now, "")]
            case Live(_, _, leave_by, False) as live if now >= leave_by and not quiet:
                # Old, and nobody has told us to go: what is being said may be said to its end.
                self.line = replace(live, leave_by=leave_by + GRACE_S, hurry=True)
                return []
            case Live(link, since, leave_by, hurry) if now >= leave_by or (
                hurry and quiet and now >= self._handle_due
            ):
                pause = 0.0 if now - since >= STABLE_S else self._pause(AGE)
                self._down(now + pause, now)
                return [Hang(link), Tell("line", {"state": "changing"})]
            case Live(link) if quiet and (idle_at := self._idle_at()) is not None and now >= idle_at:
                self._down(now, now)
                return [Hang(link), Tell("line", {"state": "closed"})]
            case _:
                return []

    def stop(self) -> list[Effect]:
        """For good: what is in the outbox is still sent."""
        self.always, self._idle_since = False, 0.0
        was, self.line = self.line, Down(FOREVER)
        match was:
            case Down():
                return []
            case Dialing(link) | Greeting(link) | Live(link):
                return [Hang(link)]
            case never:
                assert_never(never)

    # -- inside -------------------------------------------------------------------------------------

    @property
    def is_wanted(self) -> bool:
        return self.always or self._idle_since is None

    def _phase(self) -> Phase:
        match self.line:
            case Live():
                return Phase.LIVE
            case Greeting(resuming=resuming):
                return Phase.RESUMING if resuming else Phase.GREETING
            case _:
                return Phase.OPENING

    def _lived_s(self, now: float) -> float:
        return now - self.line.since if isinstance(self.line, Live) else 0.0

    def _idle_at(self) -> float | None:
        if self.always or self._idle_since is None:
            return None
        return self._idle_since + self.idle_close_s

    def _fail(self, fault: Fault, now: float, reason: str) -> list[Effect]:
        if fault is MODEL and self.fallbacks:
            self.setup, *others = self.fallbacks
            self.fallbacks = tuple(others)
            self.handles.model = self.setup.model
            advice = f"{self.setup.model} is tried instead; change [live] model"
            fault = replace(fault, remedy=Remedy.BACK_OFF, advice=advice)
        if fault == ARGUMENT:
            self._arguments += 1
            if self._arguments >= ARGUMENTS:
                fault = replace(SETUP, drop_audio=True)
        if fault.forget:
            self.handles.forget()
        self._refusals += fault.remedy in (Remedy.WAIT, Remedy.REFUSED)
        old = fault.remedy is Remedy.NOW and self._lived_s(now) >= STABLE_S
        pause = 0.0 if old else self._pause(fault)
        self._down(now + pause, now, fault)
        self.trouble = fault
        return [
            Tell(
                "line",
                {
                    "state": "down",
                    "why": fault.name,
                    "reason": reason[:123],
                    "advice": fault.advice,
                    "retry_s": round(pause, 1),
                },
            )
        ]

    def _down(self, until: float, now: float, fault: Fault | None = None) -> None:
        if isinstance(self.line, Live):
            self.handles.left(now)
        self.line = Down(until) if fault is None else Down(until, fault, now)

    def _pause(self, fault: Fault) -> float:
        match fault.remedy:
            case Remedy.NOW if self._delays is None:  # once: a server that drops every link is not hammered
                self._delays = self._backoff()
                return 0.0
            case Remedy.NOW | Remedy.BACK_OFF:
                self._delays = self._delays or self._backoff()
                return next(self._delays)
            case Remedy.WAIT:
                return min(WAIT_MOST_S, WAIT_S * 2.0 ** min(self._refusals - 1, DOUBLINGS))
            case Remedy.REFUSED:
                return REFUSED_S
            case never:
                assert_never(never)
