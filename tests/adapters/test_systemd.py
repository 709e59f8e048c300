"""The service manager, played by a real datagram socket, real files and a real stderr."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.adapters.systemd import (
    Notifier,
    api_key,
    credential,
    panel_password,
    server_secret,
    start_logging,
)
from appliance.errors import CredentialError

KEY = "AIza-this-is-a-secret"
PATIENCE_S = 20.0


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.settimeout(PATIENCE_S)

    def next(self) -> str:
        return self._socket.recv(4096).decode()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)


@pytest.fixture(params=["a file", "an abstract name"])
def manager(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Manager]:
    if request.param == "a file":
        name = address = str(tmp_path / "notify")
    else:
        name = f"@appliance-test-{os.getpid()}"
        address = "\0" + name[1:]
    manager = Manager(address)
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    yield manager
    manager.close()


# -- telling ----------------------------------------------------------------------------------------


def test_what_the_manager_is_told(manager: Manager) -> None:
    notifier = Notifier()
    notifier.status("starting")
    notifier.ready()
    notifier.beat()
    notifier.beat()
    notifier.reloading()
    notifier.stopping()
    assert manager.next() == "STATUS=starting"
    assert manager.next() == "READY=1"
    assert manager.next() == "WATCHDOG=1"
    assert manager.next() == "WATCHDOG=1"
    reloading, usec = manager.next().split("\n")
    assert reloading == "RELOADING=1"
    assert int(usec.removeprefix("MONOTONIC_USEC=")) > 0
    assert manager.next() == "STOPPING=1"


def test_the_same_status_is_told_once(manager: Manager) -> None:
    notifier = Notifier()
    for text in ("idle", "idle", "speaking\nMAINPID=1", "speaking  MAINPID=1", "idle", "x" * 1000):
        notifier.status(text)
    notifier.ready()
    assert manager.next() == "STATUS=idle"
    assert manager.next() == "STATUS=speaking MAINPID=1"  # one line: an assignment cannot be smuggled in
    assert manager.next() == "STATUS=idle"
    assert manager.next() == "STATUS=" + "x" * 200
    assert manager.next() == "READY=1"


def test_a_manager_that_does_not_listen_holds_nobody_up(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    notifier = Notifier()
    for number in range(1000):  # more than a socket takes
        notifier.status(f"turn {number}")
        notifier.beat()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    while manager.next() != "WATCHDOG=1":
        pass
    notifier.status("turn 999")
    told = [manager.next()]
    while told[-1] != "STATUS=turn 999":
        told.append(manager.next())
    assert len(told) < 1000


def test_nobody_asked() -> None:
    notifier = Notifier()
    notifier.ready()
    notifier.status("idle")
    notifier.beat()
    notifier.reloading()
    notifier.stopping()
    assert notifier.watchdog_s is None


def test_a_manager_that_is_gone_is_a_warning_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="appliance")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notifier = Notifier()
    notifier.ready()
    notifier.beat()
    assert [record.levelname for record in caplog.records] == ["WARNING", "DEBUG"]


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [
        ("30000000", None, 30.0),
        ("1500000", str(os.getpid()), 1.5),
        ("30000000", "1", None),
        ("0", None, None),
        ("soon", None, None),
        ("", None, None),
        ("²", None, None),
    ],
)
def test_the_watchdog(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str | None, expected: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    if pid is not None:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    assert Notifier().watchdog_s == expected


# -- credentials ------------------------------------------------------------------------------------


def give(monkeypatch: pytest.MonkeyPatch, folder: Path, content: bytes) -> None:
    (folder / "gemini-api-key").write_bytes(content)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))


def test_a_credential_is_one_stripped_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credential("gemini-api-key") is None
    give(monkeypatch, tmp_path, f"  {KEY}\r\n\n".encode())
    assert credential("gemini-api-key") == KEY
    assert credential("another") is None


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (f"{KEY}\n{KEY}\n".encode(), "more than one line"),
        (KEY.encode() + b"\xff", "not text"),
    ],
)
def test_a_credential_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, complaint: str
) -> None:
    give(monkeypatch, tmp_path, content)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)  # does not help: what the administrator put there is wrong
    with pytest.raises(CredentialError, match=f"{complaint}.*; put the key into") as raised:
        api_key()
    assert KEY not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_credential_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gemini-api-key").mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(CredentialError, match="cannot be read: Is a directory; put the key into"):
        credential("gemini-api-key")


def test_where_the_key_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialError, match=r"no API key; put the key into .*GEMINI_API_KEY"):
        api_key()
    monkeypatch.setenv("GOOGLE_API_KEY", "google")
    assert api_key() == "google"
    monkeypatch.setenv("GEMINI_API_KEY", " gemini ")
    assert api_key() == "gemini"
    give(monkeypatch, tmp_path, b"credential")
    assert api_key() == "credential"
    monkeypatch.setenv("GEMINI_API_KEY", "")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert api_key() == "google"


@pytest.mark.parametrize(
    "character", [" ", "\r\nx-evil: 1", "\x00", "\x7f", "ä", "\ufeff", "\u2028", "k" * 500]
)
def test_a_key_that_does_not_fit_into_a_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, character: str
) -> None:
    give(monkeypatch, tmp_path, f"{KEY}{character}{KEY}".encode())
    with pytest.raises(CredentialError) as raised:
        api_key()
    assert KEY not in str(raised.value)
    assert "put the key into" in str(raised.value)


def test_a_key_from_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", f"{KEY}\nx-evil: 1")
    with pytest.raises(CredentialError, match="the API key in GEMINI_API_KEY contains") as raised:
        api_key()
    assert KEY not in str(raised.value)


def test_where_the_secret_of_a_token_server_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setenv("APPLIANCE_TOKEN_SERVER_SECRET", " ")
    assert server_secret() is None
    monkeypatch.setenv("APPLIANCE_TOKEN_SERVER_SECRET", f" {KEY} ")
    assert server_secret() == KEY
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert server_secret() == KEY
    (tmp_path / "token-server-secret").write_text("credential\n")
    assert server_secret() == "credential"


@pytest.mark.parametrize("content", ["", f"{KEY} {KEY}", f"{KEY}\n{KEY}", "k" * 513])
def test_a_secret_that_is_wrong_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "token-server-secret").write_text(content)
    with pytest.raises(CredentialError, match="put the secret of your token server into") as raised:
        server_secret()
    assert KEY not in str(raised.value)


def test_the_password_of_the_panel_is_a_credential_or_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APPLIANCE_PANEL_PASSWORD", raising=False)
    assert panel_password() is None
    monkeypatch.setenv("APPLIANCE_PANEL_PASSWORD", " müde Katze ")
    assert panel_password() == "müde Katze"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "panel-password").write_text("wache Katze\n", "utf-8")
    assert panel_password() == "wache Katze"


@pytest.mark.parametrize("content", ["", "7 signs", "two\nlines of it", "x" * 129])
def test_a_password_that_is_wrong_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "panel-password").write_text(content)
    with pytest.raises(CredentialError, match="put the password of the panel into the credential") as raised:
        panel_password()
    assert not content or content not in str(raised.value)


# -- logging ----------------------------------------------------------------------------------------


@pytest.fixture
def _loggers() -> Iterator[None]:
    """Leave logging as it was."""
    root, ours = logging.getLogger(), logging.getLogger("appliance")
    handlers, levels = list(root.handlers), (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


class Entries(list[dict[str, object]]):
    def send(self, message: str, **fields: object) -> None:
        self.append({"MESSAGE": message, **fields})


@pytest.mark.usefixtures("_loggers")
def test_journal_entries_have_fields(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = Entries()
    with (tmp_path / "stream").open("w") as stream:
        stat = os.fstat(stream.fileno())
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}")
        start_logging("debug", entries.send)
        start_logging("debug", entries.send)  # again: no line comes twice
        log = logging.getLogger("appliance.test")
        log.info(
            "turn %d", 17, extra={"APPLIANCE_EVENT": "turn", "TURN": 17, "LATENCY_MS": 640.0, "other": 1}
        )
        log.debug("detail")
        log.warning("hm")
        log.critical("oh")
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            log.exception("broken")
        logging.getLogger("library").debug("headers")
        logging.getLogger("library").info("hello")
    first, *others = entries
    assert first["MESSAGE"] == "turn 17"
    assert (first["PRIORITY"], first["LOGGER"]) == ("6", "appliance.test")
    assert (first["APPLIANCE_EVENT"], first["TURN"], first["LATENCY_MS"]) == ("turn", "17", "640.0")
    assert "other" not in first
    assert "args" not in first
    assert first["CODE_FUNC"] == "test_journal_entries_have_fields"
    assert [entry["PRIORITY"] for entry in others] == ["7", "4", "2", "3", "6"]
    assert "ZeroDivisionError" in str(others[3]["MESSAGE"])
    assert others[3]["EXCEPTION"] == "ZeroDivisionError"
    assert others[4]["MESSAGE"] == "hello"
    assert (tmp_path / "stream").read_text() == ""


@pytest.mark.parametrize("stream", [None, "1:2", "nonsense", ""])
def test_plain_lines_on_a_terminal(stream: str | None) -> None:
    code = (
        "import logging; from appliance.adapters.systemd import start_logging; start_logging('info');"
        "logging.getLogger('appliance.x').info('hello %d', 3); logging.getLogger('appliance.x').debug('no');"
        "logging.getLogger('library').debug('no')"
    )
    environ = os.environ | ({} if stream is None else {"JOURNAL_STREAM": stream})
    ran = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=60, capture_output=True, text=True, env=environ
    )
    (line,) = ran.stderr.splitlines()
    assert line.endswith("INFO    appliance.x: hello 3")


@pytest.mark.usefixtures("_loggers")
def test_without_stderr_there_is_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setenv("JOURNAL_STREAM", "1:2")
    start_logging("warning")
    assert logging.getLogger("appliance").level == logging.WARNING


@pytest.mark.usefixtures("_loggers")
def test_a_journal_that_refuses_does_not_stop_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(message: str, **fields: object) -> None:
        raise OSError(111, "Connection refused")

    with (tmp_path / "stream").open("w") as stream:
        stat = os.fstat(stream.fileno())
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}")
        start_logging("info", refuse)
        logging.getLogger("appliance.test").info("hello")
    assert "Connection refused" in (tmp_path / "stream").read_text()


# -- the unit ---------------------------------------------------------------------------------------


LISTENING = """
import os, socket, sys
from appliance.adapters.systemd import listener
os.environ["LISTEN_PID"] = str(os.getpid()) if sys.argv[1] == "us" else "1"
os.environ["LISTEN_FDS"] = sys.argv[2]
found = listener()
print("none" if found is None else found.getsockname(), os.get_inheritable(3))
assert listener() is None and "LISTEN_FDS" not in os.environ
"""


@pytest.mark.parametrize(
    ("who", "count", "there"), [("us", "1", True), ("us", "x", False), ("1", "1", False)]
)
def test_the_socket_on_which_systemd_listens(tmp_path: Path, who: str, count: str, there: bool) -> None:
    with socket.socket(socket.AF_UNIX) as theirs:
        theirs.bind(str(tmp_path / "sock"))
        theirs.listen()
        given = f"exec {sys.executable} -c '{LISTENING}' {who} {count} 3<&{theirs.fileno()}"
        done = subprocess.run(
            ["bash", "-c", given], pass_fds=[theirs.fileno()], capture_output=True, text=True, check=False
        )
    assert done.stdout.split() == ([str(tmp_path / "sock"), "False"] if there else ["none", "True"]), (
        done.stderr
    )


def test_the_unit_is_one_that_systemd_understands() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze on this machine")
    unit = Path(__file__).parents[2] / "systemd" / "appliance.service"
    ran = subprocess.run(
        [analyze, "verify", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    complaints = [line for line in ran.stderr.splitlines() if "appliance" in line]
    assert [line for line in complaints if "/opt/appliance/bin/appliance is not executable" not in line] == []


@pytest.mark.parametrize("script", ["exit 0", "echo Access denied >&2; exit 1", None])
def test_the_machine_is_switched_off_or_the_journal_says_why_not(
    script: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By a systemctl of ours: the real one would do it."""
    if script is not None:
        (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n{script}\n', "ascii")
        (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere" if script is None else f"{tmp_path}:/bin:/usr/bin")
    before = set(threading.enumerate())
    Notifier().power_off()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
    if script is not None:
        assert (tmp_path / "asked").read_text("ascii") == "--no-ask-password poweroff\n"
    told = [record.message for record in caplog.records]
    if script == "exit 0":
        assert told == []
    else:
        [line] = told
        assert line.startswith("this machine cannot be switched off: ")
        assert "polkit" in line
