"""Facts: frozen, slotted, and each in the union that the conversation must handle."""

from __future__ import annotations

from typing import get_args

import pytest

from appliance.core import events
from appliance.core.messages import Handle, Resumption
from tests.core.vocabulary import SECRET, check_union, check_value, values_of


@pytest.mark.parametrize("kind", values_of(events))
def test_every_event_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def test_every_event_is_a_member_of_the_union() -> None:
    check_union(events.Event, events, besides=get_args(events.Request))
    assert set(get_args(events.Request)) == {
        *(
            events.Press,
            events.Talk,
            events.Ask,
            events.Say,
            events.Cancel,
            events.Status,
            events.Lights,
            events.Scene,
        ),
        *(events.Timers, events.SetTimer, events.Volume, events.Mute, events.Reload, events.History),
    }


def test_no_event_shows_a_handle() -> None:
    assert SECRET not in repr(events.Received(1, (Resumption(Handle(SECRET)),)))


def test_what_is_not_told_has_a_meaning() -> None:
    assert events.Talk().hold_s is None
    assert events.Lights() == events.Lights(None, None)
    assert events.Heard(b"", 7, 9).lost == 0
    assert events.LinkDown(1, events.Cause.DROPPED) == events.LinkDown(1, events.Cause.DROPPED, None, "")


def test_no_event_shows_a_picture() -> None:
    assert repr(events.Seen(3, b"abc")) == "Seen(look=3)"
