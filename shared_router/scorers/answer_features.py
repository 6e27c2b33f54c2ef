"""A scorer that learns from graded answers what a good one looks like: numpy alone, half a millisecond.

It reads sixty columns of the answer beside its question (`scorers.answer_columns`), the form of the question
(`text_features`) and an embedding of both; `scorers.answer_head` gives its formula. It says what answers like
this one were worth, not whether this one is true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, embedder_of
from shared_router.errors import DataError, InvalidInputError, NotFittedError
from shared_router.progress import with_progress
from shared_router.scorers.answer_columns import answer_columns
from shared_router.scorers.answer_head import AnswerHead, Floats, fit_answer_head
from shared_router.scorers.given_answer import GivenAnswer, first_answer
from shared_router.scorers.graded_answers import graded_answers
from shared_router.scorers.own_praise import without_own_praise
from shared_router.text import clean
from shared_router.text_features import FEATURE_NAMES, text_features

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.records.outcomes import Outcomes

MIN_ROWS = 30


class AnswerFeatures:
    """Judge one model's answers by their form, numbers, sums and words.

    Use `Agreement` where further samples cost next to nothing, and `Check` where a program can tell.

    Args:
        embedder: What embeds questions and answers, or the name of a shipped one; None reads columns alone.

    Attributes:
        model: Whose answers it learned from; None before `fit`.
        left_out_: P(good enough) of each prompt's answer in the outcomes given to `fit`, by the fit without
            that answer, shape (n,): what to choose a threshold on. 0 for one that no scorer is shown, such as
            a refusal; NaN where the text or a grade is missing. None after `load`.
    """

    name = "answer-features"
    n_answers = 1
    reads: tuple[()] = ()

    def __init__(self, embedder: Embedder | str | None = DEFAULT_EMBEDDER) -> None:
        self._given_embedder = embedder
        self.blocking = not isinstance(embedder, (str, type(None))) and bool(
            getattr(embedder, "blocking", True)
        )
        self.model: str | None = None
        self.head_: AnswerHead | None = None
        self.left_out_: Floats | None = None

    @cached_property
    def embedder(self) -> Embedder | None:
        """What embeds questions and answers."""
        return None if self._given_embedder is None else embedder_of(self._given_embedder)

    def __repr__(self) -> str:
        """Show whose answers it judges."""
        return f"AnswerFeatures(model={self.model!r})"

    def fit(
        self, outcomes: Outcomes, *, model: str, strong: str | None = None, progress: bool = True
    ) -> Self:
        """Learn from graded answers.

        Args:
            outcomes: Prompts, answers and grades.
            model: Whose answers to judge.
            strong: The model that is asked where they will not do. With it an answer is good enough where its
                grade is no lower than the strong model's, and answers are ranked by what is lost; None takes
                the grade itself.
            progress: Whether to show a bar on a terminal, where it takes more than two seconds.

        Returns:
            This scorer.

        Raises:
            UnknownNameError: If there is no such model.
            InvalidInputError: If `strong` is `model`.
            DataError: If fewer than 30 answers have a text and all grades, or none or all are good enough.
        """
        graded = graded_answers(outcomes, model=model, strong=strong)
        if len(graded.questions) < MIN_ROWS:
            raise DataError(
                f"AnswerFeatures needs {MIN_ROWS} graded answers with their text, got "
                f"{len(graded.questions)} of {model}; collect more"
            )
        if np.ptp(graded.good) == 0:
            raise DataError(f"answers must differ in being good enough, and all {len(graded.good)} are alike")
        columns, embeddings = self._inputs(graded.questions, graded.answers, progress=progress)
        self.head_, left_out = fit_answer_head(columns, embeddings, graded.lost, graded.good)
        self.left_out_ = np.full(len(outcomes), np.nan)
        self.left_out_[graded.unusable], self.left_out_[graded.rows] = 0.0, left_out
        self.model = model
        return self

    def good_enough(self, question: str, answers: Sequence[GivenAnswer | str]) -> float:
        """Return P(the first answer is good enough), in (0, 1).

        Raises:
            NotFittedError: If it has learned nothing yet.
        """
        return float(self.good_enough_each([question], [first_answer(answers).text])[0])

    def good_enough_each(self, questions: Sequence[str], answers: Sequence[str]) -> Floats:
        """Return P(good enough) of one answer to each of n questions, shape (n,).

        Raises:
            NotFittedError: If it has learned nothing yet.
            InvalidInputError: If there are not as many answers as questions.
        """
        if self.head_ is None:
            raise NotFittedError("AnswerFeatures must learn before it is asked; call fit or load")
        if len(questions) != len(answers):
            raise InvalidInputError(
                f"answers must be one for each question ({len(questions)}), got {len(answers)}"
            )
        if not len(questions):
            return np.zeros(0)
        return self.head_.good_enough(*self._inputs(questions, answers, progress=False))

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads; returns the SHA-256 that pins it.

        Raises:
            NotFittedError: If it has learned nothing yet.
            ArtifactExistsError: If the folder holds a checkpoint and `overwrite` is false, or anything else.
            ArtifactWriteError: If there is no room or no permission.
        """
        from shared_router.scorers.saved_scorer import save_scorer

        if self.head_ is None:
            raise NotFittedError("AnswerFeatures must learn before it is saved; call fit")
        given = self._given_embedder
        settings = {
            "model": self.model,
            "bias": self.head_.bias,
            "columns": list(COLUMNS),
            "embedder": given if given is None or isinstance(given, str) else "",
        }
        tensors = {name: getattr(self.head_, name) for name in _TENSORS}
        return save_scorer(folder, self, Artifact("", settings, tensors), overwrite=overwrite)

    @classmethod
    def load(
        cls, folder: str | Path, *, embedder: Embedder | None = None, expected_sha256: str | None = None
    ) -> Self:
        """Read a scorer from the folder that `save` wrote.

        Args:
            folder: The checkpoint.
            embedder: What it learned with, where that is not a shipped one.
            expected_sha256: The hash that `save` returned, kept where you trust it.

        Raises:
            ArtifactError: If the folder is missing, damaged, another kind of scorer's, or learned other
                columns or with another embedder.
        """
        from shared_router.scorers.saved_scorer import read_scorer

        return read_scorer(
            folder,
            cls.name,
            lambda artifact: cls._of(artifact.settings, artifact.tensors, embedder),
            expected_sha256=expected_sha256,
        )

    @classmethod
    def _of(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        if settings["columns"] != list(COLUMNS):
            raise InvalidInputError("its columns must be those of this version; fit it again")
        if embedder is None and settings["embedder"] == "":
            raise InvalidInputError("load must be given the embedder that it learned with")
        scorer = cls(settings["embedder"] if embedder is None else embedder)
        scorer.head_ = AnswerHead(**tensors, bias=settings["bias"])
        scorer.model = settings["model"]
        return scorer

    def _inputs(
        self, questions: Sequence[str], answers: Sequence[str], *, progress: bool
    ) -> tuple[Floats, Floats]:
        """Return columns, shape (n, k), and embeddings, shape (n, d)."""
        pairs: Iterable[tuple[str, str]] = zip(questions, answers, strict=True)
        if progress:
            pairs = with_progress(pairs, shown=True, desc="reading answers", total=len(questions))
        found = [list(answer_columns(*pair).values()) for pair in pairs]
        columns = np.concatenate([np.array(found), text_features(questions)], axis=1)
        if self.embedder is None:
            return columns, np.zeros((len(questions), 0))
        said = [without_own_praise(clean(answer)) for answer in answers]
        both = [self.embedder.embed(texts).astype(np.float64) for texts in (questions, said)]
        return columns, np.concatenate(both, axis=1)


COLUMNS = (*answer_columns("", ""), *(f"question_{name}" for name in FEATURE_NAMES))
_TENSORS = tuple(field.name for field in fields(AnswerHead) if field.name != "bias")
