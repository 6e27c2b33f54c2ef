"""What a router is worth on each set, beside prompt length, random and LiteLLM's heuristics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared_router.evaluation.metrics import Floats, apgr
from shared_router.pretrained.build.evaluate import Benchmark, bootstrap, paired_interval, random_line
from shared_router.router import Router

LITELLM = {
    "MMLU": (0.589, 0.529),
    "GSM8K": (0.537, 0.491),
    "MT-Bench": (0.681, 0.657),
    "MMLU-Pro 70B/8B": (0.507, 0.502),
    "LLMRouter, 14 tasks": (0.632, 0.653),
    "arena, human votes": (0.526, 0.506),
    "CRUX": (0.500, 0.500),
    "MATH-L5": (0.433, 0.453),
    "Zebra": (0.411, 0.354),
}
"""APGR of LiteLLM 1.110's keyword score and of its success model, scored once on the same prompts."""

TEMPLATE = "moral_scenarios"
"""A subject of MMLU that is one template, asked 804 times."""


@dataclass(frozen=True)
class Quality:
    """A router's figures on one set.

    Attributes:
        name: The set.
        queries: How many prompts.
        apgr: The router's, exact.
        low: The 95% interval's lower end, from 1,000 resamples.
        high: Its upper end.
        length: Prompt length's APGR.
        random: Random scores', the mean of five seeds.
        litellm: LiteLLM's two heuristics', where they were scored.
        over_length: The 95% interval of the difference to prompt length.
        strong: The share at or above the threshold.
    """

    name: str
    queries: int
    apgr: float
    low: float
    high: float
    length: float
    random: float
    litellm: tuple[float, float] | None
    over_length: tuple[float, float]
    strong: float


def quality_of(router: Router, threshold: float, sets: Sequence[Benchmark]) -> list[Quality]:
    """Measure a router on each set, and on MMLU once more without its template.

    Args:
        router: What to measure.
        threshold: The cost threshold whose strong share is told, in [0, 1].
        sets: What to measure on.
    """
    found = []
    for each in sets:
        scores = router.win_probability(each.prompts)
        found.append(_quality(each, scores, threshold))
        kept = np.array(each.domains) != TEMPLATE
        if not kept.all():
            rest = Benchmark(
                f"{each.name} without {TEMPLATE}",
                [prompt for prompt, keep in zip(each.prompts, kept, strict=True) if keep],
                each.strong[kept],
                each.weak[kept],
                [],
            )
            found.append(_quality(rest, scores[kept], threshold))
    return found


def _quality(each: Benchmark, scores: Floats, threshold: float) -> Quality:
    lengths = np.array([len(prompt) for prompt in each.prompts], dtype=np.float64)
    low, high = bootstrap(apgr, scores, each)
    return Quality(
        each.name,
        len(scores),
        apgr(scores, each.strong, each.weak),
        low,
        high,
        apgr(lengths, each.strong, each.weak),
        random_line(each).apgr,
        LITELLM.get(each.name),
        paired_interval(each, scores, lengths),
        float((scores >= threshold).mean()),
    )


def quality_table(rows: Sequence[Quality], router: str) -> str:
    """Return the figures as a Markdown table that says where the router loses."""
    head = f"| set | queries | {router} | 95 % | length | random | LiteLLM v1 / v2 | over length | strong | |"
    lines = [head, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---|"]
    for row in rows:
        litellm = "-" if row.litellm is None else f"{row.litellm[0]:.3f} / {row.litellm[1]:.3f}"
        low, high = row.over_length
        lines.append(
            f"| {row.name} | {row.queries:,} | {row.apgr:.3f} | {row.low:.3f} to {row.high:.3f} "
            f"| {row.length:.3f} | {row.random:.3f} | {litellm} | {low:+.3f} to {high:+.3f} "
            f"| {row.strong:.2f} | {_verdict(row)} |"
        )
    return "\n".join(lines)


def _verdict(row: Quality) -> str:
    """Say to whom the router loses: to length by the interval, to LiteLLM by the figure alone."""
    lost = ["loses to length"] if row.over_length[1] < 0 else []
    if row.litellm is not None:
        lost += [
            f"below LiteLLM {name}"
            for name, theirs in zip(("v1", "v2"), row.litellm, strict=True)
            if row.apgr < theirs
        ]
    return "; ".join(lost) or ("better than length" if row.over_length[0] > 0 else "not surely over length")
