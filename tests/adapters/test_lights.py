"""The lights on gpiozero's mock pins, which behave and remember."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from gpiozero import devices
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from appliance.adapters.lights import GpioLights, LoopTime
from appliance.core.events import Event, LightsFailed, LightsSet
from appliance.core.lights import FromPerson, Kind, LightEffect, LightState
from appliance.core.motion import STEP_S
from appliance.errors import LightError
from appliance.settings import Light

ME = FromPerson(1)
YOU = FromPerson(2)
ON, OFF = LightState(on=True), LightState(on=False)


class BrokenPin(MockPWMPin):  # type: ignore[misc]
    """A pin that refuses from the moment it is told to, or once it is dark only to be lit."""

    refusing: set[int] = set()  # noqa: RUF012

    def _set_state(self, value: float) -> None:
        if self.info.name in {f"GPIO{pin}" for pin in self.refusing}:
            raise OSError(5, "Input/output error")
        super()._set_state(value)


@pytest.fixture(autouse=True)
def _mended() -> Iterator[None]:
    BrokenPin.refusing.clear()
    yield
    BrokenPin.refusing.clear()


@pytest.fixture
def factory() -> MockFactory:
    return MockFactory(pin_class=BrokenPin)


def level(factory: MockFactory, pin: int) -> float:
    return float(factory.pin(pin).state)


def lamp(name: str = "lamp", pin: int = 17, **more: Any) -> Light:
    return Light(name=name, kind=Kind.SWITCH, pins=(pin,), **more)


def dimmer(name: str = "shelf", pin: int = 18, **more: Any) -> Light:
    return Light(name=name, kind=Kind.DIMMER, pins=(pin,), **more)


def rgb(name: str = "strip", pins: tuple[int, ...] = (0, 5, 6), **more: Any) -> Light:
    return Light(name=name, kind=Kind.RGB, pins=pins, **more)


def test_each_kind_shows_its_state(factory: MockFactory) -> None:
    posted: list[Event] = []
    lights = GpioLights([lamp(), dimmer(), rgb()], posted.append, pin_factory=factory)
    order = {
        "lamp": LightState(on=True, brightness=10),  # a switch knows no brightness
        "shelf": LightState(on=True, brightness=25),
        "strip": LightState(on=True, brightness=50, colour=(255, 0, 51)),
    }
    lights.set(ME, order)
    assert posted == [LightsSet(ME, order)]
    assert [level(factory, pin) for pin in (17, 18)] == [1.0, 0.25]
    assert [level(factory, pin) for pin in (0, 5, 6)] == pytest.approx([0.5, 0.0, 0.1])
    lights.set(ME, {"strip": ON})  # no colour: white
    assert [level(factory, pin) for pin in (0, 5, 6)] == [1.0, 1.0, 1.0]
    lights.set(ME, {"shelf": LightState(on=False, brightness=25), "strip": OFF})
    assert [level(factory, pin) for pin in (18, 0, 5, 6)] == [0.0] * 4
    assert level(factory, 17) == 1.0
    lights.close()


@pytest.mark.parametrize("make", [lamp, dimmer])
def test_active_low(factory: MockFactory, make: Any) -> None:
    light = make(active_high=False, pin=17)
    lights = GpioLights([light], lambda _: None, pin_factory=factory)
    assert level(factory, 17) == 1.0
    lights.set(ME, {light.name: ON})
    assert level(factory, 17) == 0.0
    lights.set(ME, {light.name: OFF})
    assert level(factory, 17) == 1.0
    lights.close()


@pytest.mark.parametrize(("initial", "shown"), [("on", 1.0), ("off", 0.0)])
def test_initial_states(factory: MockFactory, initial: str, shown: float) -> None:
    lights = GpioLights(
        [lamp(initial=initial), dimmer(initial=initial), rgb(initial=initial)],
        lambda _: None,
        pin_factory=factory,
    )
    assert [level(factory, pin) for pin in (17, 18, 0, 5, 6)] == [shown] * 5
    lights.close()


def test_an_initial_state_that_is_given_wins(factory: MockFactory) -> None:
    strip = LightState(on=True, brightness=50, colour=(255, 0, 0))
    lights = GpioLights(
        [lamp(initial="on"), rgb(initial="restore"), dimmer(initial="restore")],
        lambda _: None,
        initial={"strip": strip},
        pin_factory=factory,
    )
    assert [level(factory, pin) for pin in (17, 0, 5, 6, 18)] == [1.0, 0.5, 0.0, 0.0, 0.0]
    lights.close()


def test_no_flash_of_the_wrong_level_at_the_start(factory: MockFactory) -> None:
    pin = factory.pin(17)
    lights = GpioLights([lamp(initial="on")], lambda _: None, pin_factory=factory)
    assert [state.state for state in pin.states] == [False, 1.0]
    lights.close()


@pytest.mark.parametrize("broken", [27, 6], ids=["a lamp", "one colour of three"])
def test_all_or_nothing(factory: MockFactory, broken: int) -> None:
    posted: list[Event] = []
    lights = GpioLights(
        [lamp("a", 17, initial="on"), dimmer("b", 18), rgb("c", (0, 5, 6)), lamp("d", 27)],
        posted.append,
        pin_factory=factory,
    )
    lights.set(ME, {"b": LightState(on=True, brightness=30)})
    BrokenPin.refusing.add(broken)
    lights.set(ME, {"a": OFF, "b": ON, "c": ON, "d": ON})
    failed = posted[-1]
    assert isinstance(failed, LightsFailed)
    assert failed.origin == ME
    assert "Input/output error" in failed.reason
    assert f"GPIO{broken}" in failed.reason
    assert [level(factory, pin) for pin in (17, 18, 0, 5, 6, 27)] == [1.0, 0.3, 0.0, 0.0, 0.0, 0.0]
    BrokenPin.refusing.clear()
    lights.set(ME, {"a": OFF, "b": ON, "c": ON, "d": ON})
    assert isinstance(posted[-1], LightsSet)
    assert [level(factory, pin) for pin in (17, 18, 0, 5, 6, 27)] == [0.0] + [1.0] * 5
    lights.close()


def test_what_cannot_be_put_back_is_said(factory: MockFactory) -> None:
    posted: list[Event] = []
    lights = GpioLights([lamp("a"), lamp("b", 27)], posted.append, pin_factory=factory)
    BrokenPin.refusing.update({17, 27})
    lights.set(ME, {"a": ON, "b": ON})
    assert isinstance(posted[-1], LightsFailed)
    assert "not put back: a" in posted[-1].reason
    BrokenPin.refusing.clear()
    lights.close()


def test_only_the_first_failure_is_a_warning(factory: MockFactory, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="appliance")
    lights = GpioLights([lamp()], lambda _: None, pin_factory=factory)
    BrokenPin.refusing.add(17)
    lights.set(ME, {"lamp": ON})
    lights.set(ME, {"lamp": ON})
    levels = [record.levelname for record in caplog.records if "not set" in record.message]
    assert levels == ["WARNING", "DEBUG"]
    lights.close()
    assert "GPIO17" in caplog.text


# -- what moves -------------------------------------------------------------------------------------


class Wait:
    """A callback that waits for its time."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Hours:
    """A clock that goes only when it is told to, and counts how often it rings."""

    def __init__(self) -> None:
        self.time, self.rings = 1000.0, 0
        self._waits: list[Wait] = []

    def now(self) -> float:
        return self.time

    def later(self, wait_s: float, call: Callable[[], None]) -> Wait:
        assert wait_s >= STEP_S - 1e-9, "more often than anybody sees"
        self._waits.append(Wait(self.time + wait_s, call))
        return self._waits[-1]

    @property
    def waiting(self) -> list[Wait]:
        return [wait for wait in self._waits if not wait.cancelled]

    def go(self, seconds: float) -> None:
        until = self.time + seconds
        while due := [wait for wait in self.waiting if wait.at <= until]:
            first = min(due, key=lambda wait: wait.at)
            self._waits.remove(first)
            self.time = max(self.time, first.at)
            self.rings += 1
            first.call()
        self.time = until


