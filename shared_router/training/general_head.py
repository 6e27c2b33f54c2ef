"""How the head of the general router is learned, part by part; `routers.general` gives the formula.

Every part is fitted by itself, and only the gap's two weights together, on scores of held-out folds: what is
hard and who wins are different questions, asked of different queries.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.training.examples import Examples, Floats
from shared_router.training.general_training import GeneralTraining
from shared_router.training.static_head import (
    HeadTraining,
    calibrated,
    fit_anchors,
    fit_subjects,
    held_out_scores,
    kernel,
    logistic,
    stacked,
)

_EVERYDAY_WEIGHT = 1000.0
"""What the everyday prompts weigh in all, and the exam questions."""
_REPEATS = 1e-6
"""The share of the longest kernel column below which nothing new is left of one."""


@dataclass(frozen=True)
class Told:
    """Prompts and how hard people call them.

    Attributes:
        rows: Embeddings beside forms, shape (m, d).
        difficulty: Shape (m,), each in [0, 1].
    """

    rows: Floats
    difficulty: Floats


def fit_general(
    exams: Examples, told: Told, like: Floats, dim: int, training: GeneralTraining
) -> tuple[dict[str, NDArray[Any]], Floats]:
    """Fit a head.

    Args:
        exams: What to learn the gap from, rows of `dim` numbers of an embedding and F of a form.
        told: What to learn difficulty from.
        like: Rows of further exam questions.
        dim: The width of an embedding.
        training: How to learn.

    Returns:
        The arrays that make it, by their names there; and the gap's probability of each exam question by a
        fit that has not seen it, shape (n,).
    """
    means, scales = _form_scale([exams.rows, told.rows, like], dim, training)

    def scaled(rows: Floats) -> Floats:
        form = np.clip((rows[:, dim:] - means) * scales, -training.form_limit, training.form_limit)
        return np.hstack([rows[:, :dim], form])

    exams, told = replace(exams, rows=scaled(exams.rows)), Told(scaled(told.rows), told.difficulty)
    head = _head_training(training)
    subject, likeness = held_out_scores(exams, None, head)
    constant, by_subject, by_likeness = stacked(subject, likeness, exams)
    gap = fit_anchors(exams, head)
    difficulty, mean = _fit_difficulty(told, training)
    everyday, everyday_constant = _fit_everyday(told.rows, np.vstack([exams.rows, scaled(like)]), training)
    rate = float(np.average(exams.wins, weights=exams.weights))
    prior = np.log(rate / (1 - rate))
    shape = (training.amplitude, mean, training.middle, training.softness)
    blend = (prior, constant, by_subject, by_likeness, *shape, everyday_constant, training.near, training.far)
    arrays: dict[str, NDArray[Any]] = {
        "form_means": means.astype(np.float32),
        "form_scales": scales.astype(np.float32),
        **fit_subjects(exams, head),
        "everyday_weights": everyday.astype(np.float32),
        "likeness_anchors": gap["anchors"],
        "likeness_weights": gap["anchor_weights"],
        **difficulty,
        "blend": np.array(blend, dtype=np.float64),
    }
    return arrays, calibrated(subject, likeness, exams)


def telling_rows(near: Floats, wanted: Floats, n: int) -> NDArray[np.intp]:
    """Pick the rows whose kernels say together what all of them say: orthogonal matching pursuit.

    Pati, Rezaiifar and Krishnaprasad (1993). A row that repeats what those picked say is not picked, so there
    may be fewer than `n`.

    Args:
        near: The kernel of all rows, shape (m, m).
        wanted: What is to be said of each row, shape (m,).
        n: The most to pick.

    Returns:
        Their places, ascending.
    """
    left, rest = near.copy(), wanted.copy()
    squares = np.square(left).sum(axis=0)
    least = _REPEATS * squares.max()
    picked: list[int] = []
    while len(picked) < min(n, len(near)):
        gains = np.where(squares > least, np.square(rest @ left) / np.maximum(squares, least), -1.0)
        place = int(gains.argmax())
        if gains[place] < 0:
            break
        picked.append(place)
        direction = left[:, place] / np.sqrt(squares[place])
        rest -= direction * (direction @ rest)
        left -= np.outer(direction, direction @ left)
        squares = np.square(left).sum(axis=0)
    return np.array(sorted(picked), dtype=np.intp)


def _form_scale(parts: list[Floats], dim: int, training: GeneralTraining) -> tuple[Floats, Floats]:
    """Standardise the form over all that is learned from, each part counting alike."""
    forms = [rows[:, dim:] for rows in parts if len(rows)]
    means = np.mean([form.mean(axis=0) for form in forms], axis=0)
    spreads = np.sqrt(np.mean([np.square(form - means).mean(axis=0) for form in forms], axis=0))
    spreads[spreads < 1e-6] = 1.0  # a feature that says one thing of all
    scales = training.form_weight / np.sqrt(len(means)) / spreads
    # what is kept is what is fitted
    return means.astype(np.float32).astype(np.float64), scales.astype(np.float32).astype(np.float64)


def _head_training(training: GeneralTraining) -> HeadTraining:
    return HeadTraining(
        anchors=training.likeness_anchors,
        gamma=training.likeness_gamma,
        ridge=training.likeness_ridge,
        subject_penalty=training.subject_penalty,
        subject_shrinkage=training.subject_shrinkage,
        seed=training.seed,
    )


def _fit_difficulty(told: Told, training: GeneralTraining) -> tuple[dict[str, NDArray[Any]], float]:
    """Fit kernel ridge on the prompts that tell most of what all would; return the mean beside."""
    m = len(told.rows)
    examples = Examples(told.rows, told.difficulty, np.ones(m), np.full(m, ""))
    head = replace(
        _head_training(training),
        anchors=training.difficulty_anchors,
        gamma=training.difficulty_gamma,
        ridge=training.difficulty_ridge,
    )
    near = kernel(told.rows, told.rows, training.difficulty_gamma)
    centred = told.difficulty - told.difficulty.mean()
    whole = near @ np.linalg.solve(near + training.difficulty_ridge * np.eye(m), centred)
    picked = telling_rows(near, whole, training.difficulty_anchors)
    fitted = fit_anchors(examples, head, picked=picked)
    arrays = {"difficulty_anchors": fitted["anchors"], "difficulty_weights": fitted["anchor_weights"]}
    return arrays, float(told.difficulty.mean())


def _fit_everyday(everyday: Floats, exams: Floats, training: GeneralTraining) -> tuple[Floats, float]:
    """Fit what tells everyday prompts from exam questions, both weighing alike, and sharpen it."""
    rows = np.vstack([everyday, exams])
    is_everyday = np.repeat([1, 0], [len(everyday), len(exams)])
    weights = np.repeat(
        [_EVERYDAY_WEIGHT / len(everyday), _EVERYDAY_WEIGHT / len(exams)], [len(everyday), len(exams)]
    )
    model = logistic(rows, is_everyday, 1 / training.everyday_penalty, weights)
    sharp = training.everyday_sharpness
    return sharp * model.coef_[0], float(sharp * (model.intercept_[0] - training.everyday_doubt))
