"""The settings as values: what the configuration says, once it has been checked.

Knows the defaults. Must never hold a secret: the key comes from the service manager or the environment, at
the moment the line is opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from .core.lights import Kind

DEFAULT_INSTRUCTION = (
    "You are a talking box on a shelf. Answer in one or two short spoken sentences, in the language you are "
    "spoken to. You can switch the lights of this home with the functions given; use them when asked, and "
    "say briefly what you did."
)

VERSIONS = ("v1beta", "v1alpha", "v1")
PINS = range(0, 28)  # BCM numbers on the 40-pin header
ALL = "all"  # what the model says for every light


@dataclass(frozen=True, slots=True)
class Live:
    """The line to the service."""

    model: str = "gemini-3.8-live"
    endpoint: str = "wss://generativelanguage.googleapis.com"
    api_version: str = "v1beta"
    voice: str = ""
    system_instruction: str = DEFAULT_INSTRUCTION
    connect: str = "on_press"
    idle_close_s: float = 120.0
    compress_at_tokens: int | None = None
    compress_to_tokens: int | None = None
    answer_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class AudioDevices:
    """Which sound card. Names are matched against PortAudio's, ignoring case; never an index."""

    backend: str = "pyaudio"
    microphone: str = "default"
    speaker: str = "default"


PRESETS = {  # hangover in ms: audio.md-style measurements put 600 at snappy and 800 at safe for commands
    "quick": 600,
    "normal": 800,
    "patient": 1200,
}


@dataclass(frozen=True, slots=True)
class Turns:
    """When a person's turn begins and ends."""

    endpointing: str = "normal"
    hangover_ms: int = PRESETS["normal"]
    pre_roll_ms: int = 500
    reach_back_ms: int = 300
    no_speech_s: float = 6.0
    follow_up_s: float = 8.0
    max_utterance_s: float = 60.0
    hold_ms: int = 400
    tail_ms: int = 300
    interruptible: bool = True


@dataclass(frozen=True, slots=True)
class Button:
    pin: int | None = None
    pull: str = "up"
    debounce_ms: int = 30


@dataclass(frozen=True, slots=True)
class Light:
    """One light by its name; `pins` are BCM numbers: one, or red, green and blue."""

    name: str
    kind: Kind
    pins: tuple[int, ...]
    active_high: bool = True
    room: str = ""
    initial: str = "off"
    at_exit: str = "off"


@dataclass(frozen=True, slots=True)
class Config:
    live: Live = Live()
    audio: AudioDevices = AudioDevices()
    turns: Turns = Turns()
    button: Button = Button()
    lights: tuple[Light, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    socket: str = ""
    transcripts: bool = False
    log_level: str = "info"

    def as_json(self) -> dict[str, object]:
        """The effective settings; there is no secret among them."""
        return asdict(self)
