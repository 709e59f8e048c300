"""What is told at the setup must leave room for a conversation: for every model, with a way out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.app import conversation
from appliance.capacity import most_kept, tokens, told, weigh
from appliance.config import parse
from appliance.core.messages import Setup
from appliance.errors import ConfigError
from appliance.models import profile_of, profiles

V38 = "gemini-3.8-live"
HALF = "gemini-2.0-flash-live-001"
HOME = {"lights": {f"light {pin}": {"pin": pin} for pin in range(28)}}
CROWD = {**HOME, "groups": {f"{number:0>60}": ["light 1"] for number in range(400)}}


def wrong(table: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as error:
        conversation(parse(table), None)
    return [(problem.key, problem.found, problem.allowed) for problem in error.value.problems]


def test_tokens_are_rather_too_many() -> None:
    assert tokens("") == 0
    assert tokens("abcd") == 1
    assert tokens("abcde") == 2
    assert tokens("日本") == 2
    assert tokens("\ud800") == 1, "what is no text has a length, too"


def test_the_service_keeps_half_of_four_fifths() -> None:
    assert most_kept(100_000, None) == 40_000
    assert most_kept(100_000, 20_000) == 10_000


@pytest.mark.parametrize("model", [profile.ids[0] for profile in profiles()])
def test_a_usual_home_fits_every_model_many_times_over(model: str) -> None:
    language = {"proactive_audio": False}
    config = parse({"live": {"model": model, **language}, **HOME})
    setup = conversation(config, None).session.setup
    assert sum(told(setup)) * 3 < most_kept(profile_of(model)[0].context, None)


def test_a_home_that_does_not_fit_names_the_model_its_window_and_the_way_out() -> None:
    [(key, found, allowed)] = wrong({"live": {"model": HALF}, **CROWD})
    assert key == "lights"
    assert "tokens of instruction" in found
    assert allowed.startswith(
        "less than 13107 together for 'gemini-2.0-flash-live-001', whose window is 32768"
    )
    assert "fewer or shorter names of lights, groups and scenes" in allowed
    assert conversation(parse({"live": {"model": V38}, **CROWD}), None), "the larger window holds it"


def test_every_fallback_is_weighed() -> None:
    [(key, _, allowed)] = wrong({"live": {"model": V38, "fallback_models": [HALF]}, **CROWD})
    assert key == "lights"
    assert HALF in allowed


def test_what_is_kept_must_be_more_than_what_is_told() -> None:
    [(key, found, allowed)] = wrong({"live": {"compress_to_tokens": 1_000}, **HOME})
    assert key == "live.compress_to_tokens"
    assert found.startswith("1000, with about ")
    least = int(allowed.split()[2])
    assert allowed.startswith(f"at least {least} for '{V38}', whose window is 131072 tokens; or a shorter")
    assert conversation(parse({"live": {"compress_to_tokens": least}, **HOME}), None)
    [(key, _, _)] = wrong({"live": {"compress_to_tokens": least - 1}, **HOME})
    assert key == "live.compress_to_tokens"


def test_so_must_be_the_half_of_where_it_begins_to_drop() -> None:
    [(key, _, allowed)] = wrong({"live": {"compress_at_tokens": 5_000}, **HOME})
    assert key == "live.compress_at_tokens"
    least = int(allowed.split()[2])
    assert conversation(parse({"live": {"compress_at_tokens": least}, **HOME}), None)


def test_an_instruction_that_is_the_larger_part_is_named() -> None:
    config = parse({"live": {"model": HALF}}, "a.toml")
    with pytest.raises(ConfigError, match=r"a.toml: live.system_instruction: found about 1\d{4} tokens"):
        weigh(config, [Setup(HALF, system_instruction="x" * 60_000)])


def test_the_memory_counts_where_there_is_one() -> None:
    lean = {"remember": "off"}
    much = {"remember_characters": 20_000}
    live = {"compress_to_tokens": 5_500}
    assert wrong({"live": live, "privacy": much, **HOME})[0][0] == "live.compress_to_tokens"
    assert conversation(parse({"live": live, "privacy": lean, **HOME}), None)


def test_the_check_of_a_configuration_weighs_it_too(tmp_path: Path) -> None:
    """As a person runs it: exit status 78, the file, the key, the model and the remedy."""
    file = tmp_path / "a.toml"
    file.write_text("[live]\ncompress_to_tokens = 1000\n")
    for words in (["run", "--check"], ["run"]):
        command = [sys.executable, "-m", "appliance", *words, "--config", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 78
        assert f"{file}: live.compress_to_tokens: found 1000, with about" in done.stderr
        assert f"for '{V38}', whose window is 131072 tokens" in done.stderr
        assert "Traceback" not in done.stderr
