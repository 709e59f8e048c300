"""The voice detector hears speech, not silence, and refuses what is no frame."""

from __future__ import annotations

import pytest

from appliance.adapters.voice import Voice
from tests.adapters.contract_sound import HEARD_HZ, speechlike


def share(pcm: bytes) -> float:
    voice = Voice()
    frames = [pcm[at : at + 640] for at in range(0, len(pcm) - 639, 640)]
    return sum(voice(frame) for frame in frames) / len(frames)


def test_speech_is_speech_and_silence_is_not() -> None:
    assert share(bytes(32_000)) == 0.0
    assert share(speechlike(1.0, HEARD_HZ)) > 0.8


def test_it_depends_on_the_level() -> None:
    """The same sound far away is no speech: the fact that the docstring warns of."""
    assert share(speechlike(1.0, HEARD_HZ, level=0.001)) < 0.2


@pytest.mark.parametrize("size", [0, 2, 320, 639, 641, 1280])
def test_another_length_is_an_error(size: int) -> None:
    with pytest.raises(ValueError, match=f"640 bytes, not {size}"):
        Voice()(bytes(size))
