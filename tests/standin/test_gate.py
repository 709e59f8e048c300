"""When the person's turn begins and ends, as the stand-in hears it: what each parameter changes."""

from __future__ import annotations

import itertools
import math
from array import array

import pytest

from appliance.standin.gate import INPUT_RATE_HZ, AutomaticGate, Ended, Started, automatic, loudness, pcm_in
from appliance.standin.refusal import INVALID, Refusal

STREAM = "audio/pcm;rate=16000"


def tone(ms, dbfs=-20.0, rate_hz=INPUT_RATE_HZ, hz=440):
    """A tone of that RMS level."""
    peak = math.sqrt(2) * 32768 * 10 ** (dbfs / 20)
    count = rate_hz * ms // 1000
    return array(
        "h", (round(peak * math.sin(2 * math.pi * hz * n / rate_hz)) for n in range(count))
    ).tobytes()


def quiet(ms):
    return bytes(INPUT_RATE_HZ * ms // 1000 * 2)


def heard(gate, *pieces, mime=STREAM):
    """What happens, and after how many ms of the stream."""
    found, passed = [], 0
    for pcm in pieces:
        for at in range(0, len(pcm), 640):
            passed += 20
            for happening in gate.take({"audio": {"mimeType": mime, "data": pcm[at : at + 640]}}):
                found.append((type(happening).__name__, passed))
    return found


def test_the_defaults():
    assert heard(AutomaticGate(), quiet(200), tone(500), quiet(1000)) == [("Started", 300), ("Ended", 1400)]
    assert automatic({}) == AutomaticGate()
    assert automatic({"startOfSpeechSensitivity": "START_SENSITIVITY_UNSPECIFIED"}) == AutomaticGate()


@pytest.mark.parametrize("padding_ms", [0, 20, 100, 240])
def test_the_prefix_is_how_long_it_takes_to_be_believed(padding_ms):
    gate = automatic({"prefixPaddingMs": padding_ms})
    assert heard(gate, quiet(200), tone(500))[0] == ("Started", 200 + max(20, padding_ms))
    short = automatic({"prefixPaddingMs": padding_ms})
    if padding_ms > 60:
        assert heard(short, tone(padding_ms - 40), quiet(3000)) == []


@pytest.mark.parametrize("silence_ms", [0, 100, 700, 1500])
def test_the_silence_is_how_long_it_takes_until_it_is_the_end(silence_ms):
    gate = automatic({"silenceDurationMs": silence_ms})
    assert heard(gate, tone(300), quiet(2000))[1] == ("Ended", 300 + max(20, silence_ms))
    if silence_ms > 100:
        breath = automatic({"silenceDurationMs": silence_ms})
        found = heard(breath, tone(300), quiet(silence_ms - 40), tone(300), quiet(silence_ms))
        assert [what for what, _ in found] == ["Started", "Ended"], "a breath is no end"


@pytest.mark.parametrize(
    ("start", "dbfs", "begins"),
    [
        ("HIGH", -38.0, True),
        ("LOW", -38.0, False),
        ("LOW", -25.0, True),
        ("HIGH", -60.0, False),
    ],
)
def test_how_loud_it_must_be_to_begin(start, dbfs, begins):
    gate = automatic({"startOfSpeechSensitivity": f"START_SENSITIVITY_{start}"})
    assert bool(heard(gate, tone(500, dbfs))) is begins


def test_with_a_low_sensitivity_to_its_end_a_murmur_goes_on_and_silence_may_last():
    for end, ends in (("HIGH", 300 + 700), ("LOW", 300 + 1000 + 1400)):
        gate = automatic({"endOfSpeechSensitivity": f"END_SENSITIVITY_{end}"})
        assert heard(gate, tone(300), tone(1000, -46.0), quiet(3000))[1] == ("Ended", ends)
    given = automatic({"endOfSpeechSensitivity": "END_SENSITIVITY_LOW", "silenceDurationMs": 200})
    assert given.silence_ms == 200


@pytest.mark.parametrize(
    "detection",
    [
        {"prefixPaddingMs": -1},
        {"silenceDurationMs": -1},
        {"prefixPaddingMs": 60_001},
        {"silenceDurationMs": 2**31 - 1},
    ],
)
def test_times_that_cannot_be_are_refused(detection):
    with pytest.raises(Refusal) as refused:
        automatic(detection)
    assert refused.value.code == INVALID


def test_the_end_of_the_stream_is_the_end_of_the_turn_and_audio_begins_anew():
    gate = AutomaticGate()
    heard(gate, tone(300))
    [ended] = gate.take({"audioStreamEnd": True})
    assert isinstance(ended, Ended)
    assert len(ended.pcm) == len(tone(300))
    assert gate.take({"audioStreamEnd": True}) == []
    assert gate.take({"audioStreamEnd": False}) == []
    assert [what for what, _ in heard(gate, tone(300))] == ["Started"]


@pytest.mark.parametrize("given", [{"activityStart": {}}, {"activityEnd": {}}])
def test_activities_are_not_the_clients_to_mark(given):
    with pytest.raises(Refusal, match="Explicit activity control") as refused:
        AutomaticGate().take(given)
    assert refused.value.code == INVALID


def test_what_is_typed_is_a_turn():
    started, ended = AutomaticGate().take({"text": "Hello"})
    assert isinstance(started, Started)
    assert ended == Ended(text="Hello")


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000, 96_000])
def test_any_rate_is_heard_at_its_pitch(rate_hz):
    gate = AutomaticGate()
    pcm = tone(1000, rate_hz=rate_hz)
    size = rate_hz // 25 * 2  # 40 ms
    for at in range(0, len(pcm), size):
        gate.take({"audio": {"mimeType": f"audio/pcm;rate={rate_hz}", "data": pcm[at : at + size]}})
    [ended] = gate.take({"audioStreamEnd": True})
    samples = array("h", ended.pcm)
    assert len(samples) == INPUT_RATE_HZ
    crossings = sum(a < 0 <= b for a, b in itertools.pairwise(samples))
    assert abs(crossings - 440) <= 2
    assert abs(loudness(ended.pcm) + 20) < 0.5


def test_what_lies_above_speech_is_hardly_folded_into_it():
    pcm = tone(400, -20, 48_000, 15_000)
    folded = pcm_in({"audio": {"mimeType": "audio/pcm;rate=48000", "data": pcm}})
    assert loudness(folded) < -40


@pytest.mark.parametrize("rate", ["0", "7999", "192001", "-16000", "16e3", "", "９６０００", "9" * 5000])
def test_absurd_rates_are_refused(rate):
    with pytest.raises(Refusal) as refused:
        AutomaticGate().take({"audio": {"mimeType": f"audio/pcm;rate={rate}", "data": bytes(640)}})
    assert refused.value.code == INVALID
