"""The other end of the control socket: how a command asks the daemon (see adapters/control.py).

Knows how to say what is wrong when nobody answers. Must never wait without a limit, but for a watch.
"""

from __future__ import annotations

import contextlib
import grp
import json
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from .errors import ControlError

ANSWER_BYTES = 2**20  # in one line: a guard against what is not our daemon


def request(path: Path, body: Mapping[str, object], timeout_s: float = 5.0) -> dict[str, object]:
    """Ask the daemon once and wait for its answer, which may be `{"ok": false, ...}`.

    Blocks for at most `timeout_s`. Raises ControlError with a remedy when there is no answer.
    """
    with _connected(path, body, time.monotonic() + timeout_s) as lines:
        for answer in lines:
            return answer
    raise ControlError(f"the daemon on {path} hung up without an answer; see its log")


def watch(path: Path, timeout_s: float = 5.0) -> Iterator[dict[str, object]]:
    """What the daemon tells its watchers, until it ends. `timeout_s` is for its first answer only."""
    with _connected(path, {"do": "watch"}, time.monotonic() + timeout_s, endless=True) as lines:
        accepted = next(lines, None)
        if accepted is None:
            raise ControlError(f"the daemon on {path} hung up without an answer; see its log")
        if accepted.get("ok") is not True:
            raise ControlError(f"{accepted.get('error')}; {accepted.get('remedy')}")
        yield from lines


@contextlib.contextmanager
def _connected(
    path: Path, body: Mapping[str, object], deadline: float, *, endless: bool = False
) -> Iterator[Iterator[dict[str, object]]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            connection.connect(str(path))
            with contextlib.suppress(BrokenPipeError):  # it may have said why before it hung up
                connection.sendall(json.dumps(dict(body)).encode("ascii") + b"\n")
            yield _answers(connection, deadline, endless=endless)
        except OSError as error:
            raise ControlError(_why(path, error)) from error


def _answers(connection: socket.socket, deadline: float, *, endless: bool) -> Iterator[dict[str, object]]:
    buffer = b""
    limit: float | None = deadline
    while True:
        line, newline, rest = buffer.partition(b"\n")
        if newline:
            buffer = rest
            yield _answer(line)
            limit = None if endless else deadline
            continue
        if len(buffer) > ANSWER_BYTES:
            raise ControlError("the answer has no end: that is not our daemon; check control.socket")
        connection.settimeout(None if limit is None else max(0.001, limit - time.monotonic()))
        more = connection.recv(65_536)
        if not more:
            return
        buffer += more


def _answer(line: bytes) -> dict[str, object]:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ControlError("the answer is not JSON: that is not our daemon; check control.socket") from error
    if not isinstance(answer, dict):
        raise ControlError("the answer is no object: that is not our daemon; check control.socket")
    return answer


def _why(path: Path, error: OSError) -> str:
    match error:
        case FileNotFoundError() | ConnectionRefusedError():
            return f"no daemon listens on {path}; start it with: sudo systemctl start appliance"
        case PermissionError():
            return f"you may not talk to the daemon on {path}; {_permission(path)}"
        case TimeoutError() | BlockingIOError():
            return f"the daemon on {path} does not answer; see: journalctl -u appliance"
        case ConnectionError():
            return f"the daemon on {path} hung up; see: journalctl -u appliance"
    return f"the daemon on {path} cannot be reached: {error.strerror or error}; check control.socket"


def _permission(path: Path) -> str:
    try:
        group = grp.getgrgid(path.stat().st_gid).gr_name
    except (OSError, KeyError):
        return "use sudo"
    return f"use sudo, or join its group: sudo usermod -aG {group} $USER, and log in again"
