"""PortAudio: the one instance, streams by device name, and who notices that a stream has died.

Knows PyAudio. Must never know what is heard or said, nor what a turn is.

PortAudio reads the list of devices once, when it is initialised. An instance lives only as long as a stream
is open, so whoever opens the first one sees the devices of this moment. When another stream is open, and ALSA
has a device that PortAudio does not know yet, that stream is recalled: it is closed, and opens again behind
us.

    microphone wanted, speaker open, new card ─► recall the speaker ─► initialise ─► microphone, speaker

Initialising, opening and closing block (0.3 s and more), and where a sound server hangs they never return. So
they happen in threads that nobody waits for at the end, one at a time as long as none of them hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import pyaudio

from ..errors import HardwareError
from .apart import apart, to_its_end
from .cards import Cards
from .choice import Device, Format, Wanted, card_of, choose, formats
from .quiet import Quiet

log = logging.getLogger(__name__)

LOOK_S = 0.5  # how often ALSA's own list is read meanwhile, which costs next to nothing
OPEN_S = 6.0  # PulseAudio was seen to take two; a call that takes longer hangs
PATIENCE_S = 2.0  # with a call of the other device, before it is taken to hang
CLOSE_S = 1.0  # a sound server that hangs would otherwise keep us from saying that the device is gone
RECALL_S = 1.5  # for the other stream to be closed; if it is not, the old list must do
SETTLE_S = 6.0  # a new card is in ALSA's list before udev has made its files ours

_LIBRARY = threading.Lock()  # PortAudio's functions should not run side by side, in the whole process
_COUNT = threading.Lock()  # held for a few instructions only

# PyAudio calls it on PortAudio's thread: (captured, frames, times, status) -> (to play, paContinue).
Callback = Callable[[bytes | None, int, Mapping[str, float], int], tuple[bytes | None, int]]


class Stream:
    """An open stream, running."""

    def __init__(self, form: Format, latency_s: float, line: pyaudio.Stream, what: str = "") -> None:
        self.form = form
        self.latency_s = latency_s  # between the callback and the air, as PortAudio reckons
        self.line = line
        self.what = what
        self.is_recalled = False

    def active(self) -> bool:
        """False when PortAudio has given the stream up."""
        try:
            return bool(self.line.is_active())
        except OSError:
            return False

    def recall(self) -> None:
        """Whoever uses it shall close it and open it again."""
        self.is_recalled = True

    def stop(self) -> None:
        """What is queued in the device is played out, and the callback is not called until `start`."""
        self.line.stop_stream()

    def start(self) -> None:
        self.line.start_stream()

    def close(self) -> None:
        """What is queued in the device is played out only if nothing is wrong."""
        try:
            if self.is_recalled:
                self.line.stop_stream()
            self.line.close()
        except OSError as error:
            log.debug("closing %s: %s", self.form, error)


class PortAudio:
    """The library, initialised while a stream is open. Share one between microphone and speaker."""

    def __init__(self, cards: Cards | None = None) -> None:
        self._cards = cards or Cards()
        self._quiet = Quiet()
        self._audio: pyaudio.PyAudio | None = None
        self._signs: frozenset[str] = frozenset()  # what ALSA had when the instance was initialised
        self._unsettled_until = 0.0
        self._streams: list[Stream] = []
        self._calls = 0
        self._recalled: set[str] = set()
        self._attempts: dict[str, _Attempt] = {}
        self._gone = asyncio.Event()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def opened(self, wanted: Wanted, tap: Callable[[Format], Callback]) -> AsyncIterator[Stream]:
        """A running stream of the wanted device, closed on leaving; `tap` makes its callback.

        Raises MicrophoneError or SpeakerError.
        """
        former = self._attempts.get(wanted.what)
        if former is not None and not await former.over(OPEN_S):
            raise wanted.error(former.hangs())
        patient = await self._in_turn()
        try:
            await self._renewed(wanted)
            stream = await self._opened(wanted, tap)
        finally:
            if patient:
                self._turn.release()
        try:
            yield stream
        finally:
            if stream.is_recalled:
                self._recalled.add(wanted.what)
            await to_its_end(apart(partial(self.close, stream)), CLOSE_S)
            self._gone.set()

    async def told(self, wanted: Wanted, tell: Callable[[], None]) -> None:
        """Have a stream of ours stopped or started. Raises the error of the wanted device."""
        work = apart(partial(self._told, tell))
        try:
            await to_its_end(work, CLOSE_S)
        except OSError as error:
            raise wanted.error(f"the {wanted.what} {wanted.name!r} does not go on: {error}") from error
        if not work.done():
            raise wanted.error(f"the {wanted.what} {wanted.name!r} does not go on: the sound system hangs")

    async def changed(self, at_most_s: float) -> None:
        """Until ALSA has other devices than now, or the time is over."""
        loop = asyncio.get_running_loop()
        signs, end = self._cards.signs(), loop.time() + at_most_s
        while self._cards.signs() == signs and (left := end - loop.time()) > 0:  # noqa: ASYNC110 - no sign
            await asyncio.sleep(min(left, LOOK_S))

    async def _in_turn(self) -> bool:
        """Wait for the one who opens before us; False when it takes too long to be well."""
        try:
            async with asyncio.timeout(RECALL_S + PATIENCE_S):
                await self._turn.acquire()
        except TimeoutError:
            return False
        return True

    async def _renewed(self, wanted: Wanted) -> None:
        """See to it that PortAudio's list is of this moment, if there is a reason to think it is not."""
        if wanted.what in self._recalled:
            self._recalled.discard(wanted.what)
            return
        now = asyncio.get_running_loop().time()
        fresh = self._cards.signs() - self._signs
        if not self._streams or not (fresh or now < self._unsettled_until):
            return
        if fresh:
            self._unsettled_until = now + SETTLE_S
        log.debug("new devices: %s", ", ".join(sorted(fresh)) or "perhaps")
        for stream in self._streams:
            stream.recall()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECALL_S):
                while self._streams:
                    self._gone.clear()
                    await self._gone.wait()

    async def _opened(self, wanted: Wanted, tap: Callable[[Format], Callback]) -> Stream:
        attempt = self._attempts[wanted.what] = _Attempt(self, wanted, tap)
        try:
            if not await attempt.over(OPEN_S):
                raise wanted.error(attempt.hangs())
            return attempt.work.result()
        except BaseException:
            await attempt.give_up()
            raise

    # -- in a thread --------------------------------------------------------------------------------

    def open(self, wanted: Wanted, tap: Callable[[Format], Callback]) -> Stream:
        """Blocks. Raises MicrophoneError or SpeakerError."""
        with self._library() as alone:
            try:
                stream = _first_that_opens(self._instance(wanted, alone=alone), wanted, tap, self._cards)
            except OSError as error:
                raise wanted.error(f"the sound system does not start: {error}") from error
            with _COUNT:
                self._streams.append(stream)
            return stream

    def _told(self, tell: Callable[[], None]) -> None:
        with self._library():
            tell()

    def close(self, stream: Stream) -> None:
        """Blocks, perhaps for ever."""
        with self._library():
            stream.close()
            with _COUNT:
                self._streams.remove(stream)

    def devices(self, wanted: Wanted) -> tuple[list[Device], int]:
        """All devices of the wanted direction, and the index of PortAudio's default (-1: none). Blocks."""
        with self._library() as alone:
            return _devices(self._instance(wanted, alone=alone), wanted, self._cards)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """The same list of devices from here to the end."""
        with _COUNT:
            self._calls += 1
        try:
            yield
        finally:
            with _COUNT:
                self._calls -= 1
            with self._library():
                pass

    def takes(self, wanted: Wanted, device: Device, form: Format) -> bool:
        """Whether the device can be opened like this; nothing is heard of it. Blocks."""
        side: dict[str, Any] = (
            {"input_device": device.index, "input_channels": form.channels, "input_format": pyaudio.paInt16}
            if wanted.captures
            else {
                "output_device": device.index,
                "output_channels": form.channels,
                "output_format": pyaudio.paInt16,
            }
        )
        with self._library() as alone:
            try:
                return bool(self._instance(wanted, alone=alone).is_format_supported(form.rate_hz, **side))
            except (OSError, ValueError):
                return False

    @contextmanager
    def _library(self) -> Iterator[bool]:
        """One at a time; but for one who hangs nobody waits for ever. True: nobody else is inside."""
        alone = _LIBRARY.acquire(timeout=PATIENCE_S)
        with _COUNT:
            self._calls += 1
        try:
            yield alone
        finally:
            with _COUNT:
                self._calls -= 1
                idle = alone and not self._calls and not self._streams
            if idle:
                self._rest()
            if alone:
                _LIBRARY.release()

    def _instance(self, wanted: Wanted, *, alone: bool) -> pyaudio.PyAudio:
        if self._audio is None:
            if not alone:
                raise wanted.error("the sound system does not answer")
            self._signs = self._cards.signs()
            self._quiet.begin()
            try:
                self._audio = pyaudio.PyAudio()
            except BaseException:
                self._quiet.end()
                raise
        return self._audio

    def _rest(self) -> None:
        if self._audio is not None:
            self._audio.terminate()
            self._audio = None
            self._quiet.end()


