"""The line to the brain on this machine, for when the service is away.

Knows its links, and whether there is such a brain. Must never know the session with the service: not one
moment of it may depend on what is said here.

            wanted, or due          LinkUp            SetupComplete
    Off ───────────────────► Dialing ──────► Greeting ──────────────► Ready
     ▲                          │ LinkDown, or too slow                 │ LinkDown, or nobody needs it
     └──────────────────────────┴───────────────────────────────────────┘

Links to the service are numbered upwards from one. These are numbered downwards, so that a number tells which
line it is of. The line is hung up soon after it was needed: the brain gives its memory back when nobody is
connected to it.
"""

from __future__ import annotations

from typing import assert_never

from .effects import Dial, Effect, Hang, Send, Tell
from .events import LinkDown, LinkUp
from .messages import Setup, SetupComplete
from .values import dataclass

DIAL_S = 12.0  # the brain is started by the first knock; a Pi Zero 2 W loads Python in five
SETUP_S = 5.0
AGAIN_S = 2.0  # after a failure, while somebody waits
LATE = "it did not answer in time"
LINGER_S = 30.0  # a person says more than one thing; to begin anew costs a start of the brain at worst


@dataclass(frozen=True, slots=True)
class Off:
    """`until` is when it may be dialled again; `why` is what was wrong, "" for nothing."""

    until: float = 0.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Dialing:
    link: int
    since: float


@dataclass(frozen=True, slots=True)
class Greeting:
    link: int
    since: float


@dataclass(frozen=True, slots=True)
class Ready:
    """`idle_since` is None while somebody needs it."""

    link: int
    idle_since: float | None = None


State = Off | Dialing | Greeting | Ready


class Offline:
    """`setup` None: there is no such brain, and nothing here ever happens."""

    def __init__(self, setup: Setup | None) -> None:
        self.setup = setup
        self.state: State = Off()
        self._link = 0
        self._due_at: float | None = None

    def __repr__(self) -> str:
        return f"offline brain {type(self.state).__name__.lower()}"

    @property
    def link(self) -> int | None:
        """The link that messages may be sent on now."""
        return self.state.link if isinstance(self.state, Ready) else None

    @property
    def is_up(self) -> bool:
        """It serves, or is about to."""
        return not isinstance(self.state, Off)

    @property
    def shown(self) -> str:
        """What a person is told of it."""
        if self.setup is None:
            return "off"
        match self.state:
            case Off(_, why):
                return f"missing: {why}" if why else "waiting"
            case Dialing() | Greeting():
                return "starting"
            case Ready():
                return "ready"
            case never:
                assert_never(never)

    def is_current(self, link: int) -> bool:
        return self.is_up and link == self._link

    def deadline(self) -> float | None:
        match self.state:
            case Off(until):
                return None if self._due_at is None else max(until, self._due_at)
            case Dialing(_, since):
                return since + DIAL_S
            case Greeting(_, since):
                return since + SETUP_S
            case Ready(_, since):
                return self._due_at if since is None else since + LINGER_S
            case never:
                assert_never(never)

    def attend(self, now: float, *, due_at: float | None, wanted: bool, idle: bool) -> list[Effect]:
        """After every event. `due_at`: when it is to answer what somebody waits for, None for not at all.
        `wanted`: it is likely to be needed soon. `idle`: nobody needs any line."""
        if self.setup is None:
            return []
        self._due_at = due_at
        due = due_at is not None and now >= due_at
        match self.state:
            case Off(until) if (wanted or due) and now >= until:
                self._link -= 1
                self.state = Dialing(self._link, now)
                return [Dial(self._link)]
            case Dialing(link, since) if now >= since + DIAL_S:
                return [Hang(link, at_once=True), *self._missing(LATE, now)]
            case Greeting(link, since) if now >= since + SETUP_S:
                return [Hang(link, at_once=True), *self._missing(LATE, now)]
            case Ready(link, float(since)) if idle and now >= since + LINGER_S:
                return self.leave(now)
            case Ready(link, None) if idle and due_at is None:
                self.state = Ready(link, now)
            case Ready(link, float()) if not idle:
                self.state = Ready(link)
        return []

    def up(self, event: LinkUp, now: float) -> list[Effect]:
        match self.state:
            case Dialing(link, _) if link == event.link and self.setup is not None:
                self.state = Greeting(link, now)
                return [Send(link, self.setup)]
            case _:
                return []

    def greeted(self, told: SetupComplete) -> list[Effect]:
        match self.state:
            case Greeting(link, _):
                self.state = Ready(link)
                return [Tell("offline", {"state": "ready"})]
            case _:
                return []

    def down(self, event: LinkDown, now: float) -> list[Effect]:
        return self._missing(event.reason, now) if self.is_current(event.link) else []

    def renew(self, now: float) -> list[Effect]:
        """Whatever it is still saying is for nobody: another line, at once."""
        match self.state:
            case Ready(link):
                self._link -= 1
                self.state = Dialing(self._link, now)
                return [Hang(link, at_once=True), Dial(self._link)]
            case _:
                return []

    def leave(self, now: float) -> list[Effect]:
        """Nobody needs it any more."""
        match self.state:
            case Off():
                return []
            case Dialing(link) | Greeting(link) | Ready(link):
                self.state = Off(now)
                return [Hang(link), Tell("offline", {"state": "closed"})]
            case never:
                assert_never(never)

    def _missing(self, why: str, now: float) -> list[Effect]:
        self.state = Off(now + AGAIN_S, why[:123])
        return [Tell("offline", {"state": "missing", "reason": why[:123]})]
