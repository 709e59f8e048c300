"""The doctor, called: a process that answers, that does not, and that is called twice."""

from __future__ import annotations

import asyncio
import os
import sys

import pytest

from appliance.panel.checkup import BUSY, MOST_BYTES, Checkup

PRINT = (sys.executable, "-c")
CHECKS = [{"check": "clock", "state": "fine", "found": "it is set"}]


def examined(program: str, limit_s: float = 30.0) -> dict[str, object]:
    return asyncio.run(Checkup("", (*PRINT, program), limit_s).examine())


def test_what_it_finds_is_passed_on() -> None:
    program = f"import json; print(json.dumps({{'ok': True, 'checks': {CHECKS!r}}})); raise SystemExit(1)"
    assert examined(program) == {"ok": True, "checks": CHECKS}


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("print('not JSON')", "Expecting value"),
        ("print('[1]')", "indices"),
        ("print('{}')", "checks"),
        (f"print('x' * {2 * MOST_BYTES})", "Expecting value"),
    ],
)
def test_what_is_no_finding_is_told(program: str, why: str) -> None:
    found = examined(program)
    assert found["ok"] is False
    assert why in str(found["error"])
    assert found["remedy"] == "run `appliance doctor` by hand"


def test_one_that_does_not_come_back_is_ended() -> None:
    found = examined("import os, time; open('/dev/null'); time.sleep(600)", 0.3)
    assert found["error"] == "no findings: it took too long"


def test_a_program_that_is_not_there() -> None:
    found = asyncio.run(Checkup("", ("/nowhere/doctor",)).examine())
    assert found["ok"] is False


def test_there_is_one_at_a_time() -> None:
    async def life() -> None:
        checkup = Checkup("", (*PRINT, f"import json; print(json.dumps({{'checks': {CHECKS!r}}}))"))
        both = await asyncio.gather(checkup.examine(), checkup.examine())
        assert both == [{"ok": True, "checks": CHECKS}, BUSY]
        assert (await checkup.examine())["ok"] is True

    asyncio.run(life())


def test_it_is_told_of_the_file_and_of_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPLIANCE_PANEL_PASSWORD", "müde Katze 7")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    program = (
        "import json, os, sys; print(json.dumps({'checks': [sys.argv[1:], "
        "'APPLIANCE_PANEL_PASSWORD' in os.environ, 'NOTIFY_SOCKET' in os.environ]}))"
    )
    found = asyncio.run(Checkup("/etc/a.toml", (*PRINT, program)).examine())
    assert found["checks"] == [["--config", "/etc/a.toml"], False, False]
    assert "APPLIANCE_PANEL_PASSWORD" in os.environ
