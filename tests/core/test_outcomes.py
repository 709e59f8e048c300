"""What a call comes to: values, and all of them in the union."""

from __future__ import annotations

import pytest

from appliance.core import outcomes as module
from tests.core.vocabulary import check_union, check_value, values_of


@pytest.mark.parametrize("kind", values_of(module))
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    check_value(kind)


def test_every_value_is_an_outcome() -> None:
    check_union(module.Outcome, module)
