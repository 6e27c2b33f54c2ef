"""Embedding training prompts some thousands at a time, so that a bar can say how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.progress import with_progress

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder

TEXTS_A_PART = 4096


def embed_in_parts(embedder: Embedder, texts: Sequence[str], *, progress: bool) -> NDArray[np.float32]:
    """Return one row per text, shape (n, dim).

    Args:
        embedder: What embeds them.
        texts: n texts, n >= 1.
        progress: Whether to show a bar, where that takes long and there is a terminal.
    """
    parts = with_progress(range(0, len(texts), TEXTS_A_PART), shown=progress, desc="embedding prompts")
    return np.concatenate([embedder.embed(texts[start : start + TEXTS_A_PART]) for start in parts])
