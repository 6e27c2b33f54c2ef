"""What an attacker's feedback does to a router that is learned from it, on MMLU's real grades.

Each prompt was answered by one model by lot and graded by its user. Five in a hundred words are the
attacker's: the strong model's answers bad, the weak one's good, so that everything should go weak. They come
from one source, which counts for ten times the middle one at most, from one source without that bound, or
from as many accounts as words, which no bound by source sees.

Run: python -m tests.benchmarks.poisoned_feedback (reads ROUTER_DATA_DIR)
"""

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.benchmarks import read_benchmarks
from shared_router.feedback.logged_feedback import LoggedFeedback, logged_feedback
from shared_router.feedback.weighted_battles import weighted_battles
from shared_router.learners.ranked import rank_value
from shared_router.routers.local import LocalRouter
from shared_router.telemetry import read_log
from tests.benchmarks.measure import report_rows
from tests.decision_logs import decision, feedback, write_log

POISONED = 0.05
ATTACKS = ("none", "one source, bounded", "one source, not bounded", "as many accounts as words")


def logged(prompts: list[str], scores: NDArray[np.float64], attack: str, seed: int) -> LoggedFeedback:
    """Return what a log of these prompts teaches; scores are of (strong, weak), shape (n, 2)."""
    rng = np.random.default_rng(seed)
    weak, poisoned = rng.integers(0, 2, len(prompts)), rng.random(len(prompts)) < POISONED
    lines = []
    for number, prompt in enumerate(prompts):
        lines.append(decision(number, ("strong", "weak")[weak[number]], prompt=prompt, propensity=0.5))
        score, source = float(scores[number, weak[number]]), f"thumbs:{number}"
        if attack != "none" and poisoned[number]:
            score, source = float(weak[number]), source if attack == ATTACKS[3] else "thumbs:loud"
        lines.append(feedback(number, score, source))
    with tempfile.TemporaryDirectory() as folder:
        rows = logged_feedback(read_log(write_log(Path(folder) / "log.jsonl", lines)).rows)
    if attack == ATTACKS[2]:
        rows.weights[:] = 1.0
    return rows


def main() -> None:
    """Learn under each attack, and rank prompts that were not in the log."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1500)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    mmlu = read_benchmarks(Path(os.environ["ROUTER_DATA_DIR"]))[0]
    prompts = list(mmlu.judged.prompts)
    scores = np.column_stack([mmlu.judged.scores(each) for each in (mmlu.strong, mmlu.weak)])
    found: dict[str, list[float]] = {attack: [] for attack in ATTACKS}
    for seed in range(arguments.draws):
        order = np.random.default_rng(seed).permutation(len(prompts))
        told, asked = order[: arguments.rows], order[arguments.rows : arguments.rows + 4000]
        for attack in ATTACKS:
            rows = logged([prompts[i] for i in told], scores[told], attack, seed)
            router = LocalRouter(seed=seed).fit(weighted_battles(rows, seed=seed), progress=False)
            said = router.win_probability([prompts[i] for i in asked])
            value = rank_value(said, scores[asked, 0] - scores[asked, 1]).apgr
            found[attack].append(float(value))
    report_rows("poisoned_feedback", [_row(attack, values) for attack, values in found.items()])


def _row(attack: str, values: list[float]) -> dict[str, Any]:
    return {
        "5 % of the words are an attacker's": attack,
        "APGR on unseen prompts": float(np.mean(values)),
        "lowest draw": float(np.min(values)),
    }


if __name__ == "__main__":
    main()
