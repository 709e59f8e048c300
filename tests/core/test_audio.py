"""Frames, durations, and what the ring remembers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import audio
from appliance.core.audio import FRAME_BYTES, RING_FRAMES, Frame, Ring, duration_ms, frames
from tests.core.vocabulary import check_value


def frame(index: int) -> Frame:
    return Frame(index, bytes([index % 256]) * FRAME_BYTES, speech=0)


@pytest.mark.parametrize(("ms", "count"), [(0, 0), (1, 1), (19, 1), (20, 1), (21, 2), (300, 15), (800, 40)])
def test_so_many_frames_last_at_least_so_long(ms: float, count: int) -> None:
    assert frames(ms) == count


def test_a_frame_is_640_bytes_and_lasts_20_ms() -> None:
    assert FRAME_BYTES == 640
    assert duration_ms(FRAME_BYTES, audio.RATE_HZ) == 20.0
    assert duration_ms(48_000, 24_000) == 1000.0
    check_value(Frame)


def test_an_empty_ring_is_at_the_beginning() -> None:
    assert Ring().now == 0
    assert Ring().since(0) == []


def test_the_ring_remembers_two_seconds() -> None:
    ring = Ring()
    for index in range(250):
        ring.push(frame(index))
    assert ring.now == 250
    assert [f.index for f in ring.since(0)] == list(range(150, 250))
    assert RING_FRAMES == 100


def test_the_ring_is_asked_by_place_not_by_count() -> None:
    ring = Ring(4)
    for index in (3, 4, 9, 10):  # 5 to 8 were lost
        ring.push(frame(index))
    assert [f.index for f in ring.since(4)] == [4, 9, 10]
    assert [f.index for f in ring.since(6)] == [9, 10]
    assert [f.index for f in ring.since(-5)] == [3, 4, 9, 10]
    assert ring.since(11) == []
    assert ring.now == 11


@given(st.lists(st.integers(1, 3), max_size=40), st.integers(-5, 120), st.integers(1, 9))
def test_the_ring_gives_its_newest_frames_in_order(steps: list[int], since: int, size: int) -> None:
    ring, pushed, index = Ring(size), [], 0
    for step in steps:
        index += step
        pushed.append(frame(index))
        ring.push(pushed[-1])
    assert ring.since(since) == [f for f in pushed[-size:] if f.index >= since]


def test_what_another_device_heard_does_not_join_on() -> None:
    ring = Ring()
    ring.push(Frame(0, b"a", False, b"aaa", 48_000))
    ring.push(Frame(1, b"b", False))
    assert [f.index for f in ring.since(0)] == [1]
    assert Ring().since(0) == []


def test_what_is_sent_of_a_frame_is_its_wide_form_where_it_has_one() -> None:
    assert Frame(0, b"a", False).sound == b"a"
    assert Frame(0, b"a", False, b"aaa", 48_000).sound == b"aaa"


def test_a_frame_that_is_hushed_keeps_its_place_and_length() -> None:
    assert Frame(7, b"ab", 9, b"abcdef", 48_000).hushed() == Frame(7, bytes(2), 9, bytes(6), 48_000)
    assert Frame(7, b"ab", 9).hushed() == Frame(7, bytes(2), 9)
