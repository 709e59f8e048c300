"""The turn where the service decides: literal times, every (phase, told) pair, and what a person hears."""

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
    Attend,
    Begin,
    By,
    Conclude,
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
    Pause,
    Phase,
    Progress,
    Renew,
    Retain,
    Settle,
    Silent,
    Speaking,
    Told,
    Typed,
    Unanswerable,
    Waiting,
    Yield,
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
from appliance.core.openfloor import OpenFloor
from appliance.core.turn import FENCE_S

TOUCH, TAP, HOLD, LET_GO = Gesture.TOUCH, Gesture.TAP, Gesture.HOLD, Gesture.LET_GO
CHUNK = Speech(b"\1\0" * 480, 24_000)
PLAYED = Play(7, CHUNK.pcm, 24_000)
INDEX = 1000  # where the sample clock stands


def floor_at(
    phase: Phase,
    model: Silent | Answering | Abandoned | None = None,
) -> OpenFloor:
    floor = OpenFloor(Manners())
    floor.number, floor.phase, floor.model = 7, phase, model or Silent()
    return floor


def play(floor: OpenFloor, *script: tuple[Told, float]) -> list[Order]:
    return [order for told, now in script for order in floor.tell(told, now, INDEX)]


# -- a conversation -----------------------------------------------------------------------------------


def test_a_tap_opens_the_conversation_and_the_service_decides_the_rest() -> None:
    floor = OpenFloor(Manners())
    assert play(floor, (TOUCH, 10.0), (TAP, 10.1)) == [Attend(1, 985), Arm(985)]
    assert floor.phase == Listening(16.0, 985)
    assert play(floor, (Onset(990), 11.0)) == [Retain(1)]
    assert floor.phase == Hearing(71.0, By.VOICE, 71.0)
    assert play(floor, (ActivityBegan(), 11.0), (Offset(1100), 13.0)) == [], "the service hears silence too"
    assert floor.phase == Waiting(33.0)
    assert play(floor, (CHUNK, 14.0)) == [Settle(1), Yield(), Play(1, CHUNK.pcm, 24_000)]
    assert play(floor, (CHUNK, 14.1), (GenerationComplete(), 14.2)) == [Play(1, CHUNK.pcm, 24_000), Finish(1)]
    assert play(floor, (TurnComplete(), 15.0)) == []
    assert play(floor, (Drained(1, 40), 16.0)) == [
        Attend(2, 1015),
        Arm(1015, Context.FOLLOW_UP),
        Over(1, "answered"),
    ]
    assert floor.phase == Listening(24.0, 1015, follow_up=True)
    assert play(floor, (Passed(), 24.0)) == [Pause()]
    assert floor.phase == Idle()


def test_whoever_goes_on_after_a_pause_is_in_the_same_turn() -> None:
    floor = floor_at(Waiting(30.0))
    assert play(floor, (Onset(1000), 12.0)) == [Retain(7)]
    assert floor.phase == Hearing(72.0, By.VOICE, 72.0)


@pytest.mark.parametrize("phase", [Hearing(60.0, By.VOICE), Hearing(60.0, By.FINGER), Waiting(30.0)])
def test_an_answer_comes_when_the_service_thinks_so(phase: Phase) -> None:
    assert play(floor_at(phase), (CHUNK, 10.0)) == [Settle(7), Yield(), PLAYED]


@pytest.mark.parametrize("phase", [Idle(), Listening(16.0, 985), Listening(16.0, 985, follow_up=True)])
def test_it_may_have_heard_what_our_ear_did_not(phase: Phase) -> None:
    floor = floor_at(phase)
    assert play(floor, (ModelSaid("Yes"), 10.0)) == [Settle(8), Yield()]
    assert floor.phase == Speaking(30.0)


