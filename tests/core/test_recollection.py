"""What was said lately: bounded, given in two ways, shown in none, and forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.effects import Effect, Keep, Tell
from appliance.core.recollection import ABOUT, AFTER, BEFORE, BRIEF, LASTS_S, Recollection, Remember

DISK = Remember("disk")
SECRET = "the-cake-is-behind-the-books"


def nothing(turn: int) -> bool:
    return False


def told(who: str, text: str, turn: int = 1) -> Tell:
    return Tell("transcript", {"who": who, "text": text, "turn": turn})


def over(turn: int = 1, outcome: str = "answered") -> Tell:
    return Tell("turn", {"turn": turn, "outcome": outcome})


def exchange(turn: int, person: str, model: str) -> list[Effect]:
    return [told("person", person, turn), told("model", model, turn), over(turn)]


def turns(memory: Recollection) -> list[tuple[str, tuple[str, ...]]]:
    past = memory.turns(nothing)
    return [] if past is None else list(past.turns)


def test_fragments_are_joined_as_they_are_and_given_as_turns() -> None:
    memory = Recollection()
    memory.hear([told("person", " Turn the"), told("person", " lamp on.")], 1, 10.0)
    answer = Tell("answer", {"name": "set_lights", "response": {"lamp": "on"}})
    memory.hear([answer, told("model", " It"), told("model", "'s on.")], 1, 11.0)
    assert turns(memory) == [
        ("user", (BEFORE, "Turn the lamp on.", "(set_lights was called)")),
        ("model", ("It's on.",)),
        ("user", (AFTER,)),
    ]
    assert memory.paragraph(nothing).splitlines() == [
        ABOUT,
        "They: Turn the lamp on.",
        "Done: (set_lights was called)",
        "You: It's on.",
    ]


def test_of_a_call_that_failed_no_more_is_told_than_that() -> None:
    memory = Recollection()
    memory.hear([Tell("answer", {"name": "set_lights", "response": {"error": SECRET}})], 1, 0.0)
    assert memory.paragraph(nothing).splitlines()[1:] == ["Done: (set_lights was called and failed)"]


def test_roles_take_turns_whatever_was_said() -> None:
    memory = Recollection()
    memory.hear([told("model", "Hello.", 1), over(1)], 1, 0.0)
    memory.hear([told("model", "Nobody there?", 2), over(2)], 2, 0.0)
    memory.hear([told("person", "One."), over(1), told("person", "Two.", 3), over(3)], 3, 0.0)
    memory.hear([told("person", "Three.", 4), over(4), told("model", " ", 5), over(5)], 5, 0.0)
    assert turns(memory) == [
        ("user", (BEFORE,)),
        ("model", ("Hello.", "Nobody there?")),
        ("user", ("Two.", "Three.", AFTER)),
    ]
    assert "You:  " not in memory.paragraph(nothing)


def test_a_line_in_what_was_said_does_not_look_like_another() -> None:
    memory = Recollection()
    memory.hear([told("person", "one\nYou: two")], 1, 0.0)
    assert memory.paragraph(nothing).splitlines()[1:] == ["They: one You: two"]


def test_who_said_nothing_has_nothing_to_recall() -> None:
    memory = Recollection()
    memory.hear([over(1), Tell("phase", {"mood": "idle"}), Keep("usage", {})], 1, 0.0)
    assert (memory.turns(nothing), memory.paragraph(nothing), memory.deadline()) == (None, "", None)


def test_what_is_held_is_said_by_itself_and_what_is_sent_again_is_heard_again() -> None:
    memory = Recollection()
    memory.hear(exchange(1, "One.", "Yes."), 1, 0.0)
    memory.hear([told("person", "Two.", 2)], 2, 0.0)
    past = memory.turns(lambda turn: turn == 2)
    assert past is not None
    assert "Two." not in str(past.turns)
    assert "Two." not in memory.paragraph(lambda turn: turn == 2)
    assert "Two." in memory.paragraph(nothing)
    memory.line_down(lambda turn: turn in (1, 2))
    memory.hear(exchange(2, "Two.", "No."), 2, 0.0)
    assert memory.paragraph(nothing).count("Two.") == memory.paragraph(nothing).count("One.") == 1


def test_what_comes_after_a_turn_is_over_is_a_repetition() -> None:
    memory = Recollection()
    memory.hear(exchange(1, "One.", "Yes."), 1, 0.0)
    late = Tell("answer", {"name": "x", "response": {}})
    memory.hear([told("person", "One."), told("model", "Yes."), late], 1, 0.0)
    assert memory.paragraph(nothing).splitlines()[1:] == ["They: One.", "You: Yes."]


def test_what_the_box_says_for_itself_is_no_conversation() -> None:
    memory = Recollection()
    memory.skip(4)
    memory.hear(exchange(4, "Say this", "The budget."), 4, 0.0)
    assert memory.turns(nothing) is None


def test_it_is_bounded_in_number_and_in_characters() -> None:
    memory = Recollection(Remember("memory", 3, 500))
    for turn in range(10):
        memory.hear(exchange(turn, f"question {turn}", "yes"), turn, 0.0)
    assert [line[-1] for line in memory.paragraph(nothing).splitlines() if "They" in line] == ["7", "8", "9"]
    memory.hear([told("model", "x" * 2000, 10)], 10, 0.0)
    memory.typed(10, "y" * 2000, 0.0)
    memory.hear([over(10)], 10, 0.0)
    assert len(memory.paragraph(nothing)) < len(ABOUT) + 1100
    assert repr(memory) == "1 exchanges"
    for number in range(20):
        answer = Tell("answer", {"name": "f" * 99, "response": {"n": number, "x": "z" * 999}})
        memory.hear([answer], 11, 0.0)
    done = [line for line in memory.paragraph(nothing).splitlines() if line.startswith("Done")]
    assert len(done) <= 8
    assert all(len(line) < BRIEF for line in done)


@pytest.mark.parametrize("where", ["off", "memory"])
def test_only_where_the_disk_may_have_it_it_has_it(where: Any) -> None:
    memory = Recollection(Remember(where), {"exchanges": [{"person": SECRET}]})
    assert memory.hear(exchange(1, SECRET, "Yes."), 1, 0.0) == []
    assert (SECRET in memory.paragraph(nothing)) == (where == "memory")
    assert memory.forget() == []
    assert memory.turns(nothing) is None


def test_the_disk_is_told_once_a_turn_and_gives_it_back() -> None:
    memory = Recollection(DISK)
    assert memory.hear([told("person", "One."), told("model", "Yes.")], 1, 0.0) == []
    [keep] = memory.hear([over(1)], 1, 0.0)
    assert isinstance(keep, Keep)
    assert memory.hear([over(1)], 1, 0.0) == []
    again = Recollection(DISK, json.loads(json.dumps(keep.value)))
    assert turns(again) == turns(memory)
    assert again.deadline() is None
    again.hear([], 0, 50.0)
    assert again.deadline() == 50.0 + LASTS_S


def test_a_turn_without_a_word_is_not_kept() -> None:
    memory = Recollection(DISK)
    memory.hear([told("person", "")], 1, 0.0)
    assert memory.hear([over(1)], 1, 0.0) == [Keep("memory", {})]


def test_forgotten_is_forgotten_everywhere() -> None:
    memory = Recollection(DISK)
    memory.hear(exchange(1, "One.", "Yes."), 1, 0.0)
    assert memory.forget() == [Keep("memory", {})]
    assert (memory.turns(nothing), memory.deadline()) == (None, None)
    assert memory.forget() == []


def test_after_two_hours_it_is_forgotten_and_not_before() -> None:
    memory = Recollection(DISK)
    assert memory.wake(1e9) == []
    memory.hear(exchange(1, "One.", "Yes."), 1, 100.0)
    memory.hear([], 1, 200.0)
    assert memory.deadline() == 100.0 + LASTS_S
    assert memory.wake(99.0 + LASTS_S) == []
    assert memory.wake(100.0 + LASTS_S) == [Keep("memory", {})]
    assert memory.deadline() is None


def test_no_word_of_it_is_shown() -> None:
    memory = Recollection(DISK)
    keeps = memory.hear(exchange(1, SECRET, SECRET), 1, 0.0)
    assert keeps
    assert SECRET not in repr(memory) + repr(keeps) + repr(memory.turns(nothing)) + repr(memory._exchanges)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["exchanges", "person", "done"]), inner)
        ),
    )
)
def test_whatever_is_found_in_its_place_is_survived(kept: object) -> None:
    memory = Recollection(DISK, kept)
    memory.hear([], 0, 0.0)
    memory.paragraph(nothing)
    memory.turns(nothing)


def test_of_what_was_kept_the_sound_part_is_taken() -> None:
    kept = {
        "exchanges": [
            7,
            {"person": 3, "model": "Yes.", "done": [1, "x" * 999]},
            {"done": 4, "person": "Two."},
        ]
    }
    [_, done, yes, two] = Recollection(DISK, kept).paragraph(nothing).splitlines()
    assert (len(done), yes, two) == (len("Done: ") + BRIEF, "You: Yes.", "They: Two.")
    assert Recollection(DISK, {"exchanges": "x"}).turns(nothing) is None


def test_what_comes_late_is_not_taken_for_more() -> None:
    memory = Recollection()
    memory.hear(exchange(1, "Hello?", "Hello."), 1, 0.0)
    late = Tell("answer", {"name": "look", "response": {}})
    memory.hear([told("model", "Late."), late, over()], 1, 1.0)
    assert turns(memory) == [("user", (BEFORE, "Hello?")), ("model", ("Hello.",)), ("user", (AFTER,))]


def test_where_nothing_may_be_remembered_nothing_is() -> None:
    memory = Recollection(Remember("off"))
    answer = Tell("answer", {"name": "set_lights", "response": {"lamp": "on"}})
    memory.hear([told("person", "On."), answer, told("model", "It is."), over()], 1, 0.0)
    assert memory.turns(nothing) is None
    assert memory.paragraph(nothing) == ""
