"""Is the line up: every state and stimulus, and what a service of any temper makes of it in a day."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core import session as module
from appliance.core.effects import Dial, Effect, Hang, Send, Tell
from appliance.core.events import Cause, LinkDown, LinkUp
from appliance.core.faults import (
    AGE,
    ARGUMENT,
    CLOCK,
    DROPPED,
    KEY_REFUSED,
    MODEL,
    MUTE,
    NO_SETUP,
    OFFLINE,
    QUOTA,
    SILENT,
    Fault,
    Remedy,
)
from appliance.core.faults import (
    SETUP as SETUP_REFUSED,
)
from appliance.core.messages import GoAway, Handle, Resumption, Setup, SetupComplete
from appliance.core.session import FOREVER, Dialing, Down, Greeting, Line, Live, Session
from tests.core.vocabulary import SECRET, check_value, values_of

SETUP = Setup("m")
HANDLE = Handle(SECRET)
BAD_KEY = "API key not valid. Please pass a valid API key."
BUSY = "The service is currently unavailable."
OLD = "Deadline expired before operation could complete."
USED_UP = "You exceeded your current quota, please check your plan"


def delays() -> Iterator[float]:
    yield from (1.0, 2.0, 4.0, 8.0, 16.0)
    yield from itertools.repeat(30.0)


def session(line: Line | None = None, *, always: bool = False, wanted: bool = True) -> Session:
    """With link 3 behind it; `wanted` by somebody who is about to speak."""
    made = Session(SETUP, delays, always=always, idle_close_s=120.0)
    if line is not None:
        made.line, made._link = line, 3
    if wanted:
        made.need()
    return made


def closed(link: int, reason: str, code: int = 1011) -> LinkDown:
    return LinkDown(link, Cause.CLOSED, code, reason)


@pytest.mark.parametrize("kind", values_of(module))
def test_every_state_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


# -- every state, every stimulus --------------------------------------------------------------------

STATES: dict[str, Line] = {
    "down": Down(100.0),
    "failed": Down(130.0, OFFLINE, 100.0),
    "no clock": Down(130.0, CLOCK, 100.0),
    "refused": Down(1000.0, KEY_REFUSED, 100.0),
    "just refused": Down(1009.0, KEY_REFUSED, 109.0),
    "quota": Down(167.0, QUOTA, 107.0),
    "stopped": Down(FOREVER),
    "dialing": Dialing(3, 100.0),
    "greeting": Greeting(3, 100.0, resuming=False),
    "resuming": Greeting(3, 100.0, resuming=True),
    "live": Live(3, 100.0, 640.0),
    "leaving": Live(3, 100.0, 145.0, hurry=True),
}
STIMULI: dict[str, Callable[[Session], list[Effect]]] = {
    "want": lambda s: s.want(110.0),
    "need": lambda s: s.need() or [],  # type: ignore[func-returns-value]
    "release": lambda s: s.release(110.0) or [],  # type: ignore[func-returns-value]
    "proved": lambda s: s.proved() or [],  # type: ignore[func-returns-value]
    "up": lambda s: s.up(LinkUp(3), 110.0),
    "up of a former link": lambda s: s.up(LinkUp(2), 110.0),
    "setup complete": lambda s: s.hear(SetupComplete(), 110.0),
    "handle": lambda s: s.hear(Resumption(HANDLE), 110.0),
    "no handle": lambda s: s.hear(Resumption(None), 110.0),
    "go away": lambda s: s.hear(GoAway(50.0), 110.0),
    "lost": lambda s: s.down(closed(3, OLD), 110.0),
    "a former link lost": lambda s: s.down(closed(2, OLD), 110.0),
    "wake": lambda s: s.wake(110.0, quiet=False),
    "wake between turns": lambda s: s.wake(110.0, quiet=True),
    "wake at 115": lambda s: s.wake(115.0, quiet=False),
    "wake at 145": lambda s: s.wake(145.0, quiet=False),
    "wake at 640": lambda s: s.wake(640.0, quiet=False),
    "clock": lambda s: s.clock(1_800_000_000.0, 110.0) or [],  # type: ignore[func-returns-value]
    "renew": lambda s: s.renew(110.0, fresh=False),
    "renew afresh": lambda s: s.renew(110.0, fresh=True),
    "forget": lambda s: s.forget(110.0),
    "stop": lambda s: s.stop(),
}


def dialled(now: float) -> tuple[list[Effect], Line]:
    return [Tell("line", {"state": "dialing"}), Dial(4)], Dialing(4, now)


def failed(fault: Fault, now: float, retry_s: float, reason: str = "") -> tuple[list[Effect], Line]:
    told = {
        "state": "down",
        "why": fault.name,
        "reason": reason,
        "advice": fault.advice,
        "retry_s": retry_s,
    }
    return [Tell("line", told)], Down(now + retry_s, fault, now)


def hung(now: float, why: str) -> tuple[list[Effect], Line]:
    return [Hang(3), Tell("line", {"state": why})], Down(now)


def no_network(now: float) -> tuple[list[Effect], Line]:
    told, line = failed(OFFLINE, now, 1.0)
    return [Hang(3, at_once=True), *told], line


def renewed(fault: Fault) -> tuple[list[Effect], Line]:
    told, line = failed(fault, 110.0, 0.0)
    return [Hang(3, at_once=True), *told], line


def no_setup(now: float) -> tuple[list[Effect], Line]:
    told, line = failed(NO_SETUP, now, 1.0)
    return [Hang(3, at_once=True), *told], line


TOO_EARLY = Fault(AGE.name, Remedy.BACK_OFF, AGE.advice, forget=True)
LEAVING: list[Effect] = [Tell("line", {"state": "leaving", "left_s": 50.0})]

# What is not listed does nothing and changes nothing.
WALK: dict[tuple[str, str], tuple[list[Effect], Line]] = {
    ("down", "want"): dialled(110.0),
    ("down", "wake"): dialled(110.0),
    ("down", "wake between turns"): dialled(110.0),
    ("down", "wake at 115"): dialled(115.0),
    ("down", "wake at 145"): dialled(145.0),
    ("down", "wake at 640"): dialled(640.0),
    ("down", "stop"): ([], Down(FOREVER)),
    ("failed", "want"): dialled(110.0),  # a press does not wait for the back-off
    ("failed", "wake at 145"): dialled(145.0),
    ("failed", "wake at 640"): dialled(640.0),
    ("failed", "stop"): ([], Down(FOREVER)),
    ("no clock", "clock"): ([], Down(110.0, CLOCK, 100.0)),
    ("no clock", "want"): dialled(110.0),
    ("no clock", "wake at 145"): dialled(145.0),
    ("no clock", "wake at 640"): dialled(640.0),
    ("no clock", "stop"): ([], Down(FOREVER)),
    ("refused", "want"): dialled(110.0),  # refused ten seconds ago: a press may try
    ("refused", "stop"): ([], Down(FOREVER)),
    ("just refused", "want"): ([], Down(114.0, KEY_REFUSED, 109.0)),  # refused a second ago: in four
    ("just refused", "stop"): ([], Down(FOREVER)),
    ("quota", "want"): ([], Down(112.0, QUOTA, 107.0)),  # a pause of 60 s began at 107
    ("quota", "wake at 640"): dialled(640.0),
    ("quota", "stop"): ([], Down(FOREVER)),
    ("dialing", "up"): ([Send(3, SETUP)], Greeting(3, 110.0, resuming=False)),
    ("dialing", "lost"): failed(TOO_EARLY, 110.0, 1.0, OLD),
    ("dialing", "wake at 115"): no_network(115.0),
    ("dialing", "wake at 145"): no_network(145.0),
    ("dialing", "wake at 640"): no_network(640.0),
    ("dialing", "stop"): ([Hang(3)], Down(FOREVER)),
    ("greeting", "setup complete"): (
        [Tell("line", {"state": "live", "resumed": False})],
        Live(3, 110.0, 650.0),
    ),
    ("greeting", "lost"): failed(TOO_EARLY, 110.0, 1.0, OLD),
    ("greeting", "wake"): no_setup(110.0),
    ("greeting", "wake between turns"): no_setup(110.0),
    ("greeting", "wake at 115"): no_setup(115.0),
    ("greeting", "wake at 145"): no_setup(145.0),
    ("greeting", "wake at 640"): no_setup(640.0),
    ("greeting", "stop"): ([Hang(3)], Down(FOREVER)),
    ("resuming", "setup complete"): (
        [Tell("line", {"state": "live", "resumed": True})],
        Live(3, 110.0, 650.0),
    ),
    ("resuming", "lost"): failed(Fault(AGE.name, Remedy.NOW, forget=True), 110.0, 0.0, OLD),
    ("resuming", "wake"): no_setup(110.0),
    ("resuming", "wake between turns"): no_setup(110.0),
    ("resuming", "wake at 115"): no_setup(115.0),
    ("resuming", "wake at 145"): no_setup(145.0),
    ("resuming", "wake at 640"): no_setup(640.0),
    ("resuming", "stop"): ([Hang(3)], Down(FOREVER)),
    ("live", "go away"): (LEAVING, Live(3, 100.0, 155.0, hurry=True)),
    ("live", "lost"): failed(AGE, 110.0, 0.0, OLD),
    ("live", "wake at 640"): ([], Live(3, 100.0, 690.0, hurry=True)),
    ("live", "renew"): renewed(SILENT),
    ("live", "renew afresh"): renewed(MUTE),
    ("live", "forget"): hung(110.0, "closed"),
    ("leaving", "forget"): hung(110.0, "closed"),
    ("greeting", "forget"): hung(110.0, "closed"),
    ("resuming", "forget"): hung(110.0, "closed"),
    ("live", "stop"): ([Hang(3)], Down(FOREVER)),
    ("leaving", "go away"): (LEAVING, Live(3, 100.0, 145.0, hurry=True)),  # never later than said before
    ("leaving", "lost"): failed(AGE, 110.0, 0.0, OLD),
    ("leaving", "wake between turns"): hung(110.0, "changing"),
    ("leaving", "wake at 145"): hung(145.0, "changing"),
    ("leaving", "wake at 640"): hung(640.0, "changing"),
    ("leaving", "renew"): renewed(SILENT),
    ("leaving", "renew afresh"): renewed(MUTE),
    ("leaving", "stop"): ([Hang(3)], Down(FOREVER)),
}


@pytest.mark.parametrize(("state", "stimulus"), list(itertools.product(STATES, STIMULI)))
def test_every_stimulus_in_every_state(state: str, stimulus: str) -> None:
    made = session(STATES[state])
    effects, line = WALK.get((state, stimulus), ([], STATES[state]))
    assert STIMULI[stimulus](made) == effects
    assert made.line == line


@pytest.mark.parametrize(
    ("state", "deadline", "link", "current", "text"),
    [
        ("down", 100.0, None, False, "link 3 down"),
        ("failed", 130.0, None, False, "link 3 down (no network)"),
        ("dialing", 115.0, None, True, "link 3 dialing"),
        ("greeting", 110.0, None, True, "link 3 greeting"),
        ("live", 640.0, 3, True, "link 3 live resumed 0"),
        ("leaving", 145.0, 3, True, "link 3 live resumed 0"),
    ],
)
def test_every_state_says_when_and_on_what(
    state: str, deadline: float, link: int | None, current: bool, text: str
) -> None:
    made = session(STATES[state])
    assert (made.deadline(), made.link, made.is_current(3), repr(made)) == (deadline, link, current, text)
    assert not made.is_current(2)
    assert made.is_leaving is (state == "leaving")
    assert made.fault == (OFFLINE if state == "failed" else None)
    assert not made.is_stopped


@pytest.mark.parametrize("state", [s for s, line in STATES.items() if isinstance(line, Down)])
def test_a_line_that_nobody_wants_is_not_dialled(state: str) -> None:
    made = session(STATES[state], wanted=False)
    assert made.deadline() is None
    assert made.wake(1_000_000.0, quiet=True) == []


def test_after_the_end_nothing_is_dialled() -> None:
    made = session(Live(3, 100.0, 640.0), always=True)
    assert made.stop() == [Hang(3)]
    assert made.stop() == []
    assert (made.is_stopped, made.deadline(), made.is_wanted) == (True, None, False)
    assert made.wake(1_000_000.0, quiet=True) == made.want(110.0) == []


# -- idle -------------------------------------------------------------------------------------------


def test_a_line_that_nobody_has_wanted_for_long_is_closed_between_turns() -> None:
    made = session(Live(3, 100.0, 640.0))
    made.release(200.0)
    made.release(300.0)  # the first time counts
    assert made.deadline() == 320.0
    assert made.wake(319.5, quiet=True) == []
    assert made.wake(320.0, quiet=False) == []
    assert made.wake(320.0, quiet=True) == [Hang(3), Tell("line", {"state": "closed"})]
    assert made.line == Down(320.0)
    assert made.deadline() is None


def test_a_line_that_is_needed_again_stays() -> None:
    made = session(Live(3, 100.0, 640.0))
    made.release(200.0)
    made.need()
    assert made.deadline() == 640.0
    assert made.wake(400.0, quiet=True) == []


def test_a_line_that_is_always_wanted_is_never_closed_for_idleness() -> None:
    made = session(Live(3, 100.0, 640.0), always=True)
    made.release(200.0)
    assert made.deadline() == 640.0
    assert made.wake(639.0, quiet=True) == []
    assert session(always=True, wanted=False).wake(0.0, quiet=True) != []


# -- handles ----------------------------------------------------------------------------------------


def resumes_with(made: Session, now: float) -> Handle | None:
    """The handle that the next link is set up with."""
    made.line, made._link = Dialing(9, now), 9
    [send] = made.up(LinkUp(9), now)
    assert isinstance(send, Send)
    assert isinstance(send.message, Setup)
    return send.message.resume


def with_handle(at: float = 100.0) -> Session:
    made = session(Live(3, 100.0, 640.0))
    made.hear(Resumption(HANDLE), at)
    return made


def test_the_last_handle_is_resumed_with() -> None:
    made = with_handle()
    made.hear(Resumption(Handle("newer")), 105.0)
    assert resumes_with(made, 110.0) == Handle("newer")
    assert made.line == Greeting(9, 110.0, resuming=True)
    made.hear(SetupComplete(), 111.0)
    assert (made.resumed, repr(made)) == (1, "link 9 live resumed 1")
    assert resumes_with(made, 120.0) == Handle("newer")
    made.hear(SetupComplete(), 121.0)
    assert made.resumed == 2


def test_an_update_without_a_handle_keeps_the_former_one() -> None:
    made = with_handle()
    made.hear(Resumption(None), 105.0)
    assert resumes_with(made, 110.0) == HANDLE


@pytest.mark.parametrize(("age_s", "kept"), [(0.0, True), (7200.0, True), (7200.5, False), (90_000.0, False)])
def test_a_handle_is_good_for_two_hours(age_s: float, kept: bool) -> None:
    assert resumes_with(with_handle(at=1000.0), 1000.0 + age_s) == (HANDLE if kept else None)


def test_a_session_that_begins_anew_counts_no_resumptions() -> None:
    made = with_handle()
    resumes_with(made, 110.0)
    made.hear(SetupComplete(), 111.0)
    resumes_with(made, 9000.0)
    made.hear(SetupComplete(), 9001.0)
    assert made.resumed == 0


def test_a_session_is_as_old_as_the_first_of_its_lines() -> None:
    """Or, when a former life has begun it, as the one that took it over."""
    made = with_handle()
    resumes_with(made, 110.0)
    made.hear(SetupComplete(), 111.0)
    assert made.opened == 111.0, "taken over"
    resumes_with(made, 120.0)
    made.hear(SetupComplete(), 121.0)
    assert made.opened == 111.0, "and resumed"
    resumes_with(made, 9000.0)
    made.hear(SetupComplete(), 9001.0)
    assert made.opened == 9001.0, "begun anew"


@pytest.mark.parametrize(
    ("code", "reason", "kept"),
    [
        (1011, OLD, True),
        (1006, "", True),
        (1011, BUSY, True),
        (1011, USED_UP, True),
        (1007, BAD_KEY, False),
        (1008, "BidiGenerateContent session not found", False),
        (1008, "Requested entity was not found.", True),
        (1007, "Request contains an invalid argument.", False),
        (1011, "Internal error encountered.", False),
        (1008, "models/x is not found for API version v1beta", False),
    ],
)
def test_a_handle_that_may_be_the_reason_is_forgotten(code: int, reason: str, kept: bool) -> None:
    made = with_handle()
    made.down(closed(3, reason, code), 110.0)
    assert resumes_with(made, 120.0) == (HANDLE if kept else None)


def test_a_handle_that_was_refused_is_tried_once() -> None:
    made = with_handle()
    assert resumes_with(made, 110.0) == HANDLE
    made._link = 9
    made.down(closed(9, "BidiGenerateContent session not found", 1008), 110.5)
    assert made.line.until == 110.5  # type: ignore[union-attr]  # at once, because it is fresh
    assert resumes_with(made, 111.0) is None


def test_no_handle_is_ever_shown() -> None:
    made = with_handle()
    assert SECRET not in repr(made)
    made.line = Dialing(9, 110.0)
    assert SECRET not in repr(made.up(LinkUp(9), 110.0))


# -- trying again -----------------------------------------------------------------------------------


def pauses(made: Session, event: Callable[[int], LinkDown], count: int, lived_s: float = 1.0) -> list[float]:
    """How long it waits after each of so many links that came up, lived so long, and ended so."""
    found, now = [], 1000.0
    for link in range(4, 4 + count):
        made.line, made._link = Live(link, now, now + 540.0), link
        now += lived_s
        made.down(event(link), now)
        assert isinstance(made.line, Down)
        found.append(made.line.until - now)
        now = made.line.until
    return found


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        (OLD, [0.0, 1.0, 2.0, 4.0, 8.0]),  # nothing is wrong: at once, but only once
        (BUSY, [1.0, 2.0, 4.0, 8.0, 16.0]),
        (USED_UP, [60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]),
        (BAD_KEY, [900.0] * 3),
    ],
)
def test_each_failure_has_its_own_patience(reason: str, found: list[float]) -> None:
    assert pauses(session(), lambda link: closed(link, reason), len(found)) == found


def test_a_completed_turn_forgives_everything() -> None:
    made = session()
    assert pauses(made, lambda link: closed(link, BUSY), 3) == [1.0, 2.0, 4.0]
    assert pauses(made, lambda link: closed(link, USED_UP), 2) == [60.0, 120.0]
    made.proved()
    assert pauses(made, lambda link: closed(link, OLD), 2) == [0.0, 1.0]
    made.proved()
    assert pauses(made, lambda link: closed(link, USED_UP), 2) == [60.0, 120.0]


def test_a_life_without_a_turn_forgives_nothing_but_its_end_is_no_failure() -> None:
    made = session()
    assert pauses(made, lambda link: closed(link, OLD), 4, lived_s=59.5) == [0.0, 1.0, 2.0, 4.0]
    assert pauses(made, lambda link: closed(link, OLD), 3, lived_s=60.0) == [0.0, 0.0, 0.0]
    assert pauses(made, lambda link: closed(link, BUSY), 3, lived_s=60.0) == [8.0, 16.0, 30.0]


def test_an_argument_is_refused_once_and_then_it_is_the_settings() -> None:
    made = session(Live(3, 100.0, 640.0))
    refused = "Request contains an invalid argument."
    made.down(closed(3, refused, 1007), 110.0)
    assert made.fault == ARGUMENT
    made.line = Live(3, 120.0, 660.0)
    made.down(closed(3, refused, 1007), 130.0)
    assert made.fault is not None
    assert (made.fault.name, made.fault.drop_audio) == (SETUP_REFUSED.name, True)
    assert made.is_refusing(130.0)
    made.proved()
    made.line = Live(3, 1200.0, 1700.0)
    made.down(closed(3, refused, 1007), 1210.0)
    assert made.fault == ARGUMENT, "a completed turn has shown that the settings are fine"


@pytest.mark.parametrize(
    ("state", "at", "refusing"),
    [
        ("refused", 110.0, True),
        ("refused", 996.0, False),  # in four seconds it is tried again, and what is said may wait for that
        ("quota", 110.0, True),
        ("failed", 110.0, False),
        ("down", 110.0, False),
        ("live", 110.0, False),
        ("dialing", 110.0, False),
    ],
)
def test_whether_anybody_need_wait(state: str, at: float, refusing: bool) -> None:
    assert session(STATES[state]).is_refusing(at) is refusing


def test_a_network_that_is_away_is_not_dialled_at_every_press() -> None:
    away = lambda link: [(0.0, LinkDown(link, Cause.UNREACHABLE))]  # noqa: E731
    dials = Service(pressed(), away).run(60.0, presses_every_s=0.25)
    assert min(b - a for a, b in itertools.pairwise(dials)) >= 1.0


@pytest.mark.parametrize(("fresh", "kept"), [(True, False), (False, True)])
def test_a_mute_line_is_renewed_with_its_session_or_without(fresh: bool, kept: bool) -> None:
    made = with_handle()
    assert made.renew(110.0, fresh=fresh)[0] == Hang(3, at_once=True)
    assert (resumes_with(made, 111.0) is not None) is kept


def test_trouble_is_told_until_a_line_is_up_again() -> None:
    made = session(Live(3, 100.0, 640.0))
    assert made.trouble is None
    made.down(LinkDown(3, Cause.DROPPED), 110.0)
    assert made.trouble == made.fault == DROPPED
    made.wake(110.0, quiet=False)
    made.up(LinkUp(4), 111.0)
    assert (made.trouble, made.fault) == (DROPPED, None)
    made.hear(SetupComplete(), 112.0)
    assert made.trouble is None


def test_a_long_reason_is_cut_where_it_is_told() -> None:
    [told] = session(Live(3, 100.0, 640.0)).down(closed(3, "x" * 500), 110.0)
    assert isinstance(told, Tell)
    assert told.fields["reason"] == "x" * 123


# -- a service of any temper ------------------------------------------------------------------------

Answer = tuple[float, LinkDown | LinkUp | SetupComplete | GoAway | Resumption]
DAY_S = 86_400.0


class Service:
    """Answers every dial in the same way, so many seconds later each; counts, and checks the links."""

    def __init__(self, made: Session, answer: Callable[[int], list[Answer]]) -> None:
        self.session, self.answer = made, answer
        self.dials: list[float] = []
        self.open: int | None = None
        self.left: list[float] = []
        self.coming: list[tuple[float, int, int, object]] = []
        self.count = itertools.count()

    def take(self, effects: list[Effect], now: float) -> None:
        for effect in effects:
            match effect:
                case Dial(link):
                    assert self.open is None, "the former link is gone before the next is dialled"
                    assert link == len(self.dials) + 1
                    assert self.session.is_wanted
                    self.open = link
                    self.dials.append(now)
                    for after_s, thing in self.answer(link):
                        self.later(now + after_s, thing, link)
                case Hang(link):
                    assert link == self.open
                    self.open = None
                    self.left.append(now)
                case Send(link):
                    assert link == self.open

    def later(self, at: float, thing: object, link: int = 0) -> None:
        heapq.heappush(self.coming, (at, next(self.count), link, thing))

    def run(self, until: float, *, presses_every_s: float | None = None) -> list[float]:
        """A life until then; when it dialled."""
        if presses_every_s:
            self.later(0.0, presses_every_s)
        now = 0.0
        while now < until:
            due = self.session.deadline()
            coming = self.coming[0][0] if self.coming else until
            if due is not None and due <= coming:
                now = max(now, due)
                effects = self.session.wake(now, quiet=True)
                assert effects or self.session.deadline() != due, "it would wake for nothing, for ever"
                self.take(effects, now)
                continue
            if not self.coming:
                break
            now, _, link, thing = heapq.heappop(self.coming)
            self.happen(link, thing, now)
        return self.dials

    def happen(self, link: int, thing: object, now: float) -> None:
        match thing:
            case float(every_s):
                self.later(now + every_s, every_s)
                self.take(self.session.want(now), now)
            case _ if link != self.open:
                pass  # it was hung up meanwhile
            case LinkDown():
                self.open = None
                self.take(self.session.down(thing, now), now)
            case LinkUp():
                self.take(self.session.up(thing, now), now)
            case SetupComplete() | GoAway() | Resumption():
                self.take(self.session.hear(thing, now), now)
                self.take(self.session.wake(now, quiet=True), now)


def refusing(reason: str, code: int = 1007) -> Callable[[int], list[Answer]]:
    return lambda link: [(0.2, LinkUp(link)), (0.3, closed(link, reason, code))]


def always() -> Session:
    return Session(SETUP, delays, always=True, idle_close_s=120.0)


def pressed() -> Session:
    return Session(SETUP, delays, always=False, idle_close_s=120.0)


def test_a_key_that_is_refused_is_tried_every_quarter_of_an_hour() -> None:
    assert len(Service(always(), refusing(BAD_KEY)).run(DAY_S)) == 96


def test_a_key_that_is_refused_is_tried_at_a_press_but_not_at_every_press() -> None:
    dials = Service(pressed(), refusing(BAD_KEY)).run(DAY_S / 4, presses_every_s=1.0)
    assert min(b - a for a, b in itertools.pairwise(dials)) >= 5.0


def test_a_press_an_hour_is_a_try_an_hour_and_a_few() -> None:
    dials = Service(pressed(), refusing(BAD_KEY)).run(DAY_S, presses_every_s=3600.0)
    assert set(range(0, int(DAY_S), 3600)) <= {int(at) for at in dials}
    assert len(dials) <= 96 + 24


def test_a_quota_that_is_used_up_is_tried_ever_more_rarely() -> None:
    dials = Service(always(), refusing(USED_UP, 1011)).run(DAY_S)
    gaps = [round(b - a) for a, b in itertools.pairwise(dials)]
    assert gaps[:6] == [60, 120, 240, 480, 900, 900]
    assert len(dials) < 105


def test_a_quota_that_is_used_up_is_not_hammered_by_presses() -> None:
    dials = Service(pressed(), refusing(USED_UP, 1011)).run(3600.0, presses_every_s=1.0)
    assert min(b - a for a, b in itertools.pairwise(dials)) >= 5.0


@pytest.mark.parametrize(
    "end",
    [
        lambda link: (0.5, closed(link, OLD)),
        lambda link: (0.5, closed(link, "", 1000)),
        lambda link: (0.5, LinkDown(link, Cause.DROPPED)),
        lambda link: (0.5, closed(link, BUSY)),
        lambda link: (0.5, GoAway(0.0)),
        lambda link: (0.5, GoAway(5.0)),
        lambda link: (0.5, GoAway(50.0)),
    ],
    ids=["age", "normal", "dropped", "busy", "go away now", "go away in 5 s", "go away in 50 s"],
)
def test_a_service_that_ends_every_link_after_its_setup_is_not_hammered(end: Callable[[int], Answer]) -> None:
    dials = Service(always(), lambda link: [(0.2, LinkUp(link)), (0.4, SetupComplete()), end(link)]).run(
        3600.0
    )
    assert len(dials) < 3600 / 30 + 7
    assert dials[1] - dials[0] < 2.0  # the first time it may have been chance


def test_a_network_that_is_away_is_tried_with_growing_patience() -> None:
    dials = Service(always(), lambda link: [(0.0, LinkDown(link, Cause.UNREACHABLE))]).run(3600.0)
    assert [b - a for a, b in itertools.pairwise(dials)][:7] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert len(dials) < 3600 / 30 + 7


def test_a_service_that_never_answers_is_given_up_after_fifteen_seconds() -> None:
    service = Service(always(), lambda link: [])
    assert service.run(60.0) == [0.0, 16.0, 33.0, 52.0]
    assert service.left == [15.0, 31.0, 48.0]


def test_a_line_is_changed_before_its_age_and_before_a_go_away_is_used_up() -> None:
    def healthy(link: int) -> list[Answer]:
        return [(0.25, LinkUp(link)), (0.5, SetupComplete()), (1.0, Resumption(Handle(f"h{link}")))]

    service = Service(always(), healthy)
    assert service.run(3600.0)[:4] == [0.0, 540.5, 1081.0, 1621.5]
    assert service.session.resumed == len(service.dials) - 1


def test_a_go_away_is_obeyed_five_seconds_before_its_time_even_in_a_turn() -> None:
    made = session(Live(3, 100.0, 640.0))
    made.hear(GoAway(50.0), 110.0)
    assert made.deadline() == 155.0
    assert made.wake(154.5, quiet=False) == []
    assert made.wake(155.0, quiet=False)[0] == Hang(3)
    made = session(Live(3, 100.0, 640.0))
    made.hear(GoAway(3.0), 110.0)
    assert made.wake(111.4, quiet=False) == [], "what is short is halved"
    assert made.wake(111.5, quiet=False)[0] == Hang(3)


def test_an_old_line_lets_an_answer_be_finished_but_not_for_ever() -> None:
    made = session(Live(3, 100.0, 640.0))
    assert made.wake(640.0, quiet=False) == []
    assert made.wake(689.9, quiet=False) == []
    assert made.wake(690.0, quiet=False)[0] == Hang(3)
    made = session(Live(3, 100.0, 640.0))
    assert made.wake(640.0, quiet=True)[0] == Hang(3)


def test_a_line_that_is_left_waits_for_the_handle_of_its_last_turn() -> None:
    for resumption, leaves_at in ((Resumption(Handle("h")), 110.2), (Resumption(None), 111.0)):
        made = session(Live(3, 100.0, 640.0))
        made.hear(GoAway(50.0), 109.0)
        made.turn_completed(110.0)
        assert made.wake(110.1, quiet=True) == []
        made.hear(resumption, 110.15)
        assert bool(made.wake(110.2, quiet=True)) == (leaves_at == 110.2)
        assert bool(made.wake(111.0, quiet=True)) or leaves_at == 110.2


def test_a_line_that_is_pressed_for_is_up_as_long_as_it_is_used() -> None:
    def healthy(link: int) -> list[Answer]:
        return [(0.25, LinkUp(link)), (0.5, SetupComplete())]

    made = pressed()
    service = Service(made, healthy)
    service.take(made.want(0.0), 0.0)
    made.release(10.0)
    assert service.run(3600.0) == [0.0]
    assert service.left == [130.0]


# -- whatever happens -------------------------------------------------------------------------------

stimuli = st.lists(
    st.tuples(
        st.sampled_from(
            ["want", "need", "release", "proved", "up", "done", "handle", "leave", "down", "wake"]
        ),
        st.sampled_from([OLD, BUSY, USED_UP, BAD_KEY, "", "Request contains an invalid argument."]),
        st.integers(0, 40),
        st.booleans(),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(stimuli, st.booleans())
def test_there_is_one_link_at_a_time_and_none_that_nobody_wants(
    script: list[tuple[str, str, int, bool]], connect_always: bool
) -> None:
    made = Session(SETUP, delays, always=connect_always, idle_close_s=120.0)
    now, dialled_so_far, links = 0.0, 0, set[int]()
    for kind, reason, number, flag in script:
        link = dialled_so_far - (number == 0)  # now and then of a former link
        if kind == "down" and link in links:
            links.remove(link)
        effects: list[Effect] = []
        match kind:
            case "want":
                effects = made.want(now)
            case "need":
                made.need()
            case "release":
                made.release(now)
            case "proved":
                made.proved()
            case "up":
                effects = made.up(LinkUp(link), now)
            case "done":
                effects = made.hear(SetupComplete(), now)
            case "handle":
                effects = made.hear(Resumption(HANDLE if flag else None), now)
            case "leave":
                effects = made.hear(GoAway(float(number)), now)
            case "down":
                effects = made.down(closed(link, reason, 1011 if flag else 1007), now)
            case "wake":
                now += number
                effects = made.wake(now, quiet=flag)
                due = made.deadline()
                assert not flag or effects or due is None or due > now
        for effect in effects:
            match effect:
                case Dial(new):
                    assert not links, "never two at once"
                    assert new == dialled_so_far + 1
                    assert made.is_wanted
                    dialled_so_far = new
                    links.add(new)
                case Hang(old):
                    links.remove(old)
                case Send(used):
                    assert links == {used}
        assert made.link is None or links == {made.link}
        assert isinstance(made.line, Down) == (not links)
        assert repr(made).startswith("link ")
        assert SECRET not in repr(made)


def test_the_time_is_told_with_the_instruction_where_both_are_known() -> None:
    for told, clock, sent in (
        ("Be kind.", "Sunday 22 November 2026, 23:51", "Be kind.\n\nIt is Sunday 22 November 2026, 23:51."),
        ("Be kind.", "", "Be kind."),
        ("", "Sunday 22 November 2026, 23:51", ""),
    ):
        session = Session(Setup("m", told), lambda: iter([1.0]), always=True, idle_close_s=60.0)
        session.wake(100.0, quiet=True)
        [effect] = session.up(LinkUp(1, clock), 100.1)
        assert isinstance(effect, Send)
        assert isinstance(effect.message, Setup)
        assert effect.message.system_instruction == sent


def test_when_a_model_is_gone_the_next_is_tried_until_there_is_none() -> None:
    delays = itertools.repeat(0.5)
    session = Session(
        Setup("a"), lambda: delays, always=True, idle_close_s=60.0, fallbacks=(Setup("b"), Setup("c"))
    )
    tried: list[str] = []
    now = 100.0
    for link in (1, 2, 3):
        session.wake(now, quiet=True)
        [effect] = session.up(LinkUp(link), now)
        assert isinstance(effect, Send)
        assert isinstance(effect.message, Setup)
        tried.append(effect.message.model)
        session.down(LinkDown(link, Cause.CLOSED, 1008, "models/x is not found for API version"), now)
        now += 0.5
    assert tried == ["a", "b", "c"]
    assert session.fault is MODEL


def test_only_a_fresh_session_is_told_of_the_past_and_only_as_its_model_takes_it() -> None:
    for seeding, resume in itertools.product(("content", "instruction"), ("", "h1")):
        session = Session(
            dataclasses.replace(SETUP, seeding=seeding), delays, always=True, idle_close_s=120.0
        )
        if resume:
            session.handles.offered(Handle(resume), 0.0, idle=True)
        session.wake(0.0, quiet=True)
        [sent] = session.up(LinkUp(1), 0.0, "We spoke of cake.")
        assert isinstance(sent, Send)
        assert isinstance(sent.message, Setup)
        in_words = seeding == "instruction" and not resume
        assert sent.message.recollection == ("We spoke of cake." if in_words else "")
        assert not session.takes_past
        session.hear(SetupComplete(), 0.0)
        assert session.takes_past == (seeding == "content" and not resume)
