"""What learning while it runs is worth: regret and APGR over streams of 20,000 real grades.

Streams, prices and the shift are those of `online_streams`, who chooses those of `online_contenders`. Grades
come back in batches of 25. Regret is what one would have had who knew all grades of both models' answers
beforehand and the same sixty-one numbers of each prompt (a head fitted on each half of a stream), less what
was had, in grades a thousand requests; the APGR is that of the scores as they were when they were used, in
the last quarter. Intervals are 95 % of Student's t over seeds.

Poisoned feedback is 5 % of all: each strong answer it grades is called bad and each weak one good; by ten
accounts beside two hundred honest ones, or by a new account each time.

What was chosen on what: the prior's main precision on RouteLLM's MMLU and GSM8K grades, which are no stream
here; which numbers are read, and a first range of precisions, with other draws of these three streams in
view; `memory` and the remaining precisions by hand, on nothing.

Run: python -m tests.benchmarks.online_learning [--quick] [--seeds 5] [--sets MMLU-Pro] [--write]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router import Exploration, PosteriorSampling, load_router
from shared_router.routers.online_head import OnlineHead
from tests.benchmarks.measure import FIGURES, report_rows
from tests.benchmarks.online_contenders import BetaBandit, Chance, Contender, Fixed, Online
from tests.benchmarks.online_learning_picture import draw_regret
from tests.benchmarks.online_streams import GradedPrompts, Stream, graded_streams

N, SEEDS, BATCH = 20_000, 5, 25
QUICK_N, QUICK_SEEDS = 4_000, 2
POINTS = 80
_T = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776, 8: 2.365, 10: 2.262}
"""The 97.5 % quantile of Student's t for so many seeds."""

Floats = NDArray[np.float64]
Make = Callable[[GradedPrompts, int], Contender]


def sampling(graded: GradedPrompts, seed: int) -> Contender:
    """Return the online router, drawn where it is unsure."""
    return Online(graded, PosteriorSampling(seed=seed))


CONTENDERS: Mapping[str, Make] = {
    "online, posterior sampling": sampling,
    "online, 2 % by lot": lambda graded, seed: Online(graded, Exploration(0.02, seed=seed)),
    "online, never forgets": lambda graded, seed: Online(graded, PosteriorSampling(seed=seed), memory=None),
    "Beta bandit as LiteLLM's": lambda graded, seed: BetaBandit(graded, seed),
    "the same without its cap": lambda graded, seed: BetaBandit(graded, seed, cap=np.inf),
    "shipped router, fixed": lambda graded, _: Fixed(graded, _own_threshold()),
    "random": lambda graded, seed: Chance(seed),
}
POISONED: Mapping[str, tuple[str, Make]] = {
    "ten accounts, sources capped and trimmed": ("few", sampling),
    "ten accounts, every source believed": (
        "few",
        lambda graded, seed: Online(graded, PosteriorSampling(seed=seed), trusts=False),
    ),
    "a new account each time": ("many", sampling),
}


def run(stream: Stream, contender: Contender, *, seed: int, attack: str = "") -> tuple[Floats, Floats]:
    """Return the value of each request, a strong answer's price taken off, and its score."""
    rng = np.random.default_rng((seed, 7))
    grades, price = stream.grades, stream.graded.price
    values, scores = np.zeros(len(stream.rows)), np.zeros(len(stream.rows))
    for start in range(0, len(stream.rows), BATCH):
        part = slice(start, start + BATCH)
        rows = stream.rows[part]
        strong, scores[part] = contender.choose(rows)
        given = np.where(strong, grades[part, 0], grades[part, 1])
        values[part] = given - price * strong
        told, sources = _told(given, strong, rng, attack, start)
        contender.learn(rows, strong, told, sources)
    return values, scores


def _told(
    given: Floats, strong: NDArray[np.bool_], rng: np.random.Generator, attack: str, start: int
) -> tuple[Floats, list[str | None]]:
    """Return the grades as they are told, and by whom."""
    sources: list[str | None] = [f"user {i}" for i in rng.integers(0, 200, len(given))]
    told = given.copy()
    if attack:
        for place in np.flatnonzero(rng.random(len(given)) < 0.05):
            told[place] = 0.0 if strong[place] else 1.0
            account = int(rng.integers(0, 10)) if attack == "few" else start + int(place)
            sources[place] = f"attacker {account}"
    return told, sources


