"""What the configuration says of the sound, checked.

Knows [audio], [earcons], [quiet], and WAV files. Must never open a device.
"""

from __future__ import annotations

import re
import wave
from pathlib import Path

from .core.audio import RATE_HZ
from .core.shield import MODES
from .problems import Section, nearest
from .settings import MOMENTS, NATIVE, AudioDevices, Earcons

LONGEST_S = {
    "timer": 10.0,
    "nothing_heard": 5.0,
    "refused": 5.0,
    "muted": 5.0,
}  # nobody is listened to meanwhile
LONG_S = 0.4  # nothing is heard while one sounds, and the pre-roll must reach back to its beginning
RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)


def audition(section: Section) -> AudioDevices:
    """The section [audio]."""
    default = AudioDevices()
    volume = section.whole("volume", None, 0, 100, "per cent")
    earcons = section.whole("earcon_volume", None, 0, 100, "per cent")
    audio = AudioDevices(
        backend=section.choice("backend", default.backend, ("pyaudio", "memory")),
        microphone=_device(section, "microphone", default.microphone),
        speaker=_device(section, "speaker", default.speaker),
        channel=section.whole("channel", default.channel, 1, 32, "of the microphone's channels") or 1,
        gain_db=section.number("gain_db", default.gain_db, -40, 40, "decibels"),
        echo=section.choice("echo", default.echo, MODES),
        auto_gain=section.flag("auto_gain", default=default.auto_gain),
        volume=default.volume if volume is None else volume,
        earcon_volume=default.earcon_volume if earcons is None else earcons,
        send_rate=_send_rate(section),
    )
    section.done()
    return audio


def _send_rate(section: Section) -> int | str:
    value = section.raw("send_rate")
    if value is None or (value == RATE_HZ and isinstance(value, int)):
        return RATE_HZ
    if value != NATIVE:
        hint = nearest(value, (NATIVE,)) if isinstance(value, str) else None
        section.wrong("send_rate", value, f"{RATE_HZ} or {NATIVE!r} (the microphone's own)", hint)
    return NATIVE


def _device(section: Section, key: str, default: str) -> str:
    """A device by its name: a number, which changes with what else is plugged in, is refused."""
    name = section.text(key, default, most=200)
    if not name.strip() or re.fullmatch(r"\s*(\d+|(plug)?hw:.*)\s*", name):
        section.wrong(key, name, "a name or a part of it, never a number: see `appliance devices`", default)
    return name


def earcons(section: Section, quiet: Section) -> Earcons:
    """The sections [earcons] and [quiet]."""
    sounds = {name: sound for name in MOMENTS if (sound := _sound(section, name)) is not None}
    notices = _notices(section)
    section.done()
    begin, end = _clock(quiet, "from"), _clock(quiet, "to")
    quiet.done()
    if (begin is None) is not (end is None):
        quiet.wrong("from" if begin is None else "to", None, "both `from` and `to`, or neither")
    return Earcons(sounds, None if begin is None or end is None else (begin, end), notices)


def _notices(section: Section) -> bool | str:
    """Whether there are sentences, or where."""
    value = section.raw("notices")
    if value is None or isinstance(value, bool):
        return value is not False
    path = (Path(section.file).parent / value).absolute() if isinstance(value, str) and value else None
    if path is None or not path.is_dir():
        section.wrong("notices", value, "true, false, or a directory that `appliance notices` has filled")
    return str(path)


def _sound(section: Section, name: str) -> str | None:
    """The sound of this moment; None where there shall be none."""
    value = section.raw(name)
    if value is None or value is True:
        return ""
    if value is False and name != "timer":  # who sets a timer wants to hear it
        return None
    longest_s = LONGEST_S.get(name, LONG_S)
    or_not = "" if name == "timer" else "false, "
    allowed = f"true, {or_not}or the path of a WAV file: 16 bits, at most {longest_s:g} s"
    if not isinstance(value, str) or not value:
        section.wrong(name, value, allowed)
        return ""
    path = (Path(section.file).parent / value).absolute()
    try:
        wrong = _wrong(path, longest_s)
    except OSError as error:
        wrong = error.strerror or "an error"
    except (EOFError, wave.Error) as error:
        wrong = f"no WAV file of whole samples ({error})" if str(error) else "no WAV file: it ends too early"
    if wrong:
        section.describe(name, f"{value}: {wrong}", allowed)
    return str(path)


def _wrong(path: Path, longest_s: float) -> str:
    """What is wrong with this WAV file; "" for nothing."""
    with wave.open(str(path), "rb") as file:
        rate_hz, frames = file.getframerate(), file.getnframes()
        if file.getsampwidth() != 2:
            return f"its samples have {8 * file.getsampwidth()} bits"
        if rate_hz not in RATES_HZ:
            return f"its rate is {rate_hz} Hz"
        if not 0 < frames <= longest_s * rate_hz:
            return f"it lasts {frames / rate_hz:.2f} s"
        return "" if file.readframes(frames) else "there is no sound in it"


def _clock(section: Section, key: str) -> int | None:
    """A time of day in minutes."""
    value = section.raw(key)
    if value is None:
        return None
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", value) if isinstance(value, str) else None
    if found is None:
        section.wrong(key, value, 'a time of day such as "22:00"')
        return None
    return 60 * int(found[1]) + int(found[2])
