"""The brain on this machine under a real systemd: started by a knock, hardened, gone when nobody needs it.

The machine is an overlay over this very one, as what is on the disk is not what is tried here.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from . import machine as machines
from .machine import ROOT, Machine, until

pytestmark = pytest.mark.slow
UNITS = ROOT / "systemd"
PROGRAM = f"{sys.executable} -m appliance"
SETTINGS = """
[live]
endpoint = "ws://127.0.0.1:9"
[audio]
backend = "memory"
[lights."kitchen light"]
pin = 17
[offline]
enabled = true
exit_after_s = 5
"""


class Here(Machine):
    """What else this machine starts when it boots is nobody's business."""

    def _furnish(self) -> None:
        super()._furnish()
        (self.root / "etc/machine-id").write_text("")
        target = self.root / "etc/systemd/system/default.target"
        target.unlink(missing_ok=True)
        target.symlink_to("/lib/systemd/system/basic.target")


def furnish(machine: Machine) -> None:
    for unit in ("appliance.service", "appliance-offline.service", "appliance-offline.socket"):
        text = (UNITS / unit).read_text(encoding="utf-8")
        machine.write(f"/etc/systemd/system/{unit}", text.replace("/opt/appliance/bin/appliance", PROGRAM))
    machine.write("/etc/appliance/appliance.toml", SETTINGS)
    machine.write("/etc/appliance/gemini-api-key", "a-key-of-no-consequence\n", 0o600)
    mock = "[Service]\nEnvironment=GPIOZERO_PIN_FACTORY=mock\n"
    machine.write("/etc/systemd/system/appliance.service.d/mock.conf", mock)
    machine.write("/etc/sysusers.d/appliance.conf", (UNITS / "sysusers.conf").read_text(encoding="utf-8"))
    machine.run("systemd-sysusers && systemctl daemon-reload")


def test_started_by_a_knock_and_gone_when_nobody_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pocketsphinx", reason="pocketsphinx is not installed")
    if os.geteuid() != 0 or shutil.which("systemd-nspawn") is None:
        pytest.skip("only root boots a container, with systemd-nspawn (package systemd-container)")
    monkeypatch.setattr(machines, "clean", lambda suite: Path("/"))
    with Here("here", {ROOT: str(ROOT)}) as machine:
        furnish(machine)
        verified = machine.tried("systemd-analyze verify appliance-offline.socket appliance-offline.service")
        assert "appliance-offline" not in verified.stderr, verified.stderr
        exposed = machine.run("systemd-analyze security appliance-offline.service | tail -n 1")
        assert float(re.findall(r"[\d.]+", exposed.partition(":")[2])[0]) <= 0.5, exposed

        machine.run("systemctl start appliance-offline.socket appliance")
        assert machine.tried("systemctl is-active appliance-offline.service").stdout.strip() == "inactive"
        for _ in range(2):  # and the next knock starts it again
            said = machine.run(f"cd {ROOT} && {PROGRAM} ask 'Turn on the kitchen light'")
            assert said == "I am offline. The kitchen light is on."
            assert machine.run("systemctl is-active appliance-offline.service") == "active"
            number = machine.run("systemctl show -P MainPID appliance-offline.service")
            memory_kb = int(machine.run(f"awk '/VmHWM/ {{print $2}}' /proc/{number}/status"))
            assert memory_kb < 90 * 1024, "what its unit allows, with room to spare"
            machine.run("systemctl restart appliance")  # it hangs up
            until(
                lambda: (
                    machine.tried("systemctl is-active appliance-offline.service").stdout.strip()
                    == "inactive"
                ),
                30,
                machine.news,
            )
            assert machine.run("systemctl is-active appliance-offline.socket") == "active"
            assert machine.run("systemctl show -P Result appliance-offline.service") == "success"
        machine.run("systemctl stop appliance")
