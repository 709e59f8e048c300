"""What C libraries print: kept when it is known, passed on when it is not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from appliance.adapters.quiet import Quiet


def test_the_murmur_is_kept_and_the_rest_is_passed_on(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="appliance.adapters.quiet")
    quiet = Quiet()
    quiet.begin()
    os.write(2, b"ALSA lib pcm.c:8545:(snd_pcm_recover) underrun occurred\nsomething on fire\n\nhalf a li")
    os.write(2, b"ne\nExpression 'err' failed in 'pa_linux_alsa.c'\nthe last words")
    quiet.end()
    print("after", file=sys.stderr)
    assert capfd.readouterr().err == "something on fire\nhalf a line\nthe last wordsafter\n"
    assert "underrun occurred" in caplog.text
    assert "Expression" in caplog.text


def test_the_first_begins_and_the_last_ends(capfd: pytest.CaptureFixture[str]) -> None:
    one, other = Quiet(), Quiet()
    threads = threading.active_count()
    one.begin()
    other.begin()
    one.end()
    os.write(2, b"ALSA lib conf.c: Unknown PCM\n")
    other.end()
    os.write(2, b"ALSA lib by somebody else\n")
    assert capfd.readouterr().err == "ALSA lib by somebody else\n"
    assert threading.active_count() == threads


def test_a_very_long_line_is_passed_on_in_pieces(capfd: pytest.CaptureFixture[str]) -> None:
    quiet = Quiet()
    quiet.begin()
    os.write(2, b"x" * 40_000 + b"\n")
    quiet.end()
    assert capfd.readouterr().err == "x" * 40_000 + "\n"


def test_a_traceback_at_the_very_end_is_seen() -> None:
    program = "from appliance.adapters.quiet import Quiet\nQuiet().begin()\nraise ValueError('at the end')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr.endswith("ValueError: at the end\n")


def test_a_daemon_without_a_terminal() -> None:
    program = "import os\nos.close(2)\nfrom appliance.adapters.quiet import Quiet\n"
    program += "q = Quiet()\nq.begin()\nq.end()\nprint('fine')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, "fine\n")
