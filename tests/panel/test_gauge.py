"""Level and speech, five times a second, of frames and of nothing else."""

from __future__ import annotations

import struct

from appliance.core.endpoint import VOICED
from appliance.core.events import Heard, Wake
from appliance.core.signals import LEVELS
from appliance.panel.gauge import EVERY, LOOKED_AT, Gauge

QUIET = bytes(640)
LOUD = struct.pack("<h", 12_000) * 320


def told_of(*frames: tuple[bytes, int]) -> list[tuple[int, bool]]:
    told: list[tuple[int, bool]] = []
    gauge = Gauge(lambda level, speech: told.append((level, speech)))
    for index, (pcm, speech) in enumerate(frames):
        gauge.watch(Heard(pcm, index, speech), (), index / 50)
        gauge.watch(Wake(), (), index / 50)
    return told


def test_it_is_told_of_every_tenth_frame() -> None:
    assert told_of(*[(QUIET, 0)] * (EVERY - 1)) == []
    assert told_of(*[(QUIET, 0)] * (3 * EVERY)) == [(0, False)] * 3


def test_the_loudest_and_any_speech_count_and_are_forgotten() -> None:
    frames = [(QUIET, 0)] * (2 * EVERY)
    frames[LOOKED_AT - 1] = LOUD, 0
    frames[0] = QUIET, VOICED
    assert told_of(*frames) == [(LEVELS, True), (0, False)]


def test_what_is_hardly_speech_is_none() -> None:
    assert told_of(*[(QUIET, VOICED - 1)] * EVERY) == [(0, False)]