@pytest.fixture
def hours() -> Hours:
    return Hours()


DIM = LightState(on=True, brightness=50)
BLINKING = LightState(on=True, effect=LightEffect.BLINK)
BREATHING = LightState(on=True, effect=LightEffect.BREATHE)


def test_a_fade_is_answered_at_once_and_takes_its_time(factory: MockFactory, hours: Hours) -> None:
    posted: list[Event] = []
    lights = GpioLights([dimmer(), rgb()], posted.append, metronome=hours, pin_factory=factory)
    states = {"shelf": DIM, "strip": LightState(on=True, colour=(255, 0, 51))}
    lights.set(ME, states, 10.0)
    assert posted == [LightsSet(ME, states)]
    assert [level(factory, pin) for pin in (18, 0, 5, 6)] == [0.0] * 4
    hours.go(5.0)
    half = [level(factory, pin) for pin in (18, 0, 5, 6)]
    assert half == pytest.approx([0.25, 0.5, 0.0, 0.1], abs=0.005)
    hours.go(5.0)
    assert [level(factory, pin) for pin in (18, 0, 5, 6)] == pytest.approx([0.5, 1.0, 0.0, 0.2])
    assert len(posted) == 1
    assert hours.rings <= 10 * 30
    assert not hours.waiting, "nobody moves, and nothing is waited for"
    lights.close()


