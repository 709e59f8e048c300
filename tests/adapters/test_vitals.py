"""Temperature and power as the kernel shows them, on several kinds of boards, some of which show nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from appliance.adapters.vitals import Pulse


def board(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    return root


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    vitals = Pulse(tmp_path)()
    assert (vitals.celsius, vitals.throttled) == (None, None)


@pytest.mark.parametrize("soc", ["soc/soc:firmware", "soc@107c000000/soc@107c000000:firmware"])
def test_a_pi(tmp_path: Path, soc: str) -> None:
    files = {
        "class/thermal/thermal_zone0/type": "cpu-thermal\n",
        "class/thermal/thermal_zone0/temp": "51540\n",
        f"devices/platform/{soc}/get_throttled": "50005\n",
    }
    vitals = Pulse(board(tmp_path, files))()
    assert (vitals.celsius, vitals.throttled) == (51.54, 0x50005)


def test_of_several_zones_the_processors_is_meant(tmp_path: Path) -> None:
    files = {
        "class/thermal/thermal_zone0/type": "acpitz",
        "class/thermal/thermal_zone0/temp": "20000",
        "class/thermal/thermal_zone1/type": "x86_pkg_temp",
        "class/thermal/thermal_zone1/temp": "-3000",
    }
    assert Pulse(board(tmp_path, files))().celsius == -3.0
    (tmp_path / "class/thermal/thermal_zone1/type").write_text("something", encoding="ascii")
    assert Pulse(tmp_path)().celsius == 20.0


@pytest.mark.parametrize(
    ("alarm", "bits", "told"), [("1", None, 1), ("0", None, 0), ("1\n", "20000", 0x20001)]
)
def test_the_alarm_of_the_driver_for_the_voltage(
    tmp_path: Path, alarm: str, bits: str | None, told: int
) -> None:
    files = {"class/hwmon/hwmon1/in0_lcrit_alarm": alarm}
    if bits is not None:
        files["devices/platform/soc/soc:firmware/get_throttled"] = bits
    assert Pulse(board(tmp_path, files))().throttled == told


@pytest.mark.parametrize("text", ["", "VCHI initialization failed", "\xff"])
def test_what_cannot_be_understood_is_not_told(tmp_path: Path, text: str) -> None:
    files = {"class/thermal/thermal_zone0/temp": "", "devices/platform/soc/soc:firmware/get_throttled": ""}
    board(tmp_path, files)
    for name in files:
        (tmp_path / name).write_text(text, encoding="latin-1")
    vitals = Pulse(tmp_path)()
    assert (vitals.celsius, vitals.throttled) == (None, None)
    (tmp_path / "class/thermal/thermal_zone0/temp").unlink()
    assert Pulse(tmp_path)().celsius is None


def test_it_knows_how_long_it_has_run_and_looks_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pulse = Pulse(board(tmp_path, {"class/thermal/thermal_zone0/temp": "40000"}))
    now = 107.5
    assert (pulse().uptime_s, pulse().celsius) == (7.5, 40.0)
    board(tmp_path, {"class/thermal/thermal_zone0/temp": "41000"})
    assert pulse().celsius == 41.0
