"""Everything that crosses a border of the core, as JSON and back; and nothing else from a file."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import deque
from collections.abc import Iterator
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core import effects, events
from appliance.core import messages as ms
from appliance.core.audio import Frame
from appliance.core.conversation import Conversation
from appliance.core.mood import strongest
from appliance.core.usage import Ledger, is_day
from appliance.errors import TraceError
from appliance.recorder.codec import MOST_BYTES, Decoder, Encoder, vocabulary
from tests.core.room import Room, catalogue, rules

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
st.register_type_strategy(bytes, st.integers(0, 2000).map(bytes))  # sound is kept as silence
st.register_type_strategy(object, json_values)
st.register_type_strategy(float, st.floats(allow_nan=False))


def through(value: object) -> object:
    return Decoder().decode(json.loads(json.dumps(Encoder().encode(value))))


MEMBERS = [*get_args(events.Event), *get_args(effects.Effect), *get_args(events.Request)]
MEMBERS += [*get_args(ms.ClientMessage), *get_args(ms.ServerMessage)]


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_every_member_of_the_unions_comes_back(kind: type) -> None:
    @settings(max_examples=25, deadline=None)
    @given(st.from_type(kind))
    def comes_back(value: object) -> None:
        again = through(value)
        assert again == value
        assert type(again) is type(value)

    assert get_type_hints(kind) is not None
    comes_back()


@given(json_values)
def test_any_value_of_json_comes_back(value: object) -> None:
    assert through(value) == value


class Hardly:
    """Not of the core."""


def test_the_rest() -> None:
    for value in (
        math.inf,
        -math.inf,
        {1: 2},
        {"@": 1},
        deque([1], 3),
        {3, 4},
        range(1, 5, 2),
        (1, [2, (3,)]),
    ):
        assert through(value) == value
    assert math.isnan(through(math.nan))  # type: ignore[arg-type]
    assert Encoder().encode(Hardly()) == {"@outside": "Hardly"}
    assert Encoder().encode(itertools.count()) == {"@outside": "count"}
    assert Decoder(outside=7).decode({"@outside": "anything"}) == 7
    frames = Frame(1, b"abc", True)
    assert through(frames) == Frame(1, b"\0\0\0", True)


def test_what_belongs_to_a_machine_still_does() -> None:
    ledger = Ledger()
    again = through([ledger, ledger, ledger.verdict, strongest])
    assert isinstance(again, list)
    assert again[0] is again[1]
    assert again[2].__self__ is again[0]
    assert again[3] is strongest
    assert Encoder().encode(is_day) == {"@outside": type(is_day).__name__}


def test_a_whole_conversation_comes_back_and_goes_on() -> None:
    room = Room()
    room.ask()
    room.pass_time(1.0)
    encoded = Encoder().encode(room.conversation)
    again = Decoder(outside=iter(())).decode(encoded)
    assert isinstance(again, Conversation)
    assert repr(again) == repr(room.conversation)
    assert Encoder().encode(again) == json.loads(
        re.sub('"function"', '"tuple_iterator"', json.dumps(encoded))
    )
    for event in (events.Pressed(), events.Wake(), events.Stop()):
        assert again.handle(event, room.now) == room.conversation.handle(event, room.now)


def test_of_a_conversation_nothing_stays_outside_but_the_delays() -> None:
    """A new machine that holds what cannot be written would make every replay diverge."""

    def backoff() -> Iterator[float]:
        yield from itertools.repeat(1.0)

    conversation = Conversation(rules(), catalogue(), backoff)
    conversation.handle(events.Asked(1, events.Ask("x")), 1.0)
    conversation.handle(events.LinkDown(1, events.Cause.UNREACHABLE), 2.0)
    found = re.findall(r'"@outside": "(\w+)"', json.dumps(Encoder().encode(conversation)))
    assert sorted(found) == ["function", "generator"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"@": "os.System"}, "knows no 'os.System'"),
        ({"@": "mood.Mood", "is": "HAPPY"}, "no such mood.Mood"),
        ({"@": "mood.Mood"}, "no such mood.Mood"),
        ({"@": "events.Garbled"}, "other fields in events.Garbled"),
        ({"@": "events.Wake", "more": 1}, "other fields in events.Wake"),
        ({"@": "turn.Turn", "number": 1}, "no number of its own"),
        ({"@list": [{"@": "turn.Turn", "#": 1}, {"@": "turn.Turn", "#": 1}]}, "no number of its own"),
        ({"@bytes": -1}, "more sound"),
        ({"@bytes": MOST_BYTES + 1}, "more sound"),
        ([{"@bytes": MOST_BYTES}] * 100, "more sound"),
        ({"@deque": [1, 2], "most": 1}, "more than there is room for"),
        ({"@set": [{"@list": []}]}, "a key that can be none"),
        ({"@map": [[1]]}, "half a pair"),
        ({"@map": [[{"@list": []}, 1]]}, "a key that can be none"),
        ({"@ref": 7}, "none of ours"),
        ({"@range": [0, 1, 0]}, "none of ours"),
        ({"@else": 1}, "none of ours"),
        ({"@function": "turn.no"}, "no function"),
        ({"@function": "turn.Turn"}, "no function"),
        ({"@method": "x", "of": {"@": "turn.Turn", "#": 0}}, "no method"),
        (
            {"@": "audio.Frame", "index": 1, "pcm": 1, "speech": {"@": 1}, "wide": 1, "rate_hz": 1},
            "none of ours",
        ),
    ],
)
def test_what_nobody_has_written_is_refused(value: object, why: str) -> None:
    with pytest.raises(TraceError, match=why):
        Decoder().decode(value)


def test_a_field_that_a_slotted_class_has_not() -> None:
    assert "conversation.Conversation" in vocabulary()
    assert all(kind.__module__.startswith("appliance.core.") for kind in vocabulary().values())
