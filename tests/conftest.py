"""What holds for every test: nothing is skipped where it counts, no clock decides, no pin is left behind."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

NO_SKIPS = os.environ.get("APPLIANCE_NO_SKIPS", "") not in ("", "0")

# A loaded machine is not a bug of the code: no deadlines. Where it counts, the same examples every time.
settings.register_profile("here", deadline=None, print_blob=True)
settings.register_profile("nowhere-else", settings.get_profile("here"), derandomize=True)
settings.load_profile("nowhere-else" if NO_SKIPS else "here")

# Before anybody imports gpiozero: no test may drive the pins of the machine that it runs on.
os.environ["GPIOZERO_PIN_FACTORY"] = "mock"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _insist(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _insist(report)
    return report


def _insist(report: pytest.TestReport | pytest.CollectReport) -> None:
    """With APPLIANCE_NO_SKIPS=1 whatever did not run has failed: pytest.skip, importorskip, skipif, xfail."""
    if not (NO_SKIPS and report.skipped):
        return
    reason = getattr(report, "wasxfail", None) or report.longrepr
    if isinstance(reason, tuple):
        reason = reason[2]
    report.outcome = "failed"
    report.longrepr = f"not run, and APPLIANCE_NO_SKIPS is set: {reason}"
    if hasattr(report, "wasxfail"):
        del report.wasxfail


@pytest.fixture(autouse=True)
def _asyncio_watches_itself(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio's debug mode in every quick test: it names what was never awaited and who blocked the loop."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")


@pytest.fixture(autouse=True)
def _fresh_pins() -> Iterator[None]:
    """gpiozero keeps one pin factory for the whole process: each test gets its own."""
    yield
    gpiozero = sys.modules.get("gpiozero")
    if gpiozero is not None and gpiozero.Device.pin_factory is not None:
        gpiozero.Device.pin_factory.close()
        gpiozero.Device.pin_factory = None
