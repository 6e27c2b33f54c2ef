"""What a log says of how good answers were, as columns to learn from.

A row is a request with a grade of one model's answer and the chance that this model had to give it, or with
grades of both models' answers. One source's word counts for no more than ten times what the middle one says:
somebody who floods the log with thumbs, honest or not, is one voice among the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.proof.comparing import JUDGE
from shared_router.telemetry import Feedback, LoggedDecision
from shared_router.text import prompt_key

Floats = NDArray[np.float64]

_MOST_OF_MIDDLE = 10.0
_MOST_OTHERS = 5000
_HASHES_ALONE = (
    "a log to learn from must hold the prompts, and this one keeps their hashes alone: log with "
    'DecisionLog(path, log_prompts=True), or give --prompts FILE with the columns "id" and "prompt"'
)


@dataclass(frozen=True, slots=True, eq=False)
class LoggedFeedback:
    """n requests whose answers were graded.

    Attributes:
        prompts: Their questions. Not in the repr.
        strong: Whether the strong model answered, shape (n,).
        score: The answer's grade, in [0, 1].
        other_score: The other model's grade on the same request; NaN where it was not asked.
        propensity: P(the model that answered was chosen), in (0, 1].
        routed_strong: Whether the policy of the log sends such a request strong where it explores nothing.
        win_probability: What its router said, in [0, 1]; NaN where it was not asked.
        weights: How much each row counts, in (0, 1]; less where one source says much.
        others: The questions of further scored decisions, the latest ones, which teach nothing and say what
            the traffic is like. Not in the repr.
        left_out: How many decisions are not among them, by the reason.
    """

    prompts: Sequence[str] = field(repr=False)
    strong: NDArray[np.bool_] = field(repr=False)
    score: Floats = field(repr=False)
    other_score: Floats = field(repr=False)
    propensity: Floats = field(repr=False)
    routed_strong: NDArray[np.bool_] = field(repr=False)
    win_probability: Floats = field(repr=False)
    weights: Floats = field(repr=False)
    others: Sequence[str] = field(default=(), repr=False)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count the requests."""
        return len(self.prompts)

    @property
    def both(self) -> NDArray[np.bool_]:
        """Which rows have grades of both models, shape (n,)."""
        known: NDArray[np.bool_] = ~np.isnan(self.other_score)
        return known

    def some(self, rows: NDArray[np.intp]) -> LoggedFeedback:
        """Return some of the rows, by their places."""
        return LoggedFeedback(
            prompts=[self.prompts[row] for row in rows.tolist()],
            strong=self.strong[rows],
            score=self.score[rows],
            other_score=self.other_score[rows],
            propensity=self.propensity[rows],
            routed_strong=self.routed_strong[rows],
            win_probability=self.win_probability[rows],
            weights=self.weights[rows],
            others=self.others,
        )


def logged_feedback(
    decisions: Sequence[LoggedDecision], *, strong: str = "strong", prompts: Mapping[str, str] | None = None
) -> LoggedFeedback:
    """Return what a log teaches of two models.

    Args:
        decisions: The decisions, as `read_log` gives them.
        strong: The strong model's name; every other is the weaker one.
        prompts: Questions by decision id, where the log keeps none.

    Raises:
        DataError: If the log is of other models, holds no prompt, or no row that tells of both models.
    """
    models = {row.model for row in decisions} | {s.model for row in decisions for s in row.shadows}
    if len(models) > 1 and strong not in models:
        raise DataError(
            f"the strong model must be one of {sorted(models)}, got {strong!r}; say --strong NAME"
        )
    left_out: Counter[str] = Counter()
    counts = _source_counts(decisions)
    rows = []
    for each in decisions:
        row = _row(each, strong, prompts or {}, counts)
        if isinstance(row, str):
            left_out[row] += 1
        else:
            rows.append(row)
    if not rows and left_out[_NO_PROMPT]:
        raise DataError(_HASHES_ALONE)
    if not rows:
        raise DataError(
            "a log to learn from must hold graded answers of both models: shadows with a judge, "
            f"Shadow(share=0.02, judge=...), or feedback on a policy that explores; got {dict(left_out)}"
        )
    prompts_, strong_, score, other, propensity, routed, said, weights = zip(*rows, strict=True)
    return LoggedFeedback(
        prompts=list(prompts_),
        strong=np.array(strong_, dtype=np.bool_),
        score=np.array(score, dtype=np.float64),
        other_score=np.array(other, dtype=np.float64),
        propensity=np.array(propensity, dtype=np.float64),
        routed_strong=np.array(routed, dtype=np.bool_),
        win_probability=np.array(said, dtype=np.float64),
        weights=np.array(weights, dtype=np.float64),
        others=_others(decisions, prompts or {}, prompts_),
        left_out=dict(left_out),
    )


_NO_PROMPT = "no prompt"
_Row = tuple[str, bool, float, float, float, bool, float, float]


def _row(
    row: LoggedDecision, strong: str, prompts: Mapping[str, str], counts: Mapping[str, float]
) -> _Row | str:
    if row.outcome != "answered" or row.reason.startswith("fallback:"):
        return "not answered as it was decided"
    shadow = next((s for s in row.shadows if (s.model == strong) != (row.model == strong)), None)
    both = shadow is not None and shadow.score is not None and bool(row.feedback)
    by = [each for each in row.feedback if (each.source == JUDGE) == both] or list(row.feedback)
    if not by:
        return "no grade"
    if not both and row.model != row.routed:  # by a budget or a plan: the chance is the other model's
        return "not answered as it was decided"
    if not both and row.propensity == 1:
        return "a grade of an answer that had to be: the other model had no chance"
    prompt = row.prompt or prompts.get(row.id)
    if prompt is None or not prompt.strip():
        return _NO_PROMPT
    weights = np.array([min(1.0, counts["most"] / counts[each.source]) for each in by])
    score = float(weights @ np.array([each.score for each in by]) / weights.sum())
    scored = row.win_probability is not None
    return (
        prompt,
        row.model == strong,
        score,
        float(shadow.score) if both and shadow is not None and shadow.score is not None else np.nan,
        row.propensity,
        row.win_probability >= row.threshold if row.win_probability is not None else row.routed == strong,
        row.win_probability if scored and row.win_probability is not None else np.nan,
        float(weights.max()),
    )


def _others(
    decisions: Sequence[LoggedDecision], prompts: Mapping[str, str], taught: Sequence[str]
) -> list[str]:
    """Return the latest scored questions that are none of those that teach."""
    known = {prompt_key(prompt) for prompt in taught}
    found: list[str] = []
    for row in reversed(decisions):
        prompt = row.prompt or prompts.get(row.id) or ""
        if row.win_probability is not None and prompt.strip() and prompt_key(prompt) not in known:
            found.append(prompt)
            if len(found) == _MOST_OTHERS:
                break
    return found


def _source_counts(decisions: Sequence[LoggedDecision]) -> dict[str, float]:
    """Return how often each source spoke, and under `"most"` for how much one may count."""
    words: list[Feedback] = [each for row in decisions for each in row.feedback]
    counts = Counter(each.source for each in words if each.source != JUDGE)
    most = _MOST_OF_MIDDLE * float(np.median(list(counts.values()))) if counts else np.inf
    return {**{source: float(count) for source, count in counts.items()}, "most": most, JUDGE: 1.0}
