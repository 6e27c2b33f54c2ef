"""What a routed model adds to a call of its child, entry point by entry point.

Run it with `python -m tests.benchmarks.langchain_overhead`. The child answers at once and the router
returns a constant, so that what is left is the adapter.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from numpy.typing import NDArray

from langchain_routellm import RoutedChatModel
from shared_router.testing import FixedRouter
from tests.benchmarks.measure import Timing, print_table, report, take_turns, take_turns_async

ROUNDS = 2000
BATCHES = 60
CHUNKS = 10
SLOW_S = 0.05
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


class SlowRouter(FixedRouter):
    """Take 50 ms to score, as a router on a large model does."""

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        time.sleep(SLOW_S)
        return super().win_probability(queries)


async def _largest_gap_ms(router: FixedRouter) -> float:
    """Return the longest time for which an event loop stood still while a call was routed."""
    model = RoutedChatModel(strong=InstantChat(), weak=InstantChat(), router=router, threshold=0.5)
    ticks = [time.perf_counter()]

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.001)
            ticks.append(time.perf_counter())

    clock = asyncio.create_task(tick())
    for _ in range(5):
        await model.ainvoke(QUESTION)
    clock.cancel()
    return float(np.max(np.diff(ticks)) * 1e3)


def _loop_gaps() -> dict[str, float]:
    inline, threaded = SlowRouter(0.9), SlowRouter(0.9)
    inline.blocking, threaded.blocking = False, True
    return {
        "langchain_loop_gap_inline_ms": asyncio.run(_largest_gap_ms(inline)),
        "langchain_loop_gap_ms": asyncio.run(_largest_gap_ms(threaded)),
    }


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
    figures["langchain_batch_100_ratio"] = batch_over.p50 / batch_bare.p50
    report("langchain_overhead", {**figures, **_loop_gaps()})


if __name__ == "__main__":
    main()
