import pytest

from shared_router.errors import DataError
from shared_router.evaluation.grade_agreement import grade_agreement
from shared_router.records.outcomes import Outcomes
from tests.evaluation.data import four_prompts


def test_agreement_flips_and_kappa_are_counted_on_the_prompts_graded_twice() -> None:
    """First: strong, neither, strong, neither (a to d). Again: a strong, b weak, c weak, none for d.
    Agreement 1/3, flipped 1/3. By chance 2/3 * 1/3 + 1/3 * 0 + 0 * 2/3 = 2/9:
    kappa (3/9 - 2/9) / (7/9) = 1/7. The gap was 2 and is 1 - 1 - 1/2."""
    second = Outcomes.from_columns([" A", "b", "c", "other"], {"big": [1, 0, 0.5, 1], "small": [0, 1, 1, 0]})
    found = grade_agreement(four_prompts(), second, strong="big", weak="small")
    assert found.n == 3
    assert [found.agreement, found.flipped] == pytest.approx([1 / 3, 1 / 3])
    assert found.kappa == pytest.approx(1 / 7)
    assert found.gap_ratio == pytest.approx(-0.5 / 2)


def test_gradings_that_know_one_outcome_have_no_kappa() -> None:
    second = Outcomes.from_columns(["b", "d"], {"big": [1, 1], "small": [1, 1]})
    found = grade_agreement(four_prompts(), second, strong="big", weak="small")
    assert (found.agreement, found.kappa, found.gap_ratio) == (1.0, None, None)


def test_second_grades_of_other_prompts_are_refused() -> None:
    second = Outcomes.from_columns(["x"], {"big": [1], "small": [0]})
    with pytest.raises(DataError, match="second grades must share a prompt"):
        grade_agreement(four_prompts(), second, strong="big", weak="small")
