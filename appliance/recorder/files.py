"""Traces as files: lines of JSON, redacted; new files only, for the daemon's own eyes, and few of them.

Knows the disk. Must never write what redaction.py has not seen.

    {"trace": 1, "version": ..., "core": ..., "configuration": ..., "names": [...]}
    {"start": {...}}                                   the conversation as it stood
    {"now": ..., "event": {...}, "effects": [...]}     one event
    {"frames": 4711, "speech": "0189", "now": [...]}   frames that led to nothing
    {"now": ..., "event": {...}, "crash": ...}         the end, if it was a bug
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO

from ..core.values import dataclass
from ..errors import TraceError
from .codec import modules
from .log import Item, Run
from .redaction import Redactor

FORMAT = 1
FLIGHTS = 5  # files that are kept
FREE_BYTES = 32 << 20  # which a trace leaves to others
AGAIN_S = 600.0  # a box that crashes at every start must not wear its disk out


@dataclass(frozen=True, slots=True)
class Header:
    """Who writes: the version, a digest of the configuration, and the names in it that may be seen."""

    version: str
    configuration: str
    names: tuple[str, ...]


@functools.cache
def core_digest() -> str:
    """Which core it is: a trace of another one may well diverge."""
    digest = hashlib.sha256()
    for module in modules():
        with contextlib.suppress(OSError):
            digest.update(inspect.getsource(module).encode())
    return digest.hexdigest()[:16]


def lines(header: Header) -> Callable[[Sequence[Item]], Iterator[str]]:
    """The writer of one file: gives items as the lines they are, redacted; the header before the first."""
    redactor = Redactor(header.names)
    first: list[object] = [{"trace": FORMAT, "core": core_digest(), **asdict(header)}]

    def write(items: Sequence[Item]) -> Iterator[str]:
        while first:
            yield _line(first.pop())
        for item in items:
            yield _line(item.line() if isinstance(item, Run) else redactor.redact(json.loads(item)))

    return write


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def open_new(path: Path) -> IO[str] | None:
    """A file that was not there, readable by us alone. Raises TraceError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
    except FileExistsError:
        raise TraceError(f"{path} is there already: name a new file for the trace") from None
    except OSError as error:
        raise TraceError(f"{path} cannot be written: {error.strerror}") from error


def write_flight(
    directory: Path, header: Header, items: Sequence[Item], *, crash: bool = False
) -> Path | None:
    """The last events as a file; None where one is too many. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    former = sorted(directory.glob("flight-*.jsonl"), key=lambda path: path.stat().st_mtime)
    if crash and former and abs(time.time() - former[-1].stat().st_mtime) < AGAIN_S:
        return None
    space = os.statvfs(directory)
    if space.f_bavail * space.f_frsize < FREE_BYTES:
        raise OSError(28, "the disk is nearly full")
    for old in former[: max(0, len(former) - FLIGHTS + 1)]:
        old.unlink(missing_ok=True)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path = directory / f"flight-{stamp}.jsonl"
    number = 1
    while path.exists():
        number += 1
        path = directory / f"flight-{stamp}-{number}.jsonl"
    file = open_new(path)
    assert file is not None
    with file:
        file.writelines(lines(header)(items))
    return path
