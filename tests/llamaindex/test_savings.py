from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel, Field

import llamaindex_routellm.savings
from llamaindex_routellm import RoutedTokens
from shared_router import InvalidInputError, RouterWarning, TokenPrices, TokenUsage
from tests.llamaindex.fakes import FakeChat, FakeCompletion, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

EASY = [ChatMessage(content="easy")]
HARD = [ChatMessage(content="HARD")]
PRICES = {"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(1.0, 3.0)}


class Billing(FakeChat):
    """Report the tokens of every call, as a provider does."""

    usage: dict[str, Any] = Field(default={"prompt_tokens": 1000, "completion_tokens": 100})

    def _answer(self, messages: Any, kwargs: dict[str, Any]) -> ChatResponse:
        answer = super()._answer(messages, kwargs)
        return answer.model_copy(update={"raw": {"usage": self.usage}})

    def _chunks(self, answer: ChatResponse) -> list[ChatResponse]:
        chunks = super()._chunks(answer)
        return [*chunks[:-1], chunks[-1].model_copy(update={"raw": answer.raw})]


def billing(**usage: Any) -> dict[str, Any]:
    given: Any = {"usage": usage} if usage else {}
    return {"strong": Billing(model="big", **given), "weak": Billing(model="small", **given)}


async def test_the_tokens_of_every_call_are_counted_for_its_model() -> None:
    """Two weak calls and one strong, of 1,000 and 100 tokens each."""
    routed, _ = routed_over_fakes(**billing())
    with RoutedTokens() as tokens:
        routed.chat(EASY)
        await routed.achat(EASY)
        routed.complete("HARD")
    routed.chat(HARD)
    assert tokens.usage == {"weak": TokenUsage(2, 2000, 200), "strong": TokenUsage(1, 1000, 100)}


async def test_a_stream_is_counted_when_it_ends() -> None:
    routed, _ = routed_over_fakes(**billing())
    with RoutedTokens() as tokens:
        chunks = routed.stream_chat(HARD)
        assert tokens.usage == {}
        list(chunks)
        [chunk async for chunk in await routed.astream_chat(EASY)]
    assert tokens.usage == {"strong": TokenUsage(1, 1000, 100), "weak": TokenUsage(1, 1000, 100)}


def test_a_query_engine_is_counted_call_by_call() -> None:
    routed, _ = routed_over_fakes(**billing())
    engine = index_of_documents().as_query_engine(llm=routed, response_mode="refine", similarity_top_k=6)
    with RoutedTokens() as tokens:
        engine.query("easy")
    assert tokens.usage == {"weak": TokenUsage(6, 6000, 600)}


def test_what_was_cached_and_thought_is_told_apart() -> None:
    usage = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 400},
        "completion_tokens_details": {"reasoning_tokens": 60},
    }
    routed, _ = routed_over_fakes(**billing(**usage))
    with RoutedTokens() as tokens:
        routed.chat(EASY)
    expected = TokenUsage(1, 1000, 100, cached_input_tokens=400, reasoning_tokens=60)
    assert tokens.usage == {"weak": expected}


def test_a_cache_counted_beside_the_prompt_is_added_to_it() -> None:
    """600 read fresh, 300 from the cache and 100 into it are a prompt of 1,000."""
    usage = {
        "input_tokens": 600,
        "output_tokens": 100,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 100,
    }
    routed, _ = routed_over_fakes(**billing(**usage))
    with RoutedTokens() as tokens:
        routed.chat(EASY)
    assert tokens.usage == {"weak": TokenUsage(1, 1000, 100, cached_input_tokens=300)}


def test_tokens_that_no_provider_reports_are_estimated() -> None:
    """tiktoken's count of "easy" is 1, of "local says so" 3."""
    routed, _ = routed_over_fakes(weak=FakeCompletion())
    with RoutedTokens() as tokens:
        routed.complete("easy")
    assert tokens.usage == {"weak": TokenUsage(1, 1, 3)}


def test_a_chat_with_a_completion_model_counts_once() -> None:
    """LlamaIndex fires events for the chat and for the completion that it makes of it."""
    routed, _ = routed_over_fakes(weak=FakeCompletion())
    with RoutedTokens() as tokens:
        routed.chat(EASY)
        list(routed.stream_chat(EASY))
    assert tokens.usage["weak"].calls == 2


class Sum(BaseModel):
    """A sum."""

    n: int


def test_a_structured_llms_answer_counts_once() -> None:
    routed, _ = routed_over_fakes(
        **billing() | {"weak": Billing(model="small", tool_calls=[{"name": "Sum", "kwargs": {"n": 4}}])}
    )
    with RoutedTokens() as tokens:
        assert routed.as_structured_llm(Sum).chat(EASY).raw == Sum(n=4)
    assert tokens.usage == {"weak": TokenUsage(1, 1000, 100)}


