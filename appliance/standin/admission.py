"""Who is let in: the key, the model and the setup of a new connection, and all that can be wrong.

Knows: the order of the checks; every failure comes after a good handshake and before setupComplete.
Must never know: sockets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .gate import Gate, ManualGate, automatic
from .options import Options
from .profile import Profile, check_setup, profile_of
from .refusal import BAD_KEY, BAD_TOKEN, INTERNAL, INVALID, NO_SESSION, POLICY, QUOTA, Refusal, bad_argument
from .resumption import Exchange, Handles
from .tokens import PREFIX, Tokens


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client showed at the door."""

    key: str
    version: str
    constrained: bool = False  # the method for ephemeral tokens: `key` is then a token

    def __repr__(self) -> str:
        return f"Credentials({self.version})"


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a good setup leads to."""

    profile: Profile
    gate: Gate
    setup: dict[str, Any]  # as it is in force: a token may have locked some of it
    history: tuple[Exchange, ...] = ()
    left_s: float | None = None  # real seconds until the token ends


def admit(
    setup: dict[str, Any],
    shown: Credentials,
    options: Options,
    handles: Handles,
    tokens: Tokens,
    *,
    nulls: bool,
) -> Admitted:
    """Check a setup; `nulls` tells whether it had explicit nulls. Raises the Refusal that it deserves."""
    left_s: float | None = None
    if shown.constrained:
        setup, left_s = tokens.use(shown.key, setup)
    elif shown.key.startswith(PREFIX):
        raise Refusal(POLICY, BAD_TOKEN)
    elif options.key is not None and shown.key != options.key:
        raise Refusal(INVALID, BAD_KEY)
    if options.faults.quota or 0 < options.faults.quota_links < len(handles.open_links):
        raise Refusal(INTERNAL, QUOTA)
    profile = profile_of(setup.get("model", ""), shown.version, options.profile)
    if nulls and not profile.nulls:
        raise bad_argument()
    check_setup(setup, profile, shown.version)
    handle = setup.get("sessionResumption", {}).get("handle")
    if not handle:
        return Admitted(profile, _gate(setup, options), setup, left_s=left_s)
    if options.faults.refused_handles:
        raise Refusal(POLICY, NO_SESSION)
    while_open = options.resume_while_open == "allow"
    snapshot = handles.resume(handle, setup["model"], while_open=while_open)
    return Admitted(profile, _gate(setup, options), setup, snapshot.history, left_s)


def _gate(setup: dict[str, Any], options: Options) -> Gate:
    detection = setup.get("realtimeInputConfig", {}).get("automaticActivityDetection", {})
    if detection.get("disabled"):
        return ManualGate(options.stray_audio, options.repeated_activity)
    return automatic(detection)
