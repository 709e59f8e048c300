"""The sound cards that ALSA has, and how one is known again when its number has changed.

Knows /proc/asound and the sockets of sound servers, of which it only sees whether they are there. Must never
open a device: looking costs nothing and disturbs nobody.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..core.values import dataclass

ASOUND = Path("/proc/asound")
SERVERS = ("pulse/native", "pipewire-0")  # sockets in the runtime directory
_HEAD = re.compile(r"\s*(\d+) \[(.*?)\s*\]: \S+ - (.*)")  # two lines a card, sound/core/init.c in Linux


@dataclass(frozen=True, slots=True)
class Card:
    """`number` changes when cards are plugged in another order; the rest does not."""

    number: int
    id: str  # "Device": short, made by the driver or by udev
    name: str  # "USB PnP Sound Device"
    where: str  # "C-Media ... at usb-0000:01:00.0-1.2, full speed": names the socket it is plugged into


class Cards:
    """`root` stands for /proc/asound in tests, `runtime` for the directory of the sockets."""

    def __init__(self, root: Path = ASOUND, runtime: Path | None = None) -> None:
        self._root = root
        found = os.environ.get("XDG_RUNTIME_DIR", "")
        self._runtime = runtime or (Path(found) if found else None)

    def listed(self) -> dict[int, Card]:
        """All cards by their present number."""
        cards: dict[int, Card] = {}
        for line in self._lines("cards"):
            if head := _HEAD.fullmatch(line):
                number = int(head[1])
                cards[number] = Card(number, head[2], head[3], "")
                last = number
            elif cards:
                cards[last] = Card(last, cards[last].id, cards[last].name, line.strip())
        return cards

    def signs(self) -> frozenset[str]:
        """What differs when a device was plugged in or out, or a sound server came or went."""
        cards = self.listed()
        signs = {f"card {card.number} {card.id} {card.where}" for card in cards.values()}
        signs |= {f"pcm {line}" for line in self._lines("pcm")}
        if self._runtime is not None:
            signs |= {f"server {name} {seen}" for name in SERVERS if (seen := _seen(self._runtime / name))}
        return frozenset(signs)

    def _lines(self, file: str) -> list[str]:
        try:
            return (self._root / file).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:  # no ALSA in this kernel, or in this container
            return []


def _seen(socket: Path) -> str:
    """What differs when a socket was made anew; "" when there is none."""
    try:
        found = socket.stat()
    except OSError:
        return ""
    return f"{found.st_ino} {found.st_ctime_ns}"
