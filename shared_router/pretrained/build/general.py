"""Fit the second shipped router, and tell how it does on everyday prompts that it has not seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.metrics import Floats
from shared_router.pretrained.build.battles import gold_battles
from shared_router.pretrained.build.corpus import Corpus
from shared_router.pretrained.build.everyday import DIFFICULTY, EverydayPrompt
from shared_router.routers.general import GeneralRouter

FOLDS = 5


@dataclass(frozen=True)
class EverydayQuality:
    """How a router tells a language's hard prompts from its easy ones.

    Attributes:
        language: As ISO 639-1, or `all`.
        prompts: How many.
        auc: How often a hard prompt (level 3) scores above an easy one (0 and 1), in [0, 1].
        easy_strong: The share of easy ones at or above the threshold.
        hard_strong: That of hard ones.
    """

    language: str
    prompts: int
    auc: float
    easy_strong: float
    hard_strong: float


def fit_shipped(corpus: Corpus, everyday: Sequence[EverydayPrompt]) -> GeneralRouter:
    """Fit on gold, with the other benchmarks' prompts as what exams look like."""
    battles, subjects = gold_battles(corpus)
    return GeneralRouter().fit(
        battles,
        subjects=subjects,
        prompts=[each.prompt for each in everyday],
        difficulties=[DIFFICULTY[each.level] for each in everyday],
        like=[*corpus.pro.prompts, *corpus.zero.prompts],
    )


def held_out_everyday(
    corpus: Corpus, everyday: Sequence[EverydayPrompt], threshold: float, *, by_kind: bool
) -> list[EverydayQuality]:
    """Judge every prompt by a router that did not see it, nor, by kind, any of its kind in any language."""
    kinds = sorted({each.kind for each in everyday})
    drawn = np.random.default_rng(0).permutation(len(everyday)) % FOLDS
    fold = np.array([kinds.index(each.kind) % FOLDS for each in everyday]) if by_kind else drawn
    scores = np.zeros(len(everyday))
    for part in range(FOLDS):
        seen = [each for each, k in zip(everyday, fold, strict=True) if k != part]
        asked = [each.prompt for each, k in zip(everyday, fold, strict=True) if k == part]
        scores[fold == part] = fit_shipped(corpus, seen).win_probability(asked)
    return everyday_quality(everyday, scores, threshold)


def everyday_quality(
    everyday: Sequence[EverydayPrompt], scores: Floats, threshold: float
) -> list[EverydayQuality]:
    """Return each language's figures, and those of all."""
    levels = np.array([each.level for each in everyday])
    rows: dict[str, list[int]] = defaultdict(list)
    for i, each in enumerate(everyday):
        rows["all"].append(i)
        rows[each.language].append(i)
    return [
        _of_language(language, scores[chosen], levels[chosen], threshold)
        for language, chosen in _in_order(rows)
    ]


def everyday_table(rows: Iterable[EverydayQuality]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| language | prompts | AUC | easy, strong | hard, strong |", "|---|---:|---:|---:|---:|"]
    lines += [
        f"| {row.language} | {row.prompts:,} | {row.auc:.3f} | {row.easy_strong:.3f} "
        f"| {row.hard_strong:.3f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _in_order(rows: dict[str, list[int]]) -> Iterator[tuple[str, NDArray[np.intp]]]:
    for language in sorted(rows, key=lambda name: (name != "all", name != "en", name)):
        yield language, np.array(rows[language])


def _of_language(
    language: str, scores: Floats, levels: NDArray[np.intp], threshold: float
) -> EverydayQuality:
    easy, hard = scores[levels <= 1], scores[levels == len(DIFFICULTY) - 1]
    over = (hard[:, None] > easy).mean() + (hard[:, None] == easy).mean() / 2
    return EverydayQuality(
        language,
        len(scores),
        float(over),
        float((easy >= threshold).mean()),
        float((hard >= threshold).mean()),
    )
