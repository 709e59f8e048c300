"""The daemon with a camera: what leaves the box, when, and the lamp that says so. No test needs a device."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from appliance.standin import scene as scenes
from appliance.standin.server import Options, StandIn
from tests.judge import judge_client
from tests.pictures import BLUE, GREEN, RED, bare

from .house import Daemon, command, no_traceback

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="Yes.")
LOOK = scenes.parse(
    {
        "steps": [
            {"expect": "turn"},
            {"hear": "What am I holding?"},
            {"call": [{"name": "look"}], "wait": False},
            {"wait_s": 30},  # until it is interrupted by the picture
            {"expect": "turn"},
            {"speak": "A red card."},
        ],
    }
)
BLIND = scenes.parse(
    {"steps": [{"expect": "turn"}, {"call": [{"name": "look"}]}, {"speak": "I cannot see."}]}
)
PICTURES = (RED, GREEN, BLUE)


def seeing(standin: StandIn, place: Path, mode: str, more: str = "") -> str:
    (place / "film.mjpeg").write_bytes(b"".join(bare(picture) for picture in PICTURES))
    return f"""
[live]
endpoint = "{standin.url}"
{more}
[audio]
backend = "memory"
[camera]
source = "file:{place / "film.mjpeg"}"
mode = "{mode}"
media_resolution = "low"
light = 16
"""


def inputs(standin: StandIn) -> list[tuple[float, str]]:
    """Every realtime input of ours and its time; a response to a call is one, too."""
    found: list[tuple[float, str]] = []
    for entry in standin.record:
        if entry.side == "client" and "realtimeInput" in entry.message:
            found.append((entry.at, *entry.message["realtimeInput"]))
        elif entry.side == "client" and "toolResponse" in entry.message:
            found.append((entry.at, "toolResponse"))
    return found


def folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="film-")


def test_pictures_leave_the_box_only_while_somebody_speaks_and_one_a_second() -> None:
    async def life() -> None:
        with folder() as place:
            async with StandIn(QUIET) as standin, Daemon(seeing(standin, Path(place), "listening")) as daemon:
                await daemon.ask(do="talk", hold_s=3.5)
                await daemon.until(lambda: daemon.of("turn"))
                assert daemon.of("turn")[0]["outcome"] == "answered"
                states = [t["state"] for t in daemon.of("camera")]
                assert states[:2] == ["looking", "shut"]
                assert 3 <= len(standin.pictures) <= 4
                times = [picture.at for picture in standin.pictures]
                assert min(b - a for a, b in itertools.pairwise(times)) > 0.9
                first = inputs(standin)
                kinds = [kind for _, kind in first]
                end = kinds.index("activityEnd")
                assert "video" not in kinds[end:]
                assert kinds.index("activityStart") < kinds.index("video")
                [setup] = [e.message["setup"] for e in standin.record if "setup" in e.message]
                assert setup["generationConfig"]["mediaResolution"] == "MEDIA_RESOLUTION_LOW"
                status, out, _ = await daemon.run("status")
                assert status == 0
                assert "camera: " in out
                assert await daemon.stop() == 0
                assert "camera looking: listening" in daemon.log
                assert "camera shut" in daemon.log
                no_traceback(daemon.log)
                for picture in standin.pictures:
                    assert picture.jpeg.startswith(b"\xff\xd8")
                    assert b"\xff\xc4" in picture.jpeg, "tables and all"

    asyncio.run(life())


def test_nothing_is_seen_while_nobody_speaks_or_by_who_did_not_want_it() -> None:
    async def life() -> None:
        with folder() as place:
            async with StandIn(QUIET) as standin, Daemon(seeing(standin, Path(place), "look")) as daemon:
                await daemon.ask(do="talk", hold_s=1.5)
                await daemon.until(lambda: daemon.of("turn"))
                assert standin.pictures == []
                assert daemon.of("camera") == []
                assert (await daemon.ask(do="status"))["camera"] == "shut"

    asyncio.run(life())


@pytest.mark.parametrize(
    ("model", "order"),
    [
        ("gemini-3.8-live", ["toolResponse", "activityStart", "video", "text", "activityEnd"]),
        (
            "gemini-3.8-live-extended-thinking",
            ["toolResponse", "activityStart", "video", "text", "activityEnd"],
        ),
        ("gemini-3.1-flash-live-preview", ["toolResponse", "activityStart", "video", "text", "activityEnd"]),
        ("gemini-2.5-flash-native-audio-preview-12-2025", ["toolResponse"]),
    ],
)
def test_the_model_sees_when_it_asks_to(model: str, order: list[str]) -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", answer="A red card.", scene=LOOK)
        with folder() as place:
            async with StandIn(options) as standin:
                toml = seeing(standin, Path(place), "look", f'model = "{model}"')
                async with Daemon(toml) as daemon:
                    status, out, err = await daemon.run("ask", "What am I holding?")
                    assert (status, out, err) == (0, "A red card.\n", "")
                    assert len(standin.pictures) == 1
                    kinds = [kind for _, kind in inputs(standin)]
                    assert kinds[kinds.index("toolResponse") :] == order
                    told = [t["state"] for t in daemon.of("camera")]
                    assert told == ["looking", "shut"]
                    assert await daemon.stop() == 0
                    no_traceback(daemon.log)

    asyncio.run(life())


def test_what_is_heard_is_the_answer_to_the_picture() -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", answer="A red card.", scene=LOOK)
        with folder() as place:
            async with StandIn(options) as standin, Daemon(seeing(standin, Path(place), "look")) as daemon:
                await daemon.ask(do="talk", hold_s=1.0)
                await daemon.until(lambda: any(t["outcome"] == "answered" for t in daemon.of("turn")))
                assert len(standin.pictures) == 1
                heard = [t["text"] for t in daemon.of("transcript") if t["who"] == "model"]
                assert "".join(map(str, heard)).endswith("A red card.")

    asyncio.run(life())


def test_a_camera_that_is_not_there_is_a_state_and_an_answer() -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", answer="I am blind.", scene=BLIND)
        async with StandIn(options) as standin:
            toml = f"""
