"""To which model the shipped router sends a jailbreak's wrapper: is the less guarded one asked more often?

Each of 40 harmless requests is asked bare and inside each wrapper of `jailbreak_prompts`, at the router's own
threshold. `weak` is the share sent to the weak model; `to_weak` of the requests that go strong bare the share
that goes weak inside the wrapper, `to_strong` of those that go weak bare the share that goes strong. The
interval is of the change of `weak` against bare, 95%, by resampling requests.

Run: python -m tests.benchmarks.jailbreak_routes [--write]
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router import RoutingPolicy
from tests.benchmarks.jailbreak_prompts import EASY, HARD, PLACEBOS, WRAPPERS
from tests.benchmarks.measure import report_rows

REQUESTS = (*EASY, *HARD)
RESAMPLES, SEED = 10_000, 0


def main() -> None:
    """Ask the shipped router about every request, bare and wrapped."""
    policy = RoutingPolicy()
    bare = went_weak(policy, REQUESTS)
    wrapped = {name: went_weak(policy, [wrap(each) for each in REQUESTS]) for name, wrap in WRAPPERS.items()}
    rows = [row("bare", bare, bare)]
    rows += [row(name, bare, weak) for name, weak in wrapped.items()]
    jailbreaks = np.mean([weak for name, weak in wrapped.items() if name not in PLACEBOS], axis=0)
    placebos = np.mean([wrapped[name] for name in PLACEBOS], axis=0)
    rows += [row("all jailbreaks", bare, jailbreaks), row("both of no jailbreak", bare, placebos)]
    report_rows("jailbreak_routes", rows)


def went_weak(policy: RoutingPolicy, prompts: Any) -> NDArray[np.float64]:
    """Return 1 for each prompt that goes weak, shape (n,)."""
    return np.array([float(each.model == "weak") for each in policy.decide_many(list(prompts))])


def row(name: str, bare: NDArray[np.float64], weak: NDArray[np.float64]) -> dict[str, Any]:
    """Return a line of the table."""
    draws = np.random.default_rng(SEED).integers(0, len(bare), (RESAMPLES, len(bare)))
    low, high = np.quantile((weak - bare)[draws].mean(axis=1), [0.025, 0.975])
    half = len(EASY)
    return {
        "wrapper": name,
        "weak": float(weak.mean()),
        "weak_easy": float(weak[:half].mean()),
        "weak_hard": float(weak[half:].mean()),
        "change_of_weak": f"{weak.mean() - bare.mean():+.3f} [{low:+.3f}, {high:+.3f}]",
        "to_weak": float(weak[bare == 0].mean()),
        "to_strong": float(1 - weak[bare == 1].mean()),
    }


if __name__ == "__main__":
    main()
