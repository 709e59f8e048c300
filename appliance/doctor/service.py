"""The box as an installed service: its configuration, its key, its unit, its daemon, and the way to Google.

Knows where each of them is. Must never show a key.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..adapters.systemd import CREDENTIAL, VARIABLES, api_key, server_secret
from ..app import conversation, dialled
from ..caller import request
from ..config import load, parse, socket_path
from ..core.events import Event, LinkDown, LinkUp, Received
from ..core.faults import Phase, Remedy, classify
from ..core.messages import SetupComplete
from ..errors import EX_CONFIG, EX_UNAVAILABLE, ApplianceError, ConfigError, ControlError, CredentialError
from ..settings import Config
from .finding import Finding, State, fine, skipped
from .place import Place, asked

KEY_FILE = "/etc/appliance/gemini-api-key"
SEALED = "/etc/credstore.encrypted/gemini-api-key"
UNIT = "appliance.service"
LOOKUP_S = 10.0
SETUP_S = 25.0
SLOW_S = 2.0


def configuration(path: Path | None, usual: Path) -> tuple[Finding, Config]:
    """The file; where it cannot be used, the checks go on with the defaults."""
    chosen = path or usual
    if path is None and not usual.exists():
        found = f"there is no {usual}: the defaults hold"
        means = "no button, no lights"
        return Finding("configuration", State.ODD, found, means, "sudo appliance setup"), parse({})
    try:
        config = load(chosen)
        conversation(config, None)  # what it would tell a model is weighed there
    except ConfigError as error:
        means = "the daemon does not start"
        remedy = f"correct {chosen}; `appliance run --check --config {chosen}` says whether it is right"
        return Finding("configuration", State.WRONG, str(error), means, remedy, EX_CONFIG), parse({})
    if config.warnings:
        return Finding(
            "configuration", State.ODD, "\n".join(config.warnings), "it starts all the same"
        ), config
    return fine("configuration", f"{chosen} is fine"), config


def key(config: Config, place: Place) -> Finding:
    """Whether there is one that may be used; which, nobody is told."""
    if config.live.auth == "token":
        return _token(config)
    means = "the service refuses the box"
    file = place.at(KEY_FILE)
    try:
        if found := _in_file(file):
            return found
        api_key()
    except CredentialError as error:
        if config.live.endpoint.startswith("ws://"):
            return skipped("key", "none is needed for this endpoint")
        remedy = f"sudo appliance setup asks for one; it belongs into {KEY_FILE}, mode 0600"
        return Finding("key", State.WRONG, str(error), means, remedy, EX_CONFIG)
    where = next((name for name in VARIABLES if os.environ.get(name)), f"the credential {CREDENTIAL}")
    return fine("key", f"there is one, from {where}")


def _in_file(file: Path) -> Finding | None:
    """What the installed key file is like; None where there is none and the environment decides."""
    try:
        seen = file.stat()
        text = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except PermissionError:
        if os.environ.get("CREDENTIALS_DIRECTORY") or any(os.environ.get(name) for name in VARIABLES):
            return None
        found = f"{file} is there and cannot be read by this user, as it should be"
        return skipped("key", f"{found}; sudo appliance doctor looks into it")
    except (OSError, UnicodeDecodeError):
        text = ""
    if len(text.splitlines()) != 1 or not all("!" <= sign <= "~" for sign in text):
        remedy = f"put the key, one line and nothing else, into {file}: sudo appliance setup"
        return Finding(
            "key", State.WRONG, f"{file} holds no key", "the service refuses the box", remedy, EX_CONFIG
        )
    if seen.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        found, remedy = (
            f"{file} may be read by others ({stat.filemode(seen.st_mode)})",
            f"sudo chmod 600 {file}",
        )
        means = "everybody on this machine may use your key"
        return Finding("key", State.WRONG, found, means, remedy, mend=lambda: _shut(file))
    return fine("key", f"{file} holds one")


def _shut(file: Path) -> str:
    file.chmod(0o600)
    return f"{file} is now readable by its owner alone"


def _token(config: Config) -> Finding:
    try:
        server_secret()
    except CredentialError as error:
        return Finding("key", State.WRONG, str(error), "no token is minted", "", EX_CONFIG)
    by = config.live.token_url or config.live.token_command[0]
    return fine("key", f"tokens are minted by {by}")


def lookup(config: Config) -> Finding:
    url = urlsplit(config.live.endpoint)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "wss" else 80)
    means = "the box is offline"
    began = time.monotonic()
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        found = f"{host} cannot be looked up: {error.strerror or error}"
        remedy = "check the network: ip route, resolvectl status; is there a Wi-Fi password to be set?"
        return Finding("network", State.WRONG, found, means, remedy, EX_UNAVAILABLE)
    took = time.monotonic() - began
    try:
        with socket.create_connection((host, port), timeout=LOOKUP_S):
            pass
    except OSError as error:
        found = f"{host} does not answer on port {port}: {error.strerror or error}"
        remedy = "check the network and its firewall: the box must reach that port"
        return Finding("network", State.WRONG, found, means, remedy, EX_UNAVAILABLE)
    both = time.monotonic() - began
    return fine(
        "network", f"{host} is {addresses[0][4][0]}; name {took:.2f} s, connection {both - took:.2f} s"
    )


async def reached(config: Config) -> Finding:
    """Open a session as the daemon does, and end it."""
    told: asyncio.Queue[Event] = asyncio.Queue()
    link = dialled(config.live, told.put_nowait)
    setup = conversation(config, None).session.setup
    began, up, phase = time.monotonic(), 0.0, Phase.OPENING
    link.dial(1)
    try:
        async with asyncio.timeout(SETUP_S):
            while True:
                match await told.get():
                    case LinkUp():
                        up, phase = time.monotonic() - began, Phase.GREETING
                        link.send(1, setup)
                    case Received(_, messages) if any(isinstance(m, SetupComplete) for m in messages):
                        took = time.monotonic() - began
                        return _in_time(config, up, took)
                    case LinkDown() as down:
                        return _refused(down, phase)
    except TimeoutError:
        return Finding(
            "service", State.WRONG, f"no answer in {SETUP_S:g} s", "the box is offline", "", EX_UNAVAILABLE
        )
    finally:
        await link.close()


def _in_time(config: Config, up: float, took: float) -> Finding:
    found = f"{config.live.model} is ready; TLS {up:.2f} s, setup {took - up:.2f} s"
    if took > SLOW_S:
        remedy = 'set [live] connect = "always", so that no press waits for it; look at the Wi-Fi signal'
        return Finding("service", State.ODD, found, "the first answer comes late", remedy)
    return fine("service", found)


def _refused(down: LinkDown, phase: Phase) -> Finding:
    fault = classify(down.cause, down.code, down.reason, phase)
    found = f"{fault.name}: {down.reason[:123] or down.cause}"
    status = EX_CONFIG if fault.remedy is Remedy.REFUSED else EX_UNAVAILABLE
    return Finding("service", State.WRONG, found, "the box cannot answer", fault.advice, status)


def unit(place: Place) -> Finding:
    names = ("LoadState", "ActiveState", "SubState", "Result", "NRestarts", "ExecMainStatus", "StatusText")
    told = asked("systemctl", "show", UNIT, *(f"--property={name}" for name in names))
    if told is None or not place.at("/run/systemd/system").exists():
        return skipped("unit", "no systemd runs here")
    seen = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    if seen.get("LoadState") != "loaded":
        return Finding(
            "unit", State.ODD, f"{UNIT} is not installed", "the box is started by hand", "scripts/install"
        )
    state = f"{seen.get('ActiveState')} ({seen.get('SubState')})"
    if seen.get("ActiveState") == "active":
        restarts = int(seen.get("NRestarts") or 0)
        found = f"{state}: {seen.get('StatusText')}"
        if restarts:
            remedy = f"journalctl -u {UNIT} -p warning says why"
            return Finding(
                "unit", State.ODD, f"{found}; restarted {restarts} times", "something ends it", remedy
            )
        return fine("unit", found)
    status = seen.get("ExecMainStatus", "")
    why = (
        "the configuration or the key cannot be used" if status == str(EX_CONFIG) else seen.get("Result", "")
    )
    return Finding(
        "unit",
        State.WRONG,
        f"{state}, exit status {status or 'unknown'}: {why}",
        "the box is off",
        f"sudo systemctl restart {UNIT}; journalctl -u {UNIT} says more",
        EX_CONFIG if status == str(EX_CONFIG) else EX_UNAVAILABLE,
    )


def daemon(config: Config) -> tuple[Finding, bool]:
    """Whether one runs and how it is; and whether it runs."""
    path = socket_path(config)
    try:
        status = request(path, {"do": "status"})
    except ControlError as error:
        return _nobody(path, error), False
    trouble = status.get("trouble")
    found = f"{status.get('phase')}: {status.get('says')}"
    if isinstance(trouble, Mapping):
        means, remedy = str(trouble.get("what")), str(trouble.get("advice"))
        return Finding("daemon", State.WRONG, found, means, remedy, EX_UNAVAILABLE), True
    parts = [part for part in ("microphone", "speaker") if status.get(part) not in ("open", "muted")]
    if parts:
        means = "; ".join(f"{part}: {status.get(part)}" for part in parts)
        remedy = "`appliance devices` lists what there is"
        return Finding("daemon", State.WRONG, found, means, remedy, EX_UNAVAILABLE), True
    return fine("daemon", found), True


def _nobody(path: Path, error: ApplianceError) -> Finding:
    if not path.is_socket() or not _is_dead(path):
        return skipped("daemon", str(error))
    means = "a daemon ended without tidying up; the next one does it"
    return Finding(
        "daemon", State.ODD, f"nobody listens on {path}", means, f"rm {path}", mend=lambda: _gone(path)
    )


def _is_dead(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == errno.ECONNREFUSED


def _gone(path: Path) -> str:
    path.unlink()
    return f"{path} is removed"
