"""What each gesture does to the box, in a room."""

from __future__ import annotations

import pytest

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.chimes import Earcons
from appliance.core.earcons import Earcon, length_s
from appliance.core.effects import Chime, Effect, Flush, Hang, Keep, Muffle, PowerOff, Quit, Reply
from appliance.core.fingers import POWER_OFF, RESTART
from appliance.core.floor import Idle, Listening
from appliance.core.gesture import Grip
from appliance.core.mood import Mood
from appliance.core.usage import Budget

from .room import Room, answers

SOUNDS = Earcons({earcon: length_s(earcon) for earcon in Earcon})
COUNTING = Grip(very_long_s=10.0)


class Home(Room):
    """A room whose microphone is closed and opened as the box says."""

    def _world(self, effect: Effect) -> None:
        super()._world(effect)
        if isinstance(effect, Muffle):
            self.microphone = not effect.on
            self.later(0.05, ev.MicrophoneDown("muted") if effect.on else ev.MicrophoneUp())

    def hold(self, seconds: float, *, speech: bool = False) -> None:
        self.do(ev.Pressed())
        self.pass_time(seconds, speech=speech)
        self.do(ev.Released())

    def double(self) -> None:
        self.press(0.1)
        self.pass_time(0.1)
        self.press(0.1)

    def chimes(self) -> list[Earcon]:
        return [effect.earcon for _, effect in self.effects if isinstance(effect, Chime)]

    @property
    def mood(self) -> Mood:
        return self.conversation.mood


def of(room: Room, kind: type[Effect]) -> list[Effect]:
    return [effect for _, effect in room.effects if isinstance(effect, kind)]


# -- a long press -------------------------------------------------------------------------------------


def test_a_long_press_of_somebody_who_says_nothing_closes_the_microphone() -> None:
    room = Home(earcons=SOUNDS)
    room.pass_time(3.0)
    room.hold(2.9)
    assert not room.conversation.mute.is_on
    room.pass_time(30.0)
    room.hold(3.1)
    room.pass_time(1.0)
    assert of(room, Muffle) == [Muffle(on=True)]
    assert room.mood is Mood.MUTED
    assert room.chimes()[-1] is Earcon.MUTED
    assert isinstance(room.conversation.turn.phase, Idle)
    assert Keep("mute", {"version": 1, "on": True}, soon=True) in of(room, Keep)
    assert room.told("microphone")[-1] == {"state": "muted", "reason": "muted"}


def test_and_another_one_opens_it() -> None:
    room = Home(earcons=SOUNDS)
    room.hold(3.1)
    room.pass_time(1.0)
    room.hold(3.1)
    room.pass_time(1.0)
    assert of(room, Muffle) == [Muffle(on=True), Muffle(on=False)]
    assert room.chimes()[-1] is Earcon.UNMUTED
    assert room.mood is Mood.IDLE
    room.ask()
    room.pass_time(3.0)
    assert room.outcomes()[-1] == "answered"


def test_whoever_speaks_holds_it_to_talk_however_long() -> None:
    room = Home(grip=COUNTING)
    room.pass_time(3.0)
    room.do(ev.Pressed())
    room.pass_time(0.6)
    room.pass_time(20.0, speech=True)
    room.do(ev.Released())
    room.pass_time(3.0)
    assert of(room, Muffle) == []
    assert room.outcomes() == ["answered"]


def test_a_finger_that_comes_to_somebody_who_is_talking_does_not_mute_them() -> None:
    room = Home()
    room.press()
    room.pass_time(0.3)
    room.pass_time(1.0, speech=True)
    room.do(ev.Pressed())
    room.pass_time(5.0)
    room.do(ev.Released())
    room.pass_time(3.0)
    assert of(room, Muffle) == []
    assert room.outcomes() == ["answered"]


def test_the_model_may_speak_while_it_is_muted_and_nobody_is_listened_to_afterwards() -> None:
    room = Home()
    room.hold(3.1)
    room.pass_time(1.0)
    room.do(ev.Asked(1, ev.Ask("Hello?", speak=True)))
    room.pass_time(1.2)
    assert room.mood is Mood.MUTED
    room.pass_time(4.0)
    assert room.outcomes()[-1] == "answered"
    assert isinstance(room.conversation.turn.phase, Idle), "no follow-up without ears"


