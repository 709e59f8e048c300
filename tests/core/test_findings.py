"""What was found: bounded, and never in the way of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.findings import MOST_LINE, MOST_PAGES, MOST_TEXT, code_in, sources_in
from appliance.core.messages import Code, CodeResult, Page, Sources

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["web", "uri", "code"]), inner),
)


def test_a_program_and_its_result() -> None:
    assert code_in({"executableCode": {"language": "PYTHON", "code": "1"}}) == Code("python", "1")
    late = {"codeExecutionResult": {"outcome": "OUTCOME_DEADLINE_EXCEEDED"}}
    assert code_in(late) == CodeResult("deadline exceeded", "")
    assert code_in({"text": "x"}) is None


def test_of_a_thought_nothing_is_shown() -> None:
    assert code_in({"executableCode": {"code": "1"}, "thought": True}) is None


def test_searches_and_pages() -> None:
    content = {
        "groundingMetadata": {
            "webSearchQueries": ["a", 7],
            "groundingChunks": [{"web": {"uri": "u", "title": "t"}}, {"maps": {}}, 7, {"web": {}}],
        },
        "urlContextMetadata": {
            "urlMetadata": [{"retrievedUrl": "v", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_ERROR"}, 7]
        },
    }
    [found] = sources_in(content)
    assert found == Sources(("a",), (Page("u", "t"), Page("v", "", "error")))
    assert list(sources_in({"groundingMetadata": {}})) == []


def test_all_of_it_is_bounded() -> None:
    code = code_in({"executableCode": {"code": "x" * 99_999}})
    assert isinstance(code, Code)
    assert len(code.text) == MOST_TEXT
    chunks = [{"web": {"uri": "u" * 9_999}}] * 99
    [found] = sources_in(
        {"groundingMetadata": {"groundingChunks": chunks, "webSearchQueries": ["q" * 9_999] * 99}}
    )
    assert len(found.pages) == len(found.queries) == MOST_PAGES
    assert len(found.pages[0].uri) == len(found.queries[0]) == MOST_LINE


@given(JSON, JSON)
@pytest.mark.parametrize("key", ["webSearchQueries", "groundingChunks"])
def test_whatever_shape_it_has_nothing_is_raised(key: str, one: object, two: object) -> None:
    list(sources_in({"groundingMetadata": {key: one}, "urlContextMetadata": {"urlMetadata": two}}))
    list(sources_in({"groundingMetadata": one}))
    code_in({"executableCode": one, "codeExecutionResult": two})
