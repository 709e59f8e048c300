"""Everything that can go wrong, on one screen.

ApplianceError                      exit status
├── ConfigError                     78   the configuration cannot be used: all problems, not the first
├── HardwareError                   69   a part of the box is missing or refuses
│   ├── MicrophoneError
│   ├── SpeakerError
│   ├── LightError
│   └── CameraError
├── LinkError                       69   the line to the service
│   ├── CredentialError             78   a key that cannot be read
│   │   └── NoKeyError              78   no key
│   └── TokenError                  69   no token could be minted
├── WireError                        -   the remote sent what is not the protocol: counted, survived
├── FunctionError                    -   a function that cannot be offered to the model: it is left out
├── TraceError                      1    a file that is no trace, or cannot be written
└── ControlError                    69   the control socket does not answer, or is taken

A missing microphone or a dead line is a *state* of the running daemon, never the end of it; the exit
statuses are for what a person runs by hand, and for systemd's ``RestartPreventExitStatus=78``.
"""

from __future__ import annotations

from dataclasses import dataclass

EX_OK = 0
EX_FAILURE = 1
EX_USAGE = 2
EX_UNAVAILABLE = 69  # sysexits.h EX_UNAVAILABLE
EX_CONFIG = 78  # sysexits.h EX_CONFIG; the unit does not restart on it


class ApplianceError(Exception):
    """Something went wrong that a person can be told in one sentence."""

    exit_status = EX_FAILURE


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration: where, what was found, what is allowed, and the likely meaning."""

    file: str
    key: str
    found: str
    allowed: str
    nearest: str | None = None

    def __str__(self) -> str:
        hint = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        return f"{self.file}: {self.key}: found {self.found}; allowed: {self.allowed}{hint}"


class ConfigError(ApplianceError):
    """The configuration cannot be used; ``problems`` names every mistake in it."""

    exit_status = EX_CONFIG

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class HardwareError(ApplianceError):
    """A part of the box is missing or refuses."""

    exit_status = EX_UNAVAILABLE


class MicrophoneError(HardwareError):
    """The microphone cannot be opened, or stopped delivering."""


class SpeakerError(HardwareError):
    """The speaker cannot be opened, or stopped taking samples."""


class LightError(HardwareError):
    """A light's pin cannot be claimed or driven."""


class CameraError(HardwareError):
    """The camera cannot be opened, or stopped giving pictures."""


class LinkError(ApplianceError):
    """The line to the service cannot be used."""

    exit_status = EX_UNAVAILABLE


class CredentialError(LinkError):
    """There is no API key, or it cannot be read."""

    exit_status = EX_CONFIG


class NoKeyError(CredentialError):
    """There is none at all, which is fine where none is asked for."""


class TokenError(LinkError):
    """The user's command or server gave no ephemeral token."""


class WireError(ApplianceError, ValueError):
    """The remote sent something that is not the protocol."""


class FunctionError(ApplianceError, TypeError):
    """A function cannot be offered to the model: which, what of it, why, and what its author can do."""

    def __init__(self, function: str, parameter: str, what: str, remedy: str) -> None:
        where = f"the parameter {parameter!r} of " if parameter else ""
        super().__init__(f"{where}the function {function!r} {what}: {remedy}")


class TraceError(ApplianceError, ValueError):
    """A file that is no trace of ours, or a trace that cannot be written."""


class ControlError(ApplianceError):
    """The control socket does not answer, or another daemon has it."""

    exit_status = EX_UNAVAILABLE
