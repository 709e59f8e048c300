"""Why a line went down and what is done: every close that is known, and any that is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import faults
from appliance.core.events import Cause
from appliance.core.faults import Fault, Phase, Remedy, classify
from tests.core.vocabulary import check_value

NOW, BACK_OFF, WAIT, REFUSED = Remedy.NOW, Remedy.BACK_OFF, Remedy.WAIT, Remedy.REFUSED
CLOSED = Cause.CLOSED
EXPLICIT = "Explicit activity control is not supported when automatic activity detection is enabled."
QUOTA = (
    "You exceeded your current quota, please check your plan and billing details. "
    "For more information on this error, head to: h"
)
UNKNOWN_NAME = "Invalid JSON payload received. Unknown name \"toolConfig\" at 'setup': Cannot find field."
MODEL = "models/x is not found for API version v1beta, or is not supported for bidiGenerateContent. Call"
IGNORED = (
    "Connection aborted because the client failed to close the connection after receiving a GoAway signal"
)
OAUTH = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or"

# code, reason, name, remedy, whether the handle is forgotten, whether the audio is dropped
LIVE: list[tuple[int | None, str, str, Remedy, bool, bool]] = [
    (1000, "", "line too old", NOW, False, False),
    (1000, "The operation was cancelled.", "line too old", NOW, False, False),
    (1001, "", "line dropped", NOW, False, False),
    (1001, "going away", "line dropped", NOW, False, False),
    (1005, "", "line dropped", NOW, False, False),
    (1006, "", "line dropped", NOW, False, False),
    (None, "", "line dropped", NOW, False, False),
    (1007, "API key not valid. Please pass a valid API key.", "key refused", REFUSED, True, False),
    (1007, "API key expired. Please renew the API key.", "key refused", REFUSED, True, False),
    (1007, "User location is not supported for the API use.", "region refused", REFUSED, False, False),
    (1007, UNKNOWN_NAME, "setup refused", REFUSED, True, False),
    (1007, "Request contains an invalid argument.", "request refused", BACK_OFF, True, True),
    (1007, EXPLICIT, "request refused", BACK_OFF, True, True),
    (1007, "Last chunk before turn_complete must have r", "request refused", BACK_OFF, True, True),
    (1008, OAUTH, "key refused", REFUSED, True, False),
    (1008, MODEL, "model gone", REFUSED, True, False),
    (
        1008,
        "Operation is not implemented, or supported, or enabled.",
        "line dropped",
        NOW,
        False,
        False,
    ),
    (1008, "BidiGenerateContent session not found", "session expired", NOW, True, False),
    (1008, IGNORED, "line too old", NOW, False, False),
    (1008, "The operation was aborted", "line dropped", NOW, False, False),
    (1008, "something new", "service confused", BACK_OFF, True, False),
    (1009, "", "line dropped", NOW, False, False),
    (1011, "Internal error encountered.", "service confused", BACK_OFF, True, False),
    (1011, "Internal error occurred.", "service confused", BACK_OFF, True, False),
    (1011, "The service is currently unavailable.", "service overloaded", BACK_OFF, False, False),
    (1011, "Deadline expired before operation could complete.", "line too old", NOW, False, False),
    (1011, QUOTA, "quota", WAIT, False, False),
    (1008, QUOTA, "quota", WAIT, False, False),
    (1011, "", "service confused", BACK_OFF, True, False),
    (1012, "", "service overloaded", BACK_OFF, False, False),
    (1013, "try again later", "service overloaded", BACK_OFF, False, False),
    (4000, "whatever", "service confused", BACK_OFF, True, False),
]


@pytest.mark.parametrize(("code", "reason", "name", "remedy", "forget", "drop_audio"), LIVE)
def test_a_live_line_that_was_closed_so(
    code: int | None, reason: str, name: str, remedy: Remedy, forget: bool, drop_audio: bool
) -> None:
    fault = classify(CLOSED, code, reason, Phase.LIVE)
    assert (fault.name, fault.remedy, fault.forget, fault.drop_audio) == (name, remedy, forget, drop_audio)


def test_an_unknown_id_is_a_session_at_the_setup_and_a_function_call_later() -> None:
    reason = "Requested entity was not found."
    assert classify(CLOSED, 1008, reason, Phase.GREETING).name == "session expired"
    assert classify(CLOSED, 1008, reason, Phase.LIVE).name == "line dropped"


@pytest.mark.parametrize(("code", "reason", "name", "remedy", "forget", "drop_audio"), LIVE)
def test_a_setup_that_ends_so_is_not_tried_again_at_once(
    code: int | None, reason: str, name: str, remedy: Remedy, forget: bool, drop_audio: bool
) -> None:
    for phase in (Phase.OPENING, Phase.GREETING):
        fault = classify(CLOSED, code, reason, phase)
        assert fault.name == name
        if remedy is not NOW:
            assert fault == classify(CLOSED, code, reason, Phase.LIVE)
        else:
            assert (fault.remedy, fault.forget) == (BACK_OFF, True)


HELD_AGAINST_THE_HANDLE = {
    "line too old",
    "line dropped",
    "session expired",
    "request refused",
    "service confused",
}


@pytest.mark.parametrize(("code", "reason", "name", "remedy", "forget", "drop_audio"), LIVE)
def test_a_resumption_that_ends_so_is_tried_again_at_once_without_its_handle(
    code: int | None, reason: str, name: str, remedy: Remedy, forget: bool, drop_audio: bool
) -> None:
    fault = classify(CLOSED, code, reason, Phase.RESUMING)
    assert fault.name == name
    if name in HELD_AGAINST_THE_HANDLE:
        assert (fault.remedy, fault.forget, fault.drop_audio) == (NOW, True, False)
    else:
        assert fault == classify(CLOSED, code, reason, Phase.GREETING)


@pytest.mark.parametrize(
    ("cause", "code", "name", "remedy", "forget"),
    [
        (Cause.DROPPED, None, "line dropped", NOW, False),
        (Cause.DROPPED, 1006, "line dropped", NOW, False),
        (Cause.UNREACHABLE, None, "no network", BACK_OFF, False),
        (Cause.CERTIFICATE, None, "certificate refused", BACK_OFF, False),
        (Cause.CLOCK, None, "clock not set", BACK_OFF, False),
        (Cause.STALLED, None, "uplink too slow", BACK_OFF, False),
        (Cause.CREDENTIAL, None, "no key", REFUSED, True),
        (Cause.NO_TOKEN, None, "no token", BACK_OFF, False),
        (Cause.TOKEN_SPENT, 1008, "token spent", NOW, False),
        (Cause.TOKEN_REFUSED, 1008, "token refused", WAIT, False),
        (Cause.HANDSHAKE, 401, "key refused", REFUSED, True),
        (Cause.HANDSHAKE, 403, "key refused", REFUSED, True),
        (Cause.HANDSHAKE, 429, "quota", WAIT, False),
        (Cause.HANDSHAKE, 404, "wrong endpoint", REFUSED, False),
        (Cause.HANDSHAKE, 407, "proxy refused", REFUSED, False),
        (Cause.HANDSHAKE, 302, "network login", BACK_OFF, False),
        (Cause.HANDSHAKE, 500, "service overloaded", BACK_OFF, False),
        (Cause.HANDSHAKE, 503, "service overloaded", BACK_OFF, False),
        (Cause.HANDSHAKE, None, "service overloaded", BACK_OFF, False),
    ],
)
def test_a_line_that_ended_otherwise(
    cause: Cause, code: int | None, name: str, remedy: Remedy, forget: bool
) -> None:
    fault = classify(cause, code, "", Phase.LIVE)
    assert (fault.name, fault.remedy, fault.forget) == (name, remedy, forget)


def test_a_spent_token_is_replaced_at_once_and_the_session_is_kept() -> None:
    for phase in Phase:
        assert classify(Cause.TOKEN_SPENT, 1008, OAUTH, phase) is faults.TOKEN_SPENT
        assert (faults.TOKEN_SPENT.remedy, faults.TOKEN_SPENT.forget) == (NOW, False)


def test_a_key_is_refused_whatever_the_code() -> None:
    for code in (1000, 1007, 1008, 1011, None):
        assert classify(CLOSED, code, "API key not valid. Please", Phase.GREETING) is faults.KEY_REFUSED


def test_a_reason_must_begin_so() -> None:
    assert classify(CLOSED, 1007, "no: API key not valid", Phase.LIVE) is faults.ARGUMENT
    assert classify(CLOSED, 1011, "models/x is not found", Phase.LIVE) is faults.CONFUSED


def test_every_cause_but_a_close_is_known_without_a_reason() -> None:
    assert set(faults.CAUSES) == set(Cause) - {Cause.CLOSED, Cause.HANDSHAKE}


def test_a_reason_fits_into_what_a_close_frame_holds() -> None:
    assert all(len(start.encode()) <= 123 for _, start, _ in faults.REASONS)


def test_whoever_must_change_something_is_told_what() -> None:
    known = [thing for thing in vars(faults).values() if isinstance(thing, Fault)]
    assert len({(fault.name, fault.remedy) for fault in known}) == len(known)
    assert all(fault.advice for fault in known if fault.remedy is not NOW)
    check_value(Fault)


reasons = st.sampled_from([row[1] for row in LIVE]) | st.text(max_size=20)


@given(
    st.sampled_from(Cause),
    st.none() | st.integers(0, 5000),
    reasons,
    st.integers(0, 123),
    st.sampled_from(Phase),
)
def test_every_end_of_a_line_has_a_remedy(
    cause: Cause, code: int | None, reason: str, cut: int, phase: Phase
) -> None:
    fault = classify(cause, code, reason[:cut], phase)
    assert fault.remedy in Remedy
    known_way_out = fault is faults.TOKEN_SPENT or phase in (Phase.LIVE, Phase.RESUMING)
    assert known_way_out or fault.remedy is not NOW
