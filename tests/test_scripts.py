"""The scripts that people and the service run: sound shell, and usable from anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BY_HAND = [ROOT / "scripts" / name for name in ("demo", "test", "check")]


def is_shell(path: Path) -> bool:
    return path.suffix == ".sh" or path.read_bytes().splitlines()[:1] == [b"#!/bin/sh"]


SHELL = [
    path
    for path in [*sorted((ROOT / "scripts").iterdir()), ROOT / ".ci" / "run"]
    if path.is_file() and is_shell(path)
]


def ran(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        cwd="/",
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_it_is_sound_shell(path: Path) -> None:
    assert ran("sh", "-n", path).stderr == ""
    if shutil.which("shellcheck"):
        done = ran("shellcheck", "--external-sources", "--source-path", ROOT, path)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SHELL, ids=lambda path: path.name)
def test_it_can_be_executed(path: Path) -> None:
    assert os.access(path, os.X_OK) == (path.suffix != ".sh")


@pytest.mark.parametrize("name", ["demo", "test", "fuzz"])
def test_it_explains_itself_anywhere_at_once(name: str, tmp_path: Path) -> None:
    """From another directory and through a link; nothing is installed for it."""
    link = tmp_path / name
    link.symlink_to(ROOT / "scripts" / name)
    for script in (link, ROOT / "scripts" / name):
        done = ran(script, "--help", PATH="/usr/bin:/bin")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"usage: scripts/{name} ")


def with_tools(tmp_path: Path, *names: str) -> str:
    """A search path with the tools every Debian has, and only these."""
    usual = ("sh", "readlink", "dirname", "basename", "id", "cat", "date", "mktemp", "tail", "rm", "env")
    for name in (*usual, *names):
        found = shutil.which(name)
        assert found, name
        (tmp_path / name).symlink_to(found)
    return str(tmp_path)


def test_where_nothing_can_be_installed_it_says_what_to_install(tmp_path: Path) -> None:
    done = ran("/bin/sh", ROOT / "scripts" / "demo", PATH=with_tools(tmp_path))
    assert done.returncode == 1
    assert "this is not Debian" in done.stderr
    assert "python3-pyaudio" in done.stderr


def test_without_root_and_sudo_it_names_the_packages(tmp_path: Path) -> None:
    path = with_tools(tmp_path)
    (tmp_path / "id").unlink()
    for name, text in {"id": "echo 1000", "apt-get": "exit 9", "dpkg-query": "exit 1"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    done = ran("/bin/sh", ROOT / "scripts" / "demo", PATH=path)
    assert done.returncode == 1
    assert "you are not root; ask root to: apt-get install python3-venv" in done.stderr
