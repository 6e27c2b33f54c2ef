"""A routed LLM over one model twice is that model: same answers, same events, same tokens."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from llama_index.core import Settings
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.llms import LLM
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import BaseTool, FunctionTool
from llama_index_instrumentation.events.span import SpanDropEvent
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM, RoutingDecisionEvent
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, FakeCompletion, memory
from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.recorder import EventRecorder

ASKED = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="What is 2+2?")]
FILLED: dict[str, Any] = {"context_str": "documents", "query_str": "What is 2+2?"}
INDEX = index_of_documents()


def template() -> PromptTemplate:
    """Return a new one: programs write their output parser into the one they are given."""
    return PromptTemplate("{context_str} {query_str}")


class Sum(BaseModel):
    """A sum."""

    n: int


def look(at: str) -> str:
    """Look something up."""
    return f"found {at}"


OURS = (RoutingDecisionEvent, SpanDropEvent)
TOOLS: list[BaseTool] = [FunctionTool.from_defaults(look)]


def engine(llm: LLM, **kwargs: Any) -> Any:
    return INDEX.as_query_engine(llm=llm, **kwargs)


def chat(llm: LLM, mode: Any) -> Any:
    talking = INDEX.as_chat_engine(chat_mode=mode, llm=llm, memory=memory())
    return talking.chat("2+2?", chat_history=list(ASKED))


FLOWS: dict[str, Callable[[Any], Any]] = {
    "chat": lambda llm: llm.chat(ASKED),
    "achat": lambda llm: llm.achat(ASKED),
    "stream_chat": lambda llm: llm.stream_chat(ASKED),
    "astream_chat": lambda llm: llm.astream_chat(ASKED),
    "complete": lambda llm: llm.complete("What is 2+2?"),
    "acomplete": lambda llm: llm.acomplete("What is 2+2?"),
    "stream_complete": lambda llm: llm.stream_complete("What is 2+2?", formatted=True),
    "predict": lambda llm: llm.predict(template(), **FILLED),
    "apredict": lambda llm: llm.apredict(template(), **FILLED),
    "stream": lambda llm: llm.stream(template(), **FILLED),
    "astream": lambda llm: llm.astream(template(), **FILLED),
    "structured_predict": lambda llm: llm.structured_predict(Sum, template(), **FILLED),
    "astructured_predict": lambda llm: llm.astructured_predict(Sum, template(), **FILLED),
    "stream_structured": lambda llm: llm.stream_structured_predict(Sum, template(), **FILLED),
    "chat_with_tools": lambda llm: llm.chat_with_tools(TOOLS, chat_history=ASKED),
    "achat_with_tools": lambda llm: llm.achat_with_tools(TOOLS, chat_history=ASKED),
    "stream_with_tools": lambda llm: llm.stream_chat_with_tools(TOOLS, user_msg="What is 2+2?"),
    "astream_with_tools": lambda llm: llm.astream_chat_with_tools(TOOLS, user_msg="What is 2+2?"),
    "structured_llm": lambda llm: llm.as_structured_llm(Sum).chat(ASKED),
    "structured_llm stream": lambda llm: llm.as_structured_llm(Sum).stream_chat(ASKED),
    "query compact": lambda llm: engine(llm).query("2+2?"),
    "query refine": lambda llm: engine(llm, response_mode="refine").query("2+2?"),
    "query tree": lambda llm: engine(llm, response_mode="tree_summarize").query("2+2?"),
    "query accumulate": lambda llm: engine(llm, response_mode="accumulate", use_async=True).aquery("2+2?"),
    "query streaming": lambda llm: engine(llm, streaming=True).query("2+2?").response_gen,
    "chat simple": lambda llm: chat(llm, "simple"),
    "chat context": lambda llm: chat(llm, "context"),
    "chat condense_question": lambda llm: chat(llm, "condense_question"),
    "chat condense_plus_context": lambda llm: chat(llm, "condense_plus_context"),
}

CHILDREN: dict[str, Callable[[], LLM]] = {
    "chat": lambda: FakeChat(tool_calls=[{"name": "Sum", "kwargs": {"n": 4}}]),
    "without functions": lambda: FakeChat(calls_functions=False, answers=['{"n": 4}']),
    "completion": lambda: FakeCompletion(),
}
CASES = [
    (flow, kind)
    for flow in FLOWS
    for kind in CHILDREN
    if kind != "completion" or ("with_tools" not in flow and "structured" not in flow)
]
"""A model that completes text alone calls no tools, and this one writes no JSON."""


async def observed(ask: Callable[[Any], Any], llm: LLM, recorder: EventRecorder) -> dict[str, Any]:
    """Return what a flow answers or raises, its events, the tokens it counts and the prompts it sends."""
    counter = TokenCountingHandler(tokenizer=str.split)
    llm.callback_manager = Settings.callback_manager = CallbackManager([counter])
    recorder.events.clear()
    try:
        said = await answered(ask(llm))
    except NotImplementedError as error:  # what this version of LlamaIndex does not do, neither does
        said = [repr(error)]
    child: Any = llm.strong if isinstance(llm, RoutedLLM) else llm
    # a routed LLM's own spans are spans more, which fail with the call
    events = [type(event).__name__ for event in recorder.events if not isinstance(event, OURS)]
    tokens = [(call.prompt_token_count, call.completion_token_count) for call in counter.llm_token_counts]
    return {"said": said, "events": events, "tokens": tokens, "prompts": child.prompts}


async def answered(answer: Any) -> list[str]:
    """Return an answer's text, or a stream's parts, whatever it comes as."""
    if isinstance(answer, Awaitable):
        answer = await answer
    if isinstance(answer, AsyncIterator):
        return [str(part) async for part in answer]
    return [str(part) for part in answer] if isinstance(answer, Iterator) else [str(answer)]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "_callback_manager", None)


@pytest.mark.parametrize(("flow", "kind"), CASES)
@pytest.mark.filterwarnings("ignore:The `json` method is deprecated")  # core's StructuredLLM calls it
@pytest.mark.filterwarnings("ignore:strong and weak should be two models")
async def test_a_routed_model_is_the_model(flow: str, kind: str, recorder: EventRecorder) -> None:
    ask = FLOWS[flow]
    bare = await observed(ask, CHILDREN[kind](), recorder)
    model = CHILDREN[kind]()
    routed = RoutedLLM(strong=model, weak=model, router=FixedRouter(0.2))
    assert await observed(ask, routed, recorder) == bare
    assert bare["events"]
