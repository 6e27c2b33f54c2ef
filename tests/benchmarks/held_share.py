"""Is the share held when the traffic changes? A fixed threshold and moving ones on MMLU, GSM8K, LLMRouter.

The policy is made on 1,000 MMLU questions for a share of 0.3; then 3,000 others come, 1,300 of GSM8K and
3,000 of LLMRouter's tasks, in 20 orders. `shares` are means over the orders, of each kind's requests; `worst`
is the largest miss over all requests of an order, which the guarantee bounds; `quality` is the mean grade,
beside that of the fixed threshold which would have sent 0.3 of the kind strong, known afterwards.

Run: python -m tests.benchmarks.held_share [--write]   (draws docs/figures/held_share.png too)
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router import AdaptiveThreshold, DriftMonitor, RoutingPolicy, ScoreQuantiles
from shared_router.evaluation.drawing import INK, MUTED, SERIES, canvas, house_style, save
from shared_router.testing import FixedRouter
from tests.benchmarks.measure import FIGURES, report_rows
from tests.benchmarks.shifting_traffic import Kind, calibrated, kinds

SHARE = 0.3
ORDERS = 20
LENGTHS = {"MMLU": 3000, "GSM8K": 1300, "LLMRouter": 3000}
STEPS = (0.005, 0.01, 0.02)


def main() -> None:
    """Measure, print, and with `--write` keep the table and the picture."""
    found = kinds()
    made_on, rest = calibrated(found)
    found = {**found, "MMLU": rest}
    rows = []
    for name, step in {"fixed": None, **{f"step {step}": step for step in STEPS}}.items():
        rows.append({"threshold": name, **measured(found, made_on, step)})
    report_rows("held_share", rows)
    if "--write" in sys.argv:
        draw(found, made_on)


def measured(found: Mapping[str, Kind], made_on: ScoreQuantiles, step: float | None) -> dict[str, Any]:
    """Return one threshold's row."""
    shares: dict[str, list[float]] = {name: [] for name in LENGTHS}
    quality: dict[str, list[float]] = {name: [] for name in LENGTHS}
    hindsight: dict[str, list[float]] = {name: [] for name in LENGTHS}
    worst = 0.0
    for order in range(ORDERS):
        traffic = traffic_of(found, order)
        went = iter(routed(traffic, made_on, step))
        everything = []
        for name, kind in traffic.items():
            strong = np.array([next(went) for _ in range(len(kind))])
            everything.append(strong)
            shares[name].append(strong.mean())
            quality[name].append(np.where(strong, kind.strong, kind.weak).mean())
            best = kind.scores >= np.quantile(kind.scores, 1 - SHARE)
            hindsight[name].append(np.where(best, kind.strong, kind.weak).mean())
        worst = max(worst, abs(np.concatenate(everything).mean() - SHARE))
    return {
        **{f"{name} share": float(np.mean(values)) for name, values in shares.items()},
        "worst": float(worst),
        **{
            f"{name} quality": f"{np.mean(quality[name]):.3f} (afterwards {np.mean(hindsight[name]):.3f})"
            for name in LENGTHS
        },
    }


def traffic_of(found: Mapping[str, Kind], order: int) -> dict[str, Kind]:
    """Return each kind's requests in an order."""
    draw = np.random.default_rng(order)
    return {
        name: found[name].some(draw.permutation(len(found[name]))[:length])
        for name, length in LENGTHS.items()
    }


def routed(traffic: Mapping[str, Kind], made_on: ScoreQuantiles, step: float | None) -> list[bool]:
    """Return which requests go strong, one after the other."""
    return [went for went, _ in watched(traffic, made_on, step, None)]


def watched(
    traffic: Mapping[str, Kind], made_on: ScoreQuantiles, step: float | None, monitor: DriftMonitor | None
) -> list[tuple[bool, float]]:
    """Return which requests go strong, and the evidence of drift after each."""
    scores = np.concatenate([kind.scores for kind in traffic.values()])
    router = FixedRouter(lambda query: float(scores[int(query)]))
    router.score_quantiles_ = made_on
    rule: dict[str, Any] = {"strong_fraction": SHARE}
    if step is not None:
        rule = {"threshold": AdaptiveThreshold(strong_fraction=SHARE, step=step)}
    policy = RoutingPolicy(router, monitor=monitor, **rule)
    found = []
    for i in range(len(scores)):
        went = policy.decide(str(i)).model == "strong"
        found.append((went, 1.0 if monitor is None else monitor.e_value))
    return found


def draw(found: Mapping[str, Kind], made_on: ScoreQuantiles) -> None:
    """Draw one order: the share of the last 300 requests, and the evidence that the scores have changed."""
    traffic = traffic_of(found, 0)
    with house_style():
        figure, (above, below) = canvas(8, 5.2, rows=2)
        for (name, step), color in zip(
            {"fixed threshold": None, "AdaptiveThreshold": 0.01}.items(), SERIES, strict=False
        ):
            went = np.array(routed(traffic, made_on, step), dtype=float)
            above.plot(np.arange(50, len(went)), _moving_mean(went, 300)[50:], color=color, label=name)
        above.axhline(SHARE, color=INK, linewidth=0.8, linestyle=":")
        above.set(title="Share sent strong, of the last 300 requests", ylim=(0, 0.6))
        above.legend(loc="upper right")
        evidence = np.array([e for _, e in watched(traffic, made_on, None, DriftMonitor())])
        below.semilogy(evidence, color=SERIES[2])
        below.axhline(1000, color=INK, linewidth=0.8, linestyle=":")
        below.set_yticks([1, 10, 100, 1000], labels=["1", "10", "100", "1,000"])
        below.minorticks_off()
        below.set(title="Evidence that the scores have changed, and the alarm at 1,000", xlabel="request")
        start = 0
        for name, kind in traffic.items():
            for axes in (above, below):
                axes.axvline(start, color=MUTED, linewidth=0.8)
            above.text(start + 60, 0.55, name, color=MUTED)
            start += len(kind)
        save(figure, FIGURES / "held_share.png")


def _moving_mean(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts), dtype=np.float64)


if __name__ == "__main__":
    main()
