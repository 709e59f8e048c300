"""What the box has to get at: sound cards and pins, by its groups; and who else has a pin.

Knows the character devices of Linux and the ioctl of a GPIO chip. Must never claim a pin: looking disturbs
nobody.
"""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import struct
from dataclasses import dataclass
from pathlib import Path

from ..errors import EX_UNAVAILABLE
from ..settings import Config
from .finding import Finding, State, fine, skipped
from .place import Place

# struct gpiochip_info and struct gpio_v2_line_info, linux/gpio.h
CHIP_INFO, CHIP_BYTES = 0x8044B401, 68
LINE_INFO, LINE_BYTES = 0xC100B405, 256
USED = 1
HEADERS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")  # of the chip that the 40 pins belong to


@dataclass(frozen=True, slots=True)
class Line:
    """One pin: who has it, by the name that they gave; "" for nobody."""

    consumer: str
    used: bool


class Chip:
    """A GPIO chip that is open for looking."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.path = path

    def __enter__(self) -> Chip:
        return self

    def __exit__(self, *failure: object) -> None:
        os.close(self._file)

    @property
    def label(self) -> str:
        told = bytearray(CHIP_BYTES)
        fcntl.ioctl(self._file, CHIP_INFO, told)
        return _word(told[32:64])

    def line(self, offset: int) -> Line:
        told = bytearray(LINE_BYTES)
        struct.pack_into("=I", told, 64, offset)
        fcntl.ioctl(self._file, LINE_INFO, told)
        _, _, flags = struct.unpack_from("=IIQ", told, 64)
        return Line(_word(told[32:64]), bool(flags & USED))


def _word(told: bytearray) -> str:
    return bytes(told).split(b"\0")[0].decode(errors="replace")


def pins_of(config: Config) -> dict[int, str]:
    """Every pin that the configuration names, and what for."""
    uses: dict[int, str] = {}
    if config.button.pin is not None:
        uses[config.button.pin] = "button"
    uses |= dict.fromkeys(config.status_light.pins, "status_light")
    if isinstance(config.camera.light, int):
        uses[config.camera.light] = "camera.light"
    for light in config.lights:
        uses |= dict.fromkeys(light.pins, f'lights."{light.name}"')
    return uses


def are_mock() -> bool:
    """The pins are only played, for trying the box out."""
    return os.environ.get("GPIOZERO_PIN_FACTORY") == "mock"


def groups(config: Config, place: Place) -> list[Finding]:
    """Whether this user may use what the box uses. As root, whether the groups of the service are there."""
    needed: list[tuple[str, str, str]] = []
    if config.audio.backend == "pyaudio":
        needed.append(("audio", "/dev/snd/controlC*", "sound cards"))
    if pins_of(config) and not are_mock():
        needed.append(("gpio", "/dev/gpiochip*", "pins"))
    if config.camera.source.startswith("/dev/"):
        needed.append(("video", "/dev/video*", "cameras"))
    return [_group(place, *one) for one in needed] or [
        skipped("groups", "nothing is configured that needs one")
    ]


def _group(place: Place, name: str, pattern: str, what: str) -> Finding:
    check = f"group {name}"
    devices = place.matching(pattern)
    try:
        members = grp.getgrnam(name)
    except KeyError:
        return Finding(
            check,
            State.WRONG,
            f"there is no group {name}",
            f"the service, which asks for it, does not start, and may not use {what}",
            f"sudo groupadd --system {name}, and a udev rule that gives it {pattern}",
            EX_UNAVAILABLE,
        )
    if not devices:
        return fine(check, f"it is there; {what}: none")
    shut = [path for path in devices if not os.access(path, os.R_OK | os.W_OK)]
    if not shut:
        return fine(check, f"{what} may be used")
    user = pwd.getpwuid(os.getuid()).pw_name
    member = user in members.gr_mem
    return Finding(
        check,
        State.WRONG,
        f"{user} may not use {shut[0]}"
        + (", though a member" if member else f", and is not in group {name}"),
        f"a box that this user starts has no {what}; the service has groups of its own",
        "log out and in again" if member else f"sudo usermod -aG {name} {user}, and log in again",
        EX_UNAVAILABLE,
    )


def pins(config: Config, place: Place, *, running: bool) -> Finding:
    """`running`: a daemon of ours does, and has them."""
    uses = pins_of(config)
    if not uses:
        return skipped("pins", "none is configured")
    if are_mock():
        return skipped("pins", "they are mock pins, by GPIOZERO_PIN_FACTORY")
    chips = place.matching("/dev/gpiochip*")
    if not chips:
        return Finding(
            "pins",
            State.WRONG,
            "this machine has no GPIO chip",
            f"button and lights cannot work: {', '.join(sorted(set(uses.values())))}",
            "use a Raspberry Pi, or GPIOZERO_PIN_FACTORY=mock to try the box without them",
            EX_UNAVAILABLE,
        )
    try:
        return _looked(uses, chips, place, running=running)
    except OSError as error:
        return Finding(
            "pins",
            State.WRONG,
            f"{chips[0]}: {error.strerror}",
            "the pins cannot be looked at, nor used",
            "join the group gpio, or use sudo",
            EX_UNAVAILABLE,
        )


def _looked(uses: dict[int, str], chips: list[Path], place: Place, *, running: bool) -> Finding:
    chosen = chips[0]
    for path in chips:
        with Chip(path) as chip:
            if chip.label in HEADERS:
                chosen = path
                break
    busy = []
    with Chip(chosen) as chip:
        for pin, use in sorted(uses.items()):
            line = chip.line(pin)
            if line.used:
                busy.append((pin, use, line.consumer))
    numbers = ", ".join(f"GPIO{pin}" for pin in sorted(uses))
    if not busy:
        return fine("pins", f"{numbers} are free")
    if running and len(busy) == len(uses):
        return fine("pins", f"{numbers} are the daemon's")
    names = place.holders(str(chosen)) or place.holders("anon_inode:gpio-line")
    told = [f"GPIO{pin} ({use}) is held by {consumer or 'somebody'!r}" for pin, use, consumer in busy]
    programs = f"; these programs have pins: {', '.join(names)}" if names else ""
    return Finding(
        "pins",
        State.WRONG,
        "\n".join(told) + programs,
        "the box does not start while somebody else has a pin of its",
        "stop that program, switch off what the firmware does with the pin (/boot/firmware/config.txt), or "
        "choose another",
        EX_UNAVAILABLE,
    )
