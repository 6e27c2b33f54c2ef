"""Which of two answers is better, by a judge that sees both orders (paper, section 4.1).

The answer that is preferred in both orders gets 1 and the other 0; else both get a half, because a verdict
that follows the order says nothing of the answers (Zheng et al., arXiv 2306.05685, section 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from shared_router.errors import DataError, JudgeError
from shared_router.preferences.judging import judge_prompt, read_verdict, winner_of_both_orders
from shared_router.records.collecting.asking import Ask, AskingLimits
from shared_router.records.collecting.collect import collect
from shared_router.records.outcomes import Outcomes

_SCORES = {"a": (1.0, 0.0), "b": (0.0, 1.0), "tie": (0.5, 0.5)}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge made of answers.

    Attributes:
        outcomes: The prompts with both answers and a readable verdict, graded.
        position_flips: The share of them whose verdict followed the order, in [0, 1]: a judge's own noise.
        unjudged: How many prompts with both answers have no readable verdict in both orders.
        dollars: What the verdicts cost, as far as it is known.
    """

    outcomes: Outcomes
    position_flips: float
    unjudged: int
    dollars: float


def judge_answers(
    outcomes: Outcomes,
    judge: Ask,
    *,
    strong: str,
    weak: str,
    journal: str | Path,
    limits: AskingLimits = AskingLimits(),  # noqa: B008 - frozen
    progress: bool | None = None,
) -> Judged:
    """Let a judge grade two models' answers to each prompt, each pair in both orders.

    Args:
        outcomes: Prompts with answers of both models.
        judge: Takes a prompt and returns a `Reply` or a text; see `collect`.
        strong: The strong model's name.
        weak: The weak model's name.
        journal: The file that verdicts are kept in; it may be the answers' own.
        limits: As in `collect`.
        progress: As in `collect`.

    Raises:
        DataError: If no prompt has both answers, or no verdict can be read.
        UnknownNameError: If there is no such model.
    """
    pairs = [
        (row, first, second)
        for row, (first, second) in enumerate(
            zip(outcomes.answers(strong), outcomes.answers(weak), strict=True)
        )
        if first is not None and second is not None
    ]
    if not pairs:
        raise DataError(f"a judge compares answers of {strong!r} and {weak!r}, and no prompt has both")
    asked = {
        row: (
            judge_prompt(outcomes.prompts[row], first, second),
            judge_prompt(outcomes.prompts[row], second, first),
        )
        for row, first, second in pairs
    }
    texts = list(dict.fromkeys(text for both in asked.values() for text in both))
    collected = collect(texts, {"judge": judge}, journal=journal, limits=limits, progress=progress)
    answers = dict(zip(collected.outcomes.prompts, collected.outcomes.answers("judge"), strict=True))
    verdicts = {row: _read(answers[shown], answers[swapped], row) for row, (shown, swapped) in asked.items()}
    read = {row: both for row, both in verdicts.items() if both is not None}
    if not read:
        raise DataError(f"a judge must give verdicts that can be read, and gave none for {len(asked)} pairs")
    pair = outcomes.select(read, models=(strong, weak))
    return Judged(
        _with_scores(pair, list(read.values())),
        sum(shown == swapped != "C" for shown, swapped in read.values()) / len(read),
        len(asked) - len(read),
        collected.dollars,
    )


def _read(shown: str | None, swapped: str | None, row: int) -> tuple[str, str] | None:
    try:
        return read_verdict(shown, row), read_verdict(swapped, row)
    except JudgeError:  # counted: an answer that failed, or one without a verdict
        return None


def _with_scores(pair: Outcomes, verdicts: list[tuple[str, str]]) -> Outcomes:
    scores = np.array([_SCORES[winner_of_both_orders(*both)] for both in verdicts])  # (n, 2)
    return replace(pair, values={**pair.values, "score": scores[pair.prompt_index, pair.model_index]})
