"""Which sound comes when, and when the ear must not listen: phases, moods and literal times."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core.chimes import DRAIN_S, Chimes, Earcons
from appliance.core.earcons import Earcon, length_s
from appliance.core.effects import Chime, Play
from appliance.core.floor import By, Hearing, Idle, Listening, Phase, Speaking, Waiting
from appliance.core.mood import Mood
from tests.core.room import Room, rules

ALL = Earcons({earcon: length_s(earcon) for earcon in Earcon})
PHASES: tuple[Phase, ...] = (
    Idle(),
    Listening(9.0, 0),
    Listening(9.0, 0, follow_up=True),
    Hearing(9.0, By.VOICE),
    Waiting(9.0),
    Speaking(9.0),
)
BEGINS = Listening(9.0, 0)


def chimed(*steps: tuple[Phase, Mood], ringing: bool = False, earcons: Earcons = ALL) -> list[Earcon | None]:
    chimes = Chimes(earcons)
    found = [chimes.settle(phase, mood, 1.0, local_s=None, ringing=ringing) for phase, mood in steps]
    return [chime[0].earcon if chime else None for chime in found]


@pytest.mark.parametrize("was", PHASES)
@pytest.mark.parametrize("phase", PHASES)
def test_every_change_of_the_floor(was: Phase, phase: Phase) -> None:
    [_, earcon] = chimed((was, Mood.IDLE), (phase, Mood.IDLE))
    if phase == BEGINS and was != BEGINS:
        assert earcon is Earcon.LISTENING
    elif isinstance(was, Hearing) and isinstance(phase, Waiting):
        assert earcon is Earcon.DONE_LISTENING
    else:
        assert earcon is None


@pytest.mark.parametrize("mood", list(Mood))
def test_trouble_is_told_once_to_somebody_who_waits(mood: Mood) -> None:
    worst = {Mood.OFFLINE: Earcon.OFFLINE, Mood.CLOCK: Earcon.OFFLINE, Mood.REFUSED: Earcon.REFUSED}
    steps = ((Idle(), mood), (BEGINS, mood), (BEGINS, mood), (Waiting(9.0), mood))
    assert chimed(*steps) == [None, worst.get(mood, Earcon.LISTENING), None, None]


def test_what_was_done_by_hand_is_told_before_all_else() -> None:
    chimes = Chimes(ALL)
    chimes.refuse("budget")
    chimes.say(Earcon.MUTED)
    said = chimes.settle(BEGINS, Mood.OFFLINE, 1.0, local_s=None, ringing=False)
    assert said == [Chime(Earcon.MUTED)]


def test_nothing_was_heard() -> None:
    chimes = Chimes(ALL)
    chimes.settle(BEGINS, Mood.LISTENING, 1.0, local_s=None, ringing=False)
    chimes.over("nothing heard")
    said = chimes.settle(Idle(), Mood.IDLE, 7.0, local_s=None, ringing=False)
    assert said == [Chime(Earcon.NOTHING_HEARD)]
    chimes.over("dismissed")
    assert chimes.settle(Idle(), Mood.IDLE, 8.0, local_s=None, ringing=False) == []


def test_beneath_a_timer_and_what_is_not_wanted_is_not_heard() -> None:
    assert chimed((BEGINS, Mood.LISTENING), ringing=True) == [None]
    assert chimed((BEGINS, Mood.LISTENING), earcons=Earcons({Earcon.OFFLINE: 1.0})) == [None]
    assert chimed((BEGINS, Mood.LISTENING), earcons=Earcons()) == [None]


@pytest.mark.parametrize(
    ("quiet", "at", "night"),
    [
        (None, 0, False),
        ((1320, 420), 1319, False),
        ((1320, 420), 1320, True),
        ((1320, 420), 0, True),
        ((1320, 420), 419, True),
        ((1320, 420), 420, False),
        ((60, 120), 59, False),
        ((60, 120), 60, True),
        ((60, 120), 120, False),
        ((60, 60), 60, False),
    ],
)
def test_quiet_hours(quiet: tuple[int, int] | None, at: int, night: bool) -> None:
    earcons = Earcons(ALL.lengths_s, quiet)
    assert not earcons.is_night(None)
    for day in (0, 20_000):
        assert earcons.is_night(day * 86_400.0 + at * 60) is night
    said = Chimes(earcons).settle(BEGINS, Mood.IDLE, 1.0, local_s=at * 60.0, ringing=False)
    assert bool(said) is not night


SAID = Earcons(ALL.lengths_s, notices_s={"quota": 2.0, "no network": 3.0, "no microphone": 1.0})


@pytest.mark.parametrize(
    ("phase", "mood", "failure", "notice"),
    [
        (Waiting(9.0), Mood.REFUSED, "quota", "quota"),
        (BEGINS, Mood.REFUSED, "quota", "quota"),
        (Waiting(9.0), Mood.REFUSED, "key refused", ""),
        (Waiting(9.0), Mood.OFFLINE, "no network", "no network"),
        (BEGINS, Mood.OFFLINE, "no network", ""),
        (Hearing(9.0, By.VOICE), Mood.OFFLINE, "no network", ""),
        (BEGINS, Mood.LISTENING, "no network", ""),
    ],
)
def test_what_is_wrong_is_said_but_not_over_somebody_who_speaks(
    phase: Phase, mood: Mood, failure: str, notice: str
) -> None:
    chimes = Chimes(SAID)
    [chime] = chimes.settle(phase, mood, 10.0, local_s=None, ringing=False, failure=failure)
    assert chime.notice == notice
    end = 10.0 + SAID.lengths_s[chime.earcon] + SAID.notices_s.get(notice, 0.0) + DRAIN_S
    assert (chimes.is_heard(end - 0.01), chimes.is_heard(end)) == (True, False)


def test_nothing_heard_is_no_news_while_a_sentence_is_said() -> None:
    for now, heard in ((10.5, []), (20.0, [Chime(Earcon.NOTHING_HEARD)])):
        chimes = Chimes(SAID)
        chimes.settle(BEGINS, Mood.REFUSED, 10.0, local_s=None, ringing=False, failure="quota")
        chimes.over("nothing heard")
        assert chimes.settle(Idle(), Mood.REFUSED, now, local_s=None, ringing=False) == heard


def test_a_press_that_came_to_nothing_says_why_and_not_what_troubles_the_line() -> None:
    chimes = Chimes(SAID)
    chimes.refuse("no microphone")
    [chime] = chimes.settle(Idle(), Mood.NO_MICROPHONE, 1.0, local_s=None, ringing=False, failure="quota")
    assert chime == Chime(Earcon.REFUSED, notice="no microphone")


def test_the_ear_is_deaf_until_it_has_drained() -> None:
    chimes = Chimes(ALL)
    assert not chimes.is_heard(10.0)
    chimes.settle(BEGINS, Mood.LISTENING, 10.0, local_s=None, ringing=False)
    end = 10.0 + length_s(Earcon.LISTENING) + DRAIN_S
    assert (chimes.is_heard(end - 0.01), chimes.is_heard(end)) == (True, False)


# -- in a whole room --------------------------------------------------------------------------------


def heard(room: Room) -> list[Earcon]:
    return [effect.earcon for _, effect in room.effects if isinstance(effect, Chime)]


def test_a_turn_as_a_person_hears_it() -> None:
    room = Room(earcons=ALL)
    room.ask()
    room.pass_time(6.0)
    assert room.outcomes() == ["answered"]
    assert heard(room) == [Earcon.LISTENING, Earcon.DONE_LISTENING]
    kinds = [type(effect) for _, effect in room.effects if isinstance(effect, Chime | Play)]
    assert kinds[:2] == [Chime, Chime], "before the answer"


def test_its_own_sound_is_not_taken_for_speech_and_no_word_is_lost() -> None:
    """Somebody speaks from the very press on: they are heard a moment later, and all of it is sent."""
    room = Room(earcons=ALL)
    room.pass_time(1.0)
    room.press(0.1)
    room.pass_time(0.15, speech=True)
    room.pass_time(5.0)
    assert room.outcomes() == [], "as long as the chime, and no longer: it was the chime"
    room.pass_time(2.0)
    assert heard(room)[-1] is Earcon.NOTHING_HEARD
    assert room.outcomes() == ["nothing heard"]


def test_offline() -> None:
    room = Room(reachable=False, earcons=ALL)
    room.press(0.1)
    room.pass_time(2.0)
    assert heard(room) == [Earcon.LISTENING, Earcon.OFFLINE]


def test_a_press_that_comes_to_nothing() -> None:
    """Nobody could hear it: each time a clear sign, and only then."""
    room = Room(earcons=ALL)
    room.do(ev.MicrophoneDown("unplugged"))
    room.pass_time(1.0)
    assert heard(room) == []
    for presses in (1, 2):
        room.press()
        room.pass_time(1.0)
        assert heard(room) == [Earcon.REFUSED] * presses


def test_without_a_line_it_says_so_to_whoever_has_finished() -> None:
    room = Room(reachable=False, earcons=SAID)
    room.ask(0.5)
    room.pass_time(20.0)
    notices = [effect.notice for _, effect in room.effects if isinstance(effect, Chime)]
    assert "no network" not in notices, "it was told by a tone while they spoke"
    room.do(ev.MicrophoneDown("unplugged"))
    room.press()
    room.pass_time(1.0)
    assert [effect.notice for _, effect in room.effects if isinstance(effect, Chime)][-1] == "no microphone"


def test_without_earcons_it_is_as_silent_as_ever() -> None:
    assert rules().earcons == Earcons()
    room = Room()
    room.ask()
    room.pass_time(6.0)
    assert heard(room) == []