def hindsight(stream: Stream) -> Floats:
    """Return the value of each request by a head that knew all grades, one for each weak model."""
    graded, grades = stream.graded, stream.grades
    values = np.zeros(len(stream.rows))
    for column in np.unique(stream.weak):
        head = OnlineHead(has_prior=True, memory=None)
        for side, of_model in ((True, 0), (False, int(column))):
            rows = graded.features
            head.learn(rows, np.full(len(rows), side), graded.grades[:, of_model], np.ones(len(rows)))
        here = stream.weak == column
        strong = head.win_probability(graded.features[stream.rows]) >= (1 + graded.price) / 2
        value = np.where(strong, grades[:, 0] - graded.price, grades[:, 1])
        values[here] = value[here]
    return values


def apgr(scores: Floats, grades: Floats) -> float:
    """Return the exact APGR of a ranking by scores, ties in the order in which they came."""
    gains = (grades[:, 0] - grades[:, 1])[np.argsort(-scores, kind="stable")]
    reached = np.concatenate([[0.0], np.cumsum(gains)]) / gains.sum()
    return float((reached[1:] + reached[:-1]).mean() / 2)


def measured(
    streams: Sequence[Stream], best: Sequence[Floats], make: Make, *, attack: str = ""
) -> tuple[dict[str, str], Floats]:
    """Return a contender's cells, and its cumulative regrets, shape (seeds, `POINTS`).

    Args:
        streams: One a seed.
        best: What hindsight has of each.
        make: Makes the contender.
        attack: Who poisons the feedback, if anybody.
    """
    regrets, ranked, curves = [], [], []
    for seed, stream in enumerate(streams):
        n = len(stream.rows)
        values, scores = run(stream, make(stream.graded, seed), seed=seed, attack=attack)
        lost = best[seed] - values
        last = slice(3 * n // 4, n)
        regrets.append([lost.mean() * 1000, lost[last].mean() * 1000])
        ranked.append(apgr(scores[last], stream.grades[last]))
        curves.append(np.cumsum(lost)[np.linspace(0, n - 1, POINTS).astype(int)])
    whole, late = np.array(regrets).T
    cells = {"regret": _interval(whole, 1), "in the last quarter": _interval(late, 1)}
    return {**cells, "APGR": _interval(np.array(ranked), 3)}, np.array(curves)


def main() -> None:
    """Measure all streams, and keep the table and the picture for the docs."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of mmlu_pro_multi.parquet")
    quick = "--quick" in sys.argv
    n, seeds = (QUICK_N, QUICK_SEEDS) if quick else (N, int(_option("--seeds", str(SEEDS))))
    table: list[dict[str, Any]] = []
    pictured: dict[str, dict[str, Floats]] = {}
    for graded in graded_streams(Path(os.environ["ROUTER_DATA_DIR"]), _option("--sets", "")):
        for shift in (True, False):
            title = f"{graded.name}{', a new weak model in the middle' if shift else ''}"
            streams = [Stream.of(graded, n, seed=seed, shift=shift) for seed in range(seeds)]
            best = [hindsight(stream) for stream in streams]
            for name, make in CONTENDERS.items():
                cells, curves = measured(streams, best, make)
                table.append({"stream": title, "chooses": name, **cells})
                pictured.setdefault(title, {})[name] = curves
                print(table[-1], flush=True)
        for name, (attack, make) in POISONED.items():
            cells, _ = measured(streams, best, make, attack=attack)
            table.append({"stream": f"{graded.name}, 5 % poisoned", "chooses": name, **cells})
            print(table[-1], flush=True)
    report_rows("online_learning", table)
    if "--write" in sys.argv:
        draw_regret(pictured, n, FIGURES / "online_learning.png")


def _own_threshold() -> float:
    known = load_router().score_quantiles_
    return 0.5 if known is None else known.threshold(0.5)


def _interval(values: Floats, digits: int) -> str:
    half = _T.get(len(values), 1.96) * values.std(ddof=1) / len(values) ** 0.5
    return f"{values.mean():.{digits}f} ± {half:.{digits}f}"


def _option(name: str, otherwise: str) -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else otherwise


if __name__ == "__main__":
    main()
