"""A scorer that asks again: where a model's samples agree, its answer is mostly right.

Self-consistency (Wang et al., arXiv 2203.11171) as a cascade's signal, as Yue et al. (arXiv 2310.03094) use
it: P(good enough) grows with the share of samples that say what most say. No answer is run: code is compared
by what it prints where `key` runs it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shared_router.checkpoints.artifact import Artifact
from shared_router.choices import is_number, is_whole, shown
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, embedder_of
from shared_router.errors import DataError, InvalidInputError, NotFittedError
from shared_router.scorers.answer_key import answer_key, last_numbers, says_something
from shared_router.scorers.given_answer import GivenAnswer, given_answers
from shared_router.scorers.protocol import Score
from shared_router.scorers.unusable import why_unusable

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.records.outcomes import Outcomes

Key = Callable[[str, str], "str | None"]
"""`(question, answer) -> what the answer comes to`, None where only its meaning can compare it."""

MIN_ROWS = 30
_PRIOR = 2.0
"""How many rows of average outcome are added to each share of agreement."""


class Agreement:
    """Judge an answer by how many further samples say the same.

    Sampling pays where a sample costs about a hundredth of the strong model's answer; at a twentieth read the
    one answer instead (`AnswerFeatures`). The model must be asked with a temperature above 0.

    Args:
        n_answers: How many answers to ask for, >= 2; a plan asks for fewer where the rest cannot change its
            decision.
        key: What an answer comes to; by default JSON, options, dates, numbers and a few words are told.
        embedder: What compares answers without a key, or the name of a shipped one.
        nearness: The cosine from which two such answers count as one, in [-1, 1].

    Attributes:
        model: Whose answers it learned from; None before `fit`: anybody's.
        by_agreeing_: P(good enough) where 1, 2, ... `n_answers` agree, rising; None before `fit`, when the
            share itself is the score.
    """

    name = "agreement"
    reads: tuple[()] = ()

    def __init__(
        self,
        n_answers: int = 3,
        *,
        key: Key = answer_key,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        nearness: float = 0.8,
    ) -> None:
        if not is_whole(n_answers) or n_answers < 2:
            raise InvalidInputError(f"n_answers must be a whole number >= 2, got {shown(n_answers)}")
        if not (is_number(nearness) and -1 <= nearness <= 1):
            raise InvalidInputError(f"nearness must be in [-1, 1], got {shown(nearness)}")
        self.n_answers = n_answers
        self.key = key
        self.nearness = nearness
        self._given_embedder = embedder
        self.blocking = key is not answer_key or not isinstance(embedder, str)
        self.model: str | None = None
        self.by_agreeing_: NDArray[np.float64] | None = None

    @cached_property
    def embedder(self) -> Embedder:
        """What compares answers without a key."""
        return embedder_of(self._given_embedder)

    def good_enough(self, question: str, answers: Sequence[GivenAnswer | str]) -> Score:
        """Return P(good enough) of the answer that most samples give, and which that is.

        A sample that is missing, empty, cut short or a refusal agrees with none.
        """
        agreeing, first = _largest(self.groups(question, answers))
        return Score(
            self._probability(agreeing), reason=f"{agreeing} of {self.n_answers} agree", answer=first
        )

    def possible_scores(
        self, question: str, answers: Sequence[GivenAnswer | str], *, n_more: int
    ) -> tuple[float, float]:
        """Return the score if none of `n_more` further answers agrees, and if all do."""
        agreeing, _ = _largest(self.groups(question, answers))
        most = min(max(agreeing, 0) + n_more, self.n_answers)
        return self._probability(agreeing), self._probability(max(most, agreeing))

    def groups(self, question: str, answers: Sequence[GivenAnswer | str]) -> list[int]:
        """Return which answers are one answer: a number for each, equal where they are; -1 for no answer."""
        given = given_answers(answers)[: self.n_answers]
        usable = [not why_unusable(answer) and says_something(answer.text) for answer in given]
        keys = [self.key(question, each.text) if ok else None for each, ok in zip(given, usable, strict=True)]
        found, of_key = [-1] * len(given), dict[str, int]()
        for place, key in enumerate(keys):
            if key is not None:
                found[place] = of_key.setdefault(key, len(of_key))
        prose = [place for place, key in enumerate(keys) if key is None and usable[place]]
        if prose:
            alike = self._alike([given[place].text for place in prose])
            for place, group in zip(prose, alike, strict=True):
                found[place] = len(of_key) + group
        return found

    def fit(self, outcomes: Outcomes, *, model: str, strong: str | None = None) -> Self:
        """Learn what agreement is worth from prompts with samples and grades.

        Each prompt's answer and samples are read in order, and its grade is taken for the answer of most.

        Args:
            outcomes: Prompts, with `samples` of the model, and grades.
            model: Whose samples.
            strong: As `AnswerFeatures.fit` reads it.

        Returns:
            This scorer.

        Raises:
            DataError: If fewer than 30 prompts have `n_answers` samples and all grades.
        """
        own, texts, samples = outcomes.scores(model), outcomes.answers(model), outcomes.samples_of(model)
        best = np.ones(len(own)) if strong is None else outcomes.scores(strong)
        agreeing, good = [], []
        for row, text in enumerate(texts):
            every = [*([] if text is None else [text]), *samples[row]]
            if len(every) >= self.n_answers and not np.isnan(own[row] - best[row]):
                agreeing.append(_largest(self.groups(outcomes.prompts[row], every))[0])
                good.append(own[row] if strong is None else float(own[row] >= best[row]))
        if len(good) < MIN_ROWS:
            raise DataError(
                f"Agreement needs {MIN_ROWS} graded prompts with {self.n_answers} answers each, "
                f"got {len(good)}"
            )
        self.by_agreeing_ = _rising(np.array(agreeing), np.array(good), self.n_answers)
        self.model = model
        return self

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads; returns the SHA-256 that pins it.

        Raises:
            NotFittedError: If it has learned nothing; and an ArtifactError as `AnswerFeatures.save`.
        """
        from shared_router.scorers.saved_scorer import save_scorer

        if self.by_agreeing_ is None:
            raise NotFittedError("Agreement must learn before it is saved; call fit")
        settings = {"n_answers": self.n_answers, "nearness": self.nearness, "model": self.model}
        artifact = Artifact("", settings, {"by_agreeing": self.by_agreeing_})
        return save_scorer(folder, self, artifact, overwrite=overwrite)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        key: Key = answer_key,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        expected_sha256: str | None = None,
    ) -> Self:
        """Read a scorer from the folder that `save` wrote; `key` and `embedder` are those it learned with."""
        from shared_router.scorers.saved_scorer import read_scorer

        return read_scorer(
            folder,
            cls.name,
            lambda artifact: cls._of(artifact, key, embedder),
            expected_sha256=expected_sha256,
        )

    @classmethod
    def _of(cls, artifact: Artifact, key: Key, embedder: Embedder | str) -> Self:
        settings, tensors = artifact.settings, artifact.tensors
        scorer = cls(settings["n_answers"], key=key, embedder=embedder, nearness=settings["nearness"])
        known, scorer.model = tensors["by_agreeing"], settings["model"]
        if known.shape != (scorer.n_answers,) or np.diff(known, prepend=0.0, append=1.0).min() < 0:
            raise InvalidInputError("it must hold n_answers probabilities in [0, 1] that never fall")
        scorer.by_agreeing_ = known
        return scorer

    def _probability(self, agreeing: int) -> float:
        if agreeing < 1:
            return 0.0
        if self.by_agreeing_ is None:
            return agreeing / self.n_answers
        return float(self.by_agreeing_[agreeing - 1])

    def _alike(self, texts: list[str]) -> list[int]:
        """Put each text to the first group whose first text is near and says its numbers, or to its own."""
        rows, numbers = self.embedder.embed(texts).astype(np.float64), [last_numbers(text) for text in texts]
        found, first = [], list[int]()
        for place, row in enumerate(rows):
            near = [
                group
                for group, start in enumerate(first)
                if rows[start] @ row >= self.nearness and numbers[start] == numbers[place]
            ]
            found.append(near[0] if near else len(first))
            if not near:
                first.append(place)
        return found


def _largest(groups: Sequence[int]) -> tuple[int, int]:
    """Return how many answers the largest group has, and the place of its first; 0 and 0 where there is none.

    Of equal groups the one that began first counts.
    """
    counts = Counter(group for group in groups if group >= 0)
    if not counts:
        return 0, 0
    group, agreeing = counts.most_common(1)[0]
    return agreeing, groups.index(group)


def _rising(agreeing: NDArray[np.int64], good: NDArray[np.float64], n_answers: int) -> NDArray[np.float64]:
    """Return the mean of `good` for each number that agrees, drawn to the mean of all, and never falling."""
    mean = good.mean()
    values, weights = [], []
    for count in range(1, n_answers + 1):
        chosen = good[agreeing == count]
        values.append((chosen.sum() + _PRIOR * mean) / (len(chosen) + _PRIOR))
        weights.append(len(chosen) + _PRIOR)
    blocks: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append((value, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (a, wa, na), (b, wb, nb) = blocks[-2:]
            blocks[-2:] = [((a * wa + b * wb) / (wa + wb), wa + wb, na + nb)]
    return np.concatenate([np.full(n, value) for value, _, n in blocks])
