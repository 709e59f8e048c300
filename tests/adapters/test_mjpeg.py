"""Pictures that were taken before: the contract of cameras, and what is wrong with a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.adapters.camera import Source
from appliance.adapters.mjpeg import FRAMES_PER_S, MOST_BYTES, TEST_CARD, FileCamera, MemoryCamera
from appliance.core.jpeg import MOST_BYTES as LARGEST
from appliance.core.jpeg import checked
from appliance.errors import CameraError
from tests.adapters.contract_camera import CONTRACT
from tests.pictures import BLUE, GREEN, RED, bare


def film(tmp_path: Path, *pictures: bytes) -> Path:
    path = tmp_path / "film.mjpeg"
    path.write_bytes(b"".join(pictures))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("check", CONTRACT)
@pytest.mark.parametrize("kind", ["file", "memory"])
def test_contract(check: Callable[[Source, float], None], kind: str, tmp_path: Path) -> None:
    source = FileCamera(film(tmp_path, bare(RED), GREEN)) if kind == "file" else MemoryCamera()
    check(source, 1 / FRAMES_PER_S)


def test_a_file_is_shown_over_and_over(tmp_path: Path) -> None:
    stream = FileCamera(film(tmp_path, RED, b"noise", GREEN, BLUE)).open()
    shown = [stream.frame() for _ in range(6)]
    first = [RED, GREEN, BLUE].index(shown[0])
    order = [[RED, GREEN, BLUE][(first + n) % 3] for n in range(6)]
    assert shown == order


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no JPEG picture in it"),
        (b"RIFF....AVI ", "no JPEG picture in it"),
        (RED[:-2], "no JPEG picture in it"),
        (bytes(MOST_BYTES + 1), "larger than 32 MB"),
        (None, "No such file"),
    ],
)
def test_what_is_no_film_is_told(content: bytes | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mjpeg"
    if content is not None:
        path.write_bytes(content)
    camera = FileCamera(path)
    for _ in range(2):  # it is tried again at the next need
        with pytest.raises(CameraError, match=told):
            camera.open()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CameraError, match="not a file"):
        FileCamera(tmp_path / "pipe").open()


def test_a_picture_that_is_too_large_is_refused(tmp_path: Path) -> None:
    padding = b"\xff\xfe\xff\xff" + bytes(65_533)
    stream = FileCamera(film(tmp_path, RED[:2] + padding * (LARGEST // 65_535 + 1) + RED[2:])).open()
    with pytest.raises(CameraError, match="at most 512 kB are sent"):
        stream.frame()


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_a_camera_is_open_once(kind: str, tmp_path: Path) -> None:
    camera = FileCamera(film(tmp_path, RED)) if kind == "file" else MemoryCamera()
    stream = camera.open()
    with pytest.raises(CameraError, match=r"open already|another program uses"):
        camera.open()
    stream.close()
    camera.open().close()


def test_an_unplugged_camera_sees_nothing_until_it_is_plugged_in() -> None:
    camera = MemoryCamera()
    stream = camera.open()
    assert stream.frame() == checked(TEST_CARD)
    camera.unplug()
    with pytest.raises(CameraError, match="unplugged"):
        stream.frame()
    stream.close()
    with pytest.raises(CameraError, match="there are: none at all"):
        camera.open()
    camera.plug()
    camera.open().close()
