"""What choosing among many models is worth: AIQ of each predictor beside Zero router, best single and oracle.

On graded answers of `ROUTER_DATA_DIR`: MMLU-Pro (27 models), ZeroEval (the models that answered nearly all
of it) and LLMRouter (9). Each prompt is scored by predictors fitted on the four fifths of the prompts that
are not it or its double, with their defaults. A policy's points are the argmax of predicted grade minus
weight times dollars, over weights; AIQ is the mean height of their hull (RouterBench, arXiv 2403.12031),
from the cheapest model's cost to the dearest's. The Zero router is the hull of the single models. Intervals
are 95 %, bootstrap over prompts, and paired where they are of a difference.

Dollars: genai-prices where it knows the model; else 0.0125 dollars for a million tokens and a billion
parameters of its name or of `BILLIONS`, an assumption. Tokens: a quarter of the prompt's characters in, 200
out, for no answer of these sets was counted. Models with neither a price nor a size are left out.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.n_models_quality [--write]
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router import Outcomes, TokenPrices, known_prices, load_embedder
from shared_router.evaluation.folds import assign_folds
from shared_router.evaluation.hull import mean_height
from shared_router.evaluation.resampling import estimate, resamples
from shared_router.predictors.clusters import ClustersPredictor
from shared_router.predictors.factors import FactorsPredictor
from shared_router.predictors.item_response import ItemResponsePredictor
from shared_router.predictors.mixed import MixedPredictor
from shared_router.predictors.neighbors import NeighborsPredictor
from shared_router.predictors.protocol import QualityPredictor
from shared_router.text import prompt_key
from tests.benchmarks.measure import report_rows

Array = NDArray[np.float64]
SETS = {"MMLU-Pro": "mmlu_pro_multi", "ZeroEval": "zeroeval_multi", "LLMRouter": "llmrouter_multi"}
PREDICTORS: Mapping[str, Callable[[], QualityPredictor]] = {
    "neighbors": NeighborsPredictor,
    "clusters": ClustersPredictor,
    "factors": FactorsPredictor,
    "item_response": ItemResponsePredictor,
    "mixed": MixedPredictor,
}
BILLIONS = {
    "Phi-3-mini-4k-instruct": 3.8,
    "c4ai-command-r-v01": 35.0,
    "jamba-1.5-large": 94.0,
    "DeepSeek-Coder-V2": 21.0,
    "deepseek-v2.5-0908": 21.0,
    "Mistral-Large-2": 123.0,
}
"""Parameters that work on a token, of models whose name does not tell."""

DOLLARS_A_BILLION = 0.0125
OUTPUT_TOKENS = 200
N_FOLDS, N_RESAMPLES, SEED = 5, 500, 0
WEIGHTS = np.concatenate([[0.0], np.geomspace(1e-4, 100, 60)])
"""What a grade of 1 is worth against dollars per thousand calls, reversed: 0 asks for quality alone."""

N_TIMED = 20_000


def main() -> None:
    folder = Path(os.environ["ROUTER_DATA_DIR"])
    rows = [
        row for name, file in SETS.items() for row in measured(name, *answers(folder / f"{file}.parquet"))
    ]
    report_rows("n_models_quality", rows)


def answers(path: Path) -> tuple[Outcomes, Array]:
    """Return graded answers and what each cost: dollars per thousand calls, shape (n, m)."""
    import pandas as pd

    rows = pd.read_parquet(path)
    share = rows.groupby("model").id.nunique() / rows.id.nunique()
    rows = rows[rows.model.isin(share[share > 0.95].index)]
    wide = rows.pivot_table(index="id", columns="model", values="score", aggfunc="first").sort_index()
    prices = model_prices(list(wide.columns))
    wide = wide[list(prices)].dropna()
    prompts = list(rows.drop_duplicates("id").set_index("id").loc[wide.index].prompt)
    grades = {model: wide[model].to_numpy(dtype=np.float64) for model in prices}
    sent = np.array([len(prompt) / 4 for prompt in prompts])
    dollars = [
        (sent * price.input_per_million_tokens + OUTPUT_TOKENS * price.output_per_million_tokens) / 1e3
        for price in prices.values()
    ]
    return Outcomes.from_columns(prompts, grades), np.stack(dollars, axis=1)


def model_prices(models: list[str]) -> dict[str, TokenPrices]:
    known = dict(known_prices(models).prices)
    for model in models:
        named = re.search(r"(\d+(?:\.\d+)?)b\b", model.replace("_", "-"), re.IGNORECASE)
        billions = BILLIONS.get(model, float(named.group(1)) if named else None)
        if model not in known and billions is not None:
            known[model] = TokenPrices(billions * DOLLARS_A_BILLION, billions * DOLLARS_A_BILLION)
    return {model: known[model] for model in models if model in known}


def measured(name: str, outcomes: Outcomes, dollars: Array) -> Iterator[dict[str, Any]]:
    """Yield one row a way to choose."""
    grades = np.stack([outcomes.scores(model) for model in outcomes.models], axis=1)
    keys: dict[str, int] = {}
    groups = np.array([keys.setdefault(prompt_key(p), len(keys)) for p in outcomes.prompts])
    folds = assign_folds(groups, n_folds=N_FOLDS, seed=SEED)
    embeddings = load_embedder().embed(outcomes.prompts)
    single = [(dollars[:, [m]], grades[:, [m]]) for m in range(grades.shape[1])]
    # every way may also send all to the cheapest or the dearest: AIQ is then of one range of costs
    paid = dollars.mean(axis=0)
    ends = [single[int(paid.argmin())], single[int(paid.argmax())]]
    points = {"Zero router": single}
    seconds = dict.fromkeys(("Zero router", "oracle"), 0.0)
    for predictor, make in PREDICTORS.items():
        expected, seconds[predictor] = crossfitted(make, outcomes, embeddings, folds)
        points[predictor] = [*(chosen(expected, dollars, grades, weight) for weight in WEIGHTS), *ends]
    points["oracle"] = [*(chosen(grades, dollars, grades, weight) for weight in WEIGHTS), *ends]
    aiq = {way: heights(found, groups) for way, found in points.items()}
    best = float(grades.mean(axis=0).max())
    for way, (value, resampled) in aiq.items():
        top = float(points[way][0][1].mean()) if way != "Zero router" else best
        row: dict[str, Any] = {
            "set": name,
            "models": len(outcomes.models),
            "prompts": len(outcomes),
            "way": way,
        }
        row |= {"AIQ": value, "quality alone": top}
        for other in ("Zero router", "neighbors"):
            apart = estimate(value - aiq[other][0], resampled - aiq[other][1])
            row[f"AIQ over {other}"] = "" if way == other else f"{apart.low:+.4f} to {apart.high:+.4f}"
        yield row | {"s a million prompts": seconds[way] or ""}


def crossfitted(
    make: Callable[[], QualityPredictor],
    outcomes: Outcomes,
    embeddings: NDArray[np.float32],
    folds: NDArray[np.int64],
) -> tuple[Array, float]:
    """Return expected grades from predictors that saw other folds, and seconds for a million prompts."""
    expected = np.empty((len(outcomes), len(outcomes.models)))
    for fold in range(N_FOLDS):
        learned, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        predictor = make().fit(outcomes.select(learned), embeddings=embeddings[learned])
        expected[held] = predictor.qualities([outcomes.prompts[i] for i in held.tolist()])
    asked = [outcomes.prompts[i % len(outcomes)] for i in range(N_TIMED)]
    start = time.perf_counter()
    predictor.qualities(asked)
    return expected, (time.perf_counter() - start) * 1e6 / N_TIMED


def chosen(expected: Array, dollars: Array, grades: Array, weight: float) -> tuple[Array, Array]:
    """Return the dollars and grades of the argmax, each of shape (n, 1)."""
    model = (expected - weight * dollars).argmax(axis=1)[:, None]
    return np.take_along_axis(dollars, model, axis=1), np.take_along_axis(grades, model, axis=1)


def heights(points: list[tuple[Array, Array]], groups: NDArray[np.int64]) -> tuple[float, Array]:
    """Return AIQ of the points, and of their resamples."""
    cost, quality = (np.concatenate(columns, axis=1) for columns in zip(*points, strict=True))
    blocks = resamples(groups, N_RESAMPLES, seed=SEED)
    resampled = [
        mean_height(cost.T @ counts / counts.sum(0), quality.T @ counts / counts.sum(0)) for counts in blocks
    ]
    value = mean_height(cost.mean(axis=0)[:, None], quality.mean(axis=0)[:, None])
    return float(value[0]), np.concatenate(resampled)


if __name__ == "__main__":
    main()
