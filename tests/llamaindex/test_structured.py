from typing import Any

from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.llms import LLM
from llama_index.core.llms.structured_llm import StructuredLLM
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.prompts import PromptTemplate
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM, RoutedStructuredLLM
from tests.llamaindex.fakes import FakeChat, SpyRouter, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

EASY = "What is 2+2?"
TEMPLATE = PromptTemplate("HARD documents: {context_str} {query_str}")
ASKED: dict[str, Any] = {"query_str": EASY, "context_str": "HARD"}


class Sum(BaseModel):
    """A sum."""

    n: int


def routed_to_sums(n: int = 8) -> tuple[RoutedLLM, SpyRouter]:
    calls = [{"name": "Sum", "kwargs": {"n": 4}} for _ in range(n)]
    return routed_over_fakes(weak=FakeChat(model="small", tool_calls=calls))


async def test_structured_predictions_are_routed_by_the_question() -> None:
    routed, spy = routed_to_sums()
    assert routed.structured_predict(Sum, TEMPLATE, **ASKED) == Sum(n=4)
    assert await routed.astructured_predict(Sum, TEMPLATE, **ASKED) == Sum(n=4)
    assert list(routed.stream_structured_predict(Sum, TEMPLATE, **ASKED))[-1] == Sum(n=4)
    stream = await routed.astream_structured_predict(Sum, TEMPLATE, **ASKED)
    assert [part async for part in stream][-1] == Sum(n=4)
    assert spy.seen == [EASY]


class Native(FakeChat):
    """A model that answers structured calls with a schema of its own, as OpenAI's do."""

    def structured_predict(self, *args: Any, **kwargs: Any) -> Any:
        return Sum(n=5)


def test_a_models_own_schema_support_is_used() -> None:
    routed, _ = routed_over_fakes(weak=Native(model="small"))
    assert routed.structured_predict(Sum, TEMPLATE, **ASKED) == Sum(n=5)
    assert routed.as_structured_llm(Sum).complete(EASY).raw == Sum(n=5)


def test_a_structured_llm_is_one_to_llamaindex() -> None:
    """Synthesizers and prompt helpers ask whether it is."""
    routed, _ = routed_to_sums()
    structured = routed.as_structured_llm(Sum)
    assert isinstance(structured, StructuredLLM)
    assert isinstance(structured, RoutedStructuredLLM)
    assert structured.metadata == routed.metadata


async def test_an_engine_over_a_structured_llm_scores_the_bare_question() -> None:
    routed, spy = routed_to_sums()
    engine = index_of_documents().as_query_engine(llm=routed.as_structured_llm(Sum), similarity_top_k=6)
    assert str(engine.query(EASY)) == str(await engine.aquery(EASY)) == '{"n":4}'
    assert spy.seen == [EASY]


async def test_a_structured_llms_own_calls_are_routed_and_marked() -> None:
    routed, spy = routed_to_sums()
    structured = routed.as_structured_llm(Sum)
    answers = [structured.complete(EASY), await structured.acomplete(EASY)]
    assert [answer.raw for answer in answers] == [Sum(n=4)] * 2
    assert {answer.additional_kwargs["routellm"]["model"] for answer in answers} == {"weak"}
    assert structured.predict(TEMPLATE, **ASKED) == await structured.apredict(TEMPLATE, **ASKED) == '{"n":4}'
    assert spy.seen == [EASY]


def test_an_output_class_of_an_engine_scores_the_bare_question() -> None:
    routed, spy = routed_to_sums()
    assert str(index_of_documents().as_query_engine(llm=routed, output_cls=Sum).query(EASY)) == '{"n":4}'
    assert spy.seen == [EASY]


def test_filtering_answers_by_a_program_scores_the_bare_question() -> None:
    answered = {"name": "StructuredRefineResponse", "kwargs": {"answer": "4", "query_satisfied": True}}
    weak = FakeChat(model="small", tool_calls=[dict(answered) for _ in range(6)])
    routed, spy = routed_over_fakes(weak=weak)
    nodes = index_of_documents().as_retriever(similarity_top_k=6).retrieve(EASY)
    synthesizer = get_response_synthesizer(
        llm=routed, response_mode=ResponseMode.REFINE, structured_answer_filtering=True
    )
    with routed.capture() as decisions:
        assert str(synthesizer.synthesize(EASY, nodes)) == "4"
    assert spy.seen == [EASY]
    assert [decision.model for decision in decisions] == ["weak"] * 6


def test_a_programs_messages_carry_a_common_system_prompt_once() -> None:
    """A program formats its messages for the LLM it is given, and the chosen model adds nothing."""
    small = FakeChat(model="small", tool_calls=[{"name": "Sum", "kwargs": {"n": 4}}])
    routed, _ = routed_over_fakes(weak=small, system_prompt="Be brief.")
    program = FunctionCallingProgram.from_defaults(output_cls=Sum, prompt_template_str="{topic}", llm=routed)
    assert program(topic="2+2") == Sum(n=4)
    assert [message.content for message in small.prompts[-1]] == ["Be brief.", "2+2"]


def test_a_model_without_functions_makes_objects_from_text() -> None:
    weak = FakeChat(model="small", calls_functions=False, answers=['{"n": 4}'])
    routed, spy = routed_over_fakes(weak=weak)
    assert routed.structured_predict(Sum, TEMPLATE, **ASKED) == Sum(n=4)
    assert spy.seen == [EASY]


def test_a_structured_llms_own_fields_hold_for_its_calls() -> None:
    """One chat and one completion, which is a chat inside: three events, as without routing."""

    def asked(llm: LLM) -> int:
        counter = TokenCountingHandler(tokenizer=str.split)
        structured = llm.as_structured_llm(Sum, system_prompt="Be brief.")
        structured.callback_manager = CallbackManager([counter])  # as LlamaIndex's synthesizers do
        structured.predict(TEMPLATE, **ASKED)
        structured.complete(EASY)
        return len(counter.llm_token_counts)

    bare = FakeChat(model="small", tool_calls=[{"name": "Sum", "kwargs": {"n": 4}} for _ in range(2)])
    small = bare.model_copy(deep=True)
    assert asked(routed_over_fakes(weak=small)[0]) == asked(bare) == 3
    assert small.prompts == bare.prompts
    assert [message.content for message in small.prompts[0]][0] == "Be brief."
