"""The button on a mock pin that is driven as contacts drive it, bounces included."""

from __future__ import annotations

import itertools
import queue
import threading

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from appliance.adapters.button import GpioButton
from appliance.core.events import Event, Pressed, Released
from appliance.errors import HardwareError
from appliance.settings import Button

PATIENCE_S = 20.0
PIN = 17


class Inbox:
    """Where events arrive from other threads."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    def __call__(self, event: Event) -> None:
        self._events.put(event)

    def next(self) -> Event:
        return self._events.get(timeout=PATIENCE_S)

    def empty(self) -> bool:
        return self._events.empty()


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory(pin_class=MockPWMPin)


def settle(button: GpioButton) -> None:
    """Wait for the check at the end of the window, and for those that it starts."""
    while True:
        with button._turn:  # a check in progress may be about to start another
            timer = button._timer
        if timer is None or not timer.is_alive():
            return
        timer.join(PATIENCE_S)


def test_edges_become_events(factory: MockFactory) -> None:
    inbox = Inbox()
    button = GpioButton(Button(PIN, debounce_ms=5), inbox, pin_factory=factory)
    pin = factory.pin(PIN)
    assert pin.pull == "up"
    for _ in range(3):
        pin.drive_low()
        assert inbox.next() == Pressed()
        settle(button)
        pin.drive_high()
        assert inbox.next() == Released()
        settle(button)
    assert inbox.empty()
    button.close()


def test_a_button_to_the_supply(factory: MockFactory) -> None:
    inbox = Inbox()
    button = GpioButton(Button(PIN, pull="down", debounce_ms=0), inbox, pin_factory=factory)
    factory.pin(PIN).drive_high()
    assert inbox.next() == Pressed()
    factory.pin(PIN).drive_low()
    assert inbox.next() == Released()
    button.close()


def test_bounces_are_not_heard(factory: MockFactory) -> None:
    inbox, clock = Inbox(), Clock()
    button = GpioButton(Button(PIN, debounce_ms=200), inbox, pin_factory=factory, clock=clock)
    pin = factory.pin(PIN)
    for edge in (pin.drive_low, pin.drive_high) * 5 + (pin.drive_low,):
        edge()
    settle(button)
    assert inbox.next() == Pressed()
    assert inbox.empty()
    clock.now += 1.0
    for edge in (pin.drive_high, pin.drive_low) * 5 + (pin.drive_high,):
        edge()
    settle(button)
    assert inbox.next() == Released()
    assert inbox.empty()
    button.close()


def test_a_tap_shorter_than_the_window_does_not_stay_down(factory: MockFactory) -> None:
    inbox = Inbox()
    button = GpioButton(Button(PIN, debounce_ms=100), inbox, pin_factory=factory, clock=Clock())
    factory.pin(PIN).drive_low()
    factory.pin(PIN).drive_high()
    assert inbox.next() == Pressed()
    assert inbox.next() == Released()  # from the check: no edge will ever say so
    settle(button)
    assert inbox.empty()
    button.close()


def test_an_edge_after_the_window_counts_even_if_the_check_is_late(factory: MockFactory) -> None:
    inbox, clock = Inbox(), Clock()
    button = GpioButton(Button(PIN, debounce_ms=200), inbox, pin_factory=factory, clock=clock)
    factory.pin(PIN).drive_low()
    clock.now += 0.2
    factory.pin(PIN).drive_high()
    assert [inbox.next(), inbox.next()] == [Pressed(), Released()]
    settle(button)
    assert inbox.empty()
    button.close()


class HeldPin(MockPWMPin):  # type: ignore[misc]
    """A pin whose button is already down when somebody first looks."""

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        if value == "up":
            self.drive_low()


def test_a_late_check_does_not_end_a_later_window(factory: MockFactory) -> None:
    inbox, clock = Inbox(), Clock()
    button = GpioButton(Button(PIN, debounce_ms=200), inbox, pin_factory=factory, clock=clock)
    factory.pin(PIN).drive_low()
    assert inbox.next() == Pressed()
    late = button._window
    clock.now += 1.0
    factory.pin(PIN).drive_high()
    assert inbox.next() == Released()
    factory.pin(PIN).drive_low()  # a bounce
    button._settled(late)
    assert inbox.empty()
    factory.pin(PIN).drive_high()
    settle(button)
    assert inbox.empty()
    button.close()


def test_held_at_the_start_counts_from_the_next_press() -> None:
    inbox, clock, factory = Inbox(), Clock(), MockFactory(pin_class=HeldPin)
    button = GpioButton(Button(PIN, debounce_ms=10), inbox, pin_factory=factory, clock=clock)
    factory.pin(PIN).drive_high()
    settle(button)
    assert inbox.empty()
    clock.now += 1.0
    factory.pin(PIN).drive_low()
    assert inbox.next() == Pressed()
    button.close()


def test_closing_ends_everything(factory: MockFactory) -> None:
    inbox = Inbox()
    button = GpioButton(Button(PIN, debounce_ms=200), inbox, pin_factory=factory)
    pin = factory.pin(PIN)
    pin.drive_low()
    assert inbox.next() == Pressed()
    button.close()
    button.close()
    pin.drive_high()
    settle(button)
    assert inbox.empty()
    GpioButton(Button(PIN), inbox, pin_factory=factory).close()  # the pin is free again


def test_many_edges_from_another_thread_end_where_the_button_is(factory: MockFactory) -> None:
    inbox = Inbox()
    button = GpioButton(Button(PIN, debounce_ms=1), inbox, pin_factory=factory)
    pin = factory.pin(PIN)

    def rattle() -> None:
        for _ in range(2000):
            pin.drive_low()
            pin.drive_high()

    thread = threading.Thread(target=rattle)
    thread.start()
    thread.join(PATIENCE_S)
    settle(button)
    events: list[Event] = []
    while not inbox.empty():
        events.append(inbox.next())
    assert events[0] == Pressed()
    assert events[-1] == Released()
    assert all(one != other for one, other in itertools.pairwise(events))
    button.close()


def test_no_button_is_no_problem() -> None:
    def never(event: Event) -> None:
        raise AssertionError

    GpioButton(Button(pin=None), never).close()


def test_a_pin_that_is_taken(factory: MockFactory) -> None:
    owner = GpioButton(Button(PIN), Inbox(), pin_factory=factory)
    with pytest.raises(HardwareError, match=r"button on GPIO17: .*already in use.*nothing else uses it"):
        GpioButton(Button(PIN), Inbox(), pin_factory=factory)
    owner.close()


def test_a_pin_that_cannot_pull_that_way(factory: MockFactory) -> None:
    with pytest.raises(HardwareError, match=r"button on GPIO2: .*can only pull up"):
        GpioButton(Button(2, pull="down"), Inbox(), pin_factory=factory)
