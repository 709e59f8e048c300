"""The machine itself: its clock, its disk, its power, its Wi-Fi, and the versions of what runs on it.

Knows what the kernel and systemd show of them. Must never know the box.
"""

from __future__ import annotations

import errno
import importlib.metadata
import os
import platform
import shutil
import time
from functools import partial
from pathlib import Path

from .. import __version__
from ..adapters.calendar import BUILT
from .finding import Finding, State, fine, skipped
from .place import Place, asked

NEEDED = ("websockets", "pyaudio", "webrtcvad-wheels", "numpy", "gpiozero")
WANTED = {
    "pywebrtc-audio": "your voice cannot interrupt the box through an open speaker",
    "lgpio": "there are no pins",
    "systemd-python": "the journal has plain lines",
}
LEAST_FREE = 50 << 20
HOTTEST_C = 80.0  # at which a Pi slows itself down
NOW, EVER = 0x1, 0x10000  # of get_throttled: under-voltage, and since the start


def versions(*, pins: bool) -> Finding:
    """`pins`: some are configured, so that lgpio is needed."""
    found = {name: _version(name) for name in (*NEEDED, *WANTED)}
    told = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    told = f"appliance {__version__}, Python {platform.python_version()}, {platform.machine()}; {told}"
    if missing := [name for name in NEEDED if not found[name]]:
        remedy = f"run scripts/install again, or pip install {' '.join(missing)}"
        return Finding(
            "versions", State.WRONG, f"{told}; missing: {', '.join(missing)}", "it cannot run", remedy
        )
    lacks = [name for name in WANTED if not found[name] and (pins or name != "lgpio")]
    if lacks:
        means = "; ".join(f"without {name}, {WANTED[name]}" for name in lacks)
        return Finding("versions", State.ODD, told, means, f"pip install {' '.join(lacks)}")
    return fine("versions", told)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def clock(place: Place) -> Finding:
    year = time.localtime().tm_year
    synchronised = asked("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if place.at("/run/systemd/timesync/synchronized").exists():
        synchronised = "yes"
    means = "the service's certificate may seem invalid, and timers go by a wrong clock"
    remedy = "sudo timedatectl set-ntp true, and wait for the network"
    if year < BUILT:
        return Finding("clock", State.WRONG, f"it says {year}: nobody has set it", means, remedy, mend=_ntp)
    if synchronised == "no":
        return Finding("clock", State.ODD, "it is not synchronised", means, remedy, mend=_ntp)
    now = time.strftime("%Y-%m-%d %H:%M %Z")
    return fine("clock", f"{now}, {'synchronised' if synchronised else 'nobody says whether it is right'}")


def _ntp() -> str:
    if asked("timedatectl", "set-ntp", "true") is None:
        raise OSError(errno.EPERM, "timedatectl refuses")
    return "it is synchronised from now on"


def disk(state: Path) -> Finding:
    """Whether what must outlive a restart can be written."""
    there = next(path for path in (state, *state.parents) if path.exists())
    free = shutil.disk_usage(there).free
    found = f"{free >> 20} MB free for {state}"
    means = "timers, a mute and what the day has cost do not outlive a restart"
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        remedy = "sudo mount -o remount,rw / , and look at the journal for why it became read-only"
        return Finding("disk", State.WRONG, f"{there} is read-only", means, remedy)
    if free < LEAST_FREE:
        remedy = "make room: journalctl --vacuum-size=50M, apt-get clean"
        return Finding("disk", State.WRONG, f"the disk is full: {found}", means, remedy)
    if there == state and os.access(state, os.W_OK):
        try:
            probe = state / ".doctor"
            probe.write_bytes(b"\0" * 4096)
            probe.unlink()
        except OSError as error:
            return Finding(
                "disk", State.WRONG, f"{state}: {error.strerror}", means, "look at the disk: dmesg"
            )
    return fine("disk", found)


def power(place: Place) -> Finding:
    told = asked("vcgencmd", "get_throttled") or place.text(
        "/sys/devices/platform/soc/soc:firmware/get_throttled"
    )
    alarm = any(
        path.read_text().strip() == "1" for path in place.matching("/sys/class/hwmon/*/in0_lcrit_alarm")
    )
    means = "sound breaks off, and the machine may stop"
    remedy = "use a power supply of 5.1 V and enough amperes, with a short thick cable"
    if told is None:
        if alarm:
            return Finding("power", State.WRONG, "under-voltage", means, remedy)
        return skipped("power", "this machine does not tell")
    try:
        bits = int(told.rpartition("=")[2], 16)
    except ValueError:
        return skipped("power", f"this machine tells {told!r}")
    if bits & NOW or alarm:
        return Finding("power", State.WRONG, f"under-voltage now (0x{bits:x})", means, remedy)
    if bits & EVER:
        return Finding(
            "power", State.ODD, f"there was under-voltage since the start (0x{bits:x})", means, remedy
        )
    return fine("power", "no under-voltage since the start")


def heat(place: Place) -> Finding:
    told = place.text("/sys/class/thermal/thermal_zone0/temp")
    if told is None or not told.isdecimal():
        return skipped("temperature", "this machine does not tell")
    celsius = int(told) / 1000
    if celsius >= HOTTEST_C:
        return Finding(
            "temperature",
            State.ODD,
            f"{celsius:.0f} °C",
            "it slows itself down: answers may break off",
            "let air to it, or give it a heat sink",
        )
    return fine("temperature", f"{celsius:.0f} °C")


def wifi(place: Place) -> Finding:
    names = [path.parent.name for path in place.matching("/sys/class/net/*/wireless")]
    for name in names:
        told = asked("iw", "dev", name, "get", "power_save")
        if told is not None and told.endswith("on"):
            return Finding(
                "wi-fi",
                State.ODD,
                f"{name} saves power",
                "answers come up to a third of a second later, and lines break off",
                f"sudo iw dev {name} set power_save off, and for good: nmcli connection modify NAME "
                "802-11-wireless.powersave 2",
                mend=partial(_awake, name),
            )
    return fine("wi-fi", f"{', '.join(names)} saves no power") if names else skipped("wi-fi", "there is none")


def _awake(name: str) -> str:
    if asked("iw", "dev", name, "set", "power_save", "off") is None:
        raise OSError(errno.EPERM, "iw refuses")
    return f"{name} saves no power until the next start"
