"""mot_cascade (Yue et al., arXiv 2310.03094) as outcomes: GPT-4 was asked once, weak models many times."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from shared_router import Outcomes
from tests.benchmarks.plans_data import STRONG, WEAK, folder

SETS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "dates, GPT-3.5": ("gpt-3.5-turbo", ("date",), 10),
    "dates, Llama": ("llama-2-13b", ("date",), 10),
    "arithmetic, Llama": ("llama-2-13b", ("gsm8k",), 10),
    "all three tasks, Llama": ("llama-2-13b", ("date", "gsm8k", "crepe"), 6),
}
"""By name the weak model, the tasks, and how many samples make a label: of the third task there are few."""

_LIKELIHOODS = ("less likely", "equally likely", "more likely")


@dataclass(frozen=True, slots=True)
class SampledSet:
    """One weak model's samples, however it was prompted, and GPT-4's one answer to each prompt.

    Attributes:
        prompts: n texts.
        strong: GPT-4's answer to each.
        weak: The weak model's answers, n lists.
        references: The right answers.
        n_samples: How many of the weak model's answers a label is made of.
    """

    prompts: list[str]
    strong: list[str]
    weak: list[list[str]]
    references: list[str]
    n_samples: int

    def outcomes(self, seed: int) -> Outcomes:
        """Return the answers as outcomes, the weak model's in an order drawn by the seed."""
        rng = np.random.default_rng(seed)
        drawn = [[texts[place] for place in rng.permutation(len(texts))] for texts in self.weak]
        return Outcomes.from_columns(
            self.prompts,
            answers={STRONG: self.strong, WEAK: [texts[0] for texts in drawn]},
            samples={STRONG: [[] for _ in drawn], WEAK: [texts[1:] for texts in drawn]},
        )


def sampled_set(name: str) -> SampledSet:
    """Read a set: prompts of which there are as many samples as a label takes."""
    model, tasks, n_samples = SETS[name]
    table: Any = pd.read_parquet(folder() / "mot_cascade.parquet")
    table = table[(table["weak_model"] == model) & table["domain"].isin(tasks)]
    found = SampledSet([], [], [], [], n_samples)
    for prompt, rows in table.groupby("prompt", sort=False):
        rows = rows.drop_duplicates("weak_prompting")  # some prompts stand there twice
        samples = [str(sample) for each in rows["weak_samples"] for sample in each]
        if len(samples) >= n_samples:
            found.prompts.append(prompt)
            found.strong.append(str(rows["strong_pred"].iloc[0]))
            found.weak.append(samples)
            found.references.append(str(rows["answer"].iloc[0]))
    return found


def closeness(prompt: str, answer: str, reference: str | None) -> float:
    """Grade an answer by how near it is to the right one, 1 where it is right.

    Of a date the share of day, month and year that are right; of a number 1 less the relative error, not
    below 0; of a likelihood 1, 1/2 or 0 by how many steps it is off. What is none of its kind gets 0.
    """
    del prompt
    right = reference or ""
    if right in _LIKELIHOODS:
        if answer not in _LIKELIHOODS:
            return 0.0
        return 1.0 - abs(_LIKELIHOODS.index(answer) - _LIKELIHOODS.index(right)) / 2
    if "/" in right:
        parts, wanted = _numbers(answer.split("/")), _numbers(right.split("/"))
        return (
            float(np.mean([a == b for a, b in zip(parts, wanted, strict=True)])) if len(parts) == 3 else 0.0
        )
    found, wanted = _numbers([answer]), _numbers([right])
    if not found:
        return 0.0
    return max(0.0, 1.0 - abs(found[0] - wanted[0]) / max(abs(wanted[0]), 1e-9))


def correctness(prompt: str, answer: str, reference: str | None) -> float:
    """Grade an answer as right, 1, or wrong, 0."""
    return float(closeness(prompt, answer, reference) > 1.0 - 1e-9)


def _numbers(texts: list[str]) -> list[float]:
    """Return numbers as they are written; none where one is no finite number."""
    try:
        found = [float(text) for text in texts]
    except ValueError:
        return []
    return found if np.isfinite(found).all() else []