def test_whoever_the_service_hears_while_it_speaks_has_the_floor() -> None:
    floor = floor_at(Waiting(30.0))
    assert play(floor, (CHUNK, 10.0)) == [Settle(7), Yield(), PLAYED]
    heard = [Attend(8, INDEX), Arm(INDEX), Retain(8)]
    assert play(floor, (Interrupted(), 11.0)) == [Flush(7), *heard, Over(7, "interrupted")]
    assert floor.phase == Hearing(17.0, By.VOICE)
    assert play(floor, (CHUNK, 11.1), (Interrupted(), 11.2), (TurnComplete(), 11.3)) == []
    assert floor.model == Silent()
    assert play(floor, (CHUNK, 11.4)) == [Settle(8), Yield(), Play(8, CHUNK.pcm, 24_000)]


def test_an_interruption_of_what_only_plays_out_silences_it_too() -> None:
    floor = floor_at(Speaking(30.0, finished=True))
    assert play(floor, (Interrupted(), 10.0))[0] == Flush(7)
    assert floor.model == Silent()


def test_after_an_interruption_without_an_end_what_is_not_late_is_meant() -> None:
    floor = floor_at(Speaking(30.0), Answering())
    play(floor, (Interrupted(), 10.0))
    assert play(floor, (CHUNK, 10.0 + FENCE_S - 0.01)) == []
    assert play(floor, (CHUNK, 10.0 + FENCE_S)) == [Settle(8), Yield(), Play(8, CHUNK.pcm, 24_000)]


@pytest.mark.parametrize("phase", [Idle(), Listening(16.0, 985)])
def test_an_interruption_of_nothing_is_nothing(phase: Phase) -> None:
    floor = floor_at(phase)
    assert play(floor, (Interrupted(), 10.0)) == []
    assert (floor.phase, floor.model) == (phase, Silent())


def test_an_answer_that_was_cut_before_it_began_is_not_silence() -> None:
    floor = floor_at(Waiting(30.0))
    assert play(floor, (Interrupted(), 10.0), (TurnComplete(), 10.1)) == []
    assert floor.phase == Waiting(30.0)
    assert play(floor, (TurnComplete(), 12.0)) == [
        *(Settle(7), Attend(8, 1015), Arm(1015, Context.FOLLOW_UP), Over(7, "silence")),
    ]


# -- the finger ---------------------------------------------------------------------------------------


def test_a_tap_while_it_listens_ends_what_is_said() -> None:
    floor = floor_at(Hearing(60.0, By.VOICE))
    assert play(floor, (TOUCH, 10.0)) == []
    assert play(floor, (TAP, 10.1)) == [Conclude()]
    assert floor.phase == Waiting(30.1)


def test_a_hold_is_ended_by_its_release() -> None:
    floor = floor_at(Listening(16.0, 985))
    assert play(floor, (HOLD, 10.4)) == [Retain(8)]
    assert play(floor, (Offset(1000), 11.0), (LET_GO, 12.0), (Passed(), 12.2)) == []
    assert play(floor, (Passed(), 12.3)) == [Conclude()]


@pytest.mark.parametrize(
    ("by", "told", "after"),
    [
        (By.VOICE, HOLD, By.FINGER),
        (By.TOUCHED, HOLD, By.FINGER),
        (By.TAIL, TOUCH, By.TOUCHED),
        (By.VOICE, TAP, By.VOICE),
    ],
)
def test_the_finger_while_the_person_speaks(by: By, told: Told, after: By) -> None:
    floor = floor_at(Hearing(60.0, by, 60.0))
    assert play(floor, (told, 10.0)) == []
    assert floor.phase == Hearing(60.0, after, 60.0)


