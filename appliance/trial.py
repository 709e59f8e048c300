"""The parts of the box, tried one at a time: hear, sound, wait for a press, blink.

Knows the adapters, while no daemon uses them. Must never write anything.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable
from math import log10, sqrt

from .adapters.button import GpioButton
from .adapters.lights import GpioLights
from .core.audio import FRAME_MS
from .core.earcons import Earcon
from .core.events import Event, LightsFailed, Pressed, SpeakerDown, SpeakerUp
from .core.lights import FromPerson, LightState
from .errors import LightError, MicrophoneError, SpeakerError
from .settings import AudioDevices, Button, Light

OPEN_S = 10.0
BLINKS, BLINK_S = 3, 0.4
METER_FRAMES = 5


def _nothing(db: float) -> None:
    """Nobody looks."""


def loudness_db(pcm: bytes) -> float:
    samples = array("h", pcm)
    return 20 * log10(max(1.0, sqrt(sum(s * s for s in samples) / max(1, len(samples)))) / 32768)


async def heard(audio: AudioDevices, seconds: float, show: Callable[[float], None] = _nothing) -> bytes:
    """What the microphone delivers in so long, 16 kHz mono; `show` gets the level in dBFS ten times a second.

    Raises MicrophoneError when it cannot be opened, or delivers nothing.
    """
    from .adapters.soundcard import PortAudio, SoundCardMicrophone

    frames: list[bytes] = []
    done = asyncio.Event()
    reasons: list[str] = []

    def hear(pcm: bytes, index: int, lost: int) -> None:
        frames.append(pcm)
        if len(frames) % METER_FRAMES == 0:
            show(loudness_db(b"".join(frames[-METER_FRAMES:])))
        if len(frames) * FRAME_MS >= seconds * 1000:
            done.set()

    def down(reason: str) -> None:
        reasons.append(reason)
        done.set()

    microphone = SoundCardMicrophone(
        audio.microphone,
        PortAudio(),
        on_frame=hear,
        on_up=lambda: None,
        on_down=down,
        channel=audio.channel,
        gain_db=audio.gain_db,
    )
    running = asyncio.create_task(microphone.run())
    try:
        async with asyncio.timeout(OPEN_S + seconds):
            await done.wait()
    except TimeoutError:
        reasons.append("the microphone delivers nothing")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if reasons:
        raise MicrophoneError(reasons[0])
    return b"".join(frames)


def meter(db: float) -> str:
    """Twenty signs for -80 to 0 dBFS."""
    filled = min(20, max(0, round((db + 80) / 4)))
    return "[" + "#" * filled + "." * (20 - filled) + f"] {db:4.0f} dBFS"


async def sounded(audio: AudioDevices) -> None:
    """The sound of listening and of done listening, aloud."""
    from .adapters.soundcard import PortAudio, SoundCardSpeaker

    up, told = asyncio.Event(), list[Event]()

    def post(event: Event) -> None:
        told.append(event)
        if isinstance(event, SpeakerUp | SpeakerDown):
            up.set()

    speaker = SoundCardSpeaker(audio.speaker, PortAudio(), post=post)
    running = asyncio.create_task(speaker.run())
    try:
        async with asyncio.timeout(OPEN_S):
            await up.wait()
        if down := [event for event in told if isinstance(event, SpeakerDown)]:
            raise SpeakerError(down[0].reason)
        for earcon in (Earcon.LISTENING, Earcon.DONE_LISTENING):
            speaker.chime(earcon, 2)
            await asyncio.sleep(0.8)
    except TimeoutError:
        raise SpeakerError("the speaker does not open") from None
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def pressed(button: Button, seconds: float) -> bool:
    """Whether it was pressed within so long. Raises HardwareError when its pin cannot be used."""
    loop, down = asyncio.get_running_loop(), asyncio.Event()

    def post(event: Event) -> None:
        if isinstance(event, Pressed):
            loop.call_soon_threadsafe(down.set)

    device = GpioButton(button, post)
    try:
        async with asyncio.timeout(seconds):
            await down.wait()
    except TimeoutError:
        return False
    finally:
        device.close()
    return True


async def blinked(light: Light) -> None:
    """On and off, a few times. Raises LightError when it cannot."""
    failed: list[str] = []

    def post(event: Event) -> None:
        if isinstance(event, LightsFailed):
            failed.append(event.reason)

    lights = GpioLights([light], post)
    try:
        for _ in range(BLINKS):
            for on in (True, False):
                lights.set(FromPerson(0), {light.name: LightState(on=on)})
                await asyncio.sleep(BLINK_S)
    finally:
        lights.close()
    if failed:
        raise LightError(failed[0])
