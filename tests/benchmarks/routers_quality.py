"""How well each router spends strong calls on MMLU, trained on 1,500 graded prompts of it.

Every choice (which of the encoder's layers, similarity's base, components, neighbours, a penalty, how ties
count) is made by cross-validation inside the 1,500; the rows to be judged on are read once, after. Embeddings
are MiniLM's, see `minilm`. `published` rows take RouteLLM's settings and the last layer, and choose nothing.
The paper's own figures stand beside them with its data: 65,000 arena battles and the 1,500, OpenAI's
embeddings.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import product
from typing import Any, get_args

import numpy as np

from shared_router import Router
from shared_router.embedding.vectors import Storage
from shared_router.evaluation.metrics import apgr
from shared_router.preferences.ties import Ties
from shared_router.routers.knn import KNNRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.training.factors import FactorTraining
from tests.benchmarks.measure import print_table, report
from tests.benchmarks.minilm import KnownTexts, cached_embedder
from tests.benchmarks.minilm_head import MiniLMHead
from tests.benchmarks.mmlu_routing import Floats, GradedPrompts, judge, load_mmlu, subject_means
from tests.benchmarks.routers_quality_finetuned import bert_scores, causal_lm_sample, causal_lm_scores

SEEDS = range(5)
PAPER = {"similarity_weighted": 0.603, "matrix_factorization": 0.597}
Settings = dict[str, Any]

LAYERS = (3, 4, 6)  # of 6; an earlier one sees less of the topic and more of the form
SW_GRID = [
    {"layers": layers, "gamma": gamma, "n_components": n, "ties": ties}
    for layers, gamma, n, ties in product(LAYERS, (10, 100, 1e3), (None, 16, 32, 64), ("half", "weak"))
]
KNN_GRID = [
    {"layers": layers, "k": k, "n_components": n, "ties": ties, "vote": "uniform"}
    for layers, k, n, ties in product(LAYERS, (20, 50, 100), (None, 32), ("half", "weak"))
]
# the twentieth of the prompts that would choose the epoch holds too few battles to choose by
MF_GRID = [
    {
        "layers": layers,
        "n_components": n,
        "ties": ties,
        "learning_rate": 1e-3,
        "epochs": 30,
        "validation_fraction": 0.0,
    }
    for layers, n, ties in product(LAYERS, (None, 64), ("half", "drop"))
]
HEAD_GRID = [
    {"layers": layers, "inverse_penalty": inverse_penalty}
    for layers, inverse_penalty in product(LAYERS, (1e-4, 1e-3, 1e-2, 1e-1, 1))
]


def matrix_factorization(
    embedder: KnownTexts, *, ties: Ties, n_components: int | None, **recipe: Any
) -> Router:
    """Make the router with a recipe whose values, RouteLLM's where not given, stand among the settings."""
    return MatrixFactorizationRouter(
        embedder, ties=ties, n_components=n_components, recipe=FactorTraining(**recipe)
    )


def cross_validate(make: Callable[[], Router], gold: GradedPrompts, *, n_folds: int, repeats: int) -> float:
    """Return the mean exact APGR over the gold rows, each scored by a router that did not see it."""
    n = len(gold.prompts)
    found = []
    for seed in range(repeats):
        fold = np.random.default_rng(seed).permutation(n) % n_folds
        scores = np.zeros(n)
        for part in range(n_folds):
            held_out = np.flatnonzero(fold == part)
            router = make().fit(gold.take(np.flatnonzero(fold != part)).preferences())
            scores[held_out] = router.win_probability([gold.prompts[row] for row in held_out])
        found.append(apgr(scores, gold.strong, gold.weak))
    return float(np.mean(found))


def choose(
    family: Callable[..., Router],
    grid: Iterable[Settings],
    gold: GradedPrompts,
    *,
    n_folds: int,
    repeats: int,
) -> Settings:
    """Return the settings with the best cross-validated APGR on the gold rows."""
    scored = [
        (cross_validate(lambda s=s: family(**s), gold, n_folds=n_folds, repeats=repeats), s)  # type: ignore[misc]
        for s in grid
    ]
    score, best = max(scored, key=lambda pair: pair[0])
    print(f"chosen: {best}, cross-validated APGR {score:.4f}, over {len(scored)} settings")
    return best


