"""The timers: due to the second, whatever is done to the clock and whenever the power goes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.effects import Keep
from appliance.core.events import WallClock
from appliance.core.parameters import Bad
from appliance.core.timer import Counting, Dated, Deed, Due, Missed, Stored, Timer
from appliance.core.timers import LATE_S, LOOK_S, MOST_MISSED, NO_CLOCK, SETTLE_S, Timers

NOON = 1_795_604_400.0  # 2026-11-25 11:00 UTC, 12:00 in Berlin
LOCAL = NOON + 3600
DAY_S, HOUR_S = 86_400, 3600
TEN_PM = 22 * HOUR_S
OFF = Deed("set_lights", {"names": ["kitchen lamp"], "power": "off"})
UNKNOWN = WallClock("")


def wall(after_s: float = 0.0, offset_s: int = HOUR_S) -> WallClock:
    """Noon in Berlin, and so long after."""
    return WallClock("2026-11-25", NOON + after_s, offset_s)


def started(kept: object = None, said: WallClock | None = None, now: float = 0.0) -> Timers:
    timers = Timers(kept)
    timers.tell(said or wall(), now)
    timers.changes(now)
    return timers


def kept(timers: Timers, now: float) -> object:
    [keep] = timers.changes(now)
    assert isinstance(keep, Keep)
    assert keep.name == "timers"
    return json.loads(json.dumps(keep.value, allow_nan=False))


def numbers(fallen: list[Due | Missed]) -> list[tuple[str, int, float]]:
    return [(type(f).__name__, f.timer.number, round(f.late_s, 1)) for f in fallen]


# -- how long -----------------------------------------------------------------------------------------


def test_a_duration_is_due_when_it_is_over() -> None:
    timers = started()
    pasta = timers.set_in(600.0, " the  pasta ", None, 10.0)
    assert (pasta.name, pasta.number) == ("the pasta", 1)
    assert timers.deadline() == 610.0
    assert timers.wake(609.9) == ([], False)
    assert timers.wake(610.0) == ([Due(pasta)], False)
    assert timers.all() == []
    assert timers.deadline() is None
    assert repr(timers) == "0 timers"


@pytest.mark.parametrize("jump_s", [-(10**6), -HOUR_S, -3, 3, HOUR_S, 10**6])
def test_a_clock_that_jumps_moves_no_duration(jump_s: float) -> None:
    timers = started()
    timers.set_in(600.0, "", None, 0.0)
    assert timers.tell(wall(60 + jump_s), 60.0) == []
    assert timers.tell(UNKNOWN, 120.0) == []
    assert timers.deadline() == 600.0
    assert timers.wake(599.0) == ([], False)
    assert numbers(timers.wake(600.5)[0]) == [("Due", 1, 0.5)]


@pytest.mark.parametrize("seconds", [0.0, 0.9, -5.0, 604_801.0, float("nan"), float("inf")])
def test_durations_are_bounded(seconds: float) -> None:
    timers = started()
    with pytest.raises(Bad, match="from 1 second to 7 days"):
        timers.set_in(seconds, "", None, 0.0)
    assert timers.all() == []
    assert timers.changes(0.0) == []


def test_there_are_not_too_many_and_a_number_is_used_again() -> None:
    timers = started()
    for _ in range(32):
        timers.set_in(60.0, "tea", None, 0.0)
    with pytest.raises(Bad, match="there are 32 timers already"):
        timers.set_in(60.0, "tea", None, 0.0)
    timers.cancel("7", 0.0)
    assert timers.set_in(60.0, "", None, 0.0).number == 7


@pytest.mark.parametrize("name", ["x" * 41, "a\u202eb", "a\0b"])
def test_names_are_bounded(name: str) -> None:
    with pytest.raises(Bad, match="at most 40 letters"):
        started().set_in(60.0, name, None, 0.0)


# -- at what time -------------------------------------------------------------------------------------


def test_a_time_of_day_is_the_next_one() -> None:
    timers = started()
    today = timers.set_at(TEN_PM, "", OFF, 0.0, daily=False)
    tomorrow = timers.set_at(12 * HOUR_S, "", OFF, 0.0, daily=False)
    assert isinstance(today.when, Dated)
    assert isinstance(tomorrow.when, Dated)
    assert today.when.local_s - LOCAL == 10 * HOUR_S
    assert tomorrow.when.local_s - LOCAL == DAY_S, "it is noon at this moment: that was it"
    assert timers.deadline() == 10 * HOUR_S


def test_a_time_of_day_needs_a_clock() -> None:
    timers = started(said=UNKNOWN)
    with pytest.raises(Bad) as bad:
        timers.set_at(TEN_PM, "", None, 0.0, daily=False)
    assert str(bad.value) == NO_CLOCK
    assert timers.set_in(60.0, "", None, 0.0).number == 1, "a duration needs none"


def test_somebody_looks_before_it_is_due() -> None:
    timers = started()
    timers.set_at(TEN_PM, "", None, 0.0, daily=False)
    due = 10.0 * HOUR_S
    assert timers.wake(due - 0.1) == ([], False)
    assert timers.wake(due) == ([], True)
    assert timers.deadline() == due + LOOK_S, "nobody told: once more, and not at once"
    assert timers.wake(due + 0.5) == ([], False)
    assert numbers(timers.tell(wall(due + 0.6), due + 0.6)) == [("Due", 1, 0.6)]
    assert timers.all() == []


def test_a_clock_that_was_put_back_a_little_is_waited_for() -> None:
    timers = started()
    timers.set_at(TEN_PM, "", None, 0.0, daily=False)
    due = 10.0 * HOUR_S
    timers.wake(due)
    assert timers.tell(wall(due - 0.25), due) == []
    assert timers.deadline() == due + 0.25


def test_a_daily_one_goes_on_tomorrow() -> None:
    timers = started()
    timers.set_at(TEN_PM, "lights out", OFF, 0.0, daily=True)
    for day in range(3):
        at = 10.0 * HOUR_S + day * DAY_S
        assert timers.deadline() == at
        [due] = timers.tell(wall(at), at)
        assert (due.timer.number, due.late_s) == (1, 0.0)
    assert len(timers.all()) == 1


@pytest.mark.parametrize(
    ("jump_s", "fallen", "next_s"),
    [
        (9 * HOUR_S, [], 1 * HOUR_S),
        (10 * HOUR_S, [("Due", 1, 0.0)], DAY_S),
        (10.9 * HOUR_S, [("Due", 1, 0.9 * HOUR_S)], DAY_S - 0.9 * HOUR_S),
        (12 * HOUR_S, [("Missed", 1, 2.0 * HOUR_S)], 22 * HOUR_S),
        (1000 * DAY_S, [("Missed", 1, 1000 * DAY_S - 10.0 * HOUR_S)], 10 * HOUR_S),
        (-HOUR_S, [], 11 * HOUR_S),
        (-11 * HOUR_S, [], 21 * HOUR_S),
        (-20 * HOUR_S, [], 6 * HOUR_S),
        (-1000 * DAY_S, [], 10 * HOUR_S),
    ],
)
@pytest.mark.parametrize("daily", [True, False])
def test_a_time_of_day_follows_the_clock(
    jump_s: float, fallen: list[tuple[str, int, float]], next_s: float, daily: bool
) -> None:
    timers = started()
    timers.set_at(TEN_PM, "", None, 0.0, daily=daily)
    assert numbers(timers.tell(wall(jump_s), 0.0)) == fallen
    assert [numbers([m]) for m in timers.missed] == [[f] for f in fallen if f[0] == "Missed"]
    assert timers.deadline() == (pytest.approx(next_s) if daily or not fallen else None)


def test_a_clock_that_forgets_the_time_is_waited_for() -> None:
    timers = started()
    timers.set_at(TEN_PM, "", None, 0.0, daily=False)
    assert timers.tell(UNKNOWN, 60.0) == []
    assert timers.deadline() is None
    assert timers.wake(10.0 * HOUR_S) == ([], False)
    assert timers.shown(60.0)[0]["at"] == "22:00"
    assert numbers(timers.tell(wall(10 * HOUR_S), 10.0 * HOUR_S)) == [("Due", 1, 0.0)]


# Europe: on 2026-03-29 02:00 becomes 03:00, on 2026-10-25 03:00 becomes 02:00.
SPRING = WallClock("2026-03-29", 1_774_746_000.0 - 1, 3600)  # 01:59:59
AUTUMN = WallClock("2026-10-25", 1_792_890_000.0 - 1, 7200)  # 02:59:59


@pytest.mark.parametrize(("time_s", "late_s"), [(7200, 3600.0), (9000, 1800.0), (10_800, 0.0)])
def test_an_hour_that_summer_time_takes_away_is_made_up_for(time_s: int, late_s: float) -> None:
    timers = started(said=SPRING)
    timers.set_at(time_s, "", None, 0.0, daily=True)
    assert numbers(timers.tell(WallClock("2026-03-29", SPRING.epoch_s + 1, 7200), 1.0)) == [
        ("Due", 1, late_s)
    ]
    [timer] = timers.all()
    assert isinstance(timer.when, Dated)
    assert timer.when.local_s % DAY_S == time_s, "tomorrow it is on time"


def test_seven_in_the_morning_is_seven_on_either_side() -> None:
    evening = WallClock("2026-10-24", AUTUMN.epoch_s - 5 * HOUR_S, 7200)
    timers = started(said=evening)
    timers.set_at(7 * HOUR_S, "", None, 0.0, daily=False)
    now = 5.0 * HOUR_S + 1
    timers.tell(WallClock("2026-10-25", AUTUMN.epoch_s + 1, 3600), now)
    assert timers.deadline() == now + 5 * HOUR_S, "02:00 to 07:00 in winter time"


def test_an_hour_that_comes_twice_rings_once() -> None:
    timers = started(said=WallClock("2026-10-25", AUTUMN.epoch_s - 3599, 7200))  # 02:00 for the first time
    timers.set_at(9000, "", None, 0.0, daily=True)
    assert numbers(timers.tell(WallClock("2026-10-25", AUTUMN.epoch_s - 1799, 7200), 1800.0)) == [
        ("Due", 1, 0.0)
    ]
    timers.tell(WallClock("2026-10-25", AUTUMN.epoch_s + 1, 3600), 3600.0)
    assert timers.deadline() == 3600.0 + 1800 + DAY_S


# -- which one ----------------------------------------------------------------------------------------


def three() -> Timers:
    timers = started()
    timers.set_in(600.0, "pasta", None, 0.0)
    timers.set_in(300.0, "Pasta", None, 0.0)
    timers.set_at(TEN_PM, "lights out", OFF, 0.0, daily=False)
    timers.changes(0.0)
    return timers


@pytest.mark.parametrize(
    ("which", "gone"),
    [
        ("lights out", [3]),
        (" Lights  OUT ", [3]),
        ("timer 2", [2]),
        ("2", [2]),
        ("#1", [1]),
        ("all", [1, 2, 3]),
    ],
)
def test_it_is_cancelled_by_name_or_number(which: str, gone: list[int]) -> None:
    timers = three()
    assert [timer.number for timer in timers.cancel(which, 0.0)] == gone
    assert {timer.number for timer in timers.all()} == {1, 2, 3} - set(gone)
    assert kept(timers, 0.0)


@pytest.mark.parametrize(
    ("which", "error"),
    [
        ("pasta", "several timers are called 'pasta', say which number: timer 1 (pasta) in 10 minutes, "),
        ("rice", "there is no timer 'rice'; there are: timer 1 (pasta) in 10 minutes, timer 2 (Pasta) in "),
        (
            "",
            "say which timer: timer 1 (pasta) in 10 minutes, timer 2 (Pasta) in 5 minutes, timer 3 (lights ",
        ),
        ("99999999", "there is no timer '99999999'"),
        ("²", "there is no timer '²'"),
    ],
)
def test_what_is_not_clear_cancels_nothing(which: str, error: str) -> None:
    timers = three()
    with pytest.raises(Bad) as bad:
        timers.cancel(which, 0.0)
    assert str(bad.value).startswith(error)
    assert len(timers.all()) == 3
    assert timers.changes(0.0) == []


def test_the_only_one_needs_no_name() -> None:
    timers = started()
    timers.set_in(60.0, "egg", None, 0.0)
    assert timers.cancel("", 0.0)[0].name == "egg"
    for which in ("", "all", "egg"):
        with pytest.raises(Bad, match="none"):
            timers.cancel(which, 0.0)


def test_the_next_one_is_shown_first() -> None:
    timers = three()
    shown = timers.shown(0.0)
    assert [timer["number"] for timer in shown] == [2, 1, 3]
    assert shown[0]["left_s"] == 300
    assert shown[2]["left_s"] == 10 * HOUR_S
    timers.tell(UNKNOWN, 0.0)
    assert [timer["number"] for timer in timers.shown(0.0)] == [2, 1, 3], "what nobody knows is last"
    assert timers.show(timers.all()[0], 100.0)["left"] == "8 minutes 20 seconds"


# -- over a restart -----------------------------------------------------------------------------------


def stored(*, known: bool = True) -> object:
    """A duration of ten minutes and a time of day, kept at noon."""
    timers = started(said=wall() if known else UNKNOWN)
    timers.set_in(600.0, "pasta", None, 0.0)
    if known:
        timers.set_at(13 * HOUR_S, "", OFF, 0.0, daily=True)
    return kept(timers, 0.0)


@pytest.mark.parametrize(
    ("off_s", "fallen", "left"),
    [
        (0, [], 600),
        (599, [], 1),
        (600, [("Due", 1, 0.0)], None),
        (3599, [("Due", 1, 2999.0)], None),
        (600 + LATE_S, [("Due", 1, LATE_S), ("Due", 2, 900.0)], None),
        (5 * HOUR_S, [("Missed", 1, 17_400.0), ("Missed", 2, 14_400.0)], None),
        (-5 * HOUR_S, [], 600),
    ],
)
def test_while_the_box_was_off_time_went_on(
    off_s: float, fallen: list[tuple[str, int, float]], left: float | None
) -> None:
    timers = Timers(stored())
    assert timers.deadline() is None, "until the clock has spoken"
    assert timers.wake(50.0) == ([], False)
    assert {t["left_s"] for t in timers.shown(50.0) if t["name"]} == {600}
    assert numbers(timers.tell(wall(off_s), 50.0)) == fallen
    shown = [t for t in timers.shown(50.0) if t["name"] == "pasta"]
    assert [t["left_s"] for t in shown] == ([] if left is None else [left])
    assert [t for t in timers.shown(50.0) if t["number"] == 2], "a daily one stays in any case"


@pytest.mark.parametrize("known", [True, False])
def test_where_nobody_knows_the_time_it_goes_on_with_what_was_left(known: bool) -> None:
    timers = Timers(stored(known=known))
    assert timers.tell(UNKNOWN, 50.0) == []
    assert timers.shown(50.0)[0]["left_s"] == 600
    # The network comes up, and sets the clock.
    assert timers.tell(wall(400), 80.0) == []
    assert timers.shown(80.0)[0]["left_s"] == (200 if known else 570)


def test_a_clock_that_lags_behind_after_the_start_is_believed_when_it_is_right() -> None:
    timers = Timers(stored())
    timers.tell(wall(1), 0.0)  # as a box without a battery does: from where it was switched off
    assert timers.shown(0.0)[0]["left_s"] == 599
    assert timers.tell(wall(502), 30.0) == []
    assert timers.shown(30.0)[0]["left_s"] == 98
    assert numbers(timers.tell(wall(700), 40.0)) == [("Due", 1, 100.0)]


def test_a_clock_that_is_set_later_moves_nothing() -> None:
    timers = started()
    timers.set_in(DAY_S, "", None, 0.0)
    timers = started(kept(timers, 0.0), wall(10))
    timers.tell(wall(SETTLE_S + 11), SETTLE_S + 1)
    timers.tell(wall(SETTLE_S + HOUR_S), SETTLE_S + 2)
    assert timers.deadline() == DAY_S - 10


def test_missed_ones_are_remembered_but_not_all_of_them() -> None:
    timers = started()
    for _ in range(20):
        timers.set_in(60.0, "", None, 0.0)
    timers = Timers(kept(timers, 0.0))
    assert len(timers.tell(wall(DAY_S), 0.0)) == 20
    assert [missed.timer.number for missed in timers.missed] == list(range(13, 21))
    assert len(timers.missed) == MOST_MISSED


# -- what is kept ---------------------------------------------------------------------------------------


def test_it_is_kept_when_it_changes_and_not_otherwise() -> None:
    timers = started()
    assert timers.changes(0.0) == []
    timers.set_in(600.0, "pasta", None, 0.0)
    timers.set_at(TEN_PM, "", OFF, 0.0, daily=True)
    assert kept(timers, 0.0) == {
        "version": 1,
        "timers": [
            {"number": 1, "name": "pasta", "deed": None, "left_s": 600.0, "epoch_s": NOON + 600},
            {
                "number": 2,
                "name": "",
                "deed": {"function": "set_lights", "args": {"names": ["kitchen lamp"], "power": "off"}},
                "local_s": LOCAL + 10 * HOUR_S,
                "daily": True,
            },
        ],
    }
    for minute in range(1, 10):
        assert timers.tell(wall(60 * minute + 0.1), 60.0 * minute) == []
        assert timers.wake(60.0 * minute) == ([], False)
        assert timers.changes(60.0 * minute) == []
    timers.wake(600.0)
    assert kept(timers, 600.0)


@pytest.mark.parametrize(("said", "changed"), [(wall(70), True), (wall(60), False), (UNKNOWN, False)])
def test_when_a_count_is_over_by_the_wall_changes_with_the_clock(said: WallClock, changed: bool) -> None:
    timers = started()
    timers.set_in(600.0, "", None, 0.0)
    timers.changes(0.0)
    timers.tell(said, 60.0)
    assert bool(timers.changes(60.0)) is changed
    timers.tell(wall(120), 120.0)
    assert bool(timers.changes(120.0)) is (said == UNKNOWN or changed)


def test_a_time_of_day_alone_is_not_kept_again_when_the_clock_jumps() -> None:
    timers = started()
    timers.set_at(TEN_PM, "", None, 0.0, daily=False)
    timers.changes(0.0)
    timers.tell(wall(HOUR_S), 1.0)
    assert timers.changes(1.0) == []


def test_what_was_not_placed_yet_is_kept_as_it_was() -> None:
    former = stored()
    timers = Timers(former)
    timers.cancel("2", 0.0)
    again = kept(timers, 0.0)
    assert isinstance(former, dict)
    assert isinstance(again, dict)
    assert again["timers"] == former["timers"][:1]


def test_a_count_without_a_clock_keeps_what_a_former_life_knew() -> None:
    timers = Timers(stored())
    timers.tell(UNKNOWN, 0.0)
    timers.cancel("2", 60.0)
    [again] = kept(timers, 60.0)["timers"]  # type: ignore[index]
    assert (again["left_s"], again["epoch_s"]) == (540.0, NOON + 600)


@pytest.mark.parametrize(
    "nothing", [None, 7, [], {}, {"timers": None}, {"timers": {}}, {"timers": [None, 7, {}, {"number": 1}]}]
)
def test_what_is_not_ours_is_begun_anew(nothing: object) -> None:
    timers = Timers(nothing)
    assert timers.all() == []
    assert timers.as_json(0.0) == {"version": 1, "timers": []}


def test_what_can_be_used_is_kept_and_a_number_is_had_once() -> None:
    one = {"number": 1, "name": "a", "left_s": 60, "epoch_s": None, "deed": None}
    later = {"version": 9, "snoozed": [3], "timers": [one, 5, one | {"name": "b"}, one | {"number": 2}]}
    assert [(t.number, t.name) for t in Timers(later).all()] == [(1, "a"), (2, "a")]


# -- every pair, and any row of events ------------------------------------------------------------------

PLACES: dict[str, Callable[[], Timers]] = {
    "counting": lambda: _with(Counting(600.0)),
    "restored": lambda: _with(Counting(600.0, NOON + 600)),
    "dated": lambda: _with(Dated(LOCAL + 600)),
    "daily": lambda: _with(Dated(LOCAL + 600, daily=True)),
    "stored": lambda: _with(Stored(600.0, NOON + 600)),
    "stored blindly": lambda: _with(Stored(600.0)),
}
HAPPENED: dict[str, Callable[[Timers], list[Due | Missed]]] = {
    "a minute": lambda t: t.tell(wall(60), 60.0),
    "on time": lambda t: t.tell(wall(600), 600.0),
    "forward": lambda t: t.tell(wall(700), 60.0),
    "far forward": lambda t: t.tell(wall(DAY_S), 60.0),
    "back": lambda t: t.tell(wall(-DAY_S), 60.0),
    "lost": lambda t: t.tell(UNKNOWN, 60.0),
    "woken early": lambda t: t.wake(60.0)[0],
    "woken": lambda t: t.wake(600.0)[0],
}
FALLS = {  # what is due, or missed: of all other pairs nothing comes
    ("counting", "on time"): "Due 0",
    ("counting", "woken"): "Due 0",
    ("restored", "on time"): "Due 0",
    ("restored", "forward"): "Due 100",
    ("restored", "far forward"): "Missed 85800",
    ("restored", "woken"): "Due 0",
    ("dated", "on time"): "Due 0",
    ("dated", "forward"): "Due 100",
    ("dated", "far forward"): "Missed 85800",
    ("daily", "on time"): "Due 0",
    ("daily", "forward"): "Due 100",
    ("daily", "far forward"): "Missed 85800",
    ("stored", "on time"): "Due 0",
    ("stored", "forward"): "Due 100",
    ("stored", "far forward"): "Missed 85800",
}


def _with(when: Counting | Dated | Stored) -> Timers:
    timers = started()
    timers._timers[1] = Timer(1, "", when)
    return timers


@pytest.mark.parametrize(("place", "happened"), list(itertools.product(PLACES, HAPPENED)))
def test_every_state_and_event(place: str, happened: str) -> None:
    timers = PLACES[place]()
    fallen = [f"{type(f).__name__} {f.late_s:.0f}" for f in HAPPENED[happened](timers)]
    assert fallen == [FALLS[place, happened]] if (place, happened) in FALLS else fallen == []
    assert len(timers.all()) == (place == "daily" or not fallen)


STEPS = st.one_of(
    st.tuples(st.just("in"), st.integers(1, 7 * DAY_S)),
    st.tuples(st.just("at"), st.integers(0, DAY_S - 1)),
    st.tuples(st.just("pass"), st.integers(0, 3 * DAY_S)),
    st.tuples(st.just("jump"), st.integers(-3 * DAY_S, 3 * DAY_S)),
    st.tuples(st.just("restart"), st.integers(0, 3 * DAY_S)),
    st.tuples(st.just("cancel"), st.integers(1, 32)),
)


@given(st.lists(STEPS, max_size=40))
def test_each_timer_falls_once(steps: list[tuple[str, int]]) -> None:
    """Whatever happens: a timer that was set falls once or is cancelled, and none falls early by the wall."""
    now, ahead = 0.0, 0.0
    timers = started()
    set_, gone = 0, 0
    for what, much in steps:
        try:
            match what:
                case "in":
                    timers.set_in(float(much), "", None, now)
                    set_ += 1
                case "at":
                    timers.set_at(much, "", None, now, daily=False)
                    set_ += 1
                case "cancel":
                    gone += len(timers.cancel(str(much), now))
                case "pass":
                    now += much
                case "jump":
                    ahead += much
                case "restart":
                    timers = Timers(json.loads(json.dumps(timers.as_json(now))))
                    ahead += much + now
                    now = 0.0
        except Bad:
            continue
        fallen, _ = timers.wake(now)
        said = WallClock("2026-11-25", NOON + now + ahead, HOUR_S)
        fallen += timers.tell(said, now)
        assert all(f.late_s >= 0 for f in fallen)
        assert all(isinstance(f, Due) is (f.late_s <= LATE_S) for f in fallen)
        gone += len(fallen)
        assert len(timers.all()) == set_ - gone
        deadline = timers.deadline()
        assert deadline is None or deadline > now
