"""Where a picture ends, what is put back, and what is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.jpeg import MOST_BYTES, TABLES, NotAPicture, checked, end_of, pictures
from tests.pictures import BLUE, GREEN, RED, bare

EXIF = b"\xff\xe1\x03\x60" + GREEN[:862] + bytes(862 - len(GREEN[:862]))  # a preview inside a segment
EMPTY = b"\xff\xd8\xff\xd9"
SCAN = b"\xff\xda\x00\x03\x00"


@pytest.mark.parametrize("picture", [RED, GREEN, BLUE, bare(RED)])
def test_it_ends_where_it_ends(picture: bytes) -> None:
    assert end_of(picture, 0) == len(picture)
    assert end_of(b"xx" + picture + b"\0\0", 2) == len(picture) + 2


def test_a_preview_is_not_the_end() -> None:
    assert end_of(RED[:2] + EXIF + RED[2:], 0) == len(RED) + len(EXIF)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        RED[2:],
        b"\xff\xd8\xff\xe0\x00\x01",  # a segment shorter than its length
        b"\xff\xd8\xff\xe0\x00",
        b"\xff\xd8\xff\xe0\x00\x04xx--",
        b"\xff\xd8\xff\xe0\xff\xff",
        b"\xff\xd8" + SCAN + b"data without an end",
        b"\xff\xd8" + SCAN + b"cut\xff\xd8\xff\xe0",
        b"\xff\xd8" + SCAN + b"\xff",
        b"\xff\xd8\xff\xff\xff",
    ],
)
def test_what_has_no_end_is_no_picture(data: bytes) -> None:
    assert end_of(data, 0) is None
    assert list(pictures(data)) == []
    with pytest.raises(NotAPicture, match="no whole JPEG picture"):
        checked(data)


def test_cutting_it_anywhere_leaves_none() -> None:
    for size in range(len(RED)):
        assert end_of(RED[:size], 0) is None


def test_markers_of_no_length_and_fill_bytes_are_stepped_over() -> None:
    stuffed = b"\xff\xd8\xff\xff\x01" + SCAN + b"a\xff\x00b\xff\xd3c" + SCAN + b"d\xff\xff\xd9"
    assert end_of(stuffed, 0) == len(stuffed)


def test_a_stream_of_pictures_is_parted() -> None:
    stream = b"junk" + RED + bare(GREEN) + b"\xff\xd8\xff cut off" + BLUE + RED[:400]
    assert [stream[a:b] for a, b in pictures(stream)] == [RED, bare(GREEN), BLUE]


def test_what_follows_the_end_is_cut_off() -> None:
    assert checked(RED + bytes(4096)) == RED


@pytest.mark.parametrize("picture", [RED, GREEN, BLUE])
def test_tables_are_put_back_before_the_scan(picture: bytes) -> None:
    """The encoder of these pictures uses the tables of the standard, so they are known to be these."""
    whole = checked(bare(picture))
    assert len(whole) == len(bare(picture)) + len(TABLES)
    assert checked(whole) == whole
    tables, at = b"", 2
    while picture[at + 1] != 0xDA:
        length = int.from_bytes(picture[at + 2 : at + 4], "big")
        tables += picture[at + 4 : at + 2 + length] if picture[at + 1] == 0xC4 else b""
        at += 2 + length
    assert TABLES[4:] == tables
    assert whole.index(TABLES) + len(TABLES) == whole.index(b"\xff\xda")


def test_tables_are_found_behind_a_marker_of_no_length() -> None:
    assert checked(RED[:2] + b"\xff\x01" + RED[2:]) == RED[:2] + b"\xff\x01" + RED[2:]


def test_a_picture_of_nothing_is_refused() -> None:
    with pytest.raises(NotAPicture, match="nothing on it"):
        checked(EMPTY)


def test_a_picture_that_is_too_large_is_refused_with_the_way_out() -> None:
    with pytest.raises(
        NotAPicture, match="513 kB; at most 512 kB are sent: choose a smaller width and height"
    ):
        checked(RED + bytes(MOST_BYTES + 1024))


@given(st.binary(max_size=300), st.integers(0, len(RED)))
def test_whatever_the_bytes_it_is_a_picture_or_refused(noise: bytes, at: int) -> None:
    data = RED[:at] + noise + RED[at:]
    for start, end in pictures(data):
        assert end_of(data, start) == end
    with contextlib.suppress(NotAPicture):
        assert checked(checked(data)) == checked(data)
