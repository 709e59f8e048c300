"""The settings as values: what the configuration says, once it has been checked.

Knows the defaults. Must never hold a secret: the key comes from the service manager or the environment, at
the moment the line is opened.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, field
from pathlib import Path

from .core.audio import RATE_HZ
from .core.lights import Kind
from .core.recollection import Remember
from .core.ringing import RING_S
from .core.scenes import Scene
from .core.usage import Budget
from .core.values import dataclass

DEFAULT_INSTRUCTION = (
    "You are a talking box on a shelf. Answer in one or two short spoken sentences, in the language you are "
    "spoken to. You can switch the lights of this home with the functions given; use them when asked, and "
    "say briefly what you did."
)

MODALITIES = ("audio", "text")
ACTS = ("none", "restart", "poweroff")
COVERAGES = {  # of a turn: what the service takes into account
    "": None,  # the model's own
    "activity": "TURN_INCLUDES_ONLY_ACTIVITY",
    "all_input": "TURN_INCLUDES_ALL_INPUT",
    "activity_and_video": "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO",
}
AUTHS = ("key", "token")
TOKEN_VERSION = "v1alpha"  # the only one that takes ephemeral tokens
MODES = ("local", "server")  # who decides when a person has finished
SENSITIVITIES = ("", "high", "low")
NATIVE = "native"
VERSIONS = ("v1beta", "v1alpha", "v1")
PINS = range(0, 28)  # BCM numbers on the 40-pin header
ALL = "all"  # what the model says for every light


@dataclass(frozen=True, slots=True)
class ServiceTools:
    """What the service may use by itself while it answers."""

    google_search: bool = False
    code_execution: bool = False
    url_context: bool = False


@dataclass(frozen=True, slots=True)
class Live:
    """The line to the service. `thinking` is "" (the model's own), a number of tokens, or a level."""

    model: str = "gemini-3.8-live"
    fallback_models: tuple[str, ...] = ()
    endpoint: str = "wss://generativelanguage.googleapis.com"
    api_version: str = "v1beta"
    modality: str = "audio"
    voice: str = ""
    language: str = ""
    system_instruction: str = DEFAULT_INSTRUCTION
    system_instruction_file: str = ""
    thinking: str | int = ""
    affective_dialog: bool = False
    proactive_audio: bool = False
    connect: str = "on_press"
    idle_close_s: float = 120.0
    compress_at_tokens: int | None = None
    compress_to_tokens: int | None = None
    answer_timeout_s: float = 20.0
    tools: ServiceTools = ServiceTools()
    extra_setup: Mapping[str, object] = field(default_factory=dict)
    auth: str = "key"
    token_command: tuple[str, ...] = ()
    token_url: str = ""
    token_timeout_s: float = 8.0


@dataclass(frozen=True, slots=True)
class AudioDevices:
    """Which sound card. Names are matched against PortAudio's and ALSA's, ignoring case; never an index."""

    backend: str = "pyaudio"
    microphone: str = "default"
    speaker: str = "default"
    volume: int = 100
    channel: int = 1
    gain_db: float = 0.0
    auto_gain: bool = False
    earcon_volume: int = 60
    echo: str = "auto"
    send_rate: int | str = RATE_HZ


MOMENTS = (
    *("listening", "done_listening", "nothing_heard", "muted", "unmuted", "offline", "refused", "timer"),
)


NOTICES = Path(sys.prefix, "share", "appliance", "notices")  # where an installation keeps its sentences


@dataclass(frozen=True, slots=True)
class Earcons:
    """Which sounds there are, by the name of their moment: "" for the box's own, or the path of a WAV file.
    `quiet`: from when to when there are none, in minutes of the day. `notices`: whether failures are said in
    words, or in which directory the sentences are."""

    sounds: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(MOMENTS, ""))
    quiet: tuple[int, int] | None = None
    notices: bool | str = True


# Hangover in ms. By `scripts/bench endpoint` on speech that nothing was tuned on, turns that were right in
# quiet, at 20, 10 and 5 dB: quick 100, 90, 68, 52 %; normal 100, 95, 71, 58 %; patient 100, 96, 75, 60 %.
# webrtcvad by itself: 100, 61, 24, 14 %.
PRESETS = {
    "quick": 600,
    "normal": 800,
    "patient": 1200,
}


