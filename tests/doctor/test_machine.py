"""The machine, played by files and by programs of our own in PATH."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.doctor import machine
from appliance.doctor.finding import Finding, State, exit_status, fine, skipped
from appliance.doctor.place import Place, asked

Program = Callable[[str, str], None]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """`program(name, script)`: a command that there is; others there are not, but the shell's."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def make(name: str, script: str) -> None:
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n", "ascii")
        path.chmod(0o755)

    return make


def put(place: Place, path: str, text: str) -> None:
    place.at(path).parent.mkdir(parents=True, exist_ok=True)
    place.at(path).write_text(text, "ascii")


def test_versions_are_those_that_are_installed() -> None:
    found = machine.versions(pins=False)
    assert found.found.startswith("appliance 0.")
    assert "websockets 1" in found.found


def test_what_it_cannot_run_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "NEEDED", ("websockets", "no-such-thing"))
    found = machine.versions(pins=False)
    assert (found.state, found.remedy) == (
        State.WRONG,
        "run scripts/install again, or pip install no-such-thing",
    )
    monkeypatch.setattr(machine, "NEEDED", ())
    monkeypatch.setattr(machine, "WANTED", {"lgpio": "there are no pins", "no-such-thing": "x"})
    monkeypatch.setattr(machine, "_version", lambda name: "")
    assert machine.versions(pins=True).means == "without lgpio, there are no pins; without no-such-thing, x"
    assert machine.versions(pins=False).means == "without no-such-thing, x"


