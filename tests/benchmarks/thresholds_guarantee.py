"""How often a threshold breaks its promise, and how many prompts it sends strong: `for_quality` and others.

Each set of real grades, scored by the shipped router, is a population whose true losses are known. 2,000
samples of each size are drawn from it with replacement; each method chooses a threshold on the sample alone,
and breaks its promise where the loss on the population is above what was asked. What is asked of a set is the
loss of the threshold that sends 60 % of it strong, so that an oracle needs .60. Confidence is .95: a method
keeps its promise on a set unless the violation rate is above .05 by more than chance (Clopper and Pearson's
lower limit). MAPIE tests 97 cuts at hundredths of the sample, on the first 200 samples.

Run: python -m tests.benchmarks.thresholds_guarantee [--write]
"""

import math
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from mapie.risk_control import control_fwer
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
from numpy.typing import NDArray

from shared_router import load_router
from shared_router.calibration.betting import log_purse
from shared_router.calibration.certifying import certify
from shared_router.calibration.clopper_pearson import p_values, two_sided
from shared_router.calibration.cuts import Cuts
from shared_router.calibration.promise import Promise
from shared_router.errors import InvalidInputError
from tests.benchmarks.evaluation_sets import sets
from tests.benchmarks.measure import print_table, report_rows

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SETS = ("MMLU", "GSM8K", "LLMRouter", "MT-Bench")
SIZES = (100, 300, 1000, 3000)
N_DRAWS, N_MAPIE = 2000, 200
CONFIDENCE, ORACLE_SHARE = 0.95, 0.6
OURS = "for_quality"


@dataclass(frozen=True, slots=True)
class Population:
    """A set of prompts with known losses: scores rising, and what strong is better by."""

    name: str
    scores: Floats
    gain: Floats

    def loss(self, promise: Promise, threshold: float, tie_share: float) -> float:
        """Return the true loss of a threshold; `promise.most` is what it may be."""
        weak = np.where(self.scores == threshold, 1 - tie_share, self.scores < threshold)
        if promise.method == "max_regret":
            return float((self.gain > 1e-12) @ weak / max(weak.sum(), 1e-300))
        drop = float(self.gain @ weak) / len(weak)
        return drop if promise.method == "max_drop" else drop - (1 - promise.target) * float(self.gain.mean())

    def promises(self) -> Iterator[Promise]:
        """Yield what the threshold that sends `ORACLE_SHARE` strong just keeps."""
        n_weak = round((1 - ORACLE_SHARE) * len(self.scores))
        drop = float(self.gain[:n_weak].sum()) / len(self.scores)
        yield Promise("max_drop", drop)
        yield Promise("min_pgr", 1 - drop / float(self.gain.mean()))
        yield Promise("max_regret", float((self.gain[:n_weak] > 1e-12).mean()))


def populations(folder: Path) -> Iterator[Population]:
    """Score the sets with the shipped router."""
    router = load_router()
    for name, outcomes, strong, weak in sets(folder):
        if name in SETS:
            scores = router.win_probability(list(outcomes.prompts))
            order = np.argsort(scores, kind="stable")
            gain = outcomes.scores(strong) - outcomes.scores(weak)
            yield Population(name, scores[order], gain[order])


@dataclass(frozen=True, slots=True)
class Sample:
    """A draw, lowest score first, and what each cut k = 0..n of it looks like."""

    gain: Floats
    cuts: Cuts
    promise: Promise
    seed: int
    grid: NDArray[np.int64]
    passed: dict[float, Flags] = field(default_factory=dict)

    def mean_loss(self) -> Floats:
        """Return the loss on the sample at each cut, shape (n + 1,)."""
        if_weak, if_strong = self.promise.losses(self.gain)
        if self.promise.method == "max_regret":
            return np.cumsum(np.concatenate([[0.0], if_weak])) / np.maximum(np.arange(len(if_weak) + 1), 1)
        return _sums(if_weak, if_strong) / len(if_weak)

    def passes(self, level: float) -> Flags:
        """Return at which cuts the loss is shown by the product's own test at a level; computed once."""
        if level not in self.passed:
            self.passed[level] = self._passes(level)
        return self.passed[level]

    def _passes(self, level: float) -> Flags:
        if self.promise.method == "max_regret":
            return p_values(self.promise.losses(self.gain)[0] > 0, self.promise.target) <= level
        bounds: dict[str, Any] = {"most": self.promise.most, "largest": self.promise.largest}
        purse = log_purse(*self.promise.losses(self.gain), **bounds, confidence=1 - level, seed=self.seed)
        return purse >= math.log(1 / level)


