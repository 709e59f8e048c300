"""Everything that can happen to us. Facts, in the past tense; frozen; nothing secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Literal

from .audio import RATE_HZ
from .lights import LightState, Origin
from .messages import Json, ServerMessage
from .rules import Rules
from .shield import Shield
from .values import dataclass
from .vitals import NOTHING_TOLD, Vitals


@dataclass(frozen=True, slots=True)
class Wake:
    """The deadline has come. Harmless early, late or twice."""


# -- the button and the control socket --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pressed:
    """The button went down (debounced edge)."""


@dataclass(frozen=True, slots=True)
class Released:
    """The button came up (debounced edge)."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Somebody asks by command: a tap (`hold_s` None), or a hold of so many seconds."""

    hold_s: float | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that was typed. Answered in writing when its turn is over, and aloud if `speak`."""

    text: str
    speak: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Words that the box is to speak."""

    text: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Silence, and no listening."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Close the microphone, or open it again."""

    on: bool


@dataclass(frozen=True, slots=True)
class Press:
    """A finger on the button that is elsewhere: `down`, or lifted."""

    down: bool


@dataclass(frozen=True, slots=True)
class Status:
    """How are you? With what the machine told that moment."""

    vitals: Vitals = NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class Lights:
    """Show the lights (`change` None), or set one: `on`, `off`, a per cent, a colour, an effect."""

    name: str | None = None
    change: str | None = None
    over_s: float | None = None


@dataclass(frozen=True, slots=True)
class Timers:
    """Show the timers, or cancel one by its name or number; "all" for every one, "" for the only one."""

    cancel: str | None = None


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Ring in so many seconds."""

    seconds: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """Name the scenes (`name` None), or run one."""

    name: str | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """Show how loud it speaks (None), or set it: per cent, `louder`, `quieter`."""

    level: int | Literal["louder", "quieter"] | None = None


@dataclass(frozen=True, slots=True)
class Reload:
    """Read the configuration again, and apply what can be applied."""


@dataclass(frozen=True, slots=True)
class History:
    """How long the last turns took, and what the last days cost?"""


Act = Talk | Press | Ask | Say | Cancel | Mute
Request = Act | Status | History | Lights | Scene | Timers | SetTimer | Volume | Reload


@dataclass(frozen=True, slots=True)
class Asked:
    """A request came over the control socket; exactly one `Reply(ask, ...)` answers it."""

    ask: int
    request: Request


# -- ears and mouth ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heard:
    """One 20 ms frame of 16 kHz mono PCM16LE (640 bytes).

    `speech` is how surely somebody speaks in it: 0 for surely not, to 9 for surely; 10 for a
    person who speaks over the box.
    `index` counts frames since the daemon began to listen and includes those that were lost: it is the
    sample clock. `lost` frames are missing directly before this one. `wide` is the same frame at `rate_hz`,
    the device's own rate, where that is what is to be sent; else it is empty.
    """

    pcm: bytes
    index: int
    speech: int
    lost: int = 0
    wide: bytes = b""
    rate_hz: int = RATE_HZ


@dataclass(frozen=True, slots=True)
class EchoJudged:
    """How the box is now kept from hearing itself, why, and by how many dB its echo is lowered, if known."""

    shield: Shield
    why: str = ""
    lowered_db: float | None = None


@dataclass(frozen=True, slots=True)
class MicrophoneUp:
    pass


@dataclass(frozen=True, slots=True)
class MicrophoneDown:
    reason: str


@dataclass(frozen=True, slots=True)
class SpeakerUp:
    pass


@dataclass(frozen=True, slots=True)
class SpeakerDown:
    """The speaker is gone; whatever was queued is lost and will not be reported as drained."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gauged:
    """How the microphone or the speaker is doing: told when a number has changed, once a second at most.

    `device` is how it was opened, in words. `counts` are what went wrong so far, by kind. `doubt` is why what
    it delivers cannot be right; "" for nothing.
    """

    what: str
    device: str
    counts: Mapping[str, int]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Sounding:
    """The first sample of the turn's answer was handed to the sound card."""

    turn: int


