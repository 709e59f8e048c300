"""The keys of [live] extra_setup: which of them would break what the box itself says to the service.

Knows what the box decides, and where the user sets it instead. All other keys are the service's to check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from .problems import Section

SESSION = "without it the service ends a session after 15 minutes of sound, or 2 with pictures"
ELSEWHERE = {  # what the box sets by itself: what to use in its place
    "model": "live.model",
    "sessionResumption": "nothing: the box resumes by itself",
    "tools": "live.tools, and the functions of the box",
    "systemInstruction": "live.system_instruction",
    "contextWindowCompression": f"live.compress_at_tokens and compress_to_tokens; it is always on: {SESSION}",
    "realtimeInputConfig": "[turns]",
    "proactivity": "live.proactive_audio",
    "historyConfig": "privacy.remember",
    "generationConfig.responseModalities": "live.modality: one, as the service takes no two in a session",
    "generationConfig.speechConfig": "live.voice and live.language",
    "generationConfig.thinkingConfig": "live.thinking",
    "generationConfig.enableAffectiveDialog": "live.affective_dialog",
}
# Of generationConfig: what the Live API knows by name and does not take (its own reference says so).
REFUSED = (
    *("responseLogprobs", "logprobs", "responseMimeType", "responseSchema", "responseJsonSchema"),
    *("stopSequence", "stopSequences", "routingConfig", "audioTimestamp"),
)
NESTED = "generationConfig"


def extra_setup(section: Section) -> Mapping[str, object]:
    """The keys that were given, or none of them where one is wrong."""
    extra = section.raw("extra_setup")
    if extra is None:
        return {}
    if not isinstance(extra, Mapping):
        section.wrong("extra_setup", extra, "a table of keys of the setup message")
        return {}
    before = len(section.problems)
    for key, value in extra.items():
        _check(section, key)
        if key == NESTED and isinstance(value, Mapping):
            for inner in value:
                _check(section, f"{NESTED}.{inner}")
        elif key == NESTED:
            section.describe(
                "extra_setup", f"{NESTED} = {value!r}"[:60], "a table of keys of generationConfig"
            )
    try:
        json.dumps(extra)
    except (TypeError, ValueError):
        section.wrong("extra_setup", "a date or a time", "texts, numbers, true and false, lists and tables")
    return {} if len(section.problems) > before else extra


def _check(section: Section, key: str) -> None:
    camel = re.sub(r"_+([a-z])", lambda letter: letter[1].upper(), key)
    if instead := ELSEWHERE.get(camel):
        section.wrong("extra_setup", key, f"any key but those that the box itself sets; use {instead}")
    elif camel.removeprefix(f"{NESTED}.") in REFUSED and camel.startswith(NESTED):
        section.wrong("extra_setup", key, "any key but those that the Live API refuses")
    elif camel != key:
        section.wrong("extra_setup", key, f"the spelling of the service: {camel!r}")
