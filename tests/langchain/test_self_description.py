"""What libraries that look at a model find: the children's type and name where they agree."""

from typing import Any

import pytest
from langchain.agents.factory import _supports_provider_strategy
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableLambda

from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import routed

NATIVE: Any = {"structured_output": True, "tool_calling": True}


def test_the_type_is_the_childrens_where_they_agree() -> None:
    assert routed()._llm_type == "routellm"
    assert routed(weak=ChatElm(model="elm-mini"))._llm_type == "elm-chat"
    assert routed(weak=ChatElm().with_fallbacks([ChatElm()]))._llm_type == "elm-chat"
    assert routed(weak=ChatElm().with_fallbacks([ChatOak()]))._llm_type == "routellm"
    assert routed(weak=RunnableLambda(lambda _: None))._llm_type == "elm-chat"


def test_a_summary_counts_tokens_as_it_does_for_the_children() -> None:
    """1,000 words of five characters: at Anthropic's 3.3 characters a token more than at the usual 4."""

    class Claude(ChatStone):
        @property
        def _llm_type(self) -> str:
            return "anthropic-chat"

    def counted(model: Any) -> int:
        return SummarizationMiddleware(model, trigger=("tokens", 10)).token_counter(messages)

    messages = [HumanMessage("word " * 1000)]
    assert counted(routed(strong=Claude(), weak=Claude())) == counted(Claude()) > counted(ChatStone())


@pytest.mark.parametrize("attribute", ["model_name", "model"])
def test_the_name_is_the_childrens_where_they_agree(attribute: str) -> None:
    assert getattr(routed(), attribute) == "routellm(elm-1 | oak-1)"
    assert getattr(routed(weak=ChatElm()), attribute) == "elm-1"
    assert getattr(routed(weak=RunnableLambda(lambda _: None)), attribute) == "routellm(elm-1 | unnamed)"


@pytest.mark.parametrize(
    ("strong", "weak", "native"),
    [
        ("gpt-5", "gpt-5-mini", True),
        ("gemini-3-pro", "gemini-3-flash", True),
        ("gemini-2.5-pro", "gemini-2.5-flash", False),
        ("gemini-3-pro", "gemini-2.5-flash", False),
        ("gpt-5", "gemini-2.5-flash", False),
    ],
)
def test_an_older_gemini_with_tools_is_not_asked_for_a_schema_of_its_providers(
    strong: str, weak: str, native: bool
) -> None:
    model = routed(strong=ChatElm(model=strong, profile=NATIVE), weak=ChatOak(model=weak, profile=NATIVE))
    assert _supports_provider_strategy(model, tools=[{}]) is native


def test_one_childs_name_promises_nothing_for_the_other() -> None:
    """By its name alone LangChain takes gpt-4o for a model that fills schemas natively."""
    assert _supports_provider_strategy(ChatElm(model="gpt-4o"))
    assert not _supports_provider_strategy(routed(strong=ChatElm(model="gpt-4o-2024"), weak=ChatOak()))
    assert not _supports_provider_strategy(routed(strong=ChatOak(), weak=ChatElm(model="gpt-4o-2024")))
