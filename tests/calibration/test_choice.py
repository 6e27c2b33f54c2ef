"""What a choice says of itself, and the coin for questions of one score."""

import numpy as np
import pytest

from shared_router.calibration import Interval, ThresholdChoice
from shared_router.calibration.tie_break import goes_strong, tie_break


def test_a_choice_says_share_and_interval_in_one_paragraph() -> None:
    choice = ThresholdChoice(
        0.42,
        0.3,
        "strong_fraction",
        0.3,
        200,
        intervals={"strong_fraction": Interval(0.24, 0.37)},
        assumptions=("Later traffic is like these prompts.",),
    )
    said = choice.explain()
    assert "a share of 0.300 (0.240 to 0.370)" in said
    assert "0.42" in said
    assert said.endswith("Later traffic is like these prompts.")
    assert "\n" not in said


def test_a_choice_without_a_guarantee_says_how_many_prompts_would_do() -> None:
    choice = ThresholdChoice(0.0, 1.0, "max_regret", 0.05, 60, guaranteed=False, n_needed=240)
    assert "every request goes to the strong model. About 240 graded prompts would do." in choice.explain()


def test_a_choice_that_no_number_of_prompts_would_help_says_so() -> None:
    choice = ThresholdChoice(0.0, 1.0, "max_regret", 0.05, 60, guaranteed=False)
    assert "more graded prompts alone would not help" in choice.explain()


def test_the_coin_is_the_same_for_a_prompt_and_another_for_another_seed() -> None:
    assert tie_break("why?", seed=1) == tie_break("why?\u200b", seed=1)
    assert tie_break("why?", seed=1) != tie_break("why?", seed=2)


def test_the_coin_is_uniform_over_prompts() -> None:
    """Of 4,000 uniform numbers the largest gap to a straight line is above 1.95 / sqrt(4000) = .031 once in
    a thousand."""
    places = np.sort([tie_break(f"question {i}") for i in range(4000)])
    assert np.abs(places - np.arange(4000) / 4000).max() < 0.031


@pytest.mark.parametrize(
    ("score", "strong"), [(0.51, True), (0.49, False)], ids=["above the threshold", "below it"]
)
def test_only_questions_at_the_threshold_need_the_coin(score: float, strong: bool) -> None:
    assert goes_strong(score, "why?", threshold=0.5, tie_share=0.3) is strong


def test_the_share_at_the_threshold_goes_strong() -> None:
    """Of 2,000 questions a share of .3 is .3 within 4 standard deviations, 4 * sqrt(.21 / 2000) = .041."""
    sent = [goes_strong(0.5, f"question {i}", threshold=0.5, tie_share=0.3) for i in range(2000)]
    assert abs(np.mean(sent) - 0.3) < 0.041


@pytest.mark.parametrize(("tie_share", "strong"), [(1.0, True), (0.0, False)])
def test_all_or_none_at_the_threshold_go_strong(tie_share: float, strong: bool) -> None:
    assert goes_strong(1.0, "why?", threshold=1.0, tie_share=tie_share) is strong
