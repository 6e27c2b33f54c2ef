"""Prompts' unit embeddings kept for products with queries: as float32, or rounded to 12 or 8 bits.

A product of one query with 55,000 embeddings is bound by the bytes it reads, and numpy multiplies no narrow
numbers, so rounded embeddings are multiplied by numkong (the extra `fast`), on as many threads as
`OMP_NUM_THREADS` says, all processors where it is unset. Left out: bfloat16 and float16, which numkong
multiplies too, and integers of two bytes: all read more than 12 bits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_choice
from shared_router.embedding.rounding import packed, rounded, split, unpacked
from shared_router.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    from typing_extensions import Self

Storage = Literal["float32", "int12", "int8"]
_TOP = 127
_STEP = np.float32(256 * _TOP / 7)  # from a query in two bytes to one in half a byte
_BLOCK_ROWS = 1024
# From so many queries on numkong's matrix product beats its pairwise one.
_MANY_QUERIES = 6
_LEAST_WORK = 1 << 21  # multiplications worth a thread, about 50 microseconds


@dataclass(frozen=True, slots=True)
class FloatVectors:
    """Prompts as they were embedded: n x width x 4 bytes.

    Attributes:
        columns: Shape (width, n); the product of one query with columns runs twice as fast as with rows.
    """

    columns: NDArray[np.float32] = field(repr=False)

    @property
    def width(self) -> int:
        """How many numbers a prompt has."""
        return int(self.columns.shape[0])

    def __len__(self) -> int:
        return int(self.columns.shape[1])

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen prompts (m,) in rows, shape (m, width)."""
        rows: NDArray[np.float32] = np.ascontiguousarray(self.columns[:, chosen].T)
        return rows

    def products(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the product of each query (m, width) with each prompt, shape (m, n)."""
        product: NDArray[np.float32] = queries @ self.columns
        return product

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the columns."""
        return {"embeddings": self.columns}


@dataclass(frozen=True, slots=True)
class IntegerVectors:
    """Prompts rounded to integers, each on its own scale: n x width x 1 or 1.5 bytes, and 4 for the scale.

    A number is `scale * high`, or with half a byte more `scale * (16 * high + low)`; the parts lie apart,
    for only products of signed bytes, or of signed half bytes, are fast.

    Attributes:
        high: Shape (n, width).
        low: The half bytes in [-8, 7], two in a byte, the first in its low half, shape (n, width / 2) rounded
            up; None where there are none.
        scales: Shape (n,).
    """

    high: NDArray[np.int8] = field(repr=False)
    low: NDArray[np.uint8] | None = field(repr=False)
    scales: NDArray[np.float32] = field(repr=False)

    @classmethod
    def of(cls, columns: NDArray[np.float32], *, half_bytes: bool) -> Self:
        """Round prompts (width, n) to a byte, or to a byte and a half."""
        width, n = columns.shape
        high, scales = np.empty((n, width), dtype=np.int8), np.empty(n, dtype=np.float32)
        low = np.empty((n, -(-width // 2)), dtype=np.uint8) if half_bytes else None
        for start in range(0, n, _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            if low is None:
                high[part], scales[part] = rounded(columns[:, part].T, _TOP)
            else:
                whole, scales[part] = rounded(columns[:, part].T, 16 * _TOP)
                high[part], rest = split(whole, 16)
                low[part] = packed(rest)
        return cls(high, low, scales)

    @property
    def width(self) -> int:
        """How many numbers a prompt has."""
        return int(self.high.shape[1])

    @property
    def columns(self) -> NDArray[np.float32]:
        """The prompts as columns, shape (width, n), widened anew at each call."""
        columns: NDArray[np.float32] = self.rows(np.arange(len(self))).T
        return columns

    def __len__(self) -> int:
        return len(self.scales)

    def rows(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen prompts (m,) in rows, shape (m, width), widened anew at each call."""
        rows = self.high[chosen].astype(np.float32)
        if self.low is not None:
            rows = 16 * rows + unpacked(self.low[chosen])[:, : self.width]
        wide: NDArray[np.float32] = rows * self.scales[chosen, None]
        return wide

    def products(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the product of each query (m, width), rounded too, with each prompt, shape (m, n).

        Beside half bytes a query is rounded to two bytes for the high part, and to half a byte for the low
        one, which is a sixteenth of the sum.
        """
        m, low = len(queries), self.low
        product = np.empty((m, len(self)), dtype=np.float32)
        if m == 0:
            return product
        whole, scales = rounded(queries, _TOP if low is None else 256 * _TOP)
        asked = (whole if low is None else np.concatenate(split(whole, 256))).astype(np.int8)
        halves = None if low is None else packed(np.rint(whole / _STEP).astype(np.int32))

        def fill(part: slice) -> None:
            sums = _dots(self.high[part], asked, "int8")  # (n, m), or (n, 2 m) beside half bytes
            if low is not None:
                sums = 4096 * sums[:, :m] + 16 * sums[:, m:]
                sums += _STEP * _dots(low[part], halves, "int4")
            np.multiply(sums.T, self.scales[part], out=product[:, part])
            product[:, part] *= scales[:, None]

        n_parts = min(_n_threads(), 1 + asked.size * len(self) // _LEAST_WORK)
        bounds = np.linspace(0, len(self), n_parts + 1).astype(int).tolist()
        parts = [slice(*pair) for pair in zip(bounds, bounds[1:], strict=False)]
        others = [_pool(os.getpid(), _n_threads()).submit(fill, part) for part in parts[1:]]
        fill(parts[0])
        for other in others:
            other.result()
        return product

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the parts and the scales."""
        tensors: dict[str, NDArray[Any]] = {"embeddings": self.high, "scales": self.scales}
        return tensors if self.low is None else {**tensors, "half_bytes": self.low}


def check_storage(storage: str) -> None:
    """Check that `storage` is one, and that what multiplies it is installed.

    Raises:
        InvalidInputError: If it is none.
        MissingExtraError: If it is rounded and numkong is not installed.
    """
    check_choice("storage", storage, get_args(Storage))
    if storage != "float32":
        _numkong()


def keep_vectors(columns: NDArray[np.float32], storage: Storage) -> FloatVectors | IntegerVectors:
    """Keep unit prompts (width, n) as `storage` says."""
    if storage == "float32":
        return FloatVectors(columns)
    return IntegerVectors.of(columns, half_bytes=storage == "int12")


def restore_vectors(tensors: Mapping[str, NDArray[Any]], storage: Storage) -> FloatVectors | IntegerVectors:
    """Return what gave these `tensors`, without copying them.

    Raises:
        InvalidInputError: If they are not of that storage, or do not fit one another.
    """
    embeddings = tensors["embeddings"]
    if storage == "float32":
        vectors: FloatVectors | IntegerVectors = FloatVectors(embeddings)
        sound = embeddings.ndim == 2 and embeddings.dtype == np.float32
    else:
        low, scales = tensors["half_bytes"] if storage == "int12" else None, tensors["scales"]
        vectors = IntegerVectors(embeddings, low, scales)
        sound = embeddings.ndim == 2 and embeddings.dtype == np.int8 and scales.dtype == np.float32
        sound = sound and scales.shape == embeddings.shape[:1]
        if sound and low is not None:
            sound = low.dtype == np.uint8 and low.shape == (len(scales), -(-vectors.width // 2))
    if not sound:
        raise InvalidInputError(
            f"a checkpoint's embeddings must be those of storage {storage!r}, got {embeddings.dtype.name} "
            f"of shape {embeddings.shape}"
        )
    return vectors


def _dots(rows: NDArray[Any], queries: Any, dtype: Literal["int8", "int4"]) -> NDArray[np.float32]:
    """Return the products of rows (n, width) with queries (m, width), shape (n, m)."""
    numkong = _numkong()
    if len(queries) < _MANY_QUERIES:
        return np.asarray(numkong.cdist(rows, queries, "dot", dtype=dtype, out_dtype="float32"))
    fast = numkong.dots_pack(queries, dtype=dtype)
    return np.asarray(numkong.dots_packed(rows, fast)).astype(np.float32)


@lru_cache(maxsize=1)
def _numkong() -> Any:
    try:
        return import_module("numkong")
    except ImportError as error:
        raise MissingExtraError.of("numkong", "fast") from error


def _n_threads() -> int:
    """Return how many threads numpy's own products would take: numkong takes one."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def _pool(process: int, n_threads: int) -> ThreadPoolExecutor:
    """Return this process's threads; a forked child's are its own, for it has none of its parent's."""
    del process
    return ThreadPoolExecutor(n_threads, thread_name_prefix="prompt_vectors")
