"""An earcon among the speech: nothing is lost of either, and nothing clicks."""

from __future__ import annotations

from array import array

from appliance.core.mixing import DUCK, Mixer, faded

RATE_HZ = 8_000
NOTE = [400] * 80
REST = [0] * 80


def pcm(*parts: list[int]) -> bytes:
    return array("h", [sample for part in parts for sample in part]).tobytes()


def values(sound: bytes) -> list[int]:
    return list(array("h", sound))


def test_it_sounds_as_often_as_asked_and_is_then_over() -> None:
    mixer = Mixer(RATE_HZ)
    assert not mixer.is_sounding
    mixer.ring(pcm(NOTE, REST), 3)
    taken = [mixer.take(100, speech=False) for _ in range(12)]
    assert b"".join(taken) == pcm(NOTE, REST) * 3
    assert not mixer.is_sounding
    assert mixer.take(100, speech=False) == b""


def test_a_new_one_takes_the_place_of_a_former_one() -> None:
    mixer = Mixer(RATE_HZ)
    mixer.ring(pcm(NOTE), 9)
    mixer.take(20, speech=False)
    mixer.ring(pcm(REST, NOTE), 1)
    assert mixer.take(1000, speech=False) == pcm(REST, NOTE)
    mixer.ring(b"", 5)
    assert not mixer.is_sounding


def test_what_is_played_is_as_long_with_it_as_without() -> None:
    mixer = Mixer(RATE_HZ)
    speech = pcm([1000] * 100)
    assert mixer.mix(speech, speech=True) == speech
    mixer.ring(pcm(NOTE), 1)
    assert mixer.mix(bytes(200), speech=False) == pcm(NOTE, [0] * 20)
    mixer.ring(pcm([30_000] * 40, [-30_000] * 40), 1)
    loud = pcm([32_000] * 40, [-32_000] * 60)
    assert values(mixer.mix(loud, speech=True)) == [32_767] * 40 + [-32_768] * 40 + [-32_000] * 20


def test_beneath_speech_it_is_softer_from_the_next_silence_on() -> None:
    mixer = Mixer(RATE_HZ)
    mixer.ring(pcm(NOTE, REST), 9)
    first = values(mixer.take(80, speech=False)) + values(mixer.take(80, speech=True))
    assert first == NOTE, "a note is not changed while it sounds"
    mixer.take(40, speech=True)
    assert values(mixer.take(120, speech=True)) == [0] * 60
    second = values(mixer.take(160, speech=True))
    assert second == [400 // DUCK] * 80
    mixer.take(80, speech=False)
    assert values(mixer.take(160, speech=False))[-40:] == [400] * 40


def test_hushed_it_fades_within_milliseconds() -> None:
    mixer = Mixer(RATE_HZ)
    mixer.hush()
    assert not mixer.is_sounding
    mixer.ring(pcm(NOTE, REST), 9)
    mixer.take(40, speech=False)
    mixer.hush()
    left = values(mixer.take(1000, speech=False))
    assert len(left) == 40
    assert left == sorted(left, reverse=True)
    assert left[-1] < 20
    assert not mixer.is_sounding


def test_hushed_between_notes_there_is_nothing_to_hear() -> None:
    mixer = Mixer(RATE_HZ)
    mixer.ring(pcm(REST, NOTE), 1)
    mixer.take(20, speech=False)
    mixer.hush()
    speech = pcm([7] * 100)
    assert mixer.mix(speech, speech=True) == speech
    assert faded(b"") == b""