class _Attempt:
    """One opening, which may outlive whoever wanted it."""

    def __init__(self, portaudio: PortAudio, wanted: Wanted, tap: Callable[[Format], Callback]) -> None:
        self._portaudio = portaudio
        self._wanted = wanted
        self._stream: Stream | None = None
        self._is_given_up = False
        self.work = apart(partial(self._open, tap))

    def _open(self, tap: Callable[[Format], Callback]) -> Stream:
        stream = self._portaudio.open(self._wanted, tap)
        with _COUNT:
            self._stream = stream
            unwanted = self._is_given_up
        if unwanted:
            self._portaudio.close(stream)
        return stream

    async def over(self, at_most_s: float) -> bool:
        """Wait for its end, whatever that is; False when it does not come."""
        await asyncio.wait({self.work}, timeout=at_most_s)
        return self.work.done()

    def hangs(self) -> str:
        return f"the {self._wanted.what} {self._wanted.name!r} does not open: the sound system hangs"

    async def give_up(self) -> None:
        """Whatever comes of it is closed; returns at once when it hangs."""
        await asyncio.wait({self.work}, timeout=CLOSE_S)
        with _COUNT:
            self._is_given_up = True
            stream = self._stream
        if self.work.done() and not self.work.cancelled():
            self.work.exception()  # seen
        if stream is not None:
            await asyncio.wait({apart(partial(self._portaudio.close, stream))}, timeout=CLOSE_S)