def test_the_clock(place: Place, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.clock(place).found.endswith("nobody says whether it is right")
    program("timedatectl", "echo no")
    odd = machine.clock(place)
    assert (odd.state, odd.found) == (State.ODD, "it is not synchronised")
    assert odd.mend is not None
    assert odd.mend() == "it is synchronised from now on"
    program("timedatectl", "exit 1")
    with pytest.raises(OSError, match="refuses"):
        odd.mend()
    program("timedatectl", "echo yes")
    assert machine.clock(place).found.endswith(", synchronised")
    put(place, "/run/systemd/timesync/synchronized", "")
    program("timedatectl", "echo no")
    assert machine.clock(place).state is State.FINE
    then = time.struct_time((1970, 1, 1, 0, 0, 0, 3, 1, 0))
    monkeypatch.setattr(time, "localtime", lambda: then)
    assert machine.clock(place).found == "it says 1970: nobody has set it"


@pytest.mark.parametrize(
    ("told", "state", "found"),
    [
        ("throttled=0x0", State.FINE, "no under-voltage since the start"),
        ("throttled=0x50005", State.WRONG, "under-voltage now (0x50005)"),
        ("throttled=0x50000", State.ODD, "there was under-voltage since the start (0x50000)"),
        ("throttled=what", State.SKIPPED, "this machine tells 'throttled=what'"),
    ],
)
def test_the_power(told: str, state: State, found: str, place: Place, program: Program) -> None:
    program("vcgencmd", f"echo {told}")
    seen = machine.power(place)
    assert (seen.state, seen.found) == (state, found)


def test_the_power_without_the_firmware_s_program(place: Place, program: Program) -> None:
    assert machine.power(place).state is State.SKIPPED
    put(place, "/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    assert machine.power(place).state is State.SKIPPED
    put(place, "/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert machine.power(place).found == "under-voltage"
    put(place, "/sys/devices/platform/soc/soc:firmware/get_throttled", "10000")
    assert machine.power(place).state is State.WRONG


def test_the_temperature(place: Place) -> None:
    assert machine.heat(place).state is State.SKIPPED
    put(place, "/sys/class/thermal/thermal_zone0/temp", "48312\n")
    assert machine.heat(place).found == "48 °C"
    put(place, "/sys/class/thermal/thermal_zone0/temp", "82000\n")
    assert machine.heat(place).state is State.ODD


def test_the_wi_fi(place: Place, program: Program) -> None:
    assert machine.wifi(place).state is State.SKIPPED
    place.at("/sys/class/net/wlan0/wireless").mkdir(parents=True)
    program("iw", "echo Power save: off")
    assert machine.wifi(place).found == "wlan0 saves no power"
    program("iw", "echo Power save: on")
    found = machine.wifi(place)
    assert (found.state, found.found) == (State.ODD, "wlan0 saves power")
    assert found.mend is not None
    assert found.mend() == "wlan0 saves no power until the next start"
    program("iw", "exit 1")
    with pytest.raises(OSError, match="refuses"):
        found.mend()


# -- the disk, on file systems of our own ---------------------------------------------------------------


@pytest.fixture
def mounted(tmp_path: Path) -> Callable[[str], Path]:
    if os.getuid() != 0:
        pytest.skip("only root can mount a file system")
    made: list[Path] = []

    def mount(options: str) -> Path:
        path = tmp_path / f"disk{len(made)}"
        path.mkdir()
        if os.system(f"mount -t tmpfs -o {options} tmpfs {path} 2>/dev/null"):
            pytest.skip("this container may not mount")
        made.append(path)
        return path

    yield mount  # type: ignore[misc]
    for path in made:
        os.system(f"umount {path}")


def test_a_disk_with_room(tmp_path: Path) -> None:
    found = machine.disk(tmp_path / "not" / "there" / "yet")
    assert found.state is State.FINE
    assert "MB free" in found.found
    assert machine.disk(tmp_path).state is State.FINE
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_or_read_only(mounted: Callable[[str], Path]) -> None:
    full = machine.disk(mounted("size=64k"))
    assert full.state is State.WRONG
    assert full.found.startswith("the disk is full: 0 MB free")
    assert "make room" in full.remedy
    shut = machine.disk(mounted("ro") / "appliance")
    assert shut.found.endswith("is read-only")
    assert "remount,rw" in shut.remedy


# -- findings and places ----------------------------------------------------------------------------------


def test_the_gravest_decides_the_exit_status() -> None:
    odd = Finding("a", State.ODD, "x", exit_status=78)
    missing = Finding("b", State.WRONG, "x", exit_status=69)
    wrong = Finding("c", State.WRONG, "x")
    assert exit_status([fine("a", "x"), skipped("b", "y"), odd]) == 0
    assert exit_status([wrong]) == 1
    assert exit_status([wrong, missing]) == 69
    assert exit_status([Finding("d", State.WRONG, "x", exit_status=78), missing]) == 78


def test_a_finding_says_what_it_means_and_what_to_do() -> None:
    found = Finding("clock", State.WRONG, "it is slow\nvery", "timers", "set it")
    assert found.lines() == [
        "WRONG clock          it is slow",
        "                     very",
        "                     timers",
        "                     -> set it",
    ]
    assert fine("clock", "right").lines() == ["ok    clock          right"]


def test_a_program_that_fails_or_hangs_is_none(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program("fails", "echo no; exit 3")
    program("hangs", "exec /bin/sleep 30")
    monkeypatch.setattr("appliance.doctor.place.COMMAND_S", 0.2)
    assert asked("fails") is None
    assert asked("hangs") is None
    assert asked("is-not-there") is None


def test_who_holds_a_file_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for pid, target in ((7, "/dev/gpiochip0"), (8, "/dev/null")):
        (tmp_path / "proc" / str(pid) / "fd").mkdir(parents=True)
        (tmp_path / "proc" / str(pid) / "fd" / "3").symlink_to(target)
    put(place, "/proc/7/comm", "blinky\n")
    (tmp_path / "proc" / "9").mkdir()  # it has ended
    assert place.holders("/dev/gpiochip0") == ["blinky (pid 7)"]
    assert place.holders("/dev/null") == ["a program (pid 8)"]
    put(place, "/proc/8/fd/4", "no link")
    assert place.holders("/dev/zero") == []
