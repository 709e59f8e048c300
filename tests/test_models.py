"""The table of models, and what a configuration may ask of each."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from appliance.app import conversation
from appliance.config import parse
from appliance.core.wire import encode
from appliance.errors import ConfigError
from appliance.models import FIRST_VOICES, LANGUAGES, VOICES, profile_of, profiles
from appliance.skills import OWN_TOOLS
from appliance.standin.profile import PROFILES

from .judge import judge_client

V25 = "gemini-2.5-flash-native-audio-preview-12-2025"
V31 = "gemini-3.1-flash-live-preview"
V38 = "gemini-3.8-live"
HALF = "gemini-2.0-flash-live-001"


def wrong(live: dict[str, Any], turns: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(ConfigError) as error:
        parse({"live": live, "turns": turns or {}})
    return [(problem.key, problem.allowed) for problem in error.value.problems]


def test_every_model_of_the_independent_witness_is_known() -> None:
    """The stand-in has a table of its own, written by somebody else."""
    for theirs in PROFILES:
        for model in theirs.models:
            ours, known = profile_of(model)
            assert known
            assert {m.upper() for m in ours.modalities} == set(theirs.modalities)
            assert set(ours.behaviors) == set(theirs.behaviors)
            assert bool(ours.affective) == theirs.affective
            assert ours.language == theirs.language_code
            fields = {"none": set(), "budget": {"thinkingBudget"}, "level": {"thinkingLevel"}}[ours.thinking]
            assert fields == theirs.thinking - {"includeThoughts"}
            assert ours.video == theirs.video
            assert {OWN_TOOLS[tool] for tool in ours.tools} == theirs.tools
            assert ours.mixed_tools == theirs.mixed_tools
            assert ("activity_and_video" in ours.coverage) == theirs.wide_coverage


def test_an_unknown_model_is_treated_as_the_newest_and_says_so() -> None:
    assert profile_of("gemini-9-live") == (profile_of(V38)[0], False)
    [warning] = parse({"live": {"model": "gemini-9-live"}}).warnings
    assert warning == "the model 'gemini-9-live' is not known; it is treated as 'gemini-3.8-live'"


def test_the_most_particular_name_counts() -> None:
    assert profile_of("models/gemini-3.8-live-extended-thinking")[0].behaviors == ("NON_BLOCKING",)
    assert sum(profile.newest for profile in profiles()) == 1


def test_a_model_that_is_gone_is_a_warning() -> None:
    assert profile_of(HALF)[0].gone == date(2025, 12, 9)
    assert parse({"live": {"model": HALF}}).warnings == (f"the model '{HALF}' was shut down on 2025-12-09",)


GUIDE_VOICES = "Puck Charon Kore Fenrir Aoede Leda Orus Zephyr"
NEWER_VOICES = """
    Callirrhoe Autonoe Enceladus Iapetus Umbriel Algieba Despina Erinome Algenib Rasalgethi Laomedeia
    Achernar Alnilam Schedar Gacrux Pulcherrima Achird Zubenelgenubi Vindemiatrix Sadachbia Sadaltager
    Sulafat
"""
GUIDE_LANGUAGES = """
    German (Germany) de-DE
    English (Australia) en-AU
    English (United Kingdom) en-GB
    English (India) en-IN
    English (US) en-US
    Spanish (United States) es-US
    French (France) fr-FR
    Hindi (India) hi-IN
    Portuguese (Brazil) pt-BR
    Arabic (Generic) ar-XA
    Spanish (Spain) es-ES
    French (Canada) fr-CA
    Indonesian (Indonesia) id-ID
    Italian (Italy) it-IT
    Japanese (Japan) ja-JP
    Turkish (Turkey) tr-TR
    Vietnamese (Vietnam) vi-VN
    Bengali (India) bn-IN
    Gujarati (India) gu-IN
    Kannada (India) kn-IN
    Malayalam (India) ml-IN
    Marathi (India) mr-IN
    Tamil (India) ta-IN
    Telugu (India) te-IN
    Dutch (Netherlands) nl-NL
    Korean (South Korea) ko-KR
    Mandarin Chinese (China) cmn-CN
    Polish (Poland) pl-PL
    Russian (Russia) ru-RU
    Thai (Thailand) th-TH
