"""How soon a drift is told, and how often falsely, on real scores, tenants and grades.

The policy is made on 1,000 MMLU questions, or on 100 or 300 of them; some more come, and then another kind.
`false` is the share of lives in which the alarm was raised before, or at all where nothing changed: the level
is 1,000, so by Ville's inequality at most 0.001 for ever; 20, where it is at most 0.05, is shown because a
thousand lives can show that.

Run: python -m tests.benchmarks.drift_delays [--write]
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router import ScoreQuantiles
from shared_router.calibration.evidence import LossEvidence, ScoreEvidence, ShareEvidence
from tests.benchmarks.measure import report_rows
from tests.benchmarks.shifting_traffic import kinds

ALARM, LOW_ALARM = 1000, 20
LIVES, QUIET_LIVES = 100, 1000
QUIET_REQUESTS = 2000
MOST = 3000


def main() -> None:
    """Measure and print; with `--write` keep the table for the docs."""
    found = kinds()
    scores = {name: kind.scores for name, kind in found.items()}
    rows = [quiet_scores(scores["MMLU"], n) for n in (100, 300, 1000)]
    rows += [
        shifted_scores(scores["MMLU"], name, scores[name], n, before)
        for name in ("GSM8K", "LLMRouter")
        for n, before in ((100, 1000), (1000, 0), (1000, 1000), (1000, 10_000))
    ]
    rows += [quiet_tenant(share) for share in (0.1, 0.3, 0.5)]
    rows += [greedy_tenant(share, before) for share in (0.1, 0.3, 0.5) for before in (0, 100, 1000)]
    drop = {name: kind.strong - kind.weak for name, kind in found.items()}
    rows += [kept_promise(drop["MMLU"]), broken_promise(drop["GSM8K"])]
    report_rows("drift_delays", rows)


def quiet_scores(mmlu: NDArray[np.float64], n: int) -> dict[str, Any]:
    """Return how often scores that stay as they were raise an alarm."""
    draw = np.random.default_rng(n)
    largest = []
    for life in range(QUIET_LIVES):
        evidence = _made_on(draw.choice(mmlu, n), life)
        largest.append(max(evidence.add(score) for score in draw.choice(mmlu, QUIET_REQUESTS).tolist()))
    return _quiet_row(f"scores, made on {n}", largest)


def shifted_scores(
    mmlu: NDArray[np.float64], name: str, new: NDArray[np.float64], n: int, before: int
) -> dict[str, Any]:
    """Return after how many scores of another kind the alarm is raised."""
    draw = np.random.default_rng(before + n)

    def life(i: int) -> tuple[bool, int]:
        evidence = _made_on(draw.choice(mmlu, n), i)
        early = any(evidence.add(score) >= ALARM for score in draw.choice(mmlu, before).tolist())
        return early, _first(evidence.add, draw.choice(new, MOST).tolist())

    return _delay_row(f"scores, made on {n}, MMLU to {name}", before, [life(i) for i in range(LIVES)])


def quiet_tenant(share: float) -> dict[str, Any]:
    """Return how often a tenant like all others is flagged."""
    draw = np.random.default_rng(1)
    largest = []
    for _ in range(QUIET_LIVES):
        evidence = ShareEvidence()
        strong = draw.random(QUIET_REQUESTS) < share
        largest.append(max(evidence.add(strong=bool(each), at_most=share) for each in strong))
    return _quiet_row(f"tenant, share {share}", largest)


def greedy_tenant(share: float, before: int) -> dict[str, Any]:
    """Return after how many requests a tenant is flagged that turns all strong."""
    draw = np.random.default_rng(before)

    def life() -> tuple[bool, int]:
        evidence = ShareEvidence()
        early = any(
            evidence.add(strong=bool(each), at_most=share) >= ALARM for each in draw.random(before) < share
        )
        return early, _first(lambda each: evidence.add(strong=each, at_most=share), [True] * MOST)

    return _delay_row(f"tenant, share {share}, turns all strong", before, [life() for _ in range(LIVES)])


def kept_promise(drops: NDArray[np.float64]) -> dict[str, Any]:
    """Return how often a bound that holds exactly is said to be broken: all go weak, the mean is promised."""
    draw = np.random.default_rng(2)
    largest = []
    for _ in range(QUIET_LIVES):
        evidence = LossEvidence(float(drops.mean()), low=-1)
        largest.append(max(evidence.add(loss) for loss in draw.choice(drops, QUIET_REQUESTS).tolist()))
    return _quiet_row("promise, all of MMLU weak, its mean loss promised", largest)


def broken_promise(drops: NDArray[np.float64]) -> dict[str, Any]:
    """Return after how many grades a promised drop of 0.05 is said to be broken where all go weak."""
    draw = np.random.default_rng(3)

    def life() -> tuple[bool, int]:
        return False, _first(LossEvidence(0.05, low=-1).add, draw.choice(drops, MOST).tolist())

    name = f"promise, 0.05 promised, GSM8K weak loses {drops.mean():.2f}"
    return _delay_row(name, 0, [life() for _ in range(LIVES)])


def _made_on(scores: NDArray[np.float64], seed: int) -> ScoreEvidence:
    return ScoreEvidence(ScoreQuantiles.of(scores.tolist(), source="MMLU questions"), seed=seed)


def _first(add: Callable[[Any], float], values: Iterable[Any]) -> int:
    return next((n for n, value in enumerate(values, 1) if add(value) >= ALARM), MOST)


def _quiet_row(what: str, largest: list[float]) -> dict[str, Any]:
    return {
        "what": what,
        "before": "",
        "lives": f"{len(largest)} x {QUIET_REQUESTS}",
        "alarm after, median": "",
        "95 of 100 within": "",
        "false": f"{np.mean(np.array(largest) >= ALARM):.3f} (at {LOW_ALARM}: "
        f"{np.mean(np.array(largest) >= LOW_ALARM):.3f})",
    }


def _delay_row(what: str, before: int, lives: list[tuple[bool, int]]) -> dict[str, Any]:
    delays = [delay for early, delay in lives if not early]
    return {
        "what": what,
        "before": str(before),
        "lives": str(len(lives)),
        "alarm after, median": f"{np.median(delays):.0f}",
        "95 of 100 within": f"{np.quantile(delays, 0.95, method='higher'):.0f}",
        "false": f"{np.mean([early for early, _ in lives]):.3f}",
    }


if __name__ == "__main__":
    main()
