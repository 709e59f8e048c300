"""The service manager: what we tell it, what it gives us, and where log lines go.

Knows sd_notify(3), credentials (systemd.exec(5)) and the journal. Must never know why something is said, and
never shows a key: errors about keys name where they were looked for and what is wrong with them.

Outside a service everything here is silent or falls back to what a person at a terminal expects.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from ..errors import CredentialError, NoKeyError

PATIENCE_S = 1.0  # for what a manager must know; a status or a beat it may miss, and nothing waits for it
LISTEN_FD = 3  # SD_LISTEN_FDS_START
STATUS_CHARACTERS = 200  # one line of `systemctl status`
KEY_CHARACTERS = 512  # a key has 39, an ephemeral token some 100; more is a wrong file
CREDENTIAL = "gemini-api-key"
VARIABLES = ("GEMINI_API_KEY", "GOOGLE_API_KEY")  # in the order in which Google's own clients look
SERVER_SECRET = "token-server-secret"
SERVER_SECRET_VARIABLE = "APPLIANCE_TOKEN_SERVER_SECRET"
SERVER_REMEDY = (
    f"put the secret of your token server into the credential {SERVER_SECRET} (one line), "
    f"or set {SERVER_SECRET_VARIABLE} when you start the daemon by hand"
)
PANEL_PASSWORD = "panel-password"
PANEL_PASSWORD_VARIABLE = "APPLIANCE_PANEL_PASSWORD"
PASSWORD_CHARACTERS = (8, 128)
PANEL_REMEDY = (
    f"put the password of the panel into the credential {PANEL_PASSWORD} (one line, {PASSWORD_CHARACTERS[0]} "
    f"to {PASSWORD_CHARACTERS[1]} characters), or set {PANEL_PASSWORD_VARIABLE} when you start the daemon by "
    "hand"
)
REMEDY = (
    "put the key into /etc/appliance/gemini-api-key (one line; mode 0600) and restart the service, "
    "or set GEMINI_API_KEY when you start the daemon by hand"
)

# systemd.journal-fields(7): upper case is ours to choose. `log.info(..., extra={"TURN": 17})` sets one.
FIELDS = ("APPLIANCE_EVENT", "TURN", "LATENCY_MS")

PRIORITIES = {  # syslog(3)
    logging.DEBUG: 7,
    logging.INFO: 6,
    logging.WARNING: 4,
    logging.ERROR: 3,
    logging.CRITICAL: 2,
}

POWER_OFF = ("systemctl", "--no-ask-password", "poweroff")
POWER_OFF_S = 30.0
POWER_OFF_REMEDY = "a rule of polkit must let the daemon's user do org.freedesktop.login1.power-off"

OUTPUT = "appliance"  # the name of our log output, so that starting again replaces it

log = logging.getLogger(__name__)


class Notifier:
    """What the service manager is told, sd_notify(3). Does nothing when nobody asked to be told."""

    def __init__(self) -> None:
        self._status = ""
        self._failed = False

    @property
    def watchdog_s(self) -> float | None:
        """Seconds within which a beat is expected; None where no watchdog waits for this process."""
        for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        usec = os.environ.get("WATCHDOG_USEC", "")
        return int(usec) / 1e6 if for_us and usec.isascii() and usec.isdigit() and int(usec) else None

    def ready(self) -> None:
        self._notify("READY=1", PATIENCE_S)

    def reloading(self) -> None:
        """To be followed by `ready`, systemd.service(5) on Type=notify-reload."""
        self._notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}", PATIENCE_S)

    def stopping(self) -> None:
        self._notify("STOPPING=1", PATIENCE_S)

    def status(self, text: str) -> None:
        """One line for `systemctl status`; the same text is not sent twice in a row."""
        line = " ".join(text.split())[:STATUS_CHARACTERS]  # a line break would start another assignment
        if line != self._status and self._notify(f"STATUS={line}"):
            self._status = line

    def beat(self) -> None:
        self._notify("WATCHDOG=1")

    def power_off(self) -> None:
        """Ask it to switch this machine off. It may refuse, which the journal then tells."""
        threading.Thread(target=_power_off, name="power off", daemon=True).start()

    def _notify(self, state: str, wait_s: float = 0.0) -> bool:
        """Whether it was told. Not by libsystemd, which waits for as long as the manager does not listen."""
        name = os.environ.get("NOTIFY_SOCKET")
        if not name:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(wait_s)
                line.sendto(state.encode(), "\0" + name[1:] if name.startswith("@") else name)
        except OSError as error:
            level = logging.DEBUG if self._failed else logging.WARNING
            reason = error.strerror or "it does not listen"
            log.log(level, "the service manager cannot be told: %s", reason)
            self._failed = True
            return False
        self._failed = False
        return True


def _power_off() -> None:
    try:
        done = subprocess.run(POWER_OFF, capture_output=True, text=True, timeout=POWER_OFF_S, check=False)
        reason = done.stderr.strip() if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        reason = str(error)
    if reason:
        log.warning("this machine cannot be switched off: %s; %s", reason, POWER_OFF_REMEDY)


def listener() -> socket.socket | None:
    """The socket that systemd listens on for us, sd_listen_fds(3); None where it does not. Once."""
    for_us = os.environ.get("LISTEN_PID") == str(os.getpid())
    count = os.environ.get("LISTEN_FDS", "")
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):  # nothing for a child of ours
        os.environ.pop(name, None)
    if not for_us or not count.isascii() or not count.isdigit() or int(count) < 1:
        return None
    os.set_inheritable(LISTEN_FD, False)
    return socket.socket(fileno=LISTEN_FD)


def credential(name: str, remedy: str = REMEDY) -> str | None:
    """The one line of a credential from the service manager, stripped; None when there is none."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    file = Path(directory) / name
    try:
        text = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CredentialError(f"the credential {name} cannot be read: {reason}; {remedy}") from error
    except UnicodeDecodeError:
        # Not chained: the exception carries the bytes.
        raise CredentialError(f"the credential {name} is not text; {remedy}") from None
    if not text:
        raise CredentialError(f"the credential {name} is empty; {remedy}")
    if len(text.splitlines()) > 1:
        raise CredentialError(f"the credential {name} has more than one line; {remedy}")
    return text


