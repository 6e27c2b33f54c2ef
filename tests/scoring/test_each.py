"""scoring/each.py: what a failing router costs, counted in calls."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import EmbedderError, MissingExtraError, NotFittedError, Router, RouterOutputError
from shared_router.scoring.each import is_about_input, score_each


class Counting(Router):
    """Fail with an error wherever a query is among the bad ones, and count the calls."""

    name = "counting"

    def __init__(self, error: Exception, bad: Callable[[str], bool] = lambda query: True) -> None:
        self.error = error
        self.bad = bad
        self.asked: list[int] = []

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        self.asked.append(len(queries))
        if any(map(self.bad, queries)):
            raise self.error
        return np.full(len(queries), 0.25)


class ServiceError(Exception):
    """What a service's client raises."""

    def __init__(self, status_code: int) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


def _wrapped(cause: Exception) -> EmbedderError:
    error = EmbedderError("the embedding service must answer")
    error.__cause__ = cause
    return error


ABOUT_A_SERVICE: list[Exception] = [
    ConnectionError(),
    TimeoutError(),
    OSError(),
    MemoryError(),
    ServiceError(401),
    ServiceError(429),
    ServiceError(503),
    type("ConnectError", (Exception,), {})(),
    MissingExtraError.of("torch", "torch"),
    NotFittedError(),
    _wrapped(ConnectionError()),
    _wrapped(ServiceError(500)),
]
ABOUT_INPUT: list[Exception] = [
    ValueError(),
    TypeError(),
    KeyError(),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    RuntimeError(),
    RecursionError(),
    Exception("TextInputSequence must be str"),
    RouterOutputError(),
    ServiceError(400),
    ServiceError(413),
    EmbedderError("an embedder must return one row of numbers a text"),
    _wrapped(ServiceError(422)),
]


@pytest.mark.parametrize("error", ABOUT_A_SERVICE, ids=repr)
@pytest.mark.parametrize("n", [1, 2, 20, 1000])
def test_an_error_of_a_service_is_not_asked_for_again(error: Exception, n: int) -> None:
    router = Counting(error)
    assert score_each(router, ["x"] * n) == [error] * n
    assert router.asked == [n]
    assert not is_about_input(error)


@pytest.mark.parametrize("error", ABOUT_INPUT, ids=repr)
def test_one_query_at_fault_is_found_by_halving_and_costs_no_other_its_score(error: Exception) -> None:
    """64 queries: halves of 32, 16, 8 and 4, of which the last are asked one by one.

    64 fails; then 32 + 32, 16 + 16, 8 + 8, 4 + 4 and four single ones: 1 + 4 * 2 + 4 = 13 calls.
    """
    assert is_about_input(error)
    for place in (0, 20, 63):
        router = Counting(error, lambda query, bad=str(place): query == bad)  # type: ignore[misc]
        outcomes = score_each(router, [str(i) for i in range(64)])
        assert outcomes == [*[0.25] * place, error, *[0.25] * (63 - place)]
        assert len(router.asked) == 13


def test_several_queries_at_fault_are_each_found() -> None:
    error = ValueError()
    router = Counting(error, lambda query: query in {"3", "4", "40"})
    outcomes = score_each(router, [str(i) for i in range(64)])
    assert [i for i, outcome in enumerate(outcomes) if outcome is error] == [3, 4, 40]


@pytest.mark.parametrize("n", [2, 3, 20, 1000])
def test_a_router_that_fails_on_everything_is_asked_a_logarithm_of_times(n: int) -> None:
    """A batch of n has at most ceil(log2 n) halves in halves; as many calls and two fail, and no more."""
    router = Counting(ValueError())
    assert len(score_each(router, ["x"] * n)) == n
    assert len(router.asked) <= 2 + math.ceil(math.log2(n))


def test_nothing_is_asked_again_after_the_deadline() -> None:
    router = Counting(ValueError())
    score_each(router, ["x"] * 8, until=0.0)
    assert router.asked == [8]


@pytest.mark.parametrize("output", [[0.5], [[0.5]] * 3, "high", [math.nan] * 3])
def test_what_is_no_win_probabilities_fails_alike(output: Any) -> None:
    class Wrong(Counting):
        def win_probability(self, queries: Sequence[str]) -> Any:
            return output if "bad" in queries else np.full(len(queries), 0.25)

    outcomes = score_each(Wrong(ValueError()), ["a", "b", "bad"])
    assert outcomes[:2] == [0.25, 0.25]
    # one number is right for one query
    assert outcomes[2] == 0.5 if output == [0.5] else isinstance(outcomes[2], RouterOutputError)
