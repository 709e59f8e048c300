"""What is said when the daemon has ended for good."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import pytest

from appliance.aftermath import AGAIN, ENDS, aftermath
from appliance.cli import run
from appliance.errors import EX_CONFIG

UNITS = Path(__file__).parent.parent / "systemd"


def unit(name: str) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False)
    found.optionxform = str  # type: ignore[assignment, method-assign]
    found.read(UNITS / name)
    return found


def test_each_end_that_is_for_good_has_its_words() -> None:
    statuses = unit("appliance.service")["Service"]["RestartPreventExitStatus"].split()
    assert set(statuses) == set(ENDS)
    assert statuses[0] == str(EX_CONFIG)


@pytest.mark.parametrize("status", ENDS)
def test_what_it_was_and_what_helps(status: str) -> None:
    said = aftermath({"MONITOR_EXIT_STATUS": status, "MONITOR_SERVICE_RESULT": "exit-code"})
    assert ENDS[status][0] in said
    assert said.endswith(AGAIN)


def test_an_end_that_nobody_foresaw_is_told_as_it_is() -> None:
    told = {"MONITOR_EXIT_STATUS": "SEGV", "MONITOR_SERVICE_RESULT": "core-dump"}
    assert "it ended (core-dump, SEGV exit status)" in aftermath(told)
    assert "it ended (nobody says how, no exit status)" in aftermath({})


def test_the_command_of_the_unit_says_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever state the settings are in."""
    monkeypatch.setenv("MONITOR_EXIT_STATUS", "78")
    words = unit("appliance-failure.service")["Service"]["ExecStart"].split()
    assert words[:2] == ["/opt/appliance/bin/appliance", "failed"]
    assert run([*words[1:-1], os.devnull]) == 0
    assert "the settings or the key cannot be used" in capsys.readouterr().err
