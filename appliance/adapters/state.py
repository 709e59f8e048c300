"""The small state directory: a few JSON files that outlive a restart, written rarely and whole.

Knows one directory. Must never know what a value means.

    save(name, value) ─► pending (the newest) ─► thread: temporary file, fsync, rename ─► rest EVERY_S ─┐
                            ▲───────────────────────────────────────────────────────────────────────────┘

A file is the former value or the new one, never a part of either, whenever the power goes. One process writes
a directory at a time. An SD card wears out and stalls, so what has not changed is not written, and nobody
waits for what has.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from pathlib import Path

from ..core.messages import Handle

log = logging.getLogger(__name__)

EVERY_S = 300.0  # some hundred writes of a block on a busy day; five minutes are what a power cut may take
NOTHING = ""  # no JSON value is written so
SOON_S = 1.0  # of a burst of changes only the last is written
MOST_BYTES = 1 << 20  # our files have a few kilobytes; whatever is larger is not ours
SYSTEM = Path("/var/lib/appliance")


def _secret(value: object) -> str:
    """What is masked everywhere else: a file of mode 0600 is where it may be read."""
    if isinstance(value, Handle):
        return value.secret
    raise TypeError(f"{type(value).__name__} has no place in a file")


def directory() -> Path:
    """Where state is kept: the first STATE_DIRECTORY of the service manager, systemd.exec(5), or `appliance`
    in XDG_STATE_HOME, by default ~/.local/state; a relative one does not count (XDG base directories)."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    own = Path(os.environ.get("XDG_STATE_HOME", ""))
    try:
        return (own if own.is_absolute() else Path.home() / ".local" / "state") / "appliance"
    except RuntimeError:  # a user without a home
        return SYSTEM


class State:
    """`load` at the start, `save` as often as you like, `close` at the end. A name is a file name's stem."""

    def __init__(self, directory: Path, every_s: float = EVERY_S) -> None:
        """At most one write of a name in `every_s` seconds, and one more at `close`."""
        self._directory = directory
        self._every_s = every_s
        self._newest: dict[str, str] = {}  # as it is on the disk, or on its way there
        self._pending: dict[str, str] = {}
        self._writers: dict[str, asyncio.Task[None]] = {}
        self._closed = False
        self._hurry: dict[str, asyncio.Event] = {}  # of whoever rests: something is not to wait
        self._failed: set[str] = set()  # the names that could not be written last time

    def load(self, name: str) -> object | None:
        """The value saved last; None where there is none that can be read, which the journal then tells."""
        path = self._path(name)
        try:
            with path.open("rb") as file:
                text = file.read(MOST_BYTES + 1)
            if len(text) > MOST_BYTES:
                raise ValueError(f"it has more than {MOST_BYTES} bytes")
            value: object = json.loads(text)
            self._newest[name] = json.dumps(value)
        except FileNotFoundError:
            log.info("there is no %s yet", path)
            return None
        except OSError as error:
            log.warning("%s cannot be read: %s", path, error.strerror or type(error).__name__)
            return None
        except (ValueError, RecursionError) as error:  # also of UTF-8, and of numbers without end
            log.warning("%s is damaged and begun anew: %s", path, error)
            return None
        return value

    def age_s(self, name: str) -> float | None:
        """For how many seconds by this machine's clock a value has been there; None where there is none."""
        try:
            return time.time() - self._path(name).stat().st_mtime
        except OSError:
            return None

    def save(self, name: str, value: object, *, soon: bool = False) -> None:
        """Keep this value from now on; call it with the loop running. It is taken as it is at this moment.
        `soon`: what a power cut must not take, because somebody relies on it: rest for SOON_S at most.

        A disk that is full or read-only is a warning, and tried again after a rest. Raises TypeError and
        ValueError for what is not JSON, which is a bug.
        """
        if self._put(name, json.dumps(value, default=_secret)) and soon:
            asyncio.get_running_loop().call_later(SOON_S, self._hurry[name].set)

    def remove(self, name: str) -> None:
        """Keep nothing of that name from now on, and do not rest before; call it with the loop running."""
        self._put(name, NOTHING)
        if name in self._hurry:
            self._hurry[name].set()

    async def close(self) -> None:
        """Write what is pending. Nothing is saved any more."""
        self._closed = True
        for hurry in self._hurry.values():
            hurry.set()
        await asyncio.gather(*self._writers.values())

    def _put(self, name: str, text: str) -> bool:
        if text == self._newest.get(name) or self._closed:
            return False
        self._newest[name] = self._pending[name] = text
        if name not in self._writers:
            self._hurry[name] = asyncio.Event()
            self._writers[name] = asyncio.create_task(self._keep(name))
        return True

    async def _keep(self, name: str) -> None:
        """Write and rest for as long as there is something to write."""
        while name in self._pending:
            text = self._pending.pop(name)
            if not self._closed:
                self._hurry[name].clear()
            try:
                await asyncio.to_thread(self._write, name, text)
                self._failed.discard(name)
            except OSError as error:
                self._fail(name, error)
                if not self._closed:
                    self._pending.setdefault(name, text)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry[name].wait(), self._every_s)
        del self._writers[name]

    def _fail(self, name: str, error: OSError) -> None:
        level = logging.DEBUG if self._failed else logging.WARNING
        reason = error.strerror or type(error).__name__
        log.log(level, "nothing can be kept in %s: %s; tried again later", self._directory, reason)
        self._failed.add(name)

    def _write(self, name: str, text: str) -> None:
        """In a thread. Raises OSError, and then leaves the former file as it was."""
        if text == NOTHING:
            self._path(name).unlink(missing_ok=True)
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One name for all time: what a killed process leaves behind is written over, not piled up.
        temporary = self._directory / f".{name}.new"
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="ascii") as file:
                os.fchmod(file.fileno(), 0o600)  # of the one left behind
                file.write(text)
                file.flush()
                os.fsync(file.fileno())  # before the rename, or a power cut leaves an empty file: rename(2)
            temporary.replace(self._path(name))
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()  # a full disk needs the room
            raise

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.json"
