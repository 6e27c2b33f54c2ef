"""A threshold for a quality that must be kept: the promise holds, and what cannot be promised is said."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from shared_router.calibration import ThresholdChoice, for_quality
from shared_router.errors import DataError, InvalidInputError, ScaleError
from shared_router.records.outcomes import Outcomes
from shared_router.testing import FixedRouter


def traffic(n: int, seed: int, *, graded: bool = False) -> dict[str, Any]:
    """Prompts whose score is P(strong better) up to a factor; strong is right where weak is not, or both."""
    rng = np.random.default_rng(seed)
    scores = rng.random(n)
    strong = np.ones(n)
    weak = (rng.random(n) >= 0.4 * scores).astype(np.float64)
    if graded:
        weak = np.where(weak == 0, rng.random(n) * 0.5, 1.0)
    return {"scores": scores, "strong_scores": strong, "weak_scores": weak}


def test_always_right_grades_send_all_weak() -> None:
    """200 prompts on which the weak model is as good: nothing is lost at any cut."""
    scores = np.linspace(0.1, 0.9, 200)
    choice = for_quality(scores=scores, strong_scores=[1] * 200, weak_scores=[1] * 200, max_drop=0.05)
    assert (choice.threshold, choice.strong_fraction, choice.guaranteed) == (1.0, 0.0, True)
    assert "no better than the weak one" in choice.explain()


def test_regret_stops_where_clopper_and_pearson_do() -> None:
    """Of 4,000 rows none fails up to row 1,000, one in 40 up to 3,200 and one in 5 beyond. Sequences begin at
    each 200 rows with .04 of the level, at row 1,000 with .24, and all reach row 3,200; scipy finds the last
    cut at which P(Bin(k, .05) <= failures) is at most the sum."""
    rows = np.arange(4000)
    lost = np.where(rows < 3200, (rows % 40 == 0) & (rows >= 1000), rows % 5 == 0)
    choice = for_quality(
        scores=np.linspace(0, 1, 4000),
        strong_scores=np.ones(4000),
        weak_scores=np.where(lost, 0.0, 1.0),
        max_regret=0.05,
    )
    cuts = np.arange(1500, 4001)
    level = 0.05 * (0.2 + 0.04 * (cuts // 200))
    failures = np.concatenate([[0], np.cumsum(lost)])
    passes = binom.cdf(failures[cuts], cuts, 0.05) <= level
    last = cuts[np.argmin(passes) - 1]
    assert 3200 < last < 4000
    assert choice.strong_fraction == pytest.approx(1 - last / 4000)
    assert choice.bound == 0.05


def test_a_bad_start_does_not_end_the_search() -> None:
    """Of the lowest 500 of 4,000 prompts a fifth is lost and of the others none: the quarter, 100 of 1,000,
    shows nothing, but four tenths, 100 of 1,600, might, and all of them keep .06."""
    lost = (np.arange(4000) < 500) & (np.arange(4000) % 5 == 0)
    choice = for_quality(
        scores=np.linspace(0, 1, 4000),
        strong_scores=np.ones(4000),
        weak_scores=np.where(lost, 0.0, 1.0),
        max_regret=0.06,
    )
    assert (choice.guaranteed, choice.strong_fraction) == (True, 0.0)


@pytest.mark.parametrize("graded", [False, True], ids=["right or wrong", "graded"])
@pytest.mark.parametrize("asked", [{"max_drop": 0.05}, {"min_pgr": 0.8}, {"max_regret": 0.1}], ids=str)
def test_a_promise_is_broken_no_more_often_than_said(asked: dict[str, Any], graded: bool) -> None:
    """On traffic(x) the true losses at threshold t, all x < t going weak, are: drop .4 t^2 / 2, times 3/4
    where graded; regret .4 t / 2; and 1 - PGR is t^2. With confidence .9 at most 40 of 400 draws may exceed
    them, and four standard deviations, 4 * sqrt(400 * .1 * .9) = 24."""
    broken = 0
    for draw in range(400):
        choice = for_quality(**traffic(400, draw, graded=graded), confidence=0.9, **asked)
        t = choice.threshold
        true = {
            "max_drop": 0.2 * t**2 * (0.75 if graded else 1) - 0.05,
            "min_pgr": t**2 - 0.2,
            "max_regret": 0.2 * t - 0.1,
        }
        broken += true[choice.method] > 1e-9
    assert broken <= 64


@pytest.mark.parametrize("asked", [{"max_drop": 0.05}, {"min_pgr": 0.8}, {"max_regret": 0.1}], ids=str)
def test_more_grades_send_less_strong(asked: dict[str, Any]) -> None:
    few, many = (for_quality(**traffic(n, 1), **asked).strong_fraction for n in (300, 20_000))
    assert many < few


@pytest.mark.parametrize("asked", [{"max_drop": 0.05}, {"min_pgr": 0.8}, {"max_regret": 0.1}], ids=str)
def test_the_order_of_rows_does_not_move_a_share_by_much(asked: dict[str, Any]) -> None:
    """Another order draws other rows to set the bets: the share moves by less than a twentieth."""
    given = traffic(3000, 2)
    turned = {name: column[::-1] for name, column in given.items()}
    shares = [for_quality(**rows, **asked).strong_fraction for rows in (given, turned)]
    assert abs(shares[0] - shares[1]) < 0.05


def test_a_judge_who_errs_widens_the_bound_and_is_named() -> None:
    plain = for_quality(**traffic(3000, 3), max_regret=0.1)
    judged = for_quality(**traffic(3000, 3), max_regret=0.1, judge_agreement=0.97)
    assert judged.strong_fraction > plain.strong_fraction
    assert "The judge must agree with people on a share of 0.97 of verdicts" in judged.explain()


def test_a_judge_who_errs_by_e_is_asked_for_a_regret_smaller_by_e() -> None:
    judged = for_quality(**traffic(3000, 3), max_regret=0.1, judge_agreement=0.97)
    stricter = for_quality(**traffic(3000, 3), max_regret=0.07)
    assert judged.threshold == stricter.threshold


def always_losing(n: int, rate: float) -> dict[str, Any]:
    """Prompts of which one in 1 / rate, evenly spread, is lost by the weak model."""
    lost = np.arange(n) % round(1 / rate) == 0
    return {"scores": np.linspace(0, 1, n), "strong_scores": np.ones(n), "weak_scores": 1.0 - lost}


def test_where_nothing_can_be_shown_all_go_strong_and_the_need_is_said() -> None:
    """A share of .04 is lost everywhere: 400 rows do not show that it is at most .05, some thousands do."""
    choice = for_quality(**always_losing(400, 0.04), max_regret=0.05)
    assert (choice.threshold, choice.strong_fraction, choice.guaranteed) == (0.0, 1.0, False)
    assert choice.n_needed is not None
    assert 1000 < choice.n_needed < 6000
    assert for_quality(**always_losing(choice.n_needed, 0.04), max_regret=0.05).guaranteed
    assert not for_quality(**always_losing(choice.n_needed // 2, 0.04), max_regret=0.05).guaranteed


def test_where_no_number_of_grades_would_do_none_is_said() -> None:
    choice = for_quality(**always_losing(400, 0.2), max_regret=0.05)
    assert (choice.guaranteed, choice.n_needed) == (False, None)


def test_too_few_prompts_for_any_promise_are_counted() -> None:
    """59 rows without a failure show .05 with confidence .95: of 40, 19 are missing."""
    with pytest.raises(InvalidInputError, match=r"at least 59 graded prompts .* got 40: 19 are missing"):
        for_quality(**traffic(40, 0), max_regret=0.05)
    with pytest.raises(InvalidInputError, match="are missing"):
        for_quality(**traffic(40, 0), max_drop=0.02)
    with pytest.raises(InvalidInputError, match="are missing"):
        for_quality(**traffic(10, 0), min_pgr=0.95)


def test_a_strong_model_that_is_no_better_has_no_gap_to_keep() -> None:
    rows = traffic(200, 0)
    swapped = {**rows, "strong_scores": rows["weak_scores"], "weak_scores": rows["strong_scores"]}
    with pytest.raises(InvalidInputError, match="min_pgr needs a strong model that is better"):
        for_quality(**swapped, min_pgr=0.9)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"max_drop": 2}, r"max_drop must be a number in \(0, 1\), got 2; did you mean 0.02\?"),
        ({"min_pgr": 95}, "did you mean 0.95"),
        ({"max_regret": 0}, r"in \(0, 1\), got 0"),
        ({"max_drop": 0.1, "confidence": 95}, "confidence .* did you mean 0.95"),
        ({"max_drop": 0.1, "judge_agreement": 90}, "judge_agreement .* did you mean 0.9"),
        ({"max_regret": 0.1, "judge_agreement": 0.9}, "above the judge's own errors"),
        ({}, "one of max_drop, min_pgr and max_regret must be given, got none"),
        ({"max_drop": 0.1, "min_pgr": 0.9}, "got \\['max_drop', 'min_pgr'\\]"),
    ],
)
def test_a_promise_that_is_none_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        for_quality(**traffic(200, 0), **asked)


def test_grades_that_are_missing_or_not_numbers_are_refused() -> None:
    rows = traffic(200, 0)
    rows["weak_scores"][7] = np.nan
    with pytest.raises(DataError, match="weak_scores must be finite, got NaN or infinity in 1 of 200 rows"):
        for_quality(**rows, max_drop=0.1)
    with pytest.raises(InvalidInputError, match="one number a prompt"):
        for_quality(scores=[0.1, 0.2], strong_scores=[1], weak_scores=[1, 0], max_drop=0.1)
    with pytest.raises(InvalidInputError, match="quality needs graded="):
        for_quality(scores=[0.1], max_drop=0.1)


def test_grades_on_another_scale_must_say_it() -> None:
    rows = traffic(300, 4, graded=True)
    unit = for_quality(**rows, max_drop=0.1)
    tens = {name: rows[name] * 9 + 1 for name in ("strong_scores", "weak_scores")}
    with pytest.raises(ScaleError, match="say their scale"):
        for_quality(scores=rows["scores"], **tens, max_drop=0.1)
    scaled = for_quality(scores=rows["scores"], **tens, max_drop=0.1, scale=(1, 10))
    assert scaled.threshold == unit.threshold
    assert unit.quality is not None
    assert scaled.quality == pytest.approx(1 + 9 * unit.quality)


def table(n: int) -> tuple[Outcomes, FixedRouter]:
    rows = traffic(n, 5)
    prompts = [f"question {i}" for i in range(n)]
    grades = {"big": rows["strong_scores"], "small": rows["weak_scores"]}
    router = FixedRouter(dict(zip(prompts, rows["scores"].tolist(), strict=True)))
    return Outcomes.from_columns(prompts, grades), router


def same(one: ThresholdChoice, other: ThresholdChoice) -> bool:
    return (one.threshold, one.strong_fraction, one.quality) == (
        other.threshold,
        other.strong_fraction,
        other.quality,
    )


def test_a_table_gives_the_same_choice_as_its_columns() -> None:
    outcomes, router = table(500)
    named = for_quality(router, outcomes, strong="big", weak="small", max_drop=0.05)
    assert same(named, for_quality(**traffic(500, 5), max_drop=0.05))
    assert same(named, for_quality(router, outcomes, max_drop=0.05))  # of two models, the better is strong


def test_prompts_without_both_grades_are_left_out_and_counted() -> None:
    outcomes, router = table(500)
    strong = outcomes.scores("big").copy()
    strong[:40] = np.nan
    partly = Outcomes.from_columns(outcomes.prompts, {"big": strong, "small": outcomes.scores("small")})
    choice = for_quality(router, partly, max_drop=0.05)
    assert choice.n == 460
    assert "40 prompts are left out" in choice.explain()


def test_a_model_that_is_not_there_is_named() -> None:
    outcomes, router = table(200)
    with pytest.raises(InvalidInputError, match="strong= must name one of the data's models"):
        for_quality(router, outcomes, strong="huge", weak="small", max_drop=0.05)


def test_a_constant_router_keeps_its_promise_by_a_coin() -> None:
    """A fifth of the weak answers is worse: of all requests at most a share q may go weak, .2 q <= .05."""
    rng = np.random.default_rng(6)
    weak = np.where(rng.random(5000) < 0.2, 0.0, 1.0)
    choice = for_quality(
        scores=np.full(5000, 0.5), strong_scores=np.ones(5000), weak_scores=weak, max_drop=0.05
    )
    assert choice.threshold == 0.5
    assert 0.75 < choice.tie_share < 0.85


def test_a_gap_of_which_little_is_kept_may_lose_more_where_strong_answers_are_worse() -> None:
    """A strong answer that is worse by the whole scale loses .9 of it where a tenth of the gap is kept."""
    rows = traffic(100, 4)
    rows["strong_scores"] = np.where(np.arange(100) % 5 == 0, 0.0, rows["strong_scores"])
    rows["weak_scores"] = np.where(np.arange(100) % 5 == 0, 1.0, 0.0)
    assert for_quality(**rows, min_pgr=0.1).guaranteed is not None


@pytest.mark.parametrize("asked", [{"max_drop": 0.2}, {"min_pgr": 0.6}, {"max_regret": 0.2}], ids=str)
def test_a_judge_who_takes_the_better_answer_for_the_worse_breaks_no_promise(asked: dict[str, Any]) -> None:
    """All prompts alike: strong is right on all and weak on .72. The judge swaps a share .04 of all verdicts,
    always of prompts that weak loses, so a true loss of .28 looks like .24 - .04. The true drop is .28 of
    what goes weak, and .28 is too large a regret. At most 20 of 200 draws may break it, and four standard
    deviations more, 17."""
    broken = 0
    for draw in range(200):
        coin = np.random.default_rng(draw)
        lost, rng = coin.random(1500), coin.random(1500)
        strong, weak = np.where(lost < 0.04, 0.0, 1.0), np.where((lost > 0.04) & (lost < 0.28), 0.0, 1.0)
        choice = for_quality(
            scores=rng, strong_scores=strong, weak_scores=weak, confidence=0.9, judge_agreement=0.96, **asked
        )
        true = {
            "max_drop": 0.28 * choice.threshold - 0.2,
            "min_pgr": choice.threshold - 0.4,
            "max_regret": 0.28 - 0.2 if choice.guaranteed else 0.0,
        }
        broken += true[choice.method] > 1e-9
    assert broken <= 37


@pytest.mark.parametrize(
    "scale", [10, (10, 1), (1, 2, 3), "1-10", (0, float("nan")), (None, 1), {1, 10}], ids=str
)
def test_a_scale_that_is_none_is_refused(scale: Any) -> None:
    with pytest.raises(InvalidInputError, match="scale must be two finite numbers, worst < best"):
        for_quality(**traffic(300, 0), max_drop=0.1, scale=scale)


@pytest.mark.parametrize("confidence", [1 - 1e-16, 1 - 1e-9, 1e-300])
def test_a_confidence_that_floats_cannot_tell_from_an_end_is_refused(confidence: float) -> None:
    with pytest.raises(InvalidInputError, match="confidence must be in"):
        for_quality(**traffic(300, 0), max_drop=0.1, confidence=confidence)


@pytest.mark.parametrize("asked", [{"max_drop": 0.05}, {"min_pgr": 0.8}, {"max_regret": 0.1}], ids=str)
@pytest.mark.parametrize("confidence", [1e-6, 1 - 1e-6])
def test_a_confidence_near_an_end_gives_a_choice(asked: dict[str, Any], confidence: float) -> None:
    assert for_quality(**traffic(3000, 0), confidence=confidence, **asked).confidence == confidence


def test_grades_beside_a_table_that_holds_them_are_refused() -> None:
    outcomes, router = table(300)
    with pytest.raises(
        InvalidInputError, match="graded must come without weak_scores=, which it holds itself"
    ):
        for_quality(router, outcomes, max_drop=0.1, weak_scores=[1.0] * 300)


def test_a_choice_is_a_key() -> None:
    choices = [for_quality(**traffic(300, 0), max_drop=0.1) for _ in range(2)]
    assert len({*choices}) == 1
