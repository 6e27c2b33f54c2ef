"""Hybrid-LLM's three kinds of labels side by side: one encoder, one training, only the labels differ.

GPT-4 beside a weak model that was asked many times (mot_cascade). Each prompt is scored by what was trained
on the other folds, t* found on those alone; the order of the samples, so which one `det` takes, and the folds
are drawn anew by each seed. `frozen`: all-MiniLM-L6-v2's vectors and a logistic regression on the soft
labels, C = 0.01 for all, not tuned. `fine-tuned`: `BertRouter.fit_soft` on the same weights, two layers, four
epochs, one seed, two folds; of two sets, since it takes a core minutes a label. APGR is of right or wrong,
whatever the labels were made of: GPT-4's one answer and the mean of all the weak model's. Intervals: 500
resamples of groups of near duplicates, differences paired.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.hybrid_quality [--write]
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from shared_router.evaluation.curve import area, curves, ranking
from shared_router.evaluation.folds import assign_folds
from shared_router.evaluation.near_duplicates import duplicate_groups
from shared_router.evaluation.pair import Floats, Pair, Rows
from shared_router.evaluation.resampling import resamples
from shared_router.labels import LabelKind, SampledQualities, hybrid_labels, sampled_qualities
from shared_router.labels.hybrid import label_spread
from shared_router.routers.bert import BertRouter
from shared_router.training.recipe import FineTuning
from tests.benchmarks.hybrid_data import SETS, SampledSet, closeness, correctness, sampled_set
from tests.benchmarks.measure import report_rows
from tests.benchmarks.minilm import KnownTexts, cached_embedder, kept, model_folder
from tests.benchmarks.plans_data import STRONG, WEAK

KINDS: tuple[LabelKind, ...] = ("det", "prob", "trans")
QUALITIES = {"right or wrong": correctness, "closeness": closeness}
TUNED = ("dates, GPT-3.5", "all three tasks, Llama")
SEEDS = 10
N_RESAMPLES = 500
INVERSE_PENALTY = 0.01
LAYERS, MAX_LENGTH, EPOCHS, BATCH = 2, 128, 4, 16

Score = Callable[[list[str], Floats, list[str]], Floats]
"""Learns from queries and labels, and scores other queries."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What one kind of label came to.

    Attributes:
        frozen: Each seed's scores, shape (SEEDS, n).
        tuned: The fine-tuned encoder's, shape (1, n); None where it was not trained.
        labels: The labels of all prompts, the first seed's, shape (n,).
        t: The mean t over folds and seeds.
    """

    frozen: Floats
    tuned: Floats | None
    labels: Floats
    t: float


def main() -> None:
    """Print a table, a row for each set, quality and kind."""
    import torch

    torch.set_num_threads(1)
    rows = []
    for name in SETS:
        data = sampled_set(name)
        pair, groups = judged_pair(data), duplicate_groups(data.prompts)
        embedder = cached_embedder(data.prompts)
        counts = np.concatenate(list(resamples(groups, N_RESAMPLES, seed=0)), axis=1)
        for quality in QUALITIES:
            start = time.perf_counter()
            scored = {kind: scored_by(data, quality, kind, groups, embedder) for kind in KINDS}
            if name in TUNED:
                scored = {kind: fine_tuned(data, quality, kind, groups, scored[kind]) for kind in KINDS}
            rows += [{"set": name, "quality": quality, **row(kind, scored, pair, counts)} for kind in KINDS]
            print(f"{name}, {quality}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    report_rows("hybrid_quality", rows)


def judged_pair(data: SampledSet) -> Pair:
    """Return what routing is judged by: GPT-4's answer, and the mean of all the weak model's."""
    strong = [
        correctness("", answer, right) for answer, right in zip(data.strong, data.references, strict=True)
    ]
    weak = [
        float(np.mean([correctness("", answer, right) for answer in answers]))
        for answers, right in zip(data.weak, data.references, strict=True)
    ]
    n = len(strong)
    return Pair(data.prompts, np.array(strong), np.array(weak), np.ones(n), np.zeros(n), False, np.arange(n))


def scored_by(data: SampledSet, quality: str, kind: LabelKind, groups: Rows, embedder: KnownTexts) -> Scored:
    """Score every prompt by what learned from labels of the other folds."""
    frozen, t = [], []
    for seed in range(SEEDS):
        made = qualities_of(data, quality, seed)
        folds = assign_folds(groups, seed=seed)
        scores, found = cross_fitted(made, kind, folds, lambda *rows: frozen_scores(embedder, *rows))
        frozen.append(scores)
        t += found
    made = qualities_of(data, quality, 0)
    labels = hybrid_labels(made.strong, made.weak, kind).labels
    return Scored(np.array(frozen), None, labels, float(np.mean(t)))


def fine_tuned(data: SampledSet, quality: str, kind: LabelKind, groups: Rows, scored: Scored) -> Scored:
    """Add the scores of a fine-tuned encoder; equal labels are learned once."""
    made = qualities_of(data, quality, 0)
    folds = assign_folds(groups, n_folds=2, seed=0)
    settings = [str((LAYERS, MAX_LENGTH, EPOCHS, BATCH)), *made.queries]
    scores = np.empty(len(folds))
    for fold in range(2):
        learned, asked = (np.flatnonzero(folds != fold), np.flatnonzero(folds == fold))
        labels = hybrid_labels(made.strong[learned], made.weak[learned], kind).labels
        queries, held_out = ([made.queries[row] for row in rows] for rows in (learned, asked))
        texts = [*settings, str(fold), str(labels.tolist())]
        found = kept("hybrid", texts, partial(tuned_scores, queries, labels, held_out))
        scores[asked] = found - labels.mean()
    return replace(scored, tuned=scores[None])


def qualities_of(data: SampledSet, quality: str, seed: int) -> SampledQualities:
    """Return GPT-4's one quality and as many of the weak model's to each prompt."""
    return sampled_qualities(
        data.outcomes(seed),
        strong=STRONG,
        weak=WEAK,
        quality=QUALITIES[quality],
        references=data.references,
        samples=(1, data.n_samples),
    )


def cross_fitted(
    made: SampledQualities, kind: LabelKind, folds: Rows, score: Score
) -> tuple[Floats, list[float]]:
    """Return each prompt's score, less the mean label of what was learned from, and each fold's t."""
    scores, t = np.empty(len(folds)), []
    for fold in range(int(folds.max()) + 1):
        learned, asked = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        labels = hybrid_labels(made.strong[learned], made.weak[learned], kind)
        found = score(
            [made.queries[row] for row in learned], labels.labels, [made.queries[row] for row in asked]
        )
        scores[asked] = found - labels.labels.mean()
        t.append(labels.t)
    return scores, t


def frozen_scores(embedder: KnownTexts, learned: list[str], labels: Floats, asked: list[str]) -> Floats:
    """Fit a logistic regression to soft labels: each row once as strong, once as weak, by its weight."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(embedder.embed(learned))
    vectors = scaler.transform(embedder.embed(learned))
    classes = np.repeat([1, 0], len(learned))
    head = LogisticRegression(C=INVERSE_PENALTY, max_iter=1000)
    head.fit(np.concatenate([vectors, vectors]), classes, np.concatenate([labels, 1 - labels]))
    scores: Floats = head.predict_proba(scaler.transform(embedder.embed(asked)))[:, 1]
    return scores


