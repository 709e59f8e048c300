"""What the configuration says of a person and the box, in the core's units."""

from __future__ import annotations

from appliance.config import parse
from appliance.core.floor import Manners
from appliance.core.gesture import Grip
from appliance.core.glow import Shine
from appliance.manners import grip, manners, shine
from appliance.settings import StatusLight


def test_the_defaults_are_those_of_the_core() -> None:
    config = parse({})
    assert manners(config) == Manners()
    assert grip(config) == Grip()
    assert shine(config.status_light) is None


def test_a_press_may_be_told_apart_in_other_ways() -> None:
    button = {"double_ms": 500, "long_s": 4, "very_long": "poweroff", "very_long_s": 8, "act_s": 12}
    found = grip(parse({"button": button, "turns": {"hold_ms": 600, "max_utterance_s": 10}}))
    assert found == Grip(0.6, 0.5, 4.0, 8.0, 12.0, 17.0)


def test_a_light_shines_as_it_is_configured() -> None:
    assert shine(StatusLight((16,), brightness=50, night_brightness=5, idle_brightness=2)) == Shine(50, 5, 2)
