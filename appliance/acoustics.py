"""The ears and the mouth, built as the configuration says.

Knows the sound card and its stand-ins of memory. Must never know what is said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .adapters.memory import MemoryMicrophone, MemorySpeaker
from .core.earcons import Earcon
from .core.events import Event, MicrophoneDown, MicrophoneUp
from .hearing import Hearing
from .settings import AudioDevices


class Ears(Protocol):
    async def run(self) -> None: ...
    def reopen(self) -> None: ...


class Mouth(Protocol):
    async def run(self) -> None: ...
    async def fade(self) -> None: ...
    def play(self, turn: int, pcm: bytes, rate_hz: int) -> None: ...
    def finish(self, turn: int) -> None: ...
    def flush(self, turn: int) -> None: ...
    def chime(self, earcon: Earcon, repeats: int) -> None: ...
    def hush(self) -> None: ...


def acoustics(
    audio: AudioDevices, post: Callable[[Event], None], speed: float, measured: object = None
) -> tuple[Ears, Mouth]:
    """The microphone and the speaker, not yet opened; `speed` is how much faster than a room memory lives.

    `measured`: what `appliance echo` has kept, or whatever was found in its place.
    """
    hearing = Hearing(audio, post, measured)

    def on_up() -> None:
        post(MicrophoneUp())

    def on_down(reason: str) -> None:
        post(MicrophoneDown(reason))

    if audio.backend == "memory":
        ears = MemoryMicrophone(on_frame=hearing.frame, on_up=on_up, on_down=on_down, speed=speed)
        mouth = MemorySpeaker(post=post, speed=speed, chime_volume=audio.earcon_volume)
        if hearing.played is not None:
            mouth.listeners.append(hearing.played)
        return ears, mouth
    # Late, as PortAudio is loaded with it, which a box of memory does without.
    from .adapters.soundcard import PortAudio, SoundCardMicrophone, SoundCardSpeaker

    portaudio = PortAudio()
    return (
        SoundCardMicrophone(
            audio.microphone,
            portaudio,
            on_frame=hearing.frame,
            on_up=on_up,
            on_down=on_down,
            on_gauge=post,
            channel=audio.channel,
            gain_db=audio.gain_db,
            auto_gain=audio.auto_gain,
        ),
        SoundCardSpeaker(
            audio.speaker,
            portaudio,
            post=post,
            chime_volume=audio.earcon_volume,
            on_played=hearing.played,
        ),
    )