def tuned_scores(learned: list[str], labels: Floats, asked: list[str]) -> Floats:
    """Fine-tune MiniLM's first layers on the labels."""
    steps = EPOCHS * -(-len(learned) // BATCH)
    router = BertRouter(
        model_folder(),
        head="logit",
        pooling="mean",
        layers=LAYERS,
        max_length=MAX_LENGTH,
        recipe=FineTuning(learning_rate=5e-5, validation_fraction=0.0, evaluate_every=1000, max_steps=steps),
    )
    return router.fit_soft(learned, labels, progress=False).win_probability(asked)


def row(kind: LabelKind, scored: dict[LabelKind, Scored], pair: Pair, counts: Floats) -> dict[str, str]:
    """Return a table's row: APGR with its interval, and how far it is from `det`'s."""
    own, hard = scored[kind], scored["det"]
    return {
        "labels": kind,
        "mean label": f"{own.labels.mean():.3f}",
        "J": f"{label_spread(own.labels):.3f}",
        "t": f"{own.t:.3f}",
        **columns("frozen", own.frozen, hard.frozen, pair, counts),
        **columns("fine-tuned", own.tuned, hard.tuned, pair, counts),
    }


def columns(name: str, own: Floats | None, hard: Floats | None, pair: Pair, counts: Floats) -> dict[str, str]:
    """Return mean APGR over seeds with its interval, and the difference from hard labels with its own."""
    if own is None or hard is None:
        return {name: "", f"{name}, over det": ""}
    ones = np.ones((len(pair), 1))
    value, resampled = mean_apgr(own, pair, ones)[0], mean_apgr(own, pair, counts)
    above = value - mean_apgr(hard, pair, ones)[0]
    low, high = np.percentile(resampled, [2.5, 97.5])
    below, top = np.percentile(resampled - mean_apgr(hard, pair, counts), [2.5, 97.5])
    difference = "" if own is hard else f"{above:+.3f} ({below:+.3f} to {top:+.3f})"
    return {name: f"{value:.3f} ({low:.3f} to {high:.3f})", f"{name}, over det": difference}


def mean_apgr(scores: Floats, pair: Pair, counts: Floats) -> Floats:
    """Return APGR of each resample, the mean over seeds, shape (B,)."""
    each: Floats = np.mean([area(curves(ranking(one), pair, counts)) for one in scores], axis=0)
    return each


if __name__ == "__main__":
    main()
