"""`appliance setup` as a person at a terminal does it: a pseudo-terminal, pins, a sound server, a service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import sys
import tomllib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from appliance.standin.server import Options, StandIn
from tests.soundserver import SoundServer, missing_tools

from .house import Daemon, command
from .pins import Pins

pytestmark = pytest.mark.slow
KEY = "a-key-of-no-consequence"
LIMIT_S = 60.0


class Terminal:
    """A person: reads what is shown, types what they want."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self.process = process
        self.shown = ""
        self._read_to = 0
        self._master = master
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            piece = b""
        if not piece:
            asyncio.get_running_loop().remove_reader(self._master)
        self.shown += piece.decode(errors="replace")
        self._changed.set()

    async def until(self, text: str) -> None:
        """Read on until this is shown, after what was read before."""
        try:
            async with asyncio.timeout(LIMIT_S):
                while (at := self.shown.find(text, self._read_to)) < 0:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"{text!r} is not shown:\n{self.shown}") from None
        self._read_to = at + len(text)

    async def says(self, question: str, answer: str) -> None:
        await self.until(question)
        os.write(self._master, f"{answer}\n".encode())

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), LIMIT_S)


@contextlib.asynccontextmanager
async def terminal(*words: str, environment: Mapping[str, str]) -> AsyncIterator[Terminal]:
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "appliance", "setup", *words),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=dict(environment),
        start_new_session=True,
    )
    os.close(slave)
    person = Terminal(process, master)
    try:
        yield person
    finally:
        asyncio.get_running_loop().remove_reader(master)
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(master)


def without_keys() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if "API_KEY" not in name}


def test_a_guided_setup_with_a_button_a_lamp_and_a_key_that_is_checked(tmp_path: Path) -> None:
    async def life() -> None:
        file, key = tmp_path / "appliance.toml", tmp_path / "gemini-api-key"
        async with StandIn(Options(brain=False, voice="tone", key=KEY)) as standin, Pins() as pins:
            mine = (
                f'# mine\n[live]\nendpoint = "{standin.url}"\n[audio]\nbackend = "memory"  # no sound\n'
                f'[lights."desk lamp"]\npin = 18\nkind = "dimmer"\n[control]\nsocket = "{tmp_path}/c.sock"\n'
            )
            file.write_text(mine, "utf-8")
            environment = without_keys() | dict(pins.environment)
            async with terminal("--config", str(file), environment=environment) as person:
                await person.says("The API key", "not-the-key")
                await person.until("It was tried: key refused")
                await person.says("Store it all the same?", "n")
                await person.says("The API key", KEY)
                await person.until("It works: gemini-3.8-live is ready")
                await person.says("number of the button", "99")
                await person.says("Please give a number from 0 to 27", "23")
                await person.until("Press it (GPIO23")
                await pins.ready(23)
                await asyncio.sleep(0.3)  # the finger takes its time
                pins.drive(23, 0)
                await person.until("Pressed.")
                await person.says("Did 'desk lamp' blink three times?", "y")
                assert pins.shown[18].count(1.0) == 3
                await person.says("Another light", "kitchen light")
                await person.says("What it is", "1")
                await person.says("number of it", "17")
                await person.says("Did 'kitchen light' blink three times?", "y")
                assert pins.shown[17].count(1.0) == 3
                await person.says("Another light", "")
                await person.until(f"{file} is written.")
                assert await person.ended() == 0
                assert KEY not in person.shown
                assert "not-the-key" not in person.shown, "nothing that is typed there is shown"
        assert key.read_text("ascii") == f"{KEY}\n"
        assert key.stat().st_mode & 0o777 == 0o600
        text = file.read_text("utf-8")
        assert text.startswith(mine), "what a person wrote is as they wrote it"
        added = tomllib.loads(text)
        assert added["button"] == {"pin": 23}
        assert added["lights"]["kitchen light"] == {"kind": "switch", "pin": 17}

    asyncio.run(life())


def test_a_button_that_is_not_there_and_a_lamp_that_does_not_blink_change_nothing(tmp_path: Path) -> None:
    async def life() -> None:
        file = tmp_path / "appliance.toml"
        mine = (
            f'[audio]\nbackend = "memory"\n[lights.lamp]\npin = 18\n[control]\nsocket = "{tmp_path}/c.sock"\n'
        )
        file.write_text(mine, "utf-8")
        environment = without_keys() | {"GPIOZERO_PIN_FACTORY": "mock"}
        async with terminal("--config", str(file), "--offline", environment=environment) as person:
            await person.says("The API key", "")
            await person.says("number of the button", "-")
            await person.says("Did 'lamp' blink three times?", "n")
            await person.says("Try again?", "n")
            await person.says("Another light", "")
            await person.until(f"{file} is as it was.")
            assert await person.ended() == 0
        assert file.read_text("utf-8") == mine
        assert not (tmp_path / "gemini-api-key").exists()

    asyncio.run(life())