def _first_that_opens(
    audio: pyaudio.PyAudio, wanted: Wanted, tap: Callable[[Format], Callback], cards: Cards
) -> Stream:
    refused = ""
    for device in choose(wanted, *_devices(audio, wanted, cards)):
        try:
            for form in formats(wanted, device):
                try:
                    return _start(audio, wanted, device, form, tap(form))
                except (OSError, ValueError) as error:
                    refused = refused or f"{form}: {error}"
        except HardwareError as error:
            refused = refused or str(error)
    raise wanted.error(f"the {wanted.what} does not open: {refused}")


def _devices(audio: pyaudio.PyAudio, wanted: Wanted, cards: Cards) -> tuple[list[Device], int]:
    key = "maxInputChannels" if wanted.captures else "maxOutputChannels"
    known = cards.listed()
    table = [audio.get_device_info_by_index(index) for index in range(audio.get_device_count())]
    devices = [
        Device(int(row["index"]), name, int(row[key]), card_of(name, known), int(row["defaultSampleRate"]))
        for row in table
        if row[key] and (name := str(row["name"]))
    ]
    try:
        default = (
            audio.get_default_input_device_info if wanted.captures else audio.get_default_output_device_info
        )
        return devices, int(default()["index"])
    except OSError:
        return devices, -1


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
    return Stream(form, float(latency), line, wanted.what)