def test_a_press_while_it_speaks_silences_it_until_its_turn_is_closed() -> None:
    floor = floor_at(Speaking(30.0), Answering())
    assert play(floor, (TOUCH, 10.0)) == [
        *(Flush(7), Over(7, "interrupted"), Drop(7), Attend(8, INDEX), Arm(INDEX)),
    ]
    assert floor.model == Abandoned(30.0)
    assert play(floor, (CHUNK, 11.0), (GenerationComplete(), 11.1), (Onset(1010), 12.0)) == [Retain(8)]
    assert floor.model == Abandoned(31.0)
    assert play(floor, (Offset(1100), 13.0), (CHUNK, 13.5), (TurnComplete(), 14.0)) == []
    assert play(floor, (CHUNK, 14.1)) == [Settle(8), Yield(), Play(8, CHUNK.pcm, 24_000)]


def test_an_abandoned_answer_that_is_never_closed_is_over_some_day() -> None:
    floor = floor_at(Listening(99.0, 985), Abandoned(30.0))
    assert play(floor, (CHUNK, 29.0), (CHUNK, 48.9)) == []
    assert play(floor, (CHUNK, 69.0)) == [Settle(8), Yield(), Play(8, CHUNK.pcm, 24_000)]


def test_a_press_while_it_thinks_wants_the_next_answer_only() -> None:
    floor = floor_at(Waiting(30.0))
    assert play(floor, (TOUCH, 10.0)) == [Drop(7), Attend(8, INDEX), Arm(INDEX)]
    assert floor.model == Abandoned()
    both = floor_at(Listening(16.0, 985), Abandoned())
    assert play(both, (Onset(1000), 11.0), (Offset(1100), 12.0), (CHUNK, 13.0))[-1] == Play(
        8, CHUNK.pcm, 24_000
    ), "the service took the two for one"
    late = floor_at(Listening(16.0, 985), Abandoned())
    assert play(late, (CHUNK, 11.0)) == [], "the old one"
    assert late.model == Abandoned(31.0)


def test_a_press_before_anything_was_asked_abandons_nothing() -> None:
    floor = floor_at(Waiting(None))
    assert play(floor, (TOUCH, 10.0)) == [Drop(7), Attend(8, INDEX), Arm(INDEX)]
    assert floor.model == Silent()


def test_nobody_speaks() -> None:
    floor = floor_at(Listening(16.0, 985))
    assert play(floor, (Passed(), 15.9)) == []
    assert play(floor, (Passed(), 16.0)) == [Pause(), Over(8, "nothing heard")]


@pytest.mark.parametrize(
    ("phase", "model", "orders", "after"),
    [
        (Idle(), Silent(), [], Silent()),
        (Listening(16.0, 985), Silent(), [Pause(), Over(8, "dismissed")], Silent()),
        (Listening(16.0, 985, follow_up=True), Silent(), [Pause()], Silent()),
        (Hearing(60.0, By.VOICE), Silent(), [Drop(7), Pause(), Over(7, "dismissed")], Abandoned()),
        (Waiting(30.0), Answering(), [Drop(7), Pause(), Over(7, "dismissed")], Abandoned(30.0)),
        (
            Speaking(30.0, finished=True),
            Silent(),
            [Flush(7), Over(7, "interrupted"), Drop(7), Pause(), Over(7, "dismissed")],
            Silent(),
        ),
    ],
)
def test_dismissed(
    phase: Phase, model: Silent | Answering | Abandoned, orders: list[Order], after: object
) -> None:
    floor = floor_at(phase, model)
    assert play(floor, (Dismissed(), 10.0)) == orders
    assert (floor.phase, floor.model) == (Idle(), after)


def test_what_is_dismissed_is_not_spoken() -> None:
    floor = floor_at(Hearing(60.0, By.VOICE))
    play(floor, (Dismissed(), 10.0))
    assert floor.is_dismissed
    assert play(floor, (CHUNK, 11.0), (CHUNK, 12.0)) == []
    assert play(floor, (TurnComplete(), 13.0)) == []
    assert not floor.is_dismissed


# -- what goes wrong ----------------------------------------------------------------------------------