@pytest.mark.filterwarnings("ignore:The `json` method is deprecated")
async def test_streamed_objects_count_once_though_their_model_is_called_when_they_are_read() -> None:
    """Four weak calls of 1,000 and 100 tokens; a structured LLM's own events report none."""
    weak = Billing(model="small", tool_calls=[{"name": "Sum", "kwargs": {"n": 4}} for _ in range(4)])
    routed, _ = routed_over_fakes(weak=weak)
    structured = routed.as_structured_llm(Sum)
    template = PromptTemplate("{query_str}")
    with RoutedTokens() as tokens:
        list(routed.stream_structured_predict(Sum, template, query_str="easy"))
        parts = await routed.astream_structured_predict(Sum, template, query_str="easy")
        assert [part async for part in parts]
        list(structured.stream_chat(EASY))
        assert [chunk async for chunk in await structured.astream_chat(EASY)]
    assert tokens.usage == {"weak": TokenUsage(4, 4000, 400)}


def test_a_models_calls_that_were_not_routed_do_not_count() -> None:
    routed, _ = routed_over_fakes(**billing())
    with RoutedTokens() as tokens:
        routed.strong.chat(EASY)
    assert tokens.usage == {}


def test_calls_that_fail_do_not_count() -> None:
    class Failing(FakeChat):
        @llm_chat_callback()
        def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
            raise TimeoutError

    routed, _ = routed_over_fakes(weak=Failing())
    with RoutedTokens() as tokens, pytest.raises(TimeoutError):
        routed.chat(EASY)
    assert tokens.usage == {}


def test_streams_that_nobody_reads_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llamaindex_routellm.savings, "MAX_OPEN_CALLS", 3)
    routed, _ = routed_over_fakes()
    with RoutedTokens() as tokens:
        streams = [routed.stream_chat(EASY) for _ in range(5)]
        for stream in streams:
            list(stream)
    assert tokens.usage["weak"].calls == 3


def test_the_bill_is_beside_the_bill_without_routing() -> None:
    """Weak: 1,000 read at 1 and 100 written at 3 dollars a million = 0.0013; strong: 0.013, each way."""
    routed, _ = routed_over_fakes(**billing())
    with RoutedTokens() as tokens:
        routed.chat(EASY)
        routed.predict(PromptTemplate("{query_str}"), query_str="HARD")
    savings = tokens.savings(PRICES)
    assert savings.dollars == {"weak": pytest.approx(0.0013), "strong": pytest.approx(0.013)}
    assert savings.dollars_all_strong == pytest.approx(0.026)
    assert savings.strong_fraction == 0.5
    with pytest.raises(InvalidInputError, match="prices must name every model"):
        tokens.savings({"weak": PRICES["weak"]})


async def test_with_prices_a_response_says_its_dollars() -> None:
    """Weak: 1,000 read at 1 and 100 written at 3 dollars a million = 0.0013; strong: ten times that."""
    routed, _ = routed_over_fakes(**billing(), prices=PRICES)
    assert routed.chat(EASY).additional_kwargs["routellm"]["dollars"] == pytest.approx(0.0013)
    assert (await routed.achat(HARD)).additional_kwargs["routellm"]["dollars"] == pytest.approx(0.013)
    chunks = [chunk.additional_kwargs["routellm"] for chunk in routed.stream_chat(HARD)]
    assert ["dollars" in chunk for chunk in chunks] == [False, False, True]
    assert chunks[-1]["dollars"] == pytest.approx(0.013)


def test_dollars_that_nobody_can_know_are_left_out() -> None:
    routed, _ = routed_over_fakes(**billing(), prices={"strong": PRICES["strong"]})
    with pytest.warns(RouterWarning, match="prices must name every model, got none for weak"):
        assert "dollars" not in routed.chat(EASY).additional_kwargs["routellm"]
    assert "dollars" not in routed.chat(EASY).additional_kwargs["routellm"]
    silent, _ = routed_over_fakes(prices=PRICES)
    assert "dollars" not in silent.chat(EASY).additional_kwargs["routellm"]


def test_a_strong_model_that_is_cheaper_is_warned_of() -> None:
    with pytest.warns(RouterWarning, match="got strong cheaper than weak"):
        routed_over_fakes(prices={"strong": PRICES["weak"], "weak": PRICES["strong"]})


def test_prices_must_be_by_the_models_names() -> None:
    with pytest.raises(InvalidInputError, match="prices must be by model"):
        routed_over_fakes(prices={"small": PRICES["weak"]})
