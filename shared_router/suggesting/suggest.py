"""From a log to the prompts that are worth a grade."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_list, check_seed, check_texts, shown
from shared_router.errors import InvalidInputError
from shared_router.suggesting.description import describe
from shared_router.suggesting.design import AMONG, choose_rows
from shared_router.text import clean, is_blank, prompt_key

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder
    from shared_router.router import Router

MAX_CANDIDATES = 10_000
"""Of a larger log so many prompts, drawn by chance, are looked at: they stand for the others."""


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What to have graded.

    Attributes:
        prompts: The texts as they stand in the log, the most useful first. Not in the repr.
        rows: Their places in the log, shape (k,).
        n_distinct: How many distinct prompts the log holds that are not graded yet.
        n_candidates: How many of these were looked at.
    """

    prompts: list[str] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    n_distinct: int
    n_candidates: int

    def __len__(self) -> int:
        """Count the suggested prompts."""
        return len(self.prompts)


def suggest(
    prompts: Sequence[str],
    k: int,
    *,
    router: Router | None = None,
    graded: Collection[str] = (),
    embedder: Embedder | None = None,
    seed: int = 0,
) -> Suggestions:
    """Pick the k prompts of a log whose grades would teach a router most.

    The pick covers what the prompts are about, how long they are and how the router scores them, and so holds
    both what it is sure of and what it is not; a prompt like one that is picked or graded already has little
    to add. Each is the best of a few drawn by chance, so that what is common is picked too. See
    `choose_rows` for the criterion.

    Args:
        prompts: The log, n texts; equal ones (`prompt_key`) count once, blank ones never.
        k: How many to pick, >= 1. Fewer are picked where there are fewer distinct ones.
        router: Whose scores are looked at; None takes the shipped router. Give your own to find what it has
            not seen.
        graded: Prompts that have grades already: they are not picked, and what is like them is less useful.
        embedder: What says which prompts are alike; None takes the shipped embedder.
        seed: Draws the prompts that are looked at.

    Returns:
        The prompts, the most useful first; the same for the same log and seed.

    Raises:
        InvalidInputError: If an argument is outside its rule, or no prompt is left to pick.
    """
    check_texts("prompts", prompts)
    check_list("graded", graded)
    check_texts("graded", [*graded])
    check_seed(seed)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise InvalidInputError(f"k must be a whole number >= 1, got {shown(k)}")
    first = {key: row for row, key in _keys(prompts)}  # the last one stands, so they come backwards
    seen = {prompt_key(text): text for text in graded if not is_blank(text)}
    distinct = sorted(row for key, row in first.items() if key not in seen)
    if not distinct:
        raise InvalidInputError("a log must hold a prompt that is not blank and not graded yet, got none")
    looked_at = _some(np.array(distinct, dtype=np.int64), seed)
    texts = [clean(prompts[row]) for row in looked_at.tolist()]
    known = [clean(text) for text in seen.values()]
    described = _described([*texts, *known], router, embedder, seed)
    picked = choose_rows(
        described[: len(texts)],
        min(int(k), len(texts)),
        graded=described[len(texts) :],
        among=AMONG,
        seed=seed,
    )
    rows = looked_at[picked]
    return Suggestions([prompts[row] for row in rows.tolist()], rows, len(distinct), len(texts))


def _keys(prompts: Sequence[str]) -> list[tuple[int, str]]:
    keys = [(row, prompt_key(text)) for row, text in enumerate(prompts) if not is_blank(text)]
    return keys[::-1]


def _some(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    if len(rows) <= MAX_CANDIDATES:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, MAX_CANDIDATES, replace=False))


def _described(
    texts: Sequence[str], router: Router | None, embedder: Embedder | None, seed: int
) -> NDArray[np.float64]:
    from shared_router.embedding.shipped import load_embedder
    from shared_router.registry import load_router
    from shared_router.text_features import text_features

    asked = load_router() if router is None else router
    vectors = (load_embedder() if embedder is None else embedder).embed(texts)
    return describe(vectors, text_features(texts), asked.win_probability(texts), seed=seed)
