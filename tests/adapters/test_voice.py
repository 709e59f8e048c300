"""The voice detector and the endpointer behind it, on real speech in real noise; and what is no frame."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from appliance.adapters.voice import BEST, Room, Voice
from appliance.core.endpoint import Context, Endpointer, Offset, Onset
from tests.adapters.contract_sound import HEARD_HZ, samples, speechlike
from tests.whole.house import clip

NOISES = sorted((Path(__file__).parent.parent / "sounds").glob("*.wav"))
# By its energy: where speech begins and ends in the recordings that ship with the box, in frames.
REQUESTS = ("turn-on-the-kitchen-light.wav", "weather-question.wav", "playing-card.wav")
LEAD = 200  # frames of noise before
TRAIL = 120


def graded(pcm: bytes) -> list[int]:
    voice = Voice()
    return [voice(pcm[at : at + 640]) for at in range(0, len(pcm) - 639, 640)]


def noise(name: str) -> np.ndarray:
    with wave.open(str(next(path for path in NOISES if path.stem == name))) as file:
        return samples(file.readframes(file.getnframes()))


def spoken(request_: str) -> tuple[np.ndarray, int, int]:
    """A request at -26 dBFS, and the frames in which it begins and ends."""
    pcm, rate_hz = clip(request_)
    assert rate_hz == HEARD_HZ
    sound = samples(pcm)
    sound = sound[: len(sound) // 320 * 320]
    power = np.convolve(np.mean(sound.reshape(-1, 320) ** 2, axis=1), np.ones(3) / 3, "same")
    loud = np.flatnonzero(power > power.max() / 400)
    first, last = int(loud[0]), int(loud[-1])
    level = np.sqrt(np.mean(sound[first * 320 : last * 320] ** 2))
    return sound * (32768 * 10 ** (-26 / 20) / level), first, last


def scene(request_: str, noise_name: str, snr_db: float) -> tuple[bytes, int, int]:
    sound, first, last = spoken(request_)
    background = noise(noise_name)
    background *= 32768 * 10 ** ((-26 - snr_db) / 20) / np.sqrt(np.mean(background**2))
    whole = np.resize(background, len(sound) + (LEAD + TRAIL) * 320)
    whole[LEAD * 320 : LEAD * 320 + len(sound)] += sound
    return np.clip(whole, -32768, 32767).astype("<i2").tobytes(), LEAD + first, LEAD + last


def turns(grades: list[int], context: Context = Context.PRESS) -> list[tuple[int, Onset | Offset]]:
    ear = Endpointer(800)
    ear.arm(context)
    said = [(index, ear.hear(index, speech=grade)) for index, grade in enumerate(grades[50:], 50)]
    return [(index, found) for index, found in said if found is not None]


def test_silence_is_none_and_speech_is() -> None:
    assert set(graded(bytes(64_000))) == {0}
    grades = graded(bytes(32_000) + speechlike(1.0, HEARD_HZ))
    assert max(grades[:50]) == 0
    assert sum(grade >= 6 for grade in grades[50:]) > 30
    assert max(grades) <= BEST


@pytest.mark.parametrize("context", list(Context))
@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("noise_name", ["bike", "dishes", "cafe"])
def test_a_request_in_noise_is_one_turn(request_: str, noise_name: str, context: Context) -> None:
    """Begun within it, not ended before it ends, and ended soon after; a strict ear needs it clearer."""
    pcm, first, last = scene(request_, noise_name, 15.0 if context is Context.PRESS else 20.0)
    [(began, onset), (ended, offset)] = turns(graded(pcm), context)[:2]
    assert first <= began <= last
    assert isinstance(onset, Onset)
    assert onset.onset - 25 <= first, "the pre-roll has its first sound"
    assert isinstance(offset, Offset)
    assert last < ended <= last + 85


@pytest.mark.parametrize("path", NOISES, ids=lambda path: path.stem)
def test_noise_alone_begins_no_turn_after_an_answer(path: Path) -> None:
    background = np.resize(noise(path.stem), 40 * HEARD_HZ)
    assert turns(graded(background.astype("<i2").tobytes()), Context.FOLLOW_UP) == []


def test_noise_that_begins_within_a_turn_does_not_keep_it_open() -> None:
    """A fan is switched on while somebody speaks, as loud as they do, and stays on."""
    sound, _, last = spoken("turn-on-the-kitchen-light.wav")
    chance = np.random.default_rng(3)
    fan = np.convolve(chance.standard_normal(30 * HEARD_HZ), np.ones(40) / 40, "same")
    fan *= 32768 * 10 ** (-30 / 20) / fan.std()
    whole = np.concatenate((chance.standard_normal(2 * HEARD_HZ) * 10, sound, np.zeros(20 * HEARD_HZ)))
    start = 2 * HEARD_HZ + last * 320 - 8_000
    whole[start:] += fan[: len(whole) - start]
    [(_, begun), (ended, over), *_] = turns(graded(np.clip(whole, -32768, 32767).astype("<i2").tobytes()))
    assert isinstance(begun, Onset)
    assert isinstance(over, Offset)
    assert 100 + last < ended < 100 + last + 300, "closed within six seconds"


def test_the_room_is_learned_and_an_utterance_is_not() -> None:
    room = Room(-60.0, [-60.0] * 3)
    for _ in range(250):  # ten seconds of a louder room
        room.learn(-40.0, [-40.0] * 3, speech=False, haste=False)
    assert -45 < room.low <= room.high < -35
    assert room.gain_db == pytest.approx(-43 - room.low)
    high = room.high
    for index in range(75):  # three seconds of speech, which goes up and down
        room.learn(-20.0 - 12 * (index // 4 % 2), [-20.0] * 3, speech=True, haste=False)
    assert room.high < high + 5
    for _ in range(75):  # of a machine, which does not
        room.learn(-20.0, [-20.0] * 3, speech=True, haste=False)
    assert room.high > -25
    for _ in range(250):
        room.learn(-90.0, [-90.0] * 3, speech=False, haste=False)
    assert (room.low, room.gain_db) == (-70.0, 0.0), "digital silence is no room"


def test_it_is_not_deaf_for_long_after_something_loud() -> None:
    pcm, _rate_hz = clip("turn-on-the-kitchen-light.wav")
    rng = np.random.default_rng(1)
    roar = (np.clip(rng.normal(0.0, 3.0, 12 * HEARD_HZ), -1, 1) * 32_767).astype("<i2").tobytes()
    room = rng.normal(0.0, 100.0, 4 * HEARD_HZ).astype("<i2").tobytes()
    quiet, loud = (
        sum(grade > BEST / 2 for grade in graded(before + room + pcm)[-(len(pcm) // 640) :])
        for before in (b"", roar)
    )
    assert loud > 0.8 * quiet > 0


@pytest.mark.parametrize("size", [0, 2, 320, 639, 641, 1280])
def test_another_length_is_an_error(size: int) -> None:
    with pytest.raises(ValueError, match=f"640 bytes, not {size}"):
        Voice()(bytes(size))
