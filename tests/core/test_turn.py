"""The turn: literal times, every (phase, told) pair, and the cases that decide what a person hears."""

from __future__ import annotations

import itertools

import pytest

from appliance.core.effects import Finish, Flush, Play, Tell
from appliance.core.endpoint import Context, Offset, Onset
from appliance.core.events import Drained
from appliance.core.floor import (
    Abandoned,
    ActivityBegan,
    ActivityEnded,
    Answering,
    Arm,
    Begin,
    By,
    Deaf,
    Dismissed,
    Drop,
    Dumb,
    End,
    Hearing,
    Idle,
    LineLost,
    Listening,
    Manners,
    Order,
    Over,
    Passed,
    Phase,
    Progress,
    Renew,
    Settle,
    Silent,
    Speaking,
    Told,
    Typed,
    Unanswerable,
    Waiting,
)
from appliance.core.gesture import Gesture
from appliance.core.messages import (
    GenerationComplete,
    Interrupted,
    ModelSaid,
    PersonSaid,
    Speech,
    TurnComplete,
    Words,
)
from appliance.core.turn import FENCE_S, Turn

TOUCH, TAP, HOLD, LET_GO = Gesture.TOUCH, Gesture.TAP, Gesture.HOLD, Gesture.LET_GO
CHUNK = Speech(b"\1\0" * 480, 24_000)
MANNERS = Manners()
INDEX = 1000  # where the sample clock stands


def turn_at(phase: Phase, model: Silent | Answering | Abandoned | None = None, number: int = 7) -> Turn:
    turn = Turn(MANNERS)
    turn.number, turn.phase, turn.model = number, phase, model or Silent()
    return turn


def play(turn: Turn, *script: tuple[Told, float]) -> list[Order]:
    return [order for told, now in script for order in turn.tell(told, now, INDEX)]


def test_a_tap_listens_and_a_question_is_answered() -> None:
    turn = Turn(MANNERS)
    assert play(turn, (TOUCH, 10.0), (TAP, 10.1)) == [Arm(985)]
    assert turn.phase == Listening(16.0, 985)
    assert play(turn, (Onset(990), 11.0)) == [Begin(1, 985)]  # the pre-roll ends at the cut
    assert play(turn, (ActivityBegan(), 11.0), (Offset(1100), 13.0)) == [End(1)]
    assert turn.phase == Waiting(None)
    assert play(turn, (ActivityEnded(1), 13.0)) == []
    assert turn.phase == Waiting(23.0)
    assert play(turn, (CHUNK, 14.0)) == [Settle(1), Play(1, CHUNK.pcm, 24_000)]
    assert play(turn, (CHUNK, 14.1), (GenerationComplete(), 14.2)) == [Play(1, CHUNK.pcm, 24_000), Finish(1)]
    assert play(turn, (TurnComplete(), 15.0)) == []
    assert play(turn, (Drained(1, 40), 16.0)) == [Over(1, "answered"), Arm(1015, Context.FOLLOW_UP)]
    assert turn.phase == Listening(24.0, 1015, follow_up=True)
    assert play(turn, (Passed(), 24.0)) == []
    assert turn.phase == Idle()


def test_the_pre_roll_reaches_back_from_the_onset() -> None:
    turn = turn_at(Listening(20.0, 500))
    assert play(turn, (Onset(900), 12.0)) == [Begin(8, 875)]
    in_noise = turn_at(Listening(20.0, 0))
    assert play(in_noise, (Onset(900, doubtful=True), 12.0)) == [Begin(8, 870)]


def test_a_hold_opens_at_once_and_its_tail_is_heard() -> None:
    turn = Turn(MANNERS)
    play(turn, (TOUCH, 10.0))
    assert play(turn, (HOLD, 10.4)) == [Begin(1, 985)]
    assert play(turn, (Offset(1010), 11.0)) == [], "in a hold the finger decides, not the voice"
    assert play(turn, (LET_GO, 12.0), (Passed(), 12.29)) == []
    assert play(turn, (Passed(), 12.3)) == [End(1)]