def test_sound_is_tried_on_a_real_sound_server(tmp_path: Path) -> None:
    if missing := missing_tools():
        pytest.skip(missing)

    async def life(server: SoundServer) -> None:
        file = tmp_path / "appliance.toml"
        file.write_text(f'[control]\nsocket = "{tmp_path}/c.sock"\n', "utf-8")
        environment = {**server.environment, "GPIOZERO_PIN_FACTORY": "mock"}
        async with terminal("--config", str(file), "--offline", environment=environment) as person:
            await person.says("The API key", "")
            await person.until("  1  ")
            await person.says("The microphone [", "")
            await person.until("Speak for four seconds.")
            await person.until("The loudest was [")
            assert len(re.findall(r"\[[#.]{20}\]", person.shown)) > 10, "a meter that moves"
            await person.says("Is this the microphone?", "y")
            await person.says("The speaker [", "")
            await person.says("Did you hear four short sounds?", "y")
            await person.says("number of the button", "-")
            await person.says("Another light", "")
            await person.says("Measure its echo?", "n")
            assert await person.ended() == 0
        assert tomllib.loads(file.read_text("utf-8")).keys() == {"control"}, "the default stays the default"

    with SoundServer() as server:
        asyncio.run(life(server))


def test_unattended_takes_options_keeps_the_file_and_checks_first(tmp_path: Path) -> None:
    async def life() -> None:
        file, key = tmp_path / "etc" / "appliance.toml", tmp_path / "key"
        key.write_text(f"{KEY}\n", "ascii")
        words = ("setup", "--config", str(file), "--unattended")
        env = without_keys()
        status, out, err = await command(
            *words,
            "--offline",
            "--button",
            "4",
            "--light",
            "desk lamp=dimmer:18",
            "--speaker",
            "USB",
            "--key-file",
            str(key),
            environment=env,
        )
        assert (status, err) == (0, "")
        assert f"{file} is written." in out
        made = tomllib.loads(file.read_text("utf-8"))
        assert made["button"]["pin"] == 4
        assert made["lights"]["desk lamp"] == {"kind": "dimmer", "pin": 18}
        assert (file.parent / "gemini-api-key").read_text("ascii") == f"{KEY}\n"
        before = file.read_bytes()
        status, _, err = await command(*words, "--button", "18", environment=env)
        assert status == 78
        assert "a pin not used by" in err
        status, _, err = await command(*words, "--key-file", str(tmp_path / "none"), environment=env)
        assert (status, err) == (
            78,
            f"appliance: the key file {tmp_path}/none cannot be read: No such file or directory\n",
        )
        key.write_text("two words\n", "ascii")
        status, _, err = await command(*words, "--key-file", str(key), environment=env)
        assert status == 78
        assert "two words" not in err
        status, out, _ = await command(*words, environment=env)
        assert (status, file.read_bytes()) == (0, before)
        assert f"{file} is as it was." in out
        for light in ("x", "x=", "x=28", "x=lamp:3", "x=rgb:1,2,z"):
            assert (await command(*words, "--light", light, environment=env))[0] == 2
        file.write_text("[buton]\n", "utf-8")
        assert (await command(*words, environment=env))[0] == 78

    asyncio.run(life())


def test_a_key_that_the_service_refuses_is_not_stored(tmp_path: Path) -> None:
    async def life() -> None:
        file, key = tmp_path / "appliance.toml", tmp_path / "key"
        key.write_text("another-key\n", "ascii")
        async with StandIn(Options(brain=False, voice="tone", key=KEY)) as standin:
            file.write_text(f'[live]\nendpoint = "{standin.url}"\n', "utf-8")
            words = ("setup", "--config", str(file), "--unattended", "--key-file", str(key))
            status, _, err = await command(*words, environment=without_keys())
            assert status == 78
            assert err.startswith("appliance: the key was not stored: key refused")
            assert not (tmp_path / "gemini-api-key").exists()
            key.write_text(KEY, "ascii")
            assert (await command(*words, environment=without_keys()))[0] == 0

    asyncio.run(life())


def test_beside_a_daemon_and_without_a_person_it_says_what_to_do(tmp_path: Path) -> None:
    async def life() -> None:
        async with Daemon('[live]\nendpoint = "ws://127.0.0.1:1"\n[audio]\nbackend = "memory"\n') as daemon:
            status, _, err = await daemon.run("setup", "--unattended")
            assert (status, "sudo systemctl stop appliance" in err) == (1, True)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "appliance", "setup", "--config", str(tmp_path / "a.toml"), "--offline"),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            env=without_keys(),
        )
        _, err_ = await asyncio.wait_for(process.communicate(), LIMIT_S)
        assert b"nobody answers: say what you want by options" in err_
        assert process.returncode == 2

    asyncio.run(life())