def test_an_utterance_without_end_is_ended() -> None:
    assert play(floor_at(Hearing(60.0, By.VOICE)), (Passed(), 60.0)) == [Conclude()]


def test_no_answer_is_told_and_the_line_is_changed() -> None:
    floor = floor_at(Waiting(30.0))
    assert play(floor, (Passed(), 30.0)) == [Drop(7), Pause(), Over(7, "no answer"), Renew(fresh=False)]
    assert floor.phase == Idle()


def test_who_was_understood_and_not_answered_is_asked_again_once() -> None:
    floor = floor_at(Waiting(30.0))
    assert play(floor, (PersonSaid("Hello?"), 20.0), (Passed(), 39.9)) == []
    assert play(floor, (Passed(), 40.0)) == [Renew(fresh=True)]
    assert play(floor, (LineLost(kept=True), 40.0), (PersonSaid("Hello?"), 41.0), (Passed(), 61.0)) == [
        *(Drop(7), Pause(), Over(7, "no answer"), Renew(fresh=True)),
    ]


def test_it_falls_silent_within_an_answer() -> None:
    floor = floor_at(Speaking(30.0), Answering())
    lost = Tell("lost", {"what": "the end of an answer", "count": 1, "why": "service fell silent"})
    assert play(floor, (Passed(), 30.0)) == [Finish(7), lost, Renew(fresh=False)]
    assert floor.phase == Speaking(30.0, finished=True)


def test_it_never_closes_its_turn() -> None:
    floor = floor_at(Speaking(30.0, finished=True), Answering())
    play(floor, (Drained(7, 40), 12.0))
    assert floor.model == Answering(22.0)
    assert floor.deadline() == 20.0, "the follow-up"
    assert play(floor, (Passed(), 20.0), (Passed(), 21.9)) == [Pause()]
    assert play(floor, (Passed(), 22.0)) == [Renew(fresh=False)]


def test_it_closes_its_turn_too_early_and_goes_on() -> None:
    floor = floor_at(Speaking(30.0), Answering())
    assert play(floor, (TurnComplete(), 10.0)) == [Finish(7)]
    assert play(floor, (CHUNK, 10.1)) == [Over(7, "answered"), Play(8, CHUNK.pcm, 24_000)]


def test_who_speaks_into_the_end_of_an_answer_begins_a_turn() -> None:
    floor = floor_at(Listening(16.0, 985, follow_up=True), Answering(20.0))
    assert play(floor, (Onset(1000), 11.0)) == [Retain(8)]
    assert floor.model == Abandoned()
    assert play(floor, (TurnComplete(), 11.5)) == []
    assert floor.phase == Hearing(71.0, By.VOICE, 71.0)


def test_thoughts_are_a_sign_of_life_and_no_answer() -> None:
    floor = floor_at(Waiting(30.0))
    assert play(floor, (Words("Hm.", thought=True), 20.0)) == []
    assert floor.phase == Waiting(40.0, alive=True)
    assert play(floor_at(Idle()), (Words("Hm.", thought=True), 20.0)) == []


@pytest.mark.parametrize(
    ("phase", "orders", "number"),
    [
        (Waiting(30.0), [Settle(7)], 7),
        (Hearing(60.0, By.VOICE), [Settle(7)], 7),
        (Listening(16.0, 985), [Settle(8)], 8),
    ],
)
def test_a_function_call_says_that_it_is_at_work(phase: Phase, orders: list[Order], number: int) -> None:
    floor = floor_at(phase)
    assert play(floor, (Progress(), 10.0)) == orders
    assert (floor.phase, floor.model, floor.number) == (Waiting(30.0, alive=True), Answering(), number)


def test_a_function_call_while_it_speaks_gives_it_time() -> None:
    floor = floor_at(Speaking(15.0), Answering())
    assert play(floor, (Progress(), 10.0)) == []
    assert floor.phase == Speaking(30.0)