def test_speech_before_the_hold_is_known_becomes_the_hold() -> None:
    turn = Turn(MANNERS)
    play(turn, (TOUCH, 10.0), (Onset(995), 10.3), (HOLD, 10.4))
    assert turn.phase == Hearing(70.3, By.FINGER, 70.3)


@pytest.mark.parametrize(
    ("before", "told", "after"),
    [
        (By.VOICE, TAP, By.VOICE),  # the tap that began it
        (By.VOICE, TOUCH, By.TOUCHED),
        (By.TOUCHED, HOLD, By.FINGER),
        (By.TAIL, TOUCH, By.TOUCHED),
        (By.FINGER, TOUCH, By.FINGER),
    ],
)
def test_the_finger_while_the_person_speaks(before: By, told: Told, after: By) -> None:
    turn = turn_at(Hearing(60.0, before))
    assert play(turn, (told, 10.0)) == []
    assert isinstance(turn.phase, Hearing)
    assert turn.phase.by is after


def test_holds_upon_holds_do_not_make_an_utterance_longer() -> None:
    turn = turn_at(Hearing(60.0, By.TAIL, 60.0))
    play(turn, (TOUCH, 59.0), (HOLD, 59.4))
    assert play(turn, (Passed(), 60.0)) == [End(7)]


def test_a_finger_that_comes_down_before_the_endpoint_decides() -> None:
    turn = turn_at(Hearing(60.0, By.VOICE))
    assert play(turn, (TOUCH, 10.0), (Offset(995), 10.2), (HOLD, 10.4)) == []
    assert turn.phase == Hearing(60.0, By.FINGER)


def test_a_service_that_is_not_interrupted_speaks_its_old_answer_to_the_end() -> None:
    turn = Turn(Manners(interruptible=False))
    turn.number, turn.phase, turn.model = 7, Waiting(30.0), Abandoned()
    play(turn, (ActivityBegan(), 10.0))
    assert play(turn, (CHUNK, 10.0 + 3 * FENCE_S), (TurnComplete(), 15.0)) == []
    assert play(turn, (CHUNK, 15.1)) == [Settle(7), Play(7, CHUNK.pcm, 24_000)]


def test_a_second_tap_says_that_is_all() -> None:
    turn = turn_at(Hearing(60.0, By.VOICE))
    assert play(turn, (TOUCH, 10.0), (TAP, 10.2)) == [End(7)]


def test_nobody_speaks() -> None:
    turn = Turn(MANNERS)
    play(turn, (TOUCH, 10.0), (TAP, 10.1))
    assert play(turn, (Passed(), 15.9)) == []
    assert play(turn, (Passed(), 16.0)) == [Over(1, "nothing heard")]
    assert turn.phase == Idle()


def test_an_utterance_without_end_is_ended() -> None:
    turn = turn_at(Hearing(70.0, By.VOICE))
    assert play(turn, (Passed(), 70.0)) == [End(7)]


# -- barge-in -----------------------------------------------------------------------------------------


def test_a_press_while_it_speaks_silences_it_and_listens() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    assert play(turn, (TOUCH, 10.0)) == [Flush(7), Over(7, "interrupted"), Arm(INDEX)]
    assert turn.model == Abandoned(begun=True)
    assert play(turn, (CHUNK, 10.1), (ModelSaid(" late"), 10.1)) == []
    assert play(turn, (Onset(1010), 10.5)) == [Begin(8, INDEX)]
    assert play(turn, (ActivityBegan(), 10.5), (CHUNK, 10.6), (Interrupted(), 10.7), (CHUNK, 10.8)) == []
    assert play(turn, (TurnComplete(), 10.9)) == [], "that was the abandoned turn"
    assert turn.model == Silent()
    assert play(turn, (Offset(1050), 11.0), (ActivityEnded(8), 11.0)) == [End(8)]
    assert play(turn, (CHUNK, 11.1)) == [Settle(8), Play(8, CHUNK.pcm, 24_000)]


def test_a_voice_over_the_answer_silences_it_and_is_heard() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    assert play(turn, (Onset(990), 10.0)) == [Flush(7), Over(7, "interrupted"), Begin(8, 965)]
    assert turn.phase == Hearing(70.0, By.VOICE, 70.0)
    assert play(turn, (CHUNK, 10.1), (Offset(1050), 11.0)) == [End(8)]