@dataclass(frozen=True, slots=True)
class Served:
    """How the service finds out that a person speaks; "" and None are its own defaults."""

    start_sensitivity: str = ""
    end_sensitivity: str = ""
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Turns:
    """When a person's turn begins and ends."""

    mode: str = "local"
    endpointing: str = "normal"
    hangover_ms: int = PRESETS["normal"]
    min_speech_ms: int = 160
    noise_guard_s: float = 15.0
    pre_roll_ms: int = 500
    pre_roll_noise_ms: int = 600
    reach_back_ms: int = 300
    no_speech_s: float = 6.0
    follow_up_s: float = 8.0
    max_utterance_s: float = 60.0
    hold_ms: int = 400
    tail_ms: int = 300
    interruptible: bool = True
    coverage: str = ""
    server: Served = Served()


@dataclass(frozen=True, slots=True)
class Button:
    """`very_long`: what a press of `act_s` does, one of ACTS."""

    pin: int | None = None
    pull: str = "up"
    debounce_ms: int = 30
    double_ms: int = 300
    long_s: float = 3.0
    very_long: str = "none"
    very_long_s: float = 10.0
    act_s: float = 15.0


@dataclass(frozen=True, slots=True)
class StatusLight:
    """The light that shows what the box does; `pins` are none, one, or red, green and blue. Per cent."""

    pins: tuple[int, ...] = ()
    active_high: bool = True
    brightness: int = 80
    night_brightness: int = 15
    idle_brightness: int = 0


@dataclass(frozen=True, slots=True)
class Light:
    """One light by its name; `pins` are BCM numbers: one, or red, green and blue."""

    name: str
    kind: Kind
    pins: tuple[int, ...]
    active_high: bool = True
    room: str = ""
    initial: str = "off"
    """"off", "on", or "restore": as it was before the restart."""
    at_exit: str = "off"


RESOLUTIONS = {  # of pictures: how closely the service looks, and what that costs
    "": "",  # its own choice
    "low": "MEDIA_RESOLUTION_LOW",
    "medium": "MEDIA_RESOLUTION_MEDIUM",
    "high": "MEDIA_RESOLUTION_HIGH",
}
OWN_LAMP = "own"
FILE = "file:"


@dataclass(frozen=True, slots=True)
class Camera:
    """`source`: "" for none, "memory", a name or a path of a camera, or "file:" and a path. `light`: the pin
    of the lamp that shows that it looks, "own" where the camera has one, None for pictures of nobody."""

    source: str = ""
    mode: str = "look"
    frames_per_s: float = 1.0
    width: int = 640
    height: int = 480
    media_resolution: str = ""
    light: int | str | None = None
    light_active: str = "high"


@dataclass(frozen=True, slots=True)
class Timers:
    """`ring_s`: how long one that is due rings, if nobody hears it."""

    ring_s: float = RING_S


@dataclass(frozen=True, slots=True)
class Functions:
    """What the model may call. `limit_s`: of a third party's function that says nothing itself."""

    disabled: tuple[str, ...] = ()
    limit_s: float = 20.0


@dataclass(frozen=True, slots=True)
class Offline:
    """The brain on this machine. `enabled`: "auto" is where it is installed. `exit_after_s`: unneeded."""

    enabled: bool | str = "auto"
    socket: str = ""
    exit_after_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Panel:
    """The page that a browser shows. `transcript`: also what is said."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 8480
    transcript: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    live: Live = Live()
    audio: AudioDevices = AudioDevices()
    earcons: Earcons = field(default_factory=Earcons)
    turns: Turns = Turns()
    button: Button = Button()
    status_light: StatusLight = StatusLight()
    camera: Camera = Camera()
    lights: tuple[Light, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scenes: tuple[Scene, ...] = ()
    budget: Budget = field(default_factory=Budget)
    timers: Timers = Timers()
    functions: Functions = Functions()
    offline: Offline = Offline()
    panel: Panel = Panel()
    socket: str = ""
    transcripts: bool = False
    remember: Remember = field(default_factory=Remember)
    log_level: str = "info"
    warnings: tuple[str, ...] = ()
    file: str = field(default="configuration", compare=False)  # where they were read: mistakes name it

    def as_json(self) -> dict[str, object]:
        """The effective settings; there is no secret among them."""
        return {key: value for key, value in asdict(self).items() if key != "file"}
