"""The pump: in order, on time, and nothing lost but frames."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from appliance.core import events as ev
from appliance.core.catalogue import Catalogue
from appliance.core.conversation import Conversation
from appliance.core.earcons import Earcon
from appliance.core.effects import Effect, Keep
from appliance.core.eye import Eye, Sight
from appliance.core.farewell import Farewell
from appliance.core.gesture import Grip
from appliance.core.glow import Shine
from appliance.core.lighting import Lighting
from appliance.core.lights import LightState, Origin
from appliance.core.messages import (
    ActivityEnd,
    ActivityStart,
    Audio,
    ClientMessage,
    ModelSaid,
    PersonSaid,
    Setup,
    SetupComplete,
    TurnComplete,
)
from appliance.core.mood import Mood
from appliance.core.recollection import Remember
from appliance.core.timing import Timing
from appliance.core.volume import Volume
from appliance.pump import MOST_WAITING, Clock, Pump, World

from .core.room import LAMPS, backoff, catalogue, rules

FRAME = b"\1\0" * 320
LOUD = b"\0\x40" * 320
LIMIT_S = 10.0


class Recorder:
    """All hands at once: it performs nothing and remembers everything."""

    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def dial(self, link: int) -> None:
        self.done.append(("dial", link))

    def send(self, link: int, message: ClientMessage) -> None:
        self.done.append(("send", link, message))

    def hang(self, link: int, *, at_once: bool = False) -> None:
        self.done.append(("hang", link))

    def play(self, turn: int, pcm: bytes, rate_hz: int) -> None:
        self.done.append(("play", turn))

    def finish(self, turn: int) -> None:
        self.done.append(("finish", turn))

    def flush(self, turn: int) -> None:
        self.done.append(("flush", turn))

    def chime(self, earcon: Earcon, repeats: int, notice: str) -> None:
        self.done.append(("chime", earcon, repeats, notice))

    def hush(self) -> None:
        self.done.append(("hush",))

    def run(self, origin: Origin, name: str, args: Mapping[str, object]) -> None:
        self.done.append(("run", origin, name, args))

    def abandon(self, origin: Origin) -> None:
        self.done.append(("abandon", origin))

    def doze(self, *, on: bool) -> None:
        self.done.append(("doze", on))

    def loud(self, level: int) -> None:
        self.done.append(("loud", level))

    def look(self) -> None:
        self.done.append(("look",))

    def set(self, origin: Origin, states: dict[str, LightState], transition_s: float) -> None:
        self.done.append(("set", origin, states, transition_s))

    def reply(self, ask: int, body: Mapping[str, object]) -> None:
        self.done.append(("reply", ask, body["ok"]))

    def tell(self, kind: str, fields: Mapping[str, object]) -> None:
        self.done.append(("tell", kind))

    def save(self, name: str, value: object, *, soon: bool) -> None:
        self.done.append(("save", name))

    def remove(self, name: str) -> None:
        self.done.append(("remove", name))

    def status(self, text: str) -> None:
        self.done.append(("status", text))

    def beat(self) -> None:
        self.done.append(("beat",))

    def power_off(self) -> None:
        self.done.append(("power off",))

    def muffle(self, *, on: bool) -> None:
        self.done.append(("muffle", on))

    def show(self, mood: Mood, fault: str, brightness: int) -> None:
        self.done.append(("show", mood, brightness))

    def glow(self, level: int) -> None:
        self.done.append(("glow", level))

    def of(self, what: str) -> list[tuple[object, ...]]:
        return [done for done in self.done if done[0] == what]


def pump_of(clock: Clock | None = None, **changes: object) -> tuple[Pump, Recorder, World]:
    recorder = Recorder()
    pump = Pump(Conversation(rules(**changes), catalogue(), backoff), clock)
    return pump, recorder, World(*[recorder] * 8)


def run(pump: Pump, world: World) -> None:
    asyncio.run(asyncio.wait_for(pump.run(world), LIMIT_S))


def test_every_effect_reaches_its_hand() -> None:
    from appliance.core.messages import ModelSaid, Speech, TurnComplete

    pump, recorder, world = pump_of()
    for event in (
        ev.MicrophoneUp(),
        ev.Asked(1, ev.Talk(0.1)),
        ev.LinkUp(1),
        ev.Received(1, (SetupComplete(),)),
        ev.Heard(FRAME, 0, speech=9),
        ev.Heard(FRAME, 1, speech=9),
        ev.Asked(2, ev.Lights("desk lamp", "on")),
        ev.Asked(4, ev.Volume(40)),
        ev.Asked(3, ev.Cancel()),
        ev.Received(1, (TurnComplete(), Speech(FRAME, 24_000), ModelSaid("a"), TurnComplete())),
        ev.Pressed(),
        ev.Stop(),
    ):
        pump.post(event)
    run(pump, world)
    sent = [type(done[2]) for done in recorder.of("send")]
    assert sent == [Setup, ActivityStart, Audio, ActivityEnd]
    assert [done[1:] for done in recorder.of("reply")] == [(1, True), (4, True), (3, True), (2, False)]
    for what in ("dial", "play", "finish", "flush", "set", "tell", "status", "beat", "hang", "save", "loud"):
        assert recorder.of(what), what


def test_a_ring_and_a_look_at_the_clock_reach_their_hands() -> None:
    epoch_s = 1_795_638_600.0
    rang = {"number": 1, "name": "", "deed": None, "left_s": 5, "epoch_s": epoch_s - 5}
    soon = {"number": 2, "name": "", "deed": None, "local_s": epoch_s + 0.05, "daily": False}
    recorder = Recorder()
    pump = Pump(Conversation(rules(beat_s=None), catalogue({"timers": [rang, soon]}), backoff))

    def watch(event: ev.Event, effects: tuple[Effect, ...], now: float) -> None:
        if recorder.of("look"):
            pump.post(ev.Stop())

    pump.watchers.append(watch)
    pump.post(ev.WallClock("2026-11-25", epoch_s))
    pump.post(ev.Pressed())
    run(pump, World(*[recorder] * 8))
    done = [done for done in recorder.done if done[0] in ("chime", "hush", "look")]
    assert done == [("chime", Earcon.TIMER, 30, ""), ("hush",), ("look",)]


def test_a_function_of_a_third_party_is_run_and_abandoned() -> None:
    from appliance.core.errands import Errands
    from appliance.core.functions import function, made
    from appliance.core.lights import FromModel
    from appliance.core.messages import FunctionCall, ToolCall, ToolCallCancellation

    @function()
    def dig(holes: int) -> None:
        """Dig."""

    recorder = Recorder()
    lighting = Lighting(LAMPS, {})
    known = Catalogue(
        lighting, Timing(Catalogue(lighting)), Farewell(), Volume(70), Errands([made(dig)], 5.0)
    )
    pump, world = Pump(Conversation(rules(), known, backoff)), World(*[recorder] * 8)
    for event in (
        ev.MicrophoneUp(),
        ev.Asked(1, ev.Talk(0.1)),
        ev.LinkUp(1),
        ev.Received(1, (SetupComplete(),)),
        ev.Received(1, (ToolCall((FunctionCall("a", "dig", {"holes": 2}),)),)),
        ev.Received(1, (ToolCallCancellation(("a",)),)),
        ev.Stop(),
    ):
        pump.post(event)
    run(pump, world)
    origin = FromModel(1, "a", "dig")
    assert recorder.of("run") == [("run", origin, "dig", {"holes": 2})]
    assert recorder.of("abandon") == [("abandon", origin)]


class Settings:
    def __init__(self) -> None:
        self.asked: list[int] = []

    def reread(self, ask: int) -> None:
        self.asked.append(ask)


@pytest.mark.parametrize("there", [True, False])
def test_settings_are_read_again_where_there_are_any(there: bool) -> None:
    settings, recorder = Settings(), Recorder()
    pump, _, _ = pump_of(Clock())
    for event in (ev.Asked(7, ev.Reload()), ev.Stop()):
        pump.post(event)
    run(pump, World(*[recorder] * 8, settings=settings if there else None))
    assert settings.asked == ([7] if there else [])
    assert [done for done in recorder.of("reply") if done[1] == 7] == ([] if there else [("reply", 7, False)])


def test_deadlines_are_kept_without_events() -> None:
    pump, recorder, world = pump_of(Clock(speed=100.0))
    pump.post(ev.MicrophoneUp())
    pump.post(ev.Asked(1, ev.Talk()))
    moods: list[str] = []

    def watch(event: ev.Event, effects: tuple[Effect, ...], now: float) -> None:
        moods.append(str(pump.conversation.mood))
        if isinstance(event, ev.Wake) and moods[-1] != "listening" and "listening" in moods:
            pump.post(ev.Stop())

    pump.watchers.append(watch)
    run(pump, world)
    assert recorder.of("tell"), "nobody spoke, and it says so"


def test_a_flood_drops_frames_and_counts_them() -> None:
    pump, _, world = pump_of()
    for index in range(MOST_WAITING + 7):
        pump.post(ev.Heard(FRAME, index, speech=0))
    pump.post(ev.Pressed())
    heard: list[ev.Event] = []

    async def life() -> None:
        drained = asyncio.Event()

        def watch(event: ev.Event, effects: tuple[Effect, ...], now: float) -> None:
            heard.append(event)
            if len(heard) >= MOST_WAITING:
                drained.set()

        pump.watchers.append(watch)
        running = asyncio.create_task(pump.run(world))
        await drained.wait()
        pump.post(ev.Heard(FRAME, MOST_WAITING + 7, speech=0))
        pump.post(ev.Stop())
        await running

    asyncio.run(asyncio.wait_for(life(), LIMIT_S))
    last = [event for event in heard if isinstance(event, ev.Heard)][-1]
    assert last.lost == 7
    assert ev.Pressed() in heard, "only frames are ever dropped"


def test_a_bug_in_the_core_is_not_hidden() -> None:
    pump, _, world = pump_of()
    pump.post("nonsense")  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        run(pump, world)


def test_a_clock_that_runs_fast() -> None:
    clock = Clock(speed=10.0)
    assert clock.real(5.0) == 0.5
    before = clock.now()
    assert clock.now() >= before


def test_what_is_empty_is_not_kept_but_removed() -> None:
    pump, recorder, world = pump_of(remember=Remember("disk"))
    answer = (SetupComplete(), PersonSaid("Hello?"), ModelSaid("Yes."), TurnComplete())
    for event in (ev.MicrophoneUp(), ev.Asked(1, ev.Ask("Hello?")), ev.LinkUp(1), ev.Received(1, answer)):
        pump.post(event)
    pump.post(ev.Drained(1, 0))
    pump.post(ev.Stop())
    run(pump, world)
    assert ("save", "memory") in recorder.of("save")
    assert not recorder.of("remove")
    assert pump._perform(Keep("memory", {}), world) is False
    assert recorder.of("remove") == [("remove", "memory")]


class Lens:
    def __init__(self) -> None:
        self.done: list[tuple[object, ...]] = []

    def look(self, look: int, every_s: float | None = None) -> None:
        self.done.append(("look", look, every_s))

    def look_away(self, look: int) -> None:
        self.done.append(("look away", look))


@pytest.mark.parametrize("there", [True, False])
def test_the_camera_looks_while_the_box_listens(there: bool) -> None:
    pump, lens = Pump(Conversation(rules(), catalogue(None, Eye(Sight(0.5))), backoff)), Lens()
    for event in (ev.MicrophoneUp(), ev.Asked(1, ev.Talk()), ev.Asked(2, ev.Cancel()), ev.Stop()):
        pump.post(event)
    run(pump, World(*[Recorder()] * 8, camera=lens if there else None))
    assert lens.done == ([("look", 1, 0.5), ("look away", 1)] if there else [])


def test_the_status_light_and_the_mute_have_their_hands_if_there_are_any() -> None:
    for there in (True, False):
        pump, recorder, _ = pump_of(shine=Shine(), very_long="poweroff", grip=Grip(0.4, 0.3, 3.0, 10.0, 15.0))
        for event in (ev.MicrophoneUp(), ev.Asked(1, ev.Talk()), *(ev.Heard(LOUD, n, 0) for n in range(5))):
            pump.post(event)
        for event in (ev.Asked(2, ev.Mute(on=True)), ev.Stop()):
            pump.post(event)
        hands = {"ears": recorder, "beacon": recorder} if there else {}
        run(pump, World(*[recorder] * 8, **hands))
        assert recorder.of("muffle") == ([("muffle", True)] if there else [])
        assert recorder.of("doze") == [("doze", True)]
        assert recorder.of("glow") == ([("glow", 10)] if there else [])
        shown = [done[1] for done in recorder.of("show")]
        assert shown == ([Mood.IDLE, Mood.LISTENING, Mood.MUTED] if there else [])


def test_a_machine_is_switched_off_by_its_manager() -> None:
    pump, recorder, world = pump_of(
        Clock(speed=100.0), very_long="poweroff", grip=Grip(0.4, 0.3, 3.0, 10.0, 15.0)
    )
    pump.post(ev.MicrophoneUp())
    pump.post(ev.Pressed())

    def watch(event: ev.Event, effects: tuple[Effect, ...], now: float) -> None:
        if recorder.of("power off"):
            pump.post(ev.Stop())

    pump.watchers.append(watch)
    run(pump, world)
    assert recorder.of("power off") == [("power off",)]
