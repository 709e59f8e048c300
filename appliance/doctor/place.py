"""Where a check looks: the files that the kernel and the system show, and the commands that ask them.

Knows paths and programs. Must never know what a check makes of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMAND_S = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """`root` stands for / in tests."""

    root: Path = Path("/")

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def text(self, path: str) -> str | None:
        """What stands in a small file; None where there is none to be read."""
        try:
            return self.at(path).read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        except OSError:
            return None

    def matching(self, pattern: str) -> list[Path]:
        return sorted(self.root.glob(pattern.lstrip("/")))

    def holders(self, path: str) -> list[str]:
        """Who has this file open, as "name (pid 7)"; other people's programs are seen by root alone."""
        found = []
        for directory in self.matching("/proc/[0-9]*"):
            if int(directory.name) != os.getpid() and any(_is(link, path) for link in _open(directory)):
                found.append(self.named(int(directory.name)))
        return found

    def named(self, pid: int) -> str:
        return f"{self.text(f'/proc/{pid}/comm') or 'a program'} (pid {pid})"


def _open(process: Path) -> Iterator[Path]:
    try:
        yield from (process / "fd").iterdir()
    except OSError:  # it has ended, or is another user's
        return


def _is(link: Path, path: str) -> bool:
    try:
        return str(link.readlink()) == path
    except OSError:
        return False


def asked(*words: str) -> str | None:
    """What a program answers; None where there is none, or it fails."""
    if shutil.which(words[0]) is None:
        return None
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=COMMAND_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
