"""The rules are a value."""

from __future__ import annotations

from appliance.core.rules import Rules
from tests.core.room import rules
from tests.core.vocabulary import check_value


def test_rules_are_a_value() -> None:
    check_value(Rules)
    assert rules() == rules()
    assert rules().budget.hard_tokens_day is None
