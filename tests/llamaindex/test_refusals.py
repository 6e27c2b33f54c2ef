"""What only one model can do goes to that model, and what is forwarded is what the caller gave."""

from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.llms.mock import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from llama_index.core.types import PydanticProgramMode
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM
from shared_router import CapabilityError
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, memory, routed_over_fakes
from tests.llamaindex.providers import look

TOOLS = [FunctionTool.from_defaults(look)]
CALL = {"name": "look", "kwargs": {"at": "it"}}


class Plain(FakeChat):
    """Refuse an option that another model takes."""

    error: Any = ValueError("this model takes no strict tools")

    def _prepare_chat_with_tools(self, tools: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if kwargs.get("strict") or kwargs.get("tool_required"):
            raise self.error
        return super()._prepare_chat_with_tools(tools, *args, **kwargs)


REFUSING = [ValueError("no"), TypeError("no"), NotImplementedError("no")]


@pytest.mark.parametrize("error", REFUSING, ids=lambda error: type(error).__name__)
async def test_an_option_that_one_model_refuses_goes_to_the_other(error: Exception) -> None:
    routed, spy = routed_over_fakes(weak=Plain(model="small", error=error))
    whole = [
        routed.chat_with_tools(TOOLS, "easy", strict=True),
        await routed.achat_with_tools(TOOLS, "easy", strict=True),
        list(routed.stream_chat_with_tools(TOOLS, "easy", strict=True))[-1],
        [c async for c in await routed.astream_chat_with_tools(TOOLS, "easy", strict=True)][-1],
    ]
    decisions = [each.additional_kwargs["routellm"] for each in whole]
    assert {(each["model"], each["reason"]) for each in decisions} == {("strong", "capability:tools")}
    assert routed.chat_with_tools(TOOLS, "easy").additional_kwargs["routellm"]["model"] == "weak"
    assert spy.seen == ["easy"]


async def test_so_do_tools_that_are_called_at_once() -> None:
    strong = FakeChat(model="big", tool_calls=[dict(CALL), dict(CALL)])
    routed, _ = routed_over_fakes(strong=strong, weak=Plain(model="small"))
    assert str(routed.predict_and_call(TOOLS, "easy", tool_required=True)) == "HARD data of it"
    assert str(await routed.apredict_and_call(TOOLS, "easy", tool_required=True)) == "HARD data of it"


def test_where_all_refuse_the_chosen_models_own_error_is_raised() -> None:
    both = {"strong": Plain(error=ValueError("strong's")), "weak": Plain(error=TypeError("weak's"))}
    routed, _ = routed_over_fakes(**both)
    with pytest.raises(ValueError, match="strong's"):
        routed.chat_with_tools(TOOLS, "easy", strict=True)


def test_a_model_that_was_asked_for_by_name_is_the_only_one_asked() -> None:
    routed, _ = routed_over_fakes(weak=Plain())
    with routed.override(route="weak"), pytest.raises(ValueError, match="takes no strict tools"):
        routed.chat_with_tools(TOOLS, "easy", strict=True)


class Failing(FakeChat):
    """Fail after the request was prepared, as a provider's answer that nobody can read does."""

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        self.prompts.append(list(messages))
        raise ValueError("an answer that nobody can read")


def test_an_error_of_an_answer_is_no_refusal_and_nothing_is_asked_twice() -> None:
    routed, _ = routed_over_fakes(weak=Failing(model="small"))
    with pytest.raises(ValueError, match="nobody can read"):
        routed.chat_with_tools(TOOLS, "easy")
    assert (len(routed.weak.prompts), routed.strong.prompts) == (1, [])  # type: ignore[attr-defined]


def test_a_routed_llm_inside_another_refuses_nothing_beforehand() -> None:
    inner, _ = routed_over_fakes(weak=Failing(model="small"))
    routed, _ = routed_over_fakes(weak=inner)
    with pytest.raises(ValueError, match="nobody can read"):
        routed.chat_with_tools(TOOLS, "easy")


class Duck(MockLLM):
    """Call functions without being of the class of those that do."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_function_calling_model=True, is_chat_model=True)

    async def astream_chat_with_tools(self, tools: Any, user_msg: Any = None, **kwargs: Any) -> Any:
        async def chunks() -> Any:
            yield ChatResponse(message=ChatMessage(role="assistant", content="quack"), delta="quack")

        return chunks()

    def get_tool_calls_from_response(self, response: Any, **kwargs: Any) -> list[ToolSelection]:
        return []


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
async def test_a_model_calls_functions_if_its_metadata_says_so_as_llamaindex_asks() -> None:
    routed = RoutedLLM(strong=Duck(max_tokens=None), weak=Duck(max_tokens=None), router=FixedRouter(0.9))
    assert str(await FunctionAgent(llm=routed, tools=[]).run(user_msg="hi", memory=memory())) == "quack"
    mixed = RoutedLLM(strong=Duck(max_tokens=None), weak=MockLLM(), router=FixedRouter(0.1))
    assert str(await FunctionAgent(llm=mixed, tools=[]).run(user_msg="hi", memory=memory())) == "quack"


def test_a_model_that_says_it_calls_no_functions_and_has_no_methods_to_is_refused() -> None:
    routed = RoutedLLM(strong=MockLLM(), weak=MockLLM(), router=FixedRouter(0.9))
    with pytest.raises(CapabilityError, match="tools need a FunctionCallingLLM, and MockLLM is none"):
        routed.chat_with_tools([], "hi")


class Number(BaseModel):
    """A number."""

    n: int


class Old(MockLLM):
    """Take the arguments of `structured_predict` that it had before it knew `llm_kwargs`."""

    given: dict[str, Any] = {}

    def structured_predict(self, output_cls: Any, prompt: Any, **prompt_args: Any) -> Any:
        self.given = prompt_args
        return output_cls(n=1)


def test_structured_calls_are_forwarded_as_they_were_given() -> None:
    weak = Old(max_tokens=None)
    routed = RoutedLLM(strong=Old(max_tokens=None), weak=weak, router=FixedRouter(0.1))
    assert routed.structured_predict(Number, PromptTemplate("{q}"), q="x") == Number(n=1)
    assert weak.given == {"q": "x"}
    routed.structured_predict(Number, PromptTemplate("{q}"), {"temperature": 0.5}, q="x")
    assert weak.given == {"llm_kwargs": {"temperature": 0.5}, "q": "x"}


def test_an_object_that_only_one_model_can_write_as_it_is_set_to_goes_to_it() -> None:
    """By function calls alone, which one of the models does not make."""
    by_calls: dict[str, Any] = {"pydantic_program_mode": PydanticProgramMode.FUNCTION}
    weak = FakeChat(model="small", calls_functions=False, **by_calls)
    strong = FakeChat(model="big", tool_calls=[{"name": "Number", "kwargs": {"n": 2}}] * 2)
    routed, spy = routed_over_fakes(strong=strong, weak=weak)
    with routed.capture() as decisions:
        template = PromptTemplate("{query_str}")
        assert routed.structured_predict(Number, template, query_str="easy") == Number(n=2)
        assert routed.as_structured_llm(Number).chat([ChatMessage(content="easy")]).raw == Number(n=2)
    assert {(each.model, each.reason) for each in decisions} == {("strong", "capability:structured_output")}
    assert spy.seen == []
