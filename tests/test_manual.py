"""The manual pages and the completion are those of the command line and the configuration that there are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from appliance.cli import parser
from appliance.manual import DEFAULT, ROOT, completion, options, page, settings_page, verbs, written

NAMES = [name for name, _, _ in verbs(parser(everything=True))]


@pytest.mark.parametrize("path", list(written(ROOT)), ids=lambda path: path.name)
def test_what_is_in_the_source_was_made_of_it(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == written(ROOT)[path], "run: python -m appliance.manual"


def plain(roff: str) -> str:
    """What a reader sees, roughly."""
    return re.sub(r"\\f[BRI]|\\&", "", roff).replace("\\-", "-").replace("\\(aq", "'").replace("\\(ga", "`")


def test_every_verb_and_every_option_is_in_the_page() -> None:
    text = plain(page(parser(everything=True)))
    for name, what, verb in verbs(parser(everything=True)):
        assert re.search(rf"^\.B {name}\b", text, re.MULTILINE), name
        assert plain(what.replace("-", "\\-")) in text
        for action in options(verb):
            assert all(flag in text for flag in action.option_strings if flag.startswith("--"))


def test_every_setting_is_in_the_page_and_every_explanation() -> None:
    default = DEFAULT.read_text(encoding="utf-8")
    text = plain(settings_page(default))
    for section, table in tomllib.loads(default).items():
        assert f".SH {section}" in text
        for key, value in table.items():
            if isinstance(value, dict) and value:
                assert f".SH {section}.{key}" in text
                continue
            assert re.search(rf"^(#: )?{key} = ", text, re.MULTILINE), key
    for line in default.splitlines():
        words = line.removeprefix("#").strip()
        assert not words or line.startswith("[") or words.replace("\\", "\\e") in text or "[" in line, line


@pytest.mark.parametrize("name", ["appliance.1", "appliance.toml.5"])
def test_groff_has_nothing_to_say(name: str) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-ww", "-Tutf8", str(ROOT / "man" / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "talking box" in done.stdout


# -- completion in a real bash ----------------------------------------------------------------------------


def completed(*words: str, answers: str = "", place: Path) -> list[str]:
    """What bash offers for the last of these words."""
    program = place / "appliance"
    program.write_text(f"#!/bin/sh\nprintf '{answers}'\n", "ascii")
    program.chmod(0o755)
    script = (
        f"source {ROOT}/completions/appliance\n"
        'COMP_WORDS=(appliance "$@"); COMP_CWORD=$#\n'
        '_appliance; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {**os.environ, "PATH": f"{place}:{os.environ['PATH']}"}
    command = ["bash", "-euc", script, "bash", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


def test_verbs_options_and_choices_are_offered(tmp_path: Path) -> None:
    assert completed("", place=tmp_path) == [*NAMES, "--help", "--version"]
    assert completed("st", place=tmp_path) == ["status"]
    assert set(completed("doctor", "--", place=tmp_path)) >= {"--fix", "--json", "--offline", "--config"}
    assert completed("timers", "", place=tmp_path) == ["cancel", "set"]
    assert completed("nonsense", "", place=tmp_path) == []
    (tmp_path / "mine.toml").touch()
    assert completed("run", "--config", f"{tmp_path}/mi", place=tmp_path) == [f"{tmp_path}/mine.toml"]


def test_the_names_of_lights_and_scenes_are_those_of_the_daemon(tmp_path: Path) -> None:
    lights = "desk lamp: on, 40\\nkitchen: off\\n"
    assert completed("lights", "", answers=lights, place=tmp_path) == ["desk\\ lamp", "kitchen"]
    assert completed("lights", "d", answers=lights, place=tmp_path) == ["desk\\ lamp"]
    assert completed("lights", "kitchen", "", answers=lights, place=tmp_path) == []
    assert completed("scene", "", answers="no scenes are configured\\n", place=tmp_path) == []
    assert completed("scene", "g", answers="good night\\n", place=tmp_path) == ["good\\ night"]


def test_the_version_has_a_verb() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "version"], capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"appliance \d+\.\d+\.\d+\n", done.stdout)
    command = [sys.executable, "-m", "appliance", "version", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert done.stdout == f"appliance {told['version']}\n"


def test_the_completion_is_bash_that_the_shell_understands() -> None:
    text = completion(parser(everything=True))
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0