@dataclass(frozen=True, slots=True)
class Drained:
    """Everything of a finished turn was played; `played_ms` of it in all."""

    turn: int
    played_ms: int


# -- the line ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The WebSocket is open; the setup may be sent. `clock` is the local date and time in words, "" where
    nobody knows it."""

    link: int
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """One frame from the service, as typed messages in the order in which they must be handled."""

    link: int
    messages: tuple[ServerMessage, ...]


@dataclass(frozen=True, slots=True)
class Garbled:
    """One frame from the service that is not the protocol: one lost message, not the end."""

    link: int
    reason: str


class Cause(StrEnum):
    """How a link ended, as far as the adapter can tell without judging it."""

    CLOSED = "closed"  # by a close frame: its code and reason say why
    DROPPED = "dropped"  # without a close frame
    UNREACHABLE = "unreachable"  # name lookup, refused, no route, timed out
    CERTIFICATE = "certificate"  # TLS did not trust the server
    CLOCK = "clock"  # TLS did not trust it at this date, and nobody has set our clock
    HANDSHAKE = "handshake"  # an HTTP status instead of a WebSocket; `code` is that status
    STALLED = "stalled"  # the outbox ran full: the uplink takes less than speech produces
    CREDENTIAL = "credential"  # there is no key to send
    NO_TOKEN = "no token"  # whoever mints them gave none
    TOKEN_SPENT = "token spent"  # the service took it no longer: the next dial has another
    TOKEN_REFUSED = "token refused"  # nor the one after that


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The WebSocket is gone, or never came up. `code` is the close code (1005 and 1006 where the frame
    had none or never came) or the HTTP status; `reason` is the close reason, or the failure in words."""

    link: int
    cause: Cause
    code: int | None = None
    reason: str = ""


# -- lights -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LightsSet:
    """All lights of the order now show these states, or are on their way there.

    Told again when an effect ends by itself.
    """

    origin: Origin
    states: dict[str, LightState]


@dataclass(frozen=True, slots=True)
class LightsFailed:
    """The order changed nothing, or what it changed was put back; or a light stopped on its way."""

    origin: Origin
    reason: str


# -- the camera -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """One JPEG picture of look number `look`, fit to be sent. Never shown in a trace."""

    look: int
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CameraDown:
    """That look is over: the camera could not be opened, or is gone."""

    look: int
    reason: str


# -- functions of third parties -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reported:
    """A function has something to say; `more` follows, or this was the last. `mute`: not to be spoken of."""

    origin: Origin
    response: Json = field(repr=False)
    more: bool = False
    mute: bool = False


# -- the clock on the wall ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WallClock:
    """What the clock said: told at the start, every minute, and when somebody asked it to `Look`.

    `date` is the local day, as in "2026-11-22"; "" where nobody knows, and then the rest means nothing.
    `epoch_s` counts since 1970 in UTC; local time is `offset_s` ahead of that.
    """

    date: str
    epoch_s: float = 0.0
    offset_s: int = 0


# -- the settings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """The settings have changed while the box runs; `keys` are the names of those that have."""

    rules: Rules = field(repr=False)
    ring_s: float
    keys: tuple[str, ...]


# -- the end ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """SIGTERM: finish what must be finished, then quit."""


Event = (
    Wake
    | Pressed
    | Released
    | Asked
    | Heard
    | EchoJudged
    | MicrophoneUp
    | MicrophoneDown
    | SpeakerUp
    | SpeakerDown
    | Gauged
    | Sounding
    | Drained
    | LinkUp
    | Received
    | Garbled
    | LinkDown
    | LightsSet
    | LightsFailed
    | Seen
    | CameraDown
    | Reported
    | WallClock
    | Changed
    | Stop
)
