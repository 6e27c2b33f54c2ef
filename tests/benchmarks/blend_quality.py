"""What PairRanker on MiniLM picks, beside chance, the longest answer and the best single model.

Two sets of `ROUTER_DATA_DIR` hold answers' texts and grades: GSM8K with a whole answer of each of two models,
and date understanding (LLM_MoT_cascade) with the final answers of GPT-4 and of eight weak ways, a date each.
Every prompt is ranked by a model that was trained on graded pairs of the other four fifths, near duplicates,
such as a story's questions, always together. The best single model is the one that is best on those. Rate,
epochs and windows are those of LLM-Blender and of the fine-tuned routers here; none was tried against
another, but that a first run on `date`, which stopped early by 22 validation prompts, was thrown away.

Quality is the mean grade of the answer that is picked; the rank correlation is Kendall's tau-b of scores and
grades, the mean over prompts whose answers' grades differ. Where models say the same, chance and a mean of
logits count an answer as often as it was given; rows say what comes of each answer counted once, and of the
one that was given most often, which needs no ranker. Intervals are 95 %, bootstrap over prompts, of
differences paired. Passes are counted as the encoder makes them: equal answers are not compared. A fold takes
a quarter of an hour or more of one CPU core, and seconds of a GPU; `--folds 1` trains and asks one alone.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.blend_quality [--write] [--set NAME] [--folds N]
    [--device cuda]
"""

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau

from shared_router import PairRanker
from shared_router.evaluation.resampling import estimate, resamples
from shared_router.plans.ranking import max_logits, max_wins, passes
from shared_router.training.graded_pairs import graded_pairs
from shared_router.training.recipe import FineTuning
from tests.benchmarks.measure import report_rows
from tests.benchmarks.minilm import model_folder
from tests.benchmarks.plans_data import folder, folds

Array = NDArray[np.float64]
EPOCHS, PAIRS, BATCH = 5, 5, 16
"""LLM-Blender's epochs, and pairs of a question."""

N_RESAMPLES = 2000
ONCE = "max_logits, each answer once"
AGGREGATIONS = ("max_logits", ONCE, "max_wins", "bubble")
REPEATS = (ONCE, "random, each answer once", "most given answer")
"""Ways that are others where models say the same."""


@dataclass(frozen=True, slots=True)
class Graded:
    """Prompts with an answer of each model.

    Attributes:
        name: The set.
        questions: n texts.
        models: What answered.
        answers: Shape (n, models).
        grades: Shape (n, models), in [0, 1].
    """

    name: str
    questions: list[str]
    models: list[str]
    answers: list[list[str]]
    grades: Array

    def part(self, kept: NDArray[np.bool_]) -> "Graded":
        """Return some of the prompts."""
        rows = np.flatnonzero(kept)
        questions, answers = [self.questions[i] for i in rows], [self.answers[i] for i in rows]
        return Graded(self.name, questions, self.models, answers, self.grades[rows])


def sets() -> Iterator[Graded]:
    """Yield each set."""
    table: Any = pd.read_parquet(folder() / "routellm_gsm8k.parquet")
    table = table[~table["contaminated"]]
    yield Graded(
        "GSM8K",
        list(table["prompt"]),
        ["gpt-4-1106-preview", "mixtral-8x7b"],
        table[["strong_response", "weak_response"]].to_numpy().tolist(),
        table[["strong_score", "weak_score"]].to_numpy(dtype=np.float64),
    )
    table = pd.read_parquet(folder() / "mot_cascade.parquet")
    table = table[table["domain"] == "date"]
    way = table["weak_model"] + " " + table["weak_prompting"]
    texts = table.assign(way=way).pivot(index="prompt", columns="way", values="weak_majority").fillna("")
    grades = table.assign(way=way).pivot(index="prompt", columns="way", values="weak_score")
    best = table.drop_duplicates("prompt").set_index("prompt").loc[texts.index]
    yield Graded(
        "date",
        list(texts.index),
        ["gpt-4", *texts.columns],
        [[one, *others] for one, others in zip(best["strong_pred"], texts.to_numpy().tolist(), strict=True)],
        np.column_stack([best["strong_score"], grades.to_numpy()]).astype(np.float64),
    )


def trained(part: Graded, device: str | None) -> PairRanker:
    """Return MiniLM, trained on graded pairs; a pair may fill the 512 tokens that it reads."""
    how: dict[str, Any] = {"pairs": PAIRS, "sampling": "all_pair", "loss": "bradley_terry", "seed": 0}
    pairs = graded_pairs(part.questions, part.answers, list(part.grades), **how).pairs
    steps = math.ceil(EPOCHS * len(pairs) / BATCH)
    print(f"{part.name}: {len(part.questions)} prompts, {len(pairs)} pairs, {steps} steps", flush=True)
    # the rate of fine-tuned routers here; no validation, for of so few prompts it is chance
    recipe = FineTuning(
        learning_rate=5e-5, batch_size=BATCH, max_steps=steps, validation_fraction=0.0, evaluate_every=steps
    )
    ranker = PairRanker(
        model_folder(),
        source_tokens=128,
        candidate_tokens=192,
        train_embeddings=False,
        recipe=recipe,
        device=device,
    )
    return ranker.fit(part.questions, part.answers, list(part.grades), pairs=PAIRS, progress=False)


def picks(scores: Array, grades: Array) -> Array:
    """Return each prompt's mean grade of the answers with the highest score, shape (n,)."""
    best = scores == scores.max(axis=1, keepdims=True)
    found: Array = (grades * best).sum(axis=1) / best.sum(axis=1)
    return found


