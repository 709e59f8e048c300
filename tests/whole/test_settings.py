"""What the configuration says of the model, as the service reads it: over a real WebSocket, and answered."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from appliance.standin.server import Options, StandIn
from tests.judge import judge_client

from .house import Daemon, box

pytestmark = pytest.mark.slow
QUIET = Options(brain=False, voice="tone", answer="It is so.")
V25 = """
model = "gemini-2.5-flash-native-audio-preview-12-2025"
api_version = "v1alpha"
voice = "sulafat"
thinking = 256
affective_dialog = true
proactive_audio = true
compress_at_tokens = 100000
compress_to_tokens = 50000
"""
HALF = 'model = "gemini-2.0-flash-live-001"\nvoice = "kore"\nlanguage = "de-de"\n'
LEVEL = 'model = "gemini-3.1-flash-live-preview"\nthinking = "low"\n[turns]\ncoverage = "activity"\n'


async def asked(standin: StandIn, live: str) -> dict[str, Any]:
    """The setup of a daemon that has been asked something and has had its answer."""
    toml = f'[audio]\nbackend = "memory"\n[live]\nendpoint = "{standin.url}"\n{live}'
    async with Daemon(toml) as daemon:
        assert (await daemon.run("ask", "Is it so?"))[:2] == (0, "It is so.\n")
        [setup] = [e.message for e in standin.record if e.side == "client" and e.has("setup")]
        judge_client(json.dumps(setup))
        told: dict[str, Any] = setup["setup"]
        return told


@pytest.mark.parametrize(
    ("live", "generation", "outside"),
    [
        (
            V25,
            {
                "responseModalities": ["AUDIO"],
                "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Sulafat"}}},
                "thinkingConfig": {"thinkingBudget": 256},
                "enableAffectiveDialog": True,
            },
            {
                "proactivity": {"proactiveAudio": True},
                "contextWindowCompression": {
                    "triggerTokens": 100_000,
                    "slidingWindow": {"targetTokens": 50_000},
                },
            },
        ),
        (
            HALF,
            {
                "responseModalities": ["AUDIO"],
                "speechConfig": {
                    "voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}},
                    "languageCode": "de-DE",
                },
            },
            {"contextWindowCompression": {"slidingWindow": {}}},
        ),
        (
            LEVEL,
            {"responseModalities": ["AUDIO"], "thinkingConfig": {"thinkingLevel": "LOW"}},
            {
                "realtimeInputConfig": {
                    "automaticActivityDetection": {"disabled": True},
                    "activityHandling": "START_OF_ACTIVITY_INTERRUPTS",
                    "turnCoverage": "TURN_INCLUDES_ONLY_ACTIVITY",
                }
            },
        ),
    ],
    ids=["native audio", "half cascade", "a level"],
)
def test_the_service_is_told_what_is_configured(
    live: str, generation: dict[str, Any], outside: dict[str, Any]
) -> None:
    async def life() -> None:
        async with StandIn(QUIET) as standin:
            setup = await asked(standin, live)
            assert setup["generationConfig"] == generation
            assert {key: setup[key] for key in outside} == outside

    asyncio.run(life())


def test_a_silence_that_is_chosen_is_no_failure_and_the_journal_has_words_where_it_may() -> None:
    async def life() -> None:
        more = '[audio]\nbackend = "memory"\n[privacy]\ntranscripts = true\n'
        for answer, said in (("", "(it chose to say nothing)\n"), ("It is so.", "It is so.\n")):
            async with StandIn(Options(brain=False, voice="tone", answer=answer)) as standin:
                async with Daemon(f'[live]\nendpoint = "{standin.url}"\n{more}') as daemon:
                    assert (await daemon.run("ask", "Is it so?"))[:2] == (0, said)
                    [turn] = daemon.of("turn")
                    assert turn["outcome"] == ("answered" if answer else "silence")
                    assert await daemon.stop() == 0
                assert ("model:It is so." in daemon.log) == bool(answer)

    asyncio.run(life())


def test_a_service_that_may_not_be_interrupted_speaks_on_unheard_and_answers_the_next_question() -> None:
    async def life() -> None:
        options = Options(brain=False, voice="tone", answer=" ".join(["word"] * 8))
        async with StandIn(options) as standin, box(standin, "[turns]\ninterruptible = false\n") as daemon:
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: any(t["mood"] == "speaking" for t in daemon.of("phase")))
            await daemon.ask(do="talk", hold_s=0.4)
            await daemon.until(lambda: len(daemon.of("turn")) == 2)
            assert [turn["outcome"] for turn in daemon.of("turn")] == ["interrupted", "answered"]
            sent = [e for e in standin.record if e.side == "server"]
            assert len([e for e in sent if e.has("setupComplete")]) == 1
            content = [e.message["serverContent"] for e in sent if e.has("serverContent")]
            assert not any("interrupted" in said for said in content)
            assert any("turnComplete" in said for said in content), "the old answer was said to its end"

    asyncio.run(life())
