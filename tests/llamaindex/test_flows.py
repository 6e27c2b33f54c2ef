"""What the router sees in flows that write the question into prompts of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import Document, SummaryIndex, TreeIndex
from llama_index.core.evaluation import (
    AnswerRelevancyEvaluator,
    BaseEvaluator,
    ContextRelevancyEvaluator,
    CorrectnessEvaluator,
    FaithfulnessEvaluator,
    GuidelineEvaluator,
    RelevancyEvaluator,
)
from llama_index.core.extractors import (
    BaseExtractor,
    KeywordExtractor,
    QuestionsAnsweredExtractor,
    SummaryExtractor,
    TitleExtractor,
)
from llama_index.core.indices.query.query_transform import HyDEQueryTransform
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.postprocessor import LLMRerank
from llama_index.core.query_engine import RouterQueryEngine, SubQuestionQueryEngine, TransformQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import TextNode
from llama_index.core.selectors import LLMMultiSelector, LLMSingleSelector, PydanticSingleSelector
from llama_index.core.tools import QueryEngineTool, ToolMetadata

from llamaindex_routellm import RoutedLLM
from tests.llamaindex.fakes import FakeChat, FakeCompletion, routed_over_fakes
from tests.llamaindex.indexes import WordEmbedding, index_of_documents

EASY = "What is 2+2?"
INDEX = index_of_documents()
CHOICES = [ToolMetadata(description="HARD things", name="a"), ToolMetadata(description="sums", name="b")]
CHOSEN = '[{"choice": 1, "reason": "HARD"}]'
CALLED = {"name": "SingleSelection", "kwargs": {"index": 1, "reason": "HARD"}}
SUB_QUESTIONS = """```json
{"items": [{"sub_question": "HARD part?", "tool_name": "docs"},
           {"sub_question": "easy part?", "tool_name": "docs"}]}
```"""


def small(*answers: str, **kwargs: Any) -> FakeChat:
    return FakeChat(model="small", answers=list(answers), **kwargs)


def tool(llm: RoutedLLM) -> QueryEngineTool:
    return QueryEngineTool.from_defaults(INDEX.as_query_engine(llm=llm), name="docs", description="HARD docs")


@pytest.mark.parametrize("selector", [LLMSingleSelector, LLMMultiSelector])
async def test_selectors_score_the_question_not_the_choices(selector: Any) -> None:
    routed, spy = routed_over_fakes(weak=small(CHOSEN, CHOSEN))
    chosen = selector.from_defaults(llm=routed)
    chosen.select(CHOICES, EASY)
    await chosen.aselect(CHOICES, EASY)
    assert spy.seen == [EASY]


async def test_selectors_that_call_a_tool_do_so_too() -> None:
    routed, spy = routed_over_fakes(weak=small(tool_calls=[dict(CALLED), dict(CALLED)]))
    chosen = PydanticSingleSelector.from_defaults(llm=routed)  # type: ignore[arg-type]
    assert chosen.select(CHOICES, EASY).ind == (await chosen.aselect(CHOICES, EASY)).ind == 0
    assert spy.seen == [EASY]


def test_a_router_query_engine_selects_and_answers_on_one_decision() -> None:
    routed, spy = routed_over_fakes(weak=small(CHOSEN))
    selector = LLMSingleSelector.from_defaults(llm=routed)
    engine = RouterQueryEngine(selector=selector, query_engine_tools=[tool(routed)], llm=routed)
    with routed.capture() as decisions:
        assert str(engine.query(EASY)) == "small says so"
    assert spy.seen == [EASY]
    assert [decision.model for decision in decisions] == ["weak", "weak"]


@pytest.mark.parametrize("use_async", [False, True])
def test_each_sub_question_has_a_decision_of_its_own(use_async: bool) -> None:
    """The question is split and put together again by the weak model; its hard part goes strong."""
    routed, spy = routed_over_fakes(weak=small(SUB_QUESTIONS))
    engine = SubQuestionQueryEngine.from_defaults(
        query_engine_tools=[tool(routed)],
        llm=routed,
        question_gen=LLMQuestionGenerator.from_defaults(llm=routed),
        use_async=use_async,
        verbose=False,
    )
    with routed.capture() as decisions:
        engine.query(EASY)
    assert sorted(spy.seen) == sorted([EASY, "HARD part?", "easy part?"])
    assert sorted(decision.model for decision in decisions) == ["strong", "weak", "weak", "weak"]


@pytest.mark.parametrize("use_async", [False, True])
async def test_query_fusion_scores_the_question_it_multiplies(use_async: bool) -> None:
    routed, spy = routed_over_fakes()
    retriever = QueryFusionRetriever([INDEX.as_retriever()], llm=routed, num_queries=3, use_async=use_async)
    retriever.retrieve(EASY)
    await retriever.aretrieve(EASY)
    assert spy.seen == [EASY]


def test_hyde_scores_the_question_it_imagines_an_answer_to() -> None:
    routed, spy = routed_over_fakes()
    hyde = HyDEQueryTransform(llm=routed)
    assert str(TransformQueryEngine(INDEX.as_query_engine(llm=routed), hyde).query(EASY)) == "small says so"
    hyde.run("HARD: why?")
    assert spy.seen == [EASY, "HARD: why?"]


def test_reranking_scores_the_question_not_the_documents() -> None:
    routed, spy = routed_over_fakes(weak=small("Doc: 1, Relevance: 9"))
    engine = INDEX.as_query_engine(llm=routed, node_postprocessors=[LLMRerank(llm=routed, top_n=1)])
    with routed.capture() as decisions:
        engine.query(EASY)
    assert spy.seen == [EASY]
    assert len(decisions) == 2


def test_a_retriever_that_asks_an_llm_scores_the_question() -> None:
    routed, spy = routed_over_fakes(weak=small("Doc: 1, Relevance: 9"))
    index = SummaryIndex.from_documents([Document(text="HARD a")])
    index.as_retriever(retriever_mode="llm", llm=routed).retrieve(EASY)
    assert spy.seen == [EASY]


EVALUATORS: dict[type[BaseEvaluator], str] = {
    AnswerRelevancyEvaluator: "[RESULT] 2",
    ContextRelevancyEvaluator: "[RESULT] 4",
    CorrectnessEvaluator: "4.0\nfine",
    FaithfulnessEvaluator: "YES",
    GuidelineEvaluator: '{"passing": true, "feedback": "fine"}',
    RelevancyEvaluator: "YES",
}


@pytest.mark.parametrize(("evaluator", "verdict"), EVALUATORS.items())
def test_an_evaluators_question_is_no_users_question(evaluator: Any, verdict: str) -> None:
    """FaithfulnessEvaluator asks its engine the answer that it judges."""
    routed, spy = routed_over_fakes(weak=small(verdict), on_no_query="weak")
    with routed.capture() as decisions:
        evaluator(llm=routed).evaluate(
            query=EASY, response="HARD answer", contexts=["HARD document"], reference="HARD reference"
        )
    assert spy.seen == []
    assert {(decision.model, decision.reason) for decision in decisions} == {("weak", "no_query")}


EXTRACTORS: dict[str, Callable[[RoutedLLM], BaseExtractor]] = {
    "title": lambda llm: TitleExtractor(llm=llm),
    "summary": lambda llm: SummaryExtractor(llm=llm),
    "questions": lambda llm: QuestionsAnsweredExtractor(llm=llm),
    "keywords": lambda llm: KeywordExtractor(llm=llm),
}


@pytest.mark.parametrize("extractor", EXTRACTORS.values(), ids=EXTRACTORS)
def test_ingestion_asks_no_question(extractor: Callable[[RoutedLLM], BaseExtractor]) -> None:
    routed, spy = routed_over_fakes(on_no_query="weak")
    with routed.capture() as decisions:
        IngestionPipeline(transformations=[extractor(routed)]).run(nodes=[TextNode(text="HARD text")])
    assert spy.seen == []
    assert {(decision.model, decision.reason) for decision in decisions} == {("weak", "no_query")}


def test_building_a_tree_asks_no_question_and_asking_it_does() -> None:
    routed, spy = routed_over_fakes()
    nodes = [TextNode(text=f"HARD {i}") for i in range(5)]
    index = TreeIndex(nodes, llm=routed, num_children=2, embed_model=WordEmbedding())
    assert spy.seen == []
    index.as_query_engine(llm=routed, retriever_mode="all_leaf").query(EASY)
    assert spy.seen == [EASY]


def test_a_local_models_prompt_format_is_kept() -> None:
    """LlamaIndex formats for the LLM it is given; the chosen one must format for itself."""
    local = FakeCompletion(completion_to_prompt=lambda text: f"<s>[INST]{text}[/INST]")
    routed, spy = routed_over_fakes(weak=local)
    assert str(INDEX.as_query_engine(llm=routed).query(EASY)) == "local says so"
    assert local.prompts[0].startswith("<s>[INST]Context information is below.")
    assert local.prompts[0].endswith(f"Query: {EASY}\nAnswer: [/INST]")
    assert spy.seen == [EASY]
