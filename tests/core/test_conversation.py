"""The machines together: whole turns, whole hours, and whatever may happen in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core import events as ev
from appliance.core import messages as ms
from appliance.core.catalogue import Catalogue
from appliance.core.conversation import Conversation
from appliance.core.effects import (
    Beat,
    Dial,
    Effect,
    Finish,
    Flush,
    Hang,
    Keep,
    Play,
    Quit,
    Reply,
    Run,
    Send,
    SetLights,
    Show,
)
from appliance.core.errands import Errands
from appliance.core.farewell import Farewell
from appliance.core.floor import Idle, Listening, Manners, Waiting
from appliance.core.functions import NON_BLOCKING, function, made
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import FromModel, Kind, LightState
from appliance.core.mood import Mood
from appliance.core.recollection import ABOUT, AFTER, LASTS_S, Remember
from appliance.core.timing import Timing
from appliance.core.usage import Budget
from appliance.core.volume import Volume

from .room import CHUNK, LAMPS, Room, answers, backoff, calls, catalogue, rules

DROPPED = (ev.Cause.DROPPED, 1006, "")


def kinds(messages: list[ms.ClientMessage]) -> str:
    """The order of messages in letters: S(etup) ( audio ) T(ool response)."""
    letters = {ms.Setup: "S", ms.ActivityStart: "(", ms.Audio: "a", ms.ActivityEnd: ")", ms.ToolResponse: "T"}
    letters |= {ms.Text: "t", ms.Content: "C", ms.Past: "P"}
    return "".join(letters[type(m)] for m in messages)


def squeezed(messages: list[ms.ClientMessage]) -> str:
    text = kinds(messages)
    while "aa" in text:
        text = text.replace("aa", "a")
    return text


def spoken(room: Room) -> list[int]:
    """The places on the sample clock of all audio that was sent, in the order it was sent."""
    pcm = b"".join(m.pcm for m in room.sent(ms.Audio) if isinstance(m, ms.Audio))
    return [int.from_bytes(pcm[i : i + 4], "little") for i in range(0, len(pcm), 640)]


# -- one turn -----------------------------------------------------------------------------------------


def test_one_turn() -> None:
    room = Room()
    room.pass_time(3.0)
    room.ask()
    room.pass_time(3.0)
    assert squeezed(room.sent()) == "S(a)"
    heard = spoken(room)
    assert heard == list(range(heard[0], heard[0] + len(heard))), "every frame once, in order"
    assert room.outcomes() == ["answered"]
    assert room.count(Play) == 5
    assert [f["mood"] for f in room.told("phase")] == [
        "idle",
        "listening",
        "thinking",
        "speaking",
        "follow-up",
    ]
    room.pass_time(10.0)
    assert room.conversation.mood is Mood.IDLE
    assert repr(room.conversation) == "link 1 live resumed 0, turn 1 idle, ear quiet"


def test_the_first_word_is_whole_though_the_line_was_down() -> None:
    room = Room()
    room.pass_time(3.0)
    room.press()
    onset = room.index
    room.pass_time(1.5, speech=True)
    room.pass_time(3.0)
    heard = spoken(room)
    assert heard[0] <= onset - 15, "the press reaches back 300 ms"
    assert heard[0] >= onset - 5 - 25


def test_a_press_without_speech_sends_nothing() -> None:
    room = Room()
    room.press()
    room.pass_time(7.0)
    assert kinds(room.sent()) == "S"
    assert room.outcomes() == ["nothing heard"]


def test_a_hold_is_sent_at_once_with_everything_since_the_press() -> None:
    room = Room(always_connected=True)
    room.pass_time(3.0)
    press = room.index
    room.do(ev.Pressed())
    room.pass_time(0.39)
    assert kinds(room.sent()) == "S"
    room.pass_time(0.02)
    assert squeezed(room.sent()).startswith("S(a")
    room.pass_time(2.0)
    room.do(ev.Released())
    release = room.index
    room.pass_time(0.5)
    assert kinds(room.sent())[-1] == ")"
    assert spoken(room) == list(range(press - 15, release + 15))


def test_a_follow_up_needs_no_press() -> None:
    room = Room()
    room.ask()
    room.pass_time(2.5)
    assert room.conversation.mood is Mood.FOLLOW_UP
    room.pass_time(1.0, speech=True)
    room.pass_time(3.0)
    assert room.outcomes() == ["answered", "answered"]
    assert squeezed(room.sent()) == "S(a)(a)"


def test_a_press_while_it_speaks_silences_it_at_once() -> None:
    room = Room()
    room.ask()
    room.pass_time(0.6)
    assert room.conversation.mood is Mood.SPEAKING
    effects = room.do(ev.Pressed())
    assert effects[0] == Flush(1)
    played = room.count(Play)
    room.pass_time(0.1)
    room.do(ev.Released())
    room.pass_time(1.0, speech=True)
    assert room.count(Play) == played, "no late chunk is played"
    room.pass_time(3.0)
    assert room.outcomes() == ["interrupted", "answered"]


def test_a_tap_while_it_listens_is_the_last_word() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room.press()
    room.pass_time(1.0, speech=True)
    room.press()
    assert squeezed(room.sent()) == "S(a)"


def test_lights_obey_and_the_line_is_gated_meanwhile() -> None:
    room = Room(calls("set_lights", names=["study"], power="on"))
    room.ask()
    room.pass_time(3.0)
    assert squeezed(room.sent()) == "S(a)T"
    [response] = room.sent(ms.ToolResponse)
    assert isinstance(response, ms.ToolResponse)
    lights = {"desk lamp": {"power": "on"}, "shelf": {"power": "on", "brightness": 100, "colour": "#ffffff"}}
    assert response.answers == (ms.FunctionAnswer("fc_1", "set_lights", {"lights": lights}),)
    assert room.told("lights") == [{"lights": lights}]
    assert room.outcomes() == ["answered"]


def test_speech_during_an_open_call_waits_at_the_gate() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room._world = lambda effect: None  # type: ignore[method-assign,assignment]
    room.do(
        ev.Received(
            1, (ms.ToolCall((ms.FunctionCall("fc_1", "set_lights", {"names": "all", "power": "on"}),)),)
        )
    )
    room.ask()
    assert kinds(room.sent()) == "S"
    room.do(ev.LightsSet(FromModel(1, "fc_1", "set_lights"), {"desk lamp": LightState(True)}))
    assert squeezed(room.sent()) == "ST(a)"


def test_a_lamp_that_fails_is_told_and_put_back() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room._world = lambda effect: None  # type: ignore[method-assign,assignment]
    room.do(
        ev.Received(
            1, (ms.ToolCall((ms.FunctionCall("fc_1", "set_lights", {"names": "all", "power": "on"}),)),)
        )
    )
    room.do(ev.LightsFailed(FromModel(1, "fc_1", "set_lights"), "the bus is gone"))
    [response] = room.sent(ms.ToolResponse)
    assert isinstance(response, ms.ToolResponse)
    assert response.answers[0].response == {"error": "the bus is gone"}
    assert not any(state.on for state in room.conversation.calls.lighting.states.values())


def test_a_cancelled_call_is_not_answered() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room._world = lambda effect: None  # type: ignore[method-assign,assignment]
    call = ms.ToolCall((ms.FunctionCall("fc_1", "set_lights", {"names": "all", "power": "on"}),))
    room.do(ev.Received(1, (call,)))
    room.promises.open_calls.clear()
    room.do(ev.Received(1, (ms.ToolCallCancellation(("fc_1",)),)))
    room.pass_time(10.0)
    assert room.sent(ms.ToolResponse) == []


def test_all_in_one_message() -> None:
    room = Room(
        always_connected=True, service=lambda room, m: answers(room, m) if isinstance(m, ms.Setup) else None
    )
    room.pass_time(1.0)
    room.ask()
    call = ms.FunctionCall("fc_1", "get_lights")
    everything = (
        ms.Interrupted(),
        ms.PersonSaid(" Hi"),
        ms.ModelSaid(" Ho"),
        CHUNK,
        ms.ToolCall((call,)),
        ms.GenerationComplete(),
        ms.Usage(1, 2, 3),
        ms.TurnComplete(),
        ms.Resumption(ms.Handle("secret")),
        ms.GoAway(50.0),
        ms.Unknown("novelty"),
    )
    effects = room.do(ev.Received(1, everything))
    assert [type(e) for e in effects if isinstance(e, Play | Finish)] == [Play, Finish]
    assert room.told("unknown") == [{"what": "novelty"}]
    assert "secret" not in repr(effects)
    room.pass_time(2.0)
    assert room.outcomes() == ["answered"]
    assert room.count(Dial) == 2, "it went when the answer had been played"
    setup = room.sent(ms.Setup)[-1]
    assert isinstance(setup, ms.Setup)
    assert setup.resume == ms.Handle("secret")


# -- losses -------------------------------------------------------------------------------------------


def test_a_line_lost_in_the_middle_of_an_utterance_loses_no_frame() -> None:
    room = Room()
    room.ask()
    room.pass_time(12.0)
    before = len(room.sent())
    room.press()
    room.pass_time(1.0, speech=True)
    room.do(ev.LinkDown(1, *DROPPED))
    room.pass_time(1.0, speech=True)
    room.pass_time(4.0)
    assert squeezed(room.sent()[before:]) == "(aS(a)"
    again = room.sent()[before:]
    replay = again[kinds(again).index("S") :]
    pcm = b"".join(m.pcm for m in replay if isinstance(m, ms.Audio))
    places = [int.from_bytes(pcm[i : i + 4], "little") for i in range(0, len(pcm), 640)]
    assert places == list(range(places[0], places[0] + len(places)))
    assert room.outcomes() == ["answered", "answered"]


def test_no_network_and_then_a_network() -> None:
    room = Room(reachable=False)
    room.ask()
    assert room.conversation.mood is Mood.OFFLINE
    room.reachable = True
    room.pass_time(10.0)
    assert room.outcomes() == ["answered"]


def test_no_network_for_long() -> None:
    room = Room(reachable=False)
    room.ask()
    room.pass_time(20.0)
    assert room.outcomes() == ["no line"]
    assert room.told("lost") == [{"what": "something you said", "count": 1, "why": "no line"}]
    assert isinstance(room.conversation.turn.phase, Idle)


def test_a_refused_key_is_not_tried_again() -> None:
    def refuse(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.Setup):
            link = room.promises.link
            room.later(0.1, ev.LinkDown(link, ev.Cause.CLOSED, 1007, "API key not valid. Please pass"))

    room = Room(refuse, always_connected=True)
    room.pass_time(600.0, frames=False)
    assert room.count(Dial) == 1
    assert room.conversation.mood is Mood.REFUSED
    assert room.conversation.status(room.now)["trouble"] is not None


def test_whoever_asks_a_service_that_refuses_is_told_at_once() -> None:
    def refuse(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.Setup):
            link = room.promises.link
            room.later(0.1, ev.LinkDown(link, ev.Cause.CLOSED, 1007, "API key not valid. Please pass"))

    room = Room(refuse)
    room.ask()
    room.pass_time(1.0)
    assert room.outcomes() == ["key refused"]
    assert room.told("lost")[-1] == {"what": "something you said", "count": 1, "why": "key refused"}


def mute(links: int) -> Callable[[Room, ms.ClientMessage], None]:
    """A service that on so many links hears and never answers."""

    def service(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.Setup) or room.promises.link > links:
            answers(room, message)

    return service


def test_a_mute_service_is_asked_again_on_a_fresh_line() -> None:
    room = Room(mute(links=1))
    room.ask()
    spoken = b"".join(m.pcm for m in room.sent(ms.Audio) if isinstance(m, ms.Audio))
    room.pass_time(30.0)
    assert room.outcomes() == ["answered"]
    again = b"".join(m.pcm for m in room.sent(ms.Audio) if isinstance(m, ms.Audio))
    assert again == spoken * 2, "every frame, once on each line"
    setups = room.sent(ms.Setup)
    assert len(setups) == 2
    assert all(isinstance(m, ms.Setup) and m.resume is None for m in setups)


def test_a_service_that_stays_mute_is_told_and_not_asked_for_ever() -> None:
    room = Room(mute(links=99))
    room.ask()
    room.pass_time(60.0)
    assert room.outcomes() == ["no answer"]
    assert len(room.sent(ms.ActivityStart)) == 2
    assert room.count(Dial) <= 3


def test_a_turn_that_is_never_closed_does_not_keep_the_line() -> None:
    def endless(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.Setup):
            room.says(ms.SetupComplete())
        elif isinstance(message, ms.ActivityEnd):
            room.says(CHUNK, ms.GenerationComplete(), delay_s=0.5)

    room = Room(endless)
    room.ask()
    room.pass_time(15.0)
    assert room.outcomes() == ["answered"]
    assert [t["why"] for t in room.told("line") if t["state"] == "down"] == ["service fell silent"]
    room.ask()
    room.pass_time(5.0)
    assert room.outcomes() == ["answered", "answered"]


def test_audio_that_was_refused_is_not_sent_again() -> None:
    def refuse(room: Room, message: ms.ClientMessage) -> None:
        if isinstance(message, ms.ActivityEnd):
            link = room.promises.link
            room.later(0.1, ev.LinkDown(link, ev.Cause.CLOSED, 1007, "Request contains an invalid argument."))
        else:
            answers(room, message)

    room = Room(refuse)
    room.ask()
    room.pass_time(20.0)
    assert kinds(room.sent()).count("(") == 1
    assert room.outcomes() == ["line lost"]


def test_no_microphone() -> None:
    room = Room()
    room.microphone = False
    room.do(ev.MicrophoneDown("it was unplugged"))
    assert room.conversation.mood is Mood.NO_MICROPHONE
    room.press()
    assert room.told("trouble") == [{"what": "no microphone", "reason": "it was unplugged"}]
    [reply] = room.do(ev.Asked(1, ev.Talk()))
    assert isinstance(reply, Reply)
    assert reply.body["ok"] is False
    room.pass_time(0.5, frames=False)
    room.microphone = True
    room.do(ev.MicrophoneUp())
    room.ask()
    room.pass_time(3.0)
    assert room.outcomes() == ["answered"]


def test_the_microphone_goes_in_the_middle_of_a_sentence() -> None:
    room = Room()
    room.press()
    room.pass_time(1.0, speech=True)
    room.do(ev.MicrophoneDown("it was unplugged"))
    room.pass_time(0.1, frames=False)
    assert squeezed(room.sent()) == "S(a)", "what was said is asked all the same"


def test_the_speaker_goes_and_the_turn_ends_all_the_same() -> None:
    room = Room()
    room.do(ev.SpeakerDown("it was unplugged"))
    room.ask()
    room.pass_time(1.5)
    assert room.outcomes() == ["no speaker"]
    room.do(ev.SpeakerUp())
    room.ask()
    room.pass_time(3.0)
    assert room.outcomes() == ["no speaker", "answered"]


def test_lost_frames_and_garbage_are_told() -> None:
    room = Room()
    room.do(ev.Heard(b"\0" * 640, 7, speech=0, lost=5))
    room.do(ev.Garbled(0, "not JSON"))
    room.do(ev.LightsFailed(FromModel(9, "x", "y"), "late"))
    assert room.told("lost") == [{"what": "microphone frames", "count": 5}]
    assert [t["what"] for t in room.told("trouble")] == ["unreadable message", "lights"]


def test_words_of_a_former_link_are_not_heard() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room.ask()
    assert room.do(ev.Received(0, (CHUNK,))) == []
    assert room.do(ev.LinkUp(0)) == []
    assert room.do(ev.LinkDown(0, *DROPPED)) == []


def test_what_nobody_hears_nobody_reads() -> None:
    room = Room()
    room.ask()
    room.pass_time(0.6)
    room.do(ev.Pressed())
    before = len(room.told("transcript"))
    room.do(ev.Received(1, (ms.ModelSaid(" late"),)))
    assert len(room.told("transcript")) == before


def test_a_cancel_while_no_line_is_up_does_not_swallow_the_next_answer() -> None:
    room = Room(reachable=False)
    room.do(ev.Asked(1, ev.Talk(5.0)))
    room.pass_time(0.5)
    room.do(ev.Asked(2, ev.Cancel()))
    room.do(ev.Asked(3, ev.Talk(0.4)))
    room.pass_time(1.0)
    room.reachable = True
    room.pass_time(20.0)
    assert room.outcomes() == ["dismissed", "answered"]
    assert room.count(Play) == 5


def test_a_call_for_somebody_who_wants_nothing_any_more_is_refused() -> None:
    room = Room(calls("set_lights", names=["desk lamp"], power="on"), always_connected=True)
    room.pass_time(1.0)
    room.do(ev.Asked(1, ev.Talk(0.4)))
    room.pass_time(0.75)
    room.do(ev.Asked(2, ev.Cancel()))
    room.pass_time(3.0)
    assert room.count(SetLights) == 0
    [response] = room.sent(ms.ToolResponse)
    assert isinstance(response, ms.ToolResponse)
    assert "error" in response.answers[0].response


def slow_lights(room: Room) -> None:
    """From here on orders for lights are not carried out."""
    world = room._world
    room._world = lambda e: None if isinstance(e, SetLights) else world(e)  # type: ignore[method-assign]


ON = ms.ToolCall((ms.FunctionCall("a", "set_lights", {"names": ["desk lamp"], "power": "on"}),))


def test_stopped_while_a_call_is_open_it_still_ends_the_activity() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room.do(ev.Asked(1, ev.Talk(20.0)))
    room.pass_time(1.0)
    slow_lights(room)
    room.do(ev.Received(1, (ON,)))
    room.do(ev.Stop())
    assert squeezed(room.sent()) == "S(aTa)"


def test_what_was_dismissed_is_not_sent_again_on_the_next_line() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room.do(ev.Asked(1, ev.Talk(2.0)))
    room.pass_time(0.5)
    slow_lights(room)
    room.do(ev.Received(1, (ON,)))
    room.do(ev.Asked(2, ev.Cancel()))
    room.do(ev.LinkDown(1, *DROPPED))
    room.pass_time(3.0)
    assert kinds(room.sent()).count("(") == 1


# -- what a fresh session knows ---------------------------------------------------------------------


FORGOTTEN = (ev.Cause.CLOSED, 1008, "BidiGenerateContent session not found")


def lost_session(**changes: object) -> Room:
    """A room whose line went, and its session with it, after one exchange."""
    room = Room(**changes)  # type: ignore[arg-type]
    room.ask()
    room.pass_time(3.0)
    room.do(ev.LinkDown(1, *FORGOTTEN))
    return room


def test_a_fresh_session_is_told_what_was_said_before_anything_else() -> None:
    room = lost_session()
    room.ask()
    room.pass_time(3.0)
    assert squeezed(room.sent()) == "S(a)SP(a)"
    [past] = room.sent(ms.Past)
    assert isinstance(past, ms.Past)
    assert [(role, texts[-1]) for role, texts in past.turns] == [
        ("user", "Hello?"),
        ("model", "la la la la la"),
        ("user", AFTER),
    ]
    assert room.outcomes() == ["answered", "answered"]


def test_a_model_that_takes_no_turns_is_told_in_its_instruction() -> None:
    setup = ms.Setup("gemini-3.1-flash-live-preview", system_instruction="Be kind.", seeding="instruction")
    room = lost_session(setup=setup)
    room.ask()
    room.pass_time(3.0)
    assert squeezed(room.sent()) == "S(a)S(a)"
    first, second = room.sent(ms.Setup)
    assert isinstance(first, ms.Setup)
    assert isinstance(second, ms.Setup)
    assert (first.recollection, second.system_instruction) == ("", "Be kind.")
    assert second.recollection.splitlines() == [ABOUT, "They: Hello?", "You: la la la la la"]


@pytest.mark.parametrize("seeding", ["content", "instruction"])
def test_a_session_that_is_resumed_is_told_nothing(seeding: str) -> None:
    room = Room(setup=ms.Setup("gemini-3.8-live", seeding=seeding))
    room.ask()
    room.pass_time(3.0)
    room.do(ev.LinkDown(1, *DROPPED))
    room.ask()
    room.pass_time(3.0)
    assert squeezed(room.sent()) == "S(a)S(a)"
    assert [setup.recollection for setup in room.sent(ms.Setup) if isinstance(setup, ms.Setup)] == ["", ""]


def test_who_switched_it_off_is_not_remembered() -> None:
    room = lost_session(remember=Remember("off"))
    room.ask()
    assert squeezed(room.sent()) == "S(a)S(a)"


def test_what_was_asked_and_not_answered_is_asked_again_and_not_told_as_past() -> None:
    room = Room(service=lambda room, m: room.says(ms.SetupComplete()) if isinstance(m, ms.Setup) else None)
    room.do(ev.Asked(1, ev.Ask("Who are you?")))
    room.pass_time(0.5)
    room.says(ms.PersonSaid("Who are you?"))
    room.pass_time(0.5)
    room.service = answers
    room.do(ev.LinkDown(1, *FORGOTTEN))
    room.pass_time(5.0)
    assert squeezed(room.sent()) == "S(t)S(t)", "nothing was said before"
    room.do(ev.LinkDown(2, *FORGOTTEN))
    room.ask()
    [past] = room.sent(ms.Past)
    assert isinstance(past, ms.Past)
    assert [text for role, texts in past.turns for text in texts if role == "user"][1:-1] == ["Hello?"]


def test_what_the_box_was_made_to_say_is_nobodys_question() -> None:
    room = Room()
    room.do(ev.Asked(1, ev.Say("Dinner!")))
    room.pass_time(3.0)
    assert "Dinner" not in room.conversation.recollection.paragraph(lambda turn: False)


def test_a_conversation_on_the_disk_outlives_the_daemon_and_is_forgotten_in_time() -> None:
    room = Room(remember=Remember("disk"))
    room.ask()
    room.pass_time(3.0)
    [kept] = [e.value for _, e in room.effects if isinstance(e, Keep) and e.name == "memory"]
    again = Room(remember=Remember("disk"))
    again.conversation = Conversation(
        rules(remember=Remember("disk"), beat_s=None), catalogue(), backoff, {"memory": kept}
    )
    again.do(ev.MicrophoneUp())
    again.ask()
    assert squeezed(again.sent()) == "SP(a)"
    room.pass_time(LASTS_S + 1.0, frames=False)
    assert Keep("memory", {}) in [effect for _, effect in room.effects]


def test_the_turn_that_a_stop_ends_is_kept_as_well() -> None:
    room = Room(remember=Remember("disk"))
    room.ask()
    room.pass_time(0.6)
    effects = room.do(ev.Stop())
    assert [e.name for e in effects if isinstance(e, Keep)][-1] == "memory"
    assert isinstance(effects[-1], Quit)


# -- lifetime -----------------------------------------------------------------------------------------


def test_the_line_closes_when_nobody_needs_it_and_comes_back_with_the_handle() -> None:
    room = Room()
    room.ask()
    room.pass_time(200.0, frames=False)
    assert room.count(Hang) == 1
    assert room.conversation.session.link is None
    room.ask()
    room.pass_time(3.0)
    setup = room.sent(ms.Setup)[-1]
    assert isinstance(setup, ms.Setup)
    assert setup.resume is not None
    assert "resumed 1" in repr(room.conversation)


def test_a_go_away_between_turns_changes_the_line_at_once() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room.do(ev.Received(1, (ms.GoAway(50.0),)))
    room.pass_time(1.0)
    assert (room.count(Hang), room.count(Dial)) == (1, 2)


def test_a_go_away_in_the_middle_of_a_sentence_waits_as_long_as_it_can() -> None:
    room = Room(always_connected=True)
    room.pass_time(1.0)
    room.press()
    room.pass_time(1.0, speech=True)
    room.do(ev.Received(1, (ms.GoAway(8.0),)))
    room.pass_time(2.5, speech=True)
    assert room.count(Hang) == 0
    room.pass_time(2.0, speech=True)
    assert room.count(Hang) == 1
    room.pass_time(4.0)
    assert squeezed(room.sent()) == "S(aS(a)"
    assert room.outcomes() == ["answered"]


def test_stop_says_all_that_must_be_said() -> None:
    room = Room()
    room.press()
    room.pass_time(1.0, speech=True)
    effects = room.do(ev.Stop())
    assert squeezed(room.sent()) == "S(a)"
    assert [type(e) for e in effects[-2:]] == [Hang, Quit]
    assert room.do(ev.Pressed()) == []


def test_stop_while_it_speaks_silences_it() -> None:
    room = Room()
    room.ask()
    room.pass_time(0.6)
    assert Flush(1) in room.do(ev.Stop())


def test_stop_before_anything() -> None:
    room = Room()
    assert room.do(ev.Stop()) == [Quit()]


# -- requests -----------------------------------------------------------------------------------------


def test_requests() -> None:
    room = Room()
    room.pass_time(1.0)
    for ask, request in enumerate((ev.Talk(), ev.Talk(1.0), ev.Cancel(), ev.Status(), ev.Lights())):
        [reply] = [e for e in room.do(ev.Asked(ask, request)) if isinstance(e, Reply)]
        assert reply.ask == ask
        assert reply.body["ok"] is True
    room.do(ev.Asked(10, ev.Lights("shelf", "red")))
    room.do(ev.Asked(11, ev.Lights("shelf", "rainbow")))
    room.pass_time(0.1)
    replies = {e.ask: e.body for _, e in room.effects if isinstance(e, Reply)}
    assert replies[10] == {
        "ok": True,
        "lights": {"shelf": {"power": "on", "brightness": 100, "colour": "#ff0000"}},
    }
    assert replies[11]["ok"] is False


def test_talk_by_command_is_a_tap_and_a_hold() -> None:
    room = Room()
    room.pass_time(1.0)
    room.do(ev.Asked(1, ev.Talk()))
    assert isinstance(room.conversation.turn.phase, Listening)
    room.do(ev.Asked(2, ev.Cancel()))
    room.do(ev.Asked(3, ev.Talk(1.0)))
    room.pass_time(3.5)
    assert room.outcomes() == ["dismissed", "answered"]


def test_status_tells_how_long_the_steps_took() -> None:
    room = Room()
    room.ask()
    room.pass_time(3.0)
    status = room.conversation.status(room.now)
    steps = status["turns_ms"]
    assert isinstance(steps, dict)
    assert steps["activity_end_to_first_byte"] == {"median": 500, "p95": 500, "p99": 500, "turns": 1}
    assert steps["first_byte_to_first_sample"]["median"] == 40
    assert 700 <= steps["speech_end_to_activity_end"]["median"] <= 800


def replies(room: Room) -> dict[int, dict[str, object]]:
    return {e.ask: dict(e.body) for _, e in room.effects if isinstance(e, Reply)}


def test_a_typed_question_is_answered_in_writing() -> None:
    room = Room()
    room.pass_time(1.0)
    room.do(ev.Asked(1, ev.Ask("What time is it?")))
    room.pass_time(3.0)
    assert kinds(room.sent()) == "S(t)"
    assert replies(room)[1] == {"ok": True, "answer": "la la la la la", "outcome": "answered"}
    assert room.count(Play) == 0, "it was not asked to speak"
    assert isinstance(room.conversation.turn.phase, Idle), "and nobody is there to go on"


def test_a_typed_question_may_be_answered_aloud_and_a_text_be_said() -> None:
    room = Room()
    room.pass_time(1.0)
    for ask, request in enumerate((ev.Ask("What time is it?", speak=True), ev.Say("Dinner!"))):
        before = room.count(Play)
        room.do(ev.Asked(ask, request))
        room.pass_time(3.0)
        assert room.count(Play) == before + 5
        assert replies(room)[ask]["ok"] is True
    [_, said] = room.sent(ms.Text)
    assert isinstance(said, ms.Text)
    assert said.text.endswith(": Dinner!")


def test_a_model_that_takes_no_text_in_an_activity_gets_a_turn() -> None:
    room = Room(setup=ms.Setup("gemini-2.5", realtime_text=False))
    room.do(ev.Asked(1, ev.Ask("What time is it?")))
    room.pass_time(3.0)
    assert kinds(room.sent()) == "SC"
    assert replies(room)[1]["ok"] is True


def test_a_typed_question_waits_for_the_line_and_says_so_when_there_is_none() -> None:
    room = Room(reachable=False)
    room.do(ev.Asked(1, ev.Ask("What time is it?")))
    room.pass_time(20.0)
    assert replies(room)[1] == {
        "ok": False,
        "answer": "",
        "outcome": "no line",
        "error": "no answer: no line",
    }


def test_whoever_speaks_goes_before_whoever_types() -> None:
    room = Room()
    room.press()
    room.pass_time(1.0, speech=True)
    [reply] = room.do(ev.Asked(1, ev.Ask("What time is it?")))
    assert isinstance(reply, Reply)
    assert "somebody is speaking" in str(reply.body["error"])


def test_a_written_answer_is_read_and_told() -> None:
    def writes(room: Room, message: ms.ClientMessage) -> None:
        match message:
            case ms.ActivityEnd():
                room.says(ms.Words("**hm**", thought=True), ms.Words("It is "), ms.Words("noon."))
                room.says(ms.GenerationComplete(), ms.TurnComplete(), delay_s=0.2)
            case _:
                answers(room, message)

    room = Room(writes)
    room.do(ev.Asked(1, ev.Ask("What time is it?")))
    room.pass_time(3.0)
    assert replies(room)[1]["answer"] == "It is noon."
    assert [t["text"] for t in room.told("transcript")] == ["It is ", "noon."]


# -- what it costs ------------------------------------------------------------------------------------


def test_usage_is_kept_after_every_turn_and_read_again() -> None:
    room = Room()
    room.do(ev.WallClock("2026-11-22"))
    room.ask()
    room.pass_time(3.0)
    [kept] = [e for _, e in room.effects if isinstance(e, Keep) and e.name == "usage"]
    again = Conversation(rules(), catalogue(), backoff, {"usage": kept.value})
    again.handle(ev.WallClock("2026-11-22"), 1.0)
    assert again.ledger.shown()["today"] == room.conversation.ledger.shown()["today"]


def test_at_the_soft_limit_it_says_so_once() -> None:
    room = Room(budget=Budget(soft_tokens_day=30))
    room.do(ev.WallClock("2026-11-22"))
    for _ in range(2):
        room.ask()
        room.pass_time(12.0)
    assert [told["limit"] for told in room.told("budget")] == ["soft"]
    assert room.outcomes() == ["answered"] * 3, "the notice is spoken once"


def test_at_the_hard_limit_no_turn_is_begun_until_the_next_day() -> None:
    room = Room(budget=Budget(hard_tokens_day=30))
    room.do(ev.WallClock("2026-11-22"))
    room.ask()
    room.pass_time(3.0)
    assert room.conversation.mood is Mood.IDLE, "no follow-up either"
    room.ask()
    assert room.told("budget")[-1]["limit"] == "hard"
    [reply] = room.do(ev.Asked(1, ev.Talk()))
    assert isinstance(reply, Reply)
    assert "budget" in str(reply.body["error"])
    assert room.outcomes() == ["answered"]
    room.do(ev.WallClock("2026-11-23"))
    room.ask()
    room.pass_time(3.0)
    assert room.outcomes() == ["answered", "answered"]


def test_counts_that_come_after_their_turn_was_closed_are_booked_before_the_next() -> None:
    def late(room: Room, message: ms.ClientMessage) -> None:
        answers(room, message)
        if isinstance(message, ms.ActivityEnd):
            room.says(ms.Usage(1, 2, 33), delay_s=1.6)

    room = Room(late)
    room.ask()
    room.pass_time(12.0)
    room.ask()
    room.pass_time(3.0)
    assert room.conversation.ledger.shown()["today"]["total"] == 30 + 33 + 30 + 33  # type: ignore[index]


# -- the watchdog and the moods -----------------------------------------------------------------------


def test_no_beat_of_a_box_that_is_deaf() -> None:
    room = Room()
    room.pass_time(60.0)
    assert room.count(Beat) in (4, 5)
    room.pass_time(60.0, frames=False)
    assert room.count(Beat) <= 5
    room.do(ev.MicrophoneDown("it was unplugged"))
    room.pass_time(16.0, frames=False)
    assert room.count(Beat) in (5, 6), "a microphone that is known to be away is no reason to be killed"


def test_starting_until_the_microphone_is_open() -> None:
    conversation = Conversation(rules(), catalogue(), backoff)
    assert conversation.mood is Mood.STARTING
    assert conversation.handle(ev.Wake(), 0.0) == [Beat(), Show(Mood.STARTING, brightness=0)]
    assert Show(Mood.IDLE, brightness=0) in conversation.handle(ev.MicrophoneUp(), 1.0)


def test_connecting_while_the_line_is_dialled() -> None:
    room = Room(lambda room, message: None)
    room.ask()
    assert isinstance(room.conversation.turn.phase, Waiting)
    assert room.conversation.mood is Mood.CONNECTING


# -- a long life, and any life ------------------------------------------------------------------------


def test_an_hour_of_life() -> None:
    """Sixty questions, go-aways and drops between them: all are answered, and nothing grows."""

    def service(room: Room, message: ms.ClientMessage) -> None:
        answers(room, message)
        if isinstance(message, ms.Setup):
            room.says(ms.GoAway(50.0), delay_s=540.0)

    room = Room(service)
    for minute in range(60):
        if minute % 7 == 3:
            room.do(ev.LinkDown(room.promises.link, *DROPPED))
        room.ask()
        room.pass_time(3.0)
        room.pass_time(60.0 - 6.0, frames=False)
        room.effects = [(at, e) for at, e in room.effects if not isinstance(e, Send | Play)]
    assert room.outcomes() == ["answered"] * 60
    assert room.count(Dial) >= 8
    assert not room.conversation.uplink.is_waiting


times = st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.0, 5.0, 30.0, 700.0])
links = st.integers(-3, 6)  # below nought: to the brain on this machine
server_messages = st.one_of(
    st.sampled_from(
        [
            ms.SetupComplete(),
            CHUNK,
            ms.Words("a"),
            ms.Words("a", thought=True),
            ms.PersonSaid("a"),
            ms.ModelSaid("a"),
            ms.Interrupted(),
            ms.GenerationComplete(),
            ms.TurnComplete(),
            ms.Usage(1, 2, 3),
            ms.Resumption(None),
            ms.Resumption(ms.Handle("h")),
            ms.GoAway(0.0),
            ms.GoAway(50.0),
            ms.Unknown("x"),
            ms.ToolCallCancellation(("a", "b")),
        ]
    ),
    st.builds(
        lambda ids, args: ms.ToolCall(tuple(ms.FunctionCall(i, "set_lights", args) for i in ids)),
        st.lists(st.sampled_from("abc"), unique=True, max_size=3),
        st.sampled_from([{"names": ["all"], "power": "on"}, {"names": ["desk lamp"], "brightness": 9}, {}]),
    ),
)
happenings = st.one_of(
    st.tuples(st.just("speak"), times),
    st.tuples(st.just("quiet"), times),
    st.tuples(st.just("gone"), times),
    st.sampled_from(
        [
            ev.Pressed(),
            ev.Released(),
            ev.Wake(),
            ev.MicrophoneUp(),
            ev.MicrophoneDown("gone"),
            ev.SpeakerUp(),
            ev.SpeakerDown("gone"),
            ev.Garbled(1, "x"),
        ]
    ),
    st.builds(
        ev.LinkDown, links, st.sampled_from(ev.Cause), st.sampled_from([None, 1000, 1006, 1007, 1008, 1011])
    ),
    st.builds(ev.LinkUp, links),
    st.builds(ev.Drained, st.integers(0, 6), st.just(100)),
    st.builds(ev.Sounding, st.integers(0, 6)),
    st.builds(lambda link, several: (link, several), links, st.lists(server_messages, max_size=4)),
    st.sampled_from([ev.Talk(), ev.Talk(0.5), ev.Cancel(), ev.Status(), ev.Lights(), ev.Lights("all", "on")]),
    st.sampled_from([ev.Press(down=True), ev.Press(down=False)]),
    st.sampled_from([ev.Ask("a"), ev.Ask("a", speak=True), ev.Say("a")]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(happenings, max_size=40), st.booleans(), st.booleans(), st.booleans())
def test_any_life(life: list[object], always: bool, reachable: bool, brain: bool) -> None:
    """Whatever happens, in any order: it does not raise, and the promises of room.py hold."""
    room = Room(
        always_connected=always,
        reachable=reachable,
        manners=Manners(max_utterance_s=8.0),
        brain=answers if brain else None,
        offline=ms.Setup("brain", functions=catalogue().declarations(("BLOCKING",))),
    )
    asks = 0
    used: set[tuple[int, str]] = set()
    for happening in life:
        match happening:
            case ("speak" | "quiet" | "gone" as how, float() as seconds):
                frames = how != "gone" and seconds < 10
                room.promises.frames_since_beat |= not frames
                room.pass_time(seconds, speech=how == "speak", frames=frames)
            case (int() as link, list() as several):
                fresh = []
                for message in several:
                    if isinstance(message, ms.ToolCall):
                        ids = {(link, call.id) for call in message.calls}
                        if ids & used or not _calls(room, link):
                            continue
                        used |= ids
                    fresh.append(message)
                _cancelled(room, link, fresh)
                room.do(ev.Received(link, tuple(fresh)))
                _cancelled(room, link, fresh)  # a call and its cancellation may come in one frame
            case ev.Talk() | ev.Press() | ev.Ask() | ev.Say() | ev.Cancel() | ev.Status() | ev.Lights():
                asks += 1
                room.do(ev.Asked(asks, happening))
            case _:
                room.promises.frames_since_beat = True
                room.do(happening)  # type: ignore[arg-type]
        assert "\n" not in repr(room.conversation)
    room.promises.frames_since_beat = True
    room.pass_time(60.0, frames=False)
    assert room.promises.replied == set(range(1, asks + 1))
    assert not room.promises.open_calls
    assert room.promises.near is None or not room.promises.near.open_calls
    room.do(ev.Stop())
    assert room.promises.quit


def _cancelled(room: Room, link: int, messages: Sequence[object]) -> None:
    """None of these calls is waited for any more."""
    for message in messages:
        if isinstance(message, ms.ToolCallCancellation):
            for line in filter(None, (room.promises, room.promises.near)):
                line.open_calls -= {(abs(link), i) for i in message.ids}


def _calls(room: Room, link: int) -> bool:
    """Whether a function can be called by this link now."""
    if link < 0:
        near = room.promises.near
        return near is not None and near.link == -link and room.conversation.uplink.link == link
    return link == room.promises.link and room.conversation.session.link == link


def test_an_impossible_request_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        Room().do(ev.Asked(1, "dance"))  # type: ignore[arg-type]


def test_effects_are_values() -> None:
    effect: Effect = Dial(1)
    assert effect == Dial(1)


def test_a_session_outlives_a_restart_and_is_resumed() -> None:
    room = Room()
    room.do(ev.WallClock("2026-11-22", 1_800_000_000.0))
    room.ask()
    room.pass_time(4.0)
    [kept] = [e for _, e in room.effects if isinstance(e, Keep) and e.name == "session"]
    secret = kept.value["handle"]
    assert isinstance(secret, ms.Handle)
    assert secret.secret not in repr(kept)

    again = Room(former={"session": dict(kept.value) | {"handle": secret.secret}})
    again.do(ev.WallClock("2026-11-22", 1_800_000_600.0))
    again.ask()
    [setup] = again.sent(ms.Setup)
    assert isinstance(setup, ms.Setup)
    assert setup.resume == secret


def test_without_a_clock_no_session_is_kept() -> None:
    room = Room()
    room.do(ev.WallClock(""))
    room.ask()
    room.pass_time(4.0)
    assert not [e for _, e in room.effects if isinstance(e, Keep) and e.name == "session"]


def test_a_session_that_is_forgotten_is_not_kept_either() -> None:
    room = Room()
    room.do(ev.WallClock("2026-11-22", 1_800_000_000.0))
    room.ask()
    room.pass_time(4.0)
    room.do(ev.LinkDown(1, ev.Cause.CLOSED, 1011, "Internal error encountered."))
    assert [e for _, e in room.effects if isinstance(e, Keep) and e.name == "session"][-1].value == {}


def test_what_lights_show_is_kept_when_they_have_settled_and_at_the_end() -> None:
    lighting = Lighting([Lamp("lamp", Kind.SWITCH, restore=True)], {})
    box = Conversation(
        rules(), Catalogue(lighting, Timing(Catalogue(lighting), None), Farewell(), Volume(70)), backoff
    )

    def shown(on: bool, now: float) -> None:
        states = {"lamp": LightState(on=on)}
        lighting.done(states)
        box.handle(ev.LightsSet(FromModel(1, "fc_1", "set_lights"), states), now)

    def kept(effects: list[Effect]) -> list[object]:
        return [effect.value for effect in effects if isinstance(effect, Keep) and effect.name == "lights"]

    shown(True, 100.0)
    assert kept(box.handle(ev.Wake(), 129.0)) == []
    assert kept(box.handle(ev.Wake(), 130.0)) == [{"lights": {"lamp": {"power": "on"}}}]
    shown(False, 140.0)
    assert kept(box.handle(ev.Stop(), 141.0)) == [{"lights": {"lamp": {"power": "off"}}}]


def test_what_a_function_outside_reports_is_said_to_the_model() -> None:
    @function(NON_BLOCKING)
    def dig() -> None:
        """Dig."""

    room = Room(calls("dig"), beat_s=None)
    lighting = Lighting(LAMPS, {})
    timing = Timing(Catalogue(lighting))
    known = Catalogue(lighting, timing, Farewell(), Volume(70), Errands([made(dig)], 5.0))
    room.conversation = Conversation(rules(beat_s=None), known, backoff)
    room.do(ev.MicrophoneUp())
    room.ask()
    [run] = [e for _, e in room.effects if isinstance(e, Run)]
    room.do(ev.Reported(run.origin, {"holes": 2}))
    [told] = room.sent(ms.ToolResponse)
    assert isinstance(told, ms.ToolResponse)
    assert told.answers[0].response == {"holes": 2}
