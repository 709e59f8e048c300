"""Whether a model takes what the configuration asks of it.

Knows settings and profiles. The service closes the connection at a setup that its model does not take, and
says little about why: so nothing of the kind is ever sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

from .models import FIRST_VOICES, Profile, profile_of, profiles
from .problems import Section, one_of
from .settings import TOKEN_VERSION, Config, Live, Served, ServiceTools

COMPRESSED_AT = 0.8  # of the window: where the service begins to drop turns, if nobody says so

Wrong = tuple[str, object, str]
"""Key, what was found, what is allowed instead."""


def suit(config: Config, root: Section) -> tuple[str, ...]:
    """Notes in `root` whatever a configured model does not take; returns warnings about the rest."""
    live = config.live
    warnings: list[str] = []
    if config.turns.mode == "local" and config.turns.server != Served():
        warnings.append("turns.server is ignored: turns.mode is 'local'")
    for model in (live.model, *live.fallback_models):
        profile, known = profile_of(model)
        if not known and model.strip():
            warnings.append(f"the model {model!r} is not known; it is treated as {profile.ids[0]!r}")
        if profile.gone:
            warnings.append(f"the model {model!r} was shut down on {profile.gone}")
        if live.language and not profile.language:
            warnings.append(f"live.language is ignored: {model!r} chooses the language by itself")
        wrong = list(_wrong(live, profile, model))
        if known and live.api_version not in profile.versions:
            wrong.append(("live.api_version", live.api_version, f"{one_of(profile.versions)} for {model!r}"))
        if live.auth == "token" and known and TOKEN_VERSION not in profile.versions:
            others = _others(lambda p: TOKEN_VERSION in p.versions)
            wrong.append(("live.auth", live.auth, f"'key' for {model!r}; {others}"))
        elif live.auth == "token" and live.api_version != TOKEN_VERSION:
            allowed = f"'key', or live.api_version = {TOKEN_VERSION!r}, for {model!r}"
            wrong.append(("live.auth", live.auth, allowed))
        if config.turns.coverage and config.turns.coverage not in profile.coverage:
            allowed = f"{one_of(profile.coverage)} for {model!r}"
            wrong.append(("turns.coverage", config.turns.coverage, allowed))
        if config.camera.source and not profile.video:
            others = _others(lambda p: p.video)
            wrong.append(("camera.source", config.camera.source, f"'' for {model!r}; {others}"))
        for key, found, allowed in wrong:
            root.elsewhere(key, found, allowed)
    return tuple(warnings)


def _wrong(live: Live, profile: Profile, model: str) -> Iterator[Wrong]:
    if live.modality not in profile.modalities:
        others = _others(lambda p: live.modality in p.modalities)
        yield "live.modality", live.modality, f"{one_of(profile.modalities)} for {model!r}; {others}"
    if live.voice not in ("", *FIRST_VOICES) and profile.language:
        yield "live.voice", live.voice, f"{one_of(FIRST_VOICES)} for {model!r}"
    yield from _thinking(live, profile, model)
    if live.affective_dialog and live.api_version not in profile.affective:
        yield (
            "live.affective_dialog",
            True,
            _false(profile.affective, model, _others(lambda p: bool(p.affective))),
        )
    if live.proactive_audio and not profile.always_proactive and live.api_version not in profile.proactive:
        others = _others(lambda p: bool(p.proactive) or p.always_proactive)
        yield "live.proactive_audio", True, _false(profile.proactive, model, others)
    yield from _tools(live, profile, model)
    if live.compress_at_tokens is not None and live.compress_at_tokens >= profile.context:
        allowed = f"less than {profile.context} tokens, the window of {model!r}"
        yield "live.compress_at_tokens", live.compress_at_tokens, allowed
    most = int(COMPRESSED_AT * profile.context)
    if live.compress_at_tokens is None and live.compress_to_tokens and live.compress_to_tokens >= most:
        allowed = f"less than {most} tokens, where {model!r} begins to drop turns"
        yield "live.compress_to_tokens", live.compress_to_tokens, allowed


def _thinking(live: Live, profile: Profile, model: str) -> Iterator[Wrong]:
    if live.thinking == "":
        return
    fits = {
        "none": False,
        "budget": isinstance(live.thinking, int),
        "level": live.thinking in profile.levels,
    }[profile.thinking]
    if not fits:
        ways = {
            "none": f"'': {model!r} does not take it",
            "budget": f"a number of tokens for {model!r}, 0 for none",
            "level": f"{one_of(profile.levels)} for {model!r}",
        }
        yield "live.thinking", live.thinking, ways[profile.thinking]


def _tools(live: Live, profile: Profile, model: str) -> Iterator[Wrong]:
    for tool in (field.name for field in fields(ServiceTools)):
        if not getattr(live.tools, tool):
            continue
        if tool not in profile.tools:
            others = _others(_having(tool))
            yield f"live.tools.{tool}", True, f"false for {model!r}; {others}"
        elif not profile.mixed_tools:
            yield f"live.tools.{tool}", True, f"false for {model!r}, which takes it only without functions"


def _false(versions: tuple[str, ...], model: str, others: str) -> str:
    if versions:
        return f"false, or live.api_version = {one_of(versions)}, for {model!r}"
    return f"false for {model!r}; {others}"


def _having(tool: str) -> Callable[[Profile], bool]:
    return lambda profile: tool in profile.tools


def _others(has: Callable[[Profile], bool]) -> str:
    """The models that can do it."""
    names = [profile.ids[0] for profile in profiles() if has(profile) and not profile.gone]
    return f"models that can: {', '.join(names)}" if names else "no model that is still offered can"
