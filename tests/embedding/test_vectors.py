"""Prompts kept as float32 or rounded: hand-worked products, threads, and tensors that do not fit."""

import sys
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import InvalidInputError, MissingExtraError
from shared_router.embedding import vectors as module
from shared_router.embedding.vectors import (
    FloatVectors,
    IntegerVectors,
    Storage,
    check_storage,
    keep_vectors,
    restore_vectors,
)

STORAGES = get_args(Storage)
ROUNDED = ("int12", "int8")


def unit(n: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).standard_normal((n, width))
    unit_rows: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit_rows


def test_one_byte_rounds_to_127ths_of_a_prompts_largest_number() -> None:
    """Of (1, 0.5, -0.2): 127 * 0.5 = 63.5 rounds to the even 64, 127 * -0.2 = -25.4 to -25."""
    vectors = IntegerVectors.of(np.array([[1.0], [0.5], [-0.2]], np.float32), half_bytes=False)
    assert vectors.high.tolist() == [[127, 64, -25]]
    assert vectors.low is None
    assert vectors.scales == pytest.approx([1 / 127])
    product = vectors.products(np.array([[1.0, 0, 0], [0, 1.0, 0]], np.float32))
    assert product == pytest.approx(np.array([[1.0], [64 / 127]]))


def test_a_byte_and_a_half_are_a_high_and_a_low_part_two_low_ones_in_a_byte() -> None:
    """The largest number is 127 * 16 = 2032. Of (1, 0.51, -0.2): 0.51 is 1036.32, rounded 1036 = 16 * 65 - 4,
    -0.2 is -406.4, rounded -406 = 16 * -25 - 6. In half bytes -4 is 12 and -6 is 10: (0, 12) is 0 + 16 * 12 =
    192, and (10, nothing) is 10.

    The query (0, 0.51, 1) is rounded to two bytes, 0.51 to 16581 / 32512, and for the low part to sevenths:
    0.51 is 4 / 7, 1 is 7 / 7. So the product is (16 * 65 * 16581 / 32512 + 16 * -25 - 4 * 4 / 7 - 6) / 2032.
    """
    vectors = IntegerVectors.of(np.array([[1.0], [0.51], [-0.2]], np.float32), half_bytes=True)
    assert vectors.high.tolist() == [[127, 65, -25]]
    assert vectors.low is not None
    assert vectors.low.tolist() == [[192, 10]]
    assert vectors.columns[:, 0] == pytest.approx([1, 1036 / 2032, -406 / 2032])
    product = vectors.products(np.array([[0, 0.51, 1.0]], np.float32))
    by_hand = (16 * 65 * 16581 / 32512 - 16 * 25 - 4 * 4 / 7 - 6) / 2032
    assert product == pytest.approx(np.array([[by_hand]]))


@pytest.mark.parametrize("n_queries", [0, 1, 2, 3, 7, 40])
@pytest.mark.parametrize(("storage", "tolerance"), [("float32", 1e-6), ("int12", 8e-4), ("int8", 6e-3)])
def test_products_are_those_of_the_embeddings(storage: Storage, tolerance: float, n_queries: int) -> None:
    prompts, queries = unit(300, 48), unit(n_queries, 48, seed=1)
    vectors = keep_vectors(prompts.T, storage)
    assert (len(vectors), vectors.width) == (300, 48)
    product = vectors.products(queries)
    assert product.dtype == np.float32
    assert product.flags.c_contiguous
    assert product.shape == (n_queries, 300)
    assert np.abs(product - queries @ prompts.T).max(initial=0) < tolerance
    assert np.abs(vectors.columns - prompts.T).max() < tolerance


@pytest.mark.parametrize("storage", ROUNDED)
def test_a_prompt_or_query_of_zeros_is_like_nothing(storage: Storage) -> None:
    vectors = keep_vectors(np.array([[0.0, 1.0], [0.0, 0.0]], np.float32), storage)
    assert vectors.products(np.array([[1, 0], [0, 0]], np.float32)).tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("storage", ROUNDED)
def test_products_do_not_depend_on_the_number_of_threads(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LEAST_WORK", 1)
    vectors, queries = keep_vectors(unit(101, 16).T, storage), unit(3, 16, seed=1)
    found = []
    for threads in ("1", "3", "not a number"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found.append(vectors.products(queries))
    assert all(np.array_equal(product, found[0]) for product in found)


@pytest.mark.parametrize("storage", STORAGES)
def test_tensors_make_the_same_vectors_without_a_copy(storage: Storage) -> None:
    vectors = keep_vectors(unit(9, 5).T, storage)
    tensors = vectors.tensors()
    again = restore_vectors(tensors, storage)
    assert np.array_equal(again.columns, vectors.columns)
    kept = again.columns if isinstance(again, FloatVectors) else again.high
    assert np.shares_memory(kept, tensors["embeddings"])


@pytest.mark.parametrize(
    ("storage", "change"),
    [
        ("float32", {"embeddings": np.zeros((2, 3), np.float64)}),
        ("float32", {"embeddings": np.zeros(3, np.float32)}),
        ("int8", {"embeddings": np.zeros((1, 4, 3), np.int8)}),
        ("int8", {"embeddings": np.zeros((4, 3), np.int16)}),
        ("int8", {"embeddings": np.zeros((3, 3), np.int8)}),
        ("int8", {"scales": np.zeros(3, np.float32)}),
        ("int8", {"scales": np.zeros(4, np.float64)}),
        ("int8", {"scales": np.zeros((4, 1), np.float32)}),
        ("int12", {"embeddings": np.zeros((4, 5), np.int8)}),
        ("int12", {"half_bytes": np.zeros((4, 1), np.uint8)}),
        ("int12", {"half_bytes": np.zeros((4, 2), np.int8)}),
    ],
)
def test_tensors_that_are_not_of_the_storage_are_refused(storage: Storage, change: dict[str, Any]) -> None:
    tensors = keep_vectors(unit(4, 3).T, storage).tensors() | change
    with pytest.raises(InvalidInputError, match=f"must be those of storage '{storage}', got"):
        restore_vectors(tensors, storage)


def test_another_storage_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInputError, match=r"one of \['float32', 'int12', 'int8'\], got 'int4'"):
        check_storage("int4")


def test_a_rounded_storage_without_numkong_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    module._numkong.cache_clear()
    monkeypatch.setitem(sys.modules, "numkong", None)
    check_storage("float32")
    for storage in ROUNDED:
        with pytest.raises(MissingExtraError, match=r'pip install "routellm-adapters\[fast\]"'):
            check_storage(storage)
