"""How often the intervals of `routellm savings` hold the truth, over 500 simulated months of each kind.

A month's prompts are drawn, again and again, from real grades of both models (`online_streams`), and routed
by the shipped router. Dollars are simulated, for no set has them: log-normal in the prompt's length and in
each model's answer's, three calls in a hundred cost both models ten times as much, and two in a hundred the
strong model alone. Two in a hundred calls have a shadow that is graded like the
answer. Months of rare failures have grades of their own: the weak model fails in one of a hundred calls, the
strong one in one of five hundred. Months without a shadow's grades are told by users' grades of a third of
the answers, with five in a hundred calls drawn by lot. The truth is what these very calls saved and cost; a
month with fewer than five shadows of weak calls is refused, counted, and drawn anew.

Run: python -m tests.benchmarks.simulated_months [--quick] [--months 500] [--write]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.proof.proven_savings import proven_savings
from shared_router.proof.routed_calls import RoutedCalls
from tests.benchmarks.measure import report_rows
from tests.benchmarks.online_streams import GradedPrompts, graded_streams

MONTHS, QUICK_MONTHS = 500, 40
SHADOWED, EXPLORED, GRADED = 0.02, 0.05, 1 / 3
SIZES = (1_500, 10_000)
_LENGTH = 2
"""The column of the prompt's length among an online router's features."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Kind:
    """A kind of month.

    Attributes:
        name: What it is called.
        grades: The strong model's and the weak one's, shape (m, 2).
        length: How long the prompts are, in deviations, shape (m,).
        score: The router's win probabilities, shape (m,).
        by_feedback: Whether users' grades tell the quality, in place of a graded shadow.
    """

    name: str
    grades: Floats
    length: Floats
    score: Floats
    by_feedback: bool = False


def kinds(folder: Path) -> Iterator[Kind]:
    """Return the kinds of months."""
    rng = np.random.default_rng(0)
    for graded in graded_streams(folder):
        yield _of_set(graded, graded.name, by_feedback=False)
        yield _of_set(graded, f"{graded.name}, users' grades alone", by_feedback=True)
    m = 20_000
    length, score = rng.normal(size=m), rng.random(m)
    fails = rng.random((m, 2)) < np.array([0.002, 0.01])
    yield Kind("rare failures", 1 - fails.astype(np.float64), length, score)


def _of_set(graded: GradedPrompts, name: str, *, by_feedback: bool) -> Kind:
    return Kind(name, graded.grades[:, :2], graded.features[:, _LENGTH], graded.prior, by_feedback)


def month(kind: Kind, n: int, rng: np.random.Generator) -> tuple[RoutedCalls, float, float]:
    """Return a month's calls as a log has them, and what they truly saved and changed."""
    rows = rng.integers(0, len(kind.grades), n)
    strong_grade, weak_grade = kind.grades[rows].T
    size = kind.length[rows] + 0.5 * rng.normal(size=n)
    dear = np.where(rng.random(n) < 0.03, 10.0, 1.0)
    strong_dollars, weak_dollars = (
        dear * np.exp(at + 0.9 * size + 0.5 * rng.normal(size=n)) for at in (-6.3, -9.0)
    )
    strong_dollars *= np.where(rng.random(n) < 0.02, 10.0, 1.0)
    goes_strong = kind.score[rows] >= np.median(kind.score)
    explored = rng.random(n) < (EXPLORED if kind.by_feedback else 0.0)
    strong = np.where(explored, rng.random(n) < 0.5, goes_strong)
    keeps = 1 - EXPLORED / 2
    propensity = np.where(strong == goes_strong, keeps, 1 - keeps) if kind.by_feedback else np.ones(n)
    shadowed = rng.random(n) < SHADOWED
    own, other = np.where(strong, strong_grade, weak_grade), np.where(strong, weak_grade, strong_grade)
    told = shadowed & (not kind.by_feedback)
    calls = RoutedCalls.of(
        strong,
        np.where(strong, strong_dollars, weak_dollars),
        other_dollars=np.where(shadowed, np.where(strong, weak_dollars, strong_dollars), np.nan),
        share=SHADOWED,
        score=np.where(told, own, np.nan),
        other_score=np.where(told, other, np.nan),
        feedback=np.where((rng.random(n) < GRADED) & kind.by_feedback, own, np.nan),
        propensity=propensity,
    )
    saved = float((strong_dollars - weak_dollars)[~strong].sum())
    return calls, saved, float((weak_grade - strong_grade)[~strong].sum() / n)


def covered(kind: Kind, n: int, months: int) -> dict[str, Any]:
    """Return how often both intervals hold the truth, and how wide they are."""
    rng = np.random.default_rng((n, 19))
    held, widths = np.zeros(2), np.zeros(2)
    n_told = n_refused = 0
    while n_told < months:
        calls, saved, change = month(kind, n, rng)
        try:
            found = proven_savings(calls)
        except DataError:  # fewer than five shadows of weak calls: no figure is given, and none can be wrong
            n_refused += 1
            continue
        low, high = found.saved_interval
        worse, better = found.quality_interval or (-1.0, 1.0)
        n_told += 1
        held += [low <= saved <= high, worse <= change <= better]
        widths += [(high - low) / saved, better - worse]
    shares, widths = held / months, widths / months
    error = 1.96 * np.sqrt(shares * (1 - shares) / months)
    return {
        "months": kind.name,
        "calls": f"{n:,}",
        "refused": f"{n_refused / (n_refused + months):.3f}",
        "saved dollars held": f"{shares[0]:.3f} ± {error[0]:.3f}",
        "width, of what was saved": f"{widths[0]:.2f}",
        "quality held": f"{shares[1]:.3f} ± {error[1]:.3f}",
        "width, in grade": f"{widths[1]:.3f}",
    }


def main() -> None:
    """Measure every kind, and keep the table for the docs."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of mmlu_pro_multi.parquet")
    given = sys.argv[sys.argv.index("--months") + 1] if "--months" in sys.argv else str(MONTHS)
    months = QUICK_MONTHS if "--quick" in sys.argv else int(given)
    table = []
    for kind in kinds(Path(os.environ["ROUTER_DATA_DIR"])):
        for n in SIZES:
            table.append(covered(kind, n, months))
            print(table[-1], flush=True)
    report_rows("simulated_months", table)


if __name__ == "__main__":
    main()