def storage_differences(gold: GradedPrompts, judged: GradedPrompts, embedder: KnownTexts) -> dict[str, float]:
    """Return how far rounded prompts move similarity weighting's win probabilities at most."""
    storages: tuple[Storage, ...] = get_args(Storage)
    exact, *rounded = (
        SimilarityWeightedRouter(embedder, gamma=10, ties="half", n_components=None, storage=storage)
        .fit(gold.preferences())
        .win_probability(judged.prompts)
        for storage in storages
    )
    return {
        f"sw_mmlu_difference_{storage}": float(np.abs(found - exact).max())
        for storage, found in zip(storages[1:], rounded, strict=True)
    }


def main() -> None:
    """Choose, train, judge."""
    gold, judged = load_mmlu()
    texts = list(dict.fromkeys([*gold.prompts, *judged.prompts]))
    gold_vectors = {layers: cached_embedder(gold.prompts, layers) for layers in LAYERS}

    def family(
        router: Callable[..., Router],
        vectors: Mapping[int, KnownTexts],
        *,
        layers: int = LAYERS[-1],
        **rest: Any,
    ) -> Router:
        return router(vectors[layers], **rest)

    each_seed = [{"seed": seed} for seed in SEEDS]
    routers: dict[str, Callable[..., Router]] = {
        "sw": SimilarityWeightedRouter,
        "knn": KNNRouter,
        "mf": matrix_factorization,
        "minilm_head": MiniLMHead,
    }
    grids: dict[str, list[Settings]] = {
        "sw": SW_GRID,
        "knn": KNN_GRID,
        "mf": MF_GRID,
        "minilm_head": HEAD_GRID,
    }
    chosen = {
        name: choose(
            partial(family, routers[name], gold_vectors),
            grid,
            gold,
            n_folds=5,
            repeats=1 if name == "mf" else 3,  # a fit takes seconds
        )
        for name, grid in grids.items()
    }
    needed = {LAYERS[-1], *(settings["layers"] for settings in chosen.values())}
    vectors = {layers: cached_embedder(texts, layers) for layers in sorted(needed)}

    def scores(name: str, seeds: Iterable[Settings], settings: Settings) -> list[Floats]:
        return [
            family(routers[name], vectors, **settings, **seed)
            .fit(gold.preferences())
            .win_probability(judged.prompts)
            for seed in seeds
        ]

    asked = causal_lm_sample(judged)
    rng = np.random.default_rng(0)
    rows = {
        "random": [rng.random(len(judged.prompts)) for _ in SEEDS],
        "prompt length": [np.array([len(prompt) for prompt in judged.prompts], dtype=np.float64)],
        "domain_mean": [subject_means(gold, judged)],
        "knn": scores("knn", [{}], chosen["knn"]),
        "sw": scores("sw", [{}], chosen["sw"]),
        "sw_published": scores("sw", [{}], {"gamma": 10, "ties": "half", "n_components": None}),
        "mf": scores("mf", each_seed, chosen["mf"]),
        "mf_published": scores("mf", each_seed, {"ties": "drop", "n_components": None}),
        "minilm_head": scores("minilm_head", [{}], chosen["minilm_head"]),
        "bert": [bert_scores(gold, judged, seed) for seed in SEEDS],
        "causal_lm": [causal_lm_scores(gold, asked, 0)],
    }
    table = [judge(name, found, asked if name == "causal_lm" else judged) for name, found in rows.items()]
    print(f"{len(gold.prompts)} prompts to learn from, {len(judged.prompts)} to be judged on")
    print(f"causal_lm is judged on {len(asked.prompts)} of them, one seed")
    print_table(table)
    print(f"the paper, with its own data and embeddings: {PAPER}")
    figures = {f"apgr_{row['router']}": float(row["APGR"]) for row in table if row["router"] in _REPORTED}
    figures |= {
        f"decile_{key}": float(row["decile APGR"])
        for key, row in zip(rows, table, strict=True)
        if key in _REPORTED
    }
    report("routers_quality", {**figures, **storage_differences(gold, judged, vectors[LAYERS[-1]])})


_REPORTED = (
    "domain_mean",
    "knn",
    "sw",
    "sw_published",
    "mf",
    "mf_published",
    "minilm_head",
    "bert",
    "causal_lm",
)


if __name__ == "__main__":
    main()
