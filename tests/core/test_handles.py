"""With which handle a session is resumed: the whole one before the newer one, and none of unknown age."""

from __future__ import annotations

import pytest

from appliance.core.handles import VALID_S, Handles
from appliance.core.messages import Handle
from tests.core.vocabulary import SECRET

OLD, NEW = Handle("old"), Handle("new")
KEPT = {"version": 1, "model": "m", "handle": SECRET, "at": 1_800_000_000}


def test_without_any_there_is_none() -> None:
    assert Handles("m").best(0.0) is None
    assert Handles("m").as_json(0.0, 1_800_000_000.0) == {}


@pytest.mark.parametrize(
    ("offers", "best"),
    [
        ([(OLD, True), (NEW, True)], NEW),
        ([(OLD, True), (NEW, False)], OLD),  # taken within a turn: it may be poisoned
        ([(OLD, False), (NEW, False)], NEW),
        ([(OLD, False), (NEW, True)], NEW),
    ],
)
def test_the_last_one_of_a_whole_session_is_the_best(offers: list[tuple[Handle, bool]], best: Handle) -> None:
    handles = Handles("m")
    for at, (handle, idle) in enumerate(offers):
        handles.offered(handle, float(at), idle=idle)
    assert handles.best(10.0) == best
    handles.forget()
    assert handles.best(10.0) is None


def test_it_is_good_for_two_hours_after_its_link_has_gone() -> None:
    handles = Handles("m")
    handles.left(5.0)
    handles.offered(OLD, 10.0, idle=True)
    assert handles.best(10.0 + VALID_S) == OLD
    assert handles.best(10.5 + VALID_S) is None
    handles.left(600.0)
    assert handles.best(600.0 + VALID_S) == OLD
    assert handles.best(600.5 + VALID_S) is None


def test_it_outlives_a_restart_when_somebody_knows_the_time() -> None:
    handles = Handles("m")
    handles.offered(Handle(SECRET), 100.0, idle=True)
    kept = handles.as_json(130.0, 1_800_000_030.0)
    assert kept == KEPT | {"handle": Handle(SECRET)}
    assert SECRET not in repr(kept)
    again = Handles("m", KEPT)
    assert again.best(5.0) is None
    again.clock(1_800_000_630.0, 5.0)
    assert again.best(5.0) == Handle(SECRET)
    assert again.best(5.0 + VALID_S - 630.0) == Handle(SECRET)
    assert again.best(5.5 + VALID_S - 630.0) is None
    assert again.as_json(5.0, 1_800_000_630.0) == kept


def test_a_spare_one_is_kept_where_there_is_no_other() -> None:
    handles = Handles("m")
    handles.offered(Handle(SECRET), 100.0, idle=False)
    assert handles.as_json(100.0, 1_800_000_000.0) == KEPT | {"handle": Handle(SECRET)}


@pytest.mark.parametrize("epoch_s", [1_799_999_999.0, 1_800_000_001.0 + VALID_S])
def test_one_of_the_future_or_of_the_past_is_not_used(epoch_s: float) -> None:
    handles = Handles("m", KEPT)
    handles.clock(epoch_s, 5.0)
    assert handles.best(5.0) is None


@pytest.mark.parametrize(
    "kept",
    [
        None,
        7,
        [],
        {},
        KEPT | {"model": "another"},
        KEPT | {"handle": ""},
        KEPT | {"handle": 7},
        KEPT | {"at": "now"},
        {"version": 1},
    ],
)
def test_whatever_is_found_in_its_place_is_no_handle(kept: object) -> None:
    handles = Handles("m", kept)
    handles.clock(1_800_000_001.0, 5.0)
    assert handles.best(5.0) is None


def test_a_new_one_or_a_new_beginning_makes_the_kept_one_void() -> None:
    handles = Handles("m", KEPT)
    handles.forget()
    handles.clock(1_800_000_001.0, 5.0)
    assert handles.best(5.0) is None
    handles = Handles("m", KEPT)
    handles.offered(NEW, 1.0, idle=False)
    handles.clock(1_800_000_001.0, 5.0)
    assert handles.best(5.0) == NEW
    handles = Handles("m", KEPT)
    handles.offered(NEW, 1.0, idle=True)
    handles.clock(1_800_000_001.0, 5.0)
    assert handles.best(5.0) == NEW


def test_what_is_kept_changes_with_a_whole_session_and_when_there_is_none() -> None:
    handles = Handles("m")
    assert not handles.has_changed()
    handles.offered(OLD, 1.0, idle=False)
    assert not handles.has_changed()
    handles.offered(OLD, 1.0, idle=True)
    assert handles.has_changed()
    assert not handles.has_changed()
    handles.forget()
    assert handles.has_changed()
    handles.forget()
    assert not handles.has_changed()
    kept = Handles("m", KEPT)
    kept.forget()
    assert kept.has_changed()
