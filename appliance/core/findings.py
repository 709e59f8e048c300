"""What the service's own tools found, as it tells it beside an answer: programs, their results, sources.

Knows the shapes of executableCode, codeExecutionResult, groundingMetadata and urlContextMetadata. Must never
lose an answer over them: what has another shape is left out, and what is too long is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .messages import Code, CodeResult, Json, Page, Sources

MOST_TEXT = 4_000  # characters of a program, or of what it printed
MOST_LINE = 500  # of a title, an address, a query
MOST_PAGES = 20


def code_in(part: Json) -> Code | CodeResult | None:
    """The program, or the result of one, that a part of an answer holds. Of a thought nothing is shown."""
    if part.get("thought") is True:
        return None
    match part:
        case {"executableCode": Mapping() as code}:
            return Code(_text(code, "language", MOST_LINE).lower(), _text(code, "code", MOST_TEXT))
        case {"codeExecutionResult": Mapping() as result}:
            outcome = _text(result, "outcome", MOST_LINE).removeprefix("OUTCOME_").replace("_", " ").lower()
            return CodeResult(outcome, _text(result, "output", MOST_TEXT))
        case _:
            return None


def sources_in(content: Json) -> Iterator[Sources]:
    """What an answer rests on: searches, and pages that were found or read. Nothing, where there are none."""
    grounding, urls = _table(content, "groundingMetadata"), _table(content, "urlContextMetadata")
    queries = [q[:MOST_LINE] for q in _rows(grounding, "webSearchQueries") if isinstance(q, str)]
    pages = [
        Page(_text(web, "uri", MOST_LINE), _text(web, "title", MOST_LINE))
        for chunk in _rows(grounding, "groundingChunks")
        if isinstance(chunk, Mapping) and (web := _table(chunk, "web"))
    ]
    for read in _rows(urls, "urlMetadata"):
        if isinstance(read, Mapping):
            status = (
                _text(read, "urlRetrievalStatus", MOST_LINE).removeprefix("URL_RETRIEVAL_STATUS_").lower()
            )
            pages.append(Page(_text(read, "retrievedUrl", MOST_LINE), "", status))
    if queries or pages:
        yield Sources(tuple(queries[:MOST_PAGES]), tuple(pages[:MOST_PAGES]))


def _table(parent: Json, key: str) -> Json:
    value = parent.get(key)
    return value if isinstance(value, Mapping) else {}


def _rows(parent: Json, key: str) -> list[object]:
    value = parent.get(key)
    return value if isinstance(value, list) else []


def _text(parent: Json, key: str, most: int) -> str:
    value = parent.get(key)
    return value[:most].encode("utf-8", "replace").decode() if isinstance(value, str) else ""
