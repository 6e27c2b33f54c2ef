"""What the router sees of a question asked of an index: the question."""

import asyncio
from typing import Any

import pytest
from llama_index.core import PromptTemplate, Settings
from llama_index.core.base.response.schema import AsyncStreamingResponse, StreamingResponse
from llama_index.core.schema import QueryBundle
from pydantic import ValidationError

from llamaindex_routellm.spans import OpenSpans
from tests.llamaindex.fakes import routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

EASY = "What is 2+2?"
INDEX = index_of_documents()
MODES = {
    "compact": 1,
    "refine": 6,
    "tree_summarize": 1,
    "simple_summarize": 1,
    "accumulate": 6,
    "compact_accumulate": 1,
    "generation": 1,
}
"""Response modes, and how many calls each makes over six chunks: one for what fits a window of 4,096
tokens (six documents of about 220), one a chunk for those that never join chunks."""


@pytest.mark.parametrize(("mode", "calls"), MODES.items())
def test_every_response_mode_scores_the_bare_question_once(mode: Any, calls: int) -> None:
    routed, spy = routed_over_fakes()
    engine = INDEX.as_query_engine(llm=routed, response_mode=mode, similarity_top_k=6)
    with routed.capture() as decisions:
        answer = engine.query(EASY)
    assert spy.seen == [EASY]
    assert [decision.model for decision in decisions] == ["weak"] * calls
    assert "small says so" in str(answer)


@pytest.mark.parametrize(("mode", "calls"), MODES.items())
@pytest.mark.parametrize("use_async", [False, True])
async def test_every_response_mode_does_so_in_async(mode: Any, calls: int, use_async: bool) -> None:
    routed, spy = routed_over_fakes()
    engine = INDEX.as_query_engine(llm=routed, response_mode=mode, similarity_top_k=6, use_async=use_async)
    with routed.capture() as decisions:
        answer = await engine.aquery(EASY)
    assert spy.seen == [EASY]
    assert [decision.model for decision in decisions] == ["weak"] * calls
    assert "small says so" in str(answer)


@pytest.mark.parametrize("mode", ["compact", "refine", "tree_summarize", "simple_summarize", "generation"])
async def test_streaming_engines_score_the_bare_question_once(mode: Any) -> None:
    routed, spy = routed_over_fakes()
    engine = INDEX.as_query_engine(llm=routed, response_mode=mode, similarity_top_k=6, streaming=True)
    answer = engine.query(EASY)
    assert isinstance(answer, StreamingResponse)
    assert "".join(answer.response_gen) == "small says so"
    async_answer = await engine.aquery(EASY)
    assert isinstance(async_answer, AsyncStreamingResponse)
    assert "".join([token async for token in async_answer.async_response_gen()]) == "small says so"
    assert spy.seen == [EASY]


def test_a_hard_question_goes_strong_whatever_the_documents_say() -> None:
    routed, spy = routed_over_fakes()
    assert str(INDEX.as_query_engine(llm=routed).query("HARD: why?")) == "big says so"
    assert spy.seen == ["HARD: why?"]


def test_a_query_bundle_is_scored_by_its_question() -> None:
    routed, spy = routed_over_fakes()
    INDEX.as_query_engine(llm=routed).query(QueryBundle(EASY, custom_embedding_strs=["HARD"]))
    assert spy.seen == [EASY]


@pytest.mark.parametrize(
    "template",
    [
        PromptTemplate("{context_str} and then {query_str}"),
        PromptTemplate(
            "{docs} and then {ask}", template_var_mappings={"context_str": "docs", "query_str": "ask"}
        ),
        PromptTemplate(
            "{context_str} {query_str}", function_mappings={"query_str": lambda **kwargs: "HARD rewritten"}
        ),
    ],
)
def test_custom_templates_are_scored_by_the_question(template: PromptTemplate) -> None:
    routed, spy = routed_over_fakes()
    INDEX.as_query_engine(llm=routed, text_qa_template=template).query(EASY)
    assert spy.seen == [EASY]


def test_settings_llm_is_all_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    routed, spy = routed_over_fakes()
    monkeypatch.setattr(Settings, "_llm", None)
    Settings.llm = routed
    assert Settings.llm is routed
    assert str(INDEX.as_query_engine().query(EASY)) == "small says so"
    assert spy.seen == [EASY]


async def test_fifty_concurrent_questions_get_a_decision_each() -> None:
    """Every third question is hard: 17 of the numbers from 0 to 49 divide by 3."""
    routed, spy = routed_over_fakes()
    engine = INDEX.as_query_engine(llm=routed, response_mode="refine", similarity_top_k=4)
    questions = [f"{'HARD' if i % 3 == 0 else 'easy'} question {i}?" for i in range(50)]
    with routed.capture() as decisions:
        answers = await asyncio.gather(*(engine.aquery(question) for question in questions))
    expected = ["big says so" if i % 3 == 0 else "small says so" for i in range(50)]
    assert [str(answer) for answer in answers] == expected
    assert sorted(spy.seen) == sorted(questions)
    assert sum(decision.model == "strong" for decision in decisions) == 17 * 4


def test_no_span_is_left_when_a_query_ends_or_fails() -> None:
    routed, _ = routed_over_fakes()
    engine = INDEX.as_query_engine(llm=routed)
    engine.query(EASY)
    with pytest.raises(ValidationError):
        engine.query(3)
    assert len(OpenSpans.watch()) == 0
