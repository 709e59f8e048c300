"""The Debian package: made here, put on clean machines of both Debians with apt, spoken to, and purged."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .box import Box
from .machine import ROOT, SUITES, Machine
from .street import KEY, SOUND, Street

pytestmark = pytest.mark.slow
E_MACHINE = {"amd64": 62, "arm64": 183}  # elf.h: EM_X86_64, EM_AARCH64
OURS = "# mine\n[audio]\nearcon_volume = 7\n"


def built(arch: str, folder: Path, *words: str) -> Path:
    done = subprocess.run(
        [ROOT / "scripts" / "build-deb", "--arch", arch, "--output", folder, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb: this is not Debian")
    return built("amd64", tmp_path_factory.mktemp("deb"))


@pytest.fixture(scope="module", params=SUITES)
def packaged(request: pytest.FixtureRequest, street: Street, package: Path) -> Iterator[Box]:
    with Machine(request.param, {street.socket: SOUND}) as machine:
        shutil.copy2(package, machine.root / "src" / "appliance.deb")
        machine.run("apt-get update; apt-get install -y debconf-utils")
        machine.run("debconf-set-selections", f"appliance appliance/key password {KEY}\n")
        yield Box(machine, street)


def test_lintian_has_nothing_to_say_that_is_not_answered(package: Path) -> None:
    if shutil.which("lintian") is None:
        pytest.skip("lintian is not installed")
    command = ["lintian", "--allow-root", package]
    done = subprocess.run([*command, "--fail-on=error,warning"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    done = subprocess.run([*command, "--show-overrides"], capture_output=True, text=True, check=False)
    found = {line.split()[2] for line in done.stdout.splitlines() if line.startswith("O: ")}
    assert found <= {"bogus-mail-host", "bogus-mail-host-in-debian-changelog"}


def test_one_for_another_kind_of_machine_can_be_made_here(tmp_path: Path) -> None:
    package = built("arm64", tmp_path)
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path / "in"], check=True)
    objects = list((tmp_path / "in" / "usr/lib/appliance").rglob("*.so*"))
    assert len(objects) >= 2 * 3
    for path in objects:
        assert int.from_bytes(path.read_bytes()[18:20], "little") == E_MACHINE["arm64"], path
    shown = subprocess.run(
        ["dpkg-deb", "--field", package, "Architecture"], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "arm64"


# -- the tests below follow one another on the same machine ------------------------------------------------


def test_apt_installs_it_and_it_runs(packaged: Box) -> None:
    begun = time.monotonic()
    done = packaged.machine.tried("cd /src && apt-get install -y ./appliance.deb 2>&1")
    assert done.returncode == 0, done.stdout
    print(f"{packaged.machine.suite}: {time.monotonic() - begun:.0f} s\n{done.stdout}")
    assert packaged.machine.tried("command -v cc || command -v gcc").returncode
    assert packaged.machine.show("ActiveState") == "active"
    assert packaged.machine.run("systemctl is-enabled appliance") == "enabled"
    done = packaged.machine.tried("systemd-analyze verify --man=no appliance.service appliance.socket")
    assert (done.returncode, done.stderr) == (0, "")
    packaged.machine.run("systemd-analyze security --no-pager --threshold=15 appliance.service")


def test_the_key_that_debconf_asks_for_is_in_its_file_and_nowhere_else(packaged: Box) -> None:
    assert packaged.machine.run("cat /etc/appliance/gemini-api-key") == KEY
    assert packaged.machine.run("stat -c '%U %a' /etc/appliance/gemini-api-key") == "root 600"
    found = packaged.machine.tried(
        f"grep -rlF {KEY} /etc /var /usr/lib/appliance /run/appliance /root"
    ).stdout
    assert found.split() == ["/etc/appliance/gemini-api-key"]


def test_spoken_to_it_switches_a_light(packaged: Box) -> None:
    packaged.furnish()
    packaged.speak()


def test_while_the_service_is_nowhere_it_switches_one_all_the_same(packaged: Box) -> None:
    assert packaged.machine.run("systemctl is-enabled appliance-offline.socket") == "enabled"
    packaged.speak_offline()
    packaged.brain_ends()


def test_another_version_keeps_what_is_yours(packaged: Box) -> None:
    packaged.machine.write("/etc/appliance/appliance.toml", OURS)
    packaged.machine.run("cd /src && apt-get install -y --reinstall ./appliance.deb")
    assert packaged.machine.run("cat /etc/appliance/appliance.toml") == OURS.strip()
    assert packaged.machine.run("cat /etc/appliance/gemini-api-key") == KEY
    assert packaged.machine.show("ActiveState") == "active"
    done = packaged.machine.tried("/src/scripts/install --unattended")
    assert done.returncode == 1
    assert "the Debian package appliance is installed" in done.stderr


def test_purged_it_leaves_nothing(packaged: Box) -> None:
    packaged.machine.run("apt-get purge -y appliance")
    assert packaged.machine.tried("systemctl list-unit-files --no-legend 'appliance*'").stdout == ""
    assert packaged.machine.tried("getent passwd appliance || getent group appliance gpio").returncode
    packaged.machine.run("getent group audio video")
    assert packaged.left() == []


def test_purged_it_leaves_a_group_that_was_there_before(packaged: Box) -> None:
    packaged.machine.run("groupadd --system gpio; cd /src && apt-get install -y ./appliance.deb")
    packaged.machine.run("apt-get purge -y appliance")
    packaged.machine.run("getent group audio video gpio")


def test_it_can_be_made_without_the_brain(tmp_path: Path, package: Path) -> None:
    lean = built("amd64", tmp_path, "--without-offline")
    shown = subprocess.run(["dpkg-deb", "--contents", lean], capture_output=True, text=True, check=True)
    assert "appliance.service" in shown.stdout
    assert "appliance-offline" not in shown.stdout
    assert "pocketsphinx" not in shown.stdout
    assert lean.stat().st_size < package.stat().st_size / 2
