"""What was said until the service has it: activities are whole, in order, and on one link."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.core.audio import FRAME_BYTES
from appliance.core.effects import Send
from appliance.core.messages import ActivityEnd, ActivityStart, Audio, Content, Image, Text
from appliance.core.uplink import KEEP_S, LINKS_PER_UTTERANCE, Flow, Uplink
from tests.core.vocabulary import check_value


def frame(number: int) -> bytes:
    return number.to_bytes(2, "little") * (FRAME_BYTES // 2)


def frames(*numbers: int) -> list[bytes]:
    return [frame(number) for number in numbers]


def said(flow: Flow) -> str:
    """`1<a b>` is an activity on link 1 with two chunks of one frame each; `ab` is one chunk of two."""
    words = []
    for effect in flow.effects:
        assert isinstance(effect, Send)
        match effect.message:
            case ActivityStart():
                words.append(f"{effect.link}<")
            case ActivityEnd():
                words.append(">")
            case Audio(pcm):
                numbers = [pcm[at] for at in range(0, len(pcm), FRAME_BYTES)]
                words.append("".join("abcdefghij"[n] for n in numbers))
    return " ".join(words)


def line(link: int = 1) -> Uplink:
    uplink = Uplink()
    assert uplink.line_up(link) == Flow()
    return uplink


def test_an_utterance_that_is_to_be_said_again_is_as_good_as_new() -> None:
    uplink = line()
    uplink.open(5, frames(0, 1))
    uplink.refresh(50.0)  # nothing is closed yet
    uplink.close(5, 10.0)
    uplink.refresh(24.0)
    assert uplink.line_down() == ()
    assert uplink.wake(24.0 + KEEP_S - 0.1) == ()
    assert uplink.deadline() == 24.0 + KEEP_S


def test_what_waits_can_be_given_up_and_what_is_being_said_cannot() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0, 1))
    uplink.close(5, 10.0)
    uplink.open(6, frames(2))
    assert uplink.give_up() == (5,)
    assert uplink.give_up() == ()
    assert uplink.holds(6)


def test_where_activities_are_not_marked_what_is_typed_goes_as_it_is() -> None:
    uplink = Uplink(marked=False)
    uplink.line_up(1)
    typed = uplink.type(5, "What is this?", 10.0)
    assert typed == Flow((Send(1, Text("What is this?")),), (5,), (5,))
    uplink.line_up(2, realtime_text=False)
    assert uplink.type(6, "And that?", 11.0).effects == (Send(2, Content("And that?")),)


def test_an_utterance_is_sent_at_its_own_rate() -> None:
    uplink = line()
    [_, sent] = uplink.open(5, [b"w" * 1920] * 2, 48_000).effects
    assert sent == Send(1, Audio(b"w" * 3840, 48_000))


# -- one utterance ----------------------------------------------------------------------------------


def test_an_utterance_on_a_line_goes_out_as_it_is_spoken() -> None:
    uplink = line()
    begun = uplink.open(5, frames(0, 1, 2))
    assert (said(begun), begun.started, begun.ended) == ("1< ab", (5,), ())
    assert said(uplink.add(frame(3))) == "cd"
    assert said(uplink.add(frame(4))) == ""  # an odd frame waits for the next
    over = uplink.close(5, 10.0)
    assert (said(over), over.started, over.ended) == ("e >", (), (5,))
    assert uplink.holds(5)  # until an answer begins
    assert not uplink.is_waiting
    uplink.settle(5)
    assert not uplink.holds(5)


def test_without_a_line_it_is_kept_and_sent_when_there_is_one() -> None:
    uplink = Uplink()
    assert uplink.open(5, frames(0)) == uplink.add(frame(1)) == uplink.close(5, 10.0) == Flow()
    assert uplink.is_waiting
    assert repr(uplink) == "unsent 0.0 s"
    sent = uplink.line_up(3)
    assert (said(sent), sent.started, sent.ended) == ("3< ab >", (5,), (5,))
    assert (uplink.is_waiting, repr(uplink)) == (False, "sent")


def test_a_line_that_comes_up_in_the_middle_gets_all_of_it() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0, 1, 2))
    assert said(uplink.line_up(3)) == "3< ab"
    assert said(uplink.add(frame(3))) == "cd"


def test_an_empty_utterance_is_an_empty_activity() -> None:
    uplink = line()
    assert said(uplink.open(5, [])) == "1<"
    assert said(uplink.close(5, 10.0)) == ">"


def test_a_line_that_is_lost_gets_it_again_from_the_first_frame() -> None:
    uplink = line()
    uplink.open(5, frames(0, 1, 2))
    uplink.add(frame(3))
    assert uplink.line_down() == ()
    assert uplink.add(frame(4)) == Flow()
    again = uplink.line_up(2)
    assert (said(again), again.started) == ("2< ab cd", (5,))
    assert said(uplink.close(5, 10.0)) == "e >"
    assert uplink.line_down() == ()  # not answered: once more
    assert said(uplink.line_up(3)) == "3< ab cd e >"


def test_an_answer_that_began_is_not_asked_for_again() -> None:
    uplink = line()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    uplink.settle(5)
    assert uplink.line_down() == ()
    assert uplink.line_up(2) == Flow()


def test_frames_without_an_utterance_go_nowhere() -> None:
    uplink = line()
    assert uplink.add(frame(0)) == Flow()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    assert uplink.add(frame(1)) == Flow()


def test_closing_what_is_closed_or_unknown_is_nothing() -> None:
    uplink = line()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    assert uplink.close(5, 11.0) == uplink.close(6, 11.0) == Flow()


# -- several utterances -----------------------------------------------------------------------------


def test_utterances_go_out_in_the_order_they_were_spoken() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    uplink.open(6, frames(1, 2))
    sent = uplink.line_up(1)
    assert (said(sent), sent.started, sent.ended) == ("1< a > 1< bc", (5, 6), (5,))
    assert said(uplink.close(6, 11.0)) == ">"


def test_an_answer_settles_its_turn_and_all_before_it() -> None:
    uplink = line()
    for turn in (5, 6, 7):
        uplink.open(turn, frames(turn))
        uplink.close(turn, 10.0)
    uplink.settle(6)
    assert [uplink.holds(turn) for turn in (5, 6, 7)] == [False, False, True]
    uplink.settle(4)
    assert uplink.holds(7)


def test_what_the_service_does_not_have_is_not_settled() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    uplink.settle(5)
    assert uplink.holds(5)


# -- nobody waits for it ----------------------------------------------------------------------------


def test_what_was_not_begun_is_dropped_without_a_trace() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    uplink.drop(5)
    assert (uplink.holds(5), uplink.line_up(1)) == (False, Flow())


def test_what_was_begun_is_ended_before_it_is_dropped() -> None:
    uplink = line()
    uplink.open(5, frames(0))
    uplink.drop(5)
    assert uplink.holds(5)
    assert said(uplink.close(5, 10.0)) == "a >"
    uplink.drop(5)
    assert not uplink.holds(5)
    uplink.drop(5)


def test_only_the_turn_that_is_meant_is_dropped() -> None:
    uplink = Uplink()
    for turn in (5, 6):
        uplink.open(turn, frames(turn))
        uplink.close(turn, 10.0)
    uplink.drop(5)
    assert said(uplink.line_up(1)) == "1< g >"


# -- the gate ---------------------------------------------------------------------------------------


def test_nothing_is_sent_while_the_gate_is_closed_and_all_of_it_after() -> None:
    uplink = line()
    uplink.open(5, frames(0, 1))
    assert uplink.gate(closed=True) == Flow()
    assert uplink.is_gated
    assert uplink.add(frame(2)) == uplink.add(frame(3)) == uplink.close(5, 10.0) == Flow()
    opened = uplink.gate(closed=False)
    assert (said(opened), opened.started, opened.ended) == ("cd >", (), (5,))


def test_a_new_line_is_not_gated() -> None:
    uplink = line()
    uplink.gate(closed=True)
    uplink.open(5, frames(0, 1))
    uplink.line_down()
    assert not uplink.is_gated
    assert said(uplink.line_up(2)) == "2< ab"


def test_an_activity_that_was_begun_does_not_expire_behind_the_gate() -> None:
    """It would never be ended, and the next one would begin inside of it."""
    uplink = line()
    uplink.open(5, frames(0, 1))
    uplink.gate(closed=True)
    uplink.close(5, 10.0)
    assert uplink.deadline() is None
    assert uplink.wake(1000.0) == ()
    assert said(uplink.gate(closed=False)) == ">"


# -- what is given up -------------------------------------------------------------------------------


def test_what_waits_too_long_for_a_line_is_given_up() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0))
    assert uplink.deadline() is None  # still being spoken
    uplink.close(5, 10.0)
    uplink.open(6, frames(1))
    uplink.close(6, 12.0)
    assert uplink.deadline() == 10.0 + KEEP_S
    assert uplink.wake(24.5) == ()
    assert uplink.wake(25.0) == (5,)
    assert uplink.wake(25.0) == ()
    assert uplink.deadline() == 27.0
    assert said(uplink.line_up(1)) == "1< b >"
    assert uplink.deadline() is None
    assert uplink.wake(1000.0) == ()


def test_a_question_that_was_sent_expires_only_if_it_must_be_sent_again() -> None:
    uplink = line()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    assert uplink.deadline() is None
    uplink.line_down()
    assert uplink.deadline() == 25.0
    assert uplink.wake(25.0) == (5,)


def test_what_has_lost_three_links_is_given_up() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    for link in range(1, LINKS_PER_UTTERANCE):
        assert said(uplink.line_up(link)) == f"{link}< a >"
        assert uplink.line_down() == ()
    uplink.line_up(LINKS_PER_UTTERANCE)
    assert uplink.line_down() == (5,)
    assert not uplink.holds(5)


def test_what_is_still_being_spoken_is_not_given_up() -> None:
    uplink = Uplink()
    uplink.open(5, frames(0))
    for link in range(1, 6):
        uplink.line_up(link)
        assert uplink.line_down(drop_audio=True) == ()
    assert uplink.holds(5)


def test_what_may_have_killed_the_line_is_given_up_and_what_followed_is_not() -> None:
    uplink = line()
    uplink.open(5, frames(0))
    uplink.close(5, 10.0)
    uplink.gate(closed=True)
    uplink.open(6, frames(1))
    uplink.close(6, 11.0)
    assert uplink.line_down(drop_audio=True) == (5,)
    assert said(uplink.line_up(2)) == "2< b >"


def test_what_is_not_sent_is_told_in_seconds() -> None:
    uplink = Uplink()
    uplink.open(5, frames(*range(10)) * 10)
    assert repr(uplink) == "unsent 2.0 s"
    check_value(Flow)


# -- whatever happens -------------------------------------------------------------------------------


@dataclass
class Wire:
    """What one link was given: activities, each with its turn and its frames, the last perhaps open."""

    activities: list[tuple[int, bytearray]] = field(default_factory=list)
    is_open: bool = False


class Life:
    """An uplink under random events; what it sends is held against what was said."""

    def __init__(self) -> None:
        self.uplink = Uplink()
        self.now, self.turn, self.count = 0.0, 0, 0
        self.speaking = False
        self.spoken: dict[int, bytearray] = {}
        self.gone: set[int] = set()
        self.cut_off: set[int] = set()  # while they were spoken: those have another try when they are whole
        self.settled: set[int] = set()
        self.wires: dict[int, Wire] = {}
        self.link = 0
        self.up = self.gated = False

    def do(self, kind: str, number: int) -> None:
        uplink = self.uplink
        match kind:
            case "open" if not self.speaking:
                self.turn, self.speaking = self.turn + 1, True
                heard = [self.say() for _ in range(number)]
                self.spoken[self.turn] = bytearray(b"".join(heard))
                self.take(uplink.open(self.turn, heard))
            case "add" if self.speaking:
                for _ in range(number):
                    pcm = self.say()
                    self.spoken[self.turn] += pcm
                    self.take(uplink.add(pcm))
            case "close" if self.speaking:
                self.speaking = False
                self.take(uplink.close(self.turn, self.now))
            case "up" if not self.up:
                self.link, self.up, self.gated = self.link + 1, True, False
                self.wires[self.link] = Wire()
                self.take(uplink.line_up(self.link))
            case "down" if self.up:
                self.up = False
                self.cut_off |= {self.turn} if self.speaking else set()
                self.gone |= set(uplink.line_down(drop_audio=number == 4))
            case "gate" if self.up:
                self.gated = number % 2 == 1
                self.take(uplink.gate(closed=self.gated))
            case "settle":
                uplink.settle(self.turn - number)
                self.settled |= set(range(self.turn - number + 1))
            case "drop" if not self.speaking:
                uplink.drop(self.turn)
                self.gone.add(self.turn)
            case "wait":
                self.now += number * 5.0
                expired = uplink.wake(self.now)
                assert not set(expired) & self.gone, "given up twice"
                self.gone |= set(expired)
                due = uplink.deadline()
                assert due is None or due > self.now

    def say(self) -> bytes:
        self.count += 1
        return frame(self.count)

    def take(self, flow: Flow) -> None:
        """What was sent: on the line that is up, never behind the gate, whole activities in order."""
        assert not flow.effects or (self.up and not self.gated)
        wire, started, ended = self.wires.get(self.link, Wire()), list(flow.started), list(flow.ended)
        for effect in flow.effects:
            assert isinstance(effect, Send)
            assert effect.link == self.link
            match effect.message:
                case ActivityStart():
                    assert not wire.is_open
                    wire.is_open = True
                    wire.activities.append((started.pop(0), bytearray()))
                case Audio(pcm):
                    assert wire.is_open
                    assert len(pcm) in (FRAME_BYTES, 2 * FRAME_BYTES)
                    wire.activities[-1][1].extend(pcm)
                case ActivityEnd():
                    assert wire.is_open
                    wire.is_open = False
                    turn, pcm = wire.activities[-1]
                    assert ended.pop(0) == turn
                    assert pcm == self.spoken[turn], "all of it, and nothing twice"
        assert started == ended == []
        if wire.is_open:
            turn, pcm = wire.activities[-1]
            assert self.spoken[turn].startswith(pcm)


life_steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "add", "add", "close", "up", "up", "down", "gate", "settle", "drop", "wait"]
        ),
        st.integers(0, 4),
    ),
    max_size=60,
)


THREE_LINKS = [(step, 0) for step in ("open", *("up", "down") * 3, "close", "open", "up", "down")]


@settings(max_examples=300)
@example(THREE_LINKS)
@given(life_steps)
def test_activities_are_whole_and_nothing_is_lost_but_what_is_told(script: list[tuple[str, int]]) -> None:
    life = Life()
    for kind, number in script:
        life.do(kind, number)
    for kind, number in (("close", 0), ("gate", 0), ("up", 0)):
        life.do(kind, number)
    assert not life.uplink.is_waiting
    assert not any(wire.is_open for link, wire in life.wires.items() if link == life.link)
    delivered = {
        turn for wire in life.wires.values() for turn, pcm in wire.activities if pcm == life.spoken[turn]
    }
    assert set(life.spoken) <= delivered | life.gone
    turns = [[turn for turn, _ in wire.activities] for wire in life.wires.values()]
    assert all(told == sorted(set(told)) for told in turns), "on one link each once and in order"
    starts = [turn for told in turns for turn in told]
    tried_again = set(starts) - {life.turn} - life.cut_off
    assert all(starts.count(turn) <= LINKS_PER_UTTERANCE for turn in tried_again if turn in life.gone)


@pytest.mark.parametrize("hours", [1])
def test_what_is_kept_is_bounded_in_an_hour_without_a_line(hours: int) -> None:
    """A person who talks all the time, ten seconds and a pause of one: the oldest is given up."""
    uplink, now, most = Uplink(), 0.0, 0
    for turn in range(hours * 3600 // 11):
        uplink.open(turn, [])
        for _ in range(500):
            uplink.add(b"")
        uplink.close(turn, now + 10.0)
        now += 11.0
        uplink.wake(now)
        most = max(most, sum(uplink.holds(t) for t in range(turn + 1)))
    assert most == 2


# -- pictures ---------------------------------------------------------------------------------------


def shown(flow: Flow) -> list[object]:
    """The messages, with every piece of sound as the word for it."""
    messages = [effect.message for effect in flow.effects if isinstance(effect, Send)]
    return ["sound" if isinstance(m, Audio) else m for m in messages]


def test_a_picture_is_shown_within_the_activity() -> None:
    uplink = line()
    uplink.open(5, frames(0, 1))
    assert shown(uplink.show(b"cat")) == [Image(b"cat")]
    assert shown(uplink.add(frame(2))) == []
    assert shown(uplink.show(b"dog")) == [Image(b"dog")]
    assert shown(uplink.close(5, 10.0)) == ["sound", ActivityEnd()]
    assert uplink.show(b"late") == Flow()


def test_without_an_utterance_nothing_is_shown() -> None:
    assert line().show(b"cat") == Flow()


@pytest.mark.parametrize("closed", [False, True])
def test_of_the_pictures_that_waited_the_newest_is_shown(closed: bool) -> None:
    uplink = line() if closed else Uplink()
    if closed:
        uplink.gate(closed=True)
    uplink.open(5, frames(0, 1))
    assert uplink.show(b"cat") == uplink.show(b"dog") == Flow()
    flow = uplink.gate(closed=False) if closed else uplink.line_up(2)
    assert shown(flow) == [ActivityStart(), Image(b"dog"), "sound"]


def test_on_the_next_line_one_picture_is_shown_again() -> None:
    uplink = line()
    uplink.open(5, frames(0, 1))
    uplink.show(b"cat")
    uplink.show(b"dog")
    uplink.close(5, 10.0)
    uplink.line_down()
    assert shown(uplink.line_up(2)) == [ActivityStart(), Image(b"dog"), "sound", ActivityEnd()]


def test_typed_words_may_come_with_a_picture() -> None:
    uplink = line()
    flow = uplink.type(5, "What is it?", 10.0, b"cat")
    assert shown(flow) == [ActivityStart(), Image(b"cat"), Text("What is it?"), ActivityEnd()]
    assert (flow.started, flow.ended) == ((5,), (5,))


def test_where_text_is_a_turn_of_its_own_so_is_the_picture() -> None:
    uplink = Uplink()
    uplink.line_up(1, realtime_text=False)
    assert shown(uplink.type(5, "What is it?", 10.0, b"cat")) == [Content("What is it?", b"cat")]
