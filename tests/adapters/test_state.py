"""The state directory on real files: whole or not at all, rarely, and never in anybody's way."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.adapters import state
from appliance.adapters.state import MOST_BYTES, State
from appliance.core.messages import Handle

PATIENCE_S = 20.0


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    return [(r.levelname, r.getMessage()) for r in caplog.records if r.name == state.__name__]


def levels(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [level for level, _ in lines(caplog)]


@pytest.fixture(autouse=True)
def _all_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger=state.__name__)


def alive(body: Callable[[], Coroutine[object, object, None]]) -> None:
    async def patiently() -> None:
        await asyncio.wait_for(body(), PATIENCE_S)

    asyncio.run(patiently())


def names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


class Disk(State):
    """A real one that tells what it was made to write, done or not. To be made with the loop running."""

    def __init__(self, directory: Path, every_s: float = 300.0) -> None:
        super().__init__(directory, every_s)
        self.written: list[str] = []
        self.tries: asyncio.Queue[str] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()

    def _write(self, name: str, text: str) -> None:
        try:
            super()._write(name, text)
            self.written.append(text)
        finally:
            self._loop.call_soon_threadsafe(self.tries.put_nowait, name)

    async def settled(self) -> None:
        """Until nothing is written and nobody rests any more."""
        while self._writers:
            await asyncio.wait(self._writers.values())


def keep(directory: Path, value: object, name: str = "usage") -> None:
    async def body() -> None:
        kept = State(directory)
        kept.save(name, value)
        await kept.close()

    alive(body)


# -- round trips ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [{"days": {"2026-11-22": {"total": 7}}}, [], {}, 0, 1.5, "", "größer \ud800", True, [None, {"a": [1]}]],
)
def test_what_is_saved_is_loaded(tmp_path: Path, value: object) -> None:
    keep(tmp_path, value)
    assert State(tmp_path).load("usage") == value
    assert names(tmp_path) == ["usage.json"]


def test_the_directory_is_made_and_nobody_else_reads_it(tmp_path: Path) -> None:
    directory = tmp_path / "a" / "b"
    former = os.umask(0)
    try:
        keep(directory, 1)
    finally:
        os.umask(former)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "usage.json").stat().st_mode) == 0o600


def test_what_a_killed_process_left_behind_is_written_over(tmp_path: Path) -> None:
    keep(tmp_path, 1)
    left = tmp_path / ".usage.new"
    left.write_text('{"days": {"2026-1' * 1000)
    left.chmod(0o644)
    assert State(tmp_path).load("usage") == 1
    keep(tmp_path, 2)
    assert State(tmp_path).load("usage") == 2
    assert names(tmp_path) == ["usage.json"]
    assert stat.S_IMODE((tmp_path / "usage.json").stat().st_mode) == 0o600


def test_a_link_that_lies_in_the_way_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("gold")
    (tmp_path / ".usage.new").symlink_to(precious)
    keep(tmp_path, 1)
    assert precious.read_text() == "gold"


def test_names_do_not_disturb_each_other(tmp_path: Path) -> None:
    async def body() -> None:
        kept = State(tmp_path)
        kept.save("usage", 1)
        kept.save("volume", 2)
        await kept.close()

    alive(body)
    assert (State(tmp_path).load("usage"), State(tmp_path).load("volume")) == (1, 2)


def test_a_handle_is_written_where_it_may_be_read_and_nowhere_else(tmp_path: Path) -> None:
    async def life() -> None:
        state = State(tmp_path)
        state.save("session", {"handle": Handle("the-secret"), "at": 1})
        await state.close()

    asyncio.run(life())
    assert State(tmp_path).load("session") == {"handle": "the-secret", "at": 1}
    assert stat.S_IMODE((tmp_path / "session.json").stat().st_mode) == 0o600


def test_what_is_no_json_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        State(tmp_path).save("usage", {1, 2})


# -- loading ----------------------------------------------------------------------------------------


def test_nothing_was_saved_yet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert State(tmp_path / "nowhere").load("usage") is None
    assert levels(caplog) == ["INFO"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"days": {"2026-11-22": {"tot',
        b"not JSON",
        b"\x00" * 512,  # what a power cut leaves of a file that was not written with care
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b"1" * 5000,  # more digits than Python converts
        b"{} {}",
        b'"' + b"x" * MOST_BYTES + b'"',
    ],
    ids=["empty", "half", "words", "zeros", "no UTF-8", "deep", "digits", "two", "large"],
)
def test_a_damaged_file_is_begun_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    (tmp_path / "usage.json").write_bytes(content)
    assert State(tmp_path).load("usage") is None
    assert levels(caplog) == ["WARNING"]
    keep(tmp_path, 1)
    assert State(tmp_path).load("usage") == 1


def test_a_file_of_a_later_version_is_given_as_it_is(tmp_path: Path) -> None:
    """What can be used of it is for those to say who know what it means."""
    (tmp_path / "usage.json").write_text('{"version": 99, "decades": {}, "limit": Infinity}\n')
    assert State(tmp_path).load("usage") == {"version": 99, "decades": {}, "limit": float("inf")}


def test_what_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "usage.json").mkdir()
    assert State(tmp_path).load("usage") is None
    assert lines(caplog) == [("WARNING", f"{tmp_path}/usage.json cannot be read: Is a directory")]


# -- rarely -----------------------------------------------------------------------------------------


def test_saves_within_the_rest_are_one_write_and_it_is_made_at_the_end(tmp_path: Path) -> None:
    async def body() -> None:
        disk = Disk(tmp_path)
        disk.save("usage", 0)
        await disk.tries.get()
        for value in range(1, 100):
            disk.save("usage", value)
        assert disk.written == ["0"]
        await disk.close()
        assert disk.written == ["0", "99"]
        disk.save("usage", 100)
        await disk.close()
        assert disk.written == ["0", "99"], "after the end nothing is saved"

    alive(body)


def test_after_the_rest_the_newest_is_written(tmp_path: Path) -> None:
    async def body() -> None:
        disk = Disk(tmp_path, every_s=0.05)
        disk.save("usage", 0)
        await disk.tries.get()
        disk.save("usage", 1)
        disk.save("usage", 2)
        await disk.settled()
        assert disk.written == ["0", "2"]
        disk.save("usage", 3)
        await disk.settled()
        assert disk.written == ["0", "2", "3"]
        await disk.close()

    alive(body)


def test_what_is_to_be_kept_soon_does_not_wait_for_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appliance.adapters.state.SOON_S", 0.05)

    async def body() -> None:
        disk = Disk(tmp_path)  # that rests for minutes
        for value in range(3):
            disk.save("timers", value, soon=True)
            await disk.tries.get()
        disk.save("timers", 2, soon=True)  # is there already
        disk.save("timers", 3, soon=True)
        disk.save("timers", 4)
        await disk.tries.get()
        assert disk.written == ["0", "1", "2", "4"]
        await disk.close()

    alive(body)


def test_what_has_not_changed_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "usage.json").write_text('{"a":1}\n')

    async def body() -> None:
        disk = Disk(tmp_path, every_s=0)
        value = disk.load("usage")
        disk.save("usage", value)
        disk.save("usage", {"a": 1})
        await disk.settled()
        assert disk.written == []
        disk.save("usage", {"a": 2})
        await disk.settled()
        disk.save("usage", {"a": 2})
        await disk.close()
        assert disk.written == ['{"a": 2}']

    alive(body)


def test_a_value_is_taken_as_it_is_when_it_is_saved(tmp_path: Path) -> None:
    async def body() -> None:
        kept, value = State(tmp_path), [1]
        kept.save("usage", value)
        value.append(2)
        await kept.close()

    alive(body)
    assert State(tmp_path).load("usage") == [1]


def test_a_disk_that_hangs_holds_nobody_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A pipe in place of the temporary file: opening it waits until somebody reads."""
    pipe = tmp_path / ".usage.new"
    os.mkfifo(pipe)

    async def body() -> None:
        kept = State(tmp_path, every_s=0)
        kept.save("usage", 1)
        for value in range(2, 100):
            await asyncio.sleep(0)
            kept.save("usage", value)
        reader = await asyncio.to_thread(os.open, pipe, os.O_RDONLY)
        await kept.close()
        os.close(reader)

    alive(body)
    assert levels(caplog) == ["WARNING"]  # a pipe cannot be synced
    assert State(tmp_path).load("usage") == 99


