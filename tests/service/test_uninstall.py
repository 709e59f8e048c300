"""What is left of the box when it has been taken away: nothing."""

from __future__ import annotations

import pytest

from ..test_readme import commands
from .box import Box
from .street import KEY

pytestmark = pytest.mark.slow


def test_every_command_of_the_readme_for_root_works(installed: Box) -> None:
    box = installed
    box.machine.write("/src/key.txt", KEY + "\n", 0o600)
    lines = [" ".join(words[1:]) for words in commands() if words[0] == "sudo"]
    assert {"scripts/install", "scripts/uninstall"} < set(lines), "the tests before and after this one"
    for line in lines:
        if line not in ("scripts/install", "scripts/uninstall"):
            box.machine.run(f"cd /src && {line}")
    assert box.machine.run("cat /etc/appliance/gemini-api-key") == KEY, "uninstalled, and the settings kept"
    assert (box.machine.root / "etc/appliance/appliance.toml").exists()
    assert not (box.machine.root / "opt/appliance").exists()
    box.install("--unattended")


def test_it_is_gone_and_nothing_is_left(installed: Box) -> None:
    box = installed
    before = box.machine.run("systemctl list-unit-files --no-legend 'appliance*'")
    assert before
    box.machine.run("/src/scripts/uninstall")
    assert box.machine.tried("systemctl list-unit-files --no-legend 'appliance*'").stdout == ""
    assert box.machine.tried("systemctl cat appliance.service").returncode
    assert box.machine.tried("getent passwd appliance || getent group appliance gpio").returncode
    box.machine.run("getent group audio video")
    assert box.left() == []
