"""`scripts/install` on clean machines of both Debians, booted with their own systemd."""

from __future__ import annotations

import pytest

from .box import Box
from .street import KEY

pytestmark = pytest.mark.slow
KEPT = "# mine\n[audio]\nearcon_volume = 7\n"


def test_what_cannot_be_a_key_is_refused_before_anything_is_done(bare: Box) -> None:
    bare.machine.write("/root/two-words", "a key\n")
    bare.machine.write("/root/empty", "\n")
    for line, why in {
        "--key-file /root/two-words": "it is one word",
        "--key-file /root/empty": "is empty",
        "--key-file /root/none": "is not there",
        "--key-file /root": "is no file",
        "--what": "usage: sudo scripts/install",
    }.items():
        done = bare.machine.tried(f"/src/scripts/install --unattended {line}")
        assert done.returncode in (1, 2)
        assert why in done.stderr
    assert not (bare.machine.root / "opt/appliance").exists()
    assert not (bare.machine.root / "etc/appliance").exists()


def test_only_root_installs(bare: Box) -> None:
    done = bare.machine.tried(
        "setpriv --reuid=65534 --regid=65534 --clear-groups /src/scripts/install --unattended"
    )
    assert done.returncode == 1
    assert "sudo scripts/install" in done.stderr


def test_a_full_disk_and_a_read_only_one_are_named(bare: Box) -> None:
    bare.machine.run("mount -t tmpfs -o size=10m tmpfs /opt")
    done = bare.machine.tried("/src/scripts/install --unattended")
    assert done.returncode == 1
    assert "200 MB are needed" in done.stderr
    bare.machine.run("mount -o remount,ro /opt")
    done = bare.machine.tried("/src/scripts/install --unattended")
    assert done.returncode == 1
    assert "nothing can be written to /opt: is it full or read-only?" in done.stderr
    bare.machine.run("umount /opt")


def test_it_is_installed_in_one_command_without_a_compiler(bare: Box) -> None:
    bare.install("--unattended")
    assert bare.machine.tried("command -v cc || command -v gcc").returncode
    assert "scripts/install: there is no key yet" in bare.transcript
    assert bare.machine.run("systemctl is-enabled appliance") == "enabled"
    assert (bare.machine.root / "usr/local/share/man/man5/appliance.toml.5").exists()
    assert (bare.machine.root / "opt/appliance/share/appliance/notices/no-network.wav").exists()
    assert bare.machine.run("appliance --version").startswith("appliance ")


def test_without_a_key_it_runs_and_says_so(bare: Box) -> None:
    assert bare.machine.show("ActiveState") == "active"
    assert (
        "the credential gemini-api-key is empty; put the key into /etc/appliance/gemini-api-key" in bare.ask()
    )


def test_the_key_is_read_without_echo(bare: Box) -> None:
    """At a terminal, as a person types it."""
    seen = bare.at_a_terminal("/src/scripts/install", KEY)
    assert "API key (not shown" in seen
    assert KEY not in seen
    assert bare.machine.run("cat /etc/appliance/gemini-api-key") == KEY
    assert bare.machine.run("stat -c '%U %a' /etc/appliance/gemini-api-key") == "root 600"


def test_installing_again_keeps_what_is_yours(bare: Box) -> None:
    bare.machine.write("/etc/appliance/appliance.toml", KEPT)
    bare.machine.run("sed -i s/'A talking box.'/'Another program.'/ /src/appliance/cli.py")
    bare.install("--unattended")
    assert bare.machine.run("cat /etc/appliance/appliance.toml") == KEPT.strip()
    assert bare.machine.run("cat /etc/appliance/gemini-api-key") == KEY
    assert "Another program." in bare.machine.run("appliance --help"), "it is upgraded"
    assert bare.machine.show("ActiveState") == "active"


def test_settings_that_do_not_suit_stop_it_with_the_mistakes(bare: Box) -> None:
    bare.machine.write("/etc/appliance/appliance.toml", "[audio]\nechoes = 7\n")
    done = bare.machine.tried("/src/scripts/install --unattended")
    assert done.returncode == 1
    assert "audio.echoes" in done.stderr
    assert "put them right" in done.stderr