@pytest.mark.parametrize("phase", [Idle(), Waiting(None), Speaking(30.0, finished=True)])
def test_a_function_call_when_nothing_is_waited_for_changes_nothing(phase: Phase) -> None:
    floor = floor_at(phase)
    assert play(floor, (Progress(), 10.0)) == []
    assert floor.phase == phase


def test_what_is_typed_is_a_turn_of_its_own() -> None:
    floor = floor_at(Speaking(30.0), Answering())
    assert play(floor, (Typed(), 10.0)) == [Flush(7), Over(7, "interrupted")]
    assert (floor.phase, floor.model, floor.number) == (Waiting(None), Abandoned(30.0), 8)
    assert play(floor, (ActivityEnded(7), 10.1), (CHUNK, 10.2)) == []
    assert play(floor, (ActivityEnded(8), 10.3), (Interrupted(), 10.4), (TurnComplete(), 10.5)) == []
    assert play(floor, (CHUNK, 11.0)) == [Settle(8), Yield(), Play(8, CHUNK.pcm, 24_000)]
    assert play(floor_at(Waiting(None)), (Unanswerable(7, "no line"), 25.0)) == [Pause(), Over(7, "no line")]
    following = floor_at(Listening(16.0, 985, follow_up=True), Answering())
    assert play(following, (Typed(), 10.0)) == []
    assert following.model == Abandoned()


@pytest.mark.parametrize(
    ("phase", "kept", "after", "told"),
    [
        (Waiting(15.0), True, Waiting(30.0), []),
        (Waiting(None), True, Waiting(None), []),
        (Waiting(15.0), False, Idle(), ["the answer"]),
        (Speaking(15.0), False, Speaking(15.0, finished=True), ["the end of an answer"]),
        (Hearing(60.0, By.VOICE), True, Hearing(60.0, By.VOICE), []),
    ],
)
def test_the_line_is_lost(phase: Phase, kept: bool, after: Phase, told: list[str]) -> None:
    floor = floor_at(phase, Answering())
    orders = play(floor, (LineLost(kept), 10.0))
    assert (floor.phase, floor.model) == (after, Silent())
    assert [o.fields["what"] for o in orders if isinstance(o, Tell)] == told


@pytest.mark.parametrize(
    ("phase", "orders"),
    [
        (Idle(), []),
        (Listening(16.0, 985), [Pause(), Over(8, "dismissed")]),
        (Hearing(60.0, By.VOICE), [Conclude()]),
        (Waiting(30.0), [Conclude()]),
        (Speaking(30.0), [Pause()]),
    ],
)
def test_the_microphone_is_lost(phase: Phase, orders: list[Order]) -> None:
    assert play(floor_at(phase), (Deaf(), 10.0)) == orders


def test_the_speaker_is_lost() -> None:
    finished = floor_at(Speaking(30.0, finished=True))
    assert play(finished, (Dumb(), 10.0)) == [Flush(7), Pause(), Over(7, "no speaker")]
    assert play(floor_at(Speaking(30.0)), (Dumb(), 10.0)) == []


def test_without_a_follow_up_the_conversation_is_closed() -> None:
    floor = OpenFloor(Manners(follow_up_s=0))
    floor.phase = Speaking(30.0, finished=True)
    assert play(floor, (Drained(0, 40), 10.0)) == [Pause(), Over(0, "answered")]
    assert floor.phase == Idle()


