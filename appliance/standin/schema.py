"""The client half of the Live API as tables: every message, every field, every enum.

Knows: names and types, in proto3-JSON spelling.
Must never know: how they are decoded (strict.py), nor which model likes which field (profile.py).

A type is a word ("string", "bytes", ...), an `Enum` with its values, `Many(type)` for a repeated
field, `Message("Name")` for a nested message, or `MapOf("Name")` for a map from strings to messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Message:
    """A nested message, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map from strings to the named message."""

    name: str


@dataclass(frozen=True, slots=True)
class Enum:
    """A closed set of names; their position is their number."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Many:
    """A repeated field."""

    of: Message | Enum | str


FieldType = str | Message | MapOf | Enum | Many

_MODALITY = Enum("Modality", ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"))
_RESOLUTION = Enum(
    "MediaResolution",
    (
        "MEDIA_RESOLUTION_UNSPECIFIED",
        "MEDIA_RESOLUTION_LOW",
        "MEDIA_RESOLUTION_MEDIUM",
        "MEDIA_RESOLUTION_HIGH",
    ),
)
_THINKING = Enum("ThinkingLevel", ("THINKING_LEVEL_UNSPECIFIED", "LOW", "HIGH", "MEDIUM", "MINIMAL"))
_START = Enum(
    "StartSensitivity", ("START_SENSITIVITY_UNSPECIFIED", "START_SENSITIVITY_HIGH", "START_SENSITIVITY_LOW")
)
_END = Enum("EndSensitivity", ("END_SENSITIVITY_UNSPECIFIED", "END_SENSITIVITY_HIGH", "END_SENSITIVITY_LOW"))
_HANDLING = Enum(
    "ActivityHandling",
    ("ACTIVITY_HANDLING_UNSPECIFIED", "START_OF_ACTIVITY_INTERRUPTS", "NO_INTERRUPTION"),
)
_COVERAGE = Enum(
    "TurnCoverage",
    (
        "TURN_COVERAGE_UNSPECIFIED",
        "TURN_INCLUDES_ONLY_ACTIVITY",
        "TURN_INCLUDES_ALL_INPUT",
        "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO",
    ),
)
_TYPE = Enum(
    "Type", ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL")
)
_BEHAVIOR = Enum("Behavior", ("UNSPECIFIED", "BLOCKING", "NON_BLOCKING"))
_SCHEDULING = Enum("Scheduling", ("SCHEDULING_UNSPECIFIED", "SILENT", "WHEN_IDLE", "INTERRUPT"))
_LANGUAGE = Enum("Language", ("LANGUAGE_UNSPECIFIED", "PYTHON"))
_OUTCOME = Enum(
    "Outcome", ("OUTCOME_UNSPECIFIED", "OUTCOME_OK", "OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED")
)

CLIENT: Final = "BidiGenerateContentClientMessage"

# Of these fields of a message at most one may be set.
ONE_OF: Final[dict[str, tuple[str, ...]]] = {
    CLIENT: ("setup", "clientContent", "realtimeInput", "toolResponse", "contextUpdate"),
    "Part": (
        "text",
        "inlineData",
        "functionCall",
        "functionResponse",
        "fileData",
        "executableCode",
        "codeExecutionResult",
    ),
    "FunctionDeclaration": ("parameters", "parametersJsonSchema"),
}

MESSAGES: Final[dict[str, dict[str, FieldType]]] = {
    CLIENT: {
        "setup": Message("Setup"),
        "clientContent": Message("ClientContent"),
        "realtimeInput": Message("RealtimeInput"),
        "toolResponse": Message("ToolResponse"),
        "contextUpdate": Message("ContextUpdate"),
    },
    "Setup": {
        "model": "string",
        "generationConfig": Message("GenerationConfig"),
        "systemInstruction": Message("Content"),
        "tools": Many(Message("Tool")),
        "realtimeInputConfig": Message("RealtimeInputConfig"),
        "sessionResumption": Message("SessionResumption"),
        "contextWindowCompression": Message("ContextWindowCompression"),
        "inputAudioTranscription": Message("Empty"),
        "outputAudioTranscription": Message("Empty"),
        "proactivity": Message("Proactivity"),
        "historyConfig": Message("HistoryConfig"),
    },
    "Empty": {},
    "Proactivity": {"proactiveAudio": "bool"},
    "HistoryConfig": {"initialHistoryInClientContent": "bool"},
    "SessionResumption": {"handle": "string"},
    "ContextWindowCompression": {"triggerTokens": "int64", "slidingWindow": Message("SlidingWindow")},
    "SlidingWindow": {"targetTokens": "int64"},
    "RealtimeInputConfig": {
        "automaticActivityDetection": Message("AutomaticActivityDetection"),
        "activityHandling": _HANDLING,
        "turnCoverage": _COVERAGE,
    },
    "AutomaticActivityDetection": {
        "disabled": "bool",
        "startOfSpeechSensitivity": _START,
        "endOfSpeechSensitivity": _END,
        "prefixPaddingMs": "int32",
        "silenceDurationMs": "int32",
    },
    "GenerationConfig": {
        "candidateCount": "int32",
        "stopSequences": Many("string"),
        "maxOutputTokens": "int32",
        "temperature": "float",
        "topP": "float",
        "topK": "int32",
        "seed": "int32",
        "responseMimeType": "string",
        "responseSchema": Message("Schema"),
        "responseJsonSchema": "any",
        "presencePenalty": "float",
        "frequencyPenalty": "float",
        "responseLogprobs": "bool",
        "logprobs": "int32",
        "enableEnhancedCivicAnswers": "bool",
        "responseModalities": Many(_MODALITY),
        "speechConfig": Message("SpeechConfig"),
        "thinkingConfig": Message("ThinkingConfig"),
        "mediaResolution": _RESOLUTION,
        "enableAffectiveDialog": "bool",
        "translationConfig": Message("TranslationConfig"),
    },
    "TranslationConfig": {"targetLanguageCode": "string", "echoTargetLanguage": "bool"},
    "ThinkingConfig": {
        "includeThoughts": "bool",
        "thinkingBudget": "int32",
        "thinkingLevel": _THINKING,
    },
    "SpeechConfig": {"voiceConfig": Message("VoiceConfig"), "languageCode": "string"},
    "VoiceConfig": {"prebuiltVoiceConfig": Message("PrebuiltVoiceConfig")},
    "PrebuiltVoiceConfig": {"voiceName": "string"},
    "Tool": {
        "functionDeclarations": Many(Message("FunctionDeclaration")),
        "googleSearch": Message("GoogleSearch"),
        "codeExecution": Message("Empty"),
        "urlContext": Message("Empty"),
    },
    "GoogleSearch": {"timeRangeFilter": Message("Interval")},
    "Interval": {"startTime": "string", "endTime": "string"},
    "FunctionDeclaration": {
        "name": "string",
        "description": "string",
        "behavior": _BEHAVIOR,
        "parameters": Message("Schema"),
        "parametersJsonSchema": "any",
        "response": Message("Schema"),
        "responseJsonSchema": "any",
    },
    "Schema": {
        "type": _TYPE,
        "format": "string",
        "title": "string",
        "description": "string",
        "nullable": "bool",
        "enum": Many("string"),
        "items": Message("Schema"),
        "maxItems": "int64",
        "minItems": "int64",
        "properties": MapOf("Schema"),
        "required": Many("string"),
        "minProperties": "int64",
        "maxProperties": "int64",
        "minimum": "float",
        "maximum": "float",
        "minLength": "int64",
        "maxLength": "int64",
        "pattern": "string",
        "example": "any",
        "anyOf": Many(Message("Schema")),
        "propertyOrdering": Many("string"),
        "default": "any",
    },
    "ClientContent": {"turns": Many(Message("Content")), "turnComplete": "bool"},
    "Content": {"parts": Many(Message("Part")), "role": "string"},
    "Part": {
        "text": "string",
        "inlineData": Message("Blob"),
        "functionCall": Message("FunctionCall"),
        "functionResponse": Message("FunctionResponse"),
        "fileData": Message("FileData"),
        "executableCode": Message("ExecutableCode"),
        "codeExecutionResult": Message("CodeExecutionResult"),
        "thought": "bool",
        "thoughtSignature": "bytes",
    },
    "Blob": {"mimeType": "string", "data": "bytes"},
    "FileData": {"mimeType": "string", "fileUri": "string"},
    "ExecutableCode": {"language": _LANGUAGE, "code": "string"},
    "CodeExecutionResult": {"outcome": _OUTCOME, "output": "string"},
    "FunctionCall": {"id": "string", "name": "string", "args": "struct"},
    "RealtimeInput": {
        "mediaChunks": Many(Message("Blob")),
        "audio": Message("Blob"),
        "audioStreamEnd": "bool",
        "video": Message("Blob"),
        "text": "string",
        "activityStart": Message("Empty"),
        "activityEnd": Message("Empty"),
    },
    "ToolResponse": {"functionResponses": Many(Message("FunctionResponse"))},
    "FunctionResponse": {
        "id": "string",
        "name": "string",
        "response": "struct",
        "willContinue": "bool",
        "scheduling": _SCHEDULING,
    },
    "ContextUpdate": {"systemInstruction": Message("Content"), "tools": Message("ToolList")},
    "ToolList": {"tools": Many(Message("Tool"))},
}
