"""The brain that the installer has put there, under a real systemd: started by a knock, hardened, gone when
nobody needs it; and an installation without it."""

from __future__ import annotations

import json
import re

import pytest

from .box import Box

pytestmark = pytest.mark.slow
UNITS = "appliance-offline.socket appliance-offline.service"
MOST_KB = 90 * 1024  # of the 128 MB that its unit allows


def test_its_units_are_without_a_mistake_and_leave_little_to_an_attacker(box: Box) -> None:
    done = box.machine.tried(f"SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no {UNITS}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    exposed = box.machine.run("systemd-analyze security appliance-offline.service | tail -n 1")
    assert float(re.findall(r"[\d.]+", exposed.partition(":")[2])[0]) <= 0.5, exposed


def test_installed_and_no_more_it_answers_while_the_service_is_nowhere(box: Box) -> None:
    """A spoken request switches a light; then the memory is given back; the next knock starts it again."""
    assert box.machine.run("systemctl is-enabled appliance-offline.socket") == "enabled"
    examined = json.loads(box.machine.tried("appliance doctor --json --offline").stdout)["checks"]
    assert [one["state"] for one in examined if one["check"] == "offline brain"] == ["fine"]
    box.speak_offline()
    number = box.machine.show("MainPID", "appliance-offline.service")
    assert int(box.machine.run(f"awk '/VmHWM/ {{print $2}}' /proc/{number}/status")) < MOST_KB
    box.brain_ends()
    assert not (box.machine.root / "proc" / number).exists()
    said = box.machine.run("appliance ask 'Turn on the desk lamp'")
    assert said == "I am offline. The desk lamp is on."
    assert box.brain() == "active"
    box.brain_ends()


def test_it_can_be_left_out_and_had_again(box: Box) -> None:
    box.install("--unattended --without-offline")
    assert box.machine.tried("systemctl is-enabled appliance-offline.socket").stdout.strip() == "disabled"
    assert box.machine.tried("systemctl is-active appliance-offline.socket").stdout.strip() == "inactive"
    assert box.machine.tried("/opt/appliance/bin/python -c 'import pocketsphinx'").returncode
    assert box.status()["offline"] == "off", "and the daemon does not look for it"
    box.install("--unattended")
    assert box.machine.run("systemctl is-active appliance-offline.socket") == "active"
    box.machine.run("/opt/appliance/bin/python -c 'import pocketsphinx'")
