"""What the configuration says of the sound, checked.

Knows [audio]. Must never open a device.
"""

from __future__ import annotations

import re

from .core.shield import MODES
from .problems import Section
from .settings import AudioDevices


def audition(section: Section) -> AudioDevices:
    """The section [audio]."""
    default = AudioDevices()
    earcons = section.whole("earcon_volume", None, 0, 100, "per cent")
    audio = AudioDevices(
        backend=section.choice("backend", default.backend, ("pyaudio", "memory")),
        microphone=_device(section, "microphone", default.microphone),
        speaker=_device(section, "speaker", default.speaker),
        channel=section.whole("channel", default.channel, 1, 32, "of the microphone's channels") or 1,
        gain_db=section.number("gain_db", default.gain_db, -40, 40, "decibels"),
        echo=section.choice("echo", default.echo, MODES),
        auto_gain=section.flag("auto_gain", default=default.auto_gain),
        earcon_volume=default.earcon_volume if earcons is None else earcons,
    )
    section.done()
    return audio


def _device(section: Section, key: str, default: str) -> str:
    """A device by its name: a number, which changes with what else is plugged in, is refused."""
    name = section.text(key, default, most=200)
    if not name.strip() or re.fullmatch(r"\s*(\d+|(plug)?hw:.*)\s*", name):
        section.wrong(key, name, "a name or a part of it, never a number: see `appliance devices`", default)
    return name
