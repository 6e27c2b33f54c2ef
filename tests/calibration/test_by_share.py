"""A threshold for a share of one's own prompts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from shared_router.calibration import for_strong_fraction
from shared_router.errors import InvalidInputError, RouterOutputError, ScaleError
from shared_router.testing import FixedRouter

PROMPTS = [f"question {i}" for i in range(10)]
BY_NUMBER = FixedRouter({text: i / 10 for i, text in enumerate(PROMPTS)})


def test_the_share_that_was_asked_for_goes_strong() -> None:
    """Scores 0, .1, ... .9: three reach a threshold between .6 and .7."""
    choice = for_strong_fraction(BY_NUMBER, PROMPTS, 0.3)
    assert choice.threshold == pytest.approx(0.65)
    assert choice.strong_fraction == 0.3
    assert (choice.method, choice.target, choice.n, choice.tie_share) == ("strong_fraction", 0.3, 10, 1.0)


def test_scores_alone_give_the_same_choice_as_the_router() -> None:
    given = for_strong_fraction(scores=[i / 10 for i in range(10)], strong_fraction=0.3)
    assert given == for_strong_fraction(BY_NUMBER, PROMPTS, 0.3)


@pytest.mark.parametrize(("share", "threshold"), [(0.0, 1.0), (1.0, 0.0)])
def test_none_and_all_need_no_score(share: float, threshold: float) -> None:
    assert for_strong_fraction(BY_NUMBER, PROMPTS, share).threshold == threshold


def test_a_constant_router_sends_the_share_by_a_coin() -> None:
    choice = for_strong_fraction(FixedRouter(0.4), PROMPTS, 0.3)
    assert choice.threshold == 0.4
    assert choice.strong_fraction == pytest.approx(0.3)
    assert choice.tie_share == pytest.approx(0.3)
    assert "hash of the prompt" in choice.explain()


def test_the_interval_is_that_of_the_share_among_all_such_prompts() -> None:
    """Of 10 prompts 3: Clopper and Pearson's .067 to .652."""
    low, high = for_strong_fraction(BY_NUMBER, PROMPTS, 0.3).intervals["strong_fraction"]
    assert (low, high) == pytest.approx((0.0667, 0.6525), abs=1e-4)


def test_the_interval_holds_the_true_share_as_often_as_it_says() -> None:
    """Uniform scores: the true share is 1 - threshold. Of 400 draws at least 95 %, less four standard
    deviations, 4 * sqrt(400 * .05 * .95) = 17: 363."""
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        choice = for_strong_fraction(scores=rng.random(150), strong_fraction=0.3)
        low, high = choice.intervals["strong_fraction"]
        held += low <= 1 - choice.threshold <= high
    assert held >= 363


def test_grades_say_what_the_share_is_worth() -> None:
    """Strong is right everywhere, weak on the lowest five; of the five others the top three go strong:
    (5 + 3) / 10 = .8, and (.8 - .5) / .5 = .6 of the gap."""
    weak = [1.0] * 5 + [0.0] * 5
    scores = [i / 10 for i in range(10)]
    choice = for_strong_fraction(scores=scores, strong_fraction=0.3, strong_scores=[1] * 10, weak_scores=weak)
    assert choice.quality == pytest.approx(0.8)
    assert choice.pgr == pytest.approx(0.6)


def test_quality_stays_on_the_scale_of_the_grades() -> None:
    choice = for_strong_fraction(
        scores=[0.1, 0.9], strong_fraction=0.5, strong_scores=[9, 10], weak_scores=[2, 4], scale=(1, 10)
    )
    assert choice.quality == pytest.approx((2 + 10) / 2)


@pytest.mark.parametrize(
    ("share", "message"),
    [
        (30, r"strong_fraction must be a number in \[0, 1\], got 30; did you mean 0.3\?"),
        (-0.1, "got -0.1"),
        (float("nan"), "got nan"),
        (True, "got bool"),
        ("0.3", "got str"),
    ],
)
def test_what_is_no_share_is_refused(share: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        for_strong_fraction(BY_NUMBER, PROMPTS, share)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([0.1, float("nan")], "NaN or infinity in 1 of 2 rows, the first is row 1"),
        ([0.1, 1.5], r"win probabilities in \[0, 1\], got 0.1 to 1.5"),
        ([-3.0, 0.5], r"win probabilities in \[0, 1\]"),
        ([], "at least one number"),
        (["high"], "scores must be numbers"),
    ],
)
def test_what_is_no_win_probability_is_refused(scores: list[float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        for_strong_fraction(scores=scores, strong_fraction=0.3)


def test_a_share_must_be_said() -> None:
    with pytest.raises(InvalidInputError, match="strong_fraction must be given"):
        for_strong_fraction(BY_NUMBER, PROMPTS)


def test_neither_router_nor_scores_is_refused_and_so_are_both() -> None:
    with pytest.raises(InvalidInputError, match="got neither"):
        for_strong_fraction(strong_fraction=0.3)
    with pytest.raises(InvalidInputError, match="got both"):
        for_strong_fraction(BY_NUMBER, PROMPTS, 0.3, scores=[0.5])


def test_no_prompt_and_one_text_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least one prompt"):
        for_strong_fraction(BY_NUMBER, [], 0.3)
    with pytest.raises(InvalidInputError, match="prompts must be a list of texts"):
        for_strong_fraction(BY_NUMBER, "one text", 0.3)


def test_a_router_that_answers_nonsense_is_named_as_such() -> None:
    with pytest.raises(RouterOutputError, match="finite and in"):
        for_strong_fraction(FixedRouter(float("nan")), PROMPTS, 0.3)


def test_grades_off_their_scale_are_refused() -> None:
    with pytest.raises(ScaleError, match=r"say their scale: scale=\(1, 10\)"):
        for_strong_fraction(scores=[0.5], strong_fraction=0.3, strong_scores=[9], weak_scores=[4])


@pytest.mark.parametrize("side", ["strong", "weak"])
def test_grades_of_one_model_alone_are_refused(side: str) -> None:
    given: dict[str, Any] = {f"{side}_scores": [1.0, 0.0]}
    with pytest.raises(InvalidInputError, match=f"of both models, got {side}_scores= alone"):
        for_strong_fraction(scores=[0.1, 0.9], strong_fraction=0.5, **given)


def test_a_share_of_a_constant_router_is_the_share_that_was_asked_for() -> None:
    assert for_strong_fraction(scores=[0.5] * 1000, strong_fraction=0.3).strong_fraction == 0.3


@pytest.mark.parametrize(
    "column",
    [tuple, np.array, lambda texts: pd.Series(texts, index=range(5, 15))],
    ids=["tuple", "numpy", "pandas"],
)
def test_prompts_may_stand_in_any_column(column: Callable[[list[str]], Any]) -> None:
    assert for_strong_fraction(BY_NUMBER, column(PROMPTS), 0.3).strong_fraction == 0.3
    assert for_strong_fraction(None, column(PROMPTS), 0.3, scores=[0.5] * 10).tie_share == pytest.approx(0.3)