"""


def test_the_voices_are_those_of_the_guide_and_those_that_came_later() -> None:
    """As the guide of 2025-05-29 lists them, and the pages about speech since."""
    assert tuple(GUIDE_VOICES.split()) == FIRST_VOICES
    assert sorted(VOICES) == sorted((GUIDE_VOICES + " " + NEWER_VOICES).split())
    assert len(VOICES) == 30


def test_the_languages_are_those_of_the_guide() -> None:
    listed = [line.strip().rpartition(" ") for line in GUIDE_LANGUAGES.strip().splitlines()]
    assert {code: name for name, _, code in listed} == LANGUAGES
    assert len(listed) == len(LANGUAGES) == 30
    for code in LANGUAGES:
        assert parse({"live": {"model": HALF, "language": code.lower()}}).live.language == code


def test_every_voice_is_taken_in_any_case_and_the_nearest_is_named() -> None:
    for voice in VOICES:
        assert parse({"live": {"voice": voice.upper()}}).live.voice == voice
    with pytest.raises(ConfigError, match="did you mean 'Zubenelgenubi'"):
        parse({"live": {"voice": "Zubenelgenub"}})
    with pytest.raises(ConfigError, match="did you mean 'cmn-CN'"):
        parse({"live": {"language": "cm-CN"}})


def test_there_is_one_modality() -> None:
    for several in (["audio", "text"], ["audio"], [], "audio,text"):
        [(key, allowed)] = wrong({"model": HALF, "modality": several})
        assert (key, allowed) == ("live.modality", "'audio', 'text'")


@pytest.mark.parametrize(
    ("live", "key", "remedy"),
    [
        ({"model": V38, "thinking": "low"}, "live.thinking", "does not take it"),
        ({"model": V31, "thinking": 100}, "live.thinking", "'minimal', 'low', 'medium', 'high'"),
        ({"model": V25, "thinking": "low"}, "live.thinking", "a number of tokens"),
        ({"model": V25, "affective_dialog": True}, "live.affective_dialog", "live.api_version = 'v1alpha'"),
        ({"model": V38, "affective_dialog": True}, "live.affective_dialog", "gemini-2.5-flash-native-audio"),
        ({"model": V25, "proactive_audio": True}, "live.proactive_audio", "live.api_version = 'v1alpha'"),
        ({"model": V31, "proactive_audio": True}, "live.proactive_audio", "gemini-3.8-live"),
        ({"model": V38, "modality": "text"}, "live.modality", "no model that is still offered can"),
        (
            {"model": V38, "api_version": "v1alpha"},
            "live.api_version",
            "'v1beta', 'v1' for",
        ),
        ({"model": HALF, "voice": "Sulafat"}, "live.voice", "'Puck'"),
        ({"model": V38, "tools": {"code_execution": True}}, "live.tools.code_execution", "false for"),
        (
            {"model": V25, "tools": {"google_search": True}},
            "live.tools.google_search",
            "without functions",
        ),
        ({"model": HALF, "compress_at_tokens": 40_000}, "live.compress_at_tokens", "less than 32768"),
        ({"model": V38, "fallback_models": [V25], "thinking": 0}, "live.thinking", V38),
    ],
)
def test_what_a_model_does_not_take_is_a_mistake_with_a_way_out(
    live: dict[str, Any], key: str, remedy: str
) -> None:
    [(found, allowed)] = wrong(live)
    assert found == key
    assert remedy in allowed


def test_coverage_depends_on_the_model() -> None:
    [(key, allowed)] = wrong({"model": V25}, {"coverage": "activity_and_video"})
    assert (key, allowed) == ("turns.coverage", f"'activity', 'all_input' for '{V25}'")


def test_a_language_is_ignored_where_the_model_chooses() -> None:
    config = parse({"live": {"model": V38, "language": "de-DE"}})
    assert config.warnings == (f"live.language is ignored: '{V38}' chooses the language by itself",)
    assert "languageCode" not in encode(conversation(config, None).session.setup)


@pytest.mark.parametrize(
    "live",
    [
        {"model": V38, "voice": "sulafat", "tools": {"google_search": True}},
        {"model": "gemini-3.8-live-extended-thinking", "thinking": "high"},
        {"model": V31, "thinking": "minimal"},
        {
            "model": V25,
            "api_version": "v1alpha",
            "affective_dialog": True,
            "proactive_audio": True,
            "thinking": 0,
        },
        {"model": HALF, "modality": "text", "language": "ja-JP", "tools": {"code_execution": True}},
        {"model": V38, "extra_setup": {"generationConfig": {"temperature": 0.5}}},
    ],
)
def test_every_setup_is_one_that_the_public_types_know(live: dict[str, Any]) -> None:
    config = parse({"live": live, "lights": {"lamp": {"pin": 4}}, "turns": {"coverage": "activity"}})
    judge_client(encode(conversation(config, None).session.setup))


def test_an_instruction_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "told.txt").write_text("You are a parrot.\n", encoding="utf-8")
    file = str(tmp_path / "appliance.toml")
    config = parse({"live": {"system_instruction_file": "told.txt"}}, file)
    assert config.live.system_instruction == "You are a parrot."
    (tmp_path / "told.txt").write_text("", encoding="utf-8")
    for table in ({"system_instruction_file": "told.txt"}, {"system_instruction_file": "gone.txt"}):
        with pytest.raises(ConfigError, match="system_instruction_file"):
            parse({"live": table}, file)
    (tmp_path / "told.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="not both"):
        parse({"live": {"system_instruction_file": "told.txt", "system_instruction": "y"}}, file)
