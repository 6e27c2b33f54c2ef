"""Real answers for the benchmarks of plans: GSM8K with both models' texts, and samples that agree or not."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from shared_router import Outcomes
from shared_router.evaluation.benchmark_files import read_rows
from shared_router.evaluation.folds import assign_folds
from shared_router.evaluation.near_duplicates import duplicate_groups
from shared_router.scorers.answer_key import answer_key
from tests.benchmarks.plan_curves import Places, Rows

STRONG, WEAK = "strong", "weak"


def folder() -> Path:
    """Return where the data are, or stop."""
    found = os.environ.get("ROUTER_DATA_DIR")
    if not found:
        raise SystemExit("set ROUTER_DATA_DIR to the folder of the data")
    return Path(found)


def gsm8k() -> Outcomes:
    """Return GSM8K's prompts that RouteLLM does not list as contaminated, with both models' answers."""
    table: Any = pd.read_parquet(folder() / "routellm_gsm8k.parquet")
    table = table[~table["contaminated"]]
    return Outcomes.from_columns(
        list(table["prompt"]),
        {STRONG: table["strong_score"].to_list(), WEAK: table["weak_score"].to_list()},
        answers={STRONG: table["strong_response"].to_list(), WEAK: table["weak_response"].to_list()},
    )


def mt_bench() -> Outcomes:
    """Return MT-Bench's prompts and grades; its answers are not among the data."""
    (rows,) = [each for each in read_rows(folder()) if each.name == "MT-Bench"]
    clean = [i for i, unclean in enumerate(rows.contaminated) if not unclean]
    both = Outcomes.from_columns(rows.prompts, {STRONG: rows.strong, WEAK: rows.weak})
    return both.select(clean)


def rows_of(outcomes: Outcomes) -> Rows:
    """Return both models' grades."""
    return Rows(outcomes.scores(STRONG), outcomes.scores(WEAK))


@dataclass(frozen=True, slots=True)
class Sampled:
    """One weak model and way of prompting, with samples of each prompt.

    Attributes:
        name: Task, model and prompting.
        prompts: n texts.
        keys: What each sample comes to, n lists.
        gold: What the right answer comes to, n keys.
        rows: The strong model's grades, and the mean grade of one sample.
    """

    name: str
    prompts: list[str]
    keys: list[list[str]]
    gold: list[str]
    rows: Rows


def sampled() -> Iterator[Sampled]:
    """Yield each set of mot_cascade (Yue et al., arXiv 2310.03094), of prompts with five samples or more."""
    table: Any = pd.read_parquet(folder() / "mot_cascade.parquet")
    for (task, model, prompting), part in table.groupby(["domain", "weak_model", "weak_prompting"]):
        part = part[[len(samples) >= 5 for samples in part["weak_samples"]]]
        keys = [[_key(sample) for sample in samples] for samples in part["weak_samples"]]
        gold = [_key(answer) for answer in part["answer"]]
        weak = np.array(
            [np.mean([key == right for key in every]) for every, right in zip(keys, gold, strict=True)]
        )
        strong = part["strong_score"].to_numpy(dtype=np.float64)
        yield Sampled(f"{task} {model} {prompting}", list(part["prompt"]), keys, gold, Rows(strong, weak))


def _key(answer: Any) -> str:
    return answer_key("", str(answer)) or str(answer)


def folds(prompts: Sequence[str], seed: int) -> Places:
    """Return the fold of each prompt, shape (n,); near duplicates share one, such as a story's questions."""
    return assign_folds(duplicate_groups(prompts), seed=seed)
