"""What each model generation accepts: data, and the checks of a setup against it.

Knows: the table, and how to add to it. Sources: the model pages and the public protos, as of 2026-08.
Must never know: connections, or what happens after the setup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from .findings import tools_in
from .refusal import Refusal, bad_argument, invalid_payload, unknown_model

_ALL_VERSIONS: Final = frozenset({"v1", "v1beta", "v1alpha"})
_PREVIEW: Final = frozenset({"v1beta", "v1alpha"})  # preview models have only been found there
# generationConfig fields that the Live API knows by name and refuses
_UNSUPPORTED: Final = (
    "responseLogprobs",
    "logprobs",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "stopSequences",
)
_CHUNK_2_5_MS: Final = 62
_CHUNK_3_1_MS: Final = 190


@dataclass(frozen=True, slots=True)
class Profile:
    """One model generation. Field names follow what they gate; empty means "refused"."""

    name: str
    models: tuple[str, ...]  # prefixes of model ids
    versions: frozenset[str] = _ALL_VERSIONS
    modalities: frozenset[str] = frozenset({"AUDIO"})
    thinking: frozenset[str] = frozenset()  # fields of thinkingConfig
    affective: bool = False  # v1alpha only
    proactivity: frozenset[bool] = frozenset()
    proactivity_versions: frozenset[str] = _ALL_VERSIONS
    behaviors: frozenset[str] = frozenset({"BLOCKING", "NON_BLOCKING"})
    default_behavior: str = "BLOCKING"
    content_mid_session: bool = True
    content_needs_history_config: bool = False
    tools: frozenset[str] = frozenset({"googleSearch"})
    mixed_tools: bool = True  # functions beside the service's own
    interaction_status: bool = False
    ends_with_model: bool = False  # history may end with what the model said
    media_chunks: bool = False
    context_update: bool = False
    nulls: bool = True
    language_code: bool = False
    video: bool = True  # pictures, beside audio
    wide_coverage: bool = True  # TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO
    chunk_ms: int = _CHUNK_2_5_MS
    bundled: bool = False  # audio and transcript share a message
    unsolicited_updates: bool = False
    id_prefix: str = "fc_"
    go_away_s: float | None = 540.0


PROFILES: Final[tuple[Profile, ...]] = (
    Profile(
        name="3.8-extended",
        models=("gemini-3.8-live-extended-thinking",),
        thinking=frozenset({"includeThoughts", "thinkingLevel"}),
        interaction_status=True,
        proactivity=frozenset({True}),
        behaviors=frozenset({"NON_BLOCKING"}),
        default_behavior="NON_BLOCKING",
        ends_with_model=True,
        context_update=True,
        chunk_ms=_CHUNK_3_1_MS,
        bundled=True,
        go_away_s=None,
    ),
    Profile(
        name="3.8",
        models=("gemini-3.8-live",),
        proactivity=frozenset({True}),
        default_behavior="NON_BLOCKING",
        ends_with_model=True,
        context_update=True,
        chunk_ms=_CHUNK_3_1_MS,
        bundled=True,
        go_away_s=None,  # one connection was seen to live 58 minutes
    ),
    Profile(
        name="3.1",
        models=("gemini-3.1-flash-live-preview",),
        versions=_PREVIEW,
        thinking=frozenset({"includeThoughts", "thinkingLevel"}),
        behaviors=frozenset({"BLOCKING"}),
        content_mid_session=False,
        content_needs_history_config=True,
        nulls=False,
        chunk_ms=_CHUNK_3_1_MS,
        bundled=True,
        unsolicited_updates=True,
    ),
    Profile(
        name="2.5",
        models=("gemini-2.5-flash-native-audio-",),
        versions=_PREVIEW,
        thinking=frozenset({"includeThoughts", "thinkingBudget"}),
        affective=True,
        mixed_tools=False,
        proactivity=frozenset({True, False}),
        proactivity_versions=frozenset({"v1alpha"}),
        media_chunks=True,
        wide_coverage=False,
        id_prefix="function-call-",
    ),
    Profile(
        name="half-cascade",
        models=("gemini-live-2.5-flash-preview", "gemini-2.0-flash-live-001"),
        versions=_PREVIEW,
        modalities=frozenset({"AUDIO", "TEXT"}),
        media_chunks=True,
        language_code=True,
        tools=frozenset({"googleSearch", "codeExecution", "urlContext"}),
        wide_coverage=False,
        id_prefix="function-call-",
    ),
)


def profile_of(model: str, version: str, forced: str | None = None) -> Profile:
    """The profile of `models/ID` on that API version; `forced` names a profile to use for any model.

    Raises Refusal(1008) for a model the table does not have, or not on that version.
    """
    if forced is not None:
        return named(forced)
    family, _, identity = model.partition("/")
    for profile in PROFILES:
        if family == "models" and identity.startswith(profile.models) and version in profile.versions:
            return profile
    raise unknown_model(model or "models/", version)


def named(name: str) -> Profile:
    """The profile with that name; raises ValueError that lists them all."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise ValueError(f"no model profile {name!r}; there are {', '.join(p.name for p in PROFILES)}")


