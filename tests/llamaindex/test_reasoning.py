"""Signed and encrypted reasoning of one model is not sent to the other."""

from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, TextBlock, ThinkingBlock
from llama_index.core.prompts import ChatPromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import Field

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm import reasoning as module
from llamaindex_routellm.reasoning import ReasoningWriters
from shared_router import InvalidInputError, SameModelWarning
from tests.llamaindex.fakes import FakeChat, models, routed_over_fakes
from tests.llamaindex.providers import look

SEALS: dict[str, dict[str, Any]] = {
    "anthropic": {"blocks": [ThinkingBlock(content="hm", additional_information={"signature": "S"})]},
    "openai": {"blocks": [ThinkingBlock(additional_information={"id": "rs_1", "encrypted_content": "S"})]},
    "unsigned": {"blocks": [ThinkingBlock(content="hm")]},
    "gemini": {"additional_kwargs": {"thought_signatures": [b"S", None]}},
    "gemini tools": {"additional_kwargs": {"tool_calls": [{"name": "a", "thought_signature": b"S"}]}},
    "litellm": {"additional_kwargs": {"thinking_blocks": [{"thinking": "hm", "signature": "S"}]}},
}


class Thinking(FakeChat):
    """Answer with reasoning of its own."""

    seal: dict[str, Any] = Field(default_factory=lambda: SEALS["anthropic"])

    def _answer(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> ChatResponse:
        answer = super()._answer(messages, kwargs)
        blocks = [*self.seal.get("blocks", []), TextBlock(text=answer.message.content or "")]
        given = self.seal.get("additional_kwargs", {})
        message = ChatMessage(role="assistant", blocks=blocks, additional_kwargs=given)
        return answer.model_copy(update={"message": message})

    def _chunks(self, answer: ChatResponse) -> list[ChatResponse]:
        return [answer.model_copy(update={"message": ChatMessage(role="assistant", content="")}), answer]


def thinking(seal: str = "anthropic", **kwargs: Any) -> RoutedLLM:
    strong = Thinking(model="big", seal=SEALS[seal])
    return routed_over_fakes(**{"strong": strong, "weak": FakeChat(model="small"), **kwargs})[0]


def begun(routed: RoutedLLM) -> list[ChatMessage]:
    asked = ChatMessage(content="HARD")
    return [asked, routed.chat([asked]).message]


def sent_to(llm: Any) -> list[ChatMessage]:
    messages: list[ChatMessage] = llm.prompts[-1]
    return messages


@pytest.mark.parametrize("seal", SEALS)
def test_anothers_reasoning_is_taken_out_and_text_and_calls_stay(seal: str) -> None:
    routed = thinking(seal)
    history = [*begun(routed), ChatMessage(content="What is 2+2?")]
    written = history[1].model_dump_json()
    routed.chat(history)
    answered = sent_to(routed.weak)[1]
    assert "S" not in str(answered.blocks) + str(answered.additional_kwargs)
    assert answered.content == "big says so"
    assert [call["name"] for call in answered.additional_kwargs.get("tool_calls", [])] in ([], ["a"])
    assert history[1].model_dump_json() == written, "the caller's own message is left as it is"


def test_its_own_reasoning_is_sent_back_to_a_model_untouched() -> None:
    routed = thinking()
    history = [*begun(routed), ChatMessage(content="HARD too")]
    routed.chat(history)
    assert sent_to(routed.strong) == history


async def test_every_method_takes_it_out() -> None:
    routed = thinking()
    history = [*begun(routed), ChatMessage(content="easy")]
    tools = [FunctionTool.from_defaults(look)]
    template = ChatPromptTemplate(message_templates=[*history[:2], ChatMessage(content="{query_str}")])
    await routed.achat(history)
    list(routed.stream_chat(history))
    assert [chunk async for chunk in await routed.astream_chat(history)]
    routed.chat_with_tools(tools, "easy", history[:2])
    await routed.achat_with_tools(tools, chat_history=history)
    list(routed.stream_chat_with_tools(tools, chat_history=history))
    assert [c async for c in await routed.astream_chat_with_tools(tools, chat_history=history)]
    routed.predict(template, query_str="easy")
    await routed.apredict(template, query_str="easy")
    list(routed.stream(template, query_str="easy"))
    prompts = routed.weak.prompts  # type: ignore[attr-defined]
    assert len(prompts) == 10
    assert not any(isinstance(block, ThinkingBlock) for each in prompts for m in each for block in m.blocks)


async def test_a_streams_reasoning_is_known_when_it_is_whole() -> None:
    asked = ChatMessage(content="HARD")
    routed = thinking()
    chunks = [list(routed.stream_chat([asked])), [c async for c in await routed.astream_chat([asked])]]
    for each in chunks:
        routed.chat([asked, each[-1].message, ChatMessage(content="easy")])
        assert [type(block) for block in sent_to(routed.weak)[1].blocks] == [TextBlock]


def test_a_message_that_held_nothing_else_is_left_out() -> None:
    routed = thinking()
    only = begun(routed)[1].model_copy(update={"blocks": SEALS["anthropic"]["blocks"]})
    routed.chat([ChatMessage(content="HARD"), only, ChatMessage(content="easy")])
    assert [message.content for message in sent_to(routed.weak)] == ["HARD", "easy"]


def test_what_nobody_knows_the_writer_of_is_sent_as_it_is() -> None:
    unknown = ChatMessage(
        role="assistant", blocks=[ThinkingBlock(content="another process's"), TextBlock(text="x")]
    )
    routed = thinking()
    begun(routed)
    history = [ChatMessage(content="HARD"), unknown, ChatMessage(content="easy")]
    routed.chat(history)
    assert sent_to(routed.weak) == history


def test_one_model_by_two_names_is_sent_its_own() -> None:
    model = Thinking(model="one")
    with pytest.warns(SameModelWarning):
        routed = thinking(strong=model, weak=model)
    history = [*begun(routed), ChatMessage(content="easy")]
    routed.chat(history)
    assert sent_to(model) == history


def test_a_conversation_may_keep_to_the_model_whose_reasoning_it_holds() -> None:
    routed = thinking(signed_reasoning="keep_model")
    history = [*begun(routed), ChatMessage(content="easy")]
    decision = routed.chat(history).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "sticky")
    template = ChatPromptTemplate(message_templates=[*history[:2], ChatMessage(content="{query_str}")])
    assert routed.predict(template, query_str="easy") == "big says so"
    with routed.override(route="weak"):
        routed.chat(history)
    assert [type(block) for block in sent_to(routed.weak)[1].blocks] == [TextBlock]


def test_it_may_be_sent_all_the_same() -> None:
    routed = thinking(signed_reasoning="send")
    history = [*begun(routed), ChatMessage(content="easy")]
    routed.chat(history)
    assert sent_to(routed.weak) == history


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="signed_reasoning must be one of"):
        RoutedLLM(**models(signed_reasoning="drop"))


def test_only_the_latest_answers_are_remembered_and_never_their_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_ANSWERS", 2)
    writers = ReasoningWriters("strip")
    for i in range(5):
        writers.keep(ChatMessage(blocks=[ThinkingBlock(content=f"secret {i}")]), "strong")
    assert len(writers) == 2
    assert "secret" not in str(vars(writers)["_writers"])
