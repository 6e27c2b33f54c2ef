"""What a threshold is chosen on: scores, and where they are known grades and dollars, each checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_seed, check_share, check_texts, shown_kind
from shared_router.errors import DataError, InvalidInputError, ScaleError
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router
from shared_router.text import clean
from shared_router.win_probabilities import check_win_probabilities

Floats = NDArray[np.float64]
Numbers: TypeAlias = "Sequence[float] | Floats"

_NEAREST = 1e-6


@dataclass(frozen=True, slots=True)
class Rows:
    """n prompts to choose a threshold on.

    Attributes:
        scores: Their win probabilities, shape (n,).
        prompts: Their texts, or None where scores were given without. Not in the repr.
        strong: The strong model's grades in [0, 1], shape (n,); None without grades.
        weak: The weak model's.
        strong_dollars: What each strong answer costs, shape (n,), >= 0; None without prices.
        weak_dollars: What each weak answer costs.
        scale: The worst and the best grade as they were given.
        source: What prompts they are, in a few words.
        models: The models' own names by `"strong"` and `"weak"`, where they are known.
    """

    scores: Floats = field(repr=False)
    prompts: Sequence[str] | None = field(default=None, repr=False)
    strong: Floats | None = field(default=None, repr=False)
    weak: Floats | None = field(default=None, repr=False)
    strong_dollars: Floats | None = field(default=None, repr=False)
    weak_dollars: Floats | None = field(default=None, repr=False)
    scale: tuple[float, float] = (0.0, 1.0)
    source: str = "prompts of a calibration"
    models: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the prompts."""
        return len(self.scores)

    @property
    def quantiles(self) -> ScoreQuantiles:
        """The scores' quantiles, by which a drift of later ones is told."""
        return ScoreQuantiles.of(self.scores.tolist(), source=self.source)


def asked_scores(router: Router | None, prompts: Sequence[str] | None, scores: Numbers | None) -> Floats:
    """Return a router's scores of prompts, or the scores that were given in its place.

    Args:
        router: The router; None where scores are given.
        prompts: What it is asked, n of them, at least one; None where scores are given without.
        scores: n win probabilities.

    Returns:
        Shape (n,), each in [0, 1].

    Raises:
        InvalidInputError: If neither or both are given, there is no prompt, or a score is no win probability.
    """
    if (router is None) == (scores is None):
        both = "neither" if router is None else "both"
        raise InvalidInputError(f"a threshold is chosen for a router or for scores=, got {both}")
    if scores is not None:
        found = checked_scores(scores)
        if prompts is not None and len(found) != len(prompts):
            raise InvalidInputError(f"scores must be one a prompt ({len(prompts)}), got {len(found)}")
        return found
    if not isinstance(router, Router):
        raise InvalidInputError(f"router must be a shared_router.Router, got {shown_kind(router)}")
    check_texts("prompts", prompts)
    cleaned = [clean(prompt) for prompt in ([] if prompts is None else prompts)]
    if not cleaned:
        raise InvalidInputError("a threshold needs at least one prompt, got none")
    said = router.win_probability(cleaned)
    return np.array(check_win_probabilities(said, len(cleaned)), dtype=np.float64)


def checked_scores(scores: Numbers) -> Floats:
    """Check win probabilities that were given.

    Raises:
        InvalidInputError: If there is none, or one is NaN or outside [0, 1].
    """
    found = checked_column("scores", scores, None)
    low, high = float(found.min()), float(found.max())
    if not 0 <= low <= high <= 1:
        raise InvalidInputError(
            f"scores must be win probabilities in [0, 1], got {low:.6g} to {high:.6g}; a percentage is "
            "divided by 100, any other score is mapped to [0, 1] first, and the policy's router must give "
            "the same"
        )
    return found


