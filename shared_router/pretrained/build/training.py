"""From the corpus and the encoder to the embedder and the router."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shared_router.embedding.trimmed import TRIM
from shared_router.evaluation.metrics import Floats
from shared_router.pretrained.build.battles import gold_battles, like_battles
from shared_router.pretrained.build.distill import distil, load_distill_data, quantised
from shared_router.routers.static import StaticRouter
from shared_router.training.examples import Examples, examples_of
from shared_router.training.static_head import calibrated, held_out_scores

if TYPE_CHECKING:
    from shared_router.embedding.static import StaticEmbedder
    from shared_router.pretrained.build.corpus import Corpus

REPEATS = 3


@dataclass(frozen=True)
class Trained:
    """What was made, and the gold questions it was made from.

    Attributes:
        embedder: The embedder.
        cosine: Its mean cosine to the encoder on unseen text.
        router: The router on it.
        gold: The distinct gold questions, n of them.
        like: Those of other benchmarks.
        gold_strong: The strong model's mean grade on each gold question, shape (n,).
        gold_weak: The weak model's.
    """

    embedder: StaticEmbedder
    cosine: float
    router: StaticRouter
    gold: Examples
    like: Examples
    gold_strong: Floats
    gold_weak: Floats


def train(corpus: Corpus, model: Path, cache: Path) -> Trained:
    """Distil the embedder and fit the router on it."""
    data = load_distill_data(corpus, model, cache)
    student = distil(data)
    return fit_router(corpus, quantised(student, data.tokenizer_json), student.held_out_cosine)


def fit_router(
    corpus: Corpus, embedder: StaticEmbedder, cosine: float, *, trim: float | None = TRIM
) -> Trained:
    """Fit the router on an embedder."""
    router = StaticRouter(embedder, trim=trim)
    battles, subjects = gold_battles(corpus)
    like = like_battles(corpus)
    router.fit(battles, subjects=subjects, like=like)
    grades = corpus.gold.groupby("prompt")[["strong_score", "weak_score"]].mean()
    ordered = grades.loc[sorted(grades.index)]
    return Trained(
        embedder,
        cosine,
        router,
        examples_of(battles, subjects, embedder=router.reader, ties=router.ties),
        examples_of(like, None, embedder=router.reader, ties=router.ties),
        ordered.strong_score.to_numpy(dtype=np.float64),
        ordered.weak_score.to_numpy(dtype=np.float64),
    )


def held_out_probabilities(trained: Trained) -> list[Floats]:
    """Return each gold question's win probability by a fit that has not seen it, for three draws of folds.

    The three coefficients of the calibration are fitted on the very scores they join.
    """
    training = trained.router.training
    return [
        calibrated(*held_out_scores(trained.gold, trained.like, replace(training, seed=seed)), trained.gold)
        for seed in range(REPEATS)
    ]
