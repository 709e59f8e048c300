"""The lights on gpiozero's mock pins, which behave and remember."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from gpiozero import devices
from gpiozero.pins.mock import MockFactory, MockPin, MockPWMPin

from appliance.adapters.lights import GpioLights
from appliance.core.events import Event, LightsFailed, LightsSet
from appliance.core.lights import FromPerson, Kind, LightState
from appliance.errors import LightError
from appliance.settings import Light

ME = FromPerson(1)
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