def test_after_interrupted_the_next_content_is_the_next_turn_though_turn_complete_is_missing() -> None:
    turn = turn_at(Waiting(30.0), Abandoned(hushed=True))
    assert play(turn, (CHUNK, 11.0)) == [Settle(7), Play(7, CHUNK.pcm, 24_000)]


def test_without_a_word_from_the_service_the_fence_tells_old_from_new() -> None:
    turn = turn_at(Waiting(30.0), Abandoned())
    play(turn, (ActivityBegan(), 10.0))
    assert play(turn, (CHUNK, 10.0 + FENCE_S - 0.01)) == []
    assert play(turn, (CHUNK, 10.0 + FENCE_S)) == [Settle(7), Play(7, CHUNK.pcm, 24_000)]


def test_a_stale_turn_complete_is_not_the_end_of_the_new_turn() -> None:
    turn = turn_at(Waiting(30.0), Abandoned(over_at=10.0, hushed=True))
    assert play(turn, (TurnComplete(), 12.0)) == []
    assert turn.phase == Waiting(30.0)
    assert turn.model == Silent()


def test_a_late_turn_complete_after_the_fence_ends_a_silent_turn() -> None:
    turn = turn_at(Waiting(30.0), Abandoned(over_at=10.0))
    assert play(turn, (TurnComplete(), 12.0))[:2] == [Settle(7), Over(7, "silence")]


def test_a_line_that_stood_still_brings_the_turn_complete_of_an_answer_that_was_heard() -> None:
    turn = turn_at(Listening(30.0, 990, follow_up=True), Answering())
    play(turn, (Onset(1000), 10.0), (ActivityBegan(), 10.0), (Offset(1050), 11.0), (ActivityEnded(8), 11.0))
    assert play(turn, (TurnComplete(), 13.0)) == []
    assert isinstance(turn.phase, Waiting)
    assert turn.model == Silent()
    assert play(turn, (CHUNK, 13.1)) == [Settle(8), Play(8, CHUNK.pcm, 24_000)]


def test_a_press_while_the_question_waits_for_a_line_abandons_nothing() -> None:
    turn = turn_at(Waiting(None))
    assert play(turn, (TOUCH, 10.0)) == [Arm(INDEX)]
    assert turn.model == Silent()


def test_a_press_while_a_complete_answer_plays_out_abandons_nothing() -> None:
    turn = turn_at(Speaking(30.0, finished=True), Silent())
    assert play(turn, (TOUCH, 10.0)) == [Flush(7), Over(7, "interrupted"), Arm(INDEX)]
    assert turn.model == Silent()


def test_a_follow_up_before_the_service_has_closed_its_turn() -> None:
    turn = turn_at(Listening(30.0, 990, follow_up=True), Answering())
    assert play(turn, (Onset(1000), 10.0)) == [Begin(8, 990)]
    assert turn.model == Abandoned(begun=True)


# -- what the service may do --------------------------------------------------------------------------


def test_it_interrupts_itself_and_goes_on() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    assert play(turn, (Interrupted(), 10.0)) == [Flush(7)]
    assert play(turn, (Interrupted(), 10.1)) == []
    assert play(turn, (CHUNK, 10.2)) == [Settle(8), Play(8, CHUNK.pcm, 24_000)]


def test_an_interruption_that_comes_after_all_was_said_spoils_nothing() -> None:
    turn = turn_at(Speaking(30.0, finished=True), Silent())
    assert play(turn, (Interrupted(), 10.0)) == []


def test_it_chooses_silence() -> None:
    turn = turn_at(Waiting(30.0))
    assert play(turn, (TurnComplete(), 10.0)) == [Settle(7), Over(7, "silence"), Arm(1015, Context.FOLLOW_UP)]


def test_it_says_why_it_is_silent() -> None:
    turn = turn_at(Waiting(30.0))
    assert Over(7, "answer withheld by the service") in play(turn, (TurnComplete("RESPONSE_REJECTED"), 10.0))


