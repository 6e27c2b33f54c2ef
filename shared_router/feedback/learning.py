"""A router learned from what users and judges said, and whether it is better than the one that was at work.

It is fitted on battles that speak as the graded answers do (`weighted_battles`), and held against the log on
requests that it did not see, at the same strong fraction, by what answers would have been worth
(`off_policy_value`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.evaluation.resampling import Estimate
from shared_router.feedback.logged_feedback import LoggedFeedback
from shared_router.feedback.off_policy_value import value_difference
from shared_router.feedback.weighted_battles import weighted_battles
from shared_router.preferences.data import PreferenceData
from shared_router.router import Router
from shared_router.routers.local_rows import LEAST_PROMPTS
from shared_router.text import prompt_key

Floats = NDArray[np.float64]

_FOLDS = 3

_LEAST_OTHERS = 200
"""Unseen requests from which on a share of them says more of new ones than the requests it learned from."""


class Learner(Protocol):
    """A router that is not fitted yet, such as a `LocalRouter` of `"strong"` against `"weak"`."""

    def fit(self, preferences: PreferenceData, *, progress: bool = True) -> Any:
        """Learn from battles, and return the router."""


@dataclass(frozen=True, slots=True)
class LearnReport:
    """What a router that was learned from a log is worth on requests of it that it did not see.

    Attributes:
        n: How many graded requests there were.
        n_both: How many of them have grades of both models.
        strong_fraction: The share that the log's policy sends strong, and so does the new one here.
        threshold: The new router's threshold that sends this share strong.
        over_old: How much better the mean grade is than under the log's policy.
        over_random: How much better than of the same share at random.
        old_over_random: How much better the log's policy is than that.
        better: Whether the new one is surely better than the log's policy.
        left_out: How many decisions were left out, by the reason.
        n_others: On how many of the log's other requests the threshold sends its share; 0 where there are too
            few, and it does so on the graded ones, which the router has seen.
    """

    n: int
    n_both: int
    strong_fraction: float
    threshold: float
    over_old: Estimate
    over_random: Estimate
    old_over_random: Estimate
    better: bool
    left_out: dict[str, int]
    n_others: int = 0

    def words(self) -> list[str]:
        """Say it in lines."""
        verdict = "better than" if self.better else "not shown to be better than"
        return [
            f"the new router is {verdict} the log's policy: mean grade {_shown(self.over_old)} on requests "
            "that it had not seen",
            f"{self.n:,} graded requests, {self.n_both:,} of them with both answers; strong fraction "
            f"{self.strong_fraction:.3f} for both",
            f"over the same share at random: the new router {_shown(self.over_random)}, the log's policy "
            f"{_shown(self.old_over_random)}",
            f"threshold {self.threshold:.4g} sends that share strong of {self._on}",
            *(f"left out, {reason}: {count:,}" for reason, count in self.left_out.items()),
        ]

    @property
    def _on(self) -> str:
        """What the threshold was chosen on."""
        if self.n_others:
            return f"{self.n_others:,} other requests of the log, which the router has not seen"
        return "these requests, which the router has seen: of others it may be some hundredths more or fewer"

    def as_json(self) -> dict[str, Any]:
        """Return it as what `json.dumps` takes."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Learned:
    """A router and what it is worth.

    Attributes:
        router: Learned from all graded requests.
        report: How such routers do on those they did not see.
    """

    router: Router
    report: LearnReport


def learn(rows: LoggedFeedback, learner: Callable[[], Learner], *, seed: int = 0) -> Learned:
    """Learn a router from a log.

    Args:
        rows: Its graded answers.
        learner: Makes a router that is not fitted; it is fitted on battles of `"strong"` and `"weak"`.
        seed: Draws folds, rows and the intervals' resamples.

    Raises:
        DataError: If there are too few requests, all are of one model, or they cannot teach the router.
    """
    keys = np.unique([prompt_key(prompt) for prompt in rows.prompts], return_inverse=True)[1]
    n_distinct = int(keys.max()) + 1
    if n_distinct < _FOLDS * LEAST_PROMPTS:
        raise DataError(
            f"a router must be learned from {_FOLDS * LEAST_PROMPTS} distinct graded requests or more, "
            f"better some hundreds, got {n_distinct}; wait for more of the log, or shadow a larger share"
        )
    if not rows.both.any() and rows.strong.all() | ~rows.strong.any():
        raise DataError("a router must be learned from graded answers of both models, got one model's alone")
    folds = (np.random.default_rng(seed).permutation(n_distinct) % _FOLDS)[keys]
    old = rows.routed_strong.astype(np.float64)
    new = np.empty(len(rows))
    for fold in range(_FOLDS):
        told, asked = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        fitted = _fitted(rows.some(told), learner, seed)
        scores = fitted.win_probability([rows.prompts[row] for row in asked.tolist()])
        new[asked] = _largest(scores, round(float(old[asked].sum())))
    router = _fitted(rows, learner, seed)
    others = rows.others if len(rows.others) >= _LEAST_OTHERS else ()
    scores = router.win_probability(others or rows.prompts)
    share = float(old.mean())
    random = np.full(len(rows), share)
    over_old = value_difference(rows, new, old, seed=seed)
    report = LearnReport(
        n=len(rows),
        n_both=int(rows.both.sum()),
        strong_fraction=share,
        threshold=float(np.clip(np.quantile(scores, 1 - share), 0, 1)),
        over_old=over_old,
        over_random=value_difference(rows, new, random, seed=seed),
        old_over_random=value_difference(rows, old, random, seed=seed),
        better=over_old.low is not None and over_old.low > 0,
        left_out=dict(rows.left_out),
        n_others=len(others),
    )
    return Learned(router, report)


def _fitted(rows: LoggedFeedback, learner: Callable[[], Learner], seed: int) -> Router:
    router: Router = learner().fit(weighted_battles(rows, seed=seed), progress=False)
    return router


def _largest(scores: Floats, count: int) -> Floats:
    sent = np.zeros(len(scores))
    sent[np.argsort(-scores, kind="stable")[:count]] = 1.0
    return sent


def _shown(found: Estimate) -> str:
    if found.value is None or found.interval is None:
        return "unknown"
    return f"{found.value:+.4f} ({found.interval[0]:+.4f} to {found.interval[1]:+.4f})"
