"""A box on a machine of its own: installed, furnished, spoken to, and looked at as an operator does."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import time

from appliance.core.mood import Mood

from .machine import Machine, until
from .street import KEY, SOUND, Street

DROPINS = "/etc/systemd/system/appliance.service.d"
FURNITURE = f"""[Service]
Environment=GPIOZERO_PIN_FACTORY=mock
Environment=PULSE_SERVER=unix:{SOUND}/native
"""
NOWHERE = "ws://127.0.0.1:9"
SAID = {"on": "turn-on-the-kitchen-light.wav", "off": "turn-everything-off.wav"}
PLACES = (  # where the box, or its installer, writes; elsewhere Debian's packages leave caches of their own
    *("opt", "usr/local", "usr/lib/systemd", "usr/lib/appliance", "etc/appliance", "etc/systemd", "etc/udev"),
    *(
        "etc/polkit-1",
        "etc/sysusers.d",
        "etc/tmpfiles.d",
        "etc/credstore.encrypted",
        "var/lib/appliance",
    ),
)
MACHINES_OWN = "usr/local/share/ca-certificates"


class Box:
    def __init__(self, machine: Machine, street: Street) -> None:
        self.machine = machine
        self.street = street
        self.transcript = ""

    def install(self, *words: str) -> None:
        begun = time.monotonic()
        done = self.machine.tried(f"/src/scripts/install {' '.join(words)} 2>&1")
        self.transcript = done.stdout
        assert done.returncode == 0, done.stdout
        print(f"{self.machine.suite}: {time.monotonic() - begun:.0f} s\n{done.stdout}")

    def furnish(self) -> None:
        """What the street has: sound, a stand-in for the service, lights on mock pins; and a key."""
        self.machine.run("apt-get install -y libasound2-plugins")
        for unit in ("appliance", "appliance-failure"):
            self.machine.write(f"/etc/systemd/system/{unit}.service.d/street.conf", FURNITURE)
        self.machine.write("/etc/appliance/appliance.toml", self.street.toml)
        self.machine.write("/etc/appliance/gemini-api-key", KEY + "\n", 0o600)
        self.machine.run("systemctl daemon-reload; systemctl restart appliance")
        self.listen()

    def drop_in(self, name: str, text: str) -> None:
        self.machine.write(f"{DROPINS}/{name}.conf", text)
        self.machine.run("systemctl daemon-reload")

    def as_it_was(self) -> None:
        """Whatever a test has changed of it."""
        self.machine.run(f"cd {DROPINS} && find . -type f ! -name street.conf -delete")
        self.machine.run("systemctl stop appliance.socket 2>/dev/null; systemctl daemon-reload")
        self.machine.write("/etc/appliance/appliance.toml", self.street.toml)
        self.machine.write("/etc/appliance/gemini-api-key", KEY + "\n", 0o600)
        self.machine.run("systemctl reset-failed appliance.service 2>/dev/null; systemctl restart appliance")
        self.listen()

    def listen(self) -> None:
        """Wait until it can hear."""
        until(lambda: self.status().get("microphone") == "open", 30, self.machine.news)

    def status(self) -> dict[str, object]:
        done = self.machine.tried("appliance status --json")
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def light(self, name: str) -> object:
        return json.loads(self.machine.run("appliance lights --json"))["lights"][name]["power"]

    def ask(self) -> str:
        """The journal after a typed question, whatever comes of it."""
        self.machine.tried('appliance ask "Are you there?"', limit_s=60)
        return self.machine.journal()

    def speak(self, power: str = "on") -> None:
        """Say it; the light obeys, and meanwhile systemctl shows what goes on."""
        seen: set[str] = set()
        self.machine.run("appliance talk")
        seen.add(self.machine.show("StatusText"))
        self.street.say(SAID[power])

        def obeyed() -> bool:
            seen.add(self.machine.show("StatusText"))
            return self.light("kitchen light") == power

        until(obeyed, 40, self.machine.news)
        words = " ".join(sorted(text.partition(":")[0] for text in seen))
        assert "listening" in words, seen
        shown = self.machine.run("systemctl status appliance --no-pager")
        assert "active (running)" in shown
        told = re.search(r'Status: "([\w -]+): link \d+ live', shown)
        assert told, shown
        assert told[1] in set(Mood)

    def speak_offline(self) -> None:
        """The service is nowhere, and nobody did more than install the box; the light obeys all the same."""
        nowhere = self.street.toml.replace(self.street.standin.url, NOWHERE) + "[offline]\nexit_after_s = 5\n"
        self.machine.write("/etc/appliance/appliance.toml", nowhere)
        self.machine.run("systemctl restart appliance")
        self.listen()
        assert self.brain() == "inactive", "it costs nothing while nobody needs it"
        self.machine.run("appliance talk")
        self.street.say(SAID["on"])
        until(lambda: self.light("kitchen light") == "on", 60, self.machine.news)
        assert self.brain() == "active"
        assert "offline brain ready" in str(self.status()["says"])
        assert "offline: " in self.machine.run("appliance status")

    def brain(self) -> str:
        return self.machine.tried("systemctl is-active appliance-offline.service").stdout.strip()

    def brain_ends(self) -> None:
        """When nobody is connected to it any more; its door stays."""
        self.machine.run("systemctl restart appliance")
        until(lambda: self.brain() == "inactive", 30, self.machine.news)
        assert self.machine.show("Result", "appliance-offline.service") == "success"
        assert self.machine.run("systemctl is-active appliance-offline.socket") == "active"

    def at_a_terminal(self, line: str, typed: str) -> str:
        """What a person sees who types this when something is asked for; it must succeed."""
        mine, theirs = pty.openpty()
        process = self.machine.started(line, theirs)
        os.close(theirs)
        seen = b""
        answered = False
        while True:
            ready, _, _ = select.select([mine], [], [], 300)
            assert ready, seen
            try:
                piece = os.read(mine, 4096)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            seen += piece
            if b": " in seen and b"API key" in seen and not answered:
                answered = True
                os.write(mine, typed.encode() + b"\n")
        os.close(mine)
        assert process.wait(60) == 0, seen.decode(errors="replace")
        return seen.decode(errors="replace")

    def left(self) -> list[str]:
        """Files of the box, or where it writes, that are no package's and were not there at the beginning."""
        owned = set(self.machine.run("cat /var/lib/dpkg/info/*.list").splitlines())
        found = []
        for path in sorted(self.machine.upper.rglob("*")):
            inside = str(path.relative_to(self.machine.upper))
            gone = (
                path.is_char_device() and path.stat().st_rdev == 0
            )  # what an overlay keeps of a removed file
            if gone or (path.is_dir() and not path.is_symlink()) or inside.startswith(MACHINES_OWN):
                continue
            if {f"/{inside}", f"/{inside.removeprefix('usr/')}"} & owned or inside.startswith("src/"):
                continue
            if inside.startswith(PLACES) or ("appliance" in inside and not inside.startswith("var/log")):
                found.append(inside)
        return found