def test_further_turns_follow_without_a_word_of_the_person() -> None:
    floor = floor_at(Speaking(30.0), Answering())
    assert play(floor, (TurnComplete(more=True), 10.0), (Drained(7, 900), 11.0)) == [
        *(Finish(7), Over(7, "answered")),
    ]
    assert floor.phase == Waiting(31.0, alive=True)
    assert play(floor, (TurnComplete(more=True), 12.0)) == [Settle(8)]
    assert play(floor, (CHUNK, 13.0))[-1] == Play(8, CHUNK.pcm, 24_000)
    withheld = TurnComplete("GENERATED_AUDIO_SAFETY")
    assert play(floor, (GenerationComplete(), 13.5), (withheld, 14.0)) == [Finish(8)]
    assert Over(8, "answer withheld by the service") in play(floor, (Drained(8, 900), 15.0))
    unwanted = floor_at(Listening(30.0, 0), Abandoned())
    assert play(unwanted, (TurnComplete(more=True), 10.0)) == []
    assert isinstance(unwanted.model, Abandoned)
    lost = floor_at(Speaking(30.0, finished=True, more=True), Answering())
    assert play(lost, (LineLost(kept=False), 10.0)) == []
    play(lost, (Drained(7, 900), 11.0))
    assert lost.is_following_up


# -- everything at any time ----------------------------------------------------------------------------

PHASES: list[Phase] = [
    Idle(),
    Listening(30.0, 990),
    Listening(30.0, 990, follow_up=True),
    *(Hearing(60.0, by) for by in By),
    Waiting(None),
    Waiting(30.0),
    Waiting(30.0, alive=True),
    Speaking(30.0),
    Speaking(30.0, finished=True),
]
MODELS = [
    *(Silent(), Answering(), Answering(20.0)),
    *(Abandoned(), Abandoned(5.0), Abandoned(50.0), Abandoned(50.0, hushed=True)),
]
TOLD: list[Told] = [
    *Gesture,
    *(Onset(995), Offset(995), CHUNK, Words("a"), Words("a", thought=True), ModelSaid("a"), PersonSaid("a")),
    *(
        Interrupted(),
        GenerationComplete(),
        TurnComplete(),
        TurnComplete(more=True),
        Drained(7, 40),
        Drained(6, 40),
    ),
    *(ActivityBegan(), ActivityEnded(7), ActivityEnded(6), Progress(), Typed()),
    *(LineLost(kept=True), LineLost(kept=False), Unanswerable(7, "no line"), Unanswerable(6, "no line")),
    *(Deaf(), Dumb(), Dismissed(), Passed()),
]


@pytest.mark.parametrize("phase", PHASES, ids=repr)
def test_every_pair(phase: Phase) -> None:
    """Whatever is told whenever: who has the floor is heard, and nobody else is."""
    for model, told, now in itertools.product(MODELS, TOLD, (10.0, 100.0)):
        floor = floor_at(phase, model)
        orders = floor.tell(told, now, INDEX)
        assert not any(isinstance(o, Begin | End) for o in orders), "no activity is ever marked"
        assert floor.number - 7 in (0, 1)
        opened = [o for o in orders if isinstance(o, Attend | Pause | Conclude)]
        if isinstance(floor.phase, Idle) and not isinstance(phase, Idle):
            assert opened[-1:] == [Pause()], "a conversation that is over is not heard"
        if isinstance(phase, Idle) and isinstance(floor.phase, Listening):
            assert isinstance(opened[-1], Attend)
        if isinstance(floor.phase, Speaking) and not isinstance(phase, Speaking):
            assert Yield() in orders
        if any(isinstance(o, Play) for o in orders):
            assert isinstance(floor.phase, Speaking)
        if told is TOUCH and isinstance(phase, Speaking):
            assert orders[0] == Flush(7)
        if isinstance(told, Interrupted) and isinstance(phase, Speaking):
            assert orders[0] == Flush(7)
        due = floor.deadline()
        assert due is None or not isinstance(told, Passed) or due > now, "a deadline that has passed is gone"
        assert repr(floor) == f"turn {floor.number} {type(floor.phase).__name__.lower()}"
        assert floor.is_hearing == isinstance(floor.phase, Hearing)
        assert floor.is_following_up == (isinstance(floor.phase, Listening) and floor.phase.follow_up)
        if isinstance(floor.phase, Waiting | Hearing) or isinstance(floor.model, Answering):
            assert not floor.is_quiet
