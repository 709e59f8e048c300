"""Typed questions: each is replied to once."""

from __future__ import annotations

from appliance.core.effects import Reply
from appliance.core.questions import Questions


def test_fragments_are_joined_as_they_are() -> None:
    questions = Questions()
    questions.asked(3, 1, speak=False)
    for fragment in (" It", " is", " noon."):
        questions.said(3, fragment)
    questions.said(4, " not this")
    assert questions.over(3, "answered") == [
        Reply(1, {"ok": True, "answer": "It is noon.", "outcome": "answered"})
    ]
    assert questions.over(3, "answered") == []


def test_silence_is_an_answer_and_a_failure_is_not() -> None:
    questions = Questions()
    questions.asked(3, 1, speak=True)
    assert questions.over(3, "silence") == [Reply(1, {"ok": True, "answer": "", "outcome": "silence"})]
    questions.asked(4, 2, speak=True)
    [reply] = questions.over(4, "no answer")
    assert reply == Reply(
        2, {"ok": False, "answer": "", "outcome": "no answer", "error": "no answer: no answer"}
    )


def test_a_question_whose_turn_was_overtaken_is_replied_to_as_well() -> None:
    questions = Questions()
    questions.asked(3, 1, speak=False)
    [reply] = questions.over(5, "answered")
    assert isinstance(reply, Reply)
    assert (reply.ask, reply.body["outcome"]) == (1, "interrupted")
    assert questions.over(5, "answered") == []


def test_only_who_asked_for_silence_gets_it() -> None:
    questions = Questions()
    questions.asked(3, 1, speak=False)
    questions.asked(4, 2, speak=True)
    assert [questions.is_mute(turn) for turn in (3, 4, 5)] == [True, False, False]


def test_a_question_goes_on_in_another_turn() -> None:
    questions = Questions()
    questions.asked(3, 1, speak=False)
    questions.said(3, "Look,")
    questions.go_on(3, 4)
    questions.go_on(8, 9)
    assert questions.over(3, "interrupted") == []
    assert questions.is_mute(4)
    questions.said(4, " a cat.")
    [reply] = questions.over(4, "answered")
    assert isinstance(reply, Reply)
    assert reply.body["answer"] == "Look, a cat."
