"""How good each of two models' several answers are, as arrays that Hybrid-LLM's labels are made of.

Qualities are grades that outcomes hold, or come of a function over their answers: a grader
(`labels.grading`), BARTScore (`labels.bart_score`), or one of your own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import DataError, InvalidInputError
from shared_router.labels.hybrid import HybridLabels, LabelKind, hybrid_labels
from shared_router.records.outcomes import Outcomes

Floats = NDArray[np.float64]
OneQuality = Callable[[str, str, str | None], float]
"""Takes a prompt, an answer and the prompt's reference or None; returns a finite number, more is better."""


@runtime_checkable
class ManyQualities(Protocol):
    """What judges many answers at once, as a model does that reads in batches."""

    def qualities(
        self, prompts: Sequence[str], answers: Sequence[str], references: Sequence[str | None]
    ) -> Floats:
        """Return each answer's quality, shape (n,), more is better."""


Quality = Literal["score"] | OneQuality | ManyQualities


@dataclass(frozen=True, slots=True, eq=False)
class SampledQualities:
    """Several answers' qualities of two models.

    Attributes:
        queries: The n prompts that have enough answers. Not in the repr.
        strong: The strong model's qualities, shape (n, samples).
        weak: The weak model's, shape (n, samples); the number may be another.
        rows: Where each prompt stands in the outcomes, shape (n,).
        left_out: How many prompts have too few answers of a model.
    """

    queries: list[str] = field(repr=False)
    strong: Floats = field(repr=False)
    weak: Floats = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    left_out: int

    def labels(self, kind: LabelKind = "trans") -> HybridLabels:
        """Return P(strong needed) of each prompt, and t; see `hybrid_labels`."""
        return hybrid_labels(self.strong, self.weak, kind)


def sampled_qualities(
    outcomes: Outcomes,
    *,
    strong: str,
    weak: str,
    quality: Quality = "score",
    references: Sequence[str | None] | None = None,
    samples: int | tuple[int, int] | None = None,
) -> SampledQualities:
    """Gather the qualities of several answers of two models to each prompt.

    Args:
        outcomes: Prompts with grades (`sample_scores`), or with answers and further ones (`samples`).
        strong: The strong model's name.
        weak: The weak model's name.
        quality: `"score"` takes the grades; else what judges an answer.
        references: The right answer to each prompt, as the outcomes' prompts; None has none.
        samples: How many answers to take of each model, or of the strong and of the weak one; a prompt with
            fewer is left out, and of more the first are taken. None takes as many as every prompt has that
            both have answered.

    Raises:
        DataError: If no prompt has enough, or a quality is no finite number.
        InvalidInputError: If `samples` is not >= 1, the references are not as many as the prompts, or the
            quality is no function.
        UnknownNameError: If there is no such model.
    """
    if references is not None and len(references) != len(outcomes):
        raise InvalidInputError(
            f"references must have one entry per prompt ({len(outcomes)}), got {len(references)}"
        )
    if quality != "score" and not (callable(quality) or isinstance(quality, ManyQualities)):
        raise InvalidInputError(
            f'quality must be "score" or a function of prompt, answer and reference, got {shown(quality)}; '
            "a grader by its name is labels.grading.grader(name)"
        )
    counts = _counts(samples)
    both = {model: _answers_of(outcomes, model, quality) for model in (strong, weak)}
    lengths = np.array([[len(each) for each in both[model]] for model in (strong, weak)])  # (2, n)
    answered = np.flatnonzero(lengths.min(axis=0) > 0)
    if not len(answered):
        raise DataError(
            f"labels need prompts that both {strong!r} and {weak!r} have answered, got none with "
            f"{'a grade' if quality == 'score' else 'an answer'} of both"
        )
    needed = lengths[:, answered].min(axis=1) if counts is None else np.array(counts)
    rows = np.flatnonzero((lengths >= needed[:, None]).all(axis=0))
    if not len(rows):
        most = lengths[:, answered].max(axis=1).tolist()
        raise DataError(
            f"no prompt has {needed[0]} answers of {strong!r} and {needed[1]} of {weak!r}, got at most "
            f"{most[0]} and {most[1]}; take fewer samples"
        )
    kept = [None if references is None else references[row] for row in rows.tolist()]
    queries = [outcomes.prompts[row] for row in rows.tolist()]
    of_strong, of_weak = (
        _judged([both[model][row][:count] for row in rows.tolist()], queries, kept, quality)
        for model, count in zip((strong, weak), needed.tolist(), strict=True)
    )
    return SampledQualities(queries, of_strong, of_weak, rows, len(outcomes) - len(rows))


def _counts(samples: int | tuple[int, int] | None) -> tuple[int, int] | None:
    if samples is None:
        return None
    pair = (samples, samples) if isinstance(samples, int) else tuple(samples)
    if len(pair) != 2 or not all(isinstance(each, int) and each >= 1 for each in pair):
        raise InvalidInputError(f"samples must be a whole number >= 1, or two, got {shown(samples)}")
    return pair


def _answers_of(
    outcomes: Outcomes, model: str, quality: Quality
) -> list[tuple[float, ...]] | list[tuple[str, ...]]:
    """Return a model's grades, or its answers, the first one first; none where it has none."""
    if quality == "score":
        return outcomes.sample_scores_of(model)
    firsts = outcomes.answers(model)
    return [
        (*(() if first is None else (first,)), *further)
        for first, further in zip(firsts, outcomes.samples_of(model), strict=True)
    ]


def _judged(
    answers: list[tuple[float, ...]] | list[tuple[str, ...]],
    queries: Sequence[str],
    references: Sequence[str | None],
    quality: Quality,
) -> Floats:
    """Return the qualities of as many answers to each prompt, shape (n, samples)."""
    if quality == "score":
        return np.array(answers, dtype=np.float64)
    width = len(answers[0])
    flat = [str(answer) for each in answers for answer in each]
    prompts = [query for query in queries for _ in range(width)]
    rights = [reference for reference in references for _ in range(width)]
    if isinstance(quality, ManyQualities):
        found = np.asarray(quality.qualities(prompts, flat, rights), dtype=np.float64)
        if found.shape != (len(flat),):
            raise DataError(f"qualities must be one number an answer ({len(flat)}), got {found.shape}")
    else:
        found = np.array(
            [_number(quality(*each)) for each in zip(prompts, flat, rights, strict=True)], dtype=np.float64
        )
    if not np.isfinite(found).all():
        row = int(np.flatnonzero(~np.isfinite(found))[0]) // width
        raise DataError(
            f"a quality must be a finite number, got NaN or infinity for prompt {row} of those left"
        )
    return found.reshape(len(answers), width)


def _number(value: object) -> float:
    if not isinstance(value, (Real, np.bool_)):
        raise DataError(f"a quality must be a number, got {type(value).__name__}")
    return float(value)
