from typing import Any

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.base.llms.types import ChatMessage, LLMMetadata, MessageRole
from llama_index.core.prompts import RichPromptTemplate
from llama_index.core.schema import NodeWithScore, TextNode

from llamaindex_routellm import RoutedLLM
from shared_router import (
    InvalidInputError,
    UnlikeModelsWarning,
)
from tests.llamaindex.fakes import FakeChat, FakeCompletion, models, routed_over_fakes


@pytest.mark.parametrize("window", ["max", 0, -1, True, 2.5])
def test_the_context_window_must_be_a_choice_or_tokens(window: Any) -> None:
    with pytest.raises(InvalidInputError, match='context_window must be "min", "strong" or tokens > 0'):
        RoutedLLM(**models(context_window=window))


def test_the_context_window_is_the_smaller_one() -> None:
    children = models(strong=FakeChat(window=8000), weak=FakeChat(window=2000))
    assert RoutedLLM(**children).metadata.context_window == 2000
    assert RoutedLLM(**children, context_window="strong").metadata.context_window == 8000
    assert RoutedLLM(**children, context_window=5000).metadata.context_window == 5000


def test_it_chats_only_if_both_chat_and_calls_functions_if_one_does() -> None:
    both = RoutedLLM(**models()).metadata
    assert (both.is_chat_model, both.is_function_calling_model) == (True, True)
    one = RoutedLLM(**models(weak=FakeCompletion())).metadata
    assert (one.is_chat_model, one.is_function_calling_model) == (False, True)


def test_it_names_both_models_and_takes_the_strong_ones_role() -> None:
    metadata = RoutedLLM(**models()).metadata
    assert metadata.model_name == "routed(big|small)"
    assert metadata.system_role == MessageRole.SYSTEM
    same = RoutedLLM(**models(strong=FakeChat(model="one"), weak=FakeChat(model="one"))).metadata
    assert same.model_name == "one"


def test_models_of_unlike_system_roles_are_warned_of_once() -> None:
    routed = RoutedLLM(**models(strong=FakeChat(role=MessageRole.USER)))
    with pytest.warns(UnlikeModelsWarning, match="one system role"):
        assert routed.metadata.system_role == MessageRole.USER
    assert routed.metadata.system_role == MessageRole.USER


def test_a_prompt_too_long_for_the_weak_model_goes_strong() -> None:
    """3,000 words of one token each do not fit 1,000 - 64 tokens and fit 8,000 - 64."""
    routed, _ = routed_over_fakes(
        strong=FakeChat(model="big", window=8000), weak=FakeChat(model="small", window=1000)
    )
    prompt = "easy " * 3000
    decision = routed.complete(prompt).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "capability:window")
    said = routed.chat([ChatMessage(content=prompt), ChatMessage(content="easy")])
    assert said.additional_kwargs["routellm"]["model"] == "strong"


def test_documents_too_long_for_the_weak_model_send_their_question_strong() -> None:
    routed, _ = routed_over_fakes(
        strong=FakeChat(model="big", window=8000), weak=FakeChat(model="small", window=1000)
    )
    template = PromptTemplate("{context_str} {query_str}")
    with routed.capture() as decisions:
        routed.predict(template, context_str="word " * 3000, query_str="easy")
        routed.predict(template, context_str="word " * 100, query_str="easy")
    assert [decision.reason for decision in decisions] == ["capability:window", "score"]


@pytest.mark.parametrize("documents", [["word " * 3000], [NodeWithScore(node=TextNode(text="word " * 3000))]])
def test_a_list_of_documents_in_a_template_is_measured_too(documents: list[Any]) -> None:
    routed, _ = routed_over_fakes(
        strong=FakeChat(model="big", window=8000), weak=FakeChat(model="small", window=1000)
    )
    template = RichPromptTemplate("{% for document in documents %}{{ document }}{% endfor %} {{ query_str }}")
    with routed.capture() as decisions:
        routed.predict(template, documents=documents, query_str="easy")
    assert decisions[0].reason == "capability:window"


def test_a_prompt_that_fits_neither_or_both_is_scored() -> None:
    routed, _ = routed_over_fakes(
        strong=FakeChat(model="big", window=1000), weak=FakeChat(model="small", window=1000)
    )
    assert routed.complete("easy " * 3000).additional_kwargs["routellm"]["reason"] == "score"
    assert routed.complete("easy " * 600).additional_kwargs["routellm"]["reason"] == "score"


def test_the_weak_model_gets_what_only_it_can_hold() -> None:
    routed, _ = routed_over_fakes(
        strong=FakeChat(model="big", window=1000), weak=FakeChat(model="small", window=8000)
    )
    decision = routed.complete("HARD " * 3000).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("weak", "capability:window")


def test_text_of_a_token_a_character_is_measured_as_such() -> None:
    """1,500 characters of Japanese are about 1,500 tokens and do not fit 1,000 - 64."""
    routed, _ = routed_over_fakes(
        strong=FakeChat(model="big", window=8000), weak=FakeChat(model="small", window=1000)
    )
    decision = routed.complete("日本語テキスト" * 214).additional_kwargs["routellm"]
    assert decision["reason"] == "capability:window"


def test_needs_that_no_model_meets_together_name_the_first() -> None:
    """The strong model calls functions and cannot hold the prompt; its provider's error says so best."""
    strong = FakeChat(model="big", window=1000)
    routed, _ = routed_over_fakes(
        strong=strong, weak=FakeChat(model="small", window=8000, calls_functions=False)
    )
    history = [ChatMessage(content="easy " * 3000), ChatMessage(role="tool", content="found")]
    decision = routed.chat(history).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "capability:tools")


def test_what_is_packed_leaves_each_model_room_for_its_own_answer() -> None:
    """Rooms of 200,000 - 64,000 and 16,000 - 4,000: the smaller is 12,000 = 16,000 - 4,000. Taking the
    larger of the outputs would leave less than nothing."""

    class Sized(FakeChat):
        output: int

        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(context_window=self.window, num_output=self.output, model_name=self.model)

    children = models(strong=Sized(window=200_000, output=64_000), weak=Sized(window=16_000, output=4_000))
    merged = RoutedLLM(**children).metadata
    assert (merged.context_window, merged.num_output) == (16_000, 4_000)
    packed = RoutedLLM(**children, context_window="strong").metadata
    assert (packed.context_window, packed.num_output) == (200_000, 64_000)


def test_an_answer_as_long_as_the_window_does_not_keep_every_prompt_out() -> None:
    class Greedy(FakeChat):
        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(context_window=1000, num_output=1000, is_chat_model=True, model_name="small")

    routed, _ = routed_over_fakes(weak=Greedy())
    assert routed.complete("easy").additional_kwargs["routellm"]["reason"] == "score"


def test_an_unlimited_output_reserves_llamaindexs_default() -> None:
    class Unlimited(FakeChat):
        @property
        def metadata(self) -> LLMMetadata:
            return LLMMetadata(context_window=1000, num_output=-1, is_chat_model=True, model_name="small")

    assert RoutedLLM(**models(weak=Unlimited())).metadata.num_output == 256