# -- disks that will not ----------------------------------------------------------------------------


def mounted(directory: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(directory)]
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A directory in which nothing can be written, not even by root."""
    directory = tmp_path / "read-only"
    directory.mkdir()
    if os.geteuid() != 0:
        directory.chmod(0o500)
        yield directory
        directory.chmod(0o700)
    elif mounted(directory, "ro"):
        yield directory
        subprocess.run(["umount", str(directory)], check=True)
    else:
        pytest.skip("root writes everywhere, and may not mount a read-only file system here")


@contextmanager
def _short_files(most: int) -> Iterator[None]:
    """Writing beyond so many bytes fails in the middle: as on a full disk, and without being root."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


def test_a_read_only_disk_is_one_warning(read_only: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        disk = State(read_only)
        assert disk.load("usage") is None
        disk.save("usage", 1)
        disk.save("volume", 1)
        await disk.close()

    alive(body)
    assert levels(caplog) == ["INFO", "WARNING", "DEBUG"]


def test_one_that_cannot_be_written_is_told_once_though_others_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "usage.json").mkdir()

    async def body() -> None:
        disk = Disk(tmp_path, every_s=0)
        for value in range(3):
            disk.save("usage", value)
            await disk.tries.get()
            disk.save("volume", value)
            await disk.tries.get()
        await disk.close()

    alive(body)
    assert levels(caplog).count("WARNING") == 1
    assert State(tmp_path).load("volume") == 2