def test_a_new_order_takes_over_where_the_former_is(factory: MockFactory, hours: Hours) -> None:
    lights = GpioLights([dimmer(), lamp()], lambda _: None, metronome=hours, pin_factory=factory)
    lights.set(ME, {"shelf": ON}, 10.0)
    hours.go(5.0)
    lights.set(YOU, {"shelf": OFF}, 5.0)
    assert level(factory, 18) == pytest.approx(0.5, abs=0.005)
    hours.go(2.5)
    assert level(factory, 18) == pytest.approx(0.25, abs=0.005)
    lights.set(YOU, {"lamp": ON})  # of another lamp: the fade goes on
    hours.go(2.5)
    assert (level(factory, 18), level(factory, 17)) == (0.0, 1.0)
    lights.set(YOU, {"shelf": ON}, 5.0)
    hours.go(1.0)
    lights.set(ME, {"shelf": DIM})
    assert level(factory, 18) == 0.5
    hours.go(10.0)
    assert level(factory, 18) == 0.5
    assert not hours.waiting
    lights.close()


def test_there_is_one_timer_however_many_move(factory: MockFactory, hours: Hours) -> None:
    many = [dimmer(f"lamp {pin}", pin) for pin in range(2, 22)]
    lights = GpioLights(many, lambda _: None, metronome=hours, pin_factory=factory)
    for light in many:
        lights.set(ME, {light.name: BREATHING}, 1.0)
        hours.go(0.001)
        assert len(hours.waiting) == 1
    rings = hours.rings
    hours.go(10.0)
    assert hours.rings - rings <= 10 * 30 + 1
    assert len(hours.waiting) == 1
    lights.set(ME, {light.name: OFF for light in many})
    hours.go(1.0)
    assert not hours.waiting
    lights.close()


def test_a_blink_wakes_only_when_it_turns(factory: MockFactory, hours: Hours) -> None:
    lights = GpioLights([dimmer(), rgb()], lambda _: None, metronome=hours, pin_factory=factory)
    lights.set(ME, {"shelf": BLINKING, "strip": BLINKING})
    shown = []
    for _ in range(4):
        shown.append(level(factory, 18))
        hours.go(0.5)
    assert shown == [1.0, 0.0, 1.0, 0.0]
    assert hours.rings == 4
    lights.close()
    assert not hours.waiting


def test_a_fade_begins_at_once_beside_a_blink(factory: MockFactory, hours: Hours) -> None:
    lights = GpioLights([dimmer(), dimmer("desk", 19)], lambda _: None, metronome=hours, pin_factory=factory)
    lights.set(ME, {"shelf": BLINKING})
    lights.set(ME, {"desk": ON}, 0.4)
    hours.go(0.2)
    assert level(factory, 19) == pytest.approx(0.5, abs=0.1)
    lights.close()


