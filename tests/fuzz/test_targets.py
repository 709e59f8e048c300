"""The targets of the fuzzer, a moment each; and everything that it ever found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .__main__ import NAMES
from .targets import TARGETS

CASES = Path(__file__).parent / "cases"
EXAMPLES = {"life": 30, "replay": 40}


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes(name: str) -> None:
    @settings(max_examples=EXAMPLES.get(name, 200), deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=300))
    @example(b"")
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()


@pytest.mark.parametrize(
    "case",
    [path for path in sorted(CASES.rglob("*")) if path.is_file()],
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_what_was_found_is_mended(case: Path) -> None:
    TARGETS[case.parent.name](case.read_bytes())


def test_every_case_belongs_to_a_target() -> None:
    assert {path.name for path in CASES.iterdir() if path.is_dir()} <= set(TARGETS)
    assert tuple(TARGETS) == NAMES
