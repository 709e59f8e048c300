"""What the daemon knows of the brain on this machine, and what the brain is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance import fallback
from appliance.adapters.link import Link
from appliance.config import parse
from appliance.core.functions import function, made
from appliance.core.messages import ActivityStart, ClientMessage
from appliance.fallback import FOLDER, Lines, is_wanted, line, setup, socket_of
from appliance.skills import catalogue

HOME = {
    "lights": {"kitchen light": {"pin": 17}},
    "live": {
        "system_instruction": "The alarm code is 1234.",
        "voice": "Kore",
        "extra_setup": {"x": "secret"},
    },
}


@pytest.mark.parametrize(
    ("enabled", "installed", "wanted"),
    [(True, False, True), (False, True, False), ("auto", True, True), ("auto", False, False)],
)
def test_when_it_is_wanted(
    enabled: bool | str, installed: bool, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback, "RECOGNISER", "json" if installed else "nothing_of_this_name")
    config = parse({**HOME, "offline": {"enabled": enabled}})
    assert is_wanted(config) is wanted
    assert (setup(config, catalogue(config, {})) is not None) is wanted
    assert (line(config, [].append) is not None) is wanted


def test_where_it_listens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fallback, "FOLDER", tmp_path / "system")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert socket_of(parse({})) == tmp_path / "appliance" / "brain.sock"
    (tmp_path / "system").mkdir()
    assert socket_of(parse({})) == tmp_path / "system" / "brain.sock"
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(fallback, "FOLDER", FOLDER)
    assert socket_of(parse({})) == Path("/run/appliance-offline/brain.sock")
    assert socket_of(parse({"offline": {"socket": "/x.sock"}})) == Path("/x.sock")


def test_it_is_told_what_there_is_and_nothing_that_is_private() -> None:
    config = parse({**HOME, "offline": {"enabled": True}})

    @function()
    def wind_clock() -> None:
        """Wind the clock."""

    told = setup(config, catalogue(config, {}, [made(wind_clock)]))
    assert told is not None
    names = [function["name"] for function in told.functions]
    assert "set_lights" in names
    assert "wind_clock" not in names, "somebody else's"
    assert {function["behavior"] for function in told.functions} == {"BLOCKING"}
    for private in ("1234", "Kore", "secret"):
        assert private not in repr(told)


class Board:
    def __init__(self) -> None:
        self.done: list[object] = []

    def dial(self, link: int) -> None:
        self.done.append(link)

    def send(self, link: int, message: ClientMessage) -> None:
        self.done.append((link, message))

    def hang(self, link: int, *, at_once: bool = False) -> None:
        self.done.append((link, at_once))


def test_a_number_tells_which_line_it_is_of() -> None:
    far, near = Board(), Board()
    lines = Lines(far, near)  # type: ignore[arg-type]
    for link in (1, -1):
        lines.dial(link)
        lines.send(link, ActivityStart())
        lines.hang(link, at_once=True)
    assert far.done == [1, (1, ActivityStart()), (1, True)]
    assert near.done == [-1, (-1, ActivityStart()), (-1, True)]


def test_it_is_asked_without_any_header() -> None:
    made = line(parse({"offline": {"enabled": True}}), [].append)
    assert isinstance(made, Link)
    assert made._headers() == {}
