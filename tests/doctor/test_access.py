"""Groups and pins: a chip played against the kernel's own header, and a /dev of our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.doctor import access
from appliance.doctor.finding import State
from appliance.doctor.place import Place

HERE = Path(__file__).parent
HOME = {"button": {"pin": 23}, "lights": {"lamp": {"pin": 17}}, "status_light": {"pins": [16]}}
LOOK = """
import json, sys
from pathlib import Path
from appliance.config import parse
from appliance.doctor import access
from appliance.doctor.place import Place
found = access.pins(parse(json.loads(sys.argv[1])), Place(Path(sys.argv[2])), running=sys.argv[3] == "True")
print(json.dumps(found.as_json()))
"""
AS_NOBODY = """
import json, os, sys
from pathlib import Path
from appliance.config import parse
from appliance.doctor import access
from appliance.doctor.place import Place
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
[found] = access.groups(parse({}), Place(Path(sys.argv[1])))
print(json.dumps(found.as_json()))
"""


@pytest.fixture(scope="module")
def chip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = tmp_path_factory.mktemp("chip") / "chip.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, HERE / "chip.c"], check=True
    )
    return library


def looked(chip: Path, root: Path, used: str, *, running: bool = False, label: str = "") -> dict[str, object]:
    (root / "dev").mkdir(exist_ok=True)
    for number in range(2):
        (root / "dev" / f"gpiochip{number}").touch()
    environment = {**os.environ, "LD_PRELOAD": str(chip), "CHIP_USED": used, "CHIP_LABEL": label}
    environment.pop("GPIOZERO_PIN_FACTORY", None)
    command = [sys.executable, "-c", LOOK, json.dumps(HOME), str(root), str(running)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_pins_that_nobody_has(chip: Path, tmp_path: Path) -> None:
    found = looked(chip, tmp_path, "4=w1", label="pinctrl-bcm2711")
    assert (found["state"], found["found"]) == ("fine", "GPIO16, GPIO17, GPIO23 are free")


def test_a_pin_that_somebody_has_is_named_with_its_use_its_holder_and_its_program(
    chip: Path, tmp_path: Path
) -> None:
    descriptors = tmp_path / "proc" / "4711" / "fd"
    descriptors.mkdir(parents=True)
    (tmp_path / "proc" / "4711" / "comm").write_text("blinky\n", "ascii")
    (descriptors / "3").symlink_to("anon_inode:gpio-line")
    found = looked(chip, tmp_path, "17=relay 23=")
    assert found["state"] == "wrong"
    assert found["found"] == (
        "GPIO17 (lights.\"lamp\") is held by 'relay'\nGPIO23 (button) is held by 'somebody'; "
        "these programs have pins: blinky (pid 4711)"
    )
    assert "stop that program" in str(found["remedy"])


def test_the_daemon_s_own_pins_are_no_trouble(chip: Path, tmp_path: Path) -> None:
    found = looked(chip, tmp_path, "16=lg 17=lg 23=lg", running=True)
    assert (found["state"], found["found"]) == ("fine", "GPIO16, GPIO17, GPIO23 are the daemon's")


def test_no_chip_and_one_that_is_no_chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    config = parse(HOME)
    assert access.pins(config, Place(tmp_path), running=False).found == "this machine has no GPIO chip"
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "gpiochip0").touch()
    found = access.pins(config, Place(tmp_path), running=False)
    assert found.state is State.WRONG
    assert found.exit_status == 69
    assert "gpiochip0" in found.found


def test_mock_pins_and_no_pins_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    assert access.pins(parse(HOME), Place(tmp_path), running=False).state is State.SKIPPED
    assert access.pins(parse({}), Place(tmp_path), running=False).state is State.SKIPPED


def test_every_use_of_a_pin_is_known() -> None:
    config = parse({**HOME, "camera": {"source": "memory", "light": 5}})
    assert access.pins_of(config) == {
        23: "button",
        17: 'lights."lamp"',
        16: "status_light",
        5: "camera.light",
    }


def test_a_group_that_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr("grp.getgrnam", nobody)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    audio, gpio = access.groups(parse(HOME), Place(tmp_path))
    assert (audio.check, gpio.check) == ("group audio", "group gpio")
    assert gpio.found == "there is no group gpio"
    assert gpio.remedy.startswith("sudo groupadd --system gpio")
    assert gpio.exit_status == 69


def test_a_user_who_is_not_in_the_group(tmp_path: Path) -> None:
    """As nobody, whom a device of mode 0660 is shut to."""
    if os.getuid() != 0:
        pytest.skip("only root can become nobody")
    device = tmp_path / "dev" / "snd" / "controlC0"
    device.parent.mkdir(parents=True)
    device.touch()
    device.chmod(0o660)
    for path in (tmp_path, *tmp_path.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(path.stat().st_mode | 0o011)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["state"] == "wrong"
    assert found["found"] == f"nobody may not use {device}, and is not in group audio"
    assert found["remedy"] == "sudo usermod -aG audio nobody, and log in again"


def test_what_may_be_used_is_fine(tmp_path: Path) -> None:
    [audio] = access.groups(parse({}), Place(tmp_path))
    assert audio.found == "it is there; sound cards: none"
    device = tmp_path / "dev" / "snd" / "controlC0"
    device.parent.mkdir(parents=True)
    device.touch()
    [audio] = access.groups(parse({}), Place(tmp_path))
    assert (audio.state, audio.found) == (State.FINE, "sound cards may be used")
    [nothing] = access.groups(parse({"audio": {"backend": "memory"}}), Place(tmp_path))
    assert nothing.state is State.SKIPPED
