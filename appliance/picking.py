"""Which microphone and speaker a new box uses: chosen once, when its settings are written for the first time.

Knows what a person would take: a sound server where there is one, else what is plugged in, best both in one
device. Must never touch settings that somebody has made.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import EX_OK, EX_UNAVAILABLE
from .listing import devices, lines
from .settings import AudioDevices

DEFAULT = "default"
Row = Mapping[str, object]


def pick(found: Mapping[str, object]) -> dict[str, str]:
    """The names for `[audio]` `microphone` and `speaker`, from what `appliance devices --json` says."""
    rooms = {what: _usable(found[f"{what}s"]) for what in ("microphone", "speaker")}
    if any(row["chosen"] and not row["card"] for rows in rooms.values() for row in rows):
        return dict.fromkeys(rooms, DEFAULT)  # the default is no card: a sound server, which knows better
    both = [m for m in rooms["microphone"] if any(s["card"] == m["card"] for s in rooms["speaker"])]
    return {what: _best(rows, both) for what, rows in rooms.items()}


def shown(audio: AudioDevices, into: Path | None, *, as_json: bool) -> int:
    """The command `appliance devices`: list them, or choose `into` a configuration; the exit status."""
    found = devices(audio)
    if into is not None:
        names = pick(found)
        write(into, names)
        text = "\n".join(f"{what}: {name}" for what, name in names.items())
    else:
        text = json.dumps(found, indent=2, ensure_ascii=False) if as_json else "\n".join(lines(found))
    sys.stdout.write(f"{text}\n")
    return EX_UNAVAILABLE if found["problems"] and into is None else EX_OK


def write(path: Path, names: Mapping[str, str]) -> None:
    """Put these names into a new configuration, in place of the defaults that stand there."""
    text = path.read_text(encoding="utf-8")
    for what, name in names.items():
        line = f"{what} = {json.dumps(name, ensure_ascii=False)}".replace("\\", "\\\\")  # for re
        text = re.sub(rf'^{what} = "{DEFAULT}"$', line, text, count=1, flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")


def _usable(rows: object) -> list[Row]:
    assert isinstance(rows, Sequence)
    return [row for row in rows if row["rates_hz"]]


def _best(rows: Sequence[Row], both: Sequence[Row]) -> str:
    """A conference device before two devices; what is plugged in, what is built in, a screen."""
    shared = {row["card"] for row in both}

    def rank(row: Row) -> tuple[bool, bool, bool]:
        return row["card"] not in shared, "usb-" not in str(row["where"]), "hdmi" in str(row["card"]).lower()

    cards = [row for row in rows if row["card"]]
    return str(min(cards, key=rank)["card"]) if cards else DEFAULT
