"""The kernel's cameras, on a driver that is written against the kernel's own header (driver.c)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.adapters import v4l2
from appliance.adapters.v4l2 import V4l2Camera
from appliance.core.jpeg import TABLES
from appliance.errors import CameraError
from tests.pictures import BLUE, bare

HERE = Path(__file__).parent
TRY = """
import contextlib, json, os, sys
from pathlib import Path
from appliance.adapters import v4l2
from appliance.errors import CameraError
v4l2.CLASS = Path(os.environ["CLASS"])
v4l2.PATIENCE_S = 0.7
try:
    stream = v4l2.V4l2Camera(sys.argv[1], 800, 600).open()
    with contextlib.closing(stream):
        pictures = [stream.frame() for _ in range(int(sys.argv[2]))]
    numbers = [int.from_bytes(p[8:10], "big") for p in pictures]
    print(json.dumps({"numbers": numbers, "sizes": [len(p) for p in pictures]}))
except CameraError as error:
    print(json.dumps({"told": str(error)}))
"""
CONTRACT = """
import sys
from appliance.adapters.v4l2 import V4l2Camera
from tests.adapters.contract_camera import CONTRACT
for check in CONTRACT:
    check(V4l2Camera("/dev/video70", 640, 480), 0.02)
    print(check.__name__)
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for the driver")
    made = tmp_path_factory.mktemp("driver") / "driver.so"
    flags = ["-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", str(made), str(HERE / "driver.c"), "-ldl"], check=True)
    return made


class Machine:
    """A process on a machine with these cameras."""

    def __init__(self, driver: Path, place: Path, nodes: str, fault: str = "") -> None:
        self.place = place
        (place / "picture.jpg").write_bytes(bare(BLUE))
        for number, name in (
            ("70", "Test camera: front"),
            ("71", "Test camera: front"),
            ("9", "bcm2835-isp"),
        ):
            card = place / "class" / f"video{number}"
            card.mkdir(parents=True)
            (card / "name").write_text(name + "\n")
        (place / "class" / "video1").mkdir()  # gone while one looked
        self.environment = os.environ | {
            "DRIVER_NODES": nodes,
            "DRIVER_FAULT": fault,
            "DRIVER_JPEG": str(place / "picture.jpg"),
            "DRIVER_LOG": str(place / "log"),
            "CLASS": str(place / "class"),
            "LD_PRELOAD": str(driver),
            "PYTHONPATH": str(HERE.parents[1]),
        }

    def run(self, script: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tries(self, name: str, pictures: int = 3) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.run(TRY, name, str(pictures)))
        return found

    @property
    def log(self) -> list[str]:
        path = self.place / "log"
        return path.read_text().splitlines() if path.exists() else []


@pytest.mark.slow
def test_contract(driver: Path, tmp_path: Path) -> None:
    machine = Machine(driver, tmp_path, "/dev/video70=MJPG")
    assert machine.run(CONTRACT).count("\n") == 5
    assert machine.log.count("open") == machine.log.count("close") == 7, "what was opened was closed"


@pytest.mark.parametrize("name", ["/dev/video70", "test CAMERA"])
def test_it_is_found_by_path_and_by_name(driver: Path, tmp_path: Path, name: str) -> None:
    machine = Machine(driver, tmp_path, "/dev/video9=YUYV /dev/video70=YUYV+MJPG /dev/video71=")
    found = machine.tries(name)
    assert found["sizes"] == [len(bare(BLUE)) + 8 + len(TABLES)] * 3, (
        "the comment; the tables put back, the padding cut off"
    )
    first, *rest = found["numbers"]  # type: ignore[misc]
    assert first >= 15, "the dark pictures of the first moments are left out"
    assert [first, *rest] == sorted({first, *rest})
    assert machine.log == ["open", "format 800x600 MJPG", "stream", "close"]


def test_the_node_without_pictures_is_passed_over(driver: Path, tmp_path: Path) -> None:
    machine = Machine(driver, tmp_path, "/dev/video70= /dev/video71=JPEG")
    assert "numbers" in machine.tries("front", 1)
    assert machine.log == ["open", "close", "open", "format 800x600 JPEG", "stream", "close"]


@pytest.mark.parametrize(
    ("nodes", "fault", "name", "told"),
    [
        ("/dev/video70=YUYV+NV12", "", "/dev/video70", "offers YUYV, NV12); use a camera with MJPG"),
        ("/dev/video70=YUYV /dev/video71=", "", "front", "makes no JPEG pictures (it offers YUYV)"),
        ("/dev/video70=", "", "/dev/video70", "not a camera that streams pictures"),
        ("/dev/video70=MJPG", "busy", "/dev/video70", "another program uses the camera"),
        ("/dev/video70=MJPG", "denied", "/dev/video70", "let its user into the group video"),
        ("/dev/video70=MJPG", "silent", "/dev/video70", "gave no picture in 0.7 s"),
        ("/dev/video70=MJPG", "broken", "/dev/video70", "gave no picture in 0.7 s"),
        ("/dev/video70=MJPG", "refuses", "/dev/video70", "no whole JPEG picture"),
        ("/dev/video70=MJPG", "unplug=25", "/dev/video70", "it was unplugged"),
        ("", "", "/dev/video70", "no such camera; there are: 'bcm2835-isp', 'Test camera: front'"),
        ("", "", "garden", "no camera called 'garden'; there are: 'bcm2835-isp', 'Test camera: front'"),
    ],
)
def test_what_is_wrong_is_told_with_its_remedy(
    driver: Path, tmp_path: Path, nodes: str, fault: str, name: str, told: str
) -> None:
    machine = Machine(driver, tmp_path, nodes, fault)
    assert told in str(machine.tries(name, 20)["told"])
    assert machine.log.count("open") == machine.log.count("close"), "what was opened was closed"


def test_what_is_no_camera_at_all_is_told() -> None:
    with pytest.raises(CameraError, match="/dev/null: it is not a camera that is understood"):
        V4l2Camera("/dev/null", 640, 480).open()


def test_no_camera_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(v4l2, "CLASS", tmp_path / "nothing")
    for name in ("front", "/dev/video-no"):
        with pytest.raises(CameraError, match="there are: none at all"):
            V4l2Camera(name, 640, 480).open()
