"""PortAudio: the one instance, streams by device name, and who notices that a stream has died.

Knows PyAudio. Must never know what is heard or said, nor what a turn is.

PortAudio reads the list of devices once, when it is initialised. So an instance lives only as long as a
stream is open: whoever opens the first one sees the devices of this moment. Initialising, opening and closing
block (0.3 s and more), so they happen in a worker thread, one at a time.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

import pyaudio

from ..errors import HardwareError, MicrophoneError, SpeakerError
from .quiet import quiet

log = logging.getLogger(__name__)

RETRY_S = 2.0  # initialising costs a small board a third of a second of CPU: not more often than this
CLOSE_S = 1.0  # a sound server that hangs would otherwise keep us from saying that the device is gone
ODD_LAYOUT = 8  # microphone arrays offer all their channels or none; more than this is a sound server

_LIBRARY = threading.Lock()  # PortAudio's functions must not run side by side, in the whole process

# PyAudio calls it on PortAudio's thread: (captured, frames, times, status) -> (to play, paContinue).
Callback = Callable[[bytes | None, int, Mapping[str, float], int], tuple[bytes | None, int]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream to open: at the first of `rates_hz` that the device takes, in blocks of `block_ms`."""

    what: str  # "microphone" or "speaker", as a person reads it
    name: str
    rates_hz: tuple[int, ...]
    block_ms: int

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


@dataclass(frozen=True, slots=True)
class Format:
    """How a device was opened: 16-bit samples, `channels` of them a frame."""

    device: str
    rate_hz: int
    channels: int

    def __str__(self) -> str:
        return f"{self.device!r} at {self.rate_hz} Hz, {self.channels} channel{'s' * (self.channels > 1)}"


@dataclass(frozen=True, slots=True)
class Stream:
    """An open stream, running."""

    form: Format
    latency_s: float  # between the callback and the air, as PortAudio reckons
    line: pyaudio.Stream

    def active(self) -> bool:
        """False when PortAudio has given the stream up."""
        try:
            return bool(self.line.is_active())
        except OSError:
            return False


class PortAudio:
    """The library, initialised while a stream is open. Share one between microphone and speaker."""

    def __init__(self) -> None:
        self._audio: pyaudio.PyAudio | None = None
        self._streams = 0

    @asynccontextmanager
    async def opened(self, wanted: Wanted, tap: Callable[[Format], Callback]) -> AsyncIterator[Stream]:
        """A running stream of the wanted device, closed on leaving; `tap` makes its callback.

        Raises MicrophoneError or SpeakerError.
        """
        streams: list[Stream] = []
        try:
            await _to_its_end(lambda: streams.append(self._open(wanted, tap)))
            yield streams[0]
        finally:
            for stream in streams:
                await _to_its_end(partial(self._close, stream), CLOSE_S)

    def _open(self, wanted: Wanted, tap: Callable[[Format], Callback]) -> Stream:
        with _LIBRARY, quiet():
            try:
                if self._audio is None:
                    self._audio = pyaudio.PyAudio()
                stream = _first_that_opens(self._audio, wanted, tap)
                self._streams += 1
                return stream
            except OSError as error:
                raise wanted.error(f"the sound system does not start: {error}") from error
            finally:
                self._rest()

    def _close(self, stream: Stream) -> None:
        with _LIBRARY:  # not quietly: it may hang, and everybody else's words with it
            try:
                stream.line.close()
            except OSError as error:
                log.debug("closing %s: %s", stream.form, error)
            self._streams -= 1
            self._rest()

    def _rest(self) -> None:
        if not self._streams and self._audio is not None:
            self._audio.terminate()
            self._audio = None


async def _to_its_end(work: Callable[[], object], at_most_s: float | None = None) -> None:
    """Work in a thread; when cancelled, wait for its end first, since a half-open stream is nobody's."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.wait({task}, timeout=at_most_s)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=at_most_s)
        if task.done() and (error := task.exception()):
            log.debug("given up while it failed: %s", error)
        raise
    if task.done():
        task.result()


def _first_that_opens(audio: pyaudio.PyAudio, wanted: Wanted, tap: Callable[[Format], Callback]) -> Stream:
    refused = ""
    for device in choose(wanted, *_devices(audio, wanted)):
        for form in _formats(wanted, device):
            try:
                return _start(audio, wanted, device, form, tap(form))
            except (OSError, ValueError) as error:
                refused = refused or f"{form}: {error}"
    raise wanted.error(f"the {wanted.what} does not open: {refused}")


def _devices(audio: pyaudio.PyAudio, wanted: Wanted) -> tuple[list[Device], int]:
    """All devices of the wanted direction, and the index of PortAudio's default (-1: none)."""
    key = "maxInputChannels" if wanted.captures else "maxOutputChannels"
    table = [audio.get_device_info_by_index(index) for index in range(audio.get_device_count())]
    devices = [Device(int(row["index"]), str(row["name"]), int(row[key])) for row in table if row[key]]
    try:
        default = (
            audio.get_default_input_device_info if wanted.captures else audio.get_default_output_device_info
        )
        return devices, int(default()["index"])
    except OSError:
        return devices, -1


