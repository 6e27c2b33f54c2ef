from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import InvalidInputError, Router, RouterOutputError, UnknownNameError
from shared_router.evaluation.evaluate import evaluate
from shared_router.evaluation.metrics import apgr, calibration_error, cpt, decile_apgr
from shared_router.evaluation.report import FIGURES, EvaluationReport
from shared_router.records.outcomes import Outcomes
from shared_router.testing import FixedRouter
from tests.evaluation.data import BEST


class ByLastDigit(Router):
    """Say of a prompt that ends in digit d that strong wins with probability d / 10."""

    name = "by_last_digit"

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.array([int(query[-1]) / 10 for query in queries])


class Remembering(ByLastDigit):
    """Know how near every query is to training."""

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.linspace(0.4, 0.6, len(queries))


def graded(n: int = 200, *, seed: int = 0, **columns: object) -> Outcomes:
    """Return prompts whose last digit says how likely the weak model fails; strong always answers right."""
    rng = np.random.default_rng(seed)
    digits = rng.integers(0, 10, n)
    weak = (rng.random(n) >= digits / 10).astype(np.float64)
    prompts = [f"question {'x' * int(rng.integers(1, 40))} number {i} of {d}" for i, d in enumerate(digits)]
    return Outcomes.from_columns(prompts, {"big": np.ones(n), "small": weak}, **columns)  # type: ignore[arg-type]


def report(router: object = None, outcomes: Outcomes | None = None, **options: object) -> EvaluationReport:
    return evaluate(
        ByLastDigit() if router is None else router,  # type: ignore[arg-type]
        graded() if outcomes is None else outcomes,
        **{"strong": "big", "weak": "small", "n_resamples": 200, **options},  # type: ignore[arg-type]
    )


def test_every_figure_is_the_metrics_of_the_same_scores() -> None:
    outcomes = graded()
    scores = ByLastDigit().win_probability(outcomes.prompts)
    columns = scores, outcomes.scores("big"), outcomes.scores("small")
    found = report(outcomes=outcomes)["by_last_digit"]
    assert found["apgr"].value == pytest.approx(apgr(*columns))
    assert found["decile_apgr"].value == pytest.approx(decile_apgr(*columns))
    assert found["cpt50"].value == pytest.approx(cpt(*columns, 0.5))
    assert found["cpt95"].value == pytest.approx(cpt(*columns, 0.95))
    wins = (columns[1] > columns[2]).astype(np.float64)
    assert found["ece"].value == pytest.approx(calibration_error(scores, wins))
    assert found["brier"].value == pytest.approx(np.mean((scores - wins) ** 2))


def test_every_figure_of_a_router_is_there_with_its_interval() -> None:
    dollars = {"big": np.full(200, 0.01), "small": np.full(200, 0.001)}
    found = report(outcomes=graded(measures={"dollars": dollars}))["by_last_digit"]
    assert list(found.figures) == list(FIGURES)
    for name, figure in found.figures.items():
        assert figure.value is not None, name
        assert figure.low is not None, name
        assert figure.high is not None, name
        assert figure.low <= figure.high, name


def test_an_interval_is_that_of_an_ordinary_bootstrap() -> None:
    """Ends of 2,000 resamples drawn one at a time differ from the report's by their own noise."""
    outcomes = graded()
    columns = np.stack(
        [ByLastDigit().win_probability(outcomes.prompts), outcomes.scores("big"), outcomes.scores("small")]
    )
    rng = np.random.default_rng(1)
    drawn = [apgr(*columns[:, rng.integers(0, 200, 200)]) for _ in range(2000)]
    found = report(outcomes=outcomes, n_resamples=2000)["by_last_digit"]["apgr"].interval
    assert found == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.01)


def test_a_router_that_knows_is_called_better_than_length_and_one_that_counts_letters_is_not() -> None:
    outcomes = graded()
    letters = [float(len(prompt)) for prompt in outcomes.prompts]
    found = report({"knows": ByLastDigit(), "letters": letters}, outcomes)
    assert found.verdicts[0].startswith("knows: better than prompt length on this data (APGR difference +0.")
    assert found.verdicts[1].startswith("letters: not distinguishable from prompt length on this data")


def test_differences_are_paired() -> None:
    """A router is no different from itself in any resample, though each figure varies."""
    found = report({"one": ByLastDigit(), "other": ByLastDigit()})
    pairs = {(d.first, d.second): d.estimate for d in found.differences if d.figure == "apgr"}
    assert pairs["one", "other"].interval == (0.0, 0.0)
    assert {second for first, second in pairs if first == "one"} >= {"random", "length", "knn", "oracle"}


