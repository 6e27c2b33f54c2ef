"""What the shipped router is worth on ten sets, and on everyday prompts that somebody wrote blind.

The sets, and what the router saw of them, are told in `shared_router.pretrained.build.sets`; LiteLLM's two
heuristics were scored once on the same prompts (`build.quality`). The everyday prompts of
`tests/data/everyday_blind.jsonl` were written by somebody who never saw the router's own; where the file is
not there, that part is left out. With `--write` the figures are kept for the docs.

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.shipped_quality [--write]
"""

import os
from pathlib import Path

import numpy as np

from shared_router import load_router
from shared_router.evaluation.metrics import apgr
from shared_router.pretrained.build.corpus import load_corpus
from shared_router.pretrained.build.everyday import read_everyday
from shared_router.pretrained.build.general import everyday_quality
from shared_router.pretrained.build.quality import Quality, quality_of
from shared_router.pretrained.build.sets import load_sets
from shared_router.registry import DEFAULT_ROUTER, recommended_threshold
from tests.benchmarks.measure import report_rows

FIRST = "static-v1"
BLIND = Path(__file__).parents[1] / "data" / "everyday_blind.jsonl"


def main() -> None:
    """Print both tables, of what can be read."""
    threshold = recommended_threshold(DEFAULT_ROUTER, otherwise=0.5)
    if folder := os.environ.get("ROUTER_DATA_DIR"):
        report_rows("shipped_quality", set_rows(Path(folder), threshold))
    else:
        print("skipped the sets: ROUTER_DATA_DIR is not set; name the folder of the benchmarks")
    if BLIND.exists():
        report_rows("shipped_everyday", everyday_rows(BLIND, threshold))
    else:
        print(f"skipped the everyday prompts: {BLIND.name} is not there; its writers keep it apart")


def set_rows(folder: Path, threshold: float) -> list[dict[str, str]]:
    """Return a row for each set."""
    sets = load_sets(folder, load_corpus(folder))
    first = {each.name: apgr(_scores(FIRST, each.prompts), each.strong, each.weak) for each in sets}
    return [_row(row, first.get(row.name)) for row in quality_of(load_router(), threshold, sets)]


def everyday_rows(path: Path, threshold: float) -> list[dict[str, str]]:
    """Return a row for each language of a file of everyday prompts, beside prompt length."""
    everyday = read_everyday(path)
    prompts = [each.prompt for each in everyday]
    lengths = np.array([len(prompt) for prompt in prompts], dtype=np.float64)
    scored = everyday_quality(everyday, _scores(DEFAULT_ROUTER, prompts), threshold)
    by_length = everyday_quality(everyday, lengths, threshold)
    return [
        {
            "language": row.language,
            "prompts": str(row.prompts),
            "AUC": f"{row.auc:.3f}",
            "AUC of length": f"{length.auc:.3f}",
            "easy, strong": f"{row.easy_strong:.3f}",
            "hard, strong": f"{row.hard_strong:.3f}",
        }
        for row, length in zip(scored, by_length, strict=True)
    ]


def _scores(router: str, prompts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return load_router(router).win_probability(prompts)


def _row(row: Quality, first: float | None) -> dict[str, str]:
    low, high = row.over_length
    litellm = ("-", "-") if row.litellm is None else tuple(f"{theirs:.3f}" for theirs in row.litellm)
    return {
        "set": row.name,
        "prompts": f"{row.queries:,}",
        f"{DEFAULT_ROUTER}, APGR (95 %)": f"{row.apgr:.3f} ({row.low:.3f} to {row.high:.3f})",
        FIRST: "-" if first is None else f"{first:.3f}",
        "length": f"{row.length:.3f}",
        "random": f"{row.random:.3f}",
        "LiteLLM v1": litellm[0],
        "LiteLLM v2": litellm[1],
        "over length": f"{low:+.3f} to {high:+.3f}",
        "strong": f"{row.strong:.2f}",
    }


if __name__ == "__main__":
    main()
