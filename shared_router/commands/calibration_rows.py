"""What `routellm calibrate` chooses on: the data's prompts, scored by a router or by a cascade's scorer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared_router.errors import DataError
from shared_router.progress import with_progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shared_router.calibration.rows import Rows
    from shared_router.records.outcomes import Outcomes
    from shared_router.router import Router
    from shared_router.scorers.protocol import Scorer

_PROMPTS_A_PART = 1024
"""Prompts scored between two steps of the bar."""


@dataclass(frozen=True, slots=True)
class CalibrationData:
    """What the files hold: prompts, and where there are answers a table with the names of its two models."""

    prompts: Sequence[str] = field(repr=False)
    notes: tuple[str, ...]
    outcomes: Outcomes | None = None
    pair: tuple[str, str] | None = None


def routed_rows(data: CalibrationData, router: Router) -> Rows:
    """Ask a router about the prompts, and take the grades and dollars that every prompt has."""
    import numpy as np

    from shared_router.calibration.rows import asked_scores

    parts = range(0, len(data.prompts), _PROMPTS_A_PART)
    scores = np.concatenate(
        [
            asked_scores(router, data.prompts[start : start + _PROMPTS_A_PART], None)
            for start in with_progress(parts, shown=True, desc="scoring prompts")
        ]
    )
    return _rows(data, scores)


def judged_rows(data: CalibrationData, scorer: Scorer) -> tuple[CalibrationData, Rows]:
    """Ask a scorer about each weak answer, as a cascade would: its risk stands where a router's score does.

    Args:
        data: Prompts with both models' names; those without the text of the weak answer are left out.
        scorer: The scorer; one that wants several answers is given the samples that the data hold.

    Raises:
        DataError: If no prompt holds as many of the weak model's answers as the scorer wants.
        InvalidInputError: If the scorer judges another model's answers.
        ScorerOutputError: If it gives no probability.
    """
    import numpy as np

    from shared_router.scorers.checked import scorer_of
    from shared_router.scorers.given_answer import GivenAnswer

    outcomes, pair, asked = data.outcomes, data.pair, scorer_of(scorer)
    if outcomes is None or pair is None:
        raise DataError("a cascade's threshold is chosen on answers of two models, got prompts alone")
    weak = pair[1]
    name = None if asked.model == "weak" else weak  # what was fitted for the role fits any name
    texts, samples = outcomes.answers(weak), outcomes.samples_of(weak)
    every = [[*([] if text is None else [text]), *samples[row]] for row, text in enumerate(texts)]
    rows = [row for row, answers in enumerate(every) if len(answers) >= asked.n_answers]
    if not rows:
        wanted = "the answer" if asked.n_answers == 1 else f"{asked.n_answers} answers"
        raise DataError(
            f"a cascade's threshold is chosen on prompts with the text of {wanted} of {weak!r}, and none has "
            "it; routellm collect keeps answers"
        )
    risks = np.array(
        [
            1.0
            - asked.score(
                outcomes.prompts[row], [GivenAnswer(text, name) for text in every[row][: asked.n_answers]]
            ).value
            for row in with_progress(rows, shown=True, desc="scoring answers")
        ]
    )
    left_out, notes = len(outcomes) - len(rows), data.notes
    if left_out:
        notes += (f"left out, without the text of the weak answer: {left_out:,}",)
    kept = outcomes.select(rows)
    judged = CalibrationData(kept.prompts, notes, kept, pair)
    return judged, _rows(judged, risks)


def _rows(data: CalibrationData, scores: NDArray[np.float64]) -> Rows:
    import numpy as np

    from shared_router.calibration.outcome_rows import pair_dollars
    from shared_router.calibration.rows import Rows

    if data.outcomes is None or data.pair is None:
        return Rows(scores, data.prompts)
    grades = [data.outcomes.scores(model) for model in data.pair]
    known = not any(np.isnan(column).any() for column in grades)
    priced = pair_dollars(data.outcomes, *data.pair)
    return Rows(
        scores,
        data.prompts,
        *(grades if known else (None, None)),
        *((None, None) if priced is None else (priced.strong, priced.weak)),
    )
