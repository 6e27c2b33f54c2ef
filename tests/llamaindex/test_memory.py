import threading
from typing import Any

import pytest
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.schema import NodeWithScore, TextNode

from llamaindex_routellm import RoutedLLM
from shared_router import (
    InvalidInputError,
    RouterFallbackWarning,
)
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import models, routed_over_fakes


@pytest.mark.parametrize("size", [-1, 2.5, True])
def test_the_cache_size_must_be_a_number(size: Any) -> None:
    with pytest.raises(InvalidInputError, match="cache_size must be a number of questions >= 0"):
        RoutedLLM(**models(cache_size=size))


def test_a_failed_score_is_not_remembered() -> None:
    """The second call scores again, and 0.2 < 0.5 goes weak."""
    answers = iter([float("nan"), 0.2])
    routed = RoutedLLM(**models(router=FixedRouter(lambda query: next(answers))))
    with pytest.warns(RouterFallbackWarning):
        assert routed.complete("hi").text == "big says so"
    assert routed.complete("hi").text == "small says so"


def test_a_question_is_scored_once_and_only_the_latest_are_remembered() -> None:
    routed, spy = routed_over_fakes(cache_size=2)
    for question in ["a", "a", "b", "a", "c", "a", "b"]:
        routed.complete(question)
    assert spy.seen == ["a", "b", "c", "b"]


def test_without_a_cache_every_call_is_scored() -> None:
    routed, spy = routed_over_fakes(cache_size=0)
    routed.complete("a")
    routed.complete("a")
    assert spy.seen == ["a", "a"]


def test_a_changed_threshold_counts_from_the_next_call() -> None:
    """0.1 < 0.5 goes weak; 0.1 >= 0.05 goes strong."""
    routed, _ = routed_over_fakes()
    assert routed.complete("a").text == "small says so"
    routed.policy.threshold = 0.05
    assert routed.complete("a").text == "big says so"


class Slow(FixedRouter):
    """Answer off the event loop, when everybody has asked."""

    blocking = True

    def __init__(self, answers: list[float], n_asking: int) -> None:
        super().__init__(self._next)
        self._answers = iter(answers)
        self._asking = threading.Barrier(n_asking)
        self._lock = threading.Lock()

    def _next(self, query: str) -> float:
        self._asking.wait(timeout=10)
        with self._lock:
            return next(self._answers)


@pytest.mark.filterwarnings("ignore::shared_router.RouterFallbackWarning")
@pytest.mark.parametrize("answers", [[0.9, 0.1, 0.9], [0.1, 0.9, 0.1], [0.1, float("nan"), 0.1]])
async def test_calls_of_one_question_at_once_go_to_one_model(answers: list[float]) -> None:
    """All three ask the router before it has answered one; what is decided first holds for all."""
    routed = RoutedLLM(**models(router=Slow(answers, 3)))
    nodes = [NodeWithScore(node=TextNode(text=text)) for text in "abc"]
    synthesizer = get_response_synthesizer(llm=routed, response_mode=ResponseMode.ACCUMULATE, use_async=True)
    with routed.capture() as decisions:
        await synthesizer.asynthesize("hi", nodes)
    assert len(decisions) == 3
    assert len({decision.model for decision in decisions}) == 1
