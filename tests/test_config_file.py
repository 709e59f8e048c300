"""The commented default configuration says what is true, of every key."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from appliance.config import load, parse
from appliance.core.lights import Kind
from appliance.core.usage import Budget
from appliance.settings import (
    MOMENTS,
    AudioDevices,
    Button,
    Camera,
    Functions,
    Light,
    Live,
    Offline,
    Panel,
    Turns,
)

FILE = Path(__file__).parent.parent / "config" / "appliance.toml"
TEXT = FILE.read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^#: ?", re.MULTILINE)
ALSO = {
    "budget": {f.name for f in fields(Budget)},
    "timers": {"ring_s"},
    "status_light": {"pins", "active", "brightness", "night_brightness", "idle_brightness"},
    "control": {"socket"},
    "offline": {f.name for f in fields(Offline)},
    "functions": {f.name for f in fields(Functions)},
    "privacy": {"transcripts", "remember", "remember_exchanges", "remember_characters"},
    "log": {"level"},
    "panel": {f.name for f in fields(Panel)},
    "earcons": {*MOMENTS, "notices"},
    "quiet": {"from", "to"},
}


def with_examples() -> dict[str, Any]:
    """The file with all its examples in force; a key that then comes twice keeps its example."""
    lines: list[str] = []
    for line in EXAMPLE.sub("", TEXT).splitlines():
        key = line.partition(" = ")[0]
        if " = " in line and not line.startswith("#") and not key.startswith("["):
            since = max((n for n, former in enumerate(lines) if former.startswith("[")), default=0)
            lines[since:] = [former for former in lines[since:] if not former.startswith(f"{key} = ")]
        lines.append(line)
    return tomllib.loads("\n".join(lines))


def test_as_it_is_it_changes_nothing() -> None:
    assert load(FILE) == parse({})


@pytest.mark.parametrize(
    ("section", "settings"),
    [("live", Live), ("audio", AudioDevices), ("turns", Turns), ("button", Button), ("camera", Camera)],
)
def test_every_key_of_a_section_is_there(section: str, settings: type) -> None:
    assert set(with_examples()[section]) == {field.name for field in fields(settings)}


def test_every_key_of_a_light_is_there() -> None:
    lights = with_examples()["lights"].values()
    keys = {field.name for field in fields(Light)} - {"name", "active_high"} | {"pin", "active"}
    assert {key for light in lights for key in light} == keys
    assert {light["kind"] for light in lights} == set(Kind)
    for key in keys:
        assert re.search(rf"^#   {key} ", TEXT, re.MULTILINE), f"nothing is said about {key}"


def test_no_section_is_missing_or_unknown() -> None:
    there = with_examples()
    assert set(there) == {"live", "audio", "turns", "button", "camera", "lights", "groups", "scenes", *ALSO}
    for section, keys in ALSO.items():
        assert set(there[section]) == keys


def test_every_example_can_be_used() -> None:
    config = parse(with_examples())
    assert [light.name for light in config.lights] == ["kitchen light", "desk lamp", "bedroom lamp"]
    assert config.groups == {"reading lights": ("desk lamp", "bedroom lamp")}
    assert config.button.pin is not None
    assert config.live.compress_at_tokens is not None


def test_every_key_is_explained() -> None:
    """The first line of each key follows its explanation, or a key that shares it."""
    lines = TEXT.splitlines()
    seen: set[str] = set()
    for number, line in enumerate(lines):
        found = re.match(r"(?:#: )?(\w+) = ", line)
        if found and found[1] not in seen:
            seen.add(found[1])
            assert lines[number - 1].startswith("#"), f"line {number + 1} comes without a word: {line}"
