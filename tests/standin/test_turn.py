"""How a turn lies on the wire: order, variants, interruption, faults."""

from __future__ import annotations

import asyncio

import pytest

from appliance.standin.server import Faults, Variants
from appliance.standin.voice import tones

from .caller import audio_in, calling, dig, quick, run, setup, words_in

LONG = "This answer is long enough to be spoken over by anybody who wants to."


def turn_with(options, first=None):
    """All messages of one answered activity."""

    async def test(standin):
        async with calling(standin, first) as caller:
            if first is not None:
                assert await caller.receive() == {"setupComplete": {}}
            await caller.ask()
            return await caller.turn()

    return run(test, options)


def test_order_of_a_turn():
    messages = turn_with(quick(profile="2.5"))
    contents = [m["serverContent"] for m in messages]
    assert contents[-1] == {"turnComplete": True}
    assert contents[-2] == {"generationComplete": True}
    assert audio_in(messages) == tones("Good day.")
    assert words_in(messages) == "Good day."
    assert messages[-1]["usageMetadata"]["responseTokensDetails"][0]["modality"] == "AUDIO"
    assert all(len(audio_in([m])) <= 62 * 48 for m in messages)


def test_newer_generations_send_longer_chunks_with_their_words():
    messages = turn_with(quick(answer="One two three four."))
    bundled = [
        c for m in messages if {"modelTurn", "outputTranscription"} <= (c := m["serverContent"]).keys()
    ]
    assert bundled
    assert max(len(audio_in([m])) for m in messages) == 190 * 48


def test_fragments_keep_their_leading_spaces():
    messages = turn_with(quick(answer="One two three four five."))
    fragments = [words_in([m]) for m in messages if dig(m, "serverContent", "outputTranscription")]
    assert len(fragments) > 1
    assert all(f.startswith(" ") for f in fragments[1:])
    assert "".join(fragments) == "One two three four five."


def test_no_transcript_unless_asked_for():
    messages = turn_with(quick(), setup(outputAudioTranscription=None))
    assert words_in(messages) == ""


def test_text_modality_answers_in_text():
    first = setup(model="models/gemini-2.0-flash-live-001", generationConfig={"responseModalities": ["TEXT"]})
    messages = turn_with(quick(), first)
    parts = [p["text"] for m in messages for p in dig(m, "serverContent", "modelTurn", "parts") or []]
    assert "".join(parts) == "Good day."


@pytest.mark.parametrize(
    ("variants", "check"),
    [
        (Variants(thoughts=True), lambda ms: dig(ms[0], "serverContent", "modelTurn")["parts"][0]["thought"]),
        (Variants(empty_content=True), lambda ms: ms[0] == {"serverContent": {}}),
        (Variants(no_audio=True), lambda ms: not audio_in(ms) and words_in(ms)),
        (Variants(no_transcript=True), lambda ms: audio_in(ms) and not words_in(ms)),
        (
            Variants(whole_transcript=True),
            lambda ms: [w for m in ms if (w := words_in([m]))] == ["Good day."],
        ),
        (
            Variants(turn_complete_reason="RESPONSE_REJECTED"),
            lambda ms: "turnCompleteReason" in ms[-1]["serverContent"],
        ),
        (Variants(waiting_for_input=True), lambda ms: ms[-1]["serverContent"]["waitingForInput"]),
        (Variants(bare_mime=True), lambda ms: "rate" not in str(ms)),
        (Variants(usage_per_chunk=True), lambda ms: sum("usageMetadata" in m for m in ms) > 1),
        (Variants(role=True), lambda ms: "'role': 'model'" in str(ms)),
        (
            Variants(bundled=False),
            lambda ms: not any({"modelTurn", "outputTranscription"} <= m["serverContent"].keys() for m in ms),
        ),
    ],
)
def test_variant(variants, check):
    assert check(turn_with(quick(variants=variants)))


def test_odd_chunks_split_samples_and_lose_nothing():
    messages = turn_with(quick(profile="2.5", faults=Faults(odd_chunks=True)))
    assert any(len(audio_in([m])) % 2 for m in messages)
    assert audio_in(messages) == tones("Good day.")


