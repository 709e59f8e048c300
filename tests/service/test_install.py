"""From nothing to a spoken request that switches a light, on clean machines of both Debians with their own
systemd: `scripts/install`, and `scripts/uninstall`, after which nothing is left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..soundserver import missing_tools
from .box import Box
from .machine import SUITES, Machine, missing
from .street import KEY, SOUND, Street

pytestmark = pytest.mark.slow
ABSENT = missing() or missing_tools()
KEPT = "# mine\n[audio]\nearcon_volume = 7\n"


@pytest.fixture(scope="module")
def street() -> Iterator[Street]:
    if ABSENT:
        pytest.skip(ABSENT)
    with Street() as street:
        yield street


@pytest.fixture(scope="module", params=SUITES)
def box(request: pytest.FixtureRequest, street: Street) -> Iterator[Box]:
    with Machine(request.param, {street.socket: SOUND}) as machine:
        yield Box(machine, street)


# -- the tests below follow one another on the same machine ------------------------------------------------


def test_what_cannot_be_a_key_is_refused_before_anything_is_done(box: Box) -> None:
    box.machine.write("/root/two-words", "a key\n")
    box.machine.write("/root/empty", "\n")
    for line, why in {
        "--key-file /root/two-words": "it is one word",
        "--key-file /root/empty": "is empty",
        "--key-file /root/none": "is not there",
        "--key-file /root": "is no file",
        "--what": "usage: sudo scripts/install",
    }.items():
        done = box.machine.tried(f"/src/scripts/install --unattended {line}")
        assert done.returncode in (1, 2)
        assert why in done.stderr
    assert not (box.machine.root / "opt/appliance").exists()
    assert not (box.machine.root / "etc/appliance").exists()


def test_only_root_installs(box: Box) -> None:
    done = box.machine.tried(
        "setpriv --reuid=65534 --regid=65534 --clear-groups /src/scripts/install --unattended"
    )
    assert done.returncode == 1
    assert "sudo scripts/install" in done.stderr


def test_a_full_disk_and_a_read_only_one_are_named(box: Box) -> None:
    box.machine.run("mount -t tmpfs -o size=10m tmpfs /opt")
    done = box.machine.tried("/src/scripts/install --unattended")
    assert done.returncode == 1
    assert "200 MB are needed" in done.stderr
    box.machine.run("mount -o remount,ro /opt")
    done = box.machine.tried("/src/scripts/install --unattended")
    assert done.returncode == 1
    assert "nothing can be written to /opt: is it full or read-only?" in done.stderr
    box.machine.run("umount /opt")


def test_it_is_installed_in_one_command_without_a_compiler(box: Box) -> None:
    box.install("--unattended")
    assert box.machine.tried("command -v cc || command -v gcc").returncode
    assert "scripts/install: there is no key yet" in box.transcript
    assert box.machine.run("systemctl is-enabled appliance") == "enabled"
    assert box.machine.run("appliance --version").startswith("appliance ")


def test_without_a_key_it_runs_and_says_so(box: Box) -> None:
    assert box.machine.show("ActiveState") == "active"
    assert (
        "the credential gemini-api-key is empty; put the key into /etc/appliance/gemini-api-key" in box.ask()
    )


def test_the_key_is_read_without_echo(box: Box) -> None:
    """At a terminal, as a person types it."""
    seen = box.at_a_terminal("/src/scripts/install", KEY)
    assert "API key (not shown" in seen
    assert KEY not in seen
    assert box.machine.run("cat /etc/appliance/gemini-api-key") == KEY
    assert box.machine.run("stat -c '%U %a' /etc/appliance/gemini-api-key") == "root 600"


def test_installing_again_keeps_what_is_yours(box: Box) -> None:
    box.machine.write("/etc/appliance/appliance.toml", KEPT)
    box.machine.run("sed -i s/'A talking box.'/'Another program.'/ /src/appliance/cli.py")
    box.install("--unattended")
    assert box.machine.run("cat /etc/appliance/appliance.toml") == KEPT.strip()
    assert box.machine.run("cat /etc/appliance/gemini-api-key") == KEY
    assert "Another program." in box.machine.run("appliance --help"), "it is upgraded"
    assert box.machine.show("ActiveState") == "active"


def test_settings_that_do_not_suit_stop_it_with_the_mistakes(box: Box) -> None:
    box.machine.write("/etc/appliance/appliance.toml", "[audio]\nechoes = 7\n")
    done = box.machine.tried("/src/scripts/install --unattended")
    assert done.returncode == 1
    assert "audio.echoes" in done.stderr
    assert "put them right" in done.stderr


def test_a_spoken_request_switches_a_light_while_systemctl_status_shows_it(box: Box) -> None:
    box.furnish()
    box.speak()


def test_it_is_gone_and_nothing_is_left(box: Box) -> None:
    before = box.machine.run("systemctl list-unit-files --no-legend 'appliance*'")
    assert before
    box.machine.run("/src/scripts/uninstall")
    assert box.machine.run("systemctl list-unit-files --no-legend 'appliance*'") == ""
    assert box.machine.tried("systemctl cat appliance.service").returncode
    assert box.machine.tried("getent passwd appliance || getent group appliance gpio").returncode
    assert box.left() == []
