"""The README promises only what happens: every command in it is run."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.adapters.errands import GROUP
from appliance.adapters.token import read
from appliance.app import conversation
from appliance.config import parse
from appliance.core.functions import made
from appliance.core.parameters import Bad
from appliance.standin.server import Options, StandIn

from .test_config_file import with_examples
from .whole.house import Daemon

TOP = Path(__file__).parents[1]
README = (TOP / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


def test_every_command_is_known_to_be_run() -> None:
    """Scripts have tests of their own; `appliance` commands are run below; root's in tests/service."""
    assert {words[0] for words in commands()} == {"scripts/demo", "scripts/test", "appliance", "sudo"}
    for script in re.findall(r"`(scripts/[\w-]+|\.ci/run)", README):
        assert (TOP / script).is_file(), script


@pytest.mark.slow
def test_the_commands_do_what_they_say() -> None:
    async def life() -> None:
        [toml, _] = blocks("toml")
        async with StandIn(Options(brain=False, voice="tone", answer="Yes.")) as standin:
            more = f'[live]\nendpoint = "{standin.url}"\n[audio]\nbackend = "memory"\n'
            async with Daemon(toml + more) as daemon:
                for words in commands():
                    if words[0] == "appliance":
                        await run(daemon, words[1:])

    async def run(daemon: Daemon, words: list[str]) -> None:
        if words[0] == "run" and "--check" not in words:
            return  # that is the daemon itself
        if words[0] == "watch":
            return  # the daemon under test is being watched by its test, with the same client
        if "--config" in words:
            words = words[: words.index("--config")]
        status, out, err = await daemon.run(*words)
        assert (status, err) == (0, ""), words
        if words[0] in ("status", "lights", "config"):
            assert out

    asyncio.run(life())


def features() -> list[tuple[str, str]]:
    after = README.partition("| feature of the guide | on the appliance |\n|---|---|\n")[2]
    table = after.partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()]
    assert all(len(row) == 2 for row in rows)
    return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize(("feature", "means"), features(), ids=[feature for feature, _ in features()])
def test_every_key_and_command_of_the_feature_table_is_there(feature: str, means: str) -> None:
    """In it stand: sections, keys of the section before, "values", commands, and functions."""
    sections, offered = with_examples(), conversation(parse(WHOLE), None).calls.catalogue.offered()
    verbs = {words[1] for words in commands() if words[0] == "appliance"}
    table: dict[str, Any] = {}
    named = re.findall(r"`([^`]+)`", means)
    for word in named:
        if section := re.fullmatch(r"\[([a-z.]+)\]", word):
            table = sections
            for part in section[1].split("."):
                table = table[part]
        elif word.startswith("appliance "):
            assert word.split()[1] in verbs, "a command that this file shows, and a test runs"
        elif not word.startswith('"'):
            assert word in table or word in offered, f"{word} is no key of its section and no function"
    assert named or "nothing to set" in means


WHOLE: dict[str, Any] = {
    "lights": {"lamp": {"pin": 4}},
    "camera": {"source": "memory"},
    "scenes": {"evening": {"lamp": {"power": "on"}}},
}


def test_the_configuration_is_a_configuration() -> None:
    [toml, _] = blocks("toml")
    assert [light.name for light in parse(tomllib.loads(toml)).lights] == ["kitchen light", "desk lamp"]


def test_the_function_is_a_function() -> None:
    [source] = [block for block in blocks("python") if "appliance.functions" in block]
    names: dict[str, Any] = {"PORTS": ["Aden"], "next_tides": lambda port, days: [port] * days}
    exec(source, names)
    tide = made(names["tide"])
    assert tide.call(**tide.bind({"port": "Aden", "days": 2.0})) == {"high": ["Aden", "Aden"]}
    with pytest.raises(Bad, match="there is no port 'Rome'"):
        tide.call(**tide.bind({"port": "Rome"}))
    [_, entry_points] = blocks("toml")
    assert tomllib.loads(entry_points)["project"]["entry-points"] == {GROUP: {"tide": "harbour:tide"}}


@pytest.mark.slow
def test_the_minting_program_mints_what_the_box_can_use(tmp_path: Path) -> None:
    [program] = [block for block in blocks("python") if "genai" in block]
    (tmp_path / "mint.py").write_text(program, encoding="utf-8")

    async def life() -> str:
        async with StandIn(Options(brain=False, voice="tone", key="the-key")) as standin:
            given = {"GEMINI_API_KEY": "the-key", "GOOGLE_GEMINI_BASE_URL": standin.mint_url}
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, str(tmp_path / "mint.py")),
                env={**{n: v for n, v in os.environ.items() if n != "GOOGLE_API_KEY"}, **given},
                stdout=asyncio.subprocess.PIPE,
            )
            out, _ = await asyncio.wait_for(process.communicate(), 60)
            assert process.returncode == 0
            token = read(out.decode(), 0.0, datetime.now(UTC))
            assert standin._tokens.use(token.value, {})[0] == {}
            assert token.uses == 6
            assert 3500 < token.start_by == token.end_by < 3601
            return token.value

    assert asyncio.run(life()).startswith("auth_tokens/")


def test_every_file_that_it_links_is_there() -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (TOP / link).exists(), link
