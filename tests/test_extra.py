"""[live] extra_setup: what it must not touch, with the way to the key that does it."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.config import parse
from appliance.errors import ConfigError
from appliance.extra import ELSEWHERE, REFUSED, SESSION


def allowed(extra: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as error:
        parse({"live": {"extra_setup": extra}})
    assert {problem.key for problem in error.value.problems} == {"live.extra_setup"}
    return [problem.allowed for problem in error.value.problems]


@pytest.mark.parametrize("key", ELSEWHERE)
def test_what_the_box_sets_by_itself_has_its_place(key: str) -> None:
    outer, _, inner = key.partition(".")
    [told] = allowed({outer: {inner: 1}} if inner else {outer: {}})
    assert told.endswith(ELSEWHERE[key])


def test_the_other_spelling_is_no_way_around() -> None:
    [told] = allowed({"context_window_compression": {"trigger_tokens": 1}})
    assert "always on" in told
    assert SESSION in told
    [told] = allowed({"generationConfig": {"response_modalities": ["AUDIO", "TEXT"]}})
    assert "one, as the service takes no two" in told
    [told] = allowed({"generationConfig": {"top_p": 0.5}})
    assert told == "the spelling of the service: 'generationConfig.topP'"


@pytest.mark.parametrize("key", REFUSED)
def test_what_the_service_refuses_is_refused_before(key: str) -> None:
    assert allowed({"generationConfig": {key: 1}}) == ["any key but those that the Live API refuses"]


def test_all_mistakes_are_told_at_once() -> None:
    assert len(allowed({"model": "x", "tools": [], "generationConfig": {"logprobs": 1}})) == 3
    assert allowed({"generationConfig": "hot"}) == ["a table of keys of generationConfig"]


def test_what_the_box_does_not_know_is_left_to_the_service() -> None:
    extra = {"generationConfig": {"temperature": 0.5, "topK": 3}, "labels": {"a_b": "c"}, "logprobs": 1}
    assert parse({"live": {"extra_setup": extra}}).live.extra_setup == extra
