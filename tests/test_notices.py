"""The sentences about failures: made by the command, for every failure there is, and short enough."""

from __future__ import annotations

import shutil
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from appliance.adapters.jingles import LONGEST_S, Jingles
from appliance.core import faults
from appliance.core.faults import Fault, Remedy
from appliance.errors import HardwareError
from appliance.notices import PROGRAM, TEXTS, make

needs_espeak = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason=f"{PROGRAM} is not installed")


def test_every_failure_that_a_person_notices_has_its_sentence() -> None:
    known = {thing for thing in vars(faults).values() if isinstance(thing, Fault)}
    assert {fault.name for fault in known if fault.remedy is not Remedy.NOW} <= set(TEXTS)


@needs_espeak
def test_they_are_made_as_a_person_makes_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "appliance", "notices", "--into", str(tmp_path / "said")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, f"{len(TEXTS)} sentences in {tmp_path / 'said'}\n")
    jingles = Jingles(notices=tmp_path / "said")
    assert set(jingles.notices_s) == set(TEXTS)
    assert 0.5 < min(jingles.notices_s.values()) < max(jingles.notices_s.values()) < LONGEST_S / 2
    assert {path.suffix for path in (tmp_path / "said").iterdir()} == {".wav"}, "nothing is left over"
    with wave.open(str(tmp_path / "said" / "no-network.wav")) as file:
        assert max(map(abs, memoryview(file.readframes(file.getnframes())).cast("h"))) > 3_000


@needs_espeak
def test_a_voice_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(HardwareError, match="does not exist; its voices: espeak-ng --voices"):
        make(tmp_path, "xx-nobody")
    assert list(tmp_path.iterdir()) == []


def test_without_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HardwareError, match="apt-get install espeak-ng"):
        make(tmp_path, "en-us")
