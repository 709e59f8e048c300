"""The messages of the Live API as values: what we say, and what the service says.

Knows what there is to say. Must never know how it is written (see wire.py), nor when it may be said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from .values import dataclass

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Handle:
    """A session resumption handle: a bearer token for the conversation, so never shown."""

    secret: str = field(repr=False)


# -- what we say ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Detection:
    """The service decides when the person speaks; what is empty or None is left to its own default.

    `start` and `end` are "high" or "low": how readily it believes that speech began, and ended.
    """

    start: str = ""
    end: str = ""
    prefix_padding_ms: int | None = None
    silence_duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Setup:
    """The first message of a link. What is empty, None or False is left out: the service has its own default.

    `thinking` is a number of tokens or a level; `coverage` is a value of the service's TurnCoverage,
    `media_resolution` of its MediaResolution; `detection` is None where we say when somebody speaks;
    `own_tools` are the service's, by the names of their fields; `extra` is merged over all but the handle.
    `seeding` says how a fresh session is told what was said before: by "content", or by "instruction" and
    then `recollection` holds it.
    """

    model: str
    system_instruction: str = ""
    modality: str = "AUDIO"
    voice: str = ""
    language: str = ""
    thinking: str | int = ""
    affective: bool = False
    proactive: bool = False
    functions: tuple[Json, ...] = ()
    own_tools: tuple[str, ...] = ()
    compress_at_tokens: int | None = None
    compress_to_tokens: int | None = None
    interruptible: bool = True
    coverage: str | None = None
    media_resolution: str = ""
    detection: Detection | None = None
    realtime_text: bool = True
    extra: Json = field(default_factory=dict)
    resume: Handle | None = None
    seeding: str = "content"
    recollection: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ActivityStart:
    pass


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono PCM16LE."""

    pcm: bytes
    rate_hz: int = 16_000


@dataclass(frozen=True, slots=True)
class Image:
    """What the camera saw: one JPEG picture. Never shown in a trace."""

    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ActivityEnd:
    pass


@dataclass(frozen=True, slots=True)
class AudioStreamEnd:
    """The microphone pauses, where the service decides when the person speaks."""


@dataclass(frozen=True, slots=True)
class Text:
    """Typed words within an activity."""

    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """Typed words as a whole turn, for models that take no text in an activity; `jpeg` is shown with them."""

    text: str
    jpeg: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Past:
    """What was said before this session: turns of "user" and "model" in paragraphs; not to be answered."""

    turns: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FunctionAnswer:
    id: str
    name: str
    response: Json
    scheduling: str = ""
    """When the model speaks of it if it has not waited: SILENT, WHEN_IDLE or INTERRUPT; "": as it likes."""
    will_continue: bool = False


@dataclass(frozen=True, slots=True)
class ToolResponse:
    answers: tuple[FunctionAnswer, ...]


Realtime = ActivityStart | Audio | Image | Text | ActivityEnd | AudioStreamEnd
ClientMessage = Setup | Realtime | Content | Past | ToolResponse


# -- what the service says --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetupComplete:
    pass


@dataclass(frozen=True, slots=True)
class Speech:
    """A piece of the spoken answer: mono PCM16LE, any length, an odd number of bytes included."""

    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of a written answer. `thought` is the model's thinking: never spoken, never shown as answer."""

    text: str
    thought: bool = False


@dataclass(frozen=True, slots=True)
class PersonSaid:
    """A fragment of the transcript of the input; leading spaces carry the word breaks."""

    text: str


@dataclass(frozen=True, slots=True)
class ModelSaid:
    """A fragment of the transcript of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    pass


@dataclass(frozen=True, slots=True)
class GenerationComplete:
    pass


@dataclass(frozen=True, slots=True)
class TurnComplete:
    """`more`: further turns of the model follow, without a word of the person."""

    reason: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """A program that the model wrote, and the service runs."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class CodeResult:
    """What became of it, in a word, and what it printed."""

    outcome: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page that an answer rests on; `status` of one that was to be read."""

    uri: str
    title: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Sources:
    """What an answer rests on: what was searched for, and the pages."""

    queries: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionCall:
    id: str
    name: str
    args: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolCall:
    calls: tuple[FunctionCall, ...]


@dataclass(frozen=True, slots=True)
class ToolCallCancellation:
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts: of the whole turn so far, not of this message."""

    prompt: int = 0
    response: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Resumption:
    """A new handle, or None: the session cannot be resumed from this moment, the former handle stays."""

    handle: Handle | None


@dataclass(frozen=True, slots=True)
class GoAway:
    left_s: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that we do not know: counted and ignored. Names only, never contents."""

    what: str


ServerMessage = (
    SetupComplete
    | Speech
    | Words
    | PersonSaid
    | ModelSaid
    | Interrupted
    | GenerationComplete
    | TurnComplete
    | Code
    | CodeResult
    | Sources
    | ToolCall
    | ToolCallCancellation
    | Usage
    | Resumption
    | GoAway
    | Unknown
)
