"""What every camera of this house must do: a file, memory, and what the kernel offers.

Plain functions of a source and its pace, as the kernel's cameras are tried in a process of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from appliance.adapters.camera import Source
from appliance.core.jpeg import checked
from appliance.errors import CameraError


def it_gives_pictures_that_can_be_sent(source: Source, pace_s: float) -> None:
    stream = source.open()
    for _ in range(3):
        frame = stream.frame()
        assert checked(frame) == frame, "whole, nothing behind it, tables and all"
    stream.close()


def it_is_no_faster_than_a_camera(source: Source, pace_s: float) -> None:
    stream = source.open()
    stream.frame()
    began = time.monotonic()
    for _ in range(4):
        stream.frame()
    assert time.monotonic() - began >= 3 * pace_s
    stream.close()


def it_shows_nothing_old(source: Source, pace_s: float) -> None:
    """Whoever comes late does not get what was there to be fetched meanwhile, but waits for the next."""
    stream = source.open()
    for _ in range(3):
        time.sleep(4 * pace_s + pace_s / 2)
        began = time.monotonic()
        stream.frame()
        assert time.monotonic() - began >= pace_s / 10
    stream.close()


def it_can_be_closed_twice_and_opened_again(source: Source, pace_s: float) -> None:
    for _ in range(3):
        stream = source.open()
        stream.frame()
        stream.close()
        stream.close()


def what_is_closed_gives_nothing(source: Source, pace_s: float) -> None:
    stream = source.open()
    stream.close()
    with pytest.raises(CameraError, match="closed"):
        stream.frame()


CONTRACT: tuple[Callable[[Source, float], None], ...] = (
    it_gives_pictures_that_can_be_sent,
    it_is_no_faster_than_a_camera,
    it_shows_nothing_old,
    it_can_be_closed_twice_and_opened_again,
    what_is_closed_gives_nothing,
)