def _sums(if_weak: Floats, if_strong: Floats) -> Floats:
    found: Floats = np.cumsum(np.concatenate([[0.0], if_weak - if_strong])) + if_strong.sum()
    return found


def ours(sample: Sample) -> int | None:
    """Return the cut that `for_quality` chooses."""
    try:
        found = certify(
            sample.promise, sample.gain, sample.cuts.possible, confidence=CONFIDENCE, seed=sample.seed
        )
    except InvalidInputError:  # fewer prompts than any grades would do with
        return None
    return found.cut if found.guaranteed else None


def on_the_sample(sample: Sample) -> int | None:
    """Return the last cut whose loss on the sample is small enough."""
    return _last(sample.cuts.possible & (sample.mean_loss() <= sample.promise.most + 1e-12))


def uncorrected(sample: Sample) -> int | None:
    """Return the last of a hundred cuts that passes a test of its own."""
    passing = np.zeros(len(sample.cuts.possible), dtype=np.bool_)
    passing[sample.grid] = sample.passes(1 - CONFIDENCE)[sample.grid]
    return _last(passing & sample.cuts.possible)


def bonferroni(sample: Sample) -> int | None:
    """Return the last of twenty cuts that passes at a twentieth of the level."""
    grid = sample.grid[4::5]
    passing = np.zeros(len(sample.cuts.possible), dtype=np.bool_)
    passing[grid] = sample.passes((1 - CONFIDENCE) / 20)[grid]
    return _last(passing & sample.cuts.possible)


def sequence_from(start: float) -> Callable[[Sample], int | None]:
    """Return a fixed sequence of hundredths from a share of lowest scores."""

    def chosen(sample: Sample) -> int | None:
        grid = sample.grid[sample.grid >= max(22, start * len(sample.gain))]
        return _last_of(sample.passes(1 - CONFIDENCE)[grid], grid, sample.cuts.possible)

    return chosen


