"""One machine for each Debian, on which these tests follow one another: installed, used, uninstalled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..soundserver import missing_tools
from .box import Box
from .machine import SUITES, Machine, missing
from .street import KEY, SOUND, Street


@pytest.fixture(scope="session")
def street() -> Iterator[Street]:
    if absent := missing() or missing_tools():
        pytest.skip(absent)
    with Street() as street:
        yield street


@pytest.fixture(scope="session", params=SUITES)
def bare(request: pytest.FixtureRequest, street: Street) -> Iterator[Box]:
    """On a clean machine, where nothing is installed yet."""
    with Machine(request.param, {street.socket: SOUND}) as machine:
        yield Box(machine, street)


@pytest.fixture
def box(installed: Box) -> Iterator[Box]:
    """Each test finds the box as it was furnished, and well."""
    yield installed
    installed.as_it_was()


@pytest.fixture(scope="session")
def installed(bare: Box) -> Box:
    """The same, with everything it needs to be spoken to."""
    box = bare
    if not (box.machine.root / "opt/appliance").exists():
        box.machine.write("/root/key", KEY + "\n", 0o600)
        box.install("--unattended", "--key-file /root/key")
        box.machine.run("rm /root/key")
    box.furnish()
    return box
