"""Compare the arms of a `SplitPolicy` by a decision log: quality, dollars, and whether they were dealt well.

It may be asked every day, or after every request: the intervals hold at all times at once, so that a test may
be stopped when it has an answer. Each of the two figures errs with a probability of 1 - confidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared_router.choices import check_share, is_amount, shown
from shared_router.errors import DataError, InvalidInputError
from shared_router.experiments.sample_ratio import sample_ratio_evidence
from shared_router.experiments.sequential_difference import SequentialDifference, sequential_difference
from shared_router.experiments.units import MOST_SILENT_S, Unit, units_of
from shared_router.telemetry.logged import LoggedDecision

_RATIO_ALARM = 1000.0
_BURN_IN = 50
_LARGEST = 10.0
"""A unit's dollars count up to ten times the mean of the first fifty units, which are not compared."""


@dataclass(frozen=True, slots=True)
class ArmsComparison:
    """What a test has come to.

    Attributes:
        share: The share of units that should be arm b's.
        n_a: How many units arm a has.
        n_b: How many arm b has.
        n_open: How many conversations may yet go on and are not counted.
        n_crossed: How many were in both arms and are not counted.
        ratio_evidence: That units are not dealt by the share; 1,000 is an alarm.
        quality: The difference of the mean grades, in [-1, 1]; None where no unit was graded.
        dollars: The difference of the mean dollars a unit; None where too few say what they cost.
        most_dollars: What a unit's dollars are cut at.
        n_cut: How many units were.
        n_unpriced: How many units do not say what they cost, such as those with a call that failed.
    """

    share: float
    n_a: int
    n_b: int
    n_open: int
    n_crossed: int
    ratio_evidence: float
    quality: SequentialDifference | None
    dollars: SequentialDifference | None
    most_dollars: float | None
    n_cut: int
    n_unpriced: int = 0

    @property
    def ratio_holds(self) -> bool:
        """Whether the arms have the units they should; where not, nothing is concluded."""
        return self.ratio_evidence < _RATIO_ALARM

    def better(self, difference: SequentialDifference | None, *, less_is_better: bool = False) -> str | None:
        """Return the better arm, `"a"` or `"b"`; None where that is not known, or nothing may be said."""
        if difference is None or not self.ratio_holds or difference.low <= 0 <= difference.high:
            return None
        return "b" if (difference.low > 0) != less_is_better else "a"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "share": self.share,
            "n": {"a": self.n_a, "b": self.n_b, "open": self.n_open, "crossed": self.n_crossed},
            "sample_ratio": {"evidence": self.ratio_evidence, "holds": self.ratio_holds},
            "quality": _as_json(self.quality, self.better(self.quality)),
            "dollars": _as_json(self.dollars, self.better(self.dollars, less_is_better=True)),
            "most_dollars": self.most_dollars,
            "n_cut": self.n_cut,
            "n_unpriced": self.n_unpriced,
        }


def compare_arms(
    rows: Sequence[LoggedDecision],
    *,
    share: float = 0.5,
    confidence: float = 0.95,
    silent_s: float = MOST_SILENT_S,
) -> ArmsComparison:
    """Compare the arms of a test.

    Args:
        rows: A log's decisions, by time, of one test.
        share: The share of `SplitPolicy`, in (0, 1).
        confidence: With which probability an interval holds the difference at all times, in (0, 1).
        silent_s: After how many seconds without a request a conversation is counted, >= 0.

    Raises:
        InvalidInputError: If an argument is outside its rule.
        DataError: If no decision names an arm, or one names another than `"a"` and `"b"`.
    """
    check_share("share", share, open_ends=True)
    check_share("confidence", confidence, open_ends=True)
    if not is_amount(silent_s):
        raise InvalidInputError(f"silent_s must be seconds >= 0, got {shown(silent_s)}")
    others = sorted({row.arm for row in rows if row.arm is not None} - {"a", "b"})
    if others:
        raise DataError(f'arms must be "a" and "b", as a SplitPolicy calls them, got {others[:5]}')
    found = units_of(rows, silent_s=silent_s)
    if not found.units and not found.n_open and not found.n_crossed:
        raise DataError("a log must hold decisions of a SplitPolicy, and no line of this one names an arm")
    graded = sorted((unit for unit in found.units if unit.score is not None), key=lambda each: each.known)
    priced = sorted((unit for unit in found.units if unit.dollars is not None), key=lambda each: each.closed)
    grades = [unit.score or 0.0 for unit in graded]
    dollars, most, n_cut = _dollars(priced, share, confidence)
    is_b = [unit.is_b for unit in found.units]
    return ArmsComparison(
        share=share,
        n_a=is_b.count(False),
        n_b=is_b.count(True),
        n_open=found.n_open,
        n_crossed=found.n_crossed,
        ratio_evidence=sample_ratio_evidence(is_b, share=share),
        quality=_compared(graded, grades, share, confidence) if graded else None,
        dollars=dollars,
        most_dollars=most,
        n_cut=n_cut,
        n_unpriced=len(found.units) - len(priced),
    )


def _dollars(
    units: Sequence[Unit], share: float, confidence: float
) -> tuple[SequentialDifference | None, float | None, int]:
    """Return the difference in dollars, what they are cut at, and how many were."""
    spent = np.array([unit.dollars or 0.0 for unit in units])
    most = _LARGEST * float(spent[:_BURN_IN].mean()) if len(spent) > _BURN_IN else 0.0
    if not most:
        return None, None, 0
    later, compared = spent[_BURN_IN:], units[_BURN_IN:]
    found = _compared(compared, np.minimum(later / most, 1.0).tolist(), share, confidence)
    scaled = SequentialDifference(
        found.n_a,
        found.n_b,
        found.mean_a * most,
        found.mean_b * most,
        found.low * most,
        found.high * most,
        found.e_value,
        None if found.decided_at is None else found.decided_at + _BURN_IN,
    )
    return scaled, most, int((later > most).sum())


def _compared(
    units: Sequence[Unit], values: Sequence[float], share: float, confidence: float
) -> SequentialDifference:
    is_b = np.array([unit.is_b for unit in units], dtype=np.bool_)
    return sequential_difference(np.array(values), is_b, share=share, confidence=confidence)


def _as_json(difference: SequentialDifference | None, better: str | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    means = {"a": difference.mean_a, "b": difference.mean_b}
    return {
        "n": {"a": difference.n_a, "b": difference.n_b},
        "mean": {arm: None if mean != mean else mean for arm, mean in means.items()},
        "interval": [difference.low, difference.high],
        "e_value": difference.e_value,
        "decided_at": difference.decided_at,
        "better": better,
    }