def api_key() -> str:
    """The key for the service, fit for an HTTP header. Raises CredentialError, which never shows it."""
    key, where = credential(CREDENTIAL), f"the credential {CREDENTIAL}"
    for variable in VARIABLES:
        if key is None and (value := os.environ.get(variable, "").strip()):
            key, where = value, variable
    if key is None:
        raise NoKeyError(f"there is no API key; {REMEDY}")
    return fit(key, f"the API key in {where}", REMEDY)


def server_secret() -> str | None:
    """What the user's own token server wants to see, if anything. Raises CredentialError, without it."""
    secret, where = credential(SERVER_SECRET, SERVER_REMEDY), f"the credential {SERVER_SECRET}"
    if secret is None:
        secret, where = os.environ.get(SERVER_SECRET_VARIABLE, "").strip() or None, SERVER_SECRET_VARIABLE
    return None if secret is None else fit(secret, f"the secret in {where}", SERVER_REMEDY)


def panel_password() -> str | None:
    """What whoever opens the panel has to know, if anything. Raises CredentialError, without it."""
    word = credential(PANEL_PASSWORD, PANEL_REMEDY)
    if word is None:
        word = os.environ.get(PANEL_PASSWORD_VARIABLE, "").strip() or None
    least, most = PASSWORD_CHARACTERS
    if word is not None and not least <= len(word) <= most:
        raise CredentialError(f"the password of the panel is too short or too long; {PANEL_REMEDY}")
    return word


def fit(secret: str, what: str, remedy: str) -> str:
    """The secret, if it is fit for an HTTP header."""
    if len(secret) > KEY_CHARACTERS:
        raise CredentialError(f"{what} has more than {KEY_CHARACTERS} characters; {remedy}")
    if not all("!" <= character <= "~" for character in secret):
        # It goes into a header: a line break in it would add headers of its own.
        wrong = "contains spaces, control characters or characters that are not ASCII"
        raise CredentialError(f"{what} {wrong}; {remedy}")
    return secret


def start_logging(level: str, send: Callable[..., object] | None = None) -> None:
    """Send log lines to the journal when stderr is connected to it, else to stderr as plain lines.

    `level` (debug, info or warning) is for our own loggers; libraries are never let below INFO, as some
    of them write headers at DEBUG. `send` stands for `systemd.journal.send` in tests. May be called again.
    """
    output: logging.Handler
    if _stderr_is_the_journal():
        if send is None:
            import systemd.journal

            send = systemd.journal.send
        output = _Journal(send)
    else:
        output = logging.StreamHandler(sys.stderr)
        output.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    root = logging.getLogger()
    for former in [former for former in root.handlers if former.get_name() == OUTPUT]:
        root.removeHandler(former)
        former.close()
    output.set_name(OUTPUT)
    root.addHandler(output)
    set_level(level)


def set_level(level: str) -> None:
    """Log so much from now on, where it is logged already."""
    ours = getattr(logging, level.upper())
    logging.getLogger().setLevel(max(ours, logging.INFO))
    logging.getLogger(__package__.partition(".")[0]).setLevel(ours)


def _stderr_is_the_journal() -> bool:
    """Whether JOURNAL_STREAM names the file that stderr is, systemd.exec(5)."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        stderr = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):  # closed, replaced by something without a file, or None
        return False
    return (device, inode) == (str(stderr.st_dev), str(stderr.st_ino))


class _Journal(logging.Handler):
    """Log records as journal entries with fields. The one that ships with the library sends the arguments of
    every message as a field of their own, too; we choose what is kept."""

    def __init__(self, send: Callable[..., object]) -> None:
        super().__init__()
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = {name: str(record.__dict__[name]) for name in FIELDS if name in record.__dict__}
            if record.exc_info and record.exc_info[0] is not None:
                fields["EXCEPTION"] = record.exc_info[0].__name__
            message = record.getMessage()
            if record.exc_info:
                message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
            self._send(
                message,
                PRIORITY=str(_priority(record.levelno)),
                SYSLOG_IDENTIFIER="appliance",
                LOGGER=record.name,
                THREAD_NAME=record.threadName or "",
                CODE_FILE=record.pathname,
                CODE_LINE=record.lineno,
                CODE_FUNC=record.funcName,
                **fields,
            )
        except Exception:  # logging's own rule: a line that cannot be written must not stop the program
            self.handleError(record)


def _priority(level: int) -> int:
    return PRIORITIES[max(known for known in PRIORITIES if known <= max(level, logging.DEBUG))]
