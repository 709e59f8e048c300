"""The status light on mock pins, by a clock that the test moves."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable

import pytest
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from appliance.adapters.beacon import Beacon
from appliance.core.mood import Mood
from appliance.core.signals import LEVELS
from appliance.errors import LightError
from appliance.settings import StatusLight

PIN = 16
RGB = (16, 20, 21)


class Clock:
    """Calls back when the test says that it is time."""

    def __init__(self) -> None:
        self.at = 100.0
        self.alarms: list[tuple[float, Callable[[], None], Clock.Alarm]] = []

    class Alarm:
        cancelled = False

        def cancel(self) -> None:
            self.cancelled = True

    def now(self) -> float:
        return self.at

    def later(self, wait_s: float, call: Callable[[], None]) -> Clock.Alarm:
        alarm = Clock.Alarm()
        self.alarms.append((self.at + wait_s, call, alarm))
        return alarm

    @property
    def waiting(self) -> list[float]:
        return [at for at, _, alarm in self.alarms if not alarm.cancelled]

    def pass_time(self, seconds: float) -> None:
        end = self.at + seconds
        while due := [one for one in self.alarms if not one[2].cancelled and one[0] <= end]:
            first = min(due, key=lambda one: one[0])
            self.alarms.remove(first)
            self.at = first[0]
            first[1]()
        self.at = end


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory(pin_class=MockPWMPin)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def beacon(factory: MockFactory, clock: Clock, *pins: int, active_high: bool = True) -> Beacon:
    return Beacon(StatusLight(pins, active_high=active_high), metronome=clock, pin_factory=factory)


def test_one_led_shows_a_count_by_its_rhythm(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock, PIN)
    light.show(Mood.NO_MICROPHONE, "", 100)
    seen = []
    for _ in range(230):
        seen.append(round(factory.pin(PIN).state, 2))
        clock.pass_time(0.01)
    assert set(seen) == {0.0, 1.0}
    flashes = sum(after > before for before, after in itertools.pairwise(seen))
    assert flashes + 1 == 2 + 1, "two in a round of 2.1 s, and the next round has begun"
    light.close()


def test_the_eye_sees_the_root_of_the_power(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock, PIN)
    light.show(Mood.MUTED, "", 50)
    assert factory.pin(PIN).state == pytest.approx(0.25)
    assert clock.waiting == [], "what is steady needs no timer"


def test_three_leds_show_colours(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock, *RGB)
    light.show(Mood.MUTED, "", 100)
    assert [factory.pin(pin).state for pin in RGB] == [1.0, 0.0, 0.0]
    light.show(Mood.FOLLOW_UP, "", 100)
    red, green, blue = (factory.pin(pin).state for pin in RGB)
    assert (red, blue) == (0.0, pytest.approx(0.16))
    assert 0 < green < blue


def test_it_follows_the_voice(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock, PIN)
    light.show(Mood.LISTENING, "", 100)
    quiet = factory.pin(PIN).state
    light.glow(LEVELS)
    assert factory.pin(PIN).state == 1.0
    light.glow(0)
    assert factory.pin(PIN).state == quiet > 0


def test_the_same_signal_goes_on_when_only_its_brightness_changes(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock, PIN)
    light.show(Mood.CONNECTING, "", 100)
    clock.pass_time(0.4)
    light.show(Mood.CONNECTING, "", 50)
    assert factory.pin(PIN).state == pytest.approx(0.25)
    clock.pass_time(0.15)
    assert factory.pin(PIN).state == 0.0, "half a second after it began, not after it was dimmed"


def test_one_that_swells_is_looked_at_25_times_a_second_and_one_that_is_dark_never(
    factory: MockFactory, clock: Clock
) -> None:
    light = beacon(factory, clock, PIN)
    light.show(Mood.SPEAKING, "", 100)
    count = 0
    for _ in range(100):
        before = factory.pin(PIN).state
        clock.pass_time(0.01)
        count += factory.pin(PIN).state != before
    assert 20 <= count <= 26
    light.show(Mood.SPEAKING, "", 0)
    assert clock.waiting == []
    assert factory.pin(PIN).state == 0.0


def test_active_low(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock, PIN, active_high=False)
    assert factory.pin(PIN).state == 1.0
    light.show(Mood.MUTED, "", 100)
    assert factory.pin(PIN).state == 0.0


def test_no_light_at_all(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock)
    light.show(Mood.SPEAKING, "", 100)
    light.glow(3)
    assert clock.waiting == []
    light.close()


def test_closed_it_is_dark_and_its_pins_are_free(factory: MockFactory, clock: Clock) -> None:
    light = beacon(factory, clock, PIN)
    light.show(Mood.SPEAKING, "", 100)
    light.close()
    light.close()
    assert clock.waiting == []
    clock.pass_time(1.0)
    beacon(factory, clock, PIN).close()


def test_a_pin_that_is_taken_is_named_and_the_others_are_given_back(
    factory: MockFactory, clock: Clock
) -> None:
    other = beacon(factory, clock, 20)
    with pytest.raises(LightError, match=r"status light on GPIO16, GPIO20, GPIO21: .*appliance doctor"):
        beacon(factory, clock, *RGB)
    other.close()
    beacon(factory, clock, *RGB).close()


def test_a_pin_that_cannot_dim_is_a_light_error(clock: Clock) -> None:
    with pytest.raises(LightError, match="status light on GPIO16"):
        beacon(MockFactory(pin_class=MockPin), clock, PIN)


def test_a_light_that_fails_is_told_once(
    factory: MockFactory, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    light = beacon(factory, clock, PIN)

    def broken(self: MockPWMPin, value: float) -> None:
        raise OSError("the pin is gone")

    monkeypatch.setattr(MockPWMPin, "_set_state", broken)
    with caplog.at_level(logging.DEBUG):
        light.show(Mood.SPEAKING, "", 100)
        clock.pass_time(0.2)
    levels = [record.levelno for record in caplog.records if "the pin is gone" in record.message]
    assert levels[0] == logging.WARNING
    assert set(levels[1:]) == {logging.DEBUG}
