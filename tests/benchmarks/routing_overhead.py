"""What routing costs: a score, an adapter's call over the bare child's, an import.

Run: python -m tests.benchmarks.routing_overhead
"""

import asyncio
import itertools
import os
import time
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import MockLLM

from langchain_routellm import RoutedChatModel
from llamaindex_routellm import RoutedLLM
from shared_router import load_router
from tests.benchmarks.measure import Timing, print_table, process_ms, report, take_turns, take_turns_async

ROUNDS = 2000
BATCH = 20_000
IMPORTS = 15

_SENTENCE = "A train leaves the station at noon and a second one follows it at twice the speed. "
QUERY = (_SENTENCE * 6)[:450]
_numbers = itertools.count()


def question() -> str:
    """Return a question that nobody asked before: a remembered decision would be no measure."""
    return f"{next(_numbers)}: {QUERY}"[:450]


def conversation() -> list[ChatMessage]:
    """Return such a question as LlamaIndex takes it."""
    return [ChatMessage(role="user", content=question())]


class InstantModel(BaseChatModel):
    """A child that answers at once, so that the difference is all routing."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("yes"))])


def measure_router() -> dict[str, float]:
    """Time one query alone and many at once, both through the shipped router."""
    router = load_router()
    single = take_turns({"route": lambda: router.win_probability([question()])}, rounds=5 * ROUNDS)["route"]
    prompts = [question() for _ in range(BATCH)]
    start = time.perf_counter()
    router.win_probability(prompts)
    return {
        "route_p50_us": single.p50,
        "route_p99_us": single.p99,
        "batch_per_s": BATCH / (time.perf_counter() - start),
    }


def measure_langchain() -> dict[str, tuple[Timing, Timing]]:
    """Time the routed model and its child in turns, per entry point."""
    child = InstantModel()
    routed = RoutedChatModel(strong=child, weak=InstantModel())
    sync = take_turns(
        {
            "bare invoke": lambda: child.invoke(question()),
            "routed invoke": lambda: routed.invoke(question()),
            "bare stream": lambda: list(child.stream(question())),
            "routed stream": lambda: list(routed.stream(question())),
        },
        rounds=ROUNDS,
    )
    calls = {"bare": lambda: child.ainvoke(question()), "routed": lambda: routed.ainvoke(question())}
    async_ = asyncio.run(take_turns_async(calls, rounds=ROUNDS))
    return {
        "langchain_invoke": (sync["bare invoke"], sync["routed invoke"]),
        "langchain_stream": (sync["bare stream"], sync["routed stream"]),
        "langchain_ainvoke": (async_["bare"], async_["routed"]),
    }


def measure_llamaindex() -> dict[str, tuple[Timing, Timing]]:
    """Time the routed LLM and its child in turns, per entry point."""
    child = MockLLM(max_tokens=1)
    routed = RoutedLLM(strong=child, weak=MockLLM(max_tokens=1))
    sync = take_turns(
        {
            "bare chat": lambda: child.chat(conversation()),
            "routed chat": lambda: routed.chat(conversation()),
            "bare stream": lambda: list(child.stream_chat(conversation())),
            "routed stream": lambda: list(routed.stream_chat(conversation())),
        },
        rounds=ROUNDS,
    )
    calls = {"bare": lambda: child.achat(conversation()), "routed": lambda: routed.achat(conversation())}
    async_ = asyncio.run(take_turns_async(calls, rounds=ROUNDS))
    return {
        "llamaindex_chat": (sync["bare chat"], sync["routed chat"]),
        "llamaindex_stream": (sync["bare stream"], sync["routed stream"]),
        "llamaindex_achat": (async_["bare"], async_["routed"]),
    }


def measure_import() -> dict[str, float]:
    """Time the adapter's import over its framework's own chat-model module, fresh processes in turns."""
    base = "import langchain_core.language_models.chat_models"
    codes = (base, f"{base}; import langchain_routellm")
    bare, routed = process_ms(codes, rounds=IMPORTS, environment=os.environ)
    return {"import_ms": routed - bare, "import_ratio": routed / bare}


def main() -> None:
    """Print every figure, each beside the bare call of the same run."""
    router = measure_router()
    pairs = {**measure_langchain(), **measure_llamaindex()}
    rows = [
        {
            "call": name,
            "bare p50 us": bare.p50,
            "routed p50 us": routed.p50,
            "over p50 us": routed.p50 - bare.p50,
            "ratio p50": routed.p50 / bare.p50,
            "over p99 us": routed.p99 - bare.p99,
        }
        for name, (bare, routed) in pairs.items()
    ]
    print_table([router])
    print_table(rows)
    imports = measure_import()
    print_table([imports])
    over = {f"{name}_p50_us": routed.p50 - bare.p50 for name, (bare, routed) in pairs.items()}
    report("routing_overhead", {**router, **over, **imports})


if __name__ == "__main__":
    main()
