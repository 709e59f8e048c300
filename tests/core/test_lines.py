"""Which line is used, when the service is away and when it comes back; and what the service never notices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.effects import Dial, Effect, Hang, Keep, Play, Send, Show, Tell
from appliance.core.faults import KEY_REFUSED, OFFLINE
from appliance.core.floor import Idle, Waiting
from appliance.core.lines import DOUBT_S, PATIENCE_S
from appliance.core.mood import Mood
from appliance.core.offline import LINGER_S, Ready
from appliance.core.session import Down

from .room import CHUNK, Room, answers, catalogue

BRAIN = ms.Setup("brain", functions=catalogue().declarations(("BLOCKING",)))
REFUSED = (ev.Cause.HANDSHAKE, 403, "HTTP 403 Forbidden")


def obeys(room: Room, message: ms.ClientMessage) -> None:
    """A brain in good health: it calls a function, says so, and is done."""
    match message:
        case ms.Setup():
            room.says(ms.SetupComplete())
        case ms.ActivityEnd():
            call = ms.FunctionCall("fc_1", "set_lights", {"names": ["desk lamp"], "power": "on"})
            room.says(ms.PersonSaid("Desk lamp on."), ms.ToolCall((call,)), delay_s=0.3)
        case ms.ToolResponse():
            room.says(CHUNK, ms.ModelSaid("It is on."))
            room.says(ms.GenerationComplete(), delay_s=0.15)
            room.says(ms.Usage(1000, 2000, 3000), ms.TurnComplete(), delay_s=0.2)
            room.says(ms.Resumption(ms.Handle("of the brain")), ms.GoAway(1.0), delay_s=0.25)


def cut_off(**changes: object) -> Room:
    """A room whose network is away, with a brain in it."""
    return Room(**{"reachable": False, "brain": obeys, "offline": BRAIN, "idle_close_s": 500.0} | changes)  # type: ignore[arg-type]


def near(room: Room) -> list[ms.ClientMessage]:
    return [e.message for _, e in room.effects if isinstance(e, Send) and e.link < 0]


def far(room: Room) -> list[ms.ClientMessage]:
    return [e.message for _, e in room.effects if isinstance(e, Send) and e.link > 0]


def shown(room: Room) -> list[Mood]:
    return [e.mood for _, e in room.effects if isinstance(e, Show)]


def frames(messages: list[ms.ClientMessage]) -> list[int]:
    pcm = b"".join(m.pcm for m in messages if isinstance(m, ms.Audio))
    return [int.from_bytes(pcm[i : i + 4], "little") for i in range(0, len(pcm), 640)]


def test_the_brain_answers_in_place_of_the_service() -> None:
    room = cut_off()
    room.pass_time(3.0)
    room.ask()
    room.pass_time(2.0)
    heard = frames(near(room))
    assert heard == list(range(heard[0], heard[0] + len(heard))), "every frame once, in order"
    assert len(heard) > 75
    assert room.conversation.calls.lighting.states["desk lamp"].on
    assert room.outcomes() == ["answered"]
    assert room.count(Play) == 1
    assert far(room) == []
    assert [told["state"] for told in room.told("offline")] == ["ready", "serving"]
    assert room.conversation.status(room.now)["offline"] == "ready", "between turns it has no line"


def test_the_service_never_notices() -> None:
    room = cut_off()
    handles, ledger = room.conversation.session.handles, room.conversation.ledger
    handles.offered(ms.Handle("of the service"), room.now, idle=True)
    tries = room.conversation.session._delays
    for _ in range(3):
        room.ask()
        room.pass_time(6.0)
    kept = handles.best(room.now)
    assert kept is not None
    assert kept.secret == "of the service"
    assert room.told("usage") == []
    assert ledger.shown()["today"] == {
        "turns": 0,
        "prompt": 0,
        "response": 0,
        "total": 0,
        "heard_ms": 0,
        "spoken_ms": 0,
    }
    assert not any(isinstance(e, Keep) and e.name in ("usage", "memory") for _, e in room.effects)
    assert room.conversation.session._delays is not tries, "it goes on backing off"
    assert room.conversation.recollection.turns(lambda _: False) is None
    assert not any("of the service" in repr(m) for m in near(room))


def test_the_service_is_used_again_as_soon_as_it_answers() -> None:
    room = cut_off()
    room.ask()
    room.pass_time(1.0)
    room.reachable = True
    room.pass_time(40.0)
    assert room.conversation.uplink.link == room.conversation.session.link
    room.ask()
    room.pass_time(3.0)
    assert room.outcomes() == ["answered", "answered"]
    assert [type(m) for m in far(room)].count(ms.ActivityEnd) == 1
    assert [type(m) for m in near(room)].count(ms.ActivityEnd) == 1
    assert room.told("offline")[-1] == {"state": "closed"}


def test_what_the_brain_has_begun_it_ends() -> None:
    room = cut_off()
    room.ask()
    room.pass_time(0.1)
    room.reachable = True
    room.do(ev.Pressed())  # silence: and the service is dialled again, at once
    room.do(ev.Released())
    room.pass_time(2.0, speech=True)
    assert room.conversation.session.link is not None
    room.pass_time(4.0)
    assert [type(m) for m in far(room)].count(ms.ActivityEnd) == 1
    assert room.outcomes()[-1] == "answered"


def talks(room: Room, message: ms.ClientMessage) -> None:
    """A brain with much to say."""
    if isinstance(message, ms.ActivityEnd):
        for at in range(20):
            room.says(CHUNK, delay_s=0.2 + at * 0.2)
        room.says(ms.GenerationComplete(), ms.TurnComplete(), delay_s=4.5)
    else:
        obeys(room, message)


def test_the_line_comes_back_while_the_brain_speaks() -> None:
    room = cut_off(brain=talks)
    room.ask()
    room.reachable = True
    room.pass_time(3.0)
    assert room.conversation.session.link is not None
    assert room.conversation.uplink.link == room.conversation.offline.link
    assert room.conversation.status(room.now)["offline"] == "serving"
    room.pass_time(3.0)
    assert room.conversation.uplink.link == room.conversation.session.link
    assert room.count(Play) == 20
    assert room.outcomes() == ["answered"]


def test_a_press_over_the_brains_answer_begins_with_a_line_of_its_own() -> None:
    room = cut_off(brain=talks)
    room.ask()
    room.pass_time(0.5)
    room.press()
    room.pass_time(0.3)
    room.pass_time(1.5, speech=True)
    room.pass_time(7.0)
    assert room.outcomes()[-1] == "answered"
    assert [type(m) for m in near(room)].count(ms.Setup) == 2
    dials = [e.link for _, e in room.effects if isinstance(e, Dial) and e.link < 0]
    assert dials == [-1, -2]


def test_what_it_still_says_is_for_nobody() -> None:
    room = cut_off()
    room.ask()
    room.pass_time(4.0)
    before = room.count(Play)
    room.do(ev.Received(-1, (CHUNK, ms.ModelSaid("and"), ms.TurnComplete())))
    room.do(ev.Received(-9, (CHUNK,)))
    assert room.count(Play) == before


def test_a_question_that_a_press_has_dismissed_is_not_put_again() -> None:
    room = cut_off()
    room.do(ev.Asked(1, ev.Ask("desk lamp on")))
    room.do(ev.Pressed())
    room.do(ev.Released())
    room.pass_time(5.0)
    assert near(room)[1:] == [], "nobody waits for it"
    room.pass_time(0.5, speech=True)
    room.pass_time(4.0)
    assert room.outcomes()[-1] == "answered"
    assert len([m for m in near(room) if isinstance(m, ms.ActivityEnd)]) == 2
    before = len(near(room))
    room.pass_time(20.0)
    assert len(near(room)) == before


def test_a_press_while_the_brain_thinks() -> None:
    room = cut_off()
    room.ask()
    room.do(ev.Pressed())
    room.do(ev.Released())
    room.pass_time(0.4)
    room.pass_time(0.5, speech=True)
    room.pass_time(4.0)
    assert room.outcomes()[-1] == "answered"
    assert len([m for m in near(room) if isinstance(m, ms.ActivityEnd)]) == 2, (
        "what was begun is not said again"
    )


def test_it_ends_in_the_middle_and_what_was_said_is_said_again() -> None:
    room = cut_off()
    room.ask()
    room.do(ev.LinkDown(-1, ev.Cause.DROPPED, 1006, "killed"))
    assert isinstance(room.conversation.turn.phase, Waiting)
    room.pass_time(6.0)
    assert room.outcomes() == ["answered"]
    assert [type(m) for m in near(room)].count(ms.ActivityEnd) == 2
    assert {"state": "missing", "reason": "killed"} in room.told("offline")


def test_a_brain_that_never_answers_is_asked_once_more_on_a_line_of_its_own() -> None:
    def deaf(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.Setup):
            room.says(ms.SetupComplete())

    room = cut_off(brain=deaf)
    room.ask()
    room.pass_time(40.0)
    assert room.outcomes() == ["no answer"]
    assert [type(m) for m in near(room)].count(ms.ActivityEnd) == 2
    assert isinstance(room.conversation.session.line, Down)
    assert room.conversation.session.fault == OFFLINE


def test_without_the_brain_it_is_as_it_was() -> None:
    room = cut_off(brain=None)
    room.ask()
    room.pass_time(30.0)
    assert room.outcomes() == ["no line"]
    assert room.told("offline")[0]["reason"] == "No such file or directory"
    assert room.conversation.status(room.now)["offline"] == "missing: No such file or directory"
    assert Mood.OFFLINE in shown(room)


def test_switched_off_nothing_is_dialled() -> None:
    room = cut_off(offline=None)
    room.ask()
    room.pass_time(30.0)
    assert room.outcomes() == ["no line"]
    assert room.told("offline") == []
    assert not any(isinstance(e, Dial) and e.link < 0 for _, e in room.effects)


def test_a_service_that_refuses_is_not_replaced() -> None:
    """It can be reached, and says what is wrong: that must not be covered up."""
    room = cut_off(reachable=True)
    room.press()
    room.do(ev.LinkDown(1, *REFUSED))
    room.pass_time(2.0, speech=True)
    room.pass_time(20.0)
    assert room.conversation.session.trouble == KEY_REFUSED
    assert near(room) == []
    assert Mood.REFUSED in shown(room)


def test_and_neither_while_it_is_asked_again() -> None:
    room = cut_off(reachable=True, service=lambda _room, _message: None)
    room.press()
    room.do(ev.LinkDown(1, *REFUSED))
    room.pass_time(6.0, frames=False)
    room.press()
    room.pass_time(1.0, speech=True)
    room.pass_time(PATIENCE_S + 2)
    assert near(room) == []


@pytest.mark.parametrize("trouble", [True, False])
def test_a_dial_that_takes_long_is_waited_for(trouble: bool) -> None:
    """Not for long where the last one has failed."""
    room = cut_off(reachable=False, service=lambda _room, _message: None)
    if trouble:
        room.ask()
        room.pass_time(25.0)
    room.reachable = True  # and never a setupComplete
    before = len(room.effects)
    room.press()
    room.pass_time(2.0, speech=True)
    room.pass_time(0.9)
    said_at = room.conversation.uplink.waiting_since
    assert said_at is not None
    room.pass_time(PATIENCE_S + 1)
    [served_at] = [
        at
        for at, e in room.effects[before:]
        if isinstance(e, Tell) and e.kind == "offline" and e.fields["state"] == "serving"
    ]
    wait_s = DOUBT_S if trouble else PATIENCE_S
    assert served_at == pytest.approx(said_at + wait_s, abs=0.25)


def test_the_light_shows_who_answers() -> None:
    room = cut_off()
    room.ask()
    room.pass_time(1.0)
    del room.effects[:]
    room.pass_time(12.0)
    room.ask()
    room.pass_time(1.0)
    moods = shown(room)
    assert moods[moods.index(Mood.LISTENING) :] == [
        Mood.LISTENING,
        Mood.OFFLINE,
        Mood.SPEAKING,
        Mood.FOLLOW_UP,
    ]


def test_goodbye_leaves_the_conversation_with_the_service_as_it_is() -> None:
    def bids(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.ActivityEnd):
            room.says(ms.ToolCall((ms.FunctionCall("fc_1", "end_conversation", {}),)))
        else:
            obeys(room, message)

    room = cut_off(brain=bids)
    room.conversation.session.handles.offered(ms.Handle("kept"), room.now, idle=True)
    room.ask()
    room.pass_time(2.0)
    assert room.outcomes() == ["answered"]
    assert isinstance(room.conversation.turn.phase, Idle), "nobody listens for more"
    assert room.conversation.session.handles.best(room.now) is not None


def test_typed_words_go_to_it_and_are_not_remembered() -> None:
    room = cut_off()
    room.do(ev.Asked(1, ev.Ask("desk lamp on")))
    room.pass_time(3.0)
    assert ms.Text("desk lamp on") in near(room)
    assert room.conversation.recollection.turns(lambda _: False) is None


def test_its_memory_is_given_back() -> None:
    room = cut_off()
    room.ask()
    room.pass_time(15.0 + LINGER_S)
    assert not room.conversation.offline.is_up
    assert any(isinstance(e, Hang) and e.link == -1 for _, e in room.effects)


def test_stopping_hangs_up() -> None:
    room = cut_off()
    room.ask()
    assert isinstance(room.conversation.offline.state, Ready)
    effects: list[Effect] = room.do(ev.Stop())
    assert Hang(-1) in effects


def test_a_line_that_is_lost_goes_on_with_the_brain() -> None:
    """The service was there, and drops in the middle of an answer's wait; the next dial fails."""
    room = cut_off(
        reachable=True, service=lambda room, m: answers(room, m) if isinstance(m, ms.Setup) else None
    )
    room.ask()
    room.reachable = False
    room.do(ev.LinkDown(1, ev.Cause.DROPPED, 1006, ""))
    room.pass_time(5.0)
    assert room.outcomes() == ["answered"]
    assert frames(far(room)) == frames(near(room))


def test_where_the_service_decides_whose_turn_it_is_so_does_the_brain() -> None:
    def hears(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.Setup):
            room.says(ms.SetupComplete())
        elif isinstance(message, ms.Audio) and not any(isinstance(m, ms.Audio) for m in near(room)[:-1]):
            room.says(ms.PersonSaid("Desk lamp on."), CHUNK, ms.ModelSaid("It is on."), delay_s=0.6)
            room.says(ms.GenerationComplete(), ms.TurnComplete(), delay_s=0.8)

    detection = ms.Detection()
    room = cut_off(
        brain=hears, offline=replace(BRAIN, detection=detection), setup=ms.Setup("m", detection=detection)
    )
    room.press()
    room.pass_time(1.0, speech=True)
    room.pass_time(5.0)
    assert room.outcomes() == ["answered"]
    assert far(room) == []
    assert len(frames(near(room))) > 60
    assert room.conversation.uplink.link is None
