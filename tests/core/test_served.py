"""Conversations in which the service decides whose turn it is, with a service that does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core import events as ev
from appliance.core import floor as fl
from appliance.core import messages as ms
from appliance.core.audio import FRAME_BYTES, FRAME_MS
from appliance.core.catalogue import Capability
from appliance.core.chimes import SILENT, Earcons
from appliance.core.effects import Effect, Flush, Play
from appliance.core.shield import Shield
from appliance.core.usage import Budget
from tests.core.room import CHUNK, Room, rules

UNLIMITED = Budget()
START_FRAMES = 5  # of speech until the service believes it
END_FRAMES = 700 // FRAME_MS  # of silence until it believes that


class Service:
    """Hears the frames that it is sent, and answers when nobody has spoken for a while."""

    def __init__(self) -> None:
        self.loud = self.quiet = 0
        self.talking = self.mute = False
        self.busy_until = 0.0
        self.call: str | None = None

    def __call__(self, room: Room, message: ms.ClientMessage) -> None:
        match message:
            case ms.Setup():
                room.says(ms.SetupComplete())
                self.loud = self.quiet = 0
                self.talking = False
            case ms.Audio(pcm):
                for index in places(pcm):
                    self._hear(room, spoken=index in SPOKEN.get(id(room), set()))
            case ms.AudioStreamEnd() if self.talking:
                self._end(room)
            case ms.Text():
                self._start(room)
                self._end(room)
            case ms.ToolResponse():
                self._answer(room)

    def _hear(self, room: Room, *, spoken: bool) -> None:
        self.loud = self.loud + 1 if spoken else 0
        self.quiet = 0 if spoken else self.quiet + 1
        if not self.talking and self.loud >= START_FRAMES:
            self._start(room)
        elif self.talking and self.quiet >= END_FRAMES:
            self._end(room)

    def _start(self, room: Room) -> None:
        self.talking = True
        if room.now < self.busy_until:
            self.busy_until = 0.0
            room.forget()
            room.says(ms.Interrupted(), delay_s=0.05)
            room.says(CHUNK, ms.ModelSaid(" late"), delay_s=0.06)
            room.says(ms.TurnComplete(), delay_s=0.1)

    def _end(self, room: Room) -> None:
        self.talking = False
        if self.mute:
            return
        room.says(ms.PersonSaid(" Hello?"), delay_s=0.1)
        if self.call is not None:
            call = ms.FunctionCall("fc_1", "set_lights", {"names": [self.call], "power": "on"})
            room.says(ms.ToolCall((call,)), delay_s=0.2)
            self.call = None
        else:
            self._answer(room)

    def _answer(self, room: Room) -> None:
        for number in range(15):  # three seconds
            room.says(CHUNK, ms.ModelSaid(" la"), delay_s=0.4 + number * 0.05)
        room.says(ms.GenerationComplete(), delay_s=1.2)
        room.says(ms.Usage(10, 20, 30), ms.TurnComplete(), delay_s=3.4)
        room.says(ms.Resumption(ms.Handle(f"handle-{room.now}")), delay_s=3.5)
        self.busy_until = room.now + 3.4


SPOKEN: dict[int, set[int]] = {}


def places(pcm: bytes) -> list[int]:
    return [int.from_bytes(pcm[at : at + 4], "little") for at in range(0, len(pcm), FRAME_BYTES)]


class ServedRoom(Room):
    """A room that remembers when a conversation was open, and what was said while."""

    def __init__(
        self,
        *,
        barge_in: bool = False,
        reachable: bool = True,
        more: Sequence[Capability] = (),
        earcons: Earcons = SILENT,
        budget: Budget = UNLIMITED,
        **manners: object,
    ) -> None:
        """`barge_in`: the box does not hear itself."""
        SPOKEN[id(self)] = set()
        self.open: set[int] = set()
        self.presses: list[int] = []
        self.desk = Service()
        detection = ms.Detection()
        super().__init__(
            self.desk,
            reachable,
            more=more,
            shield=Shield.CANCEL if barge_in else Shield.HALF_DUPLEX,
            earcons=earcons,
            budget=budget,
            manners=fl.Manners(**manners),  # type: ignore[arg-type]
            setup=ms.Setup("gemini-3.8-live", functions=rules().setup.functions, detection=detection),
        )

    def do(self, event: ev.Event) -> list[Effect]:
        match event:
            case ev.Heard(index=index, speech=speech):
                if speech:
                    SPOKEN[id(self)].add(index)
                if not isinstance(self.conversation.turn.phase, fl.Idle):
                    self.open.add(index)
            case ev.Pressed() | ev.Asked():
                self.presses.append(self.index)
        return super().do(event)

    def forget(self) -> None:
        """What the service had still to say of an answer that is interrupted."""
        self._due = [row for row in self._due if not isinstance(row[2], ev.Received)]

    def heard(self) -> list[int]:
        """The places of all frames that were sent, in order."""
        return [place for m in self.sent(ms.Audio) if isinstance(m, ms.Audio) for place in places(m.pcm)]

    def check_privacy(self) -> None:
        for place in self.heard():
            reached = any(press - 15 <= place < press for press in self.presses)
            assert place in self.open or reached, "nothing is sent while nobody talks to the box"


def test_a_conversation_from_a_press_to_its_end() -> None:
    room = ServedRoom()
    room.pass_time(5.0)
    assert room.sent() == []
    room.ask()
    room.pass_time(6.0)
    assert room.outcomes() == ["answered"]
    assert room.conversation.turn.is_following_up
    room.pass_time(1.5, speech=True)
    room.pass_time(7.0)
    assert room.outcomes() == ["answered", "answered"]
    before = len(room.sent(ms.Audio))
    room.pass_time(12.0)
    assert len(room.sent(ms.Audio)) > before, "the follow-up was heard"
    after = room.sent()
    room.pass_time(60.0)
    assert room.sent() == after, "and then nothing more"
    assert isinstance(after[-1], ms.AudioStreamEnd)
    room.check_privacy()
    assert not room.told("lost")


def test_while_it_speaks_it_does_not_hear_itself() -> None:
    room = ServedRoom()
    room.ask()
    room.pass_time(0.6)
    assert isinstance(room.conversation.turn.phase, fl.Speaking)
    before = room.heard()
    room.pass_time(1.2, speech=True)  # its own voice
    assert room.heard() == before
    assert isinstance(room.sent()[-1], ms.AudioStreamEnd), "a pause of more than a second is told"
    room.pass_time(3.0)
    assert room.outcomes() == ["answered"]
    assert room.heard()[len(before)] > before[-1] + 50
    room.check_privacy()


def test_with_barge_in_a_voice_silences_it_and_is_answered() -> None:
    room = ServedRoom(barge_in=True)
    room.ask()
    room.pass_time(1.0)
    assert isinstance(room.conversation.turn.phase, fl.Speaking)
    spoke = room.now
    room.pass_time(1.0, speech=True)
    flushed = [at for at, effect in room.effects if isinstance(effect, Flush)]
    assert len(flushed) == 1
    assert flushed[0] - spoke < 0.3
    played = [at for at, effect in room.effects if isinstance(effect, Play)]
    assert not [at for at in played if flushed[0] <= at < flushed[0] + 0.5], "nothing late is heard"
    room.pass_time(6.0)
    assert room.outcomes() == ["interrupted", "answered"]
    room.check_privacy()


def test_a_press_while_it_speaks_silences_it_at_once_and_listens() -> None:
    room = ServedRoom()
    room.ask()
    room.pass_time(1.0)
    room.do(ev.Pressed())
    assert room.count(Flush) == 1
    played = room.count(Play)
    room.do(ev.Released())
    room.pass_time(1.0, speech=True)
    assert room.count(Play) == played
    room.pass_time(6.0)
    assert room.outcomes() == ["interrupted", "answered"]
    room.check_privacy()


def test_a_tap_while_somebody_speaks_is_the_last_word() -> None:
    room = ServedRoom()
    room.press()
    room.pass_time(1.5, speech=True)
    room.press()
    assert isinstance(room.sent()[-1], ms.AudioStreamEnd)
    before = room.heard()
    room.pass_time(0.3, speech=True)
    assert room.heard() == before
    room.pass_time(5.0)
    assert room.outcomes() == ["answered"]


def test_a_function_is_called_and_nothing_is_sent_meanwhile() -> None:
    room = ServedRoom()
    room.desk.call = "desk lamp"
    room.ask()
    room.pass_time(8.0)
    assert room.outcomes() == ["answered"]
    assert len(room.sent(ms.ToolResponse)) == 1
    room.check_privacy()


def test_a_line_lost_while_somebody_speaks_loses_no_word() -> None:
    room = ServedRoom()
    room.press()
    room.pass_time(0.5)
    first = room.index
    room.pass_time(1.0, speech=True)
    room.do(ev.LinkDown(1, ev.Cause.DROPPED))
    room.pass_time(1.0, speech=True)
    spoken = set(range(first, room.index))
    room.pass_time(8.0)
    assert room.outcomes() == ["answered"]
    again = room.sent()[::-1]
    setup = next(n for n, message in enumerate(again) if isinstance(message, ms.Setup))
    second = {p for m in again[:setup] if isinstance(m, ms.Audio) for p in places(m.pcm)}
    assert spoken <= second
    room.check_privacy()


def test_a_question_that_the_lost_line_had_is_asked_again() -> None:
    room = ServedRoom()
    room.ask()
    assert isinstance(room.conversation.turn.phase, fl.Waiting)
    room.forget()
    room.do(ev.LinkDown(1, ev.Cause.DROPPED))
    room.pass_time(8.0)
    assert room.outcomes() == ["answered"]
    assert not room.told("lost")


def test_what_kills_the_line_is_not_sent_for_ever() -> None:
    room = ServedRoom()
    room.ask()
    room.forget()
    room.do(ev.LinkDown(1, ev.Cause.CLOSED, 1007, "Request contains an invalid argument."))
    room.pass_time(1.0)
    assert room.outcomes()[0] != "answered"
    assert room.told("lost")


def test_a_refusing_service_is_told_at_once() -> None:
    room = ServedRoom()
    quota = "You exceeded your current quota, please check your plan and billing details."
    room.press()
    room.pass_time(0.3)
    room.do(ev.LinkDown(1, ev.Cause.CLOSED, 1011, quota))
    room.pass_time(1.0, speech=True)
    room.pass_time(2.0)
    assert room.outcomes() == ["quota"]
    assert room.conversation.turn.phase == fl.Idle()


def test_a_go_away_changes_the_line_between_turns() -> None:
    room = ServedRoom()
    room.ask()
    room.says(ms.GoAway(30.0), delay_s=0.3)
    room.pass_time(1.0)
    assert room.conversation.session.link == 1, "not within an answer"
    room.pass_time(5.0)
    assert room.conversation.session.link == 2
    room.pass_time(1.0, speech=True)
    room.pass_time(6.0)
    assert room.outcomes() == ["answered", "answered"]


def test_nobody_speaks() -> None:
    room = ServedRoom()
    room.press()
    room.pass_time(10.0)
    assert room.outcomes() == ["nothing heard"]
    assert isinstance(room.sent()[-1], ms.AudioStreamEnd)
    room.check_privacy()


def test_an_answer_that_never_comes_is_told() -> None:
    room = ServedRoom()
    room.desk.mute = True
    room.ask()
    room.pass_time(25.0)
    assert room.outcomes() == ["no answer"]


def test_the_microphone_is_lost_in_the_middle() -> None:
    room = ServedRoom()
    room.press()
    room.pass_time(1.0, speech=True)
    room.do(ev.MicrophoneDown("unplugged"))
    assert isinstance(room.sent()[-1], ms.AudioStreamEnd)
    room.microphone = False
    room.pass_time(6.0)
    assert room.outcomes()[0] == "answered"


def test_what_is_typed_is_answered() -> None:
    room = ServedRoom()
    room.do(ev.Asked(1, ev.Ask("What is this?")))
    room.pass_time(6.0)
    assert room.sent()[1:] == [ms.Text("What is this?")], "and the room is not listened to"
    assert room.outcomes() == ["answered"]
    assert room.conversation.turn.phase == fl.Idle()


def test_at_the_end_the_stream_is_ended_too() -> None:
    room = ServedRoom()
    room.press()
    room.pass_time(1.0)
    room.do(ev.Stop())
    assert isinstance(room.sent()[-1], ms.AudioStreamEnd)


@pytest.mark.parametrize("barge_in", [False, True])
def test_a_quarter_of_an_hour(barge_in: bool) -> None:
    room = ServedRoom(barge_in=barge_in)
    for _ in range(15):
        room.ask()
        room.pass_time(57.0)
    assert room.outcomes() == ["answered"] * 15
    assert not room.told("lost")
    room.check_privacy()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["speak", "wait", "press", "release", "cancel", "ask", "down", "goaway", "deaf", "hears"]
        ),
        st.sampled_from([0.02, 0.3, 1.0, 4.0]),
    ),
    max_size=25,
)


@given(STEPS, st.booleans())
@settings(max_examples=30, deadline=None)
def test_whatever_happens_nothing_is_heard_outside_a_conversation(
    steps: list[tuple[str, float]], barge_in: bool
) -> None:
    """The promises of the room are checked on every effect: no activity, one end for each stream."""
    room = ServedRoom(barge_in=barge_in)
    asked = 0
    for step, seconds in steps:
        match step:
            case "press":
                room.do(ev.Pressed())
            case "release":
                room.do(ev.Released())
            case "cancel" | "ask":
                asked += 1
                room.do(ev.Asked(asked, ev.Cancel() if step == "cancel" else ev.Ask("Well?")))
            case "down":
                room.forget()
                room.do(ev.LinkDown(room.promises.link, ev.Cause.DROPPED))
            case "goaway":
                room.says(ms.GoAway(10.0))
            case "deaf" | "hears":
                room.microphone = step == "hears"
                room.do(ev.MicrophoneUp() if room.microphone else ev.MicrophoneDown("unplugged"))
        room.pass_time(seconds, speech=step == "speak")
    room.check_privacy()
    room.do(ev.Released())
    room.pass_time(90.0, frames=False)
    assert isinstance(room.conversation.turn.phase, fl.Idle), "every conversation ends"


def test_muted_in_the_middle_the_stream_is_ended_and_nothing_more_is_heard() -> None:
    room = ServedRoom()
    room.ask()
    assert isinstance(room.conversation.turn.phase, fl.Waiting)
    room.do(ev.Asked(1, ev.Mute(on=True)))
    room.do(ev.MicrophoneDown("muted"))
    before = room.sent(ms.Audio)
    assert isinstance(room.sent()[-1], ms.AudioStreamEnd)
    room.pass_time(20.0, speech=True)
    assert room.sent(ms.Audio) == before
    assert room.outcomes() == ["answered"], "what was asked before is answered"
    assert isinstance(room.conversation.turn.phase, fl.Idle)
