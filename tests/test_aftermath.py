"""What is said and shown when the daemon has ended for good, whatever state the settings are in."""

from __future__ import annotations

import asyncio
import configparser
import os
import sys
from pathlib import Path

import pytest

from appliance.aftermath import AGAIN, ENDS, aftermath, status_light
from appliance.cli import run
from appliance.errors import EX_CONFIG
from appliance.settings import StatusLight

UNITS = Path(__file__).parent.parent / "systemd"
LIGHT = "[status_light]\npins = [16]\nbrightness = 50\n"


def unit(name: str) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read(UNITS / name)
    return found


def test_each_end_that_is_for_good_has_its_words() -> None:
    statuses = unit("appliance.service")["Service"]["RestartPreventExitStatus"].split()
    assert set(statuses) == set(ENDS)
    assert statuses[0] == str(EX_CONFIG)


@pytest.mark.parametrize("status", ENDS)
def test_what_it_was_and_what_helps(status: str) -> None:
    said = aftermath({"MONITOR_EXIT_STATUS": status, "MONITOR_SERVICE_RESULT": "exit-code"})
    assert ENDS[status][0] in said
    assert said.endswith(AGAIN)


@pytest.mark.parametrize("told", [{}, {"MONITOR_EXIT_STATUS": "SEGV"}, {"MONITOR_EXIT_STATUS": "1"}])
def test_after_any_other_end_it_is_started_again_and_there_is_nothing_to_say(told: dict[str, str]) -> None:
    assert aftermath(told) == ""


@pytest.mark.parametrize(
    ("text", "pins"),
    [
        (LIGHT, (16,)),
        (f"[audio]\nechoes = 7\n{LIGHT}[lights]\n", (16,)),
        (f"[audio\n{LIGHT}", (16,)),
        (f'{LIGHT}[audio]\nmicrophone = "', (16,)),
        ("[audio]\n", ()),
        ("", ()),
        ("[status_light]\npins = [16\n", ()),
        ("[status_light]\npins = [99]\n", ()),
    ],
)
def test_the_light_of_settings_that_may_be_broken(tmp_path: Path, text: str, pins: tuple[int, ...]) -> None:
    path = tmp_path / "appliance.toml"
    path.write_text(text, encoding="utf-8")
    assert status_light(path).pins == pins


def test_without_settings_there_is_no_light(tmp_path: Path) -> None:
    assert status_light(tmp_path / "none") == StatusLight()


def words() -> list[str]:
    found = unit("appliance-failure.service")["Service"]["ExecStart"].split()
    assert found[:2] == ["/opt/appliance/bin/appliance", "failed"]
    return found[1:-1]


def test_the_command_of_the_unit_says_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONITOR_EXIT_STATUS", "78")
    assert run([*words(), os.devnull]) == 0
    assert "the settings or the key cannot be used" in capsys.readouterr().err
    monkeypatch.setenv("MONITOR_EXIT_STATUS", "SEGV")
    assert run([*words(), os.devnull]) == 0
    assert capsys.readouterr().err == ""


SHOWN = """
import asyncio, os, signal
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin
Device.pin_factory = MockFactory(pin_class=MockPWMPin)
from appliance import aftermath
from appliance.adapters import beacon
seen = set()
class Watched(beacon.Beacon):
    def _drive(self, power):
        super()._drive(power)
        seen.add(round(float(Device.pin_factory.pin(16).state), 2))
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
beacon.Beacon = Watched
from appliance.cli import run
import sys
status = run(sys.argv[1:])
print(status, sorted(seen), Device.pin_factory.pin(16).function)
"""


@pytest.mark.slow
def test_the_light_blinks_until_somebody_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "appliance.toml"
    path.write_text(f"[audio]\nechoes = 7\n{LIGHT}", encoding="utf-8")

    async def life() -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SHOWN, *words(), str(path)),
            env={**os.environ, "MONITOR_EXIT_STATUS": "78"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, err.decode()
        return out.decode()

    status, lit = asyncio.run(life()).split(" ", 1)
    assert status == "0"
    assert lit.startswith("[0.0, 0.25] "), "half as bright as can be seen, and dark"


@pytest.mark.slow
def test_a_light_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    path = tmp_path / "appliance.toml"
    path.write_text(LIGHT, encoding="utf-8")

    async def life() -> tuple[int | None, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appliance", *words(), str(path)),
            env={**os.environ, "MONITOR_EXIT_STATUS": "78", "GPIOZERO_PIN_FACTORY": "none-of-ours"},
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode, err.decode()

    status, err = asyncio.run(life())
    assert status == 0
    assert "status light on GPIO16" in err
    assert "Traceback" not in err
