"""The battles the shipped router learns from: who is strong, who is weak, and what counts how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from shared_router.preferences.data import PreferenceData
from shared_router.preferences.grades import Winner, winner_by_score

if TYPE_CHECKING:
    from shared_router.pretrained.build.corpus import Corpus, Scores

# Per source: models about as good as GPT-4-1106 was, and models about as good as Mixtral 8x7B, it first.
PRO_STRONG = (
    "gemini-1.5-pro-002",
    "Meta-Llama-3_1-70B-Instruct",
    "gemini-1.5-flash-002",
    "jamba-1.5-large",
)
PRO_WEAK = (
    "Mixtral-8x7B-Instruct-v0.1",
    "Mixtral-8x7B-v0.1",
    "c4ai-command-r-v01",
    "gemma-7b",
    "Meta-Llama-3-8B",
    "Meta-Llama-3_1-8B-Instruct",
)
ZERO_STRONG = (
    "gpt-4-turbo-2024-04-09",
    "gpt-4-0314",
    "gpt-4o-2024-05-13",
    "claude-3-opus-20240229",
)
ZERO_WEAK = ("Mixtral-8x7B-Instruct-v0.1", "gpt-3.5-turbo-0125", "Meta-Llama-3-8B-Instruct", "command-r")
FIRST_WEAK_SHARE = 0.5
"""How much of a prompt's weight the pair's own weak model has, where it was asked."""


def gold_battles(corpus: Corpus) -> tuple[PreferenceData, list[str]]:
    """Return the battles of GPT-4 and Mixtral on gold MMLU questions, and each question's subject."""
    gold = corpus.gold
    battles = PreferenceData.from_correctness(
        list(gold.prompt), gold.strong_score.tolist(), gold.weak_score.tolist()
    )
    return battles, list(gold.domain)


def like_battles(corpus: Corpus) -> PreferenceData:
    """Return the battles of like models on MMLU-Pro and ZeroEval, each prompt weighing 1 in all."""
    rows = [*_pairs(corpus.pro, PRO_STRONG, PRO_WEAK), *_pairs(corpus.zero, ZERO_STRONG, ZERO_WEAK)]
    queries, winners, weights = (list(column) for column in zip(*rows, strict=True))
    return PreferenceData(queries, ["strong"] * len(rows), ["weak"] * len(rows), winners, weights)


def _pairs(scores: Scores, strong: Sequence[str], weak: Sequence[str]) -> list[tuple[str, Winner, float]]:
    column = {name: i for i, name in enumerate(scores.models)}
    pairs: list[tuple[str, Winner, float]] = []
    for prompt, correct in zip(scores.prompts, scores.correct, strict=True):
        high = [correct[column[name]] for name in strong if not np.isnan(correct[column[name]])]
        low = [(name, correct[column[name]]) for name in weak if not np.isnan(correct[column[name]])]
        if not high or not low:
            continue
        own = FIRST_WEAK_SHARE if low[0][0] == weak[0] else 0.0
        for k, (_, lower) in enumerate(low):
            share = (1 - own) / len(low) + (own if k == 0 else 0.0)
            pairs += [
                (prompt, winner_by_score(higher, lower, where="a grade"), share / len(high))
                for higher in high
            ]
    return pairs