def test_thoughts_are_neither_answer_nor_silence() -> None:
    turn = turn_at(Waiting(30.0))
    assert play(turn, (Words("**Planning**", thought=True), 15.0)) == []
    assert turn.phase == Waiting(35.0, alive=True)
    assert play(turn_at(Idle()), (Words("**Planning**", thought=True), 15.0)) == []


def test_it_closes_its_turn_too_early_and_goes_on() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    assert play(turn, (TurnComplete(), 10.0)) == [Finish(7)]
    assert play(turn, (CHUNK, 10.1)) == [Over(7, "answered"), Play(8, CHUNK.pcm, 24_000)]


def test_it_speaks_unasked() -> None:
    for phase in (Idle(), Listening(30.0, 990, follow_up=True)):
        assert play(turn_at(phase), (CHUNK, 10.0)) == [Play(8, CHUNK.pcm, 24_000)]


def test_it_speaks_unasked_while_the_person_has_the_floor() -> None:
    for phase in (Listening(30.0, 990), Hearing(60.0, By.VOICE)):
        turn = turn_at(phase)
        assert play(turn, (CHUNK, 10.0)) == []
        assert turn.model == Abandoned(begun=True)


def test_it_never_answers_and_is_asked_again_once() -> None:
    turn = turn_at(Waiting(30.0))
    assert play(turn, (Passed(), 29.9)) == []
    assert play(turn, (Passed(), 30.0)) == [Renew(fresh=True)]
    assert play(turn, (LineLost(kept=True), 30.0)) == []
    assert play(turn, (ActivityBegan(), 31.0), (ActivityEnded(7), 31.0)) == []
    assert turn.phase == Waiting(41.0)
    assert play(turn, (Passed(), 41.0)) == [Drop(7), Over(7, "no answer"), Renew(fresh=True)]
    assert play(turn, (CHUNK, 42.0)) == [Play(8, CHUNK.pcm, 24_000)], "better late than never"


def test_it_has_heard_and_may_take_its_time() -> None:
    turn = turn_at(Waiting(20.0))
    assert play(turn, (PersonSaid("hello"), 15.0)) == []
    assert turn.phase == Waiting(35.0, alive=True)
    assert play(turn_at(Waiting(None)), (PersonSaid("hello"), 15.0)) == []
    assert play(turn_at(Idle()), (PersonSaid("hello"), 15.0)) == []


def test_it_stops_in_the_middle() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    lost = Tell("lost", {"what": "the end of an answer", "count": 1, "why": "service fell silent"})
    assert play(turn, (Passed(), 30.0)) == [Finish(7), lost, Renew(fresh=False)]
    assert (turn.phase, turn.model) == (Speaking(30.0, finished=True), Silent())


def test_it_never_closes_its_turn() -> None:
    turn = turn_at(Speaking(30.0, finished=True), Answering())
    assert turn.deadline() is None
    assert play(turn, (Drained(7, 40), 20.0)) == [Over(7, "answered"), Arm(1015, Context.FOLLOW_UP)]
    assert (turn.model, turn.deadline()) == (Answering(30.0), 28.0)
    assert play(turn, (Passed(), 28.0)) == []
    assert (turn.phase, turn.deadline()) == (Idle(), 30.0)
    assert play(turn, (Passed(), 30.0)) == [Renew(fresh=False)]
    assert (turn.model, turn.deadline()) == (Silent(), None)


def test_function_calls_are_progress() -> None:
    turn = turn_at(Waiting(30.0))
    assert play(turn, (Progress(), 15.0)) == [Settle(7)]
    assert turn.phase == Waiting(35.0, alive=True)
    speaking = turn_at(Speaking(30.0), Answering())
    assert play(speaking, (Progress(), 15.0)) == []
    assert speaking.phase == Speaking(35.0)


def test_a_typed_question_is_a_turn_of_its_own() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    assert play(turn, (Typed(), 10.0)) == [Flush(7), Over(7, "interrupted")]
    assert (turn.number, turn.phase, turn.model) == (8, Waiting(None), Abandoned(begun=True))
    assert play(turn_at(Hearing(60.0, By.VOICE)), (Typed(), 10.0)) == [], "whoever speaks goes first"


