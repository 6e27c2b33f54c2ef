"""A scorer that reads how sure the model was of each token it wrote, where its provider says so.

Language models know roughly what they know (Kadavath et al., arXiv 2207.05221); cascades by the mean and by
quantiles of token probabilities are those of Gupta et al. (arXiv 2404.10136).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.errors import DataError, InvalidInputError, NotFittedError
from shared_router.scorers.answer_head import AnswerHead, fit_answer_head
from shared_router.scorers.given_answer import GivenAnswer, first_answer, given_answers
from shared_router.scorers.protocol import Reads

if TYPE_CHECKING:
    from typing_extensions import Self

MIN_ROWS = 30
COLUMNS = ("mean", "least", "tenth", "perplexity", "margin", "least_margin", "unsure_share", "log_tokens")
_LEAST = -20.0
"""Providers write what is less likely as -100, -9999 or minus infinity."""
_UNSURE = float(np.log(0.5))


class TokenConfidence:
    """Judge an answer by its tokens' log-probabilities: mean, least, perplexity, and margin to the runner-up.

    A model that was tuned to please is sure of much that is wrong, so fit it on graded answers; before `fit`
    the score is the tokens' geometric mean probability, which ranks but is no P(good enough).

    Attributes:
        model: Whose answers it learned from; None before `fit`: anybody's.
        left_out_: P(good enough) of each answer it learned from, by the fit without it; None after `load`.
    """

    name = "token-confidence"
    n_answers = 1
    blocking = False
    reads: tuple[Reads, ...] = ("token_log_probabilities",)

    def __init__(self) -> None:
        self.model: str | None = None
        self.head_: AnswerHead | None = None
        self.left_out_: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        """Show whose answers it judges."""
        return f"TokenConfidence(model={self.model!r})"

    def good_enough(self, question: str, answers: Sequence[GivenAnswer | str]) -> float:
        """Return P(the first answer is good enough), in [0, 1].

        Raises:
            InvalidInputError: If the answer holds no log-probabilities, or some that are none.
        """
        del question
        columns = confidence_columns(first_answer(answers))
        if self.head_ is None:
            return float(np.exp(columns[0]))
        return float(self.head_.good_enough(columns[None], _NO_EMBEDDING)[0])

    def fit(self, answers: Sequence[GivenAnswer], good: Sequence[float], *, model: str | None = None) -> Self:
        """Learn from graded answers of one model.

        Args:
            answers: n answers with log-probabilities.
            good: Whether each is good enough, n numbers in [0, 1].
            model: Whose answers they are; None takes the answers' own, where they have one.

        Returns:
            This scorer.

        Raises:
            InvalidInputError: If an answer holds no log-probabilities.
            DataError: If there are fewer than 30, not as many grades, one outside [0, 1], or all are alike.
        """
        given, graded = given_answers(answers), np.asarray(good, dtype=np.float64)
        if len(given) < MIN_ROWS or graded.shape != (len(given),):
            raise DataError(
                f"TokenConfidence needs {MIN_ROWS} answers or more and a grade of each, got {len(given)} and "
                f"{graded.size}"
            )
        if not np.all((graded >= 0) & (graded <= 1)) or np.ptp(graded) == 0:
            raise DataError("grades must be in [0, 1] and differ, got others or all alike")
        names = {answer.model for answer in given}
        columns = np.stack([confidence_columns(answer) for answer in given])
        nothing = np.zeros((len(given), 0))
        self.head_, self.left_out_ = fit_answer_head(columns, nothing, 1 - graded, graded)
        self.model = model if model is not None or len(names) > 1 else names.pop()
        return self

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads; returns the SHA-256 that pins it.

        Raises:
            NotFittedError: If it has learned nothing yet.
            ArtifactError: As `AnswerFeatures.save`.
        """
        from shared_router.scorers.saved_scorer import save_scorer

        if self.head_ is None:
            raise NotFittedError("TokenConfidence must learn before it is saved; call fit")
        tensors = {name: getattr(self.head_, name) for name in _TENSORS}
        artifact = Artifact("", {"model": self.model, "bias": self.head_.bias}, tensors)
        return save_scorer(folder, self, artifact, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path, *, expected_sha256: str | None = None) -> Self:
        """Read a scorer from the folder that `save` wrote.

        Raises:
            ArtifactError: If the folder is missing, damaged or another kind of scorer's.
        """
        from shared_router.scorers.saved_scorer import read_scorer

        return read_scorer(
            folder,
            cls.name,
            lambda artifact: cls._of(artifact.settings, artifact.tensors),
            expected_sha256=expected_sha256,
        )

    @classmethod
    def _of(cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Self:
        scorer = cls()
        scorer.head_ = AnswerHead(**tensors, bias=settings["bias"])
        scorer.model = settings["model"]
        return scorer


def confidence_columns(answer: GivenAnswer) -> NDArray[np.float64]:
    """Return an answer's columns, shape (8,), as `COLUMNS` names them.

    Margins are to the likeliest other token, and 0 where those are not known.

    Raises:
        InvalidInputError: If the answer holds no log-probabilities, or some that are none.
    """
    own = _checked("token_log_probabilities", answer.token_log_probabilities)
    if answer.runner_up_log_probabilities is None:
        margins = np.zeros(1)
    else:
        others = _checked("runner_up_log_probabilities", answer.runner_up_log_probabilities)
        if others.shape != own.shape:
            raise InvalidInputError(
                f"runner_up_log_probabilities must be one a token ({len(own)}), got {len(others)}"
            )
        margins = own - others
    mean = own.mean()
    return np.array(
        [
            mean,
            own.min(),
            np.quantile(own, 0.1),
            np.exp(-mean),
            margins.mean(),
            margins.min(),
            (own < _UNSURE).mean(),
            np.log1p(len(own)),
        ]
    )


def _checked(name: str, values: Sequence[float] | None) -> NDArray[np.float64]:
    if not values:
        raise InvalidInputError(f"an answer must hold {name}; ask the model to return them (logprobs)")
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{name} must be numbers, got others") from error
    if np.isnan(found).any() or (found > 1e-6).any():
        raise InvalidInputError(f"{name} must be logarithms of probabilities, <= 0, got others")
    return np.clip(found, _LEAST, 0.0)


_NO_EMBEDDING = np.zeros((1, 0))
_TENSORS = tuple(field.name for field in fields(AnswerHead) if field.name != "bias")
