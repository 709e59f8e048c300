"""The ears and the mouth, built as the configuration says.

Knows the sound card and its stand-ins of memory. Must never know what is said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from .adapters.jingles import Jingles
from .adapters.memory import MemoryMicrophone, MemorySpeaker
from .core.chimes import Earcons
from .core.earcons import Earcon
from .core.events import Event, MicrophoneDown, MicrophoneUp
from .hearing import Hearing
from .settings import NATIVE, NOTICES, Config

MEMORY_HZ = 48_000  # what a microphone of memory has of its own, as most sound cards do


class Ears(Protocol):
    async def run(self) -> None: ...
    def reopen(self) -> None: ...
    def muffle(self, *, on: bool) -> None: ...


class Mouth(Protocol):
    async def run(self) -> None: ...
    async def fade(self) -> None: ...
    def play(self, turn: int, pcm: bytes, rate_hz: int) -> None: ...
    def finish(self, turn: int) -> None: ...
    def flush(self, turn: int) -> None: ...
    def chime(self, earcon: Earcon, repeats: int, notice: str = "") -> None: ...
    def hush(self) -> None: ...
    def doze(self, *, on: bool) -> None: ...
    def loud(self, level: int) -> None: ...


MOMENT = {str(earcon).replace(" ", "_"): earcon for earcon in Earcon}


def jingles(config: Config) -> Jingles:
    """The box's sounds, or a person's own."""
    own = {MOMENT[name]: Path(file) for name, file in config.earcons.sounds.items() if file}
    said = config.earcons.notices
    notices = Path(said) if isinstance(said, str) else NOTICES if said else None
    return Jingles(own, config.audio.earcon_volume, notices)


def earcons(config: Config, sounds: Jingles) -> Earcons:
    """What the core has to know of them."""
    lengths_s = {MOMENT[name]: sounds.length_s(MOMENT[name]) for name in config.earcons.sounds}
    return Earcons(lengths_s, config.earcons.quiet, sounds.notices_s)


def acoustics(
    config: Config, sounds: Jingles, post: Callable[[Event], None], speed: float, measured: object = None
) -> tuple[Ears, Mouth]:
    """The microphone and the speaker, not yet opened; `speed` is how much faster than a room memory lives.

    `measured`: what `appliance echo` has kept, or whatever was found in its place.
    """
    audio = config.audio
    native = audio.send_rate == NATIVE
    hearing = Hearing(audio, post, measured)

    def on_up() -> None:
        post(MicrophoneUp())

    def on_down(reason: str) -> None:
        post(MicrophoneDown(reason))

    if audio.backend == "memory":
        ears = MemoryMicrophone(
            on_frame=hearing.frame,
            on_up=on_up,
            on_down=on_down,
            speed=speed,
            wide_hz=MEMORY_HZ if native else 0,
        )
        mouth = MemorySpeaker(post=post, speed=speed, jingles=sounds)
        if hearing.played is not None:
            mouth.listeners.append(hearing.played)
        return ears, mouth
    # Late, as PortAudio is loaded with it, which a box of memory does without.
    from .adapters.soundcard import PortAudio, SoundCardMicrophone, SoundCardSpeaker

    portaudio = PortAudio()
    microphone = SoundCardMicrophone(
        audio.microphone,
        portaudio,
        on_frame=hearing.frame,
        on_up=on_up,
        on_down=on_down,
        on_gauge=post,
        channel=audio.channel,
        gain_db=audio.gain_db,
        auto_gain=audio.auto_gain,
        native=native,
    )
    speaker = SoundCardSpeaker(audio.speaker, portaudio, post=post, jingles=sounds, on_played=hearing.played)
    if config.turns.mode != "server":  # who would take the sound of a press for a voice
        hearing.answering = lambda: speaker.is_answering
    return microphone, speaker