def test_random_chunks_lose_nothing():
    messages = turn_with(quick(faults=Faults(random_chunks=True)))
    assert audio_in(messages) == tones("Good day.")


def test_early_and_missing_ends():
    early = turn_with(quick(faults=Faults(turn_complete="early")))
    assert not any(dig(m, "serverContent", "generationComplete") for m in early)

    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask()
            await standin.wait_for(lambda record: standin.said)
            assert not any(e.has("serverContent", "turnComplete") for e in standin.record)

    run(test, quick(faults=Faults(turn_complete="never")))


def test_barge_in_stops_the_answer():
    async def test(standin):
        async with calling(standin, setup(sessionResumption={})) as caller:
            await caller.receive()
            await caller.ask()
            await caller.until("serverContent", "modelTurn")
            await caller.realtime(activityStart={})
            messages = await caller.turn()
            contents = [m["serverContent"] for m in messages if "serverContent" in m]
            assert not any("generationComplete" in c for c in contents)
            assert contents[-2:] == [{"interrupted": True}, {"turnComplete": True}]
            assert "usageMetadata" in messages[-1]
            await caller.audio(bytes(16_000))
            await caller.realtime(activityEnd={})
            again = await caller.turn()
            assert audio_in(again) == tones(LONG)
        first, second = standin.said
        assert first.interrupted
        assert not second.interrupted
        assert tones(LONG).startswith(first.pcm)
        assert LONG.startswith(first.text)

    async def patient(standin):
        # The first answer is spoken at its own pace, so that there is something to interrupt.
        await test(standin)

    run(patient, quick(answer=LONG, speed=20.0, playback_wait=0.0))


def test_late_audio_and_joint_interruption():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask()
            await caller.until("serverContent", "modelTurn")
            await caller.realtime(activityStart={})
            await caller.until("serverContent", "interrupted")
            late = await caller.turn()
            assert len([m for m in late if audio_in([m])]) == 3

    run(test, quick(answer=LONG, speed=1.0, faults=Faults(late_chunks=3)))

    async def joint(standin):
        async with calling(standin) as caller:
            await caller.ask()
            await caller.until("serverContent", "modelTurn")
            await caller.realtime(activityStart={})
            last = (await caller.turn())[-1]
            assert last["serverContent"] == {"interrupted": True, "turnComplete": True}

    run(joint, quick(answer=LONG, speed=1.0, variants=Variants(split_interrupt=False)))


def test_no_interruption_is_honoured():
    first = setup(
        realtimeInputConfig={
            "automaticActivityDetection": {"disabled": True},
            "activityHandling": "NO_INTERRUPTION",
        }
    )

    async def test(standin):
        async with calling(standin, first) as caller:
            await caller.receive()
            await caller.ask()
            await caller.until("serverContent", "modelTurn")
            await caller.ask()
            both = [*await caller.turn(), *await caller.turn()]
            assert not any(dig(m, "serverContent", "interrupted") for m in both)
        assert [len(a.pcm) for a in standin.said] == [len(tones(LONG))] * 2

    run(test, quick(answer=LONG, speed=50.0, playback_wait=0.0))


def test_spontaneous_interrupts_do_not_end_the_turn():
    messages = turn_with(quick(faults=Faults(spontaneous_interrupts=2)))
    assert sum(bool(dig(m, "serverContent", "interrupted")) for m in messages) == 2
    assert audio_in(messages) == tones("Good day.")


@pytest.mark.parametrize(("policy", "answered"), [("empty-turn", ""), ("answer", "Good day.")])
def test_empty_activity(policy, answered):
    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask(b"")
            assert words_in(await caller.turn()) == answered

    run(test, quick(empty_activity=policy))


def test_empty_activity_without_any_answer():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask(b"")
            await caller.ask()
            await caller.turn()
        assert [a.text for a in standin.said] == ["", "Good day."]

    run(test, quick(empty_activity="no-answer"))


