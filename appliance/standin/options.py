"""How a stand-in behaves: the strict defaults, the variants of the real service, and the faults on request.

Knows: names, defaults, and how to set a field from text.
Must never know: connections.
"""

from __future__ import annotations

import socket as sockets
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

from .certificates import Kind as Tls
from .refusal import DEADLINE, INTERNAL, INTERNAL_ERROR

if TYPE_CHECKING:
    from .scene import Scene

Phase = Literal["", "setup", "ready", "activity-start", "activity-end", "mid-answer", "tool-call", "turn"]
Garbage = Literal["", "text", "noise", "huge", "types", "unknown", "error", "all"]
_TRUE = {"", "1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Times are seconds of the stand-in's clock (see Options.time_scale)."""

    only_links: int = 0  # faults strike the first n connections only; 0 = every connection
    refuse_handshake: int = 0  # this HTTP status in place of the upgrade
    close_at: Phase = ""  # hang up when this has happened
    close_code: int = INTERNAL  # 0 = drop the TCP connection without a close frame, -1 = reset it
    close_reason: str = INTERNAL_ERROR
    mute: Literal["", "setup", "turn"] = (
        ""  # read everything and say nothing: from the start, from the first turn
    )
    mute_at: Phase = ""  # read everything and say nothing from this moment on
    freeze_at: Phase = ""  # half-open from this moment on: neither read nor say anything
    setup_delay_s: float = 0.0
    answer_delay_s: float = 0.0
    go_away_s: float | None = None  # age of a connection at goAway; None = as the model profile has it
    go_away_left: str = "50s"  # as it is sent; "" = without timeLeft
    go_away_code: int = INTERNAL  # the close when that time is up; 0 = drop, -1 = reset
    go_away_mute: bool = False  # nothing more is said after goAway
    go_away_reason: str = DEADLINE
    garbage: Garbage = ""  # sent before each answer
    turn_complete: Literal["", "early", "never"] = ""
    generation_complete: Literal["", "never"] = ""
    spontaneous_interrupts: int = 0  # in each answer, half-way
    late_chunks: int = 0  # audio messages after `interrupted`
    odd_chunks: bool = False  # chunk sizes that split samples
    random_chunks: bool = False  # chunk sizes from 2 bytes to half a second
    lost_responses: int = 0  # tool responses that are read and forgotten
    refused_handles: bool = False  # every resumption is turned away
    poisoned_resume: bool = False  # a resumed session listens and never answers
    replayed_transcripts: bool = False  # a resumed session repeats its last transcripts
    quota_links: int = 0  # at most n connections at once, further ones get the quota text; 0 = any number
    quota: bool = False  # every setup is answered with the quota text
    internal_rate: float = 0.0  # share of turns that end in 1011 before they are answered
    pong_delay_s: float = 0.0  # negative: pings are never answered
    read_bytes_per_s: float = 0.0  # a slow reader; 0 = as fast as it comes
    write_bytes_per_s: float = 0.0  # a slow sender
    seed: int = 1  # of all chance in the above


@dataclass(frozen=True, slots=True)
class Variants:
    """Ways in which the real service's turns differ from one model or day to the next; all of them legal."""

    thoughts: bool = False
    empty_content: bool = False
    bundled: bool | None = None  # audio and transcript in one message; None = as the model profile has it
    no_audio: bool = False
    no_transcript: bool = False
    whole_transcript: bool = False
    turn_complete_reason: str = ""
    findings: bool = False  # what its own tools found, as far as the setup asked for them
    further_turns: int = 0  # without input after each answer, where the model tells its interaction status
    waiting_for_input: bool = False
    bare_mime: bool = False  # "audio/pcm" without a rate
    usage_per_chunk: bool = False
    input_transcript: Literal["before", "during", "end"] = "before"
    no_args: bool = False  # leave `args` out of calls whose arguments are empty
    split_interrupt: bool = True  # `interrupted` and `turnComplete` in two messages
    role: bool = False  # modelTurn.role


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen about a stand-in. The defaults are the strictest reading of the protocol."""

    scene: Scene | None = None
    brain: bool = True  # understand requests; otherwise every turn is answered with `answer`
    answer: str = "This is the stand-in. I heard you."
    voice: Literal["auto", "espeak", "tone"] = "auto"
    speed: float = 4.0  # audio is sent this many times faster than it plays; 0 = as fast as it goes
    time_scale: float = 1.0  # seconds of the stand-in's clock per real second
    playback_wait: float = (
        1.0  # turnComplete follows generationComplete after this share of the unplayed audio
    )
    faults: Faults = field(default_factory=Faults)
    variants: Variants = field(default_factory=Variants)
    key: str | None = field(default=None, repr=False)  # the one valid key; None = any, or none
    tls: Tls = ""  # behind TLS, with a certificate of that kind; "" = without
    host: str = "127.0.0.1"
    port: int = 0
    profile: str | None = None  # use this model profile for any model
    stray_audio: Literal["close", "drop"] = "close"  # audio outside an activity
    repeated_activity: Literal["close", "ignore"] = "close"  # start after start, end after end
    empty_activity: Literal["empty-turn", "no-answer", "answer"] = "empty-turn"
    input_during_call: Literal["close", "cancel", "allow"] = (
        "close"  # realtime input at an open BLOCKING call
    )
    resume_while_open: Literal["close", "allow"] = "close"  # resuming while the former connection is up
    binary_frames: Literal["close", "accept"] = "close"  # whether the service takes them is unknown
    mint_port: int = 0  # where tokens are minted; 0 = any free port
    resuming_is_a_use: bool = True  # of a token: the documentation says no, reports say yes
    handle_ttl_s: float = 7200.0  # documented: two hours after the last session ended
    largest_message: int = 16 * 2**20  # bytes
    socket: sockets.socket | None = (
        None  # that listens already: then no port is opened, and nothing is minted
    )
    prepared: bool = False  # load the recogniser when a client comes, not when it has spoken
    greeting: str = ""  # said before the first answer on each connection
    keep: int = 100_000  # record entries, activities and answers remembered


def with_field(options: Options, name: str, text: str) -> Options:
    """The options with one fault, variant or top-level field set from text (`close-at`, `mid-answer`).

    Raises ValueError that names what is allowed.
    """
    name = name.replace("-", "_")
    for part in ("faults", "variants"):
        section = getattr(options, part)
        if name in _names(section):
            value = _from_text(section, name, text)
            return replace(options, **{part: replace(section, **{name: value})})
    if name in _names(options) - {"scene", "faults", "variants"}:
        return replace(options, **{name: _from_text(options, name, text)})
    known = sorted(_names(options.faults) | _names(options.variants))
    raise ValueError(f"nothing is called {name!r}; there are {', '.join(known)}")


def with_values(options: Options, values: dict[str, Any]) -> Options:
    """The options with fields set from JSON, `faults` and `variants` nested. Raises ValueError."""
    for name, value in values.items():
        if name in ("faults", "variants"):
            if not isinstance(value, dict):
                raise ValueError(f"{name} must be an object")
            for inner, leaf in value.items():
                if inner.replace("-", "_") not in _names(getattr(options, name)):
                    known = ", ".join(sorted(_names(getattr(options, name))))
                    raise ValueError(f"{name} has no {inner!r}; there are {known}")
                options = with_field(options, inner, _as_text(leaf))
        elif name in _names(options) - {"scene"}:
            options = with_field(options, name, _as_text(value))
        else:
            raise ValueError(f"options have no {name!r}; there are {', '.join(sorted(_names(options)))}")
    return options


def _names(section: Any) -> set[str]:
    return {f.name for f in fields(section)}


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_text(section: Any, name: str, text: str) -> Any:
    hint = get_type_hints(type(section), localns={"Scene": object})[name]
    options = get_args(hint)
    if options and all(isinstance(option, str) for option in options):
        if text not in options:
            raise ValueError(
                f"{name} must be one of {', '.join(o or '(empty)' for o in options)}; not {text!r}"
            )
        return text
    kinds = options or (hint,)
    if bool in kinds:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise ValueError(f"{name} must be true or false, not {text!r}")
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError as error:
                raise ValueError(f"{name} must be a number, not {text!r}") from error
    return text
