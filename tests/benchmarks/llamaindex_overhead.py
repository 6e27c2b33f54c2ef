"""What a routed LlamaIndex call costs over the bare child's, and what ten thousand questions leave behind.

Run: python -m tests.benchmarks.llamaindex_overhead
"""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index_instrumentation import get_dispatcher

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm.spans import OpenSpans
from shared_router import load_router
from tests.benchmarks.measure import Timing, print_table, report, take_turns, take_turns_async

ROUNDS = 2000
QUESTIONS = 10_000

_SENTENCE = "A train leaves the station at noon and a second one follows it at twice the speed. "
QUERY = (_SENTENCE * 6)[:450]
MESSAGES = [ChatMessage(role="user", content=QUERY)]
TEMPLATE = PromptTemplate("{context_str}\nQuery: {query_str}\nAnswer: ")
FILLED: dict[str, Any] = {"context_str": _SENTENCE * 80, "query_str": QUERY}

SYNC: dict[str, Callable[[Any], object]] = {
    "chat": lambda llm: llm.chat(MESSAGES),
    "stream_chat": lambda llm: list(llm.stream_chat(MESSAGES)),
    "complete": lambda llm: llm.complete(QUERY),
    "stream_complete": lambda llm: list(llm.stream_complete(QUERY)),
    "predict": lambda llm: llm.predict(TEMPLATE, **FILLED),
    "stream": lambda llm: list(llm.stream(TEMPLATE, **FILLED)),
}


async def read(stream: Awaitable[AsyncIterator[object]]) -> list[object]:
    """Read an asynchronous stream to its end."""
    return [part async for part in await stream]


ASYNC: dict[str, Callable[[Any], Awaitable[object]]] = {
    "achat": lambda llm: llm.achat(MESSAGES),
    "astream_chat": lambda llm: read(llm.astream_chat(MESSAGES)),
    "acomplete": lambda llm: llm.acomplete(QUERY),
    "apredict": lambda llm: llm.apredict(TEMPLATE, **FILLED),
}


def mock() -> MockLLM:
    """Return a child that answers at once, so that the difference is all routing."""
    return MockLLM(max_tokens=1)


def measure_methods() -> dict[str, dict[str, Timing]]:
    """Time each method of a child and of the LLM over it in turns.

    A question's first call is scored; its further calls (chunks, steps) find their decision in memory.
    """
    child = mock()
    llms = {
        "bare": child,
        "further": RoutedLLM(strong=child, weak=mock()),
        "first": RoutedLLM(strong=child, weak=mock(), cache_size=0),
    }
    measured = {}
    for name, call in SYNC.items():
        calls = {kind: partial(call, llm) for kind, llm in llms.items()}
        measured[name] = take_turns(calls, rounds=ROUNDS)
    for name, acall in ASYNC.items():
        acalls = {kind: partial(acall, llm) for kind, llm in llms.items()}
        measured[name] = asyncio.run(take_turns_async(acalls, rounds=ROUNDS))
    return measured


@get_dispatcher(__name__).span
def asked(query: str, llm: RoutedLLM) -> object:
    """Answer a question that only this call's span knows."""
    return llm.complete(f"Documents and {query}")


def measure_memory() -> dict[str, float]:
    """Ask ten thousand different questions in spans of their own, and weigh what is left."""
    routed = RoutedLLM(strong=mock(), weak=mock())

    def ask(first: int, n: int) -> None:
        for i in range(first, first + n):
            asked(f"{i:0100}", routed)
        gc.collect()

    tracemalloc.start()
    ask(0, 2_000)  # fills the memory of decisions
    before, _ = tracemalloc.get_traced_memory()
    ask(2_000, QUESTIONS)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    grown = (after - before) / QUESTIONS
    return {"grown_bytes_per_question": grown, "spans_left": float(len(OpenSpans.watch()))}


def main() -> None:
    """Print the table and the JSON line."""
    router = load_router()
    routed = take_turns({"route": lambda: router.win_probability([QUERY])}, rounds=ROUNDS)["route"]
    rows, figures = [], {"route_p50_us": routed.p50}
    for name, timings in measure_methods().items():
        bare = timings["bare"]
        over = {kind: timings[kind].p50 - bare.p50 for kind in ("further", "first")}
        rows.append(
            {
                "method": name,
                "bare p50 us": bare.p50,
                "first call over p50 us": over["first"],
                "further call over p50 us": over["further"],
                "first ratio": timings["first"].p50 / bare.p50,
                "further ratio": timings["further"].p50 / bare.p50,
            }
        )
        figures |= {f"{name}_{kind}_over_p50_us": value for kind, value in over.items()}
    print_table(rows)
    report("llamaindex_overhead", figures | measure_memory())


if __name__ == "__main__":
    main()
