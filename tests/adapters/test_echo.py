"""The canceller, on a far end that comes back: gone, wherever it lies, and a person is still there."""

from __future__ import annotations

import numpy as np
import pytest

from tests.adapters.contract_sound import Samples, dbfs, samples, speechlike

echo = pytest.importorskip("appliance.adapters.echo", reason="the canceller is not installed")

HZ = 16_000


def run(far: Samples, mic: Samples) -> tuple[Samples, list[object]]:
    canceller = echo.Canceller()
    played, heard = far.astype("<i2").tobytes(), mic.astype("<i2").tobytes()
    done = [canceller(heard[at : at + 640], played[at : at + 640]) for at in range(0, len(heard) - 639, 640)]
    return samples(b"".join(each.pcm for each in done)), done


def echoed(far: Samples, delay_ms: int) -> Samples:
    late = np.concatenate((np.zeros(HZ * delay_ms // 1000), far))[: len(far)]
    tail = np.random.default_rng(3).standard_normal(2000) * np.exp(-np.arange(2000) / 400)
    room = np.convolve(late, 0.1 * tail)[: len(far)] + late
    return 0.7 * room + np.random.default_rng(4).standard_normal(len(far)) * 20


@pytest.mark.parametrize("delay_ms", [20, 120, 300])
def test_the_echo_is_lowered_wherever_it_lies(delay_ms: int) -> None:
    far = samples(speechlike(6.0, HZ))
    mic = echoed(far, delay_ms)
    clean, done = run(far, mic)
    assert dbfs(mic[3 * HZ :]) - dbfs(clean[3 * HZ :]) > 20
    late = done[-50:]
    assert np.mean([each.levels.heard - each.levels.clean for each in late]) > 20  # type: ignore[attr-defined]


def test_a_person_in_it_is_still_there() -> None:
    far, person = samples(speechlike(6.0, HZ)), samples(speechlike(1.0, HZ, seed=9, level=0.1))
    mic = echoed(far, 80)
    mic[4 * HZ : 5 * HZ] += person
    clean, done = run(far, mic)
    assert dbfs(clean[4 * HZ : 5 * HZ]) > dbfs(person) - 10
    assert len(done) == 300
    assert {len(each.pcm) for each in done} == {640}  # type: ignore[attr-defined]
