"""What each model takes, and the names that all of them know.

Knows models.toml. Must never know what the user wants of a model: that is checked by config.py.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Profile:
    """One model, or a family of them; the fields are explained in models.toml."""

    ids: tuple[str, ...]
    versions: tuple[str, ...]
    modalities: tuple[str, ...]
    thinking: str
    levels: tuple[str, ...]
    affective: tuple[str, ...]
    proactive: tuple[str, ...]
    always_proactive: bool
    language: bool
    behaviors: tuple[str, ...]
    tools: tuple[str, ...]
    mixed_tools: bool
    coverage: tuple[str, ...]
    text: str
    seeding: str
    video: bool
    context: int
    newest: bool = False
    gone: date | None = None

    def knows(self, model: str) -> bool:
        return model.removeprefix("models/").startswith(self.ids)


@cache
def profiles() -> tuple[Profile, ...]:
    """All of them, the most particular names first."""
    table = tomllib.loads(files(__package__).joinpath("models.toml").read_text(encoding="utf-8"))
    return tuple(Profile(**{key: _frozen(value) for key, value in entry.items()}) for entry in table["model"])


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def profile_of(model: str) -> tuple[Profile, bool]:
    """The profile of a model, and whether it is really its own: an unknown one gets the newest."""
    for profile in profiles():
        if profile.knows(model):
            return profile, True
    return next(profile for profile in profiles() if profile.newest), False


# The voices of the service by name: the eight of the first models, then those that came with native audio.
VOICES = (
    *("Puck", "Charon", "Kore", "Fenrir", "Aoede", "Leda", "Orus", "Zephyr"),
    *("Achernar", "Achird", "Algenib", "Algieba", "Alnilam", "Autonoe", "Callirrhoe", "Despina"),
    *("Enceladus", "Erinome", "Gacrux", "Iapetus", "Laomedeia", "Pulcherrima", "Rasalgethi"),
    *("Sadachbia", "Sadaltager", "Schedar", "Sulafat", "Umbriel", "Vindemiatrix", "Zubenelgenubi"),
)
FIRST_VOICES = VOICES[:8]

LANGUAGES = {  # BCP-47, as the Live API guide lists them
    "de-DE": "German (Germany)",
    "en-AU": "English (Australia)",
    "en-GB": "English (United Kingdom)",
    "en-IN": "English (India)",
    "en-US": "English (US)",
    "es-US": "Spanish (United States)",
    "fr-FR": "French (France)",
    "hi-IN": "Hindi (India)",
    "pt-BR": "Portuguese (Brazil)",
    "ar-XA": "Arabic (Generic)",
    "es-ES": "Spanish (Spain)",
    "fr-CA": "French (Canada)",
    "id-ID": "Indonesian (Indonesia)",
    "it-IT": "Italian (Italy)",
    "ja-JP": "Japanese (Japan)",
    "tr-TR": "Turkish (Turkey)",
    "vi-VN": "Vietnamese (Vietnam)",
    "bn-IN": "Bengali (India)",
    "gu-IN": "Gujarati (India)",
    "kn-IN": "Kannada (India)",
    "ml-IN": "Malayalam (India)",
    "mr-IN": "Marathi (India)",
    "ta-IN": "Tamil (India)",
    "te-IN": "Telugu (India)",
    "nl-NL": "Dutch (Netherlands)",
    "ko-KR": "Korean (South Korea)",
    "cmn-CN": "Mandarin Chinese (China)",
    "pl-PL": "Polish (Poland)",
    "ru-RU": "Russian (Russia)",
    "th-TH": "Thai (Thailand)",
}
