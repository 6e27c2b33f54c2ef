"""What a call holds beside text, and the models that can read it."""

from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    VideoBlock,
)
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate, RichPromptTemplate
from llama_index.core.schema import ImageNode, NodeWithScore, TextNode

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.content import contents_of
from shared_router import InvalidInputError, UnknownNameError
from tests.llamaindex.fakes import FakeChat, models, routed_over_fakes

TEXT = TextBlock(text="easy")
IMAGE = ImageBlock(image=b"x", image_mimetype="image/png")
BLOCKS: dict[str, Any] = {
    "images": IMAGE,
    "documents": DocumentBlock(data=b"%PDF-1.4", document_mimetype="application/pdf"),
    "audio": AudioBlock(audio=b"x", format="wav"),
    "video": VideoBlock(video=b"x", video_mimetype="video/mp4"),
}


def holding(*blocks: Any, role: str = "user") -> LLMCall:
    return LLMCall(messages=[ChatMessage(role=role, blocks=[TEXT, *blocks])])


@pytest.mark.parametrize(("need", "block"), BLOCKS.items())
@pytest.mark.parametrize("role", ["user", "assistant", "tool"])
def test_a_block_makes_a_need_whoever_sent_it(need: str, block: Any, role: str) -> None:
    assert contents_of(holding(block, role=role)) == [need]


def test_text_and_thoughts_need_nothing_more() -> None:
    assert contents_of(holding(ThinkingBlock(content="hm"))) == []
    assert contents_of(LLMCall(text="easy")) == []


def test_blocks_inside_blocks_count_and_each_need_once() -> None:
    citable = CitableBlock(title="t", source="s", content=[TEXT, BLOCKS["documents"]])
    cited = CitationBlock(title="t", source="s", cited_content=IMAGE, additional_location_info={})
    assert contents_of(holding(citable, cited, IMAGE)) == ["images", "documents"]


def test_what_fills_a_template_counts_too() -> None:
    template = PromptTemplate("{context} {query_str}")
    nodes = [
        NodeWithScore(node=TextNode(text="a")),
        NodeWithScore(node=ImageNode(image_url="http://a/b.png")),
    ]
    assert contents_of(LLMCall(template=template, variables={"context": nodes})) == ["images"]
    messages = [ChatMessage(blocks=[TEXT, BLOCKS["audio"]])]
    assert contents_of(LLMCall(template=ChatPromptTemplate(message_templates=messages))) == ["audio"]
    assert contents_of(LLMCall(template=template, variables={"context": messages})) == ["audio"]
    assert contents_of(LLMCall(template=RichPromptTemplate("{{ path | image }} {{ q }}"))) == ["images"]


@pytest.mark.parametrize(("need", "block"), BLOCKS.items())
def test_what_the_weak_model_cannot_read_goes_to_the_strong_one(need: str, block: Any) -> None:
    others = [kind for kind in BLOCKS if kind != need]
    routed, spy = routed_over_fakes(capabilities={"weak": others})
    message = ChatMessage(role="user", blocks=[TEXT, block])
    decision = routed.chat([message]).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", f"capability:{need}")
    tools = routed.chat_with_tools([], chat_history=[message, ChatMessage(content="easy")])
    assert tools.additional_kwargs["routellm"]["model"] == "strong"
    assert routed.complete("easy").additional_kwargs["routellm"]["model"] == "weak"
    assert spy.seen == ["easy"]


def test_a_model_that_is_not_named_reads_all_and_where_none_can_the_provider_judges() -> None:
    message = ChatMessage(role="user", blocks=[TEXT, IMAGE])
    assert routed_over_fakes()[0].chat([message]).additional_kwargs["routellm"]["model"] == "weak"
    blind, _ = routed_over_fakes(capabilities={"strong": (), "weak": ()})
    assert blind.chat([message]).additional_kwargs["routellm"]["reason"] == "score"
    turned, _ = routed_over_fakes(capabilities={"strong": []})
    hard = ChatMessage(role="user", blocks=[TextBlock(text="HARD"), IMAGE])
    assert turned.chat([hard]).additional_kwargs["routellm"]["model"] == "weak"


def test_the_first_need_that_leaves_one_model_is_the_reason() -> None:
    routed, _ = routed_over_fakes(weak=FakeChat(calls_functions=False), capabilities={"weak": []})
    history = [ChatMessage(role="user", blocks=[TEXT, IMAGE]), ChatMessage(role="tool", content="found")]
    assert routed.chat(history).additional_kwargs["routellm"]["reason"] == "capability:tools"
    other, _ = routed_over_fakes(capabilities={"weak": []})
    both = ChatMessage(role="user", blocks=[IMAGE, BLOCKS["audio"]])
    assert other.chat([both]).additional_kwargs["routellm"]["reason"] == "capability:images"


@pytest.mark.parametrize("kinds", ["images", ["pictures"], 3, {"images", "sound"}])
def test_capabilities_must_be_known_kinds(kinds: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"the capabilities of weak must be some of \['images', "):
        RoutedLLM(**models(capabilities={"weak": kinds}))


def test_capabilities_must_be_by_the_models_names() -> None:
    with pytest.raises(UnknownNameError, match=r"capabilities must be of models among .* got 'small'"):
        RoutedLLM(**models(capabilities={"small": []}))
    with pytest.raises(InvalidInputError, match="capabilities must be by model, got list"):
        RoutedLLM(**models(capabilities=["images"]))
