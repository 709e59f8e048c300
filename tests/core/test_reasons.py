"""Reasons in words: every one that the public client knows, and whatever comes."""

from __future__ import annotations

import pytest
from google.genai import types

from appliance.core.reasons import OUTCOMES, outcome_of


@pytest.mark.parametrize("reason", [r.value for r in types.TurnCompleteReason])
def test_every_reason_is_said_in_words(reason: str) -> None:
    outcome = outcome_of(reason)
    assert outcome == outcome.lower()
    assert "_" not in outcome
    assert (outcome == "") == reason.endswith("UNSPECIFIED")


def test_the_kinds_are_told_apart() -> None:
    assert outcome_of("") == ""
    assert outcome_of("NEED_MORE_INPUT") == "waiting for you"
    assert (
        outcome_of("INPUT_OTHER") == outcome_of("UNSAFE_PROMPT_FOR_IMAGE_GENERATION") == OUTCOMES["BLOCKLIST"]
    )
    assert outcome_of("GENERATED_AUDIO_SAFETY") == OUTCOMES["RESPONSE_REJECTED"]
    assert outcome_of("SOME_NEW_REASON" + "_X" * 99).startswith("some new reason")
    assert len(outcome_of("Y" * 999)) == 64
