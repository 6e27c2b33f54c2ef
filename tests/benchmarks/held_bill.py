"""Is a bill an hour held when the traffic grows and changes? MMLU, then GSM8K, then LLMRouter's tasks.

Twelve hours: 300 requests an hour, 1,500 at the peak, evenly spaced. A strong request costs $0.02 and a weak
one $0.001, and $5 an hour is to be spent. The fixed threshold is the one that would have spent them on MMLU
at 600 requests an hour: (5 / 600 - 0.001) / 0.019 = 0.386 of it strong.

Run: python -m tests.benchmarks.held_bill [--write]
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from shared_router import AdaptiveThreshold, RoutingPolicy, ScoreQuantiles
from shared_router.testing import FixedRouter
from tests.benchmarks.measure import report_rows
from tests.benchmarks.shifting_traffic import calibrated, kinds

DOLLARS = {"strong": 0.02, "weak": 0.001}
PER_HOUR = 5.0
HOURS = (
    *(("MMLU", 300), ("MMLU", 600), ("MMLU", 600), ("MMLU", 1500)),
    *(("GSM8K", 1500), ("GSM8K", 600), ("GSM8K", 600), ("GSM8K", 300)),
    *(("LLMRouter", 300), ("LLMRouter", 600), ("LLMRouter", 1500), ("LLMRouter", 600)),
)


class Clock:
    """Tells the simulated time, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        """Return it."""
        return self.now


def main() -> None:
    """Measure hour by hour and print; with `--write` keep the table for the docs."""
    found = kinds()
    made_on, found["MMLU"] = calibrated(found)
    share = (PER_HOUR / 600 - DOLLARS["weak"]) / (DOLLARS["strong"] - DOLLARS["weak"])
    clock = Clock()
    moving = AdaptiveThreshold(dollars_per_hour=PER_HOUR, dollars=DOLLARS, clock=clock)
    rules: dict[str, dict[str, Any]] = {"moving": {"threshold": moving}, "fixed": {"strong_fraction": share}}
    spent = {name: hourly(found, made_on, clock, rule) for name, rule in rules.items()}
    rows = [
        {
            "hour": str(hour + 1),
            "traffic": f"{requests} of {kind}",
            "fixed, dollars": fixed,
            "moving, dollars": moved,
        }
        for hour, ((kind, requests), fixed, moved) in enumerate(
            zip(HOURS, spent["fixed"], spent["moving"], strict=True)
        )
    ]
    total = {"hour": "all", "traffic": f"at most {PER_HOUR * len(HOURS):.0f} dollars"}
    totals = {f"{name}, dollars": float(sum(spent[name])) for name in ("fixed", "moving")}
    report_rows("held_bill", [*rows, {**total, **totals}])


def hourly(found: dict[str, Any], made_on: ScoreQuantiles, clock: Clock, rule: dict[str, Any]) -> list[float]:
    """Return what each hour costs."""
    streams: dict[str, Iterator[float]] = {
        name: iter(np.random.default_rng(0).choice(kind.scores, 5000).tolist())
        for name, kind in found.items()
    }
    now = [""]
    router = FixedRouter(lambda _: next(streams[now[0]]))
    router.score_quantiles_ = made_on
    policy = RoutingPolicy(router, **rule)
    spent = []
    for kind, requests in HOURS:
        now[0] = kind
        cost = 0.0
        for _ in range(requests):
            clock.now += 3600 / requests
            cost += DOLLARS[policy.decide("x").model]
        spent.append(cost)
    return spent


if __name__ == "__main__":
    main()
