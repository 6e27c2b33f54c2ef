"""Prompts' unit embeddings kept for products with queries: as float32, or rounded to one or two bytes.

A product of one query with 55,000 embeddings is bound by the bytes it reads, and numpy multiplies no narrow
numbers, so rounded embeddings are multiplied by numkong (the extra `fast`), on as many threads as
`OMP_NUM_THREADS` says, all processors where it is unset. Left out: bfloat16 and float16, which numkong
multiplies too: a win probability over real embeddings is 60 and 10 times closer with integers of two bytes.
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

from shared_router.errors import InvalidInputError, MissingExtraError

if TYPE_CHECKING:
    from typing_extensions import Self

Storage = Literal["float32", "int16", "int8"]
_PLANES = {"int8": 1, "int16": 2}
_TOP = 127
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

    def products(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the product of each query (m, width) with each prompt, shape (m, n)."""
        product: NDArray[np.float32] = queries @ self.columns
        return product

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the columns."""
        return {"embeddings": self.columns}


@dataclass(frozen=True, slots=True)
class IntegerVectors:
    """Prompts rounded to integers, each on its own scale: n x width x 1 or 2 bytes, and 4 for the scale.

    A number is `scale * high`, or with two bytes `scale * (256 * high + low)`; the two lie in two planes,
    for only products of signed bytes are fast.

    Attributes:
        planes: The high bytes, then the low ones where there are two, shape (1 or 2, n, width).
        scales: Shape (n,).
    """

    planes: NDArray[np.int8] = field(repr=False)
    scales: NDArray[np.float32] = field(repr=False)

    @classmethod
    def of(cls, columns: NDArray[np.float32], n_planes: int) -> Self:
        """Round prompts (width, n) to so many bytes, 1 or 2."""
        width, n = columns.shape
        planes = np.empty((n_planes, n, width), dtype=np.int8)
        scales = np.empty(n, dtype=np.float32)
        for start in range(0, n, _BLOCK_ROWS):
            part = slice(start, start + _BLOCK_ROWS)
            planes[:, part], scales[part] = _rounded(columns[:, part].T, n_planes)
        return cls(planes, scales)

    @property
    def width(self) -> int:
        """How many numbers a prompt has."""
        return int(self.planes.shape[2])

    @property
    def columns(self) -> NDArray[np.float32]:
        """The prompts as columns, shape (width, n), widened anew at each call."""
        rows = self.planes[0].astype(np.float32)
        if len(self.planes) == 2:
            rows = 256 * rows + self.planes[1]
        columns: NDArray[np.float32] = (rows * self.scales[:, None]).T
        return columns

    def __len__(self) -> int:
        return len(self.scales)

    def products(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the product of each query (m, width), rounded too, with each prompt, shape (m, n)."""
        if len(queries) == 0:
            return np.empty((0, len(self)), dtype=np.float32)
        planes, scales = _rounded(queries, len(self.planes))
        asked = planes.reshape(-1, self.width)
        product = np.empty((len(queries), len(self)), dtype=np.float32)

        def fill(part: slice) -> None:
            sums = _dots(self.planes[0, part], asked)  # (n, planes x m)
            if len(self.planes) == 2:
                cut = len(queries)
                low = _dots(self.planes[1, part], asked)
                sums = 65536 * sums[:, :cut] + 256 * (sums[:, cut:] + low[:, :cut]) + low[:, cut:]
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
        """Return the planes and the scales."""
        return {"embeddings": self.planes, "scales": self.scales}


def check_storage(storage: str) -> None:
    """Check that `storage` is one, and that what multiplies it is installed.

    Raises:
        InvalidInputError: If it is none.
        MissingExtraError: If it is rounded and numkong is not installed.
    """
    if storage not in get_args(Storage):
        raise InvalidInputError(f"storage must be one of {list(get_args(Storage))}, got {storage!r}")
    if storage != "float32":
        _numkong()


def keep_vectors(columns: NDArray[np.float32], storage: Storage) -> FloatVectors | IntegerVectors:
    """Keep unit prompts (width, n) as `storage` says."""
    return FloatVectors(columns) if storage == "float32" else IntegerVectors.of(columns, _PLANES[storage])


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
        vectors = IntegerVectors(embeddings, tensors["scales"])
        sound = (
            embeddings.ndim == 3
            and embeddings.dtype == np.int8
            and embeddings.shape[:2] == (_PLANES[storage], *vectors.scales.shape)
            and vectors.scales.dtype == np.float32
        )
    if not sound:
        raise InvalidInputError(
            f"a checkpoint's embeddings must be those of storage {storage!r}, got {embeddings.dtype.name} "
            f"of shape {embeddings.shape}"
        )
    return vectors


def _rounded(rows: NDArray[np.float32], n_planes: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Round rows (n, width) to planes (n_planes, n, width) and scales (n,); a row of zeros stays one."""
    top = _TOP if n_planes == 1 else 256 * _TOP
    scales = (np.abs(rows).max(axis=1) / top).astype(np.float32)
    whole = np.rint(rows / np.where(scales > 0, scales, np.float32(1))[:, None]).astype(np.int32)
    if n_planes == 1:
        return whole.astype(np.int8)[None], scales
    high = (whole + 128) >> 8  # so that what is left lies in [-128, 127]
    return np.stack([high, whole - 256 * high]).astype(np.int8), scales


def _dots(rows: NDArray[np.int8], queries: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the products of rows (n, width) with queries (m, width), shape (n, m)."""
    numkong = _numkong()
    if len(queries) < _MANY_QUERIES:
        return np.asarray(numkong.cdist(rows, queries, "dot", out_dtype="float32"))
    packed = numkong.dots_pack(queries, dtype="int8")
    return np.asarray(numkong.dots_packed(rows, packed)).astype(np.float32)


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
