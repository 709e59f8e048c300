"""Every fault at every phase: what was asked is answered or its failure told, and so is the next question."""

from __future__ import annotations

import asyncio

import pytest

from .matrix import FAULTS, PHASES, row

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_every_phase(fault: str) -> None:
    cells = asyncio.run(row(fault))
    assert [cell.phase for cell in cells] == list(FAULTS[fault][1])


def test_every_phase_has_its_faults() -> None:
    assert {phase for _, phases in FAULTS.values() for phase in phases} == set(PHASES)
