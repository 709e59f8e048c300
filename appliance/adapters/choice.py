"""Which sound device is meant: by its name, its card or the socket it is plugged into, never by a number.

Knows names as PortAudio and ALSA write them. Must never open a device.

PortAudio writes "USB PnP Sound Device: Audio (hw:1,0)". The number in it is the card's place in line, which
another device may have tomorrow; it only serves to find the card among those of today.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..core.values import dataclass
from ..errors import HardwareError, MicrophoneError, SpeakerError
from .cards import Card

DEFAULT = "default"
SHARED = {"pulse": 0, "pipewire": 1, "default": 2}  # a sound server's device can be shared, so it comes first
ODD_LAYOUT = 8  # microphone arrays offer all their channels or none; more than this is a sound server
_PLACE = re.compile(r"\s*\((?:plug)?hw:(\d+),(\d+)\)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream to open: at the first of `rates_hz` that the device takes, in blocks of `block_ms`.

    `native`: at its own rate rather, if that is among them.
    """

    what: str  # "microphone" or "speaker", as a person reads it
    name: str
    rates_hz: tuple[int, ...]
    block_ms: int
    channel: int = 1  # of a microphone that has several: the one to hear with, counted from 1
    native: bool = False

    @property
    def captures(self) -> bool:
        return self.what == "microphone"

    def error(self, reason: str) -> HardwareError:
        return (MicrophoneError if self.captures else SpeakerError)(reason)


@dataclass(frozen=True, slots=True)
class Device:
    """One line of PortAudio's list; `channels` in the direction that is wanted."""

    index: int
    name: str
    channels: int
    card: Card | None = None
    rate_hz: int = 0  # its own, as PortAudio reckons; 0 where nobody asked

    def names(self) -> tuple[str, ...]:
        """Everything it may be called, folded."""
        found = [self.name, bare(self.name)]
        if self.card is not None:
            found += [self.card.id, self.card.name, self.card.where]
        return tuple(name.casefold() for name in found)


@dataclass(frozen=True, slots=True)
class Format:
    """How a device was opened: 16-bit samples, `channels` of them a frame."""

    device: str
    rate_hz: int
    channels: int

    def __str__(self) -> str:
        return f"{self.device!r} at {self.rate_hz} Hz, {self.channels} channel{'s' * (self.channels > 1)}"


def bare(name: str) -> str:
    """The name without the card's number."""
    return _PLACE.sub("", name).strip()


def card_of(name: str, cards: Mapping[int, Card]) -> Card | None:
    """The card that PortAudio means by this name; None where it is no card's."""
    place = _PLACE.search(name)
    return cards.get(int(place[1])) if place else None


def choose(wanted: Wanted, devices: list[Device], default: int) -> list[Device]:
    """The devices to try, best first. Raises MicrophoneError or SpeakerError when there is none of that name.

    An exact name is better than a part of one. "default" is a sound server's device if there is one, since
    it moves with the user's choice, then what PortAudio calls its default.
    """
    name = (bare(wanted.name) or wanted.name).casefold()
    if name == DEFAULT:
        found = [d for d in devices if d.name in SHARED or d.index == default]
        found.sort(key=lambda device: SHARED.get(device.name, len(SHARED)))
    else:
        found = [d for d in devices if any(name in known for known in d.names())]
        found.sort(key=lambda device: name not in device.names())
    if not found:
        there = ", ".join(repr(device.name) for device in devices) or "none at all"
        raise wanted.error(f"no {wanted.what} called {wanted.name!r}; there are: {there}")
    return found


def formats(wanted: Wanted, device: Device) -> Iterator[Format]:
    """The ways to open it, best first: few channels before many, since they are all carried."""
    layouts = [n for n in (1, 2) if wanted.channel <= n <= device.channels]
    if 2 < device.channels <= ODD_LAYOUT and device.channels >= wanted.channel:
        layouts.append(device.channels)
    elif wanted.channel > 2 and device.channels >= wanted.channel:
        layouts.append(wanted.channel)
    if not layouts:
        raise wanted.error(f"{device.name!r} has no channel {wanted.channel}: it has {device.channels}")
    rates = wanted.rates_hz
    if wanted.native and device.rate_hz in rates:
        rates = (device.rate_hz, *(rate for rate in rates if rate != device.rate_hz))
    for rate_hz in rates:
        for channels in layouts:
            yield Format(device.name, rate_hz, channels)
