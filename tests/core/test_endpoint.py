"""When the person started and stopped talking: votes over frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import endpoint
from appliance.core.endpoint import Endpointer, Offset, Onset, Quiet, Talking, silence_ms
from tests.core.vocabulary import check_value, values_of


@pytest.mark.parametrize("kind", values_of(endpoint))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def hear(ear: Endpointer, marks: str, first: int = 0) -> list[tuple[int, Onset | Offset]]:
    """`#` is speech, `.` is not. What was said, and at which frame."""
    said = [(index, ear.hear(index, speech=mark == "#")) for index, mark in enumerate(marks, first)]
    return [(index, found) for index, found in said if found is not None]


@pytest.mark.parametrize(
    ("marks", "onset"),
    [
        ("########", (7, Onset(0))),
        ("...########", (10, Onset(3))),
        ("#######", None),
        ("#.#.#.#.#.#.#.#", None),  # six of twelve
        ("##.##.##.##", (10, Onset(0))),  # eight of eleven
        ("#...#.#.######", (13, Onset(4))),  # the first has left the window
        ("#....########", (11, Onset(0))),  # a click so near before it is a part of it
        ("#.....########", (13, Onset(6))),  # so far it is none
        ("." * 100, None),
        ("", None),
    ],
)
def test_speech_begins_with_eight_of_twelve_frames(marks: str, onset: tuple[int, Onset] | None) -> None:
    assert hear(Endpointer(800), marks) == ([onset] if onset else [])


@pytest.mark.parametrize(
    ("hangover_ms", "marks", "offset"),
    [
        (800, "########" + "." * 39, None),
        (800, "########" + "." * 40, (47, Offset(7))),
        (800, "########" + "." * 30 + "####" + "." * 40, (47, Offset(41))),  # a tenth of it is no speech
        (800, "########" + "." * 30 + "#####" + "." * 40, (78, Offset(42))),  # more is
        (800, "########" + "." * 39 + "#", (47, Offset(47))),  # a click at the end does not keep it
        (800, "########" + "#." * 200, None),
        (600, "########" + "." * 30, (37, Offset(7))),
        (1200, "########" + "." * 59, None),
        (1200, "########" + "." * 60, (67, Offset(7))),
        (200, "########" + "." * 10, (17, Offset(7))),  # shorter than the window of the start
    ],
)
def test_speech_ends_with_a_hangover_of_silence(
    hangover_ms: int, marks: str, offset: tuple[int, Offset] | None
) -> None:
    [(_, begin), *end] = hear(Endpointer(hangover_ms), marks)
    assert begin == Onset(0)
    assert end == ([offset] if offset else [])


def test_one_utterance_follows_another() -> None:
    ear = Endpointer(200)
    assert repr(ear) == "ear quiet"
    assert hear(ear, "########", 100) == [(107, Onset(100))]
    assert (ear.state, repr(ear)) == (Talking(107), "ear talking")
    assert hear(ear, "#.........." + "########", 108) == [(117, Offset(108)), (126, Onset(119))]


def test_a_reset_forgets_what_was_heard() -> None:
    ear = Endpointer(200)
    hear(ear, "#######")
    ear.reset()
    assert hear(ear, "#######", 7) == []
    assert hear(ear, "#", 14) == [(14, Onset(7))]
    ear.reset()
    assert ear.state == Quiet()
    assert hear(ear, "." * 100, 15) == []


def test_frames_that_were_lost_are_not_counted_as_silence() -> None:
    ear = Endpointer(800)
    hear(ear, "########")
    assert hear(ear, "." * 39, 1000) == []
    assert hear(ear, ".", 1039) == [(1039, Offset(7))]
    assert silence_ms(7, 47) == 800


@given(st.text("#.", max_size=400), st.sampled_from([200, 600, 800, 1200]))
def test_it_says_by_turns_that_speech_began_and_ended(marks: str, hangover_ms: int) -> None:
    ear = Endpointer(hangover_ms)
    said = hear(ear, marks)
    assert [type(found) for _, found in said] == [Onset, Offset] * (len(said) // 2) + [Onset] * (
        len(said) % 2
    )
    for at, found in said:
        match found:
            case Onset(onset):
                assert marks[onset] == "#"
                assert 8 <= at - onset + 1 <= 12
            case Offset(last):
                assert marks[last] == "#"
                assert last <= at
    assert isinstance(ear.state, Talking) is (len(said) % 2 == 1)
