"""What is shown to a stand-in: taken, recorded, or refused."""

from __future__ import annotations

import base64

import pytest

from appliance.standin.profile import PROFILES
from appliance.standin.refusal import BAD_ARGUMENT, NOT_IMPLEMENTED, Refusal
from appliance.standin.sight import Sight
from tests.pictures import BLUE, GREEN, RED

from .caller import calling, quick, refusal_of, run, setup

START, END = {"realtimeInput": {"activityStart": {}}}, {"realtimeInput": {"activityEnd": {}}}
BAD = (1007, BAD_ARGUMENT)


def video(jpeg: bytes = RED, mime: str = "image/jpeg"):
    return {"realtimeInput": {"video": {"mimeType": mime, "data": base64.b64encode(jpeg).decode()}}}


def content(jpeg: bytes):
    blob = {"mimeType": "image/jpeg", "data": base64.b64encode(jpeg).decode()}
    parts = [{"inlineData": blob}, {"text": "What is it?"}]
    return {"clientContent": {"turns": [{"role": "user", "parts": parts}], "turnComplete": True}}


def test_pictures_are_recorded_with_their_time_and_the_turn_is_answered():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.send(START)
            await caller.audio(bytes(3200))
            await caller.send(video(RED))
            await caller.send(video(GREEN))
            await caller.send(END)
            await caller.turn()
        assert [(p.link, p.jpeg) for p in standin.pictures] == [(1, RED), (1, GREEN)]
        assert standin.pictures[0].at <= standin.pictures[1].at
        shown = [e for e in standin.record if e.has("realtimeInput", "video")]
        assert [e.pcm for e in shown] == [RED, GREEN]
        assert standin.heard() == bytes(3200), "sound is apart"

    run(test)


@pytest.mark.parametrize(
    "message",
    [video(RED[2:]), video(RED[:-2]), video(b""), video(RED, "image/png"), video(RED, "video/mjpeg")],
)
def test_what_is_no_picture_is_refused(message):
    assert refusal_of(setup(), START, message) == BAD


def test_outside_an_activity_there_is_nothing_to_see():
    assert refusal_of(setup(), video()) == BAD
    assert refusal_of(setup(), START, END, video()) == BAD


def test_in_automatic_mode_there_is_no_activity_to_be_in():
    async def test(standin):
        async with calling(standin, setup(realtimeInputConfig=None)) as caller:
            await caller.receive()
            await caller.send(video())
            await caller.realtime(text="What is it?")
            await caller.turn()
        assert [p.jpeg for p in standin.pictures] == [RED]

    run(test)


def test_one_picture_a_second_and_some_slack():
    assert refusal_of(setup(), START, *[video()] * 4) == BAD

    sight = Sight()
    blob = {"mimeType": "image/jpeg", "data": RED}
    for second in range(600):
        assert sight.take(blob, float(second)) == RED
    sight.take(blob, 599.1)
    sight.take(blob, 599.2)
    with pytest.raises(Refusal):
        sight.take(blob, 599.3)
    for half in range(5):
        sight.take(blob, 700 + half / 2)
    with pytest.raises(Refusal):
        sight.take(blob, 702.5)


def test_no_picture_while_a_call_blocks():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask()
            await caller.until("toolCall")
            await caller.send(START)
            return await caller.closed()

    from appliance.standin import scene as scenes

    assert run(test, quick(scene=scenes.load("tool"))) == (1008, NOT_IMPLEMENTED)


def test_a_picture_may_come_with_the_words_of_a_turn():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.send(content(BLUE))
            await caller.turn()
        assert [p.jpeg for p in standin.pictures] == [BLUE]

    run(test)
    assert refusal_of(setup(), content(b"no picture")) == BAD


def test_the_former_field_takes_pictures_where_it_is_taken():
    blob = video()["realtimeInput"]["video"]

    async def test(standin):
        async with calling(standin) as caller:
            await caller.send(START)
            await caller.realtime(mediaChunks=[blob])
            await caller.send(END)
            await caller.turn()
        assert [p.jpeg for p in standin.pictures] == [RED]

    run(test, quick(profile="2.5"))


def test_a_model_that_takes_no_pictures_refuses_them():
    assert all(profile.video for profile in PROFILES), "as far as is known, they all do"
    with pytest.raises(Refusal):
        Sight(allowed=False).take({"mimeType": "image/jpeg", "data": RED}, 0.0)


@pytest.mark.parametrize("value", ["LOW", "MEDIA_RESOLUTION_BEST", "low"])
def test_how_closely_it_looks_is_one_of_three(value):
    config = {"responseModalities": ["AUDIO"], "mediaResolution": value}
    code, reason = refusal_of(setup(generationConfig=config))
    assert code == 1007
    assert "media" in reason.lower() or "Invalid" in reason
