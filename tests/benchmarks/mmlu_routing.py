"""RouteLLM's MMLU answers as a routing benchmark: 1,500 rows to learn from, the rest to be judged on.

From `routellm_mmlu.parquet` under `ROUTER_DATA_DIR`: the prompt, its subject and whether GPT-4 and Mixtral
answered right. Rows to be judged on that RouteLLM lists as contaminated, or that repeat a prompt to learn
from, are dropped.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router import PreferenceData
from shared_router.evaluation.benchmarks import Benchmark, read_benchmarks
from shared_router.evaluation.metrics import apgr, cpt, decile_apgr
from shared_router.records.outcomes import Outcomes

Floats = NDArray[np.float64]
N_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class GradedPrompts:
    """Prompts with the subject and both models' grades, 0 or 1."""

    prompts: list[str]
    subjects: NDArray[np.str_]
    strong: Floats
    weak: Floats

    @classmethod
    def of(cls, benchmark: Benchmark, rows: Outcomes) -> "GradedPrompts":
        """Return a benchmark's rows as columns."""
        subjects = np.array([domain or "" for domain in rows.domains or ()])
        return cls(list(rows.prompts), subjects, rows.scores(benchmark.strong), rows.scores(benchmark.weak))

    def take(self, rows: NDArray[np.int64]) -> "GradedPrompts":
        """Return the chosen rows."""
        prompts = [self.prompts[row] for row in rows]
        return GradedPrompts(prompts, self.subjects[rows], self.strong[rows], self.weak[rows])

    def preferences(self) -> PreferenceData:
        """Return a battle for each prompt: who alone was right wins, else it is a tie."""
        return PreferenceData.from_correctness(self.prompts, self.strong.tolist(), self.weak.tolist())


def load_mmlu() -> tuple[GradedPrompts, GradedPrompts]:
    """Return the rows to learn from and the rows to be judged on, in the order of their ids.

    Raises:
        SystemExit: If the data are not there; the message says what to set.
    """
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    mmlu = read_benchmarks(folder)[0]
    if mmlu.gold is None:
        raise SystemExit("skipped: the folder marks no rows of MMLU to learn from; its tables do")
    return GradedPrompts.of(mmlu, mmlu.gold), GradedPrompts.of(mmlu, mmlu.judged)


def subject_means(learned: GradedPrompts, asked: GradedPrompts) -> Floats:
    """Score each prompt by how much better the strong model was on its subject: the baseline to beat."""
    gains = learned.strong - learned.weak
    means = {subject: gains[learned.subjects == subject].mean() for subject in np.unique(learned.subjects)}
    return np.array([means.get(subject, gains.mean()) for subject in asked.subjects])


def judge(name: str, scores: Sequence[Floats], judged: GradedPrompts) -> dict[str, float | str]:
    """Return a table's row: the mean over seeds of each metric, and how far exact APGR varies.

    `seeds +-` is the standard deviation over seeds, `low` to `high` the middle 95 % over resampled prompts.
    """
    grades = judged.strong, judged.weak
    exact = [apgr(score, *grades) for score in scores]
    rng = np.random.default_rng(0)
    resampled = []
    for _ in range(N_RESAMPLES):
        rows = rng.integers(0, len(judged.prompts), len(judged.prompts))
        resampled.append(apgr(scores[0][rows], judged.strong[rows], judged.weak[rows]))
    low, high = np.percentile(resampled, [2.5, 97.5])

    def mean(values: list[float]) -> float:
        return float(np.mean(values))

    return {
        "router": name,
        "APGR": mean(exact),
        "low": float(low),
        "high": float(high),
        "seeds +-": float(np.std(exact)),
        "decile APGR": mean([_decile(score, grades) for score in scores]),
        "CPT50": mean([cpt(score, *grades, 0.5) for score in scores]),
        "CPT80": mean([cpt(score, *grades, 0.8) for score in scores]),
    }


def _decile(score: Floats, grades: tuple[Floats, Floats]) -> float:
    return decile_apgr(score, *grades)
