"""How good and how fast the search for a list is, beside FrugalGPT's own on the same rows.

Real grades: ZeroEval's prompts, six models that answered nearly all of them; P(good enough) of each by the
form and an embedding of the prompt alone, by a fit without that prompt, since ZeroEval keeps no answers here.
Dollars are prices an answer, each model twice the one before. The reference is FrugalGPT's search written
plainly: every order of exactly three models, forty quantiles at either stage, the second of the rows that are
left, a loop over rows. It is given ours's budget and rows, and the same P(good enough).

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.frugal_search [--write]
"""

import time
from itertools import permutations

import numpy as np
import pandas as pd

from shared_router import load_embedder
from shared_router.plans.list_search import FoundList, ListSearch
from shared_router.scorers.answer_head import fit_answer_head
from shared_router.text_features import text_features
from tests.benchmarks.measure import report
from tests.benchmarks.plans_data import folder

N_ROWS = 1000
N_MODELS = 4
BUDGETS = (2.0, 4.0, 6.0)
QUANTILES = 40


def graded_rows() -> ListSearch:
    """Return rows of models from the cheapest and worst to the dearest and best."""
    table = pd.read_parquet(folder() / "zeroeval_multi.parquet")
    grades = table.pivot_table(index="prompt", columns="model", values="score").dropna(axis=1, thresh=4500)
    grades = grades.dropna().sample(N_ROWS, random_state=0)
    order = grades.mean().sort_values().index
    chosen = [order[int(place)] for place in np.linspace(0, len(order) - 1, N_MODELS)]
    quality = grades[chosen].to_numpy(dtype=np.float64)
    prompts = [str(prompt) for prompt in grades.index]
    columns, embeddings = text_features(prompts), load_embedder().embed(prompts).astype(np.float64)
    risks = [
        1 - fit_answer_head(columns, embeddings, 1 - quality[:, model], quality[:, model])[1]
        for model in range(N_MODELS)
    ]
    dollars = np.broadcast_to(2.0 ** np.arange(N_MODELS), quality.shape)
    return ListSearch(quality, dollars, np.stack(risks, axis=1))


def plain_search(rows: ListSearch, budget: float) -> tuple[float, tuple[int, ...]]:
    """Return the best quality of FrugalGPT's search, and its list."""
    best: tuple[float, tuple[int, ...]] = (-1.0, ())
    grid = np.linspace(1e-5, 1 - 1e-5, QUANTILES)
    for models in permutations(range(rows.quality.shape[1]), 3):
        quality, dollars, risks = (
            part[:, list(models)].tolist() for part in (rows.quality, rows.dollars, rows.risks)
        )
        first_risks = rows.risks[:, models[0]]
        for first in np.quantile(first_risks, grid).tolist():
            left = rows.risks[first_risks >= first, models[1]]
            for second in np.quantile(left, grid).tolist() if len(left) else ():
                found, spent = 0.0, 0.0
                for grade, price, risk in zip(quality, dollars, risks, strict=True):
                    spent += price[0]
                    if risk[0] < first:
                        found += grade[0]
                        continue
                    spent += price[1]
                    if risk[1] < second:
                        found += grade[1]
                        continue
                    spent += price[2]
                    found += grade[2]
                if spent <= budget * len(quality) and found / len(quality) > best[0]:
                    best = found / len(quality), models
    return best


def main() -> None:
    """Search both ways under each budget."""
    rows = graded_rows()
    figures: dict[str, float] = {}
    ratios = []
    for budget in BUDGETS:
        start = time.process_time()
        ours: FoundList | None = rows.best(budget, max_models=3)
        ours_s = time.process_time() - start
        start = time.process_time()
        plain, models = plain_search(rows, budget)
        plain_s = time.process_time() - start
        assert ours is not None
        ratios.append(plain_s / ours_s)
        print(f"budget {budget}: ours {ours.quality:.4f} {ours.models} in {ours_s:.3f} s")
        print(f"budget {budget}: plain {plain:.4f} {models} in {plain_s:.1f} s")
        figures[f"quality_at_{budget:g}"] = ours.quality
        figures[f"plain_quality_at_{budget:g}"] = plain
    report("frugal_search", {**figures, "least_times_faster": min(ratios)})


if __name__ == "__main__":
    main()