def check_setup(setup: dict[str, Any], profile: Profile, version: str) -> None:
    """Raise the Refusal that this generation answers such a setup with, if any."""
    _check_generation(setup.get("generationConfig", {}), profile, version)
    if "proactivity" in setup:
        if version not in profile.proactivity_versions:
            raise invalid_payload("Unknown name \"proactivity\" at 'setup': Cannot find field.")
        if setup["proactivity"].get("proactiveAudio", False) not in profile.proactivity:
            raise bad_argument()
    coverage = setup.get("realtimeInputConfig", {}).get("turnCoverage", "")
    if coverage.endswith("ALL_VIDEO") and not profile.wide_coverage:
        raise bad_argument()
    compression = setup.get("contextWindowCompression", {})
    trigger, target = (
        compression.get("triggerTokens"),
        compression.get("slidingWindow", {}).get("targetTokens"),
    )
    if trigger is not None and target is not None and target >= trigger:
        raise bad_argument()
    for part in setup.get("systemInstruction", {}).get("parts", []):
        if "text" not in part:
            raise bad_argument()
    tools = tools_in(setup)
    if not tools <= profile.tools or (tools and declarations_in(setup) and not profile.mixed_tools):
        raise bad_argument()
    for declaration in declarations_in(setup):
        _check_declaration(declaration, profile)


def declarations_in(setup: dict[str, Any]) -> list[dict[str, Any]]:
    """Every function declaration of a setup, over all its tools."""
    return [d for tool in setup.get("tools", []) for d in tool.get("functionDeclarations", [])]


def _check_generation(config: dict[str, Any], profile: Profile, version: str) -> None:
    modalities = config.get("responseModalities", ["AUDIO"])
    if len(modalities) != 1 or modalities[0] not in profile.modalities:
        raise bad_argument()
    if any(name in config for name in _UNSUPPORTED):
        raise bad_argument()
    if not config.get("thinkingConfig", {}).keys() <= profile.thinking or (
        "thinkingConfig" in config and not profile.thinking
    ):
        raise bad_argument()
    if "enableAffectiveDialog" in config:
        if version != "v1alpha":
            raise invalid_payload(
                "Unknown name \"enableAffectiveDialog\" at 'setup.generation_config': Cannot find field."
            )
        if not profile.affective:
            raise bad_argument()
    if "languageCode" in config.get("speechConfig", {}) and not profile.language_code:
        raise bad_argument()
    if not 0.0 <= config.get("temperature", 1.0) <= 2.0:
        raise bad_argument()


def _check_declaration(declaration: dict[str, Any], profile: Profile) -> None:
    name = declaration.get("name", "")
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:.-")
    if not 1 <= len(name) <= 64 or not set(name) <= allowed or not declaration.get("description"):
        raise bad_argument()
    behavior = declaration.get("behavior", profile.default_behavior)
    if behavior not in profile.behaviors:
        raise bad_argument()
    _check_schema(declaration.get("parameters", {}))


def _check_schema(schema: dict[str, Any]) -> None:
    properties = schema.get("properties", {})
    if not set(schema.get("required", [])) <= properties.keys():
        raise bad_argument()
    if schema.get("type") == "ARRAY" and "items" not in schema:
        raise bad_argument()
    for inner in [
        *properties.values(),
        *schema.get("anyOf", []),
        *([schema["items"]] if "items" in schema else []),
    ]:
        _check_schema(inner)


__all__ = ["PROFILES", "Profile", "Refusal", "check_setup", "declarations_in", "named", "profile_of"]
