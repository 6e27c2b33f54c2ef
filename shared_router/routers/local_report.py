"""What a local router is worth on prompts it had not seen, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ArtifactSchemaError
from shared_router.learners.ranked import RankValue, difference_error, rank_value

Floats = NDArray[np.float64]

RANDOM = 0.5
_SURE = 1.96
_MOST_GRADES = 100_000
_ROUNDING = 1e-9
_TOO_GOOD = 0.95


@dataclass(frozen=True, slots=True)
class Ranked:
    """APGR of one ranking of the graded prompts.

    Attributes:
        apgr: The value; random ranking has 0.5.
        low: The lower end of its 95 % interval.
        high: The upper end.
    """

    apgr: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class LocalReport:
    """What cross-validation within the graded prompts says.

    Attributes:
        n: How many distinct prompts there were.
        mean_gain: The strong model's mean grade less the weak one's.
        router: This router on prompts it had not seen; None where the strong model is not the better one on
            the whole, for then no share of a gap can be closed.
        length: Ranking by length alone, longest first.
        prior: The router it starts from; None where there is none.
        random: What chance has, 0.5.
        surely_over_length: Whether it ranks better than length, and not by chance alone.
        grades_needed: How many more grades it may take to be surely better than chance, in hundreds, at most
            100,000; 0 where it is, None where there is no gap.
    """

    n: int
    mean_gain: float
    router: Ranked | None
    length: Ranked | None
    prior: Ranked | None
    random: float
    surely_over_length: bool
    grades_needed: int | None

    @property
    def better_than_chance(self) -> bool:
        """Whether the interval lies above what chance has."""
        return self.router is not None and self.router.low > RANDOM

    def __str__(self) -> str:
        """Return what `explain` does."""
        return self.explain()

    def explain(self) -> str:
        """Return the report in words."""
        if self.router is None:
            return (
                f"On {self.n:,} graded prompts the strong model is not surely better on the whole (mean "
                f"difference {self.mean_gain:+.3f}): look which model is which; there is no gap to close."
            )
        others = [("length", self.length), ("the shipped router", self.prior)]
        shown = "; ".join(f"{name} {_shown(found)}" for name, found in others if found is not None)
        lines = [
            f"APGR {_shown(self.router)} on prompts held out of {self.n:,}, by cross-validation; "
            f"{shown}; chance {RANDOM}.",
            self._verdict(),
        ]
        if self.router.apgr > _TOO_GOOD:
            lines.append("That is more than prompts tell: look whether they hold the answers or the grades.")
        return "\n".join(lines)

    def _verdict(self) -> str:
        if not self.better_than_chance:
            return f"Not better than chance yet; about {self.grades_needed:,} more grades."
        if self.surely_over_length:
            return "Better than chance, and better than length."
        return "Better than chance; not surely better than length."

    def as_settings(self) -> dict[str, Any]:
        """Return plain JSON that `from_settings` reads."""
        return asdict(self)

    @classmethod
    def from_settings(cls, settings: object) -> LocalReport:
        """Read what `as_settings` wrote.

        Raises:
            ArtifactSchemaError: If it is no such thing.
        """
        try:
            report = cls(**_checked(settings))
            report.explain()
        except (TypeError, ValueError, KeyError) as error:
            raise ArtifactSchemaError("a local router's report must be what its fit wrote") from error
        return report


def report_of(
    gains: Floats, unseen: Floats, at_fewer: Callable[[], Floats], *, length: Floats, prior: Floats | None
) -> LocalReport:
    """Report on held-out scores.

    Args:
        gains: The strong model's grade less the weak one's, shape (n,).
        unseen: What was said of each prompt by a fit that had not seen it, shape (n,).
        at_fewer: Returns the same by fits of half as many rows, NaN where there is none.
        length: How long each prompt is.
        prior: What the prior router said; None where there is none.
    """
    mean_gain = float(gains.mean())
    if mean_gain <= float(gains.std()) / math.sqrt(len(gains)):
        return LocalReport(len(gains), mean_gain, None, None, None, RANDOM, False, None)
    found, by_length = rank_value(unseen, gains), rank_value(length, gains)
    ahead = found.apgr - by_length.apgr
    return LocalReport(
        n=len(gains),
        mean_gain=mean_gain,
        router=_ranked(found),
        length=_ranked(by_length),
        prior=None if prior is None else _ranked(rank_value(prior, gains)),
        random=RANDOM,
        # of one ranking twice both are 0, up to rounding
        surely_over_length=ahead > max(_SURE * difference_error(found, by_length), _ROUNDING),
        grades_needed=_grades_needed(found, gains, at_fewer),
    )


def _grades_needed(found: RankValue, gains: Floats, at_fewer: Callable[[], Floats]) -> int:
    """Extrapolate the learning curve to where its interval leaves chance.

    What a router has over chance grows with a power of the rows, told by what half of them gave, and the
    interval shrinks with their root: `excess (m / n)^b = 1.96 error (m / n)^(-1/2)`. Where nothing over
    chance was seen, half a standard error is taken to be there.
    """
    if found.low > RANDOM:
        return 0
    n, excess = len(gains), max(found.apgr - RANDOM, found.error / 2)
    said = at_fewer()
    asked = np.flatnonzero(np.isfinite(said))
    fewer = rank_value(said[asked], gains[asked]).apgr - RANDOM if gains[asked].sum() > 0 else excess
    growth = 0.0 if fewer >= excess else 0.5 if fewer <= 0 else min(0.5, math.log2(excess / fewer))
    times = (_SURE * found.error / excess) ** (1 / (0.5 + growth))
    more = float(n * (times - 1))
    return min(_MOST_GRADES, max(1, math.ceil(more / 100)) * 100)


def _ranked(found: RankValue) -> Ranked:
    return Ranked(found.apgr, found.low, found.high)


def _shown(found: Ranked) -> str:
    return f"{found.apgr:.3f} ({found.low:.3f} to {found.high:.3f})"


def _checked(settings: object) -> dict[str, Any]:
    if not isinstance(settings, Mapping):
        raise TypeError
    found = dict(settings)
    for name in ("router", "length", "prior"):
        if found[name] is not None:
            found[name] = Ranked(**{key: float(value) for key, value in found[name].items()})
    return found
