"""What is left when the daemon has ended for good: a word in the journal, and an error on the status light.

Knows what the service manager tells of such an end, systemd.exec(5). Must never need what may be broken: of
the settings it wants the status light and nothing else, and does without.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import signal
import tomllib
from collections.abc import Mapping
from pathlib import Path

from .core.mood import Mood
from .errors import EX_OK, LightError, Problem
from .home import read_status_light
from .problems import Section
from .settings import StatusLight

log = logging.getLogger(__name__)

CONFIG = Path("/etc/appliance/appliance.toml")
AGAIN = "then: systemctl restart appliance"
ENDS = {  # by exit status: what it was, and what helps
    "78": (
        "the settings or the key cannot be used",
        f"the lines before this one say what is wrong with them; put it right, {AGAIN}",
    ),
    "216": (
        "a group that the service needs is missing",
        f"run systemd-sysusers, which makes it (audio, video and gpio are needed), {AGAIN}",
    ),
    "217": ("the user that the service runs as is missing", f"run systemd-sysusers, which makes it, {AGAIN}"),
    "243": (
        "a credential of the service cannot be read",
        "perhaps it was encrypted on another machine: store it again where `systemctl cat appliance` says, "
        f"{AGAIN}",
    ),
}
TABLE = re.compile(r"^\[status_light\][^\n]*\n.*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)


def aftermath(told: Mapping[str, str]) -> str:
    """One line: why it has ended for good, and what helps; "" for an end after which it is started again.

    `told` is the environment of a unit behind OnFailure=, which some versions of systemd start at every end.
    """
    found = ENDS.get(told.get("MONITOR_EXIT_STATUS", ""))
    return f"the box has ended for good: {found[0]}; {found[1]}" if found else ""


def status_light(path: Path) -> StatusLight:
    """The status light of a configuration that may be broken everywhere else; none where that is, too."""
    try:
        table = TABLE.search(path.read_text(encoding="utf-8", errors="replace"))
        settings = tomllib.loads(table[0]) if table else {}
    except (OSError, ValueError):
        return StatusLight()
    problems: list[Problem] = []
    light = read_status_light(Section(str(path), "status_light", settings.get("status_light", {}), problems))
    return StatusLight() if problems else light


def told(options: argparse.Namespace) -> int:
    """The command `appliance failed`: until somebody ends it, if there is a light to show it on."""
    from .adapters.systemd import start_logging  # late, as this file is read for every command

    start_logging("info")
    if text := aftermath(os.environ):
        log.error("%s", text, extra={"APPLIANCE_EVENT": "failed"})
        light = status_light(options.config or CONFIG)
        if light.pins:
            asyncio.run(_shown(light))
    return EX_OK


async def _shown(light: StatusLight) -> None:
    from .adapters.beacon import Beacon  # late, likewise

    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        beacon = Beacon(light)
    except LightError as error:
        log.warning("%s", error)
        return
    beacon.show(Mood.FATAL, "", light.brightness)
    await ended.wait()
    beacon.close()
