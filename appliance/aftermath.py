"""What is left to say when the daemon has ended for good, and will not be started by itself.

Knows what the service manager tells of such an end, systemd.exec(5). Must never need what may be broken:
settings, a user, a group or a key.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Mapping

from .errors import EX_OK

log = logging.getLogger(__name__)

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


def aftermath(told: Mapping[str, str]) -> str:
    """One line: why it has ended, and what helps. `told` is the environment of a unit behind OnFailure=."""
    status = told.get("MONITOR_EXIT_STATUS", "")
    ended = (
        f"it ended ({told.get('MONITOR_SERVICE_RESULT', 'nobody says how')}, {status or 'no'} exit status)"
    )
    what, remedy = ENDS.get(status, (ended, f"see journalctl -u appliance, {AGAIN}"))
    return f"the box has ended for good: {what}; {remedy}"


def told(_: argparse.Namespace) -> int:
    """The command `appliance failed`."""
    from .adapters.systemd import start_logging  # late, as this file is read for every command

    start_logging("info")
    log.error("%s", aftermath(os.environ), extra={"APPLIANCE_EVENT": "failed"})
    return EX_OK
