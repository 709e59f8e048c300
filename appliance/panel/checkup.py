"""The doctor, called from the page: `appliance doctor`, as a process of its own.

Knows the command and its limits. Must never look at anything itself: a check may take seconds, and the
daemon has none to spare.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence

LIMIT_S = 90.0
MOST_BYTES = 262_144
CHUNK_BYTES = 65_536
DOCTOR = ("nice", "-n", "10", sys.executable, "-m", "appliance", "doctor", "--json")
NOT_FOR_IT = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "APPLIANCE_PANEL_PASSWORD")

BUSY = {"ok": False, "error": "the doctor is here already", "remedy": "wait until it has finished"}


class Checkup:
    """One at a time. `config` is the daemon's file, "" for the usual one."""

    def __init__(self, config: str, command: Sequence[str] = DOCTOR, limit_s: float = LIMIT_S) -> None:
        self._command = [*command, *(("--config", config) if config else ())]
        self._limit_s = limit_s
        self._busy = False

    async def examine(self) -> dict[str, object]:
        """What it found, as `appliance doctor --json` says it; or why it found nothing."""
        if self._busy:
            return BUSY
        self._busy = True
        try:
            return {"ok": True, "checks": await self._checks()}
        except (OSError, ValueError, KeyError, TypeError) as error:  # TimeoutError is an OSError
            why = "it took too long" if isinstance(error, TimeoutError) else str(error)
            return {"ok": False, "error": f"no findings: {why}", "remedy": "run `appliance doctor` by hand"}
        finally:
            self._busy = False

    async def _checks(self) -> object:
        environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_IT}
        process = await asyncio.create_subprocess_exec(
            *self._command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        text = b""
        try:
            async with asyncio.timeout(self._limit_s):
                while more := await process.stdout.read(CHUNK_BYTES):
                    text = (text + more)[: MOST_BYTES + 1]
                await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                while await process.stdout.read(CHUNK_BYTES):
                    pass  # asyncio sees the end of a process only when its pipe has been read empty
                await process.wait()
        return json.loads(text)["checks"]
