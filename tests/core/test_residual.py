"""The gate and the judge, on levels: what is left of our voice is learned, and a person stands out of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.core.events import EchoJudged
from appliance.core.residual import (
    COLD_FRAMES,
    EVIDENCE,
    KNOWN_FRAMES,
    LAG,
    QUIETEST_DB,
    WINDOW,
    Gate,
    Judge,
    Levels,
    Noise,
)
from appliance.core.shield import Shield
from appliance.core.surplus import BANDS, Bands
from tests.core.vocabulary import check_value

ROOM = Levels(-60.0, -60.0, -90.0, 0.1)
SILENCE = Bands((-70.0,) * BANDS, (-90.0,) * BANDS)
ECHO = Bands((-45.0,) * BANDS, (-30.0,) * BANDS)
VOICE = Bands((-30.0, -35.0, *(-40.0,) * (BANDS - 2)), (-30.0,) * BANDS)
REST = Levels(-25.0, -50.0, -22.0, 0.6)  # of an answer: lowered by 25 dB
SOME = Bands((-39.0, -41.0, *(-44.0,) * (BANDS - 2)), (-30.0,) * BANDS)
PERSON = Levels(-23.0, -28.0, -22.0, 0.9)


def taught(gate: Gate, frames: int = LAG + COLD_FRAMES + 20) -> Gate:
    for _ in range(50):
        assert not gate.hear(ROOM, SILENCE, voiced=False)
    for _ in range(frames):
        gate.hear(REST, ECHO, voiced=True)
    return gate


def test_levels_are_a_value() -> None:
    check_value(Levels)


def test_the_noise_sinks_at_once_and_rises_slowly() -> None:
    noise = Noise()
    for _ in range(10):
        noise.hear(-90.0, playing=False)
    assert noise.db == QUIETEST_DB
    noise.hear(-50.0, playing=True)
    noise.hear(-50.0, playing=False)
    assert noise.db == pytest.approx(QUIETEST_DB + 0.12)


def within(
    gate: Gate, levels: Levels, bands: Bands, *, voiced: bool = True, frames: int = EVIDENCE
) -> int | None:
    """After how many such frames it says that somebody speaks; None, if it does not."""
    gate.forget()
    return next((n for n in range(1, frames + 1) if gate.hear(levels, bands, voiced=voiced)), None)


def test_a_person_stands_out_of_what_is_left() -> None:
    gate = taught(Gate())
    assert within(gate, REST, ECHO) is None
    assert within(gate, PERSON, VOICE) == 2, "40 ms of a clear voice"
    assert within(gate, PERSON, VOICE, voiced=False) == 2, (
        "so loud and so much like speech: no vote is needed"
    )


def test_whom_the_canceller_takes_away_is_heard_all_the_same() -> None:
    gate = taught(Gate())
    suppressed = Levels(-21.0, -60.0, -22.0, 0.1)
    assert within(gate, suppressed, ECHO, voiced=False) is None
    assert within(gate, suppressed, VOICE, voiced=False) == 3


def test_a_click_is_nobody_and_what_is_over_does_not_count() -> None:
    gate = taught(Gate())
    assert within(gate, PERSON, VOICE, frames=1) is None
    assert not any(gate.hear(REST, ECHO, voiced=True) for _ in range(EVIDENCE))
    assert within(gate, PERSON, VOICE, frames=1) is None
    gate.forget()
    assert not gate.hear(PERSON, VOICE, voiced=True)


def test_nothing_is_heard_where_nothing_is_played() -> None:
    loud = Levels(-20.0, -20.0, -90.0, 1.0)
    assert not any(Gate().hear(loud, VOICE, voiced=True) for _ in range(20))


def test_before_it_has_learned_it_takes_more() -> None:
    some = Levels(-23.0, -42.0, -22.0, 0.65)  # 8 dB more than the rest
    stages = (LAG, LAG + KNOWN_FRAMES + 10, LAG + (KNOWN_FRAMES + COLD_FRAMES) // 2, LAG + COLD_FRAMES + 20)
    assert [within(taught(Gate(), frames), some, SOME) for frames in stages] == [None, None, None, 4]


def test_whoever_interrupts_is_not_learned() -> None:
    gate = taught(Gate())
    for _ in range(15):
        gate.hear(PERSON, VOICE, voiced=True)
    for _ in range(50):
        gate.hear(ROOM, SILENCE, voiced=False)  # the answer was silenced
    for _ in range(LAG + 20):
        gate.hear(REST, ECHO, voiced=True)
    assert within(gate, PERSON, VOICE) == 2


def test_quiet_passages_teach_nothing() -> None:
    gate = taught(Gate())
    for _ in range(2000):
        gate.hear(Levels(-50.0, -50.0, -50.0, 0.9), Bands((-70.0,) * BANDS, (-62.0,) * BANDS), voiced=True)
    assert within(gate, PERSON, VOICE) == 2


# -- the judge ------------------------------------------------------------------------------------------


def heard(judge: Judge, levels: Levels, windows: int = 1, *, near: bool = False) -> Iterator[EchoJudged]:
    for _ in range(windows * WINDOW):
        if (judgement := judge.hear(levels, near=near)) is not None:
            yield judgement


BAD = Levels(-25.0, -31.0, -22.0, 0.6)


def quiet(judge: Judge) -> Judge:
    assert not [judge.hear(ROOM, near=False) for _ in range(50) if judge.hear(ROOM, near=False)]
    return judge


def test_what_is_good_enough_is_told_once() -> None:
    judge = quiet(Judge(lenient=False))
    [found] = heard(judge, REST, 5)
    assert (found.shield, found.why) == (Shield.CANCEL, "")
    assert found.lowered_db == pytest.approx(25.0)


def test_what_is_not_good_enough_shields_otherwise_until_it_is() -> None:
    judge = quiet(Judge(lenient=False))
    assert not list(heard(judge, BAD)), "once is no verdict"
    [found] = heard(judge, BAD)
    assert found.shield is Shield.HALF_DUPLEX
    assert found.why.startswith("the echo is lowered by only 6 dB; turn the speaker down")
    middling = Levels(-25.0, -38.5, -22.0, 0.6)
    assert not list(heard(judge, middling, 3)), "it would be enough for one that is trusted"
    [found] = heard(judge, REST)
    assert found.shield is Shield.CANCEL


def test_who_wants_cancelling_gets_it_and_is_told() -> None:
    judge = quiet(Judge(lenient=True))
    [found] = heard(judge, BAD, 2)
    assert found.shield is Shield.CANCEL
    assert "only 6 dB" in found.why


def test_a_faint_rest_is_enough() -> None:
    judge = quiet(Judge(lenient=False))
    [found] = heard(judge, Levels(-48.0, -54.0, -22.0, 0.2), 2)
    assert found.shield is Shield.CANCEL


def test_no_echo_and_a_person_are_no_measure() -> None:
    judge = quiet(Judge(lenient=False))
    assert not list(heard(judge, Levels(-60.0, -60.0, -22.0, 0.1), 3))
    assert not list(heard(judge, BAD, 3, near=True))
    assert not list(heard(judge, ROOM, 3))


def test_what_was_measured_before_holds_from_the_start() -> None:
    judge = Judge(lenient=False)
    found = judge.recall({"lowered_db": 4.0})
    assert found is not None
    assert found.shield is Shield.HALF_DUPLEX
    [after] = heard(quiet(judge), REST)
    assert after.shield is Shield.CANCEL
    faint = Judge(lenient=False).recall({"lowered_db": 4.0, "faint": True})
    assert faint == EchoJudged(Shield.CANCEL, "", 4.0)


@pytest.mark.parametrize("found", [None, [], "good", {}, {"lowered_db": None}, {"lowered_db": True}])
def test_what_was_kept_may_be_anything(found: object) -> None:
    assert Judge(lenient=False).recall(found) is None