def choose(wanted: Wanted, devices: list[Device], default: int) -> list[Device]:
    """The devices to try, best first. Raises when there is none of that name.

    An exact name is better than a part of one. "default" is a sound server's device if there is one, since
    it can be shared and moves with the user's choice, then what PortAudio calls its default.
    """
    name = wanted.name.casefold()
    if name == "default":
        ranks = {"pulse": 0, "default": 1}
        found = [d for d in devices if d.name in ranks or d.index == default]
        found.sort(key=lambda device: ranks.get(device.name, len(ranks)))
    else:
        found = [d for d in devices if name in d.name.casefold()]
        found.sort(key=lambda device: device.name.casefold() != name)
    if not found:
        there = ", ".join(repr(device.name) for device in devices) or "none at all"
        raise wanted.error(f"no {wanted.what} called {wanted.name!r}; there are: {there}")
    return found


def _formats(wanted: Wanted, device: Device) -> Iterator[Format]:
    layouts = [n for n in (1, 2) if n <= device.channels]
    if 2 < device.channels <= ODD_LAYOUT:
        layouts.append(device.channels)
    for rate_hz in wanted.rates_hz:
        for channels in layouts:
            yield Format(device.name, rate_hz, channels)


def _start(
    audio: pyaudio.PyAudio, wanted: Wanted, device: Device, form: Format, callback: Callback
) -> Stream:
    side: dict[str, Any] = (
        {"input": True, "input_device_index": device.index}
        if wanted.captures
        else {"output": True, "output_device_index": device.index}
    )
    line = audio.open(
        rate=form.rate_hz,
        channels=form.channels,
        format=pyaudio.paInt16,
        frames_per_buffer=form.rate_hz * wanted.block_ms // 1000,
        stream_callback=callback,
        **side,
    )
    latency = line.get_input_latency() if wanted.captures else line.get_output_latency()
    return Stream(form, float(latency), line)


async def kept(
    wanted: Wanted,
    session: Callable[[Callable[[], None]], Awaitable[NoReturn]],
    on_up: Callable[[], None],
    on_down: Callable[[str], None],
) -> NoReturn:
    """Keep a device in use for ever: `session` uses it, calls its argument once it works, and raises
    HardwareError when it fails. `on_down` is told once per failure, not per retry."""
    down = False

    def up() -> None:
        nonlocal down
        down = False
        on_up()

    while True:
        try:
            await session(up)
        except HardwareError as error:
            log.log(logging.DEBUG if down else logging.WARNING, "%s: %s", wanted.what, error)
            if not down:
                down = True
                on_down(str(error))
        await asyncio.sleep(RETRY_S)


class Heartbeat:
    """Notices that a stream has died: PortAudio gave it up, or its callback is not called any more."""

    CHECK_S = 0.25
    START_S = 5.0  # PulseAudio was seen to take 1.9 s until it asked for the first block of a new stream
    STALL_S = 2.0  # a loaded small board stalls for some 100 ms, never for so long

    def __init__(self, wanted: Wanted, stream: Stream) -> None:
        self._wanted = wanted
        self._stream = stream
        self._beats = 0
        self._until = asyncio.get_running_loop().time() + self.START_S

    def check(self, beats: int) -> None:
        """Compare with the number of callbacks so far. Raises MicrophoneError or SpeakerError."""
        now = asyncio.get_running_loop().time()
        if beats != self._beats:
            self._beats, self._until = beats, max(self._until, now + self.STALL_S)
        if not self._stream.active():
            raise self._wanted.error(f"the {self._wanted.what} {self._stream.form.device!r} went away")
        if now > self._until:
            raise self._wanted.error(f"the {self._wanted.what} {self._stream.form.device!r} does not move")
