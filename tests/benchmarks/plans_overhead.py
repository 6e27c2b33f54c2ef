"""What a cascade adds to the calls that it makes, in both adapters: the driver, and AnswerFeatures in it.

The models answer at once, so that what is left is ours. Beside an accepted answer stands the bare weak call,
beside a rejected one the two bare calls. Scorers: a constant that is asked in place; the same as a plain
function, which is asked in a thread; and AnswerFeatures, fitted on 120 graded sums.

Run: python -m tests.benchmarks.plans_overhead
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from llama_index.core.base.llms.types import ChatMessage, CompletionResponse, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.custom import CustomLLM

from langchain_routellm import CascadedChatModel
from llamaindex_routellm import CascadedLLM
from shared_router import AnswerFeatures, GivenAnswer
from tests.benchmarks.measure import print_table, report, take_turns, take_turns_async
from tests.scorers.graded import graded_sums

ROUNDS = 500
QUESTION = "A shop sells 12 boxes of 31 pens. How many pens are that?"
ANSWER = "12 * 31 = 372 pens.\n#### 372"
TARGET_US = 1000.0


class InPlace:
    """Say one thing of every answer, so fast that an event loop need not leave it to a thread."""

    blocking = False

    def __init__(self, score: float) -> None:
        self.score = score

    def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
        """Return it."""
        return self.score


class InstantChat(BaseChatModel):
    """Answer at once."""

    @property
    def _llm_type(self) -> str:
        return "instant"

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(ANSWER))])

    async def _agenerate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        return self._generate(messages)


class InstantLLM(CustomLLM):
    """Answer at once."""

    @property
    def metadata(self) -> LLMMetadata:
        """What it is."""
        return LLMMetadata(model_name="instant")

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answer."""
        return CompletionResponse(text=ANSWER)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        """Answer in one piece."""
        yield CompletionResponse(text=ANSWER, delta=ANSWER)


def scorers() -> dict[str, Any]:
    """Return the scorers by name."""
    features = AnswerFeatures().fit(graded_sums(), model="weak", strong="strong")
    features.good_enough(QUESTION, [ANSWER])  # loads the embedder
    return {
        "accepted": InPlace(1.0),
        "rejected": InPlace(0.0),
        "in_thread": lambda question, answer: 1.0,
        "answer_features": features,
    }


def langchain_calls(scorer: Any, threshold: float) -> dict[str, Callable[[Any], Any]]:
    """Return the bare calls of a cascade, and the cascade's own: synchronous, then not."""
    weak, strong = InstantChat(), InstantChat()
    model = CascadedChatModel(strong=strong, weak=weak, scorer=scorer, threshold=threshold)

    async def bare(n: int) -> None:
        for _ in range(n):
            await weak.ainvoke(QUESTION)

    return {
        "bare": lambda n: [weak.invoke(QUESTION) for _ in range(n)],
        "cascade": lambda n: model.invoke(QUESTION),
        "abare": bare,
        "acascade": lambda n: model.ainvoke(QUESTION),
    }


def llamaindex_calls(scorer: Any, threshold: float) -> dict[str, Callable[[Any], Any]]:
    """Return what `langchain_calls` returns."""
    weak, strong = InstantLLM(), InstantLLM()
    llm = CascadedLLM(strong=strong, weak=weak, scorer=scorer, threshold=threshold)
    messages = [ChatMessage(content=QUESTION)]

    async def bare(n: int) -> None:
        for _ in range(n):
            await weak.achat(messages)

    return {
        "bare": lambda n: [weak.chat(messages) for _ in range(n)],
        "cascade": lambda n: llm.chat(messages),
        "abare": bare,
        "acascade": lambda n: llm.achat(messages),
    }


def measure(calls: dict[str, Callable[[Any], Any]], n_calls: int) -> tuple[float, float]:
    """Return the median microseconds over the bare calls, synchronous and not."""
    made = {name: partial(call, n_calls) for name, call in calls.items()}
    here = take_turns({name: made[name] for name in ("bare", "cascade")}, rounds=ROUNDS)
    there = {name: made[name] for name in ("abare", "acascade")}
    later = asyncio.run(take_turns_async(there, rounds=ROUNDS))
    return here["cascade"].p50 - here["bare"].p50, later["acascade"].p50 - later["abare"].p50


def main() -> None:
    """Measure and print."""
    rows: list[dict[str, Any]] = []
    figures: dict[str, float] = {}
    for adapter, make in (("langchain", langchain_calls), ("llamaindex", llamaindex_calls)):
        for name, scorer in scorers().items():
            # every answer is accepted but by the scorer that says 0
            calls = make(scorer, 0.5 if name == "rejected" else 1.0)
            over, aover = measure(calls, 2 if name == "rejected" else 1)
            rows.append({"adapter": adapter, "scorer": name, "over p50 us": over, "async p50 us": aover})
            figures |= {f"{adapter}_{name}_p50_us": over, f"{adapter}_a{name}_p50_us": aover}
    print_table(rows)
    slowest = max(figures.values())
    report("plans_overhead", {**figures, "slowest_p50_us": slowest, "slowest_of_target": slowest / TARGET_US})


if __name__ == "__main__":
    main()