# -- losses -------------------------------------------------------------------------------------------


def test_the_line_is_lost() -> None:
    waiting = turn_at(Waiting(30.0), Answering())
    assert play(waiting, (LineLost(kept=True), 10.0)) == []
    assert waiting.phase == Waiting(None), "it is asked again"
    lost = Tell("lost", {"what": "the answer", "count": 1, "why": "line lost"})
    assert play(turn_at(Waiting(30.0)), (LineLost(kept=False), 10.0)) == [lost, Over(7, "line lost")]
    speaking = turn_at(Speaking(30.0), Answering())
    cut = Tell("lost", {"what": "the end of an answer", "count": 1})
    assert play(speaking, (LineLost(kept=False), 10.0)) == [Finish(7), cut]
    assert speaking.model == Silent()
    assert play(turn_at(Speaking(30.0, finished=True)), (LineLost(kept=False), 10.0)) == []


def test_what_was_said_cannot_be_sent() -> None:
    assert play(turn_at(Waiting(None)), (Unanswerable(7, "no line"), 10.0)) == [Over(7, "no line")]
    assert play(turn_at(Waiting(None)), (Unanswerable(6, "no line"), 10.0)) == []


def test_the_microphone_is_lost() -> None:
    assert play(turn_at(Listening(30.0, 990)), (Deaf(), 10.0)) == [Over(8, "dismissed")]
    assert play(turn_at(Listening(30.0, 990, follow_up=True)), (Deaf(), 10.0)) == []
    assert play(turn_at(Hearing(60.0, By.VOICE)), (Deaf(), 10.0)) == [End(7)]


def test_the_speaker_is_lost() -> None:
    turn = turn_at(Speaking(30.0, finished=True))
    assert play(turn, (Dumb(), 10.0)) == [Flush(7), Over(7, "no speaker")]
    assert play(turn_at(Speaking(30.0), Answering()), (Dumb(), 10.0)) == []


@pytest.mark.parametrize(
    ("phase", "orders", "model"),
    [
        (Idle(), [], Silent()),
        (Listening(30.0, 990), [Over(8, "dismissed")], Silent()),
        (Listening(30.0, 990, follow_up=True), [], Silent()),
        (Hearing(60.0, By.VOICE), [End(7), Drop(7), Over(7, "dismissed")], Silent()),
        (Hearing(60.0, By.VOICE, began=True), [End(7), Drop(7), Over(7, "dismissed")], Abandoned()),
        (Waiting(None), [Drop(7), Over(7, "dismissed")], Silent()),
        (Waiting(30.0), [Drop(7), Over(7, "dismissed")], Abandoned()),
        (
            Speaking(30.0),
            [Flush(7), Over(7, "interrupted"), Drop(7), Over(7, "dismissed")],
            Abandoned(),
        ),
    ],
)
def test_dismissed(phase: Phase, orders: list[Order], model: object) -> None:
    turn = turn_at(phase)
    assert play(turn, (Dismissed(), 10.0)) == orders
    assert (turn.phase, turn.model) == (Idle(), model)
    assert play(turn, (CHUNK, 10.1)) == [] or isinstance(model, Silent)


def test_no_follow_up_where_none_is_wanted() -> None:
    turn = Turn(Manners(follow_up_s=0))
    turn.phase = Speaking(30.0, finished=True)
    assert play(turn, (Drained(0, 40), 10.0)) == [Over(0, "answered")]
    assert turn.phase == Idle()


# -- everything at any time ----------------------------------------------------------------------------

