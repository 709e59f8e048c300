"""Keys and tokens in the configuration: what goes with what, and nothing secret is shown."""

from __future__ import annotations

from typing import Any

import pytest

from appliance.auth import is_loopback
from appliance.config import parse
from appliance.errors import ConfigError
from tests.core.vocabulary import SECRET

MODEL = "gemini-3.1-flash-live-preview"
COMMAND = ["/bin/sh", "-c", "mint"]
RIGHT: dict[str, Any] = {"auth": "token", "model": MODEL, "api_version": "v1alpha"}


def wrong(live: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as error:
        parse({"live": live})
    assert SECRET not in str(error.value)
    return [(problem.key, problem.found, problem.allowed) for problem in error.value.problems]


@pytest.mark.parametrize(
    "more",
    [
        {"token_command": COMMAND},
        {"token_url": "https://home.example/mint"},
        {"token_url": "https://home.example:8443"},
        {"token_url": "http://127.0.0.1:8080/mint"},
        {"token_url": "http://[::1]/mint"},
        {"token_url": "http://localhost"},
        {"token_command": COMMAND, "endpoint": "ws://127.0.0.1:8765"},
        {"token_command": COMMAND, "model": "gemini-9-live"},  # not known: the service decides
    ],
)
def test_tokens_come_from_a_command_or_a_server(more: dict[str, Any]) -> None:
    live = parse({"live": RIGHT | more}).live
    assert live.auth == "token"
    assert (list(live.token_command) or live.token_url) in more.values()


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({}, "'token' with neither token_command nor token_url"),
        ({"token_command": [], "token_url": ""}, "'token' with neither token_command nor token_url"),
        (
            {"token_command": COMMAND, "token_url": "https://home.example/mint"},
            "'token' with token_command and token_url",
        ),
    ],
)
def test_they_come_from_exactly_one_of_them(more: dict[str, Any], found: str) -> None:
    assert wrong(RIGHT | more) == [("live.auth", found, "exactly one of token_command and token_url")]


def test_a_mistake_in_one_of_them_is_told_once() -> None:
    [(key, found, _)] = wrong({**RIGHT, "token_command": ["mint"]})
    assert (key, found) == ("live.token_command", "'mint'")


@pytest.mark.parametrize("version", ["v1beta", "v1"])
def test_the_one_version_that_takes_tokens_is_named(version: str) -> None:
    live = {**RIGHT, "token_command": COMMAND, "model": "gemini-9-live", "api_version": version}
    [(key, found, allowed)] = wrong(live)
    assert (key, found) == ("live.auth", "'token'")
    assert allowed == "'key', or live.api_version = 'v1alpha', for 'gemini-9-live'"


def test_the_models_that_take_tokens_are_named() -> None:
    [(key, _, allowed)] = wrong({"auth": "token", "token_command": COMMAND})
    assert key == "live.auth"
    assert allowed.startswith(
        "'key' for 'gemini-3.8-live'; models that can: gemini-3.1-flash-live, gemini-2.5"
    )


def test_every_fallback_must_take_them_too() -> None:
    live = {**RIGHT, "token_command": COMMAND, "fallback_models": ["gemini-3.8-live"]}
    assert {key for key, _, _ in wrong(live)} == {"live.auth", "live.api_version"}


def test_a_token_is_not_sent_in_the_clear_over_a_network() -> None:
    live = {**RIGHT, "token_command": COMMAND, "endpoint": "ws://somewhere.example"}
    [(key, _, allowed)] = wrong(live)
    assert key == "live.endpoint"
    assert "'wss://'" in allowed


@pytest.mark.parametrize(
    "url",
    [
        f"https://host?key={SECRET}",
        f"https://{SECRET}@host",
        f"https://user:{SECRET}@host/mint",
        f"https://host/mint#{SECRET}",
        f"http://host/?{SECRET}",
    ],
)
def test_a_secret_in_the_url_is_refused_and_not_shown(url: str) -> None:
    [(key, _, _)] = wrong({"token_url": url})
    assert key == "live.token_url"


def test_with_a_key_they_may_stand_there_unused() -> None:
    assert parse({"live": {"token_url": "https://home.example/mint"}}).live.auth == "key"


@pytest.mark.parametrize(
    ("host", "near"),
    [
        *(("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True)),
        *(("", False), ("10.0.0.1", False), ("localhost.example", False), ("0.0.0.0", False)),
    ],
)
def test_what_is_on_this_machine(host: str, near: bool) -> None:
    assert is_loopback(host) is near