@pytest.mark.parametrize("directory", ["/proc/appliance", "/dev/null/appliance", "/dev/null"])
def test_a_place_where_no_directory_can_be(directory: str, caplog: pytest.LogCaptureFixture) -> None:
    keep(Path(directory), 1)
    assert levels(caplog) == ["WARNING"]


def test_what_could_not_be_written_is_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    directory = tmp_path / "state"
    directory.write_text("a file where the directory should be")

    async def body() -> None:
        disk = Disk(directory, every_s=0)
        disk.save("usage", 1)
        for _ in range(4):
            await disk.tries.get()
        disk.save("usage", 1)  # unchanged, and still not on the disk
        directory.unlink()
        await disk.settled()
        assert disk.written == ["1"]
        (directory / "other.json").mkdir()
        disk.save("other", 1)
        await disk.close()

    alive(body)
    assert State(directory).load("usage") == 1
    first, *repeats, last = levels(caplog)
    assert (first, set(repeats), last) == ("WARNING", {"DEBUG"}, "WARNING")


def test_a_full_disk_keeps_the_former_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep(tmp_path, "former")
    with _short_files(4096):
        keep(tmp_path, "x" * 100_000)
    assert levels(caplog) == ["WARNING"]
    assert "File too large" in lines(caplog)[0][1]
    assert State(tmp_path).load("usage") == "former"
    assert names(tmp_path) == ["usage.json"], "what was begun makes room again"


def test_a_really_full_disk_keeps_the_former_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    if not mounted(tmp_path, "size=64k"):
        pytest.skip("only root can mount a file system that is soon full")
    try:
        keep(tmp_path, "former")
        keep(tmp_path, "x" * 100_000)
        assert [level for level, text in lines(caplog) if "No space left" in text] == ["WARNING"]
        assert State(tmp_path).load("usage") == "former"
        keep(tmp_path, "x" * 10_000)
        assert State(tmp_path).load("usage") == "x" * 10_000
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