def test_frames_that_were_on_their_way_are_not_heard() -> None:
    room = Room()
    room.do(ev.Asked(1, ev.Mute(on=True)))
    before = room.conversation.ring.now
    room.pass_time(0.1)
    assert room.conversation.ring.now == before


def test_a_press_while_it_is_muted_says_so_and_sends_nothing() -> None:
    room = Home(earcons=SOUNDS)
    room.do(ev.Asked(1, ev.Mute(on=True)))
    room.pass_time(1.0)
    count = len(room.chimes())
    room.press()
    assert room.chimes()[count:] == [Earcon.MUTED]
    assert room.told("trouble")[-1] == {"what": "muted", "reason": "a press came"}
    room.pass_time(7.0)
    assert room.sent() == []
    assert isinstance(room.conversation.turn.phase, Idle)


# -- by command ---------------------------------------------------------------------------------------


def test_muting_by_command_stops_whoever_is_heard_and_lets_an_answer_be() -> None:
    room = Home()
    room.press()
    room.pass_time(0.5, speech=True)
    [reply] = [e for e in room.do(ev.Asked(1, ev.Mute(on=True))) if isinstance(e, Reply)]
    assert reply.body == {"ok": True, "muted": True}
    assert isinstance(room.conversation.turn.phase, Idle)
    room.do(ev.Asked(2, ev.Mute(on=False)))
    room.pass_time(1.0)
    room.ask()
    room.pass_time(0.5)
    assert room.mood is Mood.SPEAKING
    room.do(ev.Asked(3, ev.Mute(on=True)))
    room.pass_time(3.0)
    assert room.outcomes()[-1] == "answered"
    [reply] = [e for e in room.do(ev.Asked(4, ev.Talk())) if isinstance(e, Reply)]
    assert reply.body == {"ok": False, "error": "the box is muted", "remedy": "appliance unmute"}


def test_muting_twice_is_muting_once() -> None:
    room = Home()
    room.do(ev.Asked(1, ev.Mute(on=True)))
    room.do(ev.Asked(2, ev.Mute(on=True)))
    assert len(of(room, Muffle)) == 1


def test_it_begins_muted_if_it_was() -> None:
    room = Home(former={"mute": {"version": 1, "on": True}})
    assert room.mood is Mood.MUTED


# -- a double tap -------------------------------------------------------------------------------------


def test_a_double_tap_ends_the_conversation() -> None:
    room = Home()
    room.ask()
    room.pass_time(3.0)
    assert room.conversation.session.handles.best(room.now) is not None
    room.double()
    assert isinstance(room.conversation.turn.phase, Idle)
    assert len(of(room, Hang)) == 1
    assert room.told("conversation") == [{"state": "ended"}]
    room.pass_time(1.0)
    room.ask()
    room.pass_time(3.0)
    setup = room.sent(ms.Setup)[-1]
    assert isinstance(setup, ms.Setup)
    assert setup.resume is None
    assert setup.recollection == ""
    assert room.sent(ms.Past) == []


def test_a_double_tap_while_it_speaks_silences_it() -> None:
    room = Home()
    room.ask()
    room.pass_time(0.5)
    assert room.mood is Mood.SPEAKING
    room.double()
    assert room.count(Flush) == 1
    assert isinstance(room.conversation.turn.phase, Idle)
    room.pass_time(10.0)
    assert room.mood is Mood.IDLE


def test_two_slow_taps_are_two() -> None:
    room = Home()
    room.press(0.1)
    room.pass_time(0.4)
    room.press(0.1)
    assert isinstance(room.conversation.turn.phase, Listening)
    assert room.told("conversation") == []