def test_a_relay_blinks_for_a_minute_and_says_when_it_is_steady(factory: MockFactory, hours: Hours) -> None:
    posted: list[Event] = []
    lights = GpioLights([lamp()], posted.append, metronome=hours, pin_factory=factory)
    lights.set(ME, {"lamp": BLINKING}, 0.0)
    shown = []
    for _ in range(4):
        shown.append(level(factory, 17))
        hours.go(1.0)
    assert shown == [1.0, 0.0, 1.0, 0.0]
    hours.go(300.0)
    assert hours.rings == 60
    assert level(factory, 17) == 1.0
    assert posted == [LightsSet(ME, {"lamp": BLINKING}), LightsSet(ME, {"lamp": ON})]
    lights.close()


def test_a_pin_that_breaks_on_the_way(
    factory: MockFactory, hours: Hours, caplog: pytest.LogCaptureFixture
) -> None:
    posted: list[Event] = []
    lights = GpioLights([dimmer(), rgb(), lamp()], posted.append, metronome=hours, pin_factory=factory)
    lights.set(ME, {"strip": LightState(on=True, colour=(255, 0, 51))}, 10.0)
    lights.set(ME, {"lamp": BLINKING})
    lights.set(YOU, {"shelf": ON}, 10.0)
    hours.go(5.0)
    del posted[:]
    BrokenPin.refusing.update({18, 0, 17})
    hours.go(5.0)
    states = {
        name: state
        for event in posted
        if isinstance(event, LightsSet)
        for name, state in event.states.items()
    }
    assert states["strip"] == LightState(on=True, brightness=50, colour=(255, 0, 51))
    assert states["shelf"] == DIM
    assert states["lamp"] in (ON, OFF)
    failed = {event.origin: event.reason for event in posted if isinstance(event, LightsFailed)}
    assert "Input/output error" in failed[YOU]
    assert len(posted) == 6, "each is told of once"
    assert not hours.waiting
    assert [r.levelname for r in caplog.records if "stopped on its way" in r.message] == ["WARNING"]
    BrokenPin.refusing.clear()
    lights.close()


def test_one_that_breaks_does_not_stop_the_others(factory: MockFactory, hours: Hours) -> None:
    lights = GpioLights([dimmer(), dimmer("desk", 19)], lambda _: None, metronome=hours, pin_factory=factory)
    lights.set(ME, {"shelf": ON, "desk": ON}, 1.0)
    BrokenPin.refusing.add(18)
    hours.go(1.0)
    assert (level(factory, 18), level(factory, 19)) == (0.0, 1.0)
    lights.close()


def test_an_order_that_fails_leaves_what_moves_moving(factory: MockFactory, hours: Hours) -> None:
    posted: list[Event] = []
    lights = GpioLights([dimmer(), lamp()], posted.append, metronome=hours, pin_factory=factory)
    lights.set(ME, {"shelf": ON}, 10.0)
    hours.go(5.0)
    BrokenPin.refusing.add(17)
    lights.set(YOU, {"shelf": OFF, "lamp": ON})
    assert isinstance(posted[-1], LightsFailed)
    assert level(factory, 18) == pytest.approx(0.5, abs=0.005)
    hours.go(5.0)
    assert level(factory, 18) == 1.0
    BrokenPin.refusing.clear()
    lights.close()


def test_no_threads_for_what_moves(factory: MockFactory, hours: Hours) -> None:
    before = threading.active_count()
    lights = GpioLights([dimmer(), rgb(), lamp()], lambda _: None, metronome=hours, pin_factory=factory)
    lights.set(ME, {"shelf": BREATHING, "strip": BREATHING, "lamp": BLINKING}, 1.0)
    hours.go(3.0)
    assert threading.active_count() == before
    lights.close()


