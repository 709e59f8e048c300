"""What the kernel knows of a process: time, wake-ups, memory, threads and writes."""

from __future__ import annotations

import time
from pathlib import Path


class Process:
    def __init__(self, pid: int) -> None:
        self._place = Path(f"/proc/{pid}")
        # clock_getcpuclockid(3) of a process, as Linux makes it: in ns, with threads that have ended.
        self._clock = (~pid << 3) | 2

    def cpu_s(self) -> float:
        return time.clock_gettime(self._clock)

    def switches(self) -> int:
        """Voluntary context switches of all threads: how often it was woken."""
        return self._counted("voluntary_ctxt_switches")

    def forced(self) -> int:
        """Context switches that it did not want."""
        return self._counted("nonvoluntary_ctxt_switches")

    def memory_mb(self) -> dict[str, float]:
        rollup = self._place.joinpath("smaps_rollup").read_text().splitlines()
        kb = {line.split(":")[0]: int(line.split()[1]) for line in rollup if line.endswith("kB")}
        unique = kb["Private_Clean"] + kb["Private_Dirty"]
        return {"resident": kb["Rss"] / 1024, "proportional": kb["Pss"] / 1024, "unique": unique / 1024}

    def threads(self) -> int:
        return len(list(self._place.joinpath("task").iterdir()))

    def written_bytes(self) -> int:
        """What it has had written to a disk; to a directory in memory nothing is."""
        lines = self._place.joinpath("io").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))

    def _counted(self, name: str) -> int:
        return sum(
            int(line.split()[1])
            for status in self._place.glob("task/*/status")
            for line in status.read_text().splitlines()
            if line.split(":")[0] == name
        )
