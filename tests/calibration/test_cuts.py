"""Cuts between prompts of rising score, and the thresholds that make them."""

import numpy as np
import pytest

from shared_router.calibration.cuts import Cuts
from shared_router.calibration.tie_break import goes_strong, tie_break


def test_a_threshold_stands_half_way_between_two_scores() -> None:
    cuts = Cuts.of(np.array([0.4, 0.1, 0.2]), None, seed=0)
    made = [cuts.threshold(cut) for cut in range(4)]
    assert [threshold for threshold, _ in made] == pytest.approx([0, 0.15, 0.3, 1])
    assert [tie_share for _, tie_share in made] == [1, 1, 1, 1]


def test_all_weak_needs_no_question_at_the_threshold_1() -> None:
    assert Cuts.of(np.array([0.5, 1.0]), None, seed=0).threshold(2) == (1.0, 0.0)


def test_two_scores_a_last_bit_apart_are_told_apart() -> None:
    low, high = 0.5, float(np.nextafter(0.5, 1))
    threshold, _ = Cuts.of(np.array([low, high]), None, seed=0).threshold(1)
    assert low < threshold <= high


def test_a_few_prompts_of_one_score_move_together() -> None:
    """Of 300 prompts two have one score: cut 1 would part them and no threshold does."""
    scores = np.concatenate([[0.1, 0.1], np.linspace(0.2, 0.9, 298)])
    cuts = Cuts.of(scores, None, seed=0)
    assert cuts.possible[:4].tolist() == [True, False, True, True]
    assert cuts.nearest(1) == 0


def test_within_a_plateau_the_coin_of_the_prompts_makes_the_cut() -> None:
    prompts = [f"question {i}" for i in range(40)]
    scores = np.full(40, 0.5)
    cuts = Cuts.of(scores, prompts, seed=3)
    threshold, tie_share = cuts.threshold(25)
    sent = [goes_strong(0.5, text, threshold=threshold, tie_share=tie_share, seed=3) for text in prompts]
    assert sum(sent) == 15
    assert {prompts[row] for row in cuts.order[:25]} == {
        p for p, s in zip(prompts, sent, strict=True) if not s
    }


def test_one_prompt_that_stands_twice_in_a_plateau_is_not_parted_from_itself() -> None:
    prompts = ["a", "b", "a", "b"]
    cuts = Cuts.of(np.full(4, 0.5), prompts, seed=0)
    assert tie_break("a") != tie_break("b")
    assert cuts.possible.tolist() == [True, False, True, False, True]


def test_an_even_coin_makes_the_very_share() -> None:
    """30 of 100 prompts of one score go strong: the share at the threshold is .3."""
    cuts = Cuts.even(np.full(100, 0.5), seed=0)
    assert cuts.threshold(70) == pytest.approx((0.5, 0.3))


def test_values_are_averaged_over_prompts_of_one_score() -> None:
    """Scores .1, .5, .5: the two dear prompts of .5 cost (2 + 4) / 2 each."""
    cuts = Cuts.even(np.array([0.5, 0.1, 0.5]), seed=0)
    assert cuts.averaged(np.array([2.0, 1.0, 4.0])).tolist() == [1.0, 3.0, 3.0]


def test_a_rule_without_a_coin_keeps_prompts_of_one_score_together() -> None:
    """Cuts come between scores alone; a score of 1 goes strong at every threshold, so never all weak."""
    cuts = Cuts.of(np.array([0.2, 0.2, 0.2, 0.5, 1.0, 1.0]), None, seed=0, split_ties=False)
    assert cuts.possible.tolist() == [True, False, False, True, True, False, False]
    assert Cuts.even(np.array([0.2, 0.2]), seed=0, split_ties=False).possible.tolist() == [True, False, True]
    assert cuts.threshold(4) == (0.75, 1.0)