def test_a_fade_and_a_blink_on_the_real_loop(factory: MockFactory) -> None:
    asyncio.run(fade_and_blink(factory))


async def fade_and_blink(factory: MockFactory) -> None:
    stopped = asyncio.Event()

    def post(event: Event) -> None:
        if event == LightsSet(YOU, {"lamp": ON}):
            stopped.set()

    lights = GpioLights([dimmer(), lamp()], post, metronome=LoopTime(speed=100), pin_factory=factory)
    lights.set(ME, {"shelf": DIM}, 30.0)
    lights.set(YOU, {"lamp": BLINKING})
    async with asyncio.timeout(20):
        await stopped.wait()  # the minute of a relay that blinks, in six tenths of a second
    states = [state.state for state in factory.pin(18).states]
    assert states == sorted(states)
    assert len(set(states)) > 3
    assert states[-1] == 0.5
    assert [state.state for state in factory.pin(17).states][-4:] == [0.0, 1.0, 0.0, 1.0]
    lights.close()


# -- claiming ---------------------------------------------------------------------------------------


def test_a_pin_that_is_taken(factory: MockFactory) -> None:
    first = GpioLights([lamp("first")], lambda _: None, pin_factory=factory)
    with pytest.raises(LightError, match=r"light 'second' on GPIO17: .*already in use.*choose another"):
        GpioLights([lamp("third", 27), lamp("second")], lambda _: None, pin_factory=factory)
    again = GpioLights([lamp("third", 27)], lambda _: None, pin_factory=factory)  # all or none was claimed
    again.close()
    first.close()


def test_a_pin_that_refuses(factory: MockFactory) -> None:
    BrokenPin.refusing.add(6)
    with pytest.raises(LightError, match=r"'strip' on GPIO0, GPIO5, GPIO6: .*Input/output error.*wiring"):
        GpioLights([rgb()], lambda _: None, pin_factory=factory)
    BrokenPin.refusing.clear()
    GpioLights([rgb()], lambda _: None, pin_factory=factory).close()


def test_pins_that_cannot_dim() -> None:
    with pytest.raises(LightError, match='say kind = "switch"'):
        GpioLights([dimmer()], lambda _: None, pin_factory=MockFactory(pin_class=MockPin))


def test_without_lights_gpiozero_is_not_even_imported() -> None:
    code = (
        "import sys; from appliance.adapters.lights import GpioLights;"
        "GpioLights([], print).close(); sys.exit('gpiozero' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_pins_the_error_says_what_to_do() -> None:
    code = (
        "from appliance.adapters.lights import GpioLights; from appliance.settings import Light;"
        "from appliance.core.lights import Kind; from appliance.errors import LightError\n"
        "try: GpioLights([Light('lamp', Kind.SWITCH, (17,))], print)\n"
        "except LightError as error: print(error)\n"
        "else: print('there are pins here')"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GPIOZERO")}
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True, env=environ
    )
    if "there are pins here" in ran.stdout:
        pytest.skip("this machine has GPIO pins")
    assert "light 'lamp' on GPIO17" in ran.stdout
    assert "GPIOZERO_PIN_FACTORY=mock" in ran.stdout


def test_mock_pins_from_the_environment_can_dim() -> None:
    code = (
        "import os, tempfile; from appliance.adapters.lights import GpioLights;"
        "from appliance.settings import Light; from appliance.core.lights import *;"
        "lights = GpioLights([Light('shelf', Kind.DIMMER, (18,))], print);"
        "lights.set(FromPerson(1), {'shelf': LightState(on=True, brightness=50)});"
        "from gpiozero import Device; assert Device.pin_factory.pin(18).state == 0.5;"
        "print(os.environ['LG_WD'])"
    )
    environ = {
        name: value for name, value in os.environ.items() if name not in ("LG_WD", "RUNTIME_DIRECTORY")
    }
    environ["GPIOZERO_PIN_FACTORY"] = "mock"
    for more, folder in (({}, tempfile.gettempdir()), ({"RUNTIME_DIRECTORY": "/run/a:/run/b"}, "/run/a")):
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            check=True,
            timeout=60,
            capture_output=True,
            text=True,
            env=environ | more,
        )
        assert ran.stdout.splitlines()[-1] == folder


