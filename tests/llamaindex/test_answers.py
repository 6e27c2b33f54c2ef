"""Answers of a child's own fallback are named, counted and priced as the model's that answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseGen, LLMMetadata
from llama_index.core.llms import LLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel, Field

from llamaindex_routellm import RoutedLLM, RoutedTokens
from llamaindex_routellm.answers import answering_model, fallbacks_of, llms_in
from shared_router import RouterWarning, TokenPrices, TokenUsage
from tests.llamaindex.fakes import FakeChat, SpyRouter, routed_over_fakes
from tests.llamaindex.test_savings import PRICES, Billing

HARD = [ChatMessage(content="HARD")]
BACKUP = TokenPrices(2.0, 6.0)


class Down(Billing):
    """Fail, as a provider that is down does."""

    def _answer(self, messages: Any, kwargs: dict[str, Any]) -> ChatResponse:
        raise ConnectionError("down")


class Fallback(FakeChat):
    """Let another LLM answer where the first cannot, as programs' own fallbacks do."""

    llms: list[FakeChat] = Field(default_factory=list)
    model: str = ""

    @property
    def metadata(self) -> LLMMetadata:
        return self.llms[0].metadata

    def _first(self, method: str, messages: Any, kwargs: dict[str, Any]) -> Any:
        for llm in self.llms[:-1]:
            try:
                return getattr(llm, method)(messages, **kwargs)
            except ConnectionError:
                continue
        return getattr(self.llms[-1], method)(messages, **kwargs)

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        answer: ChatResponse = self._first("chat", messages, kwargs)
        return answer

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        answer: ChatResponse
        try:
            answer = await self.llms[0].achat(messages, **kwargs)
        except ConnectionError:
            answer = await self.llms[-1].achat(messages, **kwargs)
        return answer

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        chunks: ChatResponseGen = self._first("stream_chat", messages, kwargs)
        return chunks


class Named(Billing):
    """Name the model in its answers, as providers do."""

    def _answer(self, messages: Any, kwargs: dict[str, Any]) -> ChatResponse:
        answer = super()._answer(messages, kwargs)
        return answer.model_copy(update={"raw": {"usage": self.usage, "model": self.says}})

    says: str = ""


def falling_back(*llms: FakeChat, prices: Any = None, weak: Any = None) -> RoutedLLM:
    strong = Fallback(llms=list(llms))
    return RoutedLLM(
        strong=strong, weak=weak or Billing(model="small"), router=SpyRouter(), threshold=0.5, prices=prices
    )


def decision_of(response: Any) -> Any:
    return response.additional_kwargs["routellm"]


async def test_an_answer_of_a_fallback_bears_the_fallbacks_name_and_price() -> None:
    """1,000 read at 2 and 100 written at 6 dollars a million: 0.002 + 0.0006."""
    routed = falling_back(Down(model="big"), Billing(model="backup"), prices={**PRICES, "backup": BACKUP})
    for response in (routed.chat(HARD), await routed.achat(HARD)):
        decision = decision_of(response)
        assert (decision["model"], decision["fallback_for"]) == ("backup", "strong")
        assert decision["dollars"] == pytest.approx(0.0026)


def test_a_fallback_without_a_price_has_no_dollars() -> None:
    routed = falling_back(Down(model="big"), Billing(model="backup"), prices=PRICES)
    assert "dollars" not in decision_of(routed.chat(HARD))


def test_an_answer_of_the_first_model_is_the_chosen_ones() -> None:
    routed = falling_back(Billing(model="big"), Billing(model="backup"), prices=PRICES)
    decision = decision_of(routed.chat(HARD))
    assert (decision["model"], decision["dollars"]) == ("strong", pytest.approx(0.013))
    assert "fallback_for" not in decision


def test_a_fallback_that_is_another_child_is_that_child() -> None:
    """As `with_fallbacks([weak])` has it: 1,000 read at 1 and 100 written at 3 dollars a million."""
    weak = Billing(model="small")
    routed = falling_back(Down(model="big"), weak, prices=PRICES, weak=weak)
    decision = decision_of(routed.chat(HARD))
    assert (decision["model"], decision["fallback_for"]) == ("weak", "strong")
    assert decision["dollars"] == pytest.approx(0.0013)


async def test_tokens_are_counted_for_the_model_that_answered_and_savings_agree() -> None:
    routed = falling_back(Down(model="big"), Billing(model="backup"), prices={**PRICES, "backup": BACKUP})
    with RoutedTokens() as tokens:
        answers = [routed.chat(HARD), await routed.achat(HARD), list(routed.stream_chat(HARD))[-1]]
        routed.predict(PromptTemplate("{query_str}"), query_str="HARD")
        routed.chat([ChatMessage(content="easy")])
    assert tokens.usage == {"backup": TokenUsage(4, 4000, 400), "weak": TokenUsage(1, 1000, 100)}
    savings = tokens.savings({**PRICES, "backup": BACKUP})
    dollars = [decision_of(answer)["dollars"] for answer in answers]
    assert savings.dollars["backup"] == pytest.approx(sum(dollars) + dollars[0])


def test_a_gateway_that_names_another_child_is_believed() -> None:
    strong = Named(model="gpt-5", says="gpt-5-mini-2026-01-01")
    routed, _ = routed_over_fakes(strong=strong, weak=Billing(model="gpt-5-mini"), prices=PRICES)
    with RoutedTokens() as tokens:
        chunks = list(routed.stream_chat(HARD))
        decision = decision_of(routed.chat(HARD))
    assert (decision["model"], decision["fallback_for"]) == ("weak", "strong")
    assert decision_of(chunks[-1])["dollars"] == pytest.approx(0.0013)
    assert tokens.usage == {"weak": TokenUsage(2, 2000, 200)}


@pytest.mark.parametrize("says", ["", "gpt-5", "gpt-5-2026-01-01", "openai/gpt-5", "my-deployment"])
def test_a_name_that_a_deployment_goes_by_changes_nothing(says: str) -> None:
    routed, _ = routed_over_fakes(strong=Named(model="gpt-5", says=says), weak=Billing(model="gpt-5-mini"))
    assert decision_of(routed.chat(HARD))["model"] == "strong"


class Sum(BaseModel):
    """A sum."""

    n: int


def test_tool_calls_of_a_fallback_are_read_by_the_model_that_was_chosen() -> None:
    weak = FakeChat(model="small")
    routed = falling_back(Down(model="big"), weak, weak=weak)
    response = routed.chat(HARD)
    assert routed._writer_of(response) is routed.strong


def test_the_llms_inside_one_are_found_in_lists_and_by_name() -> None:
    one, two = FakeChat(model="one"), FakeChat(model="two")
    assert list(llms_in(Fallback(llms=[one, two]))) == [one, two]
    assert list(llms_in(one)) == []
    models: dict[str, LLM] = {"strong": Fallback(llms=[one, two]), "weak": one}
    assert fallbacks_of(models) == ["two"]
    response = ChatResponse(message=ChatMessage(content="x"), raw={"model": "two"})
    assert answering_model(response, None, "strong", models) == "two"


def test_the_missing_price_of_a_child_is_said_where_it_is_chosen() -> None:
    routed = falling_back(Billing(model="big"), prices={"strong": PRICES["strong"]})
    routed.chat(HARD)
    with pytest.warns(RouterWarning, match="got none for weak"):
        routed.chat([ChatMessage(content="easy")])