def checked_grades(
    strong: Numbers, weak: Numbers, n: int, *, scale: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Return both models' grades on [0, 1].

    Args:
        strong: n grades of the strong model's answers, on the scale.
        weak: n grades of the weak model's.
        n: How many prompts there are.
        scale: The worst and the best grade.

    Raises:
        InvalidInputError: If a length differs, a grade is NaN or the scale is none.
        ScaleError: If a grade is outside the scale.
    """
    worst, best = _ends(scale)
    found = []
    for name, given in (("strong_scores", strong), ("weak_scores", weak)):
        grades = checked_column(name, given, n)
        low, high = float(grades.min()), float(grades.max())
        if not worst <= low <= high <= best:
            raise ScaleError(
                f"{name} must be in [{worst:g}, {best:g}], got {low:.6g} to {high:.6g}; say their scale: "
                "scale=(1, 10) for grades from 1 to 10"
            )
        found.append((grades - worst) / (best - worst))
    return found[0], found[1]


def given_grades(
    strong: Numbers | None, weak: Numbers | None, n: int, *, scale: tuple[float, float]
) -> tuple[Floats, Floats] | tuple[None, None]:
    """Return both models' grades on [0, 1], or two None where none are given; raises as `checked_grades`."""
    if strong is None and weak is None:
        return None, None
    if strong is None or weak is None:
        raise InvalidInputError(
            f"grades must be given of both models, got {'weak' if strong is None else 'strong'}_scores= alone"
        )
    return checked_grades(strong, weak, n, scale=scale)


def checked_dollars(name: str, dollars: Numbers | float, n: int) -> Floats:
    """Check what n answers cost, and return it for each; one number is for all.

    Raises:
        InvalidInputError: If a length differs, or one is NaN or below 0.
    """
    each = [float(dollars)] * n if isinstance(dollars, Real) else dollars
    found = checked_column(name, each, n)  # type: ignore[arg-type]
    if found.min() < 0:
        raise InvalidInputError(f"{name} must be >= 0, got {found.min():g}")
    return found


def check_asked(confidence: object, seed: object) -> None:
    """Check what every way of choosing takes.

    Raises:
        InvalidInputError: If the confidence is outside (0, 1) or nearer to an end than `_NEAREST`, or the
            seed is none.
    """
    check_share("confidence", confidence, open_ends=True)
    if not _NEAREST <= float(confidence) <= 1 - _NEAREST:  # type: ignore[arg-type]
        raise InvalidInputError(
            f"confidence must be in [{_NEAREST:g}, {1 - _NEAREST:g}], beyond which floats tell nothing, got "
            f"{confidence!r}"
        )
    check_seed(seed)


def check_given(table: str, **columns: object) -> None:
    """Check that nothing is given beside the table that holds it.

    Raises:
        InvalidInputError: If something is.
    """
    both = [f"{name}=" for name, column in columns.items() if column is not None]
    if both:
        raise InvalidInputError(f"{table} must come without {' and '.join(both)}, which it holds itself")


def _ends(scale: object) -> tuple[float, float]:
    ends = [*scale] if isinstance(scale, (tuple, list, np.ndarray)) else []
    if len(ends) == 2 and all(isinstance(end, Real) and np.isfinite(float(end)) for end in ends):
        worst, best = (float(end) for end in ends)
        if worst < best:
            return worst, best
    got = (
        f"{ends[0]!r} and {ends[1]!r}" if len(ends) == 2 and all(isinstance(e, Real) for e in ends) else None
    )
    raise InvalidInputError(
        f"scale must be two finite numbers, worst < best, such as (1, 10), got {got or shown_kind(scale)}"
    )


def checked_column(name: str, given: Numbers, n: int | None) -> Floats:
    """Check one finite number a prompt.

    Args:
        name: What they are called, for the error.
        given: The numbers.
        n: How many prompts there are; None where these are the first to say.

    Raises:
        InvalidInputError: If they are no numbers, none, or another count.
        DataError: If one is NaN or infinite.
    """
    try:
        found = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{name} must be numbers, got {shown_kind(given)}") from error
    if found.ndim != 1 or len(found) == 0:
        raise InvalidInputError(f"{name} must be a list of at least one number, got shape {found.shape}")
    if n is not None and len(found) != n:
        raise InvalidInputError(f"{name} must have one number a prompt ({n}), got {len(found)}")
    bad = np.flatnonzero(~np.isfinite(found))
    if len(bad):
        raise DataError(
            f"{name} must be finite, got NaN or infinity in {len(bad)} of {len(found)} rows, the first is "
            f"row {bad[0]} from 0; leave such prompts out"
        )
    return found
