"""Configuration, key, unit, daemon and the way to the service, as they are found on a machine of our own."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.config import parse
from appliance.doctor import service
from appliance.doctor.finding import Finding, State
from appliance.doctor.place import Place
from appliance.standin.server import Options, StandIn

KEY = "a-key-of-no-consequence"
QUIET = {"brain": False, "voice": "tone"}


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "etc" / "appliance").mkdir(parents=True)
    return Place(tmp_path)


def key_file(place: Place, text: str | bytes, mode: int = 0o600) -> Path:
    file = place.at(service.KEY_FILE)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    return file


# -- configuration and key ------------------------------------------------------------------------------


def test_a_configuration_that_is_not_there_is_odd(tmp_path: Path) -> None:
    found, config = service.configuration(None, tmp_path / "appliance.toml")
    assert (found.state, found.remedy) == (State.ODD, "sudo appliance setup")
    assert config == parse({})


def test_a_configuration_with_mistakes_shows_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "appliance.toml"
    file.write_text("[turns]\nhold_ms = 1\n[buton]\n", "utf-8")
    found, config = service.configuration(file, file)
    assert (found.state, found.exit_status, config) == (State.WRONG, 78, parse({}))
    assert len(found.found.splitlines()) == 2
    file.write_text("[turns]\nhold_ms = 500\n", "utf-8")
    found, config = service.configuration(None, file)
    assert (found.state, config.turns.hold_ms) == (State.FINE, 500)


def test_a_configuration_that_warns_is_odd(tmp_path: Path) -> None:
    file = tmp_path / "appliance.toml"
    file.write_text('[live]\nmodel = "somebody-elses"\n', "utf-8")
    found, config = service.configuration(file, file)
    assert (found.state, found.means) == (State.ODD, "it starts all the same")
    assert config.warnings


@pytest.mark.parametrize(
    ("text", "mode", "state", "found"),
    [
        (f"{KEY}\n", 0o600, State.FINE, "holds one"),
        (f"{KEY}\n", 0o644, State.WRONG, "may be read by others (-rw-r--r--)"),
        ("", 0o600, State.WRONG, "holds no key"),
        ("two words\n", 0o600, State.WRONG, "holds no key"),
        ("two\nlines\n", 0o600, State.WRONG, "holds no key"),
        (b"\xff\xfe", 0o600, State.WRONG, "holds no key"),
    ],
)
def test_the_installed_key_file(text: str | bytes, mode: int, state: State, found: str, place: Place) -> None:
    file = key_file(place, text, mode)
    seen = service.key(parse({}), place)
    assert (seen.state, seen.found) == (state, f"{file} {found}")
    assert KEY not in json.dumps(seen.as_json())


def test_a_key_that_others_may_read_is_mended(place: Place) -> None:
    file = key_file(place, KEY, 0o644)
    mend = service.key(parse({}), place).mend
    assert mend is not None
    assert mend() == f"{file} is now readable by its owner alone"
    assert service.key(parse({}), place).state is State.FINE


def test_no_key_and_one_from_the_environment(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    found = service.key(parse({}), place)
    assert (found.state, found.exit_status) == (State.WRONG, 78)
    assert found.found.startswith("there is no API key")
    near = parse({"live": {"endpoint": "ws://127.0.0.1:1"}})
    assert service.key(near, place).state is State.SKIPPED
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    assert service.key(parse({}), place).found == "there is one, from GOOGLE_API_KEY"
    monkeypatch.setenv("GEMINI_API_KEY", "two words")
    assert "spaces" in service.key(parse({}), place).found


def test_a_directory_in_place_of_the_key_is_no_key(place: Place) -> None:
    place.at(service.KEY_FILE).mkdir()
    assert service.key(parse({}), place).found.endswith("holds no key")


def test_whoever_mints_tokens_is_named(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    live = {
        "model": "gemini-3.1-flash-live",
        "auth": "token",
        "api_version": "v1alpha",
        "token_url": "https://home.example/mint",
    }
    config = parse({"live": live})
    assert service.key(config, place).found == "tokens are minted by https://home.example/mint"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "token-server-secret").write_text("", "ascii")
    assert service.key(config, place).state is State.WRONG


# -- the way to the service -------------------------------------------------------------------------------


def reached(options: Options, **live: object) -> Finding:
    async def life() -> Finding:
        async with StandIn(options) as standin:
            return await service.reached(parse({"live": {"endpoint": standin.url, **live}}))

    return asyncio.run(life())


def test_a_service_that_takes_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    found = reached(Options(key=KEY, **QUIET))  # type: ignore[arg-type]
    assert found.state is State.FINE
    assert found.found.startswith("gemini-3.8-live is ready; TLS 0.")


def test_a_slow_service_is_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SLOW_S", 0.0)
    assert reached(Options(**QUIET)).state is State.ODD  # type: ignore[arg-type]


def test_a_service_that_refuses_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "another-key")
    found = reached(Options(key=KEY, **QUIET))  # type: ignore[arg-type]
    assert (found.state, found.exit_status) == (State.WRONG, 78)
    assert found.found.startswith("key refused: API key not valid")
    assert "check the API key" in found.remedy
    assert "another-key" not in json.dumps(found.as_json())


def test_a_service_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    config = parse({"live": {"endpoint": f"ws://127.0.0.1:{port}"}})
    looked = service.lookup(config)
    assert (looked.state, looked.exit_status) == (State.WRONG, 69)
    assert looked.found == f"127.0.0.1 does not answer on port {port}: Connection refused"
    found = asyncio.run(service.reached(config))
    assert (found.state, found.exit_status) == (State.WRONG, 69)
    assert found.found.startswith("no network: ")


def test_a_service_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SETUP_S", 0.3)

    async def life() -> Finding:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            return await service.reached(parse({"live": {"endpoint": f"ws://127.0.0.1:{port}"}}))

    assert asyncio.run(life()).found == "no answer in 0.3 s"


def test_a_name_that_nobody_knows() -> None:
    found = service.lookup(parse({"live": {"endpoint": "wss://no-such-host.invalid"}}))
    assert found.found.startswith("no-such-host.invalid cannot be looked up")


def test_a_host_that_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = service.lookup(parse({"live": {"endpoint": f"ws://127.0.0.1:{port}"}}))
    assert found.state is State.FINE
    assert found.found.startswith("127.0.0.1 is 127.0.0.1; name 0.0")


# -- unit and daemon --------------------------------------------------------------------------------------


@pytest.fixture
def systemctl(tmp_path: Path, place: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    (tmp_path / "bin").mkdir()
    place.at("/run/systemd/system").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/bin:/usr/bin")

    def tells(text: str) -> None:
        path = tmp_path / "bin" / "systemctl"
        path.write_text(f"#!/bin/sh\ncat <<'E'\n{text}\nE\n", "utf-8")
        path.chmod(0o755)

    return tells


@pytest.mark.parametrize(
    ("told", "state", "status", "found"),
    [
        ("LoadState=not-found", State.ODD, 1, "appliance.service is not installed"),
        (
            "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\nStatusText=idle: link 1",
            State.FINE,
            1,
            "active (running): idle: link 1",
        ),
        (
            "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=3\nStatusText=x",
            State.ODD,
            1,
            "active (running): x; restarted 3 times",
        ),
        (
            "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nExecMainStatus=78",
            State.WRONG,
            78,
            "failed (failed), exit status 78: the configuration or the key cannot be used",
        ),
        (
            "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=watchdog\nExecMainStatus=6",
            State.WRONG,
            69,
            "failed (failed), exit status 6: watchdog",
        ),
    ],
)
def test_the_unit(
    told: str, state: State, status: int, found: str, place: Place, systemctl: Callable[[str], None]
) -> None:
    systemctl(told)
    seen = service.unit(place)
    assert (seen.state, seen.exit_status, seen.found) == (state, status, found)


def test_no_systemd(tmp_path: Path) -> None:
    assert service.unit(Place(tmp_path)).state is State.SKIPPED


def test_a_socket_of_a_dead_daemon_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    config = parse({"control": {"socket": str(path)}})
    assert service.daemon(config)[0].state is State.SKIPPED
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    found, running = service.daemon(config)
    assert (found.state, running) == (State.ODD, False)
    assert found.mend is not None
    assert found.mend() == f"{path} is removed"
    assert not path.exists()
