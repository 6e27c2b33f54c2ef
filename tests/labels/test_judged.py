"""A judge's verdicts over both orders as scores."""

from pathlib import Path

import pytest

from shared_router import DataError, Outcomes
from shared_router.labels.judged import judge_answers

OUTCOMES = Outcomes.from_columns(
    ["better", "worse", "order", "unclear", "half"],
    answers={
        "gpt": ["GOOD", "bad", "one", "x", "GOOD"],
        "mixtral": ["bad", "GOOD", "two", "y", None],
    },
)


def judge(prompt: str) -> str:
    """Prefers GOOD; of anything else the first shown, which is a judge's own noise."""
    first, second = prompt.partition("<answer_b>")[0], prompt.partition("<answer_b>")[2]
    if "unclear" in prompt:
        return "I cannot say."
    if "GOOD" in first:
        return "[[A]]"
    return "[[B]]" if "GOOD" in second else "[[A]]"


def test_an_answer_wins_only_in_both_orders(tmp_path: Path) -> None:
    """Of three readable pairs one verdict follows the order: a half each, and a third of flips."""
    judged = judge_answers(OUTCOMES, judge, strong="gpt", weak="mixtral", journal=tmp_path / "j")
    assert list(judged.outcomes.prompts) == ["better", "worse", "order"]
    assert judged.outcomes.scores("gpt").tolist() == [1.0, 0.0, 0.5]
    assert judged.outcomes.scores("mixtral").tolist() == [0.0, 1.0, 0.5]
    assert judged.position_flips == pytest.approx(1 / 3)
    assert judged.unjudged == 1


def test_a_judge_is_not_asked_twice(tmp_path: Path) -> None:
    asked: list[str] = []

    def counted(prompt: str) -> str:
        asked.append(prompt)
        return judge(prompt)

    for _ in range(2):
        judge_answers(OUTCOMES, counted, strong="gpt", weak="mixtral", journal=tmp_path / "j")
    assert len(asked) == len(set(asked)) == 8


def test_nothing_to_compare_or_to_read_is_refused(tmp_path: Path) -> None:
    alone = Outcomes.from_columns(["a"], answers={"gpt": ["x"], "mixtral": [None]}, scores={"mixtral": [1.0]})
    with pytest.raises(DataError, match="no prompt has both"):
        judge_answers(alone, judge, strong="gpt", weak="mixtral", journal=tmp_path / "j")
    with pytest.raises(DataError, match="verdicts that can be read"):
        judge_answers(OUTCOMES, str.upper, strong="gpt", weak="mixtral", journal=tmp_path / "k")