# -- the end ----------------------------------------------------------------------------------------


def end_of_process(monkeypatch: pytest.MonkeyPatch, factory: MockFactory) -> None:
    """What gpiozero does at exit, and what the collector does."""
    monkeypatch.setattr(devices.Device, "pin_factory", factory)
    devices._devices_shutdown()
    gc.collect()


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    ("at_exit", "initial", "lit"),
    [("off", "on", False), ("on", "off", True), ("keep", "on", True), ("keep", "off", False)],
)
def test_at_exit(
    monkeypatch: pytest.MonkeyPatch,
    factory: MockFactory,
    at_exit: str,
    initial: str,
    *,
    lit: bool,
    active_high: bool,
) -> None:
    more: dict[str, Any] = {"at_exit": at_exit, "initial": initial, "active_high": active_high}
    lights = GpioLights([lamp(**more), dimmer(**more), rgb(**more)], lambda _: None, pin_factory=factory)
    pins = [factory.pin(number) for number in (17, 18, 0, 5, 6)]
    lights.close()
    lights.close()
    del lights
    end_of_process(monkeypatch, factory)
    for pin in pins:
        assert pin.function == "output"
        assert bool(pin.state) is (lit == active_high)


def test_a_dimmed_light_that_is_kept_stays_on_at_full(factory: MockFactory) -> None:
    lights = GpioLights([dimmer(at_exit="keep")], lambda _: None, pin_factory=factory)
    lights.set(ME, {"shelf": LightState(on=True, brightness=10)})
    pin = factory.pin(18)
    lights.close()
    assert (pin.function, pin.state, pin.frequency) == ("output", 1.0, None)


@pytest.mark.parametrize(("state", "lit"), [(OFF, 0.0), (ON, 1.0)])
def test_a_light_that_is_kept_on_its_way_is_kept_as_it_was_going_to_be(
    factory: MockFactory, hours: Hours, state: LightState, lit: float
) -> None:
    light = dimmer(at_exit="keep", initial="off" if state.on else "on")
    lights = GpioLights([light], lambda _: None, metronome=hours, pin_factory=factory)
    lights.set(ME, {"shelf": state}, 10.0)
    hours.go(1.0)
    pin = factory.pin(18)
    lights.close()
    assert (pin.state, hours.waiting) == (lit, [])


def test_a_light_that_blinks_goes_out_at_the_end(factory: MockFactory, hours: Hours) -> None:
    lights = GpioLights(
        [lamp(), lamp("b", 27, at_exit="keep")], lambda _: None, metronome=hours, pin_factory=factory
    )
    lights.set(ME, {"lamp": BLINKING, "b": BLINKING})
    hours.go(1.0)
    pins = [factory.pin(17), factory.pin(27)]
    assert [pin.state for pin in pins] == [0.0, 0.0]
    lights.close()
    hours.go(10.0)
    assert [pin.state for pin in pins] == [0.0, 1.0]


def test_one_broken_pin_does_not_keep_the_others_lit(
    factory: MockFactory, caplog: pytest.LogCaptureFixture
) -> None:
    lights = GpioLights(
        [lamp("a", 17, initial="on"), lamp("b", 27, initial="on"), lamp("c", 22, initial="on")],
        lambda _: None,
        pin_factory=factory,
    )
    pins = [factory.pin(number) for number in (17, 27, 22)]
    BrokenPin.refusing.add(27)
    lights.close()
    assert [pins[0].state, pins[2].state] == [0.0, 0.0]
    assert "light 'b' on GPIO27" in caplog.text


def test_a_second_life_in_the_same_process(factory: MockFactory) -> None:
    for _ in range(2):
        lights = GpioLights([lamp(), dimmer(), rgb()], lambda _: None, pin_factory=factory)
        lights.set(ME, {"lamp": ON, "shelf": ON, "strip": ON})
        assert level(factory, 17) == 1.0
        lights.close()
