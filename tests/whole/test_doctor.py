"""The doctor as a person calls it, beside a daemon and without one; and what is wrong with a box."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path

import pytest

from appliance.standin.server import Options, StandIn

from .house import Daemon, box, command, no_traceback
from .pins import Pins

pytestmark = pytest.mark.slow
KEY = "a-key-of-no-consequence"
QUIET = Options(brain=False, voice="tone", answer="Yes.")
MEMORY = '[audio]\nbackend = "memory"\n'


def checks(out: str) -> dict[str, dict[str, object]]:
    return {one["check"]: one for one in json.loads(out)["checks"]}


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "API_KEY" not in name}
    kept |= {"STATE_DIRECTORY": str(tmp_path / "state"), "GPIOZERO_PIN_FACTORY": "mock"}
    return kept | more


def test_a_box_that_is_well() -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            assert await daemon.known("microphone") == "open"
            status, out, err = await daemon.run("doctor", "--json")
            found = checks(out)
            assert (status, err) == (0, ""), out
            assert json.loads(out)["ok"] is True
            assert str(found["daemon"]["found"]).startswith("idle: ")
            assert str(found["service"]["found"]).startswith("gemini-3.8-live is ready")
            assert found["configuration"]["state"] == found["network"]["state"] == "fine"
            text = (await daemon.run("doctor", "--offline"))[1]
            assert "ok    configuration" in text
            assert text.splitlines()[-1].startswith(("all is well", "nothing is wrong"))

    asyncio.run(life())


def test_a_wrong_key_is_told_by_doctor_status_and_journal_and_never_shown(tmp_path: Path) -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", key=KEY)
        env = environment(tmp_path, GEMINI_API_KEY="another-key")
        async with StandIn(options) as standin, box(standin, environment=env) as daemon:
            await daemon.known("microphone")
            await daemon.ask(do="talk", hold_s=0.5)
            await daemon.until(lambda: [t for t in daemon.of("phase") if t["mood"] == "refused"])
            status, out, _ = await daemon.run("doctor", "--json")
            found = checks(out)
            assert status == 78
            assert found["daemon"]["means"] == "key refused"
            assert str(found["service"]["found"]).startswith("key refused: ")
            assert "check the API key" in str(found["service"]["remedy"])
            await daemon.stop()
            assert "line down: key refused (API key not valid" in daemon.log
            assert "check the API key" in daemon.log
            assert "another-key" not in out + daemon.log
            no_traceback(daemon.log)

    asyncio.run(life())


def test_without_a_key_the_box_runs_and_says_so(tmp_path: Path) -> None:
    """No network is touched: without a key nothing is dialled."""

    async def life() -> None:
        toml = f'[live]\nendpoint = "wss://no-such-host.invalid"\n{MEMORY}'
        async with Daemon(toml, environment(tmp_path)) as daemon:
            await daemon.known("microphone")
            await daemon.ask(do="talk", hold_s=0.5)
            await daemon.until(lambda: [t for t in daemon.of("line") if t.get("why") == "no key"])
            status, out, _ = await daemon.run("doctor", "--json", "--offline")
            assert status == 78
            assert "there is no API key" in str(checks(out)["key"]["found"])
            assert "setup asks for one" in str(checks(out)["key"]["remedy"])

    asyncio.run(life())


@pytest.mark.parametrize("what", ["a directory", "two lines", "not text"])
def test_a_key_that_cannot_be_read(what: str, tmp_path: Path) -> None:
    async def life() -> None:
        credentials = tmp_path / "credentials"
        credentials.mkdir()
        key = credentials / "gemini-api-key"
        if what == "a directory":
            key.mkdir()
        else:
            key.write_bytes(b"a\nb\n" if what == "two lines" else b"\xff\xfe\xfd")
        env = environment(tmp_path, CREDENTIALS_DIRECTORY=str(credentials))
        async with StandIn(QUIET) as standin, box(standin, environment=env) as daemon:
            await daemon.known("microphone")
            await daemon.ask(do="talk", hold_s=0.5)
            await daemon.until(lambda: [t for t in daemon.of("line") if t.get("why") == "no key"])
            told = next(t for t in daemon.of("line") if t.get("why") == "no key")
            assert str(told["reason"]).startswith("the credential gemini-api-key ")
            status, out, _ = await daemon.run("doctor", "--json", "--offline")
            assert checks(out)["daemon"]["state"] == "wrong"
            assert status in (69, 78)
            await daemon.stop()
            no_traceback(daemon.log)

    asyncio.run(life())


def test_a_second_daemon_names_the_first(tmp_path: Path) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin, box(standin) as daemon:
            status, _, err = await daemon.run("run")
            assert status == 69
            assert "another daemon is running and listens on" in err
            assert "stop it first" in err
            no_traceback(err)
            assert (await daemon.run("status"))[0] == 0, "the first goes on"

    asyncio.run(life())


def test_a_pin_that_is_taken_twice_and_pins_that_are_not_there(tmp_path: Path) -> None:
    async def life() -> None:
        config = tmp_path / "appliance.toml"
        socket_line = f'[control]\nsocket = "{tmp_path}/c.sock"\n'
        config.write_text(f"{MEMORY}[status_light]\npins = [16]\n{socket_line}", "utf-8")
        env = environment(tmp_path) | {"GPIOZERO_PIN_FACTORY": "lgpio"}
        status, _, err = await command("run", "--config", str(config), environment=env)
        assert status == 69
        assert "status light on GPIO16: " in err
        assert "gpio" in err
        no_traceback(err)
        del env["GPIOZERO_PIN_FACTORY"]
        status, out, _ = await command(
            "doctor", "--json", "--offline", "--config", str(config), environment=env
        )
        pins = checks(out)["pins"]
        assert (status, pins["state"]) == (78, "wrong")
        assert pins["found"] == "this machine has no GPIO chip"
        config.write_text(f"{MEMORY}[button]\npin = 16\n[status_light]\npins = [16]\n", "utf-8")
        status, _, err = await command("run", "--config", str(config), environment=env)
        assert (status, err.count("pin 16")) == (78, 1)

    asyncio.run(life())


BUSY = {
    "light 'lamp' on GPIO17: 'GPIO busy'": "[lights.lamp]\npin = 17\n",
    "button on GPIO17: 'GPIO busy'": "[button]\npin = 17\n",
    "status light on GPIO17: 'GPIO busy'": "[status_light]\npins = [17]\n",
}


@pytest.mark.parametrize("what", BUSY)
def test_a_pin_that_another_program_has_is_told_with_its_use_and_who_to_ask(
    what: str, tmp_path: Path
) -> None:
    """The daemon ends, to be started again: the other program may let go."""

    async def life() -> None:
        async with Pins() as pins:
            config = tmp_path / "appliance.toml"
            config.write_text(f'{MEMORY}{BUSY[what]}[control]\nsocket = "{tmp_path}/c.sock"\n', "utf-8")
            env = {**environment(tmp_path), **pins.environment, "ROOM_BUSY": "17"}
            status, _, err = await command("run", "--config", str(config), environment=env)
            assert status == 69, err
            assert what in err
            assert "`appliance doctor` names " in err
            no_traceback(err)

    asyncio.run(life())


@pytest.fixture
def shut(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    """A disk that is full or read-only."""
    if os.getuid() != 0:
        pytest.skip("only root can mount a file system")
    path = tmp_path / "disk"
    path.mkdir()
    if os.system(f"mount -t tmpfs -o {request.param} tmpfs {path} 2>/dev/null"):
        pytest.skip("this container may not mount")
    if request.param != "ro":
        (path / "filler").write_bytes(b"\0" * 60_000)
    yield path
    os.system(f"umount {path}")


@pytest.mark.parametrize("shut", ["size=64k", "ro"], indirect=True)
def test_a_disk_that_takes_nothing_costs_only_what_would_outlive_a_restart(
    shut: Path, tmp_path: Path
) -> None:
    async def life() -> None:
        env = environment(tmp_path)
        toml = f'[live]\nendpoint = "ws://127.0.0.1:1"\n{MEMORY}'
        async with Daemon(toml, env, state=str(shut / "state")) as daemon:
            await daemon.known("microphone")
            assert (await daemon.run("mute"))[0] == 0
            assert await daemon.known("microphone") == "muted"
            _, out, _ = await daemon.run("doctor", "--json", "--offline")
            disk = checks(out)["disk"]
            assert disk["state"] == "wrong"
            assert "do not outlive a restart" in str(disk["means"])
            assert disk["remedy"]
            assert await daemon.stop() == 0
            no_traceback(daemon.log)

    asyncio.run(life())


def test_fix_removes_what_a_dead_daemon_left(tmp_path: Path) -> None:
    async def life() -> None:
        config, path = tmp_path / "appliance.toml", tmp_path / "c.sock"
        config.write_text(f'{MEMORY}[control]\nsocket = "{path}"\n', "utf-8")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(path))
        env = environment(tmp_path, GEMINI_API_KEY=KEY)
        words = ("doctor", "--offline", "--config", str(config))
        status, out, _ = await command(*words, environment=env)
        assert f"odd   daemon         nobody listens on {path}" in out
        status, out, _ = await command(*words, "--fix", environment=env)
        assert status == 0
        assert f"nobody listens on {path}: {path} is removed" in out
        assert not path.exists()

    asyncio.run(life())