def test_a_double_tap_while_a_session_is_being_resumed_leaves_it() -> None:
    def mute(room: Room, message: ms.ClientMessage) -> None:
        if not isinstance(message, ms.Setup) or message.resume is None:
            answers(room, message)

    room = Home(mute)
    room.ask()
    room.pass_time(20.0)
    room.do(ev.LinkDown(room.promises.link, ev.Cause.DROPPED))
    room.press(0.1)
    room.pass_time(0.2)
    resumed = room.sent(ms.Setup)[-1]
    assert isinstance(resumed, ms.Setup)
    assert resumed.resume is not None
    room.press(0.1)
    room.pass_time(1.0)
    room.ask()
    room.pass_time(3.0)
    fresh = room.sent(ms.Setup)[-1]
    assert isinstance(fresh, ms.Setup)
    assert fresh.resume is None
    assert room.outcomes()[-1] == "answered"


# -- a very long press --------------------------------------------------------------------------------


def test_a_very_long_press_counts_down_on_the_light_and_did_not_mean_to_mute() -> None:
    room = Home(grip=COUNTING, very_long=RESTART)
    room.do(ev.Pressed())
    room.pass_time(9.9)
    assert room.mood is Mood.MUTED
    room.pass_time(0.2)
    assert of(room, Muffle) == [Muffle(on=True), Muffle(on=False)]
    assert room.mood is Mood.COUNTDOWN
    assert room.told("countdown") == [{"to": "restart", "in_s": 5.0}]
    room.do(ev.Released())
    room.pass_time(10.0)
    assert room.mood is Mood.IDLE
    assert room.count(Quit) == 0


def test_at_the_end_of_it_the_box_restarts() -> None:
    room = Home(grip=COUNTING, very_long=RESTART)
    room.pass_time(3.0)
    room.do(ev.Pressed())
    room.pass_time(15.1)
    assert room.count(Quit) == 1
    assert isinstance(room.effects[-1][1], Quit)
    assert room.told("countdown")[-1] == {"to": "restart", "in_s": 0.0}


def test_a_release_that_comes_after_the_end_restarts_as_well() -> None:
    room = Home(grip=COUNTING, very_long=RESTART)
    room.do(ev.Pressed())
    room.now += 20.0
    room.do(ev.Released())
    assert room.count(Quit) == 1


def test_or_switches_the_machine_off() -> None:
    room = Home(grip=COUNTING, very_long=POWER_OFF)
    room.do(ev.Pressed())
    room.pass_time(20.0)
    assert room.count(PowerOff) == 1
    assert room.count(Quit) == 0, "the service manager stops it in its own time"


def test_a_button_that_never_comes_up_is_told_and_not_heeded() -> None:
    room = Home()
    room.do(ev.Pressed())
    room.pass_time(66.0)
    reason = "down for 65 s: it is not heeded until it comes up"
    assert room.told("trouble") == [{"what": "button", "reason": reason}]
    assert room.conversation.status(room.now)["button"] == "stuck"
    room.do(ev.Released())
    assert room.conversation.status(room.now)["button"] == "fine"


# -- a press that comes to nothing --------------------------------------------------------------------


def test_without_a_microphone_or_a_budget_a_press_is_refused_aloud() -> None:
    room = Home(earcons=SOUNDS)
    room.do(ev.MicrophoneDown("unplugged"))
    room.microphone = False
    room.press()
    assert room.told("trouble") == [{"what": "no microphone", "reason": "unplugged"}]
    assert room.chimes() == [Earcon.REFUSED]
    spent = Home(earcons=SOUNDS, budget=Budget(hard_tokens_day=1))
    spent.do(spent.wall())
    spent.ask()
    spent.pass_time(20.0)
    count = len(spent.chimes())
    spent.press()
    assert spent.told("budget")[-1]["limit"] == "hard"
    assert spent.chimes()[count:] == [Earcon.REFUSED]


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_a_press_while_the_box_is_offline_is_kept(seconds: float) -> None:
    room = Home(reachable=False)
    room.do(ev.Pressed())
    room.pass_time(seconds)
    room.pass_time(1.5, speech=True)
    room.do(ev.Released())
    room.pass_time(2.0)
    room.reachable = True
    room.pass_time(10.0)
    assert room.outcomes() == ["answered"]
