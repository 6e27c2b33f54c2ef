"""What a routed LlamaIndex call costs over the bare child's, and what ten thousand questions leave behind.

Run: python -m tests.benchmarks.llamaindex_overhead
"""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import MockLLM
from llama_index.core.prompts import PromptTemplate
from llama_index_instrumentation import get_dispatcher

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm.spans import Enclosing
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


def measure_methods() -> dict[str, tuple[Timing, Timing]]:
    """Time each method of a child and of the LLM over it in turns; every question is scored anew."""
    child = mock()
    routed = RoutedLLM(strong=child, weak=mock(), cache_size=0)
    measured = {}
    for name, call in SYNC.items():
        calls = {"bare": lambda call=call: call(child), "routed": lambda call=call: call(routed)}
        timings = take_turns(calls, rounds=ROUNDS)
        measured[name] = (timings["bare"], timings["routed"])
    for name, acall in ASYNC.items():
        acalls = {"bare": lambda acall=acall: acall(child), "routed": lambda acall=acall: acall(routed)}
        timings = asyncio.run(take_turns_async(acalls, rounds=ROUNDS))
        measured[name] = (timings["bare"], timings["routed"])
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
    return {"grown_bytes_per_question": grown, "spans_left": float(len(Enclosing.watch()))}


def main() -> None:
    """Print the table and the JSON line."""
    measured = measure_methods()
    rows, figures = [], {}
    for name, (bare, routed) in measured.items():
        over = routed.p50 - bare.p50
        rows.append(
            {
                "method": name,
                "bare p50 us": bare.p50,
                "routed p50 us": routed.p50,
                "over p50 us": over,
                "over p99 us": routed.p99 - bare.p99,
                "ratio": routed.p50 / bare.p50,
            }
        )
        figures[f"{name}_over_p50_us"] = over
    print_table(rows)
    report("llamaindex_overhead", figures | measure_memory())


if __name__ == "__main__":
    main()
