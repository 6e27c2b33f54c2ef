"""testing.py: the check lets good routers through and names what a broken one breaks."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import ContractError, Embedder, InvalidInputError, Router
from shared_router.routers.random import RandomRouter
from shared_router.testing import HOSTILE_QUERIES, FixedRouter, HashEmbedder, check_router


class Told(Router):
    """Answer with what a function of all queries says."""

    name: ClassVar[str] = "told"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def win_probability(self, queries: Sequence[str]) -> Any:
        return self.answer(queries)


def _raise_on_surrogate(queries: Sequence[str]) -> Any:
    return np.array([len(query.encode()) % 2 for query in queries], np.float64)


def _counting() -> Any:
    calls: list[int] = []

    def answer(queries: Sequence[str]) -> Any:
        calls.append(1)
        return np.full(len(queries), min(len(calls) / 100, 1.0))

    return answer


def _clearing(queries: Any) -> Any:
    answer = np.full(len(queries), 0.5)
    queries.clear()
    return answer


def _index(queries: Sequence[str]) -> Any:
    return np.arange(len(queries)) / 100.0


def _batch_mean(queries: Sequence[str]) -> Any:
    lengths = np.array([min(len(query), 100) / 100 for query in queries], np.float64)
    return np.full(len(queries), lengths.mean()) if len(queries) else lengths


BROKEN: dict[str, tuple[Any, str]] = {
    "a list": (lambda queries: [0.5] * len(queries), "must return a float64 array, got list"),
    "float32": (lambda queries: np.full(len(queries), 0.5, np.float32), "must return a float64 array"),
    "nan": (lambda queries: np.full(len(queries), np.nan), "finite"),
    "percent": (lambda queries: np.full(len(queries), 50.0), r"outside \[0, 1\]"),
    "a column": (lambda queries: np.full((len(queries), 1), 0.5), "shape"),
    "one for all": (lambda queries: np.array([0.5]), "shape"),
    "nothing": (lambda queries: None, "shape"),
    "raises": (lambda queries: 1 / 0, "must not raise, got ZeroDivisionError"),
    "raises on no query": (lambda queries: np.full(len(queries), float(queries[0] != "")), "no query"),
    "raises on a surrogate": (_raise_on_surrogate, r"HOSTILE_QUERIES\[3\].*UnicodeEncodeError"),
    "drifts": (_counting(), "asked again"),
    "depends on the place": (_index, "in another order"),
    "depends on the batch": (_batch_mean, "one by one"),
    "changes its input": (_clearing, "must not change the list"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_router_is_refused_and_told_why(name: str) -> None:
    answer, message = BROKEN[name]
    with pytest.raises(ContractError, match=message):
        check_router(Told(answer))


class BadlySaved(RandomRouter):
    """A random router whose checkpoint goes wrong in the way it is told."""

    def __init__(self, seed: int = 0, state: Any = None, *, deaf: bool = False) -> None:
        super().__init__(seed)
        self.state = state
        self.deaf = deaf

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        found: tuple[dict[str, Any], dict[str, NDArray[Any]]] = self.state
        return found

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> "BadlySaved":
        return cls(seed=settings["seed"])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (({"seed": 1}, {}), "a saved router must load.*probe"),
        (({}, {}), "a saved router must load"),
        (({"seed": np.int64(0)}, {}), "a router that can be saved must save"),
        (({"seed": 0}, {"x": np.array([np.nan])}), "a router that can be saved must save"),
    ],
)
def test_a_router_whose_checkpoint_is_not_itself_is_refused(state: Any, message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_router(BadlySaved(0, state))


def test_a_router_that_says_it_cannot_be_saved_passes() -> None:
    check_router(FixedRouter(0.5))


def test_rounding_within_the_tolerance_passes() -> None:
    def rounded(queries: Sequence[str]) -> Any:
        return np.full(len(queries), 0.5 + 1e-9 * len(queries))

    check_router(Told(rounded))
    with pytest.raises(ContractError):
        check_router(Told(rounded), tolerance=1e-12)


def test_a_fixed_router_answers_by_value_by_text_and_by_function() -> None:
    assert FixedRouter(0.3).win_probability(["a", "b"]).tolist() == [0.3, 0.3]
    assert FixedRouter({"a": 0.3}, otherwise=0.7).win_probability(["a", "b"]).tolist() == [0.3, 0.7]
    assert FixedRouter(lambda query: len(query) / 10).win_probability(["a", "bb"]).tolist() == [0.1, 0.2]


def test_the_hash_embedder_gives_unit_rows_and_zero_for_no_words() -> None:
    rows = HashEmbedder(8).embed(["two words", "", "Two, WORDS!", *HOSTILE_QUERIES[:5]])
    assert rows.shape == (8, 8)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows[0]), 1, rtol=1e-6)
    np.testing.assert_array_equal(rows[0], rows[2])
    assert not rows[1].any()


def test_the_hash_embedder_is_seeded() -> None:
    same, again, other = (HashEmbedder(8, seed=seed).embed(["word"]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(same, again)
    assert not np.allclose(same, other)


def test_invalid_input_is_how_a_router_says_that_it_cannot_be_saved(tmp_path: Any) -> None:
    with pytest.raises(InvalidInputError):
        FixedRouter(0.5).save(tmp_path)
