"""What can be said, and what it means: sentences to calls, made from any declarations."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.standin.abilities import abilities_in
from appliance.standin.automaton import automaton_of
from appliance.standin.grammar import grammar_for, normalised, number_words, requests_in
from appliance.standin.jsgf import Grammar

from .caller import DECLARATIONS

ABILITIES = abilities_in(DECLARATIONS)
GRAMMAR = grammar_for(ABILITIES)


def calls(text, abilities=ABILITIES, grammar=GRAMMAR):
    tags = grammar.tags(normalised(text))
    if tags is None:
        return None
    found = [r.call(abilities) for r in requests_in(tags, abilities.names)]
    return [(c.name, c.args) for c in found if c]


def switched(*names, **more):
    return ("set_lights", {"names": list(names), **more})


SENTENCES = {
    "Turn on the kitchen light.": [switched("kitchen light", power="on")],
    "switch the kitchen light off": [switched("kitchen light", power="off")],
    "kitchen light off": [switched("kitchen light", power="off")],
    "Please turn off the bedroom lamp!": [switched("bedroom lamp", power="off")],
    "can you please turn on the bedroom light": [switched("bedroom lamp", power="on")],
    "set the desk lamp to 50%": [switched("desk lamp", brightness=50)],
    "set the desk lamp to seventy-five percent": [switched("desk lamp", brightness=75)],
    "dim the desk lamp to twenty percent": [switched("desk lamp", brightness=20)],
    "dim the desk lamp": [switched("desk lamp", brightness=30)],
    "turn the desk lamp up to one hundred percent": [switched("desk lamp", brightness=100)],
    "set the desk lamp to half": [switched("desk lamp", brightness=50)],
    "make the bedroom lamp red": [switched("bedroom lamp", colour="red")],
    "colour the bedroom lamp blue": [switched("bedroom lamp", colour="blue")],
    "turn off all the lights": [switched("all", power="off")],
    "everything off": [switched("all", power="off")],
    "lights on": [switched("all", power="on")],
    "turn on the kitchen light and the desk lamp": [switched("kitchen light", "desk lamp", power="on")],
    "turn on the kitchen light and turn off the desk lamp": [
        switched("kitchen light", power="on"),
        switched("desk lamp", power="off"),
    ],
    "which lights are on": [("get_lights", {})],
    "what lights do I have?": [("get_lights", {})],
    "Is the kitchen light on?": [("get_lights", {"names": ["kitchen light"]})],
    "how bright is the desk lamp": [("get_lights", {"names": ["desk lamp"]})],
    "what colour is the bedroom lamp": [("get_lights", {"names": ["bedroom lamp"]})],
    "what can you do": [],
    "what is the weather": None,
    "turn on the television": None,
    "turn on": None,
    "": None,
    "set the desk lamp to 900 percent": None,
}


@pytest.mark.parametrize("text", SENTENCES)
def test_sentence(text):
    assert calls(text) == SENTENCES[text]


def declared(names, **properties):
    things = {"type": "ARRAY", "items": {"type": "STRING", "enum": names}}
    schema = {"type": "OBJECT", "properties": {"which": things} | properties}
    return [{"name": "Schalter", "description": "x", "parameters": schema}]


POWER = {"state": {"type": "STRING", "enum": ["on", "off"]}}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Küche", "turn on the küche"),
        ("Lamp 2", "turn on the lamp 2"),
        ("a|b <c> {d}; (e) [f]*", "turn on a b c d e f"),
        ("o'hara", "o'hara on"),
        ("café-bar", "switch the café bar on"),
    ],
)
def test_names_of_any_kind(name, said):
    declarations = declared([name, "the other one"], **POWER)
    abilities = abilities_in(declarations)
    found = calls(said, abilities, grammar_for(abilities))
    assert found == [("Schalter", {"which": [name], "state": "on"})]


def test_names_that_only_differ_in_their_kind_are_kept_apart():
    abilities = abilities_in(declared(["desk lamp", "desk light"], **POWER))
    grammar = grammar_for(abilities)
    assert calls("desk light on", abilities, grammar)[0][1]["which"] == ["desk light"]
    assert calls("desk on", abilities, grammar) is None


def test_all_is_spelled_out_where_it_is_not_declared():
    abilities = abilities_in(declared(["a lamp", "b lamp"], **POWER))
    assert calls("everything off", abilities, grammar_for(abilities))[0][1]["which"] == ["a lamp", "b lamp"]


def test_nothing_is_offered_that_is_not_declared():
    abilities = abilities_in(declared(["desk lamp"], **POWER))
    grammar = grammar_for(abilities)
    for text in ("make the desk lamp red", "dim the desk lamp", "which lights are on"):
        assert calls(text, abilities, grammar) is None


@pytest.mark.parametrize(
    "declarations",
    [
        [],
        [{"name": "f", "description": "x"}],
        [{"name": "f", "description": "x", "parameters": {"type": "STRING"}}],
        [{"name": "f", "parametersJsonSchema": {"type": "object", "properties": {"x": {"type": "string"}}}}],
        [{"name": "f", "parametersJsonSchema": [1]}],
        [
            {
                "name": "f",
                "parametersJsonSchema": {"properties": {"x": {"type": "array", "items": 5, "enum": 7}}},
            }
        ],
        declared([""], **POWER),
        declared(["???"], **POWER),
    ],
)
def test_other_functions_do_no_harm(declarations):
    abilities = abilities_in(declarations)
    grammar = grammar_for(abilities)
    assert grammar is None or grammar.tags(["hello"]) is None


schemas = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["ARRAY", "STRING", "on"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "items", "enum", "required", "names", "brightness"]), inner
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["type", "properties", "required"]), schemas) | schemas)
def test_no_schema_breaks_it(schema):
    declarations = [{"name": "f", "parametersJsonSchema": schema}]
    grammar = grammar_for(abilities_in(declarations))
    assert grammar is None or grammar.tags(["hello"]) is None


def test_json_schema_declarations():
    schema = {
        "type": "object",
        "properties": {
            "lamp": {"type": "string", "enum": ["desk"]},
            "power": {"type": "string", "enum": ["on", "off"]},
        },
    }
    abilities = abilities_in([{"name": "f", "parametersJsonSchema": schema}])
    assert calls("desk on", abilities, grammar_for(abilities)) == [("f", {"lamp": "desk", "power": "on"})]


def test_every_number():
    for number in range(101):
        words = " ".join(number_words(number))
        assert calls(f"set the desk lamp to {words} percent") == [switched("desk lamp", brightness=number)]


def test_automaton_says_what_the_grammar_says():
    automaton = automaton_of(GRAMMAR)
    after = {}
    for start, end, word in automaton.steps:
        after.setdefault(start, []).append((end, word))
    chance = random.Random(3)
    for _ in range(300):
        state, words = 0, []
        while state != automaton.states - 1 and len(words) < 25:
            state, word = chance.choice(after[state])
            words += [word] if word else []
        if state == automaton.states - 1:
            assert GRAMMAR.tags(words) is not None


def test_automaton_is_small_and_takes_the_sentences():
    automaton = automaton_of(GRAMMAR)
    assert automaton.states < 250
    after = {(start, word): end for start, end, word in automaton.steps}
    for text, meaning in SENTENCES.items():
        state = 0
        for word in normalised(text):
            state = after.get((state, word), -1)
        assert ((state, "") in after) == (meaning is not None)


def test_unbalanced_grammar():
    with pytest.raises(ValueError, match="unbalanced"):
        Grammar({"x": "a ) b"}, "x")


TIMERS = [
    {
        "name": "wait",
        "parameters": {
            "type": "OBJECT",
            "properties": {
                "seconds": {"type": "NUMBER"},
                "lights": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["kitchen light"]}},
                "power": {"type": "STRING", "enum": ["on", "off"]},
            },
        },
    },
    {"name": "list_timers"},
    {"name": "cancel_timer"},
    {"name": "cancel_everything"},
]


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("Set a timer for five minutes.", ("wait", {"seconds": 300})),
        ("please set a timer for 90 seconds", ("wait", {"seconds": 90})),
        ("start a twenty five minute timer", ("wait", {"seconds": 1500})),
        ("set a timer for half an hour", ("wait", {"seconds": 1800})),
        ("set a timer for an hour", ("wait", {"seconds": 3600})),
        ("set the timer for two hours", ("wait", {"seconds": 7200})),
        ("cancel the timer", ("cancel_timer", {})),
        ("stop my timer", ("cancel_timer", {})),
        ("how long is left", ("list_timers", {})),
        ("How much time is left on the timer?", ("list_timers", {})),
    ],
)
@pytest.mark.parametrize("besides", [[], DECLARATIONS])
def test_timers(text, call, besides):
    abilities = abilities_in([*besides, *TIMERS])
    assert calls(text, abilities, grammar_for(abilities)) == [call]


def test_lights_are_switched_by_what_switches_lights_and_not_by_a_timer():
    for declarations in ([*DECLARATIONS, *TIMERS], [*TIMERS, *DECLARATIONS]):
        abilities = abilities_in(declarations)
        grammar = grammar_for(abilities)
        assert calls("turn on the kitchen light", abilities, grammar) == [
            switched("kitchen light", power="on")
        ]
        assert calls("turn it off and set a timer for a minute", abilities, grammar) is None


def test_what_timers_cannot_do_is_not_called():
    abilities = abilities_in(TIMERS[:1])
    assert calls("cancel the timer", abilities, grammar_for(abilities)) == []
    assert grammar_for(abilities_in([{"name": "list_timers"}])) is None


# -- effects, transitions and scenes ------------------------------------------------------------------


def home_with_scenes():
    names = {"type": "ARRAY", "items": {"type": "STRING", "enum": ["desk lamp", "bedroom lamp", "all"]}}
    properties = {
        "names": names,
        "power": {"type": "STRING", "enum": ["on", "off"]},
        "brightness": {"type": "NUMBER"},
        "effect": {"type": "STRING", "enum": ["none", "blink", "breathe"]},
        "transition_s": {"type": "NUMBER"},
    }
    scene = {"name": {"type": "STRING", "enum": ["good night", "movie"]}}
    return [
        {"name": "set_lights", "parameters": {"type": "OBJECT", "properties": properties}},
        {"name": "get_lights", "parameters": {"type": "OBJECT", "properties": {"names": names}}},
        {"name": "run_scene", "parameters": {"type": "OBJECT", "properties": scene, "required": ["name"]}},
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Good night!", [("run_scene", {"name": "good night"})]),
        ("activate the movie scene", [("run_scene", {"name": "movie"})]),
        ("please run scene good night", [("run_scene", {"name": "good night"})]),
        ("let the desk lamp breathe", [switched("desk lamp", effect="breathe")]),
        ("make the bedroom lamp pulse slowly", [switched("bedroom lamp", effect="breathe", transition_s=5)]),
        ("make all lights blink", [switched("all", effect="blink")]),
        (
            "dim the desk lamp to twenty percent slowly",
            [switched("desk lamp", brightness=20, transition_s=5)],
        ),
        ("turn off the desk lamp gently", [switched("desk lamp", power="off", transition_s=5)]),
        ("turn on the movie", None),
        ("which lights are on", [("get_lights", {})]),
    ],
)
def test_effects_transitions_and_scenes(text, expected):
    abilities = abilities_in(home_with_scenes())
    assert abilities.names == ("desk lamp", "bedroom lamp")
    assert calls(text, abilities, grammar_for(abilities)) == expected


def test_what_is_not_declared_is_not_understood():
    assert calls("let the desk lamp breathe") is None
    assert calls("turn on the desk lamp slowly") is None
    assert calls("good night") is None
