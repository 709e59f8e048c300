"""The stream: audio only while it runs, its end told once, and nothing lost that somebody said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.audio import FRAME_BYTES, FRAME_MS, RING_FRAMES, Frame
from appliance.core.effects import Send, Tell
from appliance.core.messages import Audio, AudioStreamEnd, Image
from appliance.core.stream import KEEP_FRAMES, PAUSE_S, Closed, Pausing, Running, Stream
from appliance.core.uplink import LINKS_PER_UTTERANCE, Flow


def frame(index: int) -> Frame:
    return Frame(index, index.to_bytes(4, "little") * (FRAME_BYTES // 4), speech=False)


def frames(first: int, last: int) -> list[Frame]:
    return [frame(index) for index in range(first, last)]


def said(flow: Flow) -> list[object]:
    """What was sent: the places of its frames, and "end"; what is told as it is."""
    found: list[object] = []
    for effect in flow.effects:
        match effect:
            case Send(_, Audio(pcm)):
                places = (pcm[at : at + 4] for at in range(0, len(pcm), FRAME_BYTES))
                found += [int.from_bytes(place, "little") for place in places]
            case Send(_, AudioStreamEnd()):
                found.append("end")
            case Tell():
                found.append(effect.fields["what"])
    return found


def running(link: int | None = 1) -> Stream:
    stream = Stream()
    if link is not None:
        assert stream.line_up(link) == Flow()
    stream.attend(1, 0, [])
    return stream


def hear(stream: Stream, first: int, last: int) -> list[object]:
    return [thing for index in range(first, last) for thing in said(stream.add(frame(index)))]


def test_it_runs_from_the_cut_on_and_says_that_it_began() -> None:
    stream = Stream()
    assert repr(stream) == "stream closed"
    stream.line_up(3)
    assert hear(stream, 0, 10) == [], "nobody wants it"
    began = stream.attend(7, 8, frames(8, 11))
    assert (said(began), began.started, began.ended) == ([8, 9], (7,), ()), "an odd frame waits"
    assert all(isinstance(e, Send) and e.link == 3 for e in began.effects)
    further = stream.add(frame(11))
    assert (said(further), further.started) == ([10, 11], ())
    assert stream.attend(8, 20, frames(20, 30)) == Flow(), "it runs already"
    assert stream.add(frame(12)) == Flow()
    assert stream.add(frame(13)).started == (8,)
    assert stream.is_running
    assert repr(stream) == "stream running"


def test_what_lies_before_the_cut_is_not_sent() -> None:
    stream = Stream()
    stream.line_up(1)
    stream.attend(1, 15, [])
    assert hear(stream, 10, 17) == [15, 16]


def test_a_picture_goes_beside_what_is_heard_or_not_at_all() -> None:
    stream = running()
    assert stream.show(b"cat") == Flow(), "nothing was heard yet"
    hear(stream, 0, 4)
    assert stream.show(b"cat") == Flow((Send(1, Image(b"cat")),))
    stream.gate(closed=True)
    assert stream.show(b"cat") == Flow()
    stream.gate(closed=False)
    stream.line_down()
    assert stream.show(b"cat") == Flow()
    assert said(stream.line_up(2)) == [0, 1, 2, 3], "what was heard is sent again, and what was seen is past"
    assert stream.show(b"dog") == Flow((Send(2, Image(b"dog")),))


def test_a_pause_is_told_when_it_lasts() -> None:
    stream = running()
    assert hear(stream, 0, 5) == [0, 1, 2, 3]
    stream.pause(10.0)
    assert stream.tap == Pausing(10.0 + PAUSE_S)
    assert stream.deadline() == 10.0 + PAUSE_S
    assert stream.is_waiting, "its end is owed"
    assert hear(stream, 5, 9) == []
    assert said(stream.wake(10.0 + PAUSE_S - 0.01)) == []
    assert said(stream.wake(10.0 + PAUSE_S)) == ["end"]
    assert not stream.is_waiting
    assert stream.deadline() is None
    assert said(stream.wake(99.0)) == []
    stream.attend(2, 9, [])
    assert hear(stream, 9, 11) == [9, 10], "audio begins the next"


def test_a_short_pause_is_none() -> None:
    stream = running()
    hear(stream, 0, 4)
    stream.pause(10.0)
    stream.attend(2, 30, [])
    assert stream.wake(12.0) == Flow()
    assert hear(stream, 28, 32) == [30, 31]


def test_a_pause_of_what_never_ran_is_nothing() -> None:
    stream = Stream()
    stream.line_up(1)
    stream.pause(10.0)
    assert stream.tap == Closed()
    stream.attend(1, 0, [])
    stream.pause(11.0)
    assert said(stream.wake(12.0)) == [], "nothing was sent that could end"


def test_what_is_concluded_is_ended_at_once_with_its_last_frame() -> None:
    stream = running()
    hear(stream, 0, 3)
    assert said(stream.conclude()) == [2, "end"]
    assert said(stream.conclude()) == [], "once for each stream"
    assert hear(stream, 3, 9) == []


def test_without_a_line_it_waits_and_goes_out_when_there_is_one() -> None:
    stream = running(link=None)
    assert hear(stream, 0, 4) == []
    assert stream.is_waiting
    assert said(stream.conclude()) == []
    came = stream.line_up(2)
    assert said(came) == [0, 1, 2, 3, "end"]


def test_while_a_call_is_open_nothing_is_sent() -> None:
    stream = running()
    hear(stream, 0, 2)
    assert stream.gate(closed=True) == Flow()
    assert hear(stream, 2, 5) == []
    assert said(stream.conclude()) == []
    assert stream.is_waiting
    assert said(stream.gate(closed=False)) == [2, 3, 4, "end"]


def test_a_line_lost_while_somebody_speaks_loses_nothing() -> None:
    stream = running()
    hear(stream, 0, 300)
    stream.retain(4)
    hear(stream, 300, 400)
    stream.line_down()
    assert stream.holds(4)
    assert hear(stream, 400, 402) == []
    again = said(stream.line_up(2))
    assert again == list(range(300 - RING_FRAMES, 402)), "and what came just before it"
    assert said(stream.conclude()) == ["end"]
    stream.line_down()
    assert said(stream.line_up(3)) == [*again, "end"]


def test_what_was_answered_is_not_sent_again() -> None:
    stream = running()
    stream.retain(4)
    hear(stream, 0, 101)
    stream.settle(3)
    assert stream.holds(4)
    stream.settle(4)
    stream.settle(4)
    assert not stream.holds(4)
    stream.line_down()
    assert said(stream.line_up(2)) == []
    assert hear(stream, 101, 102) == [100, 101], "it goes on where it was"


def test_silence_is_kept_for_two_seconds_only() -> None:
    stream = running()
    hear(stream, 0, 500)
    stream.line_down()
    assert said(stream.line_up(2)) == list(range(500 - RING_FRAMES, 500))


def test_what_is_not_wanted_any_more_is_not_sent() -> None:
    stream = running(link=None)
    stream.retain(4)
    hear(stream, 0, 10)
    stream.drop(3)
    assert stream.holds(4)
    stream.drop(4)
    assert said(stream.line_up(1)) == []
    stream.retain(5)
    assert stream.give_up() == (5,)
    assert stream.give_up() == ()


@pytest.mark.parametrize("suspected", [True, False])
def test_what_has_lost_too_many_links_may_be_what_kills_them(suspected: bool) -> None:
    stream = running()
    hear(stream, 0, 10)
    stream.retain(4)
    for link in range(2, 1 + LINKS_PER_UTTERANCE):
        if suspected:
            break
        stream.line_down()
        assert said(stream.line_up(link)) == list(range(10))
    stream.line_down(drop_audio=suspected)
    assert not stream.holds(4)
    assert said(stream.line_up(9)) == []
    assert hear(stream, 10, 12) == [10, 11]


def test_without_a_line_for_long_the_last_is_kept_and_the_loss_is_told_once() -> None:
    stream = running(link=None)
    stream.retain(1)
    hear(stream, 0, KEEP_FRAMES + 10)
    kept = list(range(10, KEEP_FRAMES + 10))
    assert said(stream.line_up(1)) == ["the beginning of what you said", *kept]
    stream.line_down()
    assert said(stream.line_up(2)) == kept
    assert KEEP_FRAMES * FRAME_MS == 15_000


def test_it_sends_what_is_wide_where_there_is_any() -> None:
    stream = running()
    wide = [Frame(0, b"a" * FRAME_BYTES, False, b"w" * 1920, 48_000)] * 2
    stream.add(wide[0])
    [sent] = stream.add(wide[1]).effects
    assert sent == Send(1, Audio(b"w" * 3840, 48_000))


DEEDS = st.lists(
    st.sampled_from(
        [
            *(*(("frame",) * 8), "attend", "pause", "conclude", "up", "down", "gate", "open"),
            *("retain", "settle", "drop", "wake"),
        ]
    ),
    max_size=60,
)


@given(DEEDS)
@settings(max_examples=300, deadline=None)
def test_whatever_happens_each_stream_is_ended_at_most_once_and_in_order(deeds: list[str]) -> None:
    stream = Stream()
    index, link, now, open_, gated, last = 0, 0, 0.0, False, False, -1
    for deed in deeds:
        flow = Flow()
        was = stream.tap
        now += 0.4
        match deed:
            case "frame":
                flow = stream.add(frame(index))
                index += 1
            case "attend":
                flow = stream.attend(1, index, [])
            case "pause":
                stream.pause(now)
            case "conclude":
                flow = stream.conclude()
            case "up" if stream.link is None:
                link += 1
                open_, gated, last = False, False, -1
                flow = stream.line_up(link)
            case "down":
                stream.line_down()
            case "gate" | "open":
                gated = deed == "gate"
                flow = stream.gate(closed=gated)
            case "retain":
                stream.retain(1)
            case "settle":
                stream.settle(1)
            case "drop":
                stream.drop(1)
            case "wake":
                flow = stream.wake(now)
        for thing in said(flow):
            if thing == "end":
                assert open_, "an end of nothing"
                assert not stream.is_running
                open_ = False
            elif isinstance(thing, int):
                assert thing > last, "in order, and not twice on one line"
                last, open_ = thing, True
        if flow.effects:
            assert stream.link == link
            assert not gated
        if deed == "frame" and not isinstance(was, Running):
            assert flow == Flow(), "nothing that nobody wants"
        assert stream.deadline() is None or isinstance(stream.tap, Pausing)
