"""What the box expects of itself is taken away; a person is not, and does not spoil what was learned."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.adapters.subtract import Subtractor
from appliance.core.surplus import BANDS, Bands
from tests.adapters.contract_sound import Samples, samples, speechlike

HZ = 16_000


def run(subtractor: Subtractor, far: Samples, mic: Samples) -> list[Bands]:
    played, heard = far.astype("<i2").tobytes(), mic.astype("<i2").tobytes()
    return [subtractor(heard[at : at + 640], played[at : at + 640]) for at in range(0, len(heard) - 639, 640)]


def echoed(far: Samples, delay_ms: int) -> Samples:
    late = np.concatenate((np.zeros(HZ * delay_ms // 1000), far))[: len(far)]
    tail = np.random.default_rng(3).standard_normal(2000) * np.exp(-np.arange(2000) / 400)
    room = np.convolve(late, 0.1 * tail)[: len(far)] + late
    return 0.7 * room + np.random.default_rng(4).standard_normal(len(far)) * 20


def whole(levels: tuple[float, ...]) -> float:
    return float(np.sum(10 ** (np.array(levels) / 10)))


def lowered(found: list[Bands]) -> float:
    """By how many dB what is left is below what is expected."""
    left, expected = (sum(whole(x) for x in xs) for xs in zip(*[(f.left, f.expected) for f in found]))  # noqa: B905
    return float(10 * np.log10(expected / left))


@pytest.mark.parametrize("delay_ms", [0, 120, 300])
def test_the_echo_is_found_wherever_it_lies(delay_ms: int) -> None:
    far = samples(speechlike(8.0, HZ))
    found = run(Subtractor(), far, echoed(far, delay_ms))
    assert all(len(f.left) == len(f.expected) == BANDS for f in found)
    assert lowered(found[250:]) > 12


def test_a_person_is_left_as_loud_as_they_are_and_not_learned() -> None:
    far, person = samples(speechlike(9.0, HZ)), samples(speechlike(1.0, HZ, seed=9, level=0.3))
    alone = run(Subtractor(), far, echoed(far, 80))
    mic = echoed(far, 80)
    mic[6 * HZ : 7 * HZ] += person
    subtractor = Subtractor()
    both = run(subtractor, far, mic)
    spoken = run(Subtractor(), 0 * person, person)
    left = 10 * np.log10(sum(whole(f.left) for f in both[300:350]))
    assert left == pytest.approx(10 * np.log10(sum(whole(f.left) for f in spoken)), abs=3)
    assert lowered(both[380:]) > lowered(alone[380:]) - 6


def test_nothing_played_is_nothing_expected() -> None:
    silence = np.zeros(HZ)
    found = run(Subtractor(), silence, silence)
    assert {level for f in found for level in (*f.left, *f.expected)} == {-90.0}


def test_what_was_learned_can_be_forgotten() -> None:
    far = samples(speechlike(6.0, HZ))
    subtractor = Subtractor()
    run(subtractor, far, echoed(far, 80))
    subtractor.forget()
    [found] = run(subtractor, far[:320], far[:320])
    assert set(found.expected) == {-90.0}
    assert lowered(run(subtractor, far, echoed(far, 20))[200:]) > 12
