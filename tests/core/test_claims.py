"""What has a claim on the light."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core.chimes import Earcons
from appliance.core.claims import claims, shown
from appliance.core.effects import Show, Tell
from appliance.core.faults import CLOCK, KEY_REFUSED, OFFLINE, QUOTA, Fault
from appliance.core.floor import By, Hearing, Idle, Listening, Phase, Speaking, Waiting
from appliance.core.glow import Shine
from appliance.core.health import Health
from appliance.core.messages import Setup
from appliance.core.mood import Mood
from appliance.core.offline import Off, Offline, Ready
from appliance.core.ringing import Rang, Ringing
from appliance.core.session import Down, Live, Session
from appliance.core.timer import Counting, Timer

from .room import Room


def session(trouble: Fault | None = None, *, wanted: bool = True) -> Session:
    made = Session(Setup("m"), lambda: iter([1.0]), always=wanted, idle_close_s=60.0)
    made.line = Live(1, 0.0, 100.0)
    made.trouble = trouble
    return made


def health(microphone: str | None = None) -> Health:
    made = Health(None)
    made.microphone = microphone
    return made


@pytest.mark.parametrize(
    ("phase", "mood"),
    [
        (Idle(), Mood.IDLE),
        (Listening(1.0, 0), Mood.LISTENING),
        (Listening(1.0, 0, follow_up=True), Mood.FOLLOW_UP),
        (Hearing(1.0, By.VOICE), Mood.LISTENING),
        (Waiting(1.0), Mood.THINKING),
        (Speaking(1.0), Mood.SPEAKING),
    ],
)
def test_each_phase_has_its_mood(phase: Phase, mood: Mood) -> None:
    assert claims(phase, session(), health(), Ringing()) == {mood}


def test_waiting_without_a_line_is_connecting() -> None:
    down = Session(Setup("m"), lambda: iter([1.0]), always=True, idle_close_s=60.0)
    assert claims(Waiting(None), down, health(), Ringing()) == {Mood.THINKING, Mood.CONNECTING}


def test_a_microphone_that_is_away_or_not_opened_yet() -> None:
    assert claims(Idle(), session(), health("unplugged"), Ringing()) == {Mood.IDLE, Mood.NO_MICROPHONE}
    assert claims(Idle(), session(), Health(None), Ringing()) == {Mood.IDLE, Mood.STARTING}


def test_trouble_with_the_line() -> None:
    for fault in (KEY_REFUSED, QUOTA):
        assert claims(Idle(), session(fault), health(), Ringing()) == {Mood.IDLE, Mood.REFUSED}
    assert claims(Idle(), session(OFFLINE), health(), Ringing()) == {Mood.IDLE, Mood.OFFLINE}
    assert claims(Idle(), session(CLOCK), health(), Ringing()) == {Mood.IDLE, Mood.CLOCK}
    assert claims(Idle(), session(OFFLINE, wanted=False), health(), Ringing()) == {Mood.IDLE}


def test_a_timer_that_rings() -> None:
    ringing = Ringing()
    ringing.tell(Rang(Timer(1, "", Counting(0.0))), 0.0)
    assert claims(Idle(), session(), health(), ringing) == {Mood.IDLE, Mood.TIMER}


def test_muted_is_not_the_same_as_away() -> None:
    away = health("muted")
    assert claims(Idle(), session(), away, Ringing(), muted=True) == {Mood.IDLE, Mood.MUTED}


def test_a_countdown_and_a_speaker_that_is_away() -> None:
    dumb = health()
    dumb.speaker = "unplugged"
    found = claims(Idle(), session(), dumb, Ringing(), counting=True)
    assert found == {Mood.IDLE, Mood.COUNTDOWN, Mood.NO_SPEAKER}


def test_the_brain_on_this_machine_serves_and_shows_that_it_is_not_the_service() -> None:
    brain = Offline(Setup("m"))
    brain.state = Ready(-1)
    down = session(OFFLINE)
    down.line = Down(9.0, OFFLINE, 1.0)
    for phase, mood in ((Listening(1.0, 0), Mood.LISTENING), (Speaking(1.0), Mood.SPEAKING)):
        assert claims(phase, down, health(), Ringing(), brain) == {mood}
    assert Mood.OFFLINE in claims(Waiting(None), down, health(), Ringing(), brain)
    assert Mood.OFFLINE in claims(Idle(), down, health(), Ringing(), brain), "nobody is served just now"
    unset = session(CLOCK)
    assert Mood.CLOCK not in claims(Hearing(1.0, By.VOICE), unset, health(), Ringing(), brain)
    brain.state = Off(9.0, "no file")
    assert Mood.OFFLINE in claims(Listening(1.0, 0), down, health(), Ringing(), brain)


def test_what_is_shown_is_the_strongest_of_them_with_its_fault() -> None:
    room = Room(shine=Shine(80, 15, 5))
    assert [e for _, e in room.effects if isinstance(e, Show)] == [Show(Mood.IDLE, "", 5)]
    room.conversation.session.trouble = QUOTA
    assert shown(room.conversation, room.now) == [
        Show(Mood.REFUSED, "quota", 80),
        Tell("phase", {"mood": "refused"}),
    ]
    room.do(ev.Asked(1, ev.Mute(on=True)))
    assert [e for _, e in room.effects if isinstance(e, Show)][-1] == Show(Mood.MUTED, "quota", 80)


def test_at_night_it_is_darker() -> None:
    room = Room(shine=Shine(80, 15, 5), earcons=Earcons({}, (21 * 60, 7 * 60)))
    room.do(room.wall())
    room.do(ev.Asked(1, ev.Mute(on=True)))
    assert [e for _, e in room.effects if isinstance(e, Show)][-1] == Show(Mood.MUTED, "", 15)
