"""What breaks a rule, through the routed LLM as a whole: a documented answer or the error of whom it is."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from llama_index.core import get_response_synthesizer
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    ImageBlock,
)
from llama_index.core.prompts import PromptTemplate
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index.core.tools import FunctionTool

from llamaindex_routellm import LLMCall, RoutedLLM
from shared_router import InvalidInputError, Tier
from tests.llamaindex.fakes import FakeChat, routed_over_fakes
from tests.llamaindex.providers import look

EASY = [ChatMessage(content="What is 2+2?")]


@pytest.mark.parametrize("tier", ["strong", "weak"])
@pytest.mark.parametrize("question", ["", " \n"])
def test_an_empty_question_goes_where_the_policy_says_whatever_the_documents_say(
    question: str, tier: Tier
) -> None:
    routed, spy = routed_over_fakes(on_no_query=tier)
    documents = [NodeWithScore(node=TextNode(text="HARD"))]
    with routed.capture() as decisions:
        routed.predict(PromptTemplate("{context_str} {query_str}"), context_str="HARD", query_str=question)
        get_response_synthesizer(llm=routed).synthesize(question, documents)
    assert {(decision.model, decision.reason) for decision in decisions} == {(tier, "no_query")}
    assert (len(decisions), spy.seen) == (2, [])


@pytest.mark.parametrize("tier", ["strong", "weak"])
@pytest.mark.parametrize("sticky", ["tool_loop", "conversation", False])
async def test_an_image_alone_reaches_the_model_that_the_policy_names(tier: Tier, sticky: Any) -> None:
    routed, spy = routed_over_fakes(on_no_query=tier, sticky=sticky)
    image = ChatMessage(role="user", blocks=[ImageBlock(url="https://example.org/cat.png")])
    decisions = [
        routed.chat([image]).additional_kwargs["routellm"],
        (await routed.achat([image])).additional_kwargs["routellm"],
        next(iter(routed.stream_chat([image]))).additional_kwargs["routellm"],
    ]
    assert {(decision["model"], decision["reason"]) for decision in decisions} == {(tier, "no_query")}
    assert spy.seen == []
    chosen = routed.children[tier]
    assert isinstance(chosen, FakeChat)
    assert chosen.prompts == [[image]] * 3


@pytest.mark.parametrize("sticky", ["tool_loop", "conversation", False])
async def test_a_chat_without_messages_goes_where_calls_without_a_question_go(sticky: Any) -> None:
    """The provider judges it: some take an empty chat, whose prompt is stored with them."""
    routed, spy = routed_over_fakes(sticky=sticky, on_no_query="weak")
    for _attempt in range(2):
        decision = routed.chat([]).additional_kwargs["routellm"]
        assert (decision["model"], decision["reason"]) == ("weak", "no_query")
        assert [chunk async for chunk in await routed.astream_chat([])]
    assert routed.chat_with_tools([FunctionTool.from_defaults(look)]).message.content == "small says so"
    assert spy.seen == []


async def test_what_an_extractor_raises_comes_before_any_model_is_asked() -> None:
    def extractor(call: LLMCall) -> str:
        raise KeyError("mine")

    small = FakeChat(model="small")
    routed, spy = routed_over_fakes(weak=small, query_extractor=extractor)
    with pytest.raises(KeyError, match="mine"):
        routed.chat(EASY)
    with pytest.raises(KeyError, match="mine"):
        routed.stream_chat(EASY)
    with pytest.raises(KeyError, match="mine"):
        await routed.apredict(PromptTemplate("{query_str}"), query_str="What?")
    assert (spy.seen, small.prompts) == ([], [])


def test_an_extractor_that_finds_nothing_in_a_template_without_a_question_leaves_it_to_the_policy() -> None:
    routed, spy = routed_over_fakes(query_extractor=lambda call: None, on_no_query="weak")
    with routed.capture() as decisions:
        routed.predict(PromptTemplate("Give a title: {context_str}"), context_str="HARD")
    assert [(decision.model, decision.reason) for decision in decisions] == [("weak", "no_query")]
    assert spy.seen == []


class Breaking(FakeChat):
    """Break off each stream after its first chunk, with an error that it remembers."""

    raised: list[Any] = []

    def _broken(self) -> Exception:
        self.raised.append(TimeoutError("the provider's own words"))
        error: Exception = self.raised[-1]
        return error

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        def chunks() -> ChatResponseGen:
            yield self._chunks(self._answer(messages, kwargs))[0]
            raise self._broken()

        return chunks()

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        async def chunks() -> AsyncGenerator[ChatResponse, None]:
            yield self._chunks(self._answer(messages, kwargs))[0]
            raise self._broken()

        return chunks()


async def test_what_a_model_raises_within_a_stream_comes_after_its_chunks_untouched() -> None:
    weak = Breaking(model="small")
    routed: RoutedLLM = routed_over_fakes(weak=weak)[0]
    for chunks in (routed.stream_chat(EASY), routed.stream_chat(EASY)):
        assert next(chunks).delta == "small"
        with pytest.raises(TimeoutError) as raised:
            next(chunks)
        assert raised.value is weak.raised[-1]
    achunks = await routed.astream_chat(EASY)
    assert (await anext(achunks)).delta == "small"
    with pytest.raises(TimeoutError) as raised:
        await anext(achunks)
    assert raised.value is weak.raised[-1]


@pytest.mark.parametrize("prompt", [3, None, b"text", ["text"], FakeChat])
async def test_what_is_no_prompt_is_refused_by_its_kind_whichever_method_is_asked(prompt: Any) -> None:
    routed, spy = routed_over_fakes()
    for ask in (routed.complete, routed.stream_complete):
        with pytest.raises(InvalidInputError, match="prompt"):
            ask(prompt)
    for aask in (routed.acomplete, routed.astream_complete):
        with pytest.raises(InvalidInputError, match="prompt"):
            await aask(prompt)
    assert spy.seen == []


@pytest.mark.parametrize(
    ("messages", "kind"), [(3, "int"), ("text", "str"), (None, "NoneType"), (["text"], "str"), ([3], "int")]
)
async def test_what_is_no_conversation_is_refused_by_its_kind_whichever_method_is_asked(
    messages: Any, kind: str
) -> None:
    routed, spy = routed_over_fakes()
    for ask in (routed.chat, routed.stream_chat):
        with pytest.raises(InvalidInputError, match=f"ChatMessage.*got {kind}"):
            ask(messages)
    for aask in (routed.achat, routed.astream_chat):
        with pytest.raises(InvalidInputError, match=f"ChatMessage.*got {kind}"):
            await aask(messages)
    assert spy.seen == []


def test_a_text_to_fill_in_is_refused_with_how_to_make_a_template_of_it() -> None:
    routed, _ = routed_over_fakes()
    text: Any = "{question}"
    with pytest.raises(InvalidInputError, match=r"PromptTemplate, got str; PromptTemplate\(text\)"):
        routed.predict(text, question="Why?")