def test_random_is_one_half_and_its_interval_says_where_a_coin_lands() -> None:
    """2,000 random orders of the same prompts, measured by the metrics alone, give the same ends."""
    outcomes = graded()
    strong, weak = outcomes.scores("big"), outcomes.scores("small")
    rng = np.random.default_rng(1)
    drawn = [apgr(rng.random(200), strong, weak) for _ in range(2000)]
    found = report(outcomes=outcomes, n_resamples=2000)["random"]["apgr"]
    assert found.value == pytest.approx(0.5)
    assert found.interval == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.01)


def test_no_coins_luck_counts_as_a_hull_or_as_savings() -> None:
    """Random mixing is the Zero router: its hull has the Zero router's height, resample by resample, and with
    a gap d and quality q of the strong model its cheapest cut at .99 q saves .01 q / d, here .01 / d."""
    found = report()["random"]
    ends = [(one.value, one.low, one.high) for one in (found["aiq"], found["aiq_zero"])]
    assert ends[0] == pytest.approx(ends[1])
    assert found["aiq"].low < found["aiq"].value < found["aiq"].high  # type: ignore[operator]
    assert (found["aiq_over_zero"].low, found["aiq_over_zero"].high) == pytest.approx((0, 0), abs=1e-12)
    saved = found["savings_at_equal_quality"]
    gap = report()["always_strong"]["quality"].value - report()["always_weak"]["quality"].value  # type: ignore[operator]
    assert saved.value == pytest.approx(np.floor(1 / gap) / 100)
    assert saved.low <= saved.value <= saved.high  # type: ignore[operator]


@pytest.mark.parametrize("seed", [-1, 1 << 32, 1.5, True, "1"])
def test_a_seed_that_no_generator_takes_is_refused_at_once(seed: object) -> None:
    with pytest.raises(InvalidInputError, match=r"seed must be a whole number from 0 to 4294967295, got"):
        report(seed=seed)


def test_the_threshold_sends_what_reaches_it_and_none_sends_half() -> None:
    outcomes = graded()
    scores = ByLastDigit().win_probability(outcomes.prompts)
    given = report(outcomes=outcomes, threshold=0.7)["by_last_digit"]
    assert given["strong_fraction"].value == pytest.approx((scores >= 0.7).mean())
    assert report(outcomes=outcomes)["by_last_digit"]["strong_fraction"].value == pytest.approx(0.5)


def test_a_column_of_scores_is_evaluated_as_a_router_is() -> None:
    """A row that is left out for its missing grade takes its score along."""
    outcomes = Outcomes.from_columns(
        ["a", "b", "left out", "c", "d"], {"big": [1, 1, 1, 1, 0], "small": [0, 1, None, 0, 0]}
    )
    found = report(np.insert(BEST, 2, 0.5), outcomes)
    assert found["scores"]["apgr"].value == pytest.approx(0.75)
    assert (found.n, found.n_left_out) == (4, 1)


def test_strong_not_better_than_weak_shows_quality_against_cost() -> None:
    found = report(strong="small", weak="big")
    assert not found.pgr_defined
    assert found["by_last_digit"]["apgr"].value is None
    assert found["by_last_digit"]["aiq"].value == pytest.approx(1.0)
    assert any("PGR, APGR and CPT are undefined" in note for note in found.notes)
    assert "AIQ difference" in found.verdicts[0] or "cannot be compared" in found.verdicts[0]


def test_few_prompts_warn() -> None:
    found = report(outcomes=graded(12))
    assert any("Only 12 independent prompts" in note for note in found.notes)


def test_a_constant_router_is_worth_a_coin_and_is_named() -> None:
    found = report(FixedRouter(0.3))
    name = FixedRouter.name
    assert found[name]["apgr"].value == pytest.approx(0.5)
    assert found[name]["apgr"].interval == pytest.approx((0.5, 0.5))
    assert any("scores all prompts alike" in note for note in found.notes)


def test_repeated_prompts_are_counted() -> None:
    outcomes = graded(40)
    twice = outcomes.select([*range(40), 0, 1, 2])
    assert report(outcomes=twice).n_duplicates == 3


def test_conversations_widen_the_interval() -> None:
    """Ten copies of each prompt in one conversation hold no more than one does."""
    outcomes = graded(60)
    rows = np.repeat(np.arange(60), 10)
    copied = outcomes.select(rows)
    alone = report(outcomes=copied)["by_last_digit"]["apgr"].interval
    whole = Outcomes.from_columns(
        copied.prompts,
        {model: copied.scores(model) for model in copied.models},
        conversations=[str(row) for row in rows],
    )
    together = report(outcomes=whole)["by_last_digit"]["apgr"].interval
    once = report(outcomes=outcomes)["by_last_digit"]["apgr"].interval
    assert alone is not None
    assert together is not None
    assert once is not None
    assert np.ptp(together) > 2 * np.ptp(alone)
    assert np.ptp(together) == pytest.approx(np.ptp(once), rel=0.2)


