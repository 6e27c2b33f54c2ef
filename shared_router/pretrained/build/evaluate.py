"""Measure the static router and its baselines on MMLU, GSM8K and MT-Bench.

Dropped rows: MMLU eval rows that repeat a gold prompt, and `contaminated` rows of every set.
MT-Bench is routed on turn 1 and scored by the mean of both turns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_router.evaluation import benchmarks
from shared_router.evaluation.benchmarks import read_benchmarks
from shared_router.evaluation.metrics import Floats, apgr, cpt, decile_apgr

RESAMPLES = 1000


@dataclass(frozen=True)
class Benchmark:
    """Hold prompts with both models' quality, shapes (n,); `domains` is the subject label."""

    name: str
    prompts: list[str]
    strong: Floats
    weak: Floats
    domains: list[str]


@dataclass(frozen=True)
class Line:
    """Hold one router's figures on one benchmark; intervals are 95% percentile bootstrap."""

    router: str
    decile_apgr: float
    apgr: float
    low: float
    high: float
    cpt50: float
    cpt80: float


def load_benchmarks(data_dir: Path) -> list[Benchmark]:
    """Read the three evaluation sets in the order of their ids, MT-Bench's grades from 1 to 10."""
    return [_in_given_grades(found) for found in read_benchmarks(data_dir)]


def _in_given_grades(found: benchmarks.Benchmark) -> Benchmark:
    worst, best = found.scale
    strong, weak = (worst + (best - worst) * found.judged.scores(name) for name in (found.strong, found.weak))
    domains = [domain or "" for domain in found.judged.domains or ()]
    return Benchmark(found.name, list(found.judged.prompts), strong, weak, domains)


def bootstrap(
    statistic: Callable[[Floats, Floats, Floats], float],
    scores: Floats,
    bench: Benchmark,
    *,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95% percentile interval over resampled queries."""
    rng, n = np.random.default_rng(seed), len(scores)
    values = []
    for _ in range(RESAMPLES):
        i = rng.integers(0, n, n)
        values.append(statistic(scores[i], bench.strong[i], bench.weak[i]))
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def line(router: str, scores: Floats, bench: Benchmark) -> Line:
    """Return every figure of one score vector."""
    args = scores, bench.strong, bench.weak
    low, high = bootstrap(apgr, scores, bench)
    return Line(router, decile_apgr(*args), apgr(*args), low, high, cpt(*args, 0.5), cpt(*args, 0.8))


def random_line(bench: Benchmark, *, seeds: int = 5) -> Line:
    """Return the mean figures of `seeds` random scores, with their range as the interval."""
    rows = [np.random.default_rng(s).random(len(bench.prompts)) for s in range(seeds)]
    args = bench.strong, bench.weak
    exact = [apgr(r, *args) for r in rows]
    return Line(
        "random (5 seeds, range)",
        float(np.mean([decile_apgr(r, *args) for r in rows])),
        float(np.mean(exact)),
        min(exact),
        max(exact),
        float(np.mean([cpt(r, *args, 0.5) for r in rows])),
        float(np.mean([cpt(r, *args, 0.8) for r in rows])),
    )


def domain_means(subjects: list[str], target: Floats, asked: list[str], *, shrinkage: float = 5.0) -> Floats:
    """Return each asked subject's shrunken mean gold target; unknown subjects get the overall mean."""
    names, base = np.array(subjects), float(target.mean())
    means = {
        d: (target[names == d].sum() + shrinkage * base) / ((names == d).sum() + shrinkage)
        for d in sorted(set(subjects))
    }
    return np.array([means.get(d, base) for d in asked])


def nearest_mean(train: Floats, target: Floats, rows: Floats, *, k: int) -> Floats:
    """Return the mean target of the `k` most similar training rows, ties broken by row order."""
    out = np.empty(len(rows))
    for start in range(0, len(rows), 1024):
        near = np.argsort(-(rows[start : start + 1024] @ train.T), axis=1, kind="stable")[:, :k]
        out[start : start + 1024] = target[near].mean(1)
    return out


def paired_interval(bench: Benchmark, first: Floats, second: Floats) -> tuple[float, float]:
    """Return the 95% bootstrap interval of the exact APGR difference of two scores on the same queries."""
    rng, n, gaps = np.random.default_rng(1), len(first), []
    for _ in range(RESAMPLES):
        i = rng.integers(0, n, n)
        s, w = bench.strong[i], bench.weak[i]
        gaps.append(apgr(first[i], s, w) - apgr(second[i], s, w))
    low, high = np.percentile(gaps, [2.5, 97.5])
    return float(low), float(high)
