"""What it costs: the last counts of a turn, the day they belong to, and when it is enough."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.messages import Usage
from appliance.core.usage import MOST_COUNT, Budget, Ledger, Use, Verdict
from tests.core.vocabulary import check_value

TODAY = "2026-11-22"


def spend(ledger: Ledger, total: int) -> None:
    ledger.note(Usage(total=total))
    assert ledger.close()


def total(ledger: Ledger, period: str) -> object:
    sums = ledger.shown()[period]
    assert isinstance(sums, dict)
    return sums["total"]


# -- one turn ---------------------------------------------------------------------------------------


def test_the_last_counts_of_a_turn_are_booked_not_their_sum() -> None:
    ledger = Ledger()
    ledger.today(TODAY)
    for response in (20, 45, 69):
        ledger.note(Usage(482, response, 482 + response))
    ledger.sound(heard_ms=40)
    ledger.sound(heard_ms=40.4, spoken_ms=2760)
    assert ledger.close()
    assert ledger.last == Use(1, 482, 69, 551, 80, 2760)
    ledger.note(Usage(600, 10, 610))
    assert ledger.close()
    assert ledger.last == Use(1, 600, 10, 610, 0, 0)
    both = {"turns": 2, "prompt": 1082, "response": 79, "total": 1161, "heard_ms": 80, "spoken_ms": 2760}
    assert ledger.shown() == {
        "last_turn": {
            "turns": 1,
            "prompt": 600,
            "response": 10,
            "total": 610,
            "heard_ms": 0,
            "spoken_ms": 0,
        },
        "today": both,
        "month": both,
        "day": "2026-11-22",
        "verdict": "fine",
        "budget": {
            "soft_tokens_day": None,
            "hard_tokens_day": None,
            "soft_tokens_month": None,
            "hard_tokens_month": None,
        },
    }


def test_closing_once_too_often_books_nothing() -> None:
    ledger = Ledger()
    ledger.today(TODAY)
    assert not ledger.close()
    assert ledger.last == Use()
    spend(ledger, 5)
    former = ledger.as_json()
    assert not ledger.close()
    ledger.note(Usage())
    assert not ledger.close()
    assert ledger.as_json() == former
    assert ledger.last.total == 5


def test_sound_alone_is_booked_too() -> None:
    """An interrupted turn may have no counts at all."""
    ledger = Ledger()
    ledger.sound(heard_ms=1500)
    assert ledger.close()
    assert ledger.last == Use(turns=1, heard_ms=1500)


@pytest.mark.parametrize(
    ("usage", "booked"),
    [
        (Usage(1131, 26, 1157), (1131, 26, 1157)),
        (Usage(1131, 26, 1181), (1131, 26, 1181)),  # with its thoughts
        (Usage(10, 5, 0), (10, 5, 15)),  # no total was given
        (Usage(-3, 5, -8), (0, 5, 5)),
        (Usage(0, 0, 7), (0, 0, 7)),
    ],
)
def test_a_total_is_at_least_its_parts(usage: Usage, booked: tuple[int, int, int]) -> None:
    ledger = Ledger()
    ledger.note(usage)
    ledger.close()
    assert (ledger.last.prompt, ledger.last.response, ledger.last.total) == booked


def test_a_turn_under_way_counts() -> None:
    ledger = Ledger(Budget(hard_tokens_day=100))
    ledger.today(TODAY)
    ledger.note(Usage(total=100))
    assert ledger.verdict() is Verdict.HARD
    assert total(ledger, "today") == 100
    ledger.note(Usage(total=99))
    assert ledger.verdict() is Verdict.FINE


# -- days and months --------------------------------------------------------------------------------


def test_days_and_months() -> None:
    ledger = Ledger()
    for day, tokens in (("2026-11-29", 1), ("2026-11-30", 2), ("2026-12-01", 4), ("2026-11-30", 8)):
        ledger.today(day)
        spend(ledger, tokens)
    assert (total(ledger, "today"), total(ledger, "month")) == (10, 11)  # the clock went back a day
    ledger.today("2026-12-01")
    assert (total(ledger, "today"), total(ledger, "month")) == (4, 4)
    ledger.today("2026-12-02")
    assert (total(ledger, "today"), total(ledger, "month")) == (0, 4)


@pytest.mark.parametrize(
    "unknown", ["", "22.11.2026", "2026-13-01", "2026-11-32", "2026-11-22 ", "٢٠٢٦-11-22"]
)
def test_what_is_spent_on_an_unknown_day_goes_to_the_next_known_one(unknown: str) -> None:
    ledger = Ledger(Budget(hard_tokens_day=30))
    ledger.today(TODAY)
    spend(ledger, 10)
    ledger.today(unknown)
    assert ledger.day == ""
    spend(ledger, 29)
    assert (total(ledger, "today"), total(ledger, "month")) == (29, 29)
    assert ledger.verdict() is Verdict.FINE
    spend(ledger, 1)
    assert ledger.verdict() is Verdict.HARD  # a box without a clock has limits, too
    ledger = Ledger(Budget(hard_tokens_day=30), ledger.as_json())  # nor does a restart lose it
    ledger.today("2026-11-23")
    assert (total(ledger, "today"), total(ledger, "month")) == (30, 40)
    ledger.today(TODAY)
    assert (total(ledger, "today"), total(ledger, "month")) == (10, 40)


def test_each_day_is_told_with_what_it_cost() -> None:
    ledger = Ledger()
    assert ledger.days() == {}
    for day, tokens in ((TODAY, 2), ("2026-11-20", 1), (TODAY, 4)):
        ledger.today(day)
        spend(ledger, tokens)
    ledger.note(Usage(0, 0, 8))
    assert [(day, use["total"]) for day, use in ledger.days().items()] == [("2026-11-20", 1), (TODAY, 14)]
    ledger.today("")
    assert [(day, use["total"]) for day, use in ledger.days().items()] == [("2026-11-20", 1), (TODAY, 6)]
    ledger.today("2026-11-23")
    assert list(ledger.days()) == ["2026-11-20", TODAY, "2026-11-23"]


def test_62_days_and_24_months_are_kept() -> None:
    ledger = Ledger()
    first = date(2024, 1, 1)
    for number in range(3 * 366):
        ledger.today((first + timedelta(number)).isoformat())
        spend(ledger, 1)
    kept = ledger.as_json()
    assert isinstance(kept["days"], dict)
    assert isinstance(kept["months"], dict)
    assert (len(kept["days"]), len(kept["months"])) == (62, 24)
    assert list(kept["days"])[::61] == ["2026-11-02", "2027-01-02"]
    assert list(kept["months"])[::23] == ["2025-02", "2027-01"]
    assert len(json.dumps(kept)) < 10_000
    assert Ledger(snapshot=kept).as_json() == kept


def test_today_is_kept_however_many_later_days_there_are() -> None:
    """A clock that was in the future for a while must not lift the limits of the present."""
    ledger = Ledger(Budget(hard_tokens_day=100))
    for number in range(62):
        ledger.today((date(2099, 1, 1) + timedelta(number)).isoformat())
        spend(ledger, 1)
    ledger.today(TODAY)
    spend(ledger, 60)
    ledger.today("2099-06-01")
    spend(ledger, 1)
    ledger.today(TODAY)
    spend(ledger, 40)
    assert ledger.verdict() is Verdict.HARD
    ledger = Ledger(Budget(hard_tokens_day=100), json.loads(json.dumps(ledger.as_json())))
    ledger.today(TODAY)
    assert ledger.verdict() is Verdict.HARD


def test_the_day_that_was_not_used_for_longest_is_dropped_first() -> None:
    ledger = Ledger()
    for number in (0, 1, *range(2, 62), 0, 62):  # day 0 is used again before there are too many
        ledger.today((date(2026, 1, 1) + timedelta(number)).isoformat())
        spend(ledger, 1)
    kept = ledger.as_json()["days"]
    assert isinstance(kept, dict)
    assert list(kept)[0::60] == ["2026-01-03", "2026-01-01"]
    assert kept["2026-01-01"]["total"] == 2


# -- the budget -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "today", "before", "verdict"),
    [
        (Budget(), 10**9, 10**9, "fine"),
        (Budget(soft_tokens_day=100), 99, 500, "fine"),
        (Budget(soft_tokens_day=100), 100, 0, "soft"),
        (Budget(hard_tokens_day=100), 99, 500, "fine"),
        (Budget(hard_tokens_day=100), 100, 0, "hard"),
        (Budget(soft_tokens_month=100), 50, 49, "fine"),
        (Budget(soft_tokens_month=100), 50, 50, "soft"),
        (Budget(hard_tokens_month=100), 50, 49, "fine"),
        (Budget(hard_tokens_month=100), 50, 50, "hard"),
        (Budget(soft_tokens_day=10, hard_tokens_day=20), 15, 0, "soft"),
        (Budget(soft_tokens_day=10, hard_tokens_day=20), 20, 0, "hard"),
        (Budget(soft_tokens_day=10, hard_tokens_month=20), 10, 10, "hard"),
    ],
)
def test_verdicts(budget: Budget, today: int, before: int, verdict: str) -> None:
    ledger = Ledger(budget)
    ledger.today("2026-11-21")
    if before:
        spend(ledger, before)
    ledger.today(TODAY)
    spend(ledger, today)
    assert ledger.verdict() == verdict
    assert ledger.shown()["verdict"] == verdict


def test_a_soft_limit_is_told_once_a_day() -> None:
    budget = Budget(soft_tokens_day=10, hard_tokens_day=30)
    ledger = Ledger(budget)
    ledger.today(TODAY)
    assert not ledger.warn()
    spend(ledger, 10)
    assert [ledger.warn(), ledger.warn()] == [True, False]
    ledger = Ledger(budget, ledger.as_json())
    ledger.today(TODAY)
    assert not ledger.warn()  # nor again after a restart
    ledger.today("2026-11-23")
    assert not ledger.warn()
    spend(ledger, 10)
    assert ledger.warn()
    spend(ledger, 20)
    assert not ledger.warn()  # it is the hard one now


def test_a_soft_limit_is_told_once_while_nobody_knows_the_day() -> None:
    ledger = Ledger(Budget(soft_tokens_day=10))
    spend(ledger, 10)
    assert [ledger.warn(), ledger.warn()] == [True, False]


def test_the_next_day_lifts_the_limit_of_a_day_and_the_next_month_that_of_a_month() -> None:
    ledger = Ledger(Budget(hard_tokens_day=10, hard_tokens_month=15))
    verdicts = []
    for day, tokens in (("2026-11-29", 10), ("2026-11-30", 5), ("2026-12-01", 9)):
        ledger.today(day)
        verdicts.append(ledger.verdict())
        spend(ledger, tokens)
        verdicts.append(ledger.verdict())
    assert verdicts == ["fine", "hard", "fine", "hard", "fine", "fine"]


# -- the snapshot -----------------------------------------------------------------------------------


def test_the_snapshot() -> None:
    ledger = Ledger()
    ledger.today(TODAY)
    spend(ledger, 7)
    seven = {"turns": 1, "prompt": 0, "response": 0, "total": 7, "heard_ms": 0, "spoken_ms": 0}
    none = dict.fromkeys(seven, 0)
    kept = {
        "version": 1,
        "days": {"2026-11-22": seven},
        "months": {"2026-11": seven},
        "undated": none,
        "warned": None,
    }
    assert ledger.as_json() == kept
    ledger.note(Usage(total=1))
    assert ledger.as_json() == kept  # the turn under way is not in it


EMPTY = Ledger().as_json()


@pytest.mark.parametrize(
    "nothing",
    [
        None,
        True,
        7,
        "days",
        [],
        {},
        {"days": None, "months": 1, "undated": [], "warned": {}},
        {"days": [TODAY], "months": "2026-11", "undated": "7", "warned": "yesterday"},
        {"days": {"": {"total": 1}, "2026-11": {"total": 1}, "2026-11-22T00": {"total": 1}}},
        {"days": {TODAY: None}, "months": {"2026-11-22": {"total": 1}, "2026-00": {"total": 1}}},
        {"days": {TODAY: {"total": -1}}, "months": {"2026-11": {"total": True, "prompt": 1.5}}},
        {"undated": {"total": "7", "response": None, "cost": 9}},
    ],
)
def test_what_is_not_ours_is_begun_anew(nothing: object) -> None:
    assert Ledger(snapshot=nothing).as_json() == EMPTY


def test_what_can_be_used_is_kept() -> None:
    """From a later version, or from a file that somebody has edited."""
    later = {
        "version": 9,
        "days": {TODAY: {"total": 5, "prompt": "3", "euros": 0.1}, "someday": {"total": 5}, "2026-11-21": 5},
        "months": {"2026-11": {"total": 10**5000}},
        "years": {"2026": {"total": 9}},
        "undated": {"total": 1},
        "warned": TODAY,
    }
    ledger = Ledger(Budget(soft_tokens_day=1), later)
    ledger.today(TODAY)
    assert (total(ledger, "today"), total(ledger, "month")) == (6, MOST_COUNT)
    assert not ledger.warn()
    assert json.loads(json.dumps(ledger.as_json())) == ledger.as_json()


def test_too_many_days_are_cut_at_the_older_end() -> None:
    days = [(date(2026, 1, 1) + timedelta(number)).isoformat() for number in range(100)]
    kept = Ledger(snapshot={"days": {day: {"total": 1} for day in days}}).as_json()["days"]
    assert isinstance(kept, dict)
    assert list(kept) == days[38:]


KEYS = st.sampled_from(["days", "months", "undated", "warned", TODAY, "2026-11", "total", "turns"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(), inner, max_size=5),
    max_leaves=20,
)


@given(ANY_JSON)
def test_any_json_makes_a_ledger(value: object) -> None:
    ledger = Ledger(Budget(1, 2, 3, 4), value)
    assert isinstance(ledger.verdict(), Verdict)
    ledger.today(TODAY)
    spend(ledger, 3)
    assert ledger.verdict() is Verdict.HARD
    kept = ledger.as_json()
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    assert Ledger(snapshot=kept).as_json() == kept


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(date.isoformat) | st.just("")
STEPS = st.lists(DAYS | st.integers(0, 10**6) | st.just(None), max_size=60)


@given(STEPS)
def test_nothing_is_lost_or_booked_twice(steps: list[str | int | None]) -> None:
    """A day, tokens of a turn, or a restart, in any order: a year has few enough months to keep them all."""
    ledger = Ledger()
    spent = 0
    for step in steps:
        match step:
            case str(day):
                ledger.today(day)
            case int(tokens):
                ledger.note(Usage(total=10**9))  # so far
                ledger.note(Usage(total=tokens))
                assert ledger.close() is (tokens > 0)
                spent += tokens
            case None:
                ledger = Ledger(snapshot=json.loads(json.dumps(ledger.as_json())))
    ledger.today("2026-12-31")
    months = ledger.as_json()["months"]
    assert isinstance(months, dict)
    assert sum(use["total"] for use in months.values()) == spent


@pytest.mark.parametrize("kind", [Budget, Use])
def test_values_are_frozen_and_slotted(kind: type) -> None:
    check_value(kind)
