"""The routers, or columns of scores, that are to be evaluated, made into candidates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import count
from numbers import Real
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from shared_router.choices import shown
from shared_router.errors import InvalidInputError, UnknownNameError
from shared_router.evaluation.measures import Candidate
from shared_router.evaluation.pair import Floats
from shared_router.router import Router
from shared_router.scoring.questions import score_prompts
from shared_router.win_probabilities import check_win_probabilities

if TYPE_CHECKING:
    from shared_router.evaluation.units import Units

Scored: TypeAlias = "Router | Sequence[float] | Floats"
Thresholds: TypeAlias = "float | Mapping[str, float | None] | None"

RESERVED = (
    "random",
    "length",
    "always_strong",
    "always_weak",
    "domain_mean",
    "tfidf_logistic",
    "knn",
    "kmeans",
    "oracle",
)
"""The baselines' names: a router of such a name is reported as NAME_router."""


def free_name(name: str, taken: Collection[str]) -> str:
    """Return a router's name, or one like it that neither a baseline nor another router has."""
    wanted = f"{name}_router" if name in RESERVED else name
    numbered = (f"{wanted}_{number}" for number in count(2))
    return wanted if wanted not in taken else next(one for one in numbered if one not in taken)


def named_routers(given: Scored | Mapping[str, Scored]) -> dict[str, Scored]:
    """Return the routers by the names they have in the report.

    Args:
        given: One router or column of scores, or several by name.

    Raises:
        InvalidInputError: If there is none.
    """
    if isinstance(given, Mapping):
        named = dict(given)
    else:
        named = {given.name if isinstance(given, Router) else "scores": given}
    if not named:
        raise InvalidInputError("evaluation needs a router, or scores, got none")
    found: dict[str, Scored] = {}
    for name, router in named.items():
        found[free_name(name, found)] = router
    return found


def router_candidates(
    routers: Mapping[str, Scored], units: Units, n_prompts: int, thresholds: Thresholds
) -> list[Candidate]:
    """Ask every router about every unit.

    Args:
        routers: By name, see `named_routers`.
        units: What is routed.
        n_prompts: How many prompts the outcomes have: the length of a column of scores.
        thresholds: One for all, or one a router by name; None sends half.

    Raises:
        UnknownNameError: If a threshold is for no router here.
        InvalidInputError: If a column of scores is not one finite number a prompt, or a threshold is none.
        RouterOutputError: If a router returns something other than win probabilities.
    """
    if isinstance(thresholds, Mapping) and not set(thresholds) <= set(routers):
        raise UnknownNameError(
            f"thresholds must be by router, one of {list(routers)}, got {list(thresholds)}"
        )
    found = []
    for name, router in routers.items():
        threshold = thresholds.get(name) if isinstance(thresholds, Mapping) else thresholds
        if threshold is not None and not (isinstance(threshold, Real) and np.isfinite(threshold)):
            raise InvalidInputError(f"threshold must be a finite number, got {shown(threshold)}")
        if isinstance(router, Router):
            asked = score_prompts(router, units.pair.prompts, units.messages)
            scores = np.array(check_win_probabilities(asked, len(units.pair)))
            found.append(Candidate(name, scores, threshold, probabilities=True))
        else:
            scores = _checked_scores(name, router, n_prompts)[units.rows]
            in_range = bool(scores.min() >= 0 and scores.max() <= 1)
            found.append(Candidate(name, scores, threshold, probabilities=in_range))
    return found


def _checked_scores(name: str, given: Sequence[float] | Floats, n_prompts: int) -> Floats:
    try:
        scores = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"the scores of {name!r} must be numbers, got {type(given).__name__}"
        ) from error
    if scores.shape != (n_prompts,) or not np.isfinite(scores).all():
        raise InvalidInputError(
            f"the scores of {name!r} must be {n_prompts} finite numbers, one a prompt, got {scores.shape}"
        )
    return scores
