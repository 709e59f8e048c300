"""Function calls: each is answered exactly once, or was cancelled, or its link is gone."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core import scenes
from appliance.core.calls import MOST_CALLS, TOO_LONG, Calls, fit
from appliance.core.catalogue import Capability, Catalogue
from appliance.core.changes import Change
from appliance.core.effects import Abandon, Effect, Keep, Reply, Send, SetLights, Tell
from appliance.core.events import Lights, LightsFailed, LightsSet, Reported, Scene
from appliance.core.functions import LIMIT_S, NON_BLOCKING, function
from appliance.core.lighting import Lamp, Lighting
from appliance.core.lights import FromModel, FromPerson, FromTimer, Kind, LightState, Origin
from appliance.core.messages import FunctionAnswer, FunctionCall, ToolCall, ToolCallCancellation, ToolResponse
from appliance.core.outcomes import Answer, Later, Outcome
from appliance.core.wire import encode
from tests.judge import judge_client

ON, OFF = LightState(on=True), LightState(on=False)
DIM = LightState(on=True, brightness=40)


def home() -> Calls:
    return Calls(Catalogue(Lighting([Lamp("fan", Kind.SWITCH), Lamp("spot", Kind.DIMMER)], {})))


def fan_on(id: str = "1") -> FunctionCall:
    return FunctionCall(id, "set_lights", {"names": ["fan"], "power": "on"})


def answer(response: dict[str, object], id: str = "1", name: str = "set_lights", link: int = 7) -> Send:
    return Send(link, ToolResponse((FunctionAnswer(id, name, response),)))


def orders(effects: list[Effect]) -> list[SetLights]:
    return [effect for effect in effects if isinstance(effect, SetLights)]


def answers(effects: list[Effect]) -> list[tuple[int, str]]:
    """Which calls are answered, by link and id; each as the service takes it."""
    found = []
    for effect in effects:
        if isinstance(effect, Send):
            assert isinstance(effect.message, ToolResponse)
            judge_client(encode(effect.message))
            found += [(effect.link, a.id) for a in effect.message.answers]
    return found


FAN_IS_ON = {"lights": {"fan": {"power": "on"}}}


def test_a_good_call_becomes_an_order_and_then_an_answer() -> None:
    calls = home()
    assert not calls.is_open
    assert calls.deadline() is None
    origin = FromModel(7, "1", "set_lights")
    assert calls.asked(7, ToolCall((fan_on(),)), 100.0) == [
        Tell("call", {"name": "set_lights", "args": {"names": ["fan"], "power": "on"}}),
        SetLights(origin, {"fan": ON}),
    ]
    assert calls.is_open
    assert calls.deadline() == 100.0 + LIMIT_S
    assert calls.set(LightsSet(origin, {"fan": ON})) == [
        Tell("lights", FAN_IS_ON),
        answer(FAN_IS_ON),
        Tell("answer", {"name": "set_lights", "response": FAN_IS_ON}),
    ]
    assert not calls.is_open
    assert calls.deadline() is None


def test_a_question_and_a_bad_call_are_answered_at_once() -> None:
    calls = home()
    told = ToolCall((FunctionCall("a", "get_lights", {"names": "fan"}), FunctionCall("b", "sing")))
    shown = {"lights": {"fan": {"power": "off"}}}
    error = {"error": "there is no function 'sing'; the functions are: set_lights, get_lights"}
    assert calls.asked(7, told, 100.0) == [
        Tell("call", {"name": "get_lights", "args": {"names": "fan"}}),
        answer(shown, "a", "get_lights"),
        Tell("answer", {"name": "get_lights", "response": shown}),
        Tell("call", {"name": "sing", "args": {}}),
        answer(error, "b", "sing"),
        Tell("answer", {"name": "sing", "response": error}),
    ]
    assert not calls.is_open


def test_the_second_call_of_a_message_builds_on_the_first() -> None:
    calls = home()
    dim = FunctionCall("1", "set_lights", {"names": "spot", "brightness": 40})
    off = FunctionCall("2", "set_lights", {"names": "spot", "power": "off"})
    [first, second] = orders(calls.asked(7, ToolCall((dim, off)), 100.0))
    assert first.states == {"spot": DIM}
    assert second.states == {"spot": LightState(on=False, brightness=40)}


def test_a_change_that_failed_is_answered_so_and_taken_back() -> None:
    calls = home()
    [order] = orders(calls.asked(7, ToolCall((fan_on(),)), 100.0))
    assert calls.lighting.states["fan"] == ON
    error = {"error": "the pin is taken"}
    assert calls.failed(LightsFailed(order.origin, "the pin is taken")) == [
        answer(error),
        Tell("answer", {"name": "set_lights", "response": error}),
    ]
    assert calls.lighting.states["fan"] == OFF
    assert not calls.is_open


def test_a_change_that_does_not_come_in_time_is_answered_once() -> None:
    calls = home()
    [order] = orders(calls.asked(7, ToolCall((fan_on(),)), 100.0))
    assert calls.wake(104.5) == []
    assert calls.wake(105.0)[0] == answer({"error": "the lights did not answer in time"})
    assert calls.wake(105.0) == []
    assert calls.set(LightsSet(order.origin, {"fan": ON})) == [Tell("lights", FAN_IS_ON)]
    assert calls.failed(LightsFailed(order.origin, "no")) == []


def test_a_cancelled_call_is_not_answered_though_the_light_is_set() -> None:
    calls = home()
    [first, second] = orders(calls.asked(7, ToolCall((fan_on("1"), fan_on("2"))), 100.0))
    calls.cancelled(8, ToolCallCancellation(("1",)))  # of another link: not ours
    calls.cancelled(7, ToolCallCancellation(("2", "3")))
    assert calls.set(LightsSet(second.origin, {"fan": ON})) == [Tell("lights", FAN_IS_ON)]
    assert answers(calls.set(LightsSet(first.origin, {"fan": ON}))) == [(7, "1")]
    assert calls.failed(LightsFailed(second.origin, "no")) == []


def test_the_calls_of_a_link_die_with_it_and_those_of_a_person_do_not() -> None:
    calls = home()
    [order] = orders(calls.asked(7, ToolCall((fan_on(),)), 100.0))
    [mine] = orders(calls.person(3, Lights("spot", "40"), 101.0))
    calls.line_down()
    assert not calls.is_open
    assert calls.deadline() == 106.0
    assert answers(calls.set(LightsSet(order.origin, {"fan": ON}))) == []
    assert calls.set(LightsSet(mine.origin, {"spot": DIM})) == [
        Tell("lights", {"lights": {"spot": {"power": "on", "brightness": 40}}}),
        Reply(3, {"ok": True, "lights": {"spot": {"power": "on", "brightness": 40}}}),
    ]


def test_a_person_does_not_gate_the_line_and_is_answered_in_time() -> None:
    calls = home()
    assert calls.person(3, Lights("spot", "40"), 100.0) == [SetLights(FromPerson(3), {"spot": DIM})]
    assert not calls.is_open
    assert calls.wake(105.0) == [Reply(3, {"ok": False, "error": "the lights did not answer in time"})]


def test_a_person_runs_a_scene() -> None:
    lighting = Lighting([Lamp("fan", Kind.SWITCH), Lamp("spot", Kind.DIMMER)], {})
    dinner = scenes.Scene("dinner", (("all", Change(power=True)), ("spot", Change(brightness=40))), 3.0)
    calls = Calls(Catalogue(lighting, scenes.Scenes(lighting, [dinner])))
    states = {"fan": ON, "spot": DIM}
    assert calls.person(3, Scene("Dinner"), 100.0) == [SetLights(FromPerson(3), states, 3.0)]
    assert calls.set(LightsSet(FromPerson(3), states))[-1] == Reply(3, {"ok": True, **lighting.shown()})
    [reply] = calls.person(4, Scene("diner"), 100.0)
    error = "there is no scene 'diner'; there are: dinner; did you mean 'dinner'?"
    assert reply == Reply(4, {"ok": False, "error": error})


def test_a_transition_goes_with_its_order() -> None:
    args = {"names": ["spot"], "brightness": 40, "transition_s": 2.5}
    effects = home().asked(7, ToolCall((FunctionCall("1", "set_lights", args),)), 100.0)
    assert orders(effects) == [SetLights(FromModel(7, "1", "set_lights"), {"spot": DIM}, 2.5)]
    assert home().person(3, Lights("spot", "40", 2.5), 1.0) == [SetLights(FromPerson(3), {"spot": DIM}, 2.5)]


def test_a_person_who_is_wrong_is_told_at_once() -> None:
    [reply] = home().person(3, Lights("fan", "40"), 100.0)
    assert reply == Reply(3, {"ok": False, "error": "the fan can only be on or off; dimmable: spot."})


def test_a_call_that_is_said_twice_is_answered_once() -> None:
    calls = home()
    effects = calls.asked(7, ToolCall((fan_on(), fan_on())), 100.0)
    [order] = orders(effects)
    assert answers(calls.set(LightsSet(order.origin, {"fan": ON}))) == [(7, "1")]


@pytest.mark.parametrize("count", [MOST_CALLS, MOST_CALLS + 1, 100])
def test_of_too_many_calls_the_rest_is_answered_with_an_error(count: int) -> None:
    calls = home()
    effects = calls.asked(7, ToolCall(tuple(fan_on(str(n)) for n in range(count))), 100.0)
    assert len(orders(effects)) == MOST_CALLS
    assert answers(effects) == [(7, str(n)) for n in range(MOST_CALLS, count)]


def test_a_message_without_calls_is_nothing() -> None:
    assert home().asked(7, ToolCall(()), 100.0) == []


def test_a_long_name_is_cut_where_it_is_shown_and_whole_where_it_is_answered() -> None:
    effects = home().asked(7, ToolCall((FunctionCall("1", "n" * 500),)), 100.0)
    assert [e.fields["name"] for e in effects if isinstance(e, Tell)] == ["n" * 64] * 2
    assert [e.message.answers[0].name for e in effects if isinstance(e, Send)] == ["n" * 500]  # type: ignore[union-attr]


def test_what_the_lights_show_is_known_though_nobody_waits_for_it_any_more() -> None:
    for forget in (
        lambda calls: calls.cancelled(7, ToolCallCancellation(("1",))),
        lambda calls: calls.wake(105.0),
        lambda calls: calls.line_down(),
    ):
        calls = home()
        calls.asked(7, ToolCall((FunctionCall("1", "set_lights", {"names": ["fan"], "power": "on"}),)), 100.0)
        forget(calls)
        assert calls.failed(LightsFailed(FromModel(7, "1", "set_lights"), "no bus")) == []
        assert calls.lighting.states["fan"] == OFF


def test_a_failed_order_does_not_undo_the_one_after_it() -> None:
    calls = home()
    asked = [
        FunctionCall("1", "set_lights", {"names": ["spot"], "power": "on"}),
        FunctionCall("2", "set_lights", {"names": ["spot"], "brightness": 40}),
    ]
    calls.asked(7, ToolCall(tuple(asked)), 100.0)
    calls.failed(LightsFailed(FromModel(7, "1", "set_lights"), "no bus"))
    calls.set(LightsSet(FromModel(7, "2", "set_lights"), {"spot": DIM}))
    assert calls.lighting.states["spot"] == DIM


# -- calls that are answered later, or not waited for --------------------------------------------------


class Kitchen(Capability):
    """Bakes; `first` is said at once, and `limit_s` is how long it may take."""

    def __init__(self, first: dict[str, object] | None = None, limit_s: float | None = None) -> None:
        self.first, self.limit_s = first, limit_s

    @function(NON_BLOCKING, "WHEN_IDLE", limit_s=20)
    def bake(self) -> Outcome:
        """Bake. Returns when it is done."""
        return Later((Keep("oven", {"on": True}),), self.first, self.limit_s)

    @function(NON_BLOCKING, "SILENT")
    def smell(self) -> Outcome:
        """Tell what it smells of."""
        return Answer({"smell": "bread"}, (Keep("nose", {}),))


BAKE = FromModel(7, "1", "bake")
BAKING = {"status": "baking"}
DONE = {"bread": 2}


def bakery(behaviors: tuple[str, ...], **kitchen: Any) -> Calls:
    """With `bake` called once, at 100."""
    catalogue = Catalogue(Lighting([Lamp("fan", Kind.SWITCH)], {}), Kitchen(**kitchen))
    calls = Calls(catalogue)
    calls.line_up(catalogue.declarations(behaviors))
    calls.first = calls.asked(7, ToolCall((FunctionCall("1", "bake"),)), 100.0)  # type: ignore[attr-defined]
    return calls


def said(effects: list[Effect]) -> list[FunctionAnswer]:
    """What the model is told, as the service takes it."""
    answers(effects)
    messages = [effect.message for effect in effects if isinstance(effect, Send)]
    return [answer for message in messages if isinstance(message, ToolResponse) for answer in message.answers]


def test_a_call_that_is_waited_for_is_answered_later_and_once() -> None:
    calls = bakery(("BLOCKING",))
    first = calls.first  # type: ignore[attr-defined]
    assert first == [Tell("call", {"name": "bake", "args": {}}), Keep("oven", {"on": True})]
    assert calls.is_open
    assert calls.is_waiting(BAKE)
    assert calls.deadline() == 120.0
    assert said(calls.answer(BAKE, DONE, more=True)) == [FunctionAnswer("1", "bake", DONE)]
    assert not calls.is_open
    assert not calls.is_waiting(BAKE)
    assert calls.answer(BAKE, DONE) == []


def test_a_call_that_is_not_waited_for_does_not_gate_the_line() -> None:
    calls = bakery(("BLOCKING", "NON_BLOCKING"))
    assert not calls.is_open
    assert calls.is_waiting(BAKE)
    assert said(calls.answer(BAKE, BAKING, more=True)) == [
        FunctionAnswer("1", "bake", BAKING, "WHEN_IDLE", will_continue=True)
    ]
    assert said(calls.answer(BAKE, DONE)) == [FunctionAnswer("1", "bake", DONE, "WHEN_IDLE")]
    assert calls.answer(BAKE, DONE) == []


def test_what_need_not_be_spoken_of_is_silent() -> None:
    calls = bakery(("NON_BLOCKING",))
    assert said(calls.reported(Reported(BAKE, {}, mute=True))) == [FunctionAnswer("1", "bake", {}, "SILENT")]
    calls = bakery(("BLOCKING",))
    assert said(calls.reported(Reported(BAKE, {}, mute=True))) == [FunctionAnswer("1", "bake", {})]


def test_a_line_is_kept_for_what_comes_before_long() -> None:
    assert not bakery(("BLOCKING",), first=BAKING).is_busy
    assert bakery(("BLOCKING",)).is_busy
    assert bakery(("NON_BLOCKING",)).is_busy
    assert not bakery(("NON_BLOCKING",), limit_s=math.inf).is_busy


def test_who_is_not_waited_for_any_more_is_told_so() -> None:
    assert bakery(("BLOCKING",)).cancelled(7, ToolCallCancellation(("1",))) == [Abandon(BAKE)]
    assert bakery(("NON_BLOCKING",)).line_down() == [Abandon(BAKE)]
    assert bakery(("NON_BLOCKING",)).wake(120.0)[0] == Abandon(BAKE)
    calls = home()
    calls.asked(7, ToolCall((fan_on(),)), 100.0)
    assert calls.line_down() == []


def test_what_was_done_though_it_was_cancelled_is_told_once() -> None:
    calls = bakery(("BLOCKING",))
    assert calls.take_notes() == ""
    calls.cancelled(7, ToolCallCancellation(("1",)))
    assert calls.answer(BAKE, DONE) == []
    assert calls.answer(BAKE, DONE) == []
    told = 'The call of bake that was cancelled had already been done: {"bread": 2}'
    assert calls.take_notes() == told
    assert calls.take_notes() == ""


def test_what_was_done_though_it_was_cancelled_is_told_with_the_next_answer() -> None:
    calls = bakery(("BLOCKING",))
    calls.cancelled(7, ToolCallCancellation(("1",)))
    calls.answer(BAKE, DONE)
    told = 'The call of bake that was cancelled had already been done: {"bread": 2}'
    [first] = said(calls.asked(7, ToolCall((FunctionCall("2", "smell"),)), 100.0))
    [second] = said(calls.asked(7, ToolCall((FunctionCall("3", "smell"),)), 100.0))
    assert first.response == {"smell": "bread", "note": told}
    assert second.response == {"smell": "bread"}


def test_what_failed_after_it_was_cancelled_is_not_told() -> None:
    calls = bakery(("BLOCKING",))
    calls.cancelled(7, ToolCallCancellation(("1",)))
    calls.answer(BAKE, {"error": "it burnt"})
    assert calls.take_notes() == ""


def test_only_so_many_cancelled_calls_are_remembered() -> None:
    calls = home()
    ids = tuple(str(number) for number in range(MOST_CALLS + 1))
    for id in ids:
        calls.asked(7, ToolCall((fan_on(id),)), 100.0)
        calls.cancelled(7, ToolCallCancellation((id,)))
    for id in ids:
        calls.set(LightsSet(FromModel(7, id, "set_lights"), {"fan": ON}))
    assert calls.take_notes().count("set_lights") == MOST_CALLS


@pytest.mark.parametrize(
    ("behaviors", "answer", "open"),
    [
        (("BLOCKING",), FunctionAnswer("1", "bake", BAKING), False),
        (("NON_BLOCKING",), FunctionAnswer("1", "bake", BAKING, "WHEN_IDLE", will_continue=True), True),
    ],
)
def test_what_is_known_at_once_is_said_at_once(
    behaviors: tuple[str, ...], answer: FunctionAnswer, open: bool
) -> None:
    calls = bakery(behaviors, first=BAKING)
    assert said(calls.first) == [answer]  # type: ignore[attr-defined]
    assert calls.is_waiting(BAKE) is open
    assert not calls.is_open


def test_an_answer_that_never_comes_is_an_error_in_time() -> None:
    calls = bakery(("NON_BLOCKING",))
    assert calls.wake(119.9) == []
    error = {"error": "bake did not answer in time"}
    assert said(calls.wake(120.0)) == [FunctionAnswer("1", "bake", error, "WHEN_IDLE")]
    assert bakery(("NON_BLOCKING",), limit_s=3).deadline() == 103.0
    assert bakery(("NON_BLOCKING",), limit_s=math.inf).deadline() == math.inf


def test_an_answer_at_once_is_said_as_its_function_wants() -> None:
    calls = bakery(("NON_BLOCKING",))
    effects = calls.asked(7, ToolCall((FunctionCall("2", "smell"),)), 100.0)
    assert Keep("nose", {}) in effects
    assert said(effects) == [FunctionAnswer("2", "smell", {"smell": "bread"}, "SILENT")]


def test_a_function_is_called_as_it_wants_where_the_line_does_not_say() -> None:
    calls = bakery(("NON_BLOCKING",))
    calls.line_down()
    calls.line_up(())
    calls.asked(8, ToolCall((FunctionCall("1", "bake"),)), 100.0)
    assert not calls.is_open
    assert calls.is_waiting(FromModel(8, "1", "bake"))


@pytest.mark.parametrize("sign", ["x", '"', "\\", "ü", "\U0001f35e"])
def test_an_answer_that_is_too_long_is_cut_and_says_so(sign: str) -> None:
    calls = bakery(("BLOCKING",))
    [answer] = said(calls.answer(BAKE, {"recipe": sign * 20_000}))
    assert answer.response["note"] == TOO_LONG
    assert str(answer.response["beginning"]).startswith('{"recipe": "')
    assert fit({"recipe": "x" * 5000}) == {"recipe": "x" * 5000}


# -- what a timer calls -------------------------------------------------------------------------------


def test_a_timer_switches_a_light_and_nobody_is_answered() -> None:
    calls = home()
    [order] = calls.timed(3, "set_lights", {"names": ["fan"], "power": "on"}, 100.0)
    assert order == SetLights(FromTimer(3), {"fan": ON})
    assert not calls.is_open
    calls.line_down()
    assert calls.set(LightsSet(FromTimer(3), {"fan": ON})) == [Tell("lights", FAN_IS_ON)]
    assert calls.deadline() is None


def test_what_a_timer_cannot_do_is_told() -> None:
    calls = home()
    [told] = calls.timed(3, "set_lights", {"names": ["moon"], "power": "on"}, 100.0)
    assert isinstance(told, Tell)
    assert (told.kind, told.fields["what"]) == ("trouble", "timer 3")
    assert "there is no light 'moon'" in str(told.fields["reason"])
    calls.timed(4, "set_lights", {"names": ["fan"], "power": "on"}, 100.0)
    assert calls.failed(LightsFailed(FromTimer(4), "no bus")) == [
        Tell("trouble", {"what": "timer 4", "reason": "no bus"})
    ]


# -- whatever happens -------------------------------------------------------------------------------

steps = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(1, 3)),
        st.tuples(st.just("bad"), st.integers(1, 2)),
        st.tuples(st.just("person"), st.sampled_from(["fan", "spot", "cow"])),
        st.tuples(st.sampled_from(["set", "fail", "cancel", "again"]), st.integers(0, 9)),
        st.tuples(st.just("line"), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 12)),
    ),
    max_size=40,
)


class Life:
    """Calls under random events; what was asked, answered, cancelled and lost is written down."""

    def __init__(self) -> None:
        self.calls = home()
        self.now, self.link, self.next_id, self.next_ask = 0.0, 1, 0, 0
        self.asked: set[tuple[int, str]] = set()
        self.excused: set[tuple[int, str]] = set()
        self.answered: Counter[tuple[int, str]] = Counter()
        self.replied: Counter[int] = Counter()
        self.origins: list[Origin] = []

    def do(self, kind: str, value: object) -> None:
        effects: list[Effect] = []
        match kind, value:
            case (("ask" | "bad"), int(count)):
                made = []
                for _ in range(count):
                    self.next_id += 1
                    self.asked.add((self.link, str(self.next_id)))
                    made.append(
                        fan_on(str(self.next_id)) if kind == "ask" else FunctionCall(str(self.next_id), "x")
                    )
                effects = self.calls.asked(self.link, ToolCall(tuple(made)), self.now)
            case "person", str(name):
                self.next_ask += 1
                effects = self.calls.person(self.next_ask, Lights(name, "on"), self.now)
            case "line", _:
                self.calls.line_down()
                self.excused |= {key for key in self.asked if key[0] == self.link} - self.answered.keys()
                self.link += 1
            case "wait", int(halves):
                self.now += halves / 2
                effects = self.calls.wake(self.now)
            case _, int(number) if self.origins:
                effects = self.about(kind, self.origins[number % len(self.origins)])
        self.note(effects)

    def about(self, kind: str, origin: Origin) -> list[Effect]:
        """Something happens to a call that was ordered, maybe long ago."""
        match kind, origin:
            case "set", _:
                return self.calls.set(LightsSet(origin, {"fan": ON}))
            case "fail", _:
                return self.calls.failed(LightsFailed(origin, "no"))
            case "cancel", FromModel(link, id, _) if link == self.link:
                if (link, id) not in self.answered:
                    self.excused.add((link, id))
                self.calls.cancelled(link, ToolCallCancellation((id,)))
            case "again", FromModel(link, id, _) if (link, id) not in self.answered and link == self.link:
                if (link, id) not in self.excused:
                    return self.calls.asked(link, ToolCall((fan_on(id),)), self.now)
        return []

    def note(self, effects: list[Effect]) -> None:
        for key in answers(effects):
            assert key in self.asked
            assert key not in self.excused, "nobody waits for this answer"
            assert key[0] == self.link
            self.answered[key] += 1
        self.replied.update(effect.ask for effect in effects if isinstance(effect, Reply))
        self.origins += [order.origin for order in orders(effects)]


@settings(max_examples=200)
@given(steps)
def test_every_call_is_answered_exactly_once_or_excused(script: list[tuple[str, object]]) -> None:
    life = Life()
    for kind, value in script:
        life.do(kind, value)
        due = life.calls.deadline()
        assert due is None or kind != "wait" or due > life.now
    life.do("wait", 100)
    assert life.calls.deadline() is None
    assert not life.calls.is_open
    assert set(life.answered) | life.excused == life.asked
    assert not set(life.answered) & life.excused
    assert set(life.answered.values()) <= {1}
    assert life.replied == Counter(range(1, life.next_ask + 1))
