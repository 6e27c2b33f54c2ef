"""What a routed model adds to a call of its child, entry point by entry point.

Run it with `python -m tests.benchmarks.langchain_overhead`. The child answers at once and the router
returns a constant, so that what is left is the adapter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool

from langchain_routellm import RoutedChatModel
from shared_router.testing import FixedRouter
from tests.benchmarks.measure import Timing, print_table, report, take_turns, take_turns_async

ROUNDS = 2000
BATCHES = 60
CHUNKS = 10
QUESTION = [HumanMessage("Explain in two sentences why the sky is blue. " * 10)]


class InstantChat(BaseChatModel):
    """Answer at once."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("blue"))])

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return self._generate(messages)

    def _stream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        for _ in range(CHUNKS):
            yield ChatGenerationChunk(message=AIMessageChunk(content="blue"))

    async def _astream(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages):
            yield chunk

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)


def lookup(word: str) -> str:
    """Look a word up."""
    return word


def _sync_calls(model: BaseChatModel) -> dict[str, Callable[[], object]]:
    bound = model.bind_tools([lookup])
    return {
        "invoke": lambda: model.invoke(QUESTION),
        "stream_first": lambda: next(model.stream(QUESTION)),
        "stream": lambda: sum(1 for _ in model.stream(QUESTION)),
        "bind_tools_invoke": lambda: bound.invoke(QUESTION),
    }


def _async_calls(model: BaseChatModel) -> dict[str, Callable[[], Any]]:
    async def stream() -> int:
        return len([chunk async for chunk in model.astream(QUESTION)])

    return {"ainvoke": lambda: model.ainvoke(QUESTION), "astream": stream}


def main() -> None:
    """Measure every entry point beside the bare child."""
    child = InstantChat()
    routed = RoutedChatModel(strong=child, weak=InstantChat(), router=FixedRouter(0.9), threshold=0.5)
    timings: dict[str, tuple[Timing, Timing]] = {}
    for name, call in _sync_calls(child).items():
        pair = take_turns({"bare": call, "routed": _sync_calls(routed)[name]}, rounds=ROUNDS)
        timings[name] = (pair["bare"], pair["routed"])
    for name, acall in _async_calls(child).items():
        calls = {"bare": acall, "routed": _async_calls(routed)[name]}
        pair = asyncio.run(take_turns_async(calls, rounds=ROUNDS))
        timings[name] = (pair["bare"], pair["routed"])
    batch: list[Any] = [QUESTION] * 100
    pair = take_turns(
        {"bare": lambda: child.batch(batch), "routed": lambda: routed.batch(batch)}, rounds=BATCHES, warm_up=5
    )
    timings["batch_100"] = (pair["bare"], pair["routed"])
    print_table(
        [
            {
                "entry point": name,
                "bare p50 us": bare.p50,
                "routed p50 us": over.p50,
                "over p50 us": over.p50 - bare.p50,
                "over p99 us": over.p99 - bare.p99,
                "ratio": over.p50 / bare.p50,
            }
            for name, (bare, over) in timings.items()
        ]
    )
    figures = {f"langchain_{name}_p50_us": over.p50 - bare.p50 for name, (bare, over) in timings.items()}
    batch_bare, batch_over = timings["batch_100"]
    report("langchain_overhead", {**figures, "langchain_batch_100_ratio": batch_over.p50 / batch_bare.p50})


if __name__ == "__main__":
    main()
