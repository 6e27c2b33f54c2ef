"""How often a test of two policies errs, and how soon it finds a difference, looked at after every unit.

Grades are 0 or 1, right in 0.7 of arm a's conversations. Beside `sequential_difference` stands the test that
many dashboards make: a z-test at 5 % looked at as often, from the thirtieth conversation on. `wrong` is the
share of tests that rule out the true difference at any time, `decided` of those that rule out none.

Run: python -m tests.benchmarks.arms_errors [--quick] [--write]
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.experiments.sequential_difference import sequential_difference
from tests.benchmarks.measure import report_rows

TESTS, UNITS = 200, 5000
QUICK_TESTS = 20
RIGHT = 0.7
FIRST_LOOK = 30

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def looked_at(values: Floats, is_b: Bools, truth: float) -> bool:
    """Tell whether a z-test at 5 %, looked at after every unit, ever rules out the truth."""
    n = np.arange(1, len(values) + 1)
    n_b = np.cumsum(is_b)
    n_a = n - n_b
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = np.cumsum(values * ~is_b) / n_a, np.cumsum(values * is_b) / n_b
        z = (b - a - truth) / np.sqrt(a * (1 - a) / n_a + b * (1 - b) / n_b)
    return bool((np.abs(z[FIRST_LOOK:]) > 1.96).any())


def measured(difference: float, share: float, tests: int) -> dict[str, Any]:
    """Return a row: how often both tests err, and what the sequential one finds."""
    wrong = naive = 0
    decided: list[int] = []
    for seed in range(tests):
        rng = np.random.default_rng((seed, round(1000 * share)))
        is_b = rng.random(UNITS) < share
        values = (rng.random(UNITS) < np.where(is_b, RIGHT + difference, RIGHT)).astype(np.float64)
        found = sequential_difference(values, is_b, share=share)
        wrong += not found.low <= difference <= found.high
        naive += looked_at(values, is_b, difference)
        if found.decided_at is not None:
            decided.append(found.decided_at)
    return {
        "true difference": f"{difference:g}",
        "share of b": f"{share:g}",
        "wrong": f"{wrong / tests:.3f}",
        "z-test wrong": f"{naive / tests:.3f}",
        "decided": f"{len(decided) / tests:.3f}",
        "conversations, median": f"{np.median(decided):,.0f}" if len(decided) > tests / 2 else "-",
    }


def main() -> None:
    """Measure every pair, and keep the table for the docs."""
    tests = QUICK_TESTS if "--quick" in sys.argv else TESTS
    table = [
        measured(difference, share, tests)
        for difference, share in ((0.0, 0.5), (0.0, 0.1), (0.05, 0.5), (-0.1, 0.5), (-0.2, 0.5), (-0.2, 0.1))
    ]
    report_rows("arms_errors", table)


if __name__ == "__main__":
    main()