def firsts(answers: list[str]) -> NDArray[np.int64]:
    """Return where each answer was given first, shape (models,)."""
    return np.array([answers.index(answer) for answer in answers])


def once(comparisons: Array, answers: list[str]) -> Array:
    """Return the `max_logits` of the different answers among themselves, shape (models,)."""
    first, place = np.unique(firsts(answers), return_inverse=True)
    return max_logits(comparisons[np.ix_(first, first)])[place]


def correlations(scores: Array, grades: Array) -> Array:
    """Return each prompt's tau-b, shape (n,); NaN where all grades are one, 0 where all scores are."""
    found = np.full(len(scores), np.nan)
    for row, (said, true) in enumerate(zip(scores, grades, strict=True)):
        if len(set(true)) > 1:
            found[row] = 0.0 if len(set(said)) == 1 else kendalltau(said, true).statistic
    return found


def mean(values: Array) -> str:
    """Return a mean over prompts with its interval, of those that are known."""
    known = values[~np.isnan(values)]
    blocks = [
        (counts * known[:, None]).sum(axis=0) / counts.sum(axis=0)
        for counts in resamples(np.arange(len(known)), N_RESAMPLES, seed=0)
    ]
    found = estimate(float(known.mean()), np.concatenate(blocks))
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def asked(ranker: PairRanker, part: Graded) -> tuple[dict[str, Array], dict[str, float]]:
    """Return each answer's scores, shape (n, models), and how many passes were made, by the aggregation."""
    before = ranker.passes_
    prompts = list(zip(part.questions, part.answers, strict=True))
    found = [ranker.comparisons(question, answers) for question, answers in prompts]
    full = ranker.passes_ - before
    ranker.aggregation = "bubble"
    scores = {
        "max_logits": np.array([max_logits(each) for each in found]),
        ONCE: np.array([once(*each) for each in zip(found, part.answers, strict=True)]),
        "max_wins": np.array([max_wins(each) for each in found]),
        "bubble": np.array([ranker.scores(question, answers) for question, answers in prompts]),
    }
    few = ranker.passes_ - before - full
    return scores, {"max_logits": full, ONCE: full, "max_wins": full, "bubble": few}


def measured(part: Graded, n_folds: int, device: str | None) -> Iterator[dict[str, Any]]:
    """Yield a row for each way to pick."""
    fold = folds(part.questions, 0)
    names = ("best single model", *AGGREGATIONS)
    found: dict[str, list[Array]] = {name: [] for name in names}
    made = dict.fromkeys(AGGREGATIONS, 0.0)
    tests = []
    for held_out in range(n_folds):
        train, test = part.part(fold != held_out), part.part(fold == held_out)
        start = time.perf_counter()
        ranker = trained(train, device)
        middle = time.perf_counter()
        scores, passes_made = asked(ranker, test)
        seconds = f"{middle - start:.0f} s to train, {time.perf_counter() - middle:.0f} s to ask"
        print(f"{part.name}, fold {held_out}: {seconds}", flush=True)
        tests.append(test)
        found["best single model"].append(np.tile(train.grades.mean(axis=0), (len(test.questions), 1)))
        for name, each in scores.items():
            found[name].append(each)
            made[name] += passes_made[name]
    grades = np.concatenate([test.grades for test in tests])
    given = [answers for test in tests for answers in test.answers]
    is_first = np.array([firsts(answers) == np.arange(len(answers)) for answers in given])
    ways: dict[str, Array] = {
        "random": np.zeros_like(grades),
        "random, each answer once": is_first.astype(np.float64),
        "most given answer": np.array([list(map(answers.count, answers)) for answers in given], np.float64),
        "longest answer": np.array([list(map(len, answers)) for answers in given], np.float64),
        **{name: np.concatenate(each) for name, each in found.items()},
        "oracle": grades,
    }
    if is_first.all():  # no two models say the same
        ways = {name: scores for name, scores in ways.items() if name not in REPEATS}
    yield from rows(part, ways, grades, made)


def rows(
    part: Graded, ways: dict[str, Array], grades: Array, made: dict[str, float]
) -> Iterator[dict[str, Any]]:
    """Yield the table's rows of one set."""
    n, n_models = grades.shape
    picked = {name: picks(scores, grades) for name, scores in ways.items()}
    for name, scores in ways.items():
        ours = name in AGGREGATIONS
        expected = passes("bubble" if name == "bubble" else "max_logits", n_models)
        yield {
            "set": f"{part.name}: {n_models} answers, {n} prompts",
            "way": f"PairRanker, {name}" if ours else name,
            "quality": mean(picked[name]),
            "PairRanker less this": "" if ours else mean(picked["max_logits"] - picked[name]),
            "tau-b": ""
            if name.startswith("random") or name == "bubble"
            else mean(correlations(scores, grades)),
            "passes a blend": f"{made[name] / n:.1f} of {expected}" if ours else "",
        }


def main() -> None:
    """Train, ask, print, and with `--write` keep the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true", help="keep the table for the docs")
    parser.add_argument("--device")
    parser.add_argument("--set", dest="only", choices=("GSM8K", "date"))
    parser.add_argument("--folds", type=int, default=5, choices=range(1, 6))
    given = parser.parse_args()
    chosen = [part for part in sets() if given.only in (None, part.name)]
    report_rows(
        "blend_quality", [row for part in chosen for row in measured(part, given.folds, given.device)]
    )


if __name__ == "__main__":
    main()
