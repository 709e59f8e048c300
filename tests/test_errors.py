"""The tree of what can go wrong: who is whose, and with which status a process ends."""

from __future__ import annotations

import pytest

from appliance import errors
from appliance.errors import (
    ApplianceError,
    CameraError,
    ConfigError,
    ControlError,
    CredentialError,
    FunctionError,
    HardwareError,
    LightError,
    LinkError,
    MicrophoneError,
    NoKeyError,
    Problem,
    SpeakerError,
    TokenError,
    TraceError,
    WireError,
)
from tests.core.vocabulary import check_value

TREE: list[tuple[type[ApplianceError], type[Exception], int]] = [
    (ApplianceError, Exception, 1),
    (ConfigError, ApplianceError, 78),
    (HardwareError, ApplianceError, 69),
    (MicrophoneError, HardwareError, 69),
    (SpeakerError, HardwareError, 69),
    (CameraError, HardwareError, 69),
    (LightError, HardwareError, 69),
    (LinkError, ApplianceError, 69),
    (CredentialError, LinkError, 78),
    (NoKeyError, CredentialError, 78),
    (TokenError, LinkError, 69),
    (WireError, ApplianceError, 1),
    (WireError, ValueError, 1),
    (FunctionError, ApplianceError, 1),
    (FunctionError, TypeError, 1),
    (TraceError, ApplianceError, 1),
    (TraceError, ValueError, 1),
    (ControlError, ApplianceError, 69),
]


@pytest.mark.parametrize(("error", "parent", "exit_status"), TREE)
def test_every_error_has_its_parent_and_its_status(
    error: type[ApplianceError], parent: type[Exception], exit_status: int
) -> None:
    assert issubclass(error, parent)
    assert error.exit_status == exit_status


def test_the_tree_is_whole_and_drawn_at_the_top() -> None:
    known = {
        thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, Exception)
    }
    assert known == {row[0] for row in TREE}
    assert all(error.__name__ in (errors.__doc__ or "") for error in known)


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.toml", "live.model", "7", "a text"), "a.toml: live.model: found 7; allowed: a text"),
        (
            Problem("a.toml", "live.voise", "an unknown key", "'voice'", "voice"),
            "a.toml: live.voise: found an unknown key; allowed: 'voice' (did you mean 'voice'?)",
        ),
    ],
)
def test_a_problem_is_one_line(problem: Problem, text: str) -> None:
    assert str(problem) == text
    check_value(Problem)


def test_a_configuration_error_names_every_problem() -> None:
    first, second = Problem("f", "a", "1", "2"), Problem("f", "b", "3", "4")
    error = ConfigError((first, second))
    assert error.problems == (first, second)
    assert str(error) == f"{first}\n{second}"