def normal_sequence(sample: Sample) -> int | None:
    """Return the last cut of the same sequence by the central limit theorem's bound."""
    n, z = len(sample.gain), NormalDist().inv_cdf(CONFIDENCE)
    if_weak, if_strong = sample.promise.losses(sample.gain)
    mean = sample.mean_loss()
    if sample.promise.method == "max_regret":
        half = z * np.sqrt(mean * (1 - mean) / np.maximum(np.arange(n + 1), 1))
        grid = sample.grid[sample.grid >= n // 4]
    else:
        half = z * np.sqrt(np.maximum(_sums(if_weak**2, if_strong**2) / n - mean**2, 0) / n)
        grid = np.arange(n + 1)
    return _last_of((mean + half <= sample.promise.most + 1e-12)[grid], grid, sample.cuts.possible)


def mapie(how: str) -> Callable[[Sample], int | None]:
    """Return MAPIE's Learn-then-Test over 97 cuts: Hoeffding and Bentkus, corrected as said."""

    def chosen(sample: Sample) -> int | None:
        grid = sample.grid[2:99]
        mean, n = sample.mean_loss()[grid], len(sample.gain)
        if sample.promise.method == "max_regret":
            risk, most, counted = mean, sample.promise.most, np.maximum(grid, 1)
        else:  # its bounds are for losses in [0, 1]
            low, high = -sample.promise.largest, sample.promise.largest
            risk, counted = (mean - low) / (high - low), np.full(len(grid), n)
            most = (sample.promise.most - low) / (high - low)
        binary = sample.promise.method == "max_regret"
        unlikely = compute_hoeffding_bentkus_p_value(risk, counted, most, binary)[:, 0]
        valid = control_fwer(unlikely, 1 - CONFIDENCE, how)
        passing = np.zeros(n + 1, dtype=np.bool_)
        passing[grid[valid]] = True
        return _last(passing & sample.cuts.possible)

    return chosen


METHODS: dict[str, Callable[[Sample], int | None]] = {
    OURS: ours,
    "lowest that passes on the sample": on_the_sample,
    "each cut at the whole level": uncorrected,
    "Bonferroni, 20 cuts": bonferroni,
    "sequence from 22 rows": sequence_from(0.0),
    "sequence from the lowest quarter": sequence_from(0.25),
    "sequence, normal bound": normal_sequence,
    "MAPIE, Holm": mapie("bonferroni_holm"),
    "MAPIE, its fixed sequence": mapie("fixed_sequence"),
}


def _last(passing: Flags) -> int | None:
    found = np.flatnonzero(passing)
    return int(found[-1]) if len(found) and found[-1] > 0 else None


def _last_of(passes: Flags, grid: NDArray[np.int64], possible: Flags) -> int | None:
    places, held = grid[possible[grid]], passes[possible[grid]]
    n_held = len(held) if held.all() else int(held.argmin())
    return int(places[n_held - 1]) if n_held and places[n_held - 1] > 0 else None


@dataclass(slots=True)
class Tally:
    """What came of one method on one set at one size."""

    draws: int = 0
    broken: int = 0
    strong: float = 0.0
    nothing: int = 0

    def interval(self) -> tuple[float, float]:
        """Return Clopper and Pearson's interval of the violation rate."""
        return two_sided(self.broken, self.draws, confidence=0.95)


def tallied(population: Population, promise: Promise, n: int) -> dict[str, Tally]:
    """Draw samples and let every method choose on each."""
    rng = np.random.default_rng(n)
    tallies = {name: Tally() for name in METHODS}
    for draw in range(N_DRAWS):
        rows = rng.integers(0, len(population.scores), n)
        cuts = Cuts.of(population.scores[rows], None, seed=draw)
        grid = np.unique(np.linspace(0, n, 101).astype(np.int64))
        sample = Sample(population.gain[rows][cuts.order], cuts, promise, draw, grid)
        for name, method in METHODS.items():
            if draw < (N_MAPIE if name.startswith("MAPIE") else N_DRAWS):
                _count(tallies[name], method(sample), sample, population)
    return tallies


def _count(tally: Tally, cut: int | None, sample: Sample, population: Population) -> None:
    threshold, tie_share = sample.cuts.threshold(cut or 0)
    tally.draws += 1
    tally.nothing += cut is None
    scores = population.scores
    tally.strong += float(np.where(scores == threshold, tie_share, scores > threshold).mean())
    loss = population.loss(sample.promise, threshold, tie_share) if cut else 0.0
    tally.broken += bool(cut) and loss > sample.promise.most + 1e-9


def main() -> None:
    """Tally every method over sets, promises and sizes."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    found: dict[tuple[str, int, str], list[Tally]] = {}
    for population in populations(Path(os.environ["ROUTER_DATA_DIR"])):
        for promise in population.promises():
            for n in SIZES:
                rows = []
                for name, tally in tallied(population, promise, n).items():
                    found.setdefault((promise.method, n, name), []).append(tally)
                    rows.append(_of_one_set(population.name, promise, n, name, tally))
                print_table(rows)
                sys.stdout.flush()
    report_rows("thresholds_guarantee", [_over_sets(*key, found[key]) for key in sorted(found, key=_place)])


def _place(key: tuple[str, int, str]) -> tuple[str, int, int]:
    return key[0], key[1], list(METHODS).index(key[2])


def _of_one_set(name: str, promise: Promise, n: int, method: str, tally: Tally) -> dict[str, Any]:
    low, high = tally.interval()
    return {
        "set": name,
        "promise": f"{promise.method} {promise.target:.3g}",
        "n": n,
        "method": method,
        "violations": f"{tally.broken / tally.draws:.3f} ({low:.3f} to {high:.3f})",
        "strong": tally.strong / tally.draws,
        "nothing": tally.nothing / tally.draws,
    }


def _over_sets(promise: str, n: int, method: str, tallies: list[Tally]) -> dict[str, Any]:
    worst = max(tallies, key=lambda tally: tally.broken / tally.draws)
    low, high = worst.interval()
    return {
        "promise": promise,
        "n": f"{n:,}",
        "method": method,
        "sets that break it": f"{sum(t.interval()[0] > 1 - CONFIDENCE for t in tallies)} of {len(tallies)}",
        "largest violation rate": f"{worst.broken / worst.draws:.3f} ({low:.3f} to {high:.3f})",
        "strong share": float(np.mean([tally.strong / tally.draws for tally in tallies])),
        "certified nothing": float(np.mean([tally.nothing / tally.draws for tally in tallies])),
    }


if __name__ == "__main__":
    main()