PHASES: list[Phase] = [
    Idle(),
    Listening(30.0, 990),
    Listening(30.0, 990, follow_up=True),
    *(Hearing(60.0, by) for by in By),
    Waiting(None),
    Waiting(30.0),
    Speaking(30.0),
    Speaking(30.0, finished=True),
]
MODELS = [Silent(), Answering(), Abandoned(), Abandoned(5.0), Abandoned(None, hushed=True)]
MODELS += [Abandoned(5.0, begun=True)]
TOLD: list[Told] = [
    *Gesture,
    Onset(995),
    Offset(995),
    CHUNK,
    Words("a"),
    Words("a", thought=True),
    ModelSaid("a"),
    Interrupted(),
    GenerationComplete(),
    TurnComplete(),
    Drained(7, 40),
    Drained(6, 40),
    ActivityBegan(),
    ActivityEnded(7),
    ActivityEnded(6),
    Progress(),
    Typed(),
    LineLost(kept=True),
    LineLost(kept=False),
    Unanswerable(7, "no line"),
    Deaf(),
    Dumb(),
    Dismissed(),
    Passed(),
]


@pytest.mark.parametrize("phase", PHASES, ids=repr)
def test_every_pair(phase: Phase) -> None:
    """Whatever is told whenever: the floor stays consistent, and nothing plays while the person has it."""
    for model, told, now in itertools.product(MODELS, TOLD, (10.0, 100.0)):
        turn = turn_at(phase, model)
        orders = turn.tell(told, now, INDEX)
        begun = any(isinstance(o, Begin) for o in orders)
        ended = any(isinstance(o, End) for o in orders)
        assert turn.is_hearing == (isinstance(phase, Hearing) or begun) - ended
        assert turn.number - 7 in (0, 1)
        if any(isinstance(o, Play) for o in orders):
            assert isinstance(turn.phase, Speaking)
            assert not isinstance(phase, Hearing)
        if told is TOUCH and isinstance(phase, Speaking):
            assert orders[0] == Flush(7)
        due = turn.deadline()
        assert due is None or not isinstance(told, Passed) or due > now, "a deadline that has passed is gone"
        assert repr(turn) == f"turn {turn.number} {type(turn.phase).__name__.lower()}"
        if isinstance(turn.phase, Waiting) or isinstance(turn.model, Answering):
            assert not turn.is_quiet


# -- turns that follow one another without a word of the person ----------------------------------------


def test_while_further_turns_follow_nobody_listens_and_the_line_is_needed() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    assert play(turn, (TurnComplete(more=True), 10.0)) == [Finish(7)]
    assert not turn.is_quiet
    assert play(turn, (Drained(7, 900), 11.0)) == [Over(7, "answered")]
    assert (turn.number, isinstance(turn.phase, Waiting), turn.is_quiet) == (8, True, False)
    assert play(turn, (CHUNK, 12.0))[-1] == Play(8, CHUNK.pcm, CHUNK.rate_hz)
    assert play(turn, (TurnComplete(), 13.0)) == [Finish(8)]
    assert turn.is_quiet
    orders = play(turn, (Drained(8, 900), 14.0))
    assert orders[0] == Over(8, "answered")
    assert turn.is_following_up


def test_a_further_turn_may_come_before_the_former_has_played_out_or_instead_of_an_answer() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    play(turn, (TurnComplete(more=True), 10.0))
    assert Over(7, "answered") in play(turn, (CHUNK, 10.5))
    turn = turn_at(Waiting(30.0))
    assert play(turn, (TurnComplete(more=True), 10.0)) == [Settle(7)]
    assert isinstance(turn.phase, Waiting)
    assert Over(7, "silence") in play(turn, (TurnComplete(), 11.0))


def test_further_turns_of_an_answer_nobody_wants_are_unwanted_and_none_follow_on_a_lost_line() -> None:
    turn = turn_at(Listening(30.0, 0), Abandoned())
    assert play(turn, (TurnComplete(more=True), 10.0)) == []
    assert isinstance(turn.model, Abandoned)
    turn = turn_at(Speaking(30.0, finished=True, more=True), Answering())
    play(turn, (LineLost(kept=False), 10.0))
    play(turn, (Drained(7, 900), 11.0))
    assert turn.is_following_up


def test_an_answer_that_was_cut_short_is_told_as_such() -> None:
    turn = turn_at(Speaking(30.0), Answering())
    script = (
        (GenerationComplete(), 9.0),
        (TurnComplete("GENERATED_AUDIO_SAFETY"), 10.0),
        (Drained(7, 9), 11.0),
    )
    assert Over(7, "answer withheld by the service") in play(turn, *script)
