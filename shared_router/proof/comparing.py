"""How good an answer and its shadow are, by a judge that sees both or a grade of each by itself."""

from __future__ import annotations

from collections.abc import Callable

from shared_router.errors import JudgeError

JUDGE = "judge"
"""The source of grades that whoever compares an answer with its shadow gives."""

Judge = Callable[[str], str]
"""Takes a prompt that shows a question with two answers, and returns its verdict; see `judge_prompt`."""

Grade = Callable[[str, str], float]
"""Takes a question and an answer, and returns how good it is, in [0, 1]."""

_SCORES = {"a": (1.0, 0.0), "b": (0.0, 1.0), "tie": (0.5, 0.5)}


def scores_of(
    question: str, own: str, other: str, *, judge: Judge | None, grade: Grade | None
) -> tuple[float, float]:
    """Return the scores of an answer and of its shadow, each in [0, 1].

    A judge is asked in both orders, and prefers an answer where it does so in both; else both have a half
    (Zheng et al., arXiv 2306.05685, section 3.4).

    Args:
        question: What the user asked.
        own: The answer that the user got.
        other: The other model's.
        judge: Compares them; or
        grade: grades each.

    Raises:
        JudgeError: If a verdict cannot be read, or a grade is none in [0, 1].
    """
    if judge is not None:
        # which a program that only routes does not load
        from shared_router.preferences.judging import judge_prompt, read_verdict, winner_of_both_orders

        shown = read_verdict(judge(judge_prompt(question, own, other)), 0)
        swapped = read_verdict(judge(judge_prompt(question, other, own)), 0)
        return _SCORES[winner_of_both_orders(shown, swapped)]
    if grade is None:
        raise JudgeError("answers must have a judge or a grade to be compared by, got neither")
    first, second = (float(grade(question, answer)) for answer in (own, other))
    if not (0 <= first <= 1 and 0 <= second <= 1):
        raise JudgeError(f"a grade must be in [0, 1], got {first:g} and {second:g}")
    return first, second
