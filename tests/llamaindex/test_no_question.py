"""Where ingestion, evaluators and templates without a question go, and the word that is said of it."""

from typing import Any

import pytest
from llama_index.core import Document, DocumentSummaryIndex, MockEmbedding, PromptTemplate
from llama_index.core.evaluation import CorrectnessEvaluator
from llama_index.core.extractors import SummaryExtractor
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode

from llamaindex_routellm import RoutedLLM
from shared_router import InvalidInputError, NoQueryWarning, RoutingPolicy, UnknownNameError
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, FakeCompletion, models, routed_over_fakes


def ingest(routed: RoutedLLM) -> None:
    IngestionPipeline(transformations=[SummaryExtractor(llm=routed)]).run(nodes=[TextNode(text="HARD text")])


def evaluate(routed: RoutedLLM) -> None:
    evaluator = CorrectnessEvaluator(llm=routed, parser_function=lambda text: (4.0, "fine"))
    evaluator.evaluate(query="easy", response="HARD answer", reference="HARD reference")


def fill(routed: RoutedLLM) -> None:
    routed.predict(PromptTemplate("{docs}\nAsked: {ask}"), docs="HARD", ask="Who?")


KINDS = [
    (ingest, r'ingestion step\'s call reads documents.* go to strong .*on_ingestion="weak"'),
    (evaluate, "evaluator's call judges an answer.*on_evaluation"),
    (fill, "none of a template's variables is one of query_keys.*query_keys"),
]


@pytest.mark.parametrize(("ask", "message"), KINDS)
def test_a_kind_that_goes_strong_by_default_is_warned_of_once_with_the_remedy(ask: Any, message: str) -> None:
    routed, _ = routed_over_fakes()
    with pytest.warns(NoQueryWarning, match=message):
        ask(routed)
    ask(routed)


@pytest.mark.parametrize(("ask", "_message"), KINDS)
def test_who_chose_where_they_go_is_not_warned(ask: Any, _message: str) -> None:
    ask(routed_over_fakes(on_no_query="strong")[0])
    ask(RoutedLLM(strong=FakeChat(), weak=FakeChat(), policy=RoutingPolicy(FixedRouter(0.9))))


def test_a_question_that_is_empty_is_not_warned_of() -> None:
    routed, _ = routed_over_fakes()
    assert routed.complete("").additional_kwargs["routellm"]["reason"] == "no_query"
    with routed.query(None):
        ingest(routed)


@pytest.mark.parametrize(("ask", "rule"), [(ingest, "on_ingestion"), (evaluate, "on_evaluation")])
def test_a_kind_goes_where_its_own_rule_says_and_others_where_on_no_query_does(ask: Any, rule: str) -> None:
    routed, spy = routed_over_fakes(**{rule: "weak", "on_no_query": "strong"})
    with routed.capture() as decisions:
        ask(routed)
        routed.complete("")
    assert [(each.model, each.reason) for each in decisions] == [("weak", "no_query"), ("strong", "no_query")]
    assert spy.seen == []


def test_a_rule_alone_says_nothing_of_the_other_kinds() -> None:
    routed, _ = routed_over_fakes(on_ingestion="weak")
    ingest(routed)
    with pytest.warns(NoQueryWarning, match="evaluator"):
        evaluate(routed)


def test_a_block_and_what_only_one_model_can_do_go_before_a_kinds_rule() -> None:
    routed, _ = routed_over_fakes(on_ingestion="weak")
    with routed.override(route="strong"), routed.capture() as decisions:
        ingest(routed)
    assert [each.model for each in decisions] == ["strong"]
    small, _ = routed_over_fakes(on_ingestion="weak", weak=FakeCompletion(window=70))
    with small.capture() as decisions:
        ingest(small)
    assert [(each.model, each.reason) for each in decisions] == [("strong", "capability:window")]


@pytest.mark.parametrize("rule", ["on_ingestion", "on_evaluation"])
def test_a_kinds_rule_must_name_a_model(rule: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{rule} must be one of \\['strong', 'weak'\\], got 'medium'"):
        RoutedLLM(**models(**{rule: "medium"}))


def test_a_misspelt_argument_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(InvalidInputError, match="no argument named 'treshold'; did you mean threshold?"):
        RoutedLLM(**models(treshold=0.3))
    with pytest.raises(InvalidInputError, match="no argument named 'on_ingest'; did you mean on_ingestion?"):
        RoutedLLM(**models(on_ingest="weak"))
    with pytest.raises(InvalidInputError, match="no argument named 'temperature'; set it on the models"):
        RoutedLLM(**models(temperature=0.3))


def test_what_a_summary_index_asks_of_each_document_is_no_users_question() -> None:
    routed, spy = routed_over_fakes(on_ingestion="weak")
    with routed.capture() as decisions:
        DocumentSummaryIndex.from_documents(
            [Document(text="HARD text")], llm=routed, embed_model=MockEmbedding(2), embed_summaries=False
        )
    assert spy.seen == []
    assert {(decision.model, decision.reason) for decision in decisions} == {("weak", "no_query")}