def test_typed_words_are_answered_too():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.realtime(text="hello")
            await caller.turn()
            turns = [{"role": "user", "parts": [{"text": "hello"}]}]
            await caller.send({"clientContent": {"turns": turns, "turnComplete": False}})
            await caller.send({"clientContent": {"turns": [], "turnComplete": True}})
            await caller.turn()
        assert [a.text for a in standin.activities] == ["hello"]

    run(test)


def test_client_content_interrupts():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask()
            await caller.until("serverContent", "modelTurn")
            await caller.send({"clientContent": {"turnComplete": False}})
            assert any(dig(m, "serverContent", "interrupted") for m in await caller.turn())

    run(test, quick(answer=LONG, speed=1.0))


def test_automatic_detection_answers_at_the_end_of_the_stream_or_in_silence():
    loud = tones("hallo")[: 16_000 * 2]

    async def test(standin):
        async with calling(standin, setup(realtimeInputConfig=None)) as caller:
            await caller.receive()
            await caller.audio(loud)
            await caller.realtime(audioStreamEnd=True)
            await caller.turn()
            await caller.audio(loud)
            await caller.audio(bytes(16_000 * 2))
            await caller.turn()
            await caller.realtime(audioStreamEnd=True)
        assert len(standin.activities) == 2
        assert all(loud[:3200] in a.pcm for a in standin.activities)

    run(test)


def test_mute_says_nothing_more():
    async def test(standin):
        async with calling(standin) as caller:
            await caller.ask()
            await standin.wait_for(lambda record: standin.said)
            assert [e.message for e in standin.record if e.side == "server"] == [{"setupComplete": {}}]

    run(test, quick(faults=Faults(mute="turn")))


def test_go_away_and_the_end_it_announces():
    async def test(standin):
        async with calling(standin) as caller:
            assert await caller.receive() == {"goAway": {"timeLeft": "30s"}}
            assert await caller.closed() == (1011, "Deadline expired before operation could complete.")

    run(test, quick(time_scale=1000.0, faults=Faults(go_away_s=9.0, go_away_left="30s")))


def test_quota_of_connections():
    async def test(standin):
        async with calling(standin), calling(standin, setup()) as second:
            code, reason = await second.closed()
            assert code == 1011
            assert reason.startswith("You exceeded your current quota")
            assert len(reason) == 123

    run(test, quick(faults=Faults(quota_links=1)))


def test_resumption():
    async def test(standin):
        async with calling(standin, setup(sessionResumption={})) as caller:
            await caller.receive()
            await caller.ask()
            await caller.turn()
            update = (await caller.receive())["sessionResumptionUpdate"]
            assert update["resumable"] is True
            again = setup(sessionResumption={"handle": update["newHandle"]})
            async with calling(standin, again) as hasty:
                assert (await hasty.closed())[0] == 1011
        await standin.wait_for(lambda record: any(e.has("closed") and e.link == 1 for e in record))
        async with calling(standin, again) as caller:
            assert await caller.receive() == {"setupComplete": {}}
        stale = setup(
            model="models/gemini-2.5-flash-native-audio-latest",
            sessionResumption=again["setup"]["sessionResumption"],
        )
        async with calling(standin, stale) as caller:
            assert await caller.closed() == (1008, "BidiGenerateContent session not found")

    run(test)


def test_handles_expire():
    async def test(standin):
        async with calling(standin, setup(sessionResumption={})) as caller:
            await caller.receive()
            await caller.ask()
            handle = (await caller.until("sessionResumptionUpdate"))[-1]["sessionResumptionUpdate"][
                "newHandle"
            ]
        await standin.wait_for(lambda record: any(e.has("closed") for e in record))
        async with calling(standin, setup(sessionResumption={"handle": handle})) as caller:
            assert (await caller.closed())[0] == 1008

    run(test, quick(handle_ttl_s=0.0))


def test_connections_do_not_disturb_each_other():
    async def test(standin):
        async with calling(standin) as one, calling(standin) as two:
            await asyncio.gather(one.ask(), two.ask())
            for messages in await asyncio.gather(one.turn(), two.turn()):
                assert audio_in(messages) == tones("Good day.")

    run(test)
