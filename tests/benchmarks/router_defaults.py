"""Which settings of the trained routers deserve to be the default, and what they and the paper's reach.

Everything is on the embedder that ships. Settings are compared by cross-validation on pairs of models from
three training sources (the 1,500 gold rows of MMLU, ZeroEval, MMLU-Pro; no prompt of a benchmark is among
them), 1,250 prompts each, so that a fit sees 1,000. A setting's figure is the mean over sources of the mean
over a source's pairs of the exact APGR. The rows of MMLU to be judged on are read once, for the defaults and
the published settings alone, beside the router that ships.

Run: python -m tests.benchmarks.router_defaults --grid  (the comparison; else only the two settings of each)
"""

import os
import sys
from collections.abc import Callable, Iterable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from shared_router import PreferenceData, Router, load_embedder, load_router
from shared_router.evaluation.metrics import apgr
from shared_router.pretrained.build.corpus import Corpus, Scores, load_corpus
from shared_router.routers.knn import KNNRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.training.factors import FactorTraining
from tests.benchmarks.measure import report
from tests.benchmarks.minilm import KnownTexts
from tests.benchmarks.mmlu_routing import Floats, GradedPrompts, load_mmlu

N_PROMPTS = 1250
N_FOLDS = 5
ZERO_PAIRS = (
    ("gpt-4o-2024-05-13", "Mixtral-8x7B-Instruct-v0.1"),
    ("gpt-4-turbo-2024-04-09", "gpt-3.5-turbo-0125"),
)
PRO_PAIRS = (
    ("gemini-1.5-pro-002", "Mixtral-8x7B-Instruct-v0.1"),
    ("Meta-Llama-3_1-70B-Instruct", "Meta-Llama-3_1-8B-Instruct"),
)
Make = Callable[..., Router]

GRIDS: dict[str, tuple[Make, list[dict[str, Any]]]] = {
    "sw": (
        SimilarityWeightedRouter,
        [
            {"gamma": gamma, "n_components": n}
            for gamma, n in product((10.0, 100.0, 1e3, 1e4), (None, 8, 16, 32, 64))
        ],
    ),
    "knn": (
        KNNRouter,
        [
            {"k": k, "n_components": n, "vote": vote}
            for k, n, vote in product((20, 35, 50, 100), (None, 16, 32, 64), ("uniform", "similarity"))
        ],
    ),
    "mf": (
        MatrixFactorizationRouter,
        [
            {
                "n_components": n,
                "recipe": FactorTraining(
                    epochs=epochs, learning_rate=rate, weight_decay=decay, validation_fraction=0.0
                ),
            }
            for n, (epochs, rate), decay in product(
                (32, 64, None), ((30, 1e-3), (10, 3e-3), (20, 3e-3)), (1e-5, 1e-3)
            )
        ],
    ),
}
DEFAULTS: dict[str, Make] = {name: make for name, (make, _) in GRIDS.items()}
PUBLISHED: dict[str, Make] = {
    "sw": SimilarityWeightedRouter.published,
    "knn": KNNRouter.published,
    "mf": MatrixFactorizationRouter.published,
}


def sources(corpus: Corpus, gold: GradedPrompts) -> dict[str, list[GradedPrompts]]:
    """Return each source's pairs of models, with the prompts that are compared on."""
    return {
        "gold": [_some(gold)],
        "zeroeval": [_some(_graded(corpus.zero, *pair)) for pair in ZERO_PAIRS],
        "mmlu_pro": [_some(_graded(corpus.pro, *pair)) for pair in PRO_PAIRS],
    }


def _graded(scores: Scores, strong: str, weak: str) -> GradedPrompts:
    grades = [scores.correct[:, scores.models.index(name)] for name in (strong, weak)]
    graded = GradedPrompts(scores.prompts, np.array(scores.domains), *grades)
    return graded.take(np.flatnonzero(~np.isnan(grades[0]) & ~np.isnan(grades[1])))


def _some(graded: GradedPrompts) -> GradedPrompts:
    distinct = np.unique(np.array(graded.prompts, dtype=object).astype(str), return_index=True)[1]
    return graded.take(np.random.default_rng(0).permutation(distinct)[:N_PROMPTS])


def cross_validate(make: Make, graded: GradedPrompts, embedder: KnownTexts) -> float:
    """Return the APGR over the prompts, each scored by a router that did not see it."""
    fold = np.random.default_rng(1).permutation(len(graded.prompts)) % N_FOLDS
    scores = np.zeros(len(fold))
    for part in range(N_FOLDS):
        held_out = np.flatnonzero(fold == part)
        scores[held_out] = _fitted(make, graded.take(np.flatnonzero(fold != part)), embedder).win_probability(
            [graded.prompts[row] for row in held_out]
        )
    return apgr(scores, graded.strong, graded.weak)


def _fitted(make: Make, graded: GradedPrompts, embedder: KnownTexts) -> Router:
    battles: PreferenceData = graded.preferences()
    return make(embedder).fit(battles)


def by_source(
    make: Make, data: dict[str, list[GradedPrompts]], embedders: dict[str, KnownTexts]
) -> dict[str, float]:
    """Return the mean APGR of each source's pairs, and the mean of those."""
    found = {
        name: float(np.mean([cross_validate(make, pair, embedders[name]) for pair in pairs]))
        for name, pairs in data.items()
    }
    return {**found, "mean": float(np.mean(list(found.values())))}


def known_texts(prompts: Iterable[str]) -> KnownTexts:
    """Embed prompts once, on the embedder that ships."""
    texts = list(dict.fromkeys(prompts))
    return KnownTexts(texts, load_embedder().embed(texts))


def main() -> None:
    """Compare settings, or measure the two of each router that have a name."""
    gold, judged = load_mmlu()
    data = sources(load_corpus(Path(os.environ["ROUTER_DATA_DIR"])), gold)
    embedders = {
        name: known_texts(prompt for pair in pairs for prompt in pair.prompts) for name, pairs in data.items()
    }
    if "--grid" in sys.argv:
        compare(data, embedders)
        return
    embedder = known_texts([*gold.prompts, *judged.prompts])
    # drawn, for the rows are in the order of their subjects
    learned = gold.take(np.random.default_rng(0).permutation(len(gold.prompts))[:1000])
    figures: dict[str, float] = {}
    for which, routers in (("default", DEFAULTS), ("published", PUBLISHED)):
        for name, make in routers.items():
            for source, reached in by_source(make, data, embedders).items():
                figures[f"cv_{source}_{name}_{which}"] = round(reached, 4)
            scores: Floats = _fitted(make, learned, embedder).win_probability(judged.prompts)
            figures[f"mmlu_{name}_{which}"] = round(apgr(scores, judged.strong, judged.weak), 4)
    shipped = load_router().win_probability(judged.prompts)
    figures["mmlu_shipped"] = round(apgr(shipped, judged.strong, judged.weak), 4)
    report("router_defaults", figures)


def compare(data: dict[str, list[GradedPrompts]], embedders: dict[str, KnownTexts]) -> None:
    """Print every setting of the grids, the best of each router last."""
    for name, (make, grid) in GRIDS.items():
        found = []
        for settings in grid:

            def with_settings(embedder: Any, settings: dict[str, Any] = settings) -> Router:
                return make(embedder, **settings)  # noqa: B023 - called before the next one

            found.append((by_source(with_settings, data, embedders), settings))
        for reached, settings in sorted(found, key=lambda pair: pair[0]["mean"]):
            print(name, {key: round(value, 4) for key, value in reached.items()}, settings, flush=True)


if __name__ == "__main__":
    main()