# -- the power goes ---------------------------------------------------------------------------------

WRITER = """
import asyncio, sys
from pathlib import Path
from appliance.adapters.state import State

async def main():
    state, number = State(Path(sys.argv[1]), every_s=0), 0
    while True:
        number += 1
        state.save("usage", {"number": number, "rest": "x" * 50_000})
        await asyncio.gather(*state._writers.values())
        print(number, flush=True)

asyncio.run(main())
"""


@pytest.mark.slow  # processes
def test_a_process_killed_while_it_saves_leaves_a_whole_value(tmp_path: Path) -> None:
    """Each is killed a little later in its life, wherever it happens to be; it is told from its own words."""
    killed = []
    for number in range(8):
        directory = tmp_path / str(number)
        command = [sys.executable, "-c", WRITER, str(directory)]
        killed.append((directory, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
    for number, (directory, process) in enumerate(killed):
        assert process.stdout is not None
        with process.stdout as said:
            for _ in range(1 + 3 * number):
                last = int(said.readline())
            process.kill()
            last = max([last, *(int(line) for line in said.read().split("\n")[:-1])])
        process.wait(PATIENCE_S)
        value = State(directory).load("usage")
        assert isinstance(value, dict)
        assert value["rest"] == "x" * 50_000
        assert value["number"] in (last, last + 1), "what it said to be saved is saved"
        keep(directory, "next")
        assert json.loads((directory / "usage.json").read_text()) == "next"


# -- where ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "own", "expected"),
    [
        ("/var/lib/appliance", "/x", "/var/lib/appliance"),
        ("/var/lib/appliance:/var/lib/other", None, "/var/lib/appliance"),
        (None, "/x/state", "/x/state/appliance"),
        (None, "relative", "/home/me/.local/state/appliance"),
        (None, "", "/home/me/.local/state/appliance"),
        ("", None, "/home/me/.local/state/appliance"),
    ],
)
def test_where_state_is_kept(
    monkeypatch: pytest.MonkeyPatch, given: str | None, own: str | None, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for name, value in (("STATE_DIRECTORY", given), ("XDG_STATE_HOME", own)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert state.directory() == Path(expected)


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert state.directory() == Path("/var/lib/appliance")


# -- what must not be there any more ------------------------------------------------------------------


def test_what_is_removed_is_gone_at_once_though_somebody_rests(tmp_path: Path) -> None:
    async def body() -> None:
        disk = Disk(tmp_path, every_s=3600.0)
        disk.save("memory", {"said": "a secret"})
        await disk.tries.get()
        assert names(tmp_path) == ["memory.json"]
        disk.save("memory", {"said": "another"})
        disk.remove("memory")
        await disk.tries.get()
        assert names(tmp_path) == []
        assert disk.written[-1] == ""
        await disk.close()
        assert names(tmp_path) == []

    alive(body)


def test_what_is_saved_after_it_was_removed_is_kept(tmp_path: Path) -> None:
    async def body() -> None:
        disk = Disk(tmp_path)
        disk.save("memory", 1)
        disk.remove("memory")
        disk.remove("memory")
        disk.save("memory", 2)
        await disk.close()
        disk.remove("memory")

    alive(body)
    assert State(tmp_path).load("memory") == 2


def test_a_file_of_another_life_can_be_removed_or_be_missing(tmp_path: Path) -> None:
    keep(tmp_path, {"said": "once"}, "memory")

    async def body() -> None:
        disk = State(tmp_path)
        disk.remove("memory")
        disk.remove("never")
        await disk.close()

    alive(body)
    assert names(tmp_path) == []


def test_how_old_a_value_is(tmp_path: Path) -> None:
    assert State(tmp_path).age_s("memory") is None
    keep(tmp_path, 1, "memory")
    os.utime(tmp_path / "memory.json", (0, 0))
    age_s = State(tmp_path).age_s("memory")
    assert age_s is not None
    assert age_s > 50 * 365 * 86_400
