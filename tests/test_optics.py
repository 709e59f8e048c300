"""What may be said of a camera, and what it comes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance import models
from appliance.config import load, parse
from appliance.errors import ConfigError
from appliance.settings import Camera
from tests.pictures import RED


def told(camera: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(ConfigError) as error:
        parse({"camera": camera, **more}, "a.toml")
    return [str(problem) for problem in error.value.problems]


def test_there_is_none_unless_one_is_named() -> None:
    assert parse({}).camera == Camera()
    assert parse({"camera": {"mode": "listening"}}).camera.source == ""


@pytest.mark.parametrize("source", ["C270", "/dev/video0", "/dev/v4l/by-id/usb-046d_C270-video-index0"])
def test_a_camera_needs_a_lamp(source: str) -> None:
    [problem] = told({"source": source})
    assert problem.startswith("a.toml: camera.light: found nothing; allowed: a BCM pin number")
    assert "'own' for a camera that has one" in problem
    assert parse({"camera": {"source": source, "light": "own"}}).camera.light == "own"
    assert parse({"camera": {"source": source, "light": 4}}).camera.light == 4


def test_pictures_of_nobody_need_none() -> None:
    assert parse({"camera": {"source": "memory"}}).camera.light is None


def test_a_file_is_found_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "film.mjpeg").write_bytes(RED)
    config = tmp_path / "a.toml"
    config.write_text('[camera]\nsource = "file:film.mjpeg"\n')
    assert load(config).camera.source == f"file:{tmp_path / 'film.mjpeg'}"


def test_a_file_that_is_not_there_is_a_mistake() -> None:
    [problem] = told({"source": "file:/nowhere/film.mjpeg"})
    assert "the path of a Motion JPEG file that is there" in problem


def test_a_word_is_corrected() -> None:
    [problem] = told({"source": "memory", "light": "onw"})
    assert "did you mean 'own'?" in problem


@pytest.mark.parametrize(
    "more", [{"lights": {"desk": {"pin": 4}}}, {"button": {"pin": 4}}], ids=["a light", "the button"]
)
def test_its_lamp_has_a_pin_of_its_own(more: dict[str, Any]) -> None:
    [problem] = told({"source": "memory", "light": 4}, **more)
    assert problem.startswith("a.toml: camera.light: found pin 4; allowed: a pin not used by")


def test_a_model_that_takes_no_pictures_is_a_mistake_that_names_those_that_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, *others = models.profiles()
    blind = replace(first, ids=("gemini-blind",), video=False)
    monkeypatch.setattr(models, "profiles", lambda: (blind, *others))
    live = {"model": "gemini-blind-1"}
    assert parse({"live": live}).live.model == "gemini-blind-1"
    [problem] = told({"source": "memory"}, live=live)
    assert problem.startswith("a.toml: camera.source: found 'memory'; allowed: '' for 'gemini-blind-1'; ")
    assert "models that can: gemini-3.8-live" in problem
