"""The far end: every sample in its place, whatever the two clocks and their bursts do."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.adapters.farend import (
    ASLEEP_READS,
    FRAME_BYTES,
    FRAME_SAMPLES,
    SETTLING_READS,
    SILENT_READS,
    WINDOW,
    FarEnd,
)
from appliance.adapters.resample import Resampler
from tests.adapters.contract_sound import find, samples, speechlike

HZ = 16_000


def frames_of(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]


def test_what_is_written_is_read_once_in_order() -> None:
    far, clip = FarEnd(Resampler), speechlike(1.0, HZ)
    read = b""
    for frame in frames_of(clip):
        far.write(frame, HZ)
        read += far.read()
    assert read == clip
    assert not any(far.counters.values())
    assert far.read() == bytes(FRAME_BYTES), "then silence"


@pytest.mark.parametrize("rate_hz", [24_000, 48_000])
def test_another_rate_is_made_16_khz(rate_hz: int) -> None:
    far, clip = FarEnd(Resampler), speechlike(1.0, rate_hz)
    size = 2 * rate_hz // 50
    read = b""
    for at in range(0, len(clip), size):
        far.write(clip[at : at + size], rate_hz)
        read += far.read()
    other = Resampler(rate_hz, HZ)(clip)
    assert find(samples(other)[1000:15_000], samples(read)) == 1000
    assert len(read) == len(other)


def test_silence_costs_no_filter_and_takes_its_time() -> None:
    far = FarEnd(lambda *_: pytest.fail("no filter is needed"))
    far.write(bytes(2 * 480 * 50), 24_000)
    for _ in range(50):
        assert far.read() == bytes(FRAME_BYTES)
    assert far.counters["repeated"] == 0
    far.read()
    assert far.counters["repeated"] == FRAME_SAMPLES


def test_bursts_of_both_sides_lose_nothing() -> None:
    """100 ms at a time are played, 60 ms at a time are heard: after the first bursts all is in place."""
    clip = frames_of(speechlike(6.0, HZ))
    far, read, written, heard = FarEnd(Resampler), b"", 0, 0
    for tick in range(300):
        if tick % 5 == 0:
            for frame in clip[written : written + 5]:
                far.write(frame, HZ)
            written += 5
        if tick % 3 == 0:
            read += b"".join(far.read() for _ in range(3))
            heard += 3
    before, after = samples(read)[:HZ], samples(read)[2 * HZ :]
    whole = samples(b"".join(clip))
    assert before.any()
    late = find(after[: HZ // 2], np.concatenate((whole, np.zeros(HZ))))
    assert 0 <= 2 * HZ - late <= 0.1 * HZ
    assert np.array_equal(after[: 3 * HZ], whole[late : late + 3 * HZ]), "from then on sample by sample"


@pytest.mark.parametrize("per_frame", [1, -1])
def test_a_drift_of_the_clocks_is_followed_by_single_samples(per_frame: int) -> None:
    """Every 25 frames one sample more, or less, is played than is heard: 125 ppm."""
    rng, far, waits = np.random.default_rng(1), FarEnd(Resampler), []
    for number in range(80 * WINDOW):
        count = FRAME_SAMPLES + (per_frame if number % 25 == 0 else 0)
        far.write(rng.integers(-9000, 9000, count, dtype=np.int16).tobytes(), HZ)
        far.read()
        waits.append(len(far._ready) // 2)
    assert max(waits) < 500, "30 ms"
    moved = far.counters["left_out"] if per_frame > 0 else far.counters["repeated"]
    assert 100 < moved <= 330
    assert far.counters["moves"] == 0


def test_while_nothing_plays_for_long_it_is_put_right_at_once() -> None:
    far = FarEnd(Resampler)
    far.write(bytes(2 * 4000), HZ)
    for _ in range(2 * WINDOW):
        far.write(bytes(FRAME_BYTES), HZ)
        far.read()
    assert len(far._ready) // 2 <= 160 + FRAME_SAMPLES
    assert far.counters["left_out"] > 3000


def test_a_microphone_that_was_away_begins_with_the_present() -> None:
    far, clip = FarEnd(Resampler), frames_of(speechlike(4.0, HZ))
    for frame in clip:
        far.write(frame, HZ)
    assert far.read() == clip[-1]
    assert far.counters["moves"] == 1


def test_nobody_reads_and_it_is_bounded() -> None:
    far = FarEnd(Resampler)
    for _ in range(5000):
        far.write(b"\1\0" * 16, HZ)
    assert len(far._blocks) <= 1000


def test_frames_that_were_lost_are_past() -> None:
    far, clip = FarEnd(Resampler), frames_of(speechlike(0.2, HZ))
    for frame in clip:
        far.write(frame, HZ)
    far.skip(3)
    assert far.read() == clip[3]


def test_the_room_still_sounds_of_it() -> None:
    far = FarEnd(Resampler)
    assert not far.is_audible
    far.write(b"\1\0" * FRAME_SAMPLES, HZ)
    far.read()
    assert far.is_audible
    for _ in range(SILENT_READS):
        far.write(bytes(FRAME_BYTES), HZ)
        far.read()
    assert not far.is_audible
    assert not far.is_asleep
    for _ in range(ASLEEP_READS):
        far.write(bytes(FRAME_BYTES), HZ)
        far.read()
    assert far.is_asleep


def test_in_the_pause_of_an_answer_there_is_no_step() -> None:
    """What was queued in surplus is left out sample by sample, until nothing was played for long."""
    far = FarEnd(Resampler)
    far.write(b"\1\0" * 3000, HZ)
    for number in range(3 * WINDOW):
        far.write((b"\1\0" if number % 50 < 25 else bytes(2)) * FRAME_SAMPLES, HZ)
        far.read()
    assert 0 < far.counters["left_out"] <= 3 * WINDOW // 20


def stumbling(far: FarEnd, clip: list[bytes], late: int) -> list[tuple[bytes, bool]]:
    """What is read, and whether all is in its place: at read 150 so many frames are late."""
    read, waiting = [], []
    for number, frame in enumerate(clip):
        waiting.append(frame)
        if not 150 <= number < 150 + late:
            for block in waiting:
                far.write(block, HZ)
            waiting = []
        read.append((far.read(), far.is_settled))
    return read


@pytest.mark.parametrize("late", [1, 3, 8])
def test_what_comes_late_is_left_out_and_the_rest_is_where_it_was(late: int) -> None:
    far, clip = FarEnd(Resampler), frames_of(speechlike(8.0, HZ))
    read = stumbling(far, clip, late)
    assert [frame for frame, _ in read[:150]] == clip[:150]
    assert [frame for frame, _ in read[185:]] == clip[185:]
    assert all(settled for _, settled in read[:150])
    assert not any(settled for _, settled in read[150:200]), "half-duplex for a moment"
    assert all(settled for _, settled in read[240:])
    assert far.counters["left_out"] == late * FRAME_SAMPLES
    assert far.counters["moves"] == 0


def test_it_sounds_while_it_is_late_but_not_for_ever() -> None:
    far = FarEnd(Resampler)
    far.write(b"\1\0" * FRAME_SAMPLES, HZ)
    far.read()
    for _ in range(40):
        far.read()
    assert far.is_audible, "what was played may still be on its way here"
    for _ in range(40):
        far.read()
    assert not far.is_audible, "the speaker is gone"


def test_what_never_comes_has_moved_the_rest() -> None:
    """Silence was read, and nothing came late: the canceller has to begin anew."""
    far, clip = FarEnd(Resampler), frames_of(speechlike(8.0, HZ))
    for number, frame in enumerate(clip):
        if not 150 <= number < 153:
            far.write(frame, HZ)
        far.read()
    assert far.counters["moves"] == 1
    assert far.is_settled


def test_where_it_stumbles_all_the_time_the_queue_grows() -> None:
    far, clip, read, written = FarEnd(Resampler), frames_of(speechlike(20.0, HZ)), b"", 0
    for number in range(900):
        if number % 6 == 0:
            for frame in clip[written : written + 6]:
                far.write(frame, HZ)
            written += 6
        if number == 300:  # from here on everything is heard three frames earlier
            read += b"".join(far.read() for _ in range(3))
        read += far.read()
    assert far.counters["moves"] == 1
    stumbles = far.counters["stumbles"]
    for number in range(90):
        if number % 6 == 0:
            for frame in clip[written : written + 6]:
                far.write(frame, HZ)
            written += 6
        far.read()
    assert far.counters["stumbles"] == stumbles
    assert far.is_settled


def test_a_device_that_ran_dry_is_told_by_an_empty_block() -> None:
    far = FarEnd(Resampler)
    far.write(b"\1\0" * FRAME_SAMPLES, HZ)
    far.write(b"", HZ)
    far.read()
    assert not far.is_settled
    for _ in range(SETTLING_READS):
        far.write(b"\1\0" * FRAME_SAMPLES, HZ)
        far.read()
    assert far.is_settled