def test_each_domain_has_its_own_figures() -> None:
    outcomes = graded(200, domains=["small one" if i < 20 else "large one" for i in range(200)])
    large, small = report(outcomes=outcomes)["by_last_digit"].domains
    assert (large.domain, large.n, small.domain, small.n) == ("large one", 180, "small one", 20)
    rows = slice(20, None)
    scores = ByLastDigit().win_probability(outcomes.prompts)[rows]
    expected = apgr(scores, outcomes.scores("big")[rows], outcomes.scores("small")[rows])
    assert large.apgr.value == pytest.approx(expected)
    assert large.apgr.interval is not None
    assert small.apgr.interval is None


def test_coverage_is_the_mean_similarity_to_training_and_unknown_where_none_was_kept() -> None:
    found = report({"keeps": Remembering(), "keeps none": ByLastDigit()})
    assert found["keeps"].coverage == pytest.approx(0.5)
    assert found["keeps none"].coverage is None


def test_losses_are_prompts_sent_to_the_worse_model() -> None:
    outcomes = graded()
    for loss in report(outcomes=outcomes, threshold=0.5)["by_last_digit"].losses:
        assert loss.score < 0.5
        assert (loss.strong, loss.weak) == (1.0, 0.0)
        assert loss.prompt == outcomes.prompts[loss.row]
        assert loss.prompt not in repr(loss)


def test_latencies_are_those_of_the_chosen_models() -> None:
    """All strong answers take 100 ms, all weak ones 10: with half of them strong the median lies between."""
    latency = {"big": np.full(200, 100.0), "small": np.full(200, 10.0)}
    first = {"big": np.full(200, 50.0), "small": np.full(200, 5.0)}
    outcomes = graded(measures={"latency_ms": latency, "time_to_first_token_ms": first})
    found = report(outcomes=outcomes, threshold=0.9)
    assert found.strong.latency is not None
    assert found.strong.latency.latency_p95_ms == 100
    routed = found["by_last_digit"].latency
    assert routed is not None
    assert (routed.latency_p50_ms, routed.latency_p95_ms) == (10, 100)
    assert (routed.first_token_p50_ms, routed.first_token_p95_ms) == (5, 50)


def test_a_router_that_was_not_evaluated_is_refused_by_name() -> None:
    with pytest.raises(UnknownNameError, match=r"a router must be one of \['by_last_digit', 'random'"):
        report()["static-v1"]


def test_the_same_seed_gives_the_same_report() -> None:
    assert report() == report()
    assert report() != report(seed=1)


def test_a_router_named_as_a_baseline_keeps_a_name_of_its_own() -> None:
    found = report({"random": ByLastDigit()})
    assert not found["random_router"].baseline
    assert found["random"].baseline


@pytest.mark.parametrize(
    ("router", "options", "error", "rule"),
    [
        ([0.5], {}, InvalidInputError, "must be 200 finite numbers, one a prompt, got"),
        (["x"] * 200, {}, InvalidInputError, "must be numbers, got list"),
        ([np.nan] * 200, {}, InvalidInputError, "must be 200 finite numbers"),
        ({}, {}, InvalidInputError, "needs a router, or scores, got none"),
        (None, {"n_resamples": 0}, InvalidInputError, "n_resamples must be >= 1"),
        (
            None,
            {"n_resamples": 1.5},
            InvalidInputError,
            "n_resamples must be >= 1 and a whole number, got 1.5",
        ),
        (None, {"n_resamples": True}, InvalidInputError, "n_resamples must be >= 1 and a whole number"),
        (None, {"threshold": "half"}, InvalidInputError, "threshold must be a finite number, got 'half'"),
        (None, {"threshold": float("nan")}, InvalidInputError, "threshold must be a finite number"),
        (None, {"threshold": {"other": 0.5}}, UnknownNameError, "thresholds must be by router"),
        (None, {"strong": "huge"}, UnknownNameError, "a model must be one of"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    router: object, options: dict[str, object], error: type[Exception], rule: str
) -> None:
    with pytest.raises(error, match=rule):
        report(router, None, **options)


def test_a_router_that_returns_no_probabilities_is_refused() -> None:
    class Broken(ByLastDigit):
        def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
            return np.full(len(queries), np.nan)

    with pytest.raises(RouterOutputError, match="not finite"):
        report(Broken())


def test_a_gap_that_most_resamples_do_not_share_is_said() -> None:
    """Of 20 prompts strong wins one and loses none: in (19/20)^20 = 36 % of resamples there is no gap."""
    outcomes = Outcomes.from_columns(
        [f"question {i} of {i}" for i in range(20)], {"big": [1] * 20, "small": [1] * 19 + [0]}
    )
    found = report([float(i) for i in range(20)], outcomes)
    assert found.verdicts[0].endswith(
        "in more than one resample in twenty the strong model is not the better one; grade more."
    )
    assert found["scores"]["apgr"].interval is None
