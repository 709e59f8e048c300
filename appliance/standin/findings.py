"""What the service's own tools found in a turn, as it tells it beside the answer.

Knows: which tools a setup asked for, and the messages that each of them leads to.
Must never know: what was asked, or answered.
"""

from __future__ import annotations

from typing import Any

from . import messages

PROGRAM = "print(sum(range(10)))"
PAGE = {"uri": "https://example.com/earthquakes", "title": "Earthquakes of the week"}


def tools_in(setup: dict[str, Any]) -> set[str]:
    """The service's own tools that this setup asks for."""
    return {name for tool in setup.get("tools", []) for name in tool if name != "functionDeclarations"}


def before(setup: dict[str, Any]) -> list[dict[str, Any]]:
    """What comes before the answer: a program and its result."""
    if "codeExecution" not in tools_in(setup):
        return []
    parts = [
        {"executableCode": {"language": "PYTHON", "code": PROGRAM}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "45\n"}},
    ]
    return [messages.content(modelTurn={"parts": [part]}) for part in parts]


def beside(setup: dict[str, Any]) -> dict[str, Any]:
    """What stands beside the end of the answer: its sources."""
    found: dict[str, Any] = {}
    if "googleSearch" in tools_in(setup):
        found["groundingMetadata"] = {
            "webSearchQueries": ["largest earthquake this week"],
            "groundingChunks": [{"web": PAGE}],
        }
    if "urlContext" in tools_in(setup):
        read = {"retrievedUrl": PAGE["uri"], "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"}
        found["urlContextMetadata"] = {"urlMetadata": [read]}
    return found