[live]
endpoint = "{standin.url}"
[audio]
backend = "memory"
[camera]
source = "no such camera"
mode = "listening"
light = "own"
"""
            async with Daemon(toml) as daemon:
                await daemon.ask(do="talk", hold_s=1.0)
                await daemon.until(lambda: daemon.of("turn"))
                responses = [e.message["toolResponse"] for e in standin.record if "toolResponse" in e.message]
                [answer] = responses[0]["functionResponses"]
                assert "no camera called 'no such camera'" in answer["response"]["error"]
                assert standin.pictures == []
                status, out, _ = await daemon.run("status")
                assert status == 0
                assert "camera: missing: no camera called 'no such camera'; there are: " in out
                assert await daemon.stop() == 0
                assert "no camera: no camera called" in daemon.log
                no_traceback(daemon.log)

    asyncio.run(life())


LAMP = """
import asyncio, sys, tomllib
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin
Device.pin_factory = MockFactory(pin_class=MockPWMPin)
from appliance import app
from appliance.config import parse
from appliance.core.events import Seen, CameraDown

async def life():
    box = app.build(parse(tomllib.loads(sys.argv[1])), state=None)
    pin = Device.pin_factory.pin(16)
    said = []
    class Hand:
        def post(self, event): said.append((type(event).__name__, bool(pin.state)))
    print("idle", bool(pin.state))
    box.camera._post = Hand().post
    box.camera.look(1)
    print("opening", bool(pin.state))
    while not said: await asyncio.sleep(0.01)
    while pin.state: await asyncio.sleep(0.01)
    print(said, "closed", bool(pin.state))
    await box.camera.close()
    box.lights.close()
asyncio.run(life())
"""


def test_the_lamp_is_lit_from_before_it_is_opened_until_it_is_closed() -> None:
    toml = '[audio]\nbackend = "memory"\n[camera]\nsource = "memory"\nlight = 16\n'
    with folder() as place:
        environment = os.environ | {"STATE_DIRECTORY": place, "RUNTIME_DIRECTORY": place}
        done = subprocess.run(
            [sys.executable, "-c", LAMP, toml],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "idle False",
        "opening True",
        "[('Seen', True)] closed False",
    ]


def test_a_box_without_a_camera_loads_nothing_of_one() -> None:
    script = (
        "import sys, asyncio\nfrom appliance import app\nfrom appliance.config import parse\n"
        "async def life():\n"
        "  box = app.build(parse({'audio': {'backend': 'memory'}}))\n"
        "  assert box.camera is None\n"
        "  box.lights.close()\n"
        "asyncio.run(life())\n"
        "strange = {'camera', 'mjpeg', 'v4l2'} & {name.rpartition('.')[2] for name in sys.modules}\n"
        "assert not strange, strange\n"
    )
    with folder() as place:
        environment = os.environ | {"STATE_DIRECTORY": place, "RUNTIME_DIRECTORY": place}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr


def test_a_camera_without_a_lamp_is_refused_with_the_way_out() -> None:
    daemon = Daemon('[camera]\nsource = "/dev/video0"\n')
    status, _, err = asyncio.run(command("run", "--check", "--config", str(daemon.config)))
    shutil.rmtree(daemon.place)
    assert status == 78
    assert "camera.light: found nothing; allowed: a BCM pin number from 0 to 27" in err


def test_what_is_sent_is_taken_by_the_judge() -> None:
    """The record has the bytes apart: put together again, each message of ours is judged."""

    async def life() -> list[dict[str, Any]]:
        options = Options(brain=False, voice="tone", answer="A red card.", scene=LOOK)
        with folder() as place:
            async with (
                StandIn(options) as standin,
                Daemon(seeing(standin, Path(place), "listening")) as daemon,
            ):
                await daemon.ask(do="talk", hold_s=1.2)
                await daemon.until(lambda: any(t["outcome"] == "answered" for t in daemon.of("turn")))
                return [
                    {
                        "realtimeInput": {
                            "video": {"mimeType": "image/jpeg", "data": base64.b64encode(e.pcm).decode()}
                        }
                    }
                    for e in standin.record
                    if e.has("realtimeInput", "video")
                ]

    messages = asyncio.run(life())
    assert len(messages) >= 2
    for message in messages:
        judge_client(json.dumps(message))
