"""A conversation goes up where its question needs it, and leaves a model only where that is worth it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse

from llamaindex_routellm import RoutedLLM
from shared_router import InvalidInputError, Stickiness, TokenPrices, conversation_scope
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, models
from tests.llamaindex.test_conversation import Conversation

PRICES = {
    "strong": TokenPrices(10.0, 10.0, cached_input_per_million_tokens=1.0),
    "weak": TokenPrices(5.0, 5.0, cached_input_per_million_tokens=0.5),
}
SCORES = FixedRouter(
    lambda said: 0.9 if said.startswith("prove") else {"perhaps": 0.52, "barely": 0.48}.get(said, 0.1)
)


class FailsAtSecond(FakeChat):
    """A model that answers its first call, and no other."""

    def _answer(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> ChatResponse:
        if self.prompts:
            raise ConnectionError("gone")
        return super()._answer(messages, kwargs)


def routed(**changes: Any) -> RoutedLLM:
    return RoutedLLM(**models(**{"router": SCORES, "threshold": 0.5, **changes}))


def test_a_greeting_first_does_not_pin_a_proof_to_the_weak_model() -> None:
    conversation = Conversation(routed(sticky="upward"))
    assert [conversation.say(text) for text in ("hi", "prove it", "thanks")] == [
        ("weak", "score"),
        ("strong", "score"),
        ("strong", "sticky"),
    ]


def test_a_conversation_goes_up_only_where_the_score_passes_by_the_margin() -> None:
    """The threshold is 0.5: a score of 0.52 passes it, and not 0.524, however often it is asked."""
    conversation = Conversation(routed(sticky="upward"))
    went = [conversation.say(text) for text in ("hi", "perhaps", "perhaps", "prove it")]
    assert went[1:] == [("weak", "sticky"), ("weak", "sticky"), ("strong", "score")]
    no_margin = Conversation(routed(sticky=Stickiness("upward", margin=0.0)))
    assert [no_margin.say(text) for text in ("hi", "perhaps")][-1] == ("strong", "score")


def test_a_question_that_one_conversation_holds_back_is_scored_for_another() -> None:
    llm = routed(sticky="upward")
    held_back, fresh = Conversation(llm), Conversation(llm)
    assert [held_back.say(text) for text in ("hi", "perhaps")][-1][0] == "weak"
    assert fresh.say("perhaps") == ("strong", "score")


def test_a_block_names_a_conversation_that_words_do_not_join() -> None:
    llm = routed(sticky="upward")
    with conversation_scope("a"):
        llm.complete("prove it")
        assert _model_of(llm.complete("thanks")) == "strong"
    with conversation_scope("b"):
        assert _model_of(llm.complete("thanks")) == "weak"


async def test_a_name_reaches_an_event_loop() -> None:
    llm = routed(sticky="conversation")
    with conversation_scope("a"):
        await llm.acomplete("prove it")
        assert _model_of(await llm.acomplete("thanks")) == "strong"


def test_a_conversation_stays_where_its_prompt_is_cached_and_leaves_where_it_is_not() -> None:
    """2,000 tokens cost the weak model 10 thousandths of a dollar, the strong one 2 as they are cached."""
    no_discount = {name: TokenPrices(p.input_per_million_tokens, 10.0) for name, p in PRICES.items()}
    for prices, expected in ((PRICES, ("strong", "sticky")), (no_discount, ("weak", "score"))):
        conversation = Conversation(routed(sticky="priced", prices=prices))
        conversation.say("prove it " + "x" * 8000)
        assert conversation.say("thanks") == expected


@pytest.mark.parametrize("sticky", ["conversation", "upward"])
@pytest.mark.parametrize("streams", [False, True])
def test_a_conversation_whose_model_failed_is_decided_anew(sticky: Any, streams: bool) -> None:
    """The strong model fails at the second turn, which was kept to it; the third is decided by its score."""
    llm = routed(sticky=sticky, strong=FailsAtSecond())
    with conversation_scope("a"):
        llm.chat([ChatMessage(content="prove it")])
        with pytest.raises(ConnectionError):
            _answers(llm, streams)
        decision = llm.chat([ChatMessage(content="thanks")]).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("weak", "score")


def test_a_rule_that_weighs_prices_is_refused_without_them() -> None:
    with pytest.raises(InvalidInputError, match="must come with prices"):
        routed(sticky="priced")
    llm = routed(sticky="priced", prices=PRICES)
    with pytest.raises(InvalidInputError, match="must come with prices"):
        llm.prices = None


def _answers(llm: RoutedLLM, streams: bool) -> list[Any]:
    thanks = [ChatMessage(content="thanks")]
    return list(llm.stream_chat(thanks)) if streams else [llm.chat(thanks)]


def _model_of(response: Any) -> str:
    return str(response.additional_kwargs["routellm"]["model"])
