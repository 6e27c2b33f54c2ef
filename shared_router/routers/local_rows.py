"""What a local router learns from: distinct prompts, and by how much the strong model was better on each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import DataError, InvalidInputError, UnknownNameError
from shared_router.preferences.data import PreferenceData
from shared_router.preferences.ties import WIN_SHARES, Ties
from shared_router.records.outcomes import Outcomes
from shared_router.text import prompt_key

Floats = NDArray[np.float64]

LEAST_PROMPTS = 20
"""Distinct prompts below which nothing is learned: no part of them can be held out."""

_TIE_WINS = {"weak": 0.0, "half": 0.5}


@dataclass(frozen=True)
class GradedRows:
    """n prompts, no two of which are equal (`prompt_key`).

    Attributes:
        prompts: The texts; none where they were not kept. Not in the repr.
        keys: A number for each prompt that equal ones share, shape (n,).
        gains: The strong model's grade less the weak one's, or 1, 0 and -1 for a win, a tie and a loss; the
            mean where a prompt was graded several times. Shape (n,), each in [-1, 1].
        wins: The share of wins, shape (n,), ties read as asked.
        counts: How often each was graded, or what its battles weigh in all, shape (n,).
    """

    prompts: Sequence[str] = field(repr=False)
    keys: NDArray[np.uint64]
    gains: Floats
    wins: Floats
    counts: Floats

    def __len__(self) -> int:
        """Count the prompts."""
        return len(self.gains)

    @property
    def weights(self) -> Floats:
        """How much each prompt counts, shape (n,), mean 1."""
        weights: Floats = self.counts / self.counts.mean()
        return weights

    def plus(self, other: GradedRows) -> tuple[GradedRows, NDArray[np.intp]]:
        """Join two lots of rows, equal prompts into one, without their texts.

        Args:
            other: Further rows.

        Returns:
            The rows, and where each stands among these and the other's, one after the other.
        """
        both = [
            np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("keys", "gains", "wins", "counts")
        ]
        return _joined((), *both)


def graded_rows(data: Outcomes | PreferenceData, *, strong: str, weak: str, ties: Ties) -> GradedRows:
    """Read two models' grades, or their battles, prompt by prompt.

    Args:
        data: Grades of both models, or battles between them; what is of other models is left out.
        strong: The strong model's name.
        weak: The weak model's name.
        ties: What a tie is for `wins`; `"drop"` leaves tied rows out.

    Raises:
        InvalidInputError: If the data are neither, or strong and weak are one model.
        UnknownNameError: If the data do not know one of the models.
        DataError: If no row has both.
    """
    if strong == weak:
        raise InvalidInputError(f"strong and weak must be two models, got {strong!r} twice")
    if isinstance(data, Outcomes):
        pair = data.pair(strong, weak)
        prompts, gains = list(pair.prompts), pair.scores(strong) - pair.scores(weak)
        weights = np.ones(len(prompts))
    elif isinstance(data, PreferenceData):
        prompts, gains, weights = _battles(data, strong, weak)
    else:
        raise InvalidInputError(
            f"a local router must be given Outcomes or PreferenceData, got {type(data).__name__}; "
            "read a file with read_outcomes or PreferenceData.from_file"
        )
    if ties == "drop":
        kept = np.flatnonzero(gains)
        prompts, gains, weights = [prompts[row] for row in kept], gains[kept], weights[kept]
    wins = np.where(gains == 0, _TIE_WINS.get(ties, 0.0), gains > 0)
    keys = np.array([_key(prompt) for prompt in prompts], dtype=np.uint64)
    return _joined(prompts, keys, gains, wins.astype(np.float64), weights)[0]


def _battles(data: PreferenceData, strong: str, weak: str) -> tuple[list[str], Floats, Floats]:
    models = {*data.model_a, *data.model_b}
    for name in (strong, weak):
        if name not in models:
            raise UnknownNameError(f"a model must be one of {sorted(models)[:20]}, got {shown(name)}")
    signs = {(strong, weak): 1.0, (weak, strong): -1.0}
    rows = [row for row, pair in enumerate(zip(data.model_a, data.model_b, strict=True)) if pair in signs]
    if not rows:
        raise DataError(f"a battle must be between {strong!r} and {weak!r}, and none is")
    gains = [
        signs[data.model_a[row], data.model_b[row]] * (2 * WIN_SHARES[data.winners[row]] - 1) for row in rows
    ]
    weights = np.ones(len(rows)) if data.weights is None else np.asarray(data.weights, dtype=np.float64)[rows]
    return [data.queries[row] for row in rows], np.array(gains), weights


def _key(prompt: str) -> int:
    return int.from_bytes(hashlib.blake2b(prompt_key(prompt).encode(), digest_size=8).digest(), "little")


def _joined(
    prompts: Sequence[str], keys: NDArray[np.uint64], gains: Floats, wins: Floats, counts: Floats
) -> tuple[GradedRows, NDArray[np.intp]]:
    """Join equal prompts, so that none is learned from and held out at once; the first of each stays."""
    first, member = np.unique(keys, return_index=True, return_inverse=True)[1:]
    total = np.bincount(member, counts).astype(np.float64)
    order = np.argsort(first)  # as they came
    means = [np.bincount(member, counts * each) / total for each in (gains, wins)]
    texts = [prompts[row] for row in first[order]] if prompts else ()
    kept = first[order]
    return GradedRows(texts, keys[kept], means[0][order], means[1][order], total[order]), kept


def check_rows(rows: GradedRows, ties: Ties) -> None:
    """Check that rows can teach anything.

    Raises:
        DataError: If there are too few distinct prompts, or all end alike.
    """
    if len(rows) < LEAST_PROMPTS:
        raise DataError(
            f"a local router must have {LEAST_PROMPTS} distinct graded prompts or more, better 100, got "
            f"{len(rows)}; grade some more, or use the shipped router (`load_router()`), which needs none"
        )
    if np.ptp(rows.gains) < 1e-9:
        raise DataError(
            f"graded prompts must not all end alike, and on all {len(rows)} the strong model's grade less "
            f'the weak one\'s is {rows.gains[0]:.3g} (ties="{ties}"); grade prompts of other kinds, or in '
            "finer steps"
        )
