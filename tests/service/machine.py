"""A machine of its own: a clean Debian, booted with its own systemd in a container, thrown away afterwards.

    .machines/SUITE-KEY       a minimal Debian as mmdebstrap makes it, once
        └ overlay ─ tmpfs     what this machine changes; gone with it
              └ systemd-nspawn -b        PID 1, journal, users: all its own; the network is the host's

Kernel modules cannot be had in there, hence no sound card and no gpiochip: a sound server's socket is bound
in, and pins are gpiozero's mock pins.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
MACHINES = ROOT / ".machines"
SUITES = ("bookworm", "trixie")
TOOLS = ("systemd-nspawn", "mmdebstrap", "nsenter")
INCLUDED = ("systemd", "systemd-sysv", "dbus", "ca-certificates")
MIRROR = "http://deb.debian.org/debian"
OWN_CAS = Path("/usr/local/share/ca-certificates")  # a machine behind a proxy has some
BOOT_S = 180.0  # of a machine that has other things to do
LIMIT_S = 600.0  # of one command
POLL_S = 0.1
BOOTED = ("running", "degraded")
SOURCE = (
    "appliance",
    "scripts",
    "systemd",
    "config",
    "man",
    "completions",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
)
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


def missing() -> str:
    """Why there cannot be such a machine here; empty when there can."""
    if os.geteuid() != 0:
        return "only root boots a container"
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"not installed: {', '.join(absent)} (packages systemd-container, mmdebstrap)" if absent else ""


def clean(suite: str) -> Path:
    """The directory of a minimal Debian, made on the first call."""
    key = hashlib.sha256(repr((suite, INCLUDED, MIRROR)).encode()).hexdigest()[:8]
    place = MACHINES / f"{suite}-{key}"
    if not place.exists():
        MACHINES.mkdir(exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{suite}-", dir=MACHINES))
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(INCLUDED)}"]
        made = subprocess.run([*command, suite, making, MIRROR], capture_output=True, text=True, check=False)
        if made.returncode:
            shutil.rmtree(making, ignore_errors=True)
            raise AssertionError(f"mmdebstrap {suite}: {made.stderr}")
        making.rename(place)
    return place


class Machine:
    """`with Machine("trixie") as machine`: booted inside, gone without a trace outside."""

    def __init__(self, suite: str, bound: dict[Path, str] | None = None) -> None:
        """`bound`: directories of the host, and where they are seen in there."""
        self.suite = suite
        self._bound = dict(bound or {})
        self._leader = 0

    def __enter__(self) -> Machine:
        base = clean(self.suite)
        self._place = Path(tempfile.mkdtemp(prefix="machine-"))
        mount("-t", "tmpfs", "-o", "mode=0755", "tmpfs", self._place)
        try:
            for name in ("upper", "work", "root"):
                (self._place / name).mkdir()
            self.upper, self.root = self._place / "upper", self._place / "root"
            layers = f"lowerdir={base},upperdir={self.upper},workdir={self._place / 'work'}"
            mount("-t", "overlay", "overlay", "-o", layers, self.root)
            self._furnish()
            self._boot()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _furnish(self) -> None:
        for name in SOURCE:
            source, there = ROOT / name, self.root / "src" / name
            there.parent.mkdir(exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, there, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, there)
        for certificate in OWN_CAS.glob("*.crt") if OWN_CAS.is_dir() else ():
            shutil.copy2(certificate, self.root / OWN_CAS.relative_to("/"))
        sources = self.root / "etc/apt/apt.conf.d/00tests"
        sources.write_text('APT::Install-Recommends "false";\n', encoding="ascii")

    def _boot(self) -> None:
        self._console = (self._place / "console").open("wb")
        command = ["systemd-nspawn", f"--directory={self.root}", "--register=no", "--keep-unit", "--boot"]
        command += [
            "--console=pipe",
            "--resolv-conf=replace-host",
            f"--machine=box-{os.getpid()}-{self.suite}",
        ]
        command += [f"--bind={host}:{inside}" for host, inside in self._bound.items()]
        if shutil.which("setpriv"):  # a test run that is killed takes its machine with it
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        self._nspawn = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._console, stderr=self._console
        )
        until(self._is_up, BOOT_S, self.console)
        self.run("update-ca-certificates")

    def _is_up(self) -> bool:
        """Whether it has booted. Its first process is a child of systemd-nspawn, which has another before."""
        assert self._nspawn.poll() is None, self.console()
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        self._leader = int(children[0]) if children else 0
        return bool(children) and self.tried("systemctl is-system-running").stdout.strip() in BOOTED

    def _end(self) -> None:
        if self._leader:
            self._nspawn.terminate()
            try:
                self._nspawn.wait(20)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
            self._console.close()
        for place in (self._place / "root", self._place):
            subprocess.run(["umount", "--recursive", "--lazy", place], check=False, capture_output=True)
        self._place.rmdir()

    def console(self) -> str:
        return (self._place / "console").read_text(errors="replace")[-4000:]

    # -- commands -------------------------------------------------------------------------------------

    def tried(
        self, line: str, given: str = "", limit_s: float = LIMIT_S, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """A line of shell as root in there; whatever comes of it."""
        return subprocess.run(
            ["nsenter", f"--target={self._leader}", "--all", "sh", "-c", line],
            env={**ENVIRONMENT, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )

    def started(self, line: str, terminal: int) -> subprocess.Popen[bytes]:
        """The same at a terminal, begun."""
        return subprocess.Popen(
            ["nsenter", f"--target={self._leader}", "--all", "setsid", "--ctty", "--wait", "sh", "-c", line],
            env=ENVIRONMENT,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )

    def run(self, line: str, given: str = "", **environment: str) -> str:
        """The same; what it printed, all of it when it has failed."""
        done = self.tried(line, given, **environment)
        assert done.returncode == 0, f"{line}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{self.news()}"
        return done.stdout.strip()

    def until(self, line: str, limit_s: float = 30.0) -> None:
        """Wait until this line of shell succeeds."""
        until(lambda: self.tried(line).returncode == 0, limit_s, lambda: f"{line}\n{self.news()}")

    def news(self) -> str:
        return self.tried(
            "systemctl status appliance --no-pager; journalctl --no-pager -n 60 -o short-monotonic"
        ).stdout

    # -- the box --------------------------------------------------------------------------------------

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        self.run(f"mkdir -p {shlex.quote(str(Path(path).parent))}; cat > {shlex.quote(path)}", text)
        self.run(f"chmod {mode:o} {shlex.quote(path)}")

    def show(self, name: str, unit: str = "appliance") -> str:
        """A property of a unit."""
        return self.run(f"systemctl show --value -p {name} {unit}")

    def journal(self, *match: str) -> str:
        return self.run(
            "journalctl --no-pager -o cat " + " ".join(map(shlex.quote, match or ("-u", "appliance")))
        )


def until(there: Callable[[], object], limit_s: float, news: Callable[[], str]) -> None:
    """Poll: another system gives no other sign."""
    limit = time.monotonic() + limit_s
    pause = threading.Event()
    while not there():
        assert time.monotonic() < limit, f"it did not come in {limit_s:g} s: {news()}"
        pause.wait(POLL_S)


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)
