"""When the person started and stopped talking: grades added up over windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import endpoint
from appliance.core.endpoint import SURE, Context, Endpointer, Offset, Onset, Quiet, Talking, silence_ms
from tests.core.vocabulary import check_value, values_of


@pytest.mark.parametrize("kind", values_of(endpoint))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def armed(
    context: Context = Context.PRESS,
    hangover_ms: int = 800,
    min_speech_ms: int = 160,
    guard_ms: int = endpoint.GUARD_MS,
) -> Endpointer:
    ear = Endpointer(hangover_ms, min_speech_ms, guard_ms)
    ear.arm(context)
    return ear


def hear(ear: Endpointer, marks: str, first: int = 0) -> list[tuple[int, Onset | Offset]]:
    """`#` is surely speech, `.` surely not, and a digit is a grade. What was said, and at which frame."""
    grades = {"#": SURE, ".": 0} | {str(grade): grade for grade in range(SURE + 1)}
    said = [(index, ear.hear(index, speech=grades[mark])) for index, mark in enumerate(marks, first)]
    return [(index, found) for index, found in said if found is not None]


@pytest.mark.parametrize(
    ("marks", "onset"),
    [
        ("########", (7, Onset(0))),
        ("...########", (10, Onset(3))),
        ("#######", None),
        ("#.#.#.#.#.#.#.#", None),  # six of twelve
        ("##.##.##.##", (10, Onset(0))),  # eight of eleven
        ("#....########", (11, Onset(0))),  # a click so near before it is a part of it
        ("#.....########", (13, Onset(6))),  # so far it is none
        ("777777777777", (10, Onset(0))),  # less sure takes longer
        ("666666666666", (11, Onset(0))),
        ("5" * 100, None),  # however long
        ("333333333333", None),
        ("." * 100, None),
        ("", None),
    ],
)
def test_after_a_press_eight_sure_frames_of_twelve_begin_a_turn(
    marks: str, onset: tuple[int, Onset] | None
) -> None:
    assert hear(armed(), marks) == ([onset] if onset else [])


@pytest.mark.parametrize(
    ("context", "needed", "window"),
    [(Context.PRESS, 8, 12), (Context.FOLLOW_UP, 20, 25), (Context.BARGE_IN, 20, 25)],
)
def test_where_nobody_need_be_speaking_more_is_asked(context: Context, needed: int, window: int) -> None:
    gap = "." * (window - needed)
    assert hear(armed(context), "#" * needed) == [(needed - 1, Onset(0))]
    assert hear(armed(context), "#" * (needed - 1) + gap) == []
    spread = "#" * (needed // 2) + gap + "#" * (needed - needed // 2)
    assert [at for at, _ in hear(armed(context), spread)] == [window - 1]
    wider = "#" * (needed // 2) + "." + gap + "#" * (needed - needed // 2)
    assert hear(armed(context), wider) == []


@pytest.mark.parametrize(
    ("min_speech_ms", "context", "needed"),
    [
        (60, Context.PRESS, 3),
        (90, Context.PRESS, 5),  # a part of a frame is a whole one
        (800, Context.PRESS, 40),
        (60, Context.FOLLOW_UP, 20),
        (800, Context.FOLLOW_UP, 40),
        (800, Context.BARGE_IN, 40),
    ],
)
def test_least_speech_is_configured(min_speech_ms: int, context: Context, needed: int) -> None:
    ear = armed(context, min_speech_ms=min_speech_ms)
    assert hear(ear, "#" * (needed - 1)) == []
    assert hear(ear, "#", needed - 1) == [(needed - 1, Onset(0))]


@pytest.mark.parametrize(
    ("marks", "onset"),
    [
        ("....1122########", Onset(4, doubtful=True)),  # what may be speech is taken with it
        ("....1....2########", Onset(4, doubtful=True)),
        ("....1.....2########", Onset(10, doubtful=True)),  # 100 ms of silence lie between
        ("....1.....########", Onset(10)),
        ("1" * 100 + "########", Onset(58, doubtful=True)),  # a second at most
    ],
)
def test_what_was_doubtful_before_is_taken_with_it(marks: str, onset: Onset) -> None:
    [(at, found)] = hear(armed(), marks)
    assert (at, found) == (len(marks) - 1, onset)


@pytest.mark.parametrize(
    ("hangover_ms", "marks", "offset"),
    [
        (800, "########" + "." * 39, None),
        (800, "########" + "." * 40, (47, Offset(7))),
        (800, "########" + "3" * 40, (47, Offset(7))),  # doubt does not keep it
        (800, "########" + "." * 30 + "####" + "." * 40, (47, Offset(41))),  # a tenth of it is no speech
        (800, "########" + "." * 30 + "44444" + "." * 40, (78, Offset(42))),  # more is
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
    [(_, begin), *end] = hear(armed(hangover_ms=hangover_ms), marks)
    assert begin == Onset(0)
    assert end == ([offset] if offset else [])


def test_what_never_pauses_is_no_person() -> None:
    """A vacuum cleaner that was switched on within a turn does not hold it open for a minute."""
    ear = armed(guard_ms=10_000)
    begun = "########"
    assert hear(ear, begun + "#" * 499) == [(7, Onset(0))]
    assert hear(ear, "#", 507) == [(507, Offset(507))]
    assert ear.state == Quiet()
    ear = armed(guard_ms=10_000)  # one breath, and it is a person
    assert hear(ear, begun + ("#" * 499 + ".") * 4) == [(7, Onset(0))]
    ear = armed(guard_ms=0)  # switched off
    assert hear(ear, begun + "#" * 5000) == [(7, Onset(0))]


def test_one_utterance_follows_another() -> None:
    ear = armed(hangover_ms=200)
    assert repr(ear) == "ear quiet"
    assert hear(ear, "########", 100) == [(107, Onset(100))]
    assert (ear.state, repr(ear)) == (Talking(107), "ear talking")
    assert hear(ear, "#.........." + "########", 108) == [(117, Offset(108)), (126, Onset(119))]


def test_arming_forgets_what_was_heard() -> None:
    ear = Endpointer(200)
    assert ear.context is Context.PRESS
    hear(ear, "#######")
    ear.arm(Context.PRESS)
    assert hear(ear, "#######", 7) == []
    assert hear(ear, "#", 14) == [(14, Onset(7))]
    ear.arm(Context.FOLLOW_UP)
    assert (ear.state, ear.context) == (Quiet(), Context.FOLLOW_UP)
    assert hear(ear, "." * 100, 15) == []


def test_frames_that_were_lost_are_not_counted_as_silence() -> None:
    ear = armed()
    hear(ear, "########")
    assert hear(ear, "." * 39, 1000) == []
    assert hear(ear, ".", 1039) == [(1039, Offset(7))]
    assert silence_ms(7, 47) == 800


@given(
    st.text("#.123456789", max_size=400),
    st.sampled_from([200, 600, 800, 1200]),
    st.sampled_from(list(Context)),
)
def test_it_says_by_turns_that_speech_began_and_ended(marks: str, hangover_ms: int, context: Context) -> None:
    ear = armed(context, hangover_ms)
    said = hear(ear, marks)
    assert [type(found) for _, found in said] == [Onset, Offset] * (len(said) // 2) + [Onset] * (
        len(said) % 2
    )
    for at, found in said:
        match found:
            case Onset(onset, doubtful):
                assert marks[onset] != "."
                assert 7 <= at - onset < endpoint.REACH_FRAMES
                assert doubtful or marks[onset] in "#456789"
            case Offset(last):
                assert marks[last] in "#456789"
                assert last <= at
    assert isinstance(ear.state, Talking) is (len(said) % 2 == 1)
