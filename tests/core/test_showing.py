"""Pictures go where they belong: with what is being said, or to the model that asked, in this order only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.effects import LookAway, Reply, See
from appliance.core.eye import GLANCE_S, Eye, Sight
from appliance.core.showing import FOLLOWS, HERE, LATE
from tests.core.room import Room, answers
from tests.core.test_served import ServedRoom

PICTURE = ms.Image(b"cat")
WATCHING = Sight(1.0)


class Seeing(Room):
    """A room with a camera, which takes its pictures when it is told to."""

    def __init__(
        self,
        service: Callable[[Room, ms.ClientMessage], None] | None = None,
        sight: Sight = WATCHING,
        **changes: object,
    ) -> None:
        super().__init__(service, more=(Eye(sight),), **changes)  # type: ignore[arg-type]

    @property
    def eye(self) -> Eye:
        return self.conversation.eye

    def looks(self) -> list[int]:
        return [effect.look for _, effect in self.effects if isinstance(effect, See)]

    def see(self, jpeg: bytes = b"cat") -> None:
        self.do(ev.Seen(self.looks()[-1], jpeg))

    def kinds(self, messages: Sequence[ms.ClientMessage]) -> list[str]:
        return [type(m).__name__ for m in messages if not isinstance(m, ms.Setup | ms.Audio)]


def wants_to_see(room: Room, message: ms.ClientMessage) -> None:
    """A service whose model calls `look` before it answers what was asked."""
    match message:
        case ms.ActivityEnd() if not room.sent(ms.Image):
            room.says(ms.ToolCall((ms.FunctionCall("fc_1", "look"),)))
        case ms.ToolResponse() if not room.sent(ms.Image):
            answers(room, ms.ActivityEnd())
        case _:
            answers(room, message)


def is_shut(room: Seeing) -> bool:
    aways = [effect.look for _, effect in room.effects if isinstance(effect, LookAway)]
    return aways[-1:] == room.looks()[-1:]


# -- while the box listens ----------------------------------------------------------------------------


def test_it_is_open_while_the_box_listens_and_shown_while_somebody_speaks() -> None:
    room = Seeing()
    assert room.looks() == []
    room.press()
    assert room.looks() == [1]
    room.see()
    assert room.sent(ms.Image) == [], "nobody has said anything"
    room.pass_time(0.3)
    room.pass_time(1.0, speech=True)
    room.see()
    room.pass_time(1.0, speech=True)
    room.see(b"dog")
    room.pass_time(1.0)
    assert is_shut(room), "the person has finished"
    room.see(b"late")
    assert room.sent(ms.Image) == [PICTURE, ms.Image(b"dog")]
    kinds = room.kinds(room.sent())
    assert kinds == ["ActivityStart", "Image", "Image", "ActivityEnd"]
    told = [t["state"] for t in room.told("camera")]
    assert told == ["looking", "shut"]


def test_after_an_answer_it_looks_as_long_as_the_box_listens() -> None:
    room = Seeing()
    room.ask()
    room.pass_time(4.0)
    assert room.looks() == [1, 2]
    assert not is_shut(room)
    room.pass_time(10.0)
    assert is_shut(room)
    assert room.looks() == [1, 2]


def test_a_camera_that_fails_is_tried_again_when_the_box_listens_again() -> None:
    room = Seeing()
    room.press()
    room.do(ev.CameraDown(1, "unplugged"))
    room.pass_time(8.0)
    assert room.looks() == [1]
    assert room.conversation.status(room.now)["camera"] == "missing: unplugged"
    room.press()
    assert room.looks() == [1, 2]


def test_a_microphone_that_goes_takes_the_camera_along() -> None:
    room = Seeing()
    room.press()
    room.do(ev.MicrophoneDown("unplugged"))
    assert is_shut(room)


def test_without_a_line_the_newest_picture_waits_with_what_was_said() -> None:
    room = Seeing(reachable=False)
    room.press()
    room.pass_time(0.3)
    room.pass_time(1.0, speech=True)
    room.see()
    room.see(b"dog")
    room.reachable = True
    room.pass_time(3.0)
    assert room.sent(ms.Image) == [ms.Image(b"dog")]


def test_what_is_seen_is_shown_beside_what_is_heard() -> None:
    room = ServedRoom(more=(Eye(Sight(1.0)),))
    room.press()
    [look] = [effect.look for _, effect in room.effects if isinstance(effect, See)]
    room.do(ev.Seen(look, b"early"))
    assert room.sent(ms.Image) == [], "there is no line yet"
    room.pass_time(0.3)
    room.pass_time(1.0, speech=True)
    room.do(ev.Seen(look, b"cat"))
    room.do(ev.Seen(look, b"dog"))
    assert room.sent(ms.Image) == [ms.Image(b"cat"), ms.Image(b"dog")], "each at once"
    room.pass_time(6.0)
    room.do(ev.Seen(look, b"late"))
    assert len(room.sent(ms.Image)) == 2
    assert room.outcomes() == ["answered"]


def test_for_one_who_set_it_up_so_only_the_model_looks() -> None:
    room = Seeing(sight=Sight(None))
    room.ask()
    assert room.looks() == []


# -- when the model asks ------------------------------------------------------------------------------


def asked_to_see(room: Seeing) -> None:
    """The model has called `look`, and waits."""
    room.ask()
    room.pass_time(0.5)
    assert room.eye.call is not None


def test_the_call_is_answered_and_then_the_picture_is_shown() -> None:
    room = Seeing(wants_to_see, Sight(None))
    asked_to_see(room)
    before = len(room.sent())
    room.see()
    [answer, *shown] = room.sent()[before:]
    assert isinstance(answer, ms.ToolResponse)
    assert answer.answers[0].response == {"output": FOLLOWS}
    assert shown == [ms.ActivityStart(), PICTURE, ms.Text(HERE), ms.ActivityEnd()]
    room.pass_time(6.0)
    assert "answered" in room.outcomes()
    assert room.conversation.status(room.now)["camera"] == "shut"


def test_models_that_take_no_text_in_an_activity_get_a_whole_turn() -> None:
    setup = ms.Setup("gemini-2.5-flash-native-audio", realtime_text=False)
    room = Seeing(wants_to_see, Sight(None), setup=setup)
    asked_to_see(room)
    before = len(room.sent())
    room.see()
    assert room.kinds(room.sent()[before:]) == ["ToolResponse", "Content"]
    assert room.sent(ms.Content) == [ms.Content(HERE, b"cat")]


def test_a_typed_question_is_answered_by_what_is_seen() -> None:
    room = Seeing(wants_to_see, Sight(None))
    room.do(ev.Asked(1, ev.Ask("What do you see?")))
    room.pass_time(1.0)
    room.see()
    room.pass_time(6.0)
    [reply] = [effect for _, effect in room.effects if isinstance(effect, Reply)]
    assert (reply.ask, reply.body["ok"], reply.body["outcome"]) == (1, True, "answered")


@pytest.mark.parametrize("how", ["down", "late"])
def test_a_camera_that_cannot_see_is_an_answer(how: str) -> None:
    room = Seeing(wants_to_see, Sight(None))
    asked_to_see(room)
    if how == "down":
        room.do(ev.CameraDown(room.looks()[-1], "unplugged"))
    else:
        room.pass_time(GLANCE_S + 0.1)
    [response] = room.sent(ms.ToolResponse)
    assert isinstance(response, ms.ToolResponse)
    assert "the camera cannot see" in str(response.answers[0].response["error"])
    assert room.sent(ms.Image) == []
    room.pass_time(6.0)
    assert "answered" in room.outcomes()


def test_a_box_without_a_camera_says_so() -> None:
    room = Room(wants_to_see)
    room.ask()
    room.pass_time(1.0)
    [response] = room.sent(ms.ToolResponse)
    assert isinstance(response, ms.ToolResponse)
    assert "there is no function 'look'" in str(response.answers[0].response["error"])


def test_who_speaks_again_is_heard_and_not_shown_to() -> None:
    """The service cancels the call when it hears of it; until then it is answered."""
    room = Seeing(wants_to_see, Sight(None))
    asked_to_see(room)
    room.press()
    room.pass_time(0.3)
    room.see()
    [response] = room.sent(ms.ToolResponse)
    assert isinstance(response, ms.ToolResponse)
    assert response.answers[0].response == {"error": LATE}
    assert room.sent(ms.Image) == []


def test_who_is_speaking_is_not_shown_to_either() -> None:
    room = Seeing(wants_to_see, Sight(None))
    asked_to_see(room)
    room.press()
    room.pass_time(0.3)
    room.pass_time(0.5, speech=True)
    room.see()
    room.pass_time(1.0)
    assert [len(m.answers) for m in room.sent(ms.ToolResponse) if isinstance(m, ms.ToolResponse)] == [1]
    assert room.sent(ms.Image) == []


@pytest.mark.parametrize("how", ["cancelled", "line lost"])
def test_a_call_that_nobody_waits_for_shuts_the_camera(how: str) -> None:
    room = Seeing(wants_to_see, Sight(None))
    asked_to_see(room)
    link = room.promises.link
    if how == "cancelled":
        room.promises.open_calls.clear()
        room.do(ev.Received(link, (ms.ToolCallCancellation(("fc_1",)),)))
    else:
        room.do(ev.LinkDown(link, ev.Cause.DROPPED))
    assert is_shut(room)
    assert room.eye.call is None
    room.see()
    assert room.sent(ms.Image) == []
    assert room.sent(ms.ToolResponse) == []


def test_the_picture_waits_for_the_other_calls_of_the_message() -> None:
    def service(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.ActivityEnd) and not room.sent(ms.Image):
            look, lamp = ms.FunctionCall("fc_1", "look", {}), ms.FunctionCall("fc_2", "set_lights", LAMP_ON)
            room.says(ms.ToolCall((look, lamp)))
        elif not isinstance(message, ms.ToolResponse):
            answers(room, message)

    room = Seeing(service, Sight(None))
    room.ask()
    while not room.looks():
        room.pass_time(0.01)
    before = len(room.sent())
    room.see()
    room.pass_time(0.5)
    kinds = room.kinds(room.sent()[before:])
    assert kinds[-5:] == ["ToolResponse", "ActivityStart", "Image", "Text", "ActivityEnd"]
    assert room.kinds(room.sent()).count("ToolResponse") == 2


LAMP_ON = {"names": ["desk lamp"], "power": "on"}
