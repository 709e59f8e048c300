"""How brightly the status light shows what it shows."""

from __future__ import annotations

from array import array

import pytest

from appliance.core.effects import Glow, Show, Tell
from appliance.core.glow import EVERY, Lamp, Shine, loudness
from appliance.core.mood import Mood
from appliance.core.signals import LEVELS

SHINE = Shine(80, 15, 5)


def tone(peak: int) -> bytes:
    return array("h", [peak, -peak] * 160).tobytes()


def test_a_mood_is_shown_once_and_told_once() -> None:
    lamp = Lamp(SHINE)
    assert lamp.mood is Mood.STARTING
    assert lamp.settle(Mood.STARTING, "", night=False) == [Show(Mood.STARTING, "", 80)]
    assert lamp.settle(Mood.STARTING, "", night=False) == []
    assert lamp.settle(Mood.OFFLINE, "no network", night=False) == [
        Show(Mood.OFFLINE, "no network", 80),
        Tell("phase", {"mood": "offline"}),
    ]
    assert lamp.settle(Mood.OFFLINE, "service overloaded", night=False) == [
        Show(Mood.OFFLINE, "service overloaded", 80)
    ]


@pytest.mark.parametrize(
    ("mood", "night", "brightness"),
    [
        (Mood.SPEAKING, False, 80),
        (Mood.SPEAKING, True, 15),
        (Mood.IDLE, False, 5),
        (Mood.IDLE, True, 5),
    ],
)
def test_by_day_by_night_and_at_rest(mood: Mood, night: bool, brightness: int) -> None:
    assert Show(mood, "", brightness) in Lamp(SHINE).settle(mood, "", night=night)


def test_at_rest_it_is_never_brighter_than_usually() -> None:
    assert Lamp(Shine(80, 3, 5)).settle(Mood.IDLE, "", night=True)[0] == Show(Mood.IDLE, "", 3)


def test_without_a_light_only_the_mood_is_told() -> None:
    lamp = Lamp(None)
    assert lamp.settle(Mood.LISTENING, "", night=False) == [
        Show(Mood.LISTENING, "", 0),
        Tell("phase", {"mood": "listening"}),
    ]
    assert [lamp.hear(tone(20_000)) for _ in range(EVERY)] == [[]] * EVERY


def test_the_voice_is_shown_ten_times_a_second_while_it_listens() -> None:
    lamp = Lamp(SHINE)
    loud = tone(20_000)
    assert lamp.hear(loud) == []
    lamp.settle(Mood.LISTENING, "", night=False)
    heard = [effect for _ in range(3 * EVERY) for effect in lamp.hear(loud)]
    assert heard == [Glow(LEVELS)]
    assert [effect for _ in range(EVERY) for effect in lamp.hear(tone(0))] == [Glow(0)]


@pytest.mark.parametrize(("peak", "level"), [(0, 0), (32, 0), (600, 6), (3_276, 10), (32_000, 10)])
def test_loudness(peak: int, level: int) -> None:
    assert loudness(tone(peak)) == level


def test_no_sound_at_all_is_silence() -> None:
    assert loudness(b"") == 0
