"""State files as a power cut, a former version or a bad disk leave them: told once, and the box goes on."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.adapters.state import MOST_BYTES
from appliance.standin.server import Options, StandIn
from tests.whole.house import no_traceback

from .lives import INITIAL, Life, Place, names

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="Yes.")
SIDE_BY_SIDE = 3
MADE = {"usage", "memory", "timers"}  # at least these are there after the first life


async def use(life: Life) -> None:
    """What leaves something in every state file."""
    assert await life.ready(), life.log
    assert await life.lights() == INITIAL
    answer = await life.ask(do="ask", text="What is this?")
    assert answer is not None
    assert answer["ok"], answer
    assert (await life.ask(do="set_timer", seconds=3600, name="tea")) is not None
    assert (await life.ask(do="lights", name="hall lamp", change="on")) is not None
    assert (await life.ask(do="ask", text="And this?", speak=True)) is not None


def leaves(value: object, change: Callable[[object], object]) -> object:
    """The same value with every leaf changed."""
    if isinstance(value, dict):
        return {key: leaves(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [leaves(item, change) for item in value]
    return change(value)


def rewritten(change: Callable[[object], object]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_text(json.dumps(change(json.loads(path.read_text()))))

    return damage


def written(content: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(content) and None


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").touch()


def nowhere(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere/at/all")


def contents(place: Place) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in place.state.glob("*.json") if path.is_file()}


DAMAGES: dict[str, Callable[[Path], None]] = {
    "missing": Path.unlink,
    "empty": written(b""),
    "half": half,
    "zeros": written(bytes(512)),
    "no JSON": written(b"\xff\xfe\x00 {{"),
    "a list": written(b'[1, "two", null]'),
    "a number": written(b"1e999"),
    "large": written(b'"' + b"x" * MOST_BYTES + b'"'),
    "of a newer version": rewritten(lambda value: {**value, "version": 99, "more": {"of": [value]}}),  # type: ignore[dict-item]
    "of another shape": rewritten(lambda value: leaves(value, lambda leaf: {"later": [leaf]})),
    "with absurd numbers": rewritten(lambda value: leaves(value, lambda _: 1e308)),
    "with negative numbers": rewritten(lambda value: leaves(value, lambda _: -1)),
    "with odd words": rewritten(lambda value: leaves(value, lambda _: "\ud800\0" * 50)),
    "a directory": directory,
    "a link to nowhere": nowhere,
}
UNREADABLE = {"empty", "half", "zeros", "no JSON", "large", "a directory"}


async def damaged(kind: str, url: str) -> None:
    with Place(url) as place:
        async with place.life() as life:
            await use(life)
            assert await life.stop() == 0
            no_traceback(life.log)
        assert {f"{name}.json" for name in MADE} <= place.files()
        for name in names():
            path = place.state / f"{name}.json"
            if not path.exists():
                path.write_text('{"version": 1}')
            DAMAGES[kind](path)
        spoilt = contents(place)
        for again in (False, True):
            same = {name for name, content in contents(place).items() if spoilt.get(name) == content}
            async with place.life() as life:
                await use(life)
                assert await life.stop() == 0
                no_traceback(life.log)
                complaints = [line for line in life.log.splitlines() if "damaged" in line or "read:" in line]
                if not again and kind in UNREADABLE:
                    assert len(complaints) == len(names()), "each is told once"
                elif kind != "a directory":
                    assert len(complaints) <= len(same), "what was written since is whole again"
                kept = [line for line in life.log.splitlines() if "nothing can be kept" in line]
                assert len(kept) == (kind == "a directory"), kept
        assert not [name for name in place.files() if name.startswith(".")], "nothing piles up"


@pytest.fixture(scope="module")
def went() -> dict[str, BaseException | None]:
    """How it went with each damage, side by side."""

    async def all_of_them() -> dict[str, BaseException | None]:
        room = asyncio.Semaphore(SIDE_BY_SIDE)
        async with StandIn(QUIET) as standin:

            async def one(kind: str) -> None:
                async with room:
                    await damaged(kind, standin.url)

            found = await asyncio.gather(*map(one, DAMAGES), return_exceptions=True)
        return dict(zip(DAMAGES, found, strict=True))

    return asyncio.run(all_of_them())


@pytest.mark.parametrize("kind", DAMAGES)
def test_damaged_files(kind: str, went: dict[str, BaseException | None]) -> None:
    if (wrong := went[kind]) is not None:
        raise wrong


# -- disks --------------------------------------------------------------------------------------------


@pytest.fixture(params=["full", "read-only"])
def bad_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, on which nothing can be written."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system that is full or read-only")
    options = "ro" if request.param == "read-only" else "size=64k"
    command = ["mount", "-t", "tmpfs", "-o", options, "none", str(tmp_path)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        if request.param == "full":
            with pytest.raises(OSError, match="No space left"):
                (tmp_path / "full").write_bytes(bytes(1 << 20))
        yield tmp_path
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def bears(state: Path) -> None:
    """Two lives with this for a state directory: all works; that nothing can be kept is told once in each."""

    async def lives() -> None:
        async with StandIn(QUIET) as standin:
            with Place(standin.url, state) as place:
                for _ in range(2):
                    async with place.life() as life:
                        await use(life)
                        assert await life.stop() == 0
                        no_traceback(life.log)
                        assert life.log.count("nothing can be kept") == 1, life.log

    asyncio.run(lives())


def test_a_disk_that_takes_nothing(bad_disk: Path) -> None:
    bears(bad_disk)


def test_a_file_in_place_of_the_directory(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.write_text("not a directory")
    bears(place)
