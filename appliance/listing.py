"""What sound devices there are, and which of them the configuration means.

Knows what a person wants to read of a device. Must never open one for longer than it takes to ask its rates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .adapters.cards import Cards
from .adapters.choice import DEFAULT, SHARED, Device, Format, Wanted, bare, choose, formats
from .adapters.microphone import BLOCK_MS as HEARD_MS
from .adapters.microphone import RATES_HZ as HEARD_HZ
from .adapters.portaudio import PortAudio
from .adapters.speaker import BLOCK_MS as PLAYED_MS
from .adapters.speaker import RATES_HZ as PLAYED_HZ
from .errors import HardwareError
from .settings import AudioDevices


def devices(audio: AudioDevices, cards: Cards | None = None) -> dict[str, object]:
    """Everything that can be heard with or spoken through, as JSON; `problems` in words."""
    cards = cards or Cards()
    portaudio = PortAudio(cards)
    problems: list[str] = []
    heard = Wanted("microphone", audio.microphone, HEARD_HZ, HEARD_MS, audio.channel)
    played = Wanted("speaker", audio.speaker, PLAYED_HZ, PLAYED_MS)
    with portaudio.awake():
        found: dict[str, object] = {
            "microphones": _listed(portaudio, heard, problems),
            "speakers": _listed(portaudio, played, problems),
        }
        seen = {d.card for wanted in (heard, played) for d in _all(portaudio, wanted)[0]}
    silent = [card for card in cards.listed().values() if card not in seen]
    found["cards"] = [
        {"name": card.name, "id": card.id, "where": card.where, "why": "in use by another program, or broken"}
        for card in silent
    ]
    return found | {"problems": problems}


def lines(found: Mapping[str, object]) -> list[str]:
    """The same for a person; a star before what is chosen."""
    text = []
    for what in ("microphones", "speakers"):
        rows = found[what]
        text.append(f"{what}:" if rows else f"{what}: none")
        for row in rows if isinstance(rows, Sequence) else ():
            text.append(f"{'*' if row['chosen'] else ' '} {row['name']!r}{_about(row)}")
    for card in rows if isinstance(rows := found["cards"], Sequence) else ():
        text.append(f"  the card {card['name']!r} ({card['where']}) cannot be asked: it is {card['why']}")
    return text + [f"! {problem}" for problem in found["problems"]]  # type: ignore[attr-defined]


def _about(row: Mapping[str, object]) -> str:
    rates = row["rates_hz"]
    taken = ", ".join(str(hz) for hz in rates) if isinstance(rates, Sequence) else ""
    text = f": {row['channels']} channels, own rate {row['rate_hz']} Hz, takes {taken or 'none of ours'}"
    if row["card"]:
        text += f"; card {row['card']!r}, {row['where']}"
    return f"{text}; chosen: {row['why']}" if row["chosen"] else text


def _all(portaudio: PortAudio, wanted: Wanted) -> tuple[list[Device], int]:
    try:
        return portaudio.devices(wanted)
    except (HardwareError, OSError):
        return [], -1


def _listed(portaudio: PortAudio, wanted: Wanted, problems: list[str]) -> list[dict[str, object]]:
    there, default = _all(portaudio, wanted)
    try:
        chosen: Device | None = choose(wanted, there, default)[0]
    except HardwareError as error:
        chosen = None
        problems.append(str(error))
    return [
        {
            "name": device.name,
            "card": device.card.id if device.card else "",
            "where": device.card.where if device.card else "",
            "channels": device.channels,
            "rate_hz": device.rate_hz,
            "rates_hz": _rates(portaudio, wanted, device, problems if device is chosen else []),
            "chosen": device is chosen,
            "why": _why(wanted, device) if device is chosen else "",
        }
        for device in there
    ]


def _rates(portaudio: PortAudio, wanted: Wanted, device: Device, problems: list[str]) -> list[int]:
    """The rates of ours that it takes, best first."""
    try:
        layouts = {form.channels for form in formats(wanted, device)}
    except HardwareError as error:
        problems.append(str(error))
        return []
    found = [
        hz
        for hz in wanted.rates_hz
        if any(portaudio.takes(wanted, device, Format(device.name, hz, n)) for n in sorted(layouts))
    ]
    if not found:
        problems.append(f"the {wanted.what} {device.name!r} takes no rate of ours: is it in use?")
    return found


def _why(wanted: Wanted, device: Device) -> str:
    name = (bare(wanted.name) or wanted.name).casefold()
    if name == DEFAULT:
        return "a sound server's, which can be shared" if device.name in SHARED else "the system's default"
    if name in (device.name.casefold(), bare(device.name).casefold()):
        return "it has the name that is configured"
    if device.card and name in (device.card.id.casefold(), device.card.name.casefold()):
        return "its card has the name that is configured"
    return f"{wanted.name!r} is a part of its name" + (" or place" if device.card else "")
