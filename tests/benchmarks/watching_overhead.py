"""What watching costs: `policy.decide` with nothing on, a monitor, a tenant, a threshold that moves.

Run: python -m tests.benchmarks.watching_overhead [--write]
"""

import itertools
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from shared_router import (
    AdaptiveThreshold,
    DriftMonitor,
    RoutingPolicy,
    RoutingRequest,
    ScoreQuantiles,
    load_router,
)
from tests.benchmarks.measure import report, take_turns
from tests.benchmarks.routing_overhead import question

ROUNDS = 3000


def main() -> None:
    """Measure by turns and print microseconds a decision, and each over the bare one."""
    with tempfile.TemporaryDirectory() as folder:
        state = AdaptiveThreshold(strong_fraction=0.5, state=Path(folder) / "state.json")
        # what is asked here is the usual, or an alarm would soon end the counting
        asked = [question() for _ in range(5 * (ROUNDS + 100))]
        random.Random(0).shuffle(asked)
        usual = load_router().win_probability(asked[:1000])
        scores = ScoreQuantiles.of(usual.tolist(), source="questions of this benchmark")
        policies = {
            "off": RoutingPolicy(load_router()),
            "monitor": RoutingPolicy(load_router(), monitor=DriftMonitor(reference=scores)),
            "monitor, tenants": RoutingPolicy(load_router(), monitor=DriftMonitor(reference=scores)),
            "moving": RoutingPolicy(load_router(), threshold=AdaptiveThreshold(strong_fraction=0.5)),
            "moving, on disk": RoutingPolicy(load_router(), threshold=state),
        }
        calls = {
            name: _asks(policy, iter(asked[place::5]), tenants="tenants" in name)
            for place, (name, policy) in enumerate(policies.items())
        }
        spent = take_turns(calls, rounds=ROUNDS)
        figures = {f"{name}_us": timing.p50 for name, timing in spent.items()}
        bare = spent["off"].p50
        figures |= {f"{name}_over_us": t.p50 - bare for name, t in spent.items() if name != "off"}
        if any(policy.monitor and policy.monitor.alarms for policy in policies.values()):
            raise SystemExit("an alarm has ended the counting, so the figures are too low")
        report("watching_overhead", figures)


def _asks(policy: RoutingPolicy, asked: Iterator[str], *, tenants: bool) -> Callable[[], object]:
    numbers = itertools.count()

    def ask() -> object:
        tenant = f"tenant {next(numbers) % 100}" if tenants else None
        return policy.decide(RoutingRequest(next(asked), tenant=tenant))

    return ask


if __name__ == "__main__":
    main()
