"""Whatever did not happen is named; when all of it did, nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.demo.clips import Call, Clip
from appliance.demo.exchange import Exchange
from appliance.demo.proof import Witness

from .sounds import packed, tone

CALL = Call("set_lights", {"names": ["kitchen light"], "power": "on"})
CLIP = Clip("on.wav", bytes(32_000), "turn on the kitchen light", (CALL,))
DARK = {"kitchen light": (0.0,), "desk lamp": (0.0,), "bedroom lamp": (0.0, 0.0, 0.0)}
SPEECH = packed(tone(24_000), 2)
GOOD = Exchange(
    name="on.wav",
    transcript="Turn on the kitchen light.",
    words="The kitchen light is on.",
    calls=[CALL],
    answers=[{"lights": {}}],
    outcome="answered",
    levels={**DARK, "kitchen light": (1.0,)},
    sent=b"speech",
    heard=b"speech",
    answer=SPEECH,
    said=SPEECH,
)


def test_nothing_is_missed_when_all_of_it_happened() -> None:
    assert Witness().missed(CLIP, GOOD) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"outcome": "no answer"}, "the turn was not answered but ended as: no answer"),
        ({"heard": b"", "sent": b""}, "no speech reached the other side"),
        ({"heard": b"spee"}, "what the other side heard is not what was sent"),
        ({"said": b"", "answer": b""}, "0.0 seconds of answer were played"),
        ({"said": bytes(48_000), "answer": bytes(48_000)}, "is silence"),
        ({"said": SPEECH[:-960]}, "not what the other side said"),
        ({"words": ""}, "without its words"),
        ({"transcript": "Turn off the kitchen light."}, "heard 'turn off the kitchen light' instead of"),
        ({"calls": [], "levels": DARK}, "called nothing instead of set_lights"),
        ({"calls": [CALL, CALL]}, "instead of set_lights"),
        ({"answers": [{"error": "broken"}]}, "answered with an error: broken"),
        ({"answers": []}, "1 calls had 0 answers"),
        ({"levels": DARK}, "the pins of the kitchen light are at 0% instead of 100%"),
    ],
)
def test_whatever_did_not_happen_is_named(change: dict[str, object], says: str) -> None:
    found = Witness().missed(CLIP, replace(GOOD, **change))  # type: ignore[arg-type]
    assert len(found) == 1
    assert says in found[0]


def test_a_refusal_calls_nothing() -> None:
    refused = Clip("weather.wav", bytes(32_000), "", ())
    spoken = replace(GOOD, calls=[], answers=[], transcript="", levels=DARK)
    assert Witness().missed(refused, spoken) == []
    (found,) = Witness().missed(refused, GOOD)
    assert "instead of nothing" in found


@pytest.mark.parametrize(
    ("args", "levels"),
    [
        ({"names": ["desk lamp"], "brightness": 20}, {"desk lamp": (0.2,)}),
        ({"names": ["bedroom lamp"], "colour": "red"}, {"bedroom lamp": (1.0, 0.0, 0.0)}),
        (
            {"names": ["bedroom lamp"], "colour": "#ff8000", "brightness": 50},
            {"bedroom lamp": (0.5, 0.251, 0.0)},
        ),
        (
            {"names": ["all"], "power": "on"},
            {"kitchen light": (1.0,), "desk lamp": (1.0,), "bedroom lamp": (1.0, 1.0, 1.0)},
        ),
        ({"names": ["all"], "brightness": 0}, {}),
    ],
)
def test_lamps_are_reckoned(args: dict[str, object], levels: dict[str, tuple[float, ...]]) -> None:
    call = Call("set_lights", args)
    clip = replace(CLIP, calls=(call,))
    assert Witness().missed(clip, replace(GOOD, calls=[call], levels={**DARK, **levels})) == []
