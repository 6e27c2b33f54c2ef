"""many_models.py and dollar_weights.py: the best expected grade for its price."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    ArtifactError,
    ArtifactExistsError,
    DataError,
    InvalidInputError,
    ManyModelsPolicy,
    NeighborsPredictor,
    NotFittedError,
    Outcomes,
    OutputTokens,
    RouterFallbackWarning,
    RoutingRequest,
    TokenPrices,
    dollar_weight_for_budget,
    dollar_weight_for_quality,
)
from tests.predictors.axes import Axes, graded

PRICES = {"ada": TokenPrices(0.0, 10.0), "bob": TokenPrices(0.0, 1.0), "cyd": TokenPrices(0.0, 0.1)}
TOKENS = {"ada": 1000.0, "bob": 1000.0, "cyd": 1000.0}
"""A thousand calls cost 10 dollars of ada, 1 of bob and 0.1 of cyd."""

GRADES = {"sum": (1.0, 0.5, 0.5), "verse": (1.0, 0.9, 0.0), "joke": (0.8, 0.8, 0.8)}


def outcomes(n: int = 100) -> Outcomes:
    """Return n prompts of each kind, with the grades of ada, bob and cyd."""
    prompts = [f"{kind} {i}" for kind in GRADES for i in range(n)]
    columns = {
        model: [GRADES[prompt.split()[0]][place] for prompt in prompts]
        for place, model in enumerate(("ada", "bob", "cyd"))
    }
    return Outcomes.from_columns(prompts, columns)


def policy(**given: Any) -> ManyModelsPolicy:
    predictor = NeighborsPredictor(Axes(), k=50, prior=0).fit(outcomes())
    return ManyModelsPolicy(predictor, **{"prices": PRICES, "output_tokens": TOKENS, **given})


def asked(routes: ManyModelsPolicy) -> list[str]:
    return [decision.model for decision in routes.decide_many(["sum 1", "verse 1", "joke 1"])]


@pytest.mark.parametrize(
    ("weight", "models"),
    [
        (0.0, ["ada", "ada", "ada"]),  # grades 1, 1 and .8, which bob and cyd have too: the first is taken
        (0.02, ["ada", "bob", "cyd"]),  # ada's dollars cost .2 of grade: 1 - .2, .9 - .02 and .8 - .002
        (0.1, ["cyd", "bob", "cyd"]),  # ada's cost 1
        (2.0, ["cyd", "cyd", "cyd"]),  # bob's cost 2
    ],
)
async def test_a_question_goes_to_the_best_grade_for_its_price(weight: float, models: list[str]) -> None:
    routes = policy(dollar_weight=weight)
    assert asked(routes) == models
    decisions = await routes.adecide_many(["sum 1", "verse 1", "joke 1"])
    assert [decision.model for decision in decisions] == models


def test_seconds_are_a_price_too() -> None:
    """Ada takes 4 seconds, the others 1: at .05 a second she must be better by .15, and by .1 is not."""
    routes = policy(seconds={"ada": 4.0, "bob": 1.0, "cyd": 1.0}, second_weight=0.05)
    assert asked(routes) == ["ada", "bob", "bob"]


def test_models_stand_best_first_and_the_gain_is_over_the_cheapest() -> None:
    """Means of ada .933, bob .733, cyd .433; gains over cyd of .5, 1 and 0."""
    routes = policy()
    assert routes.models == ("ada", "bob", "cyd")
    gains = [decision.win_probability for decision in routes.decide_many(["sum 1", "verse 1", "joke 1"])]
    assert gains == pytest.approx([0.5, 1.0, 0.0], abs=1e-9)


def test_a_question_whose_gain_is_below_the_threshold_goes_to_the_cheapest() -> None:
    assert asked(policy(threshold=0.6)) == ["cyd", "ada", "cyd"]
    request = RoutingRequest("sum 1", threshold=0.6)
    assert policy().decide(request).model == "cyd"


def test_a_request_goes_to_the_best_of_those_that_can_serve_it() -> None:
    assert policy().decide(RoutingRequest("sum 1", candidates=("bob", "cyd"))).model == "bob"
    assert policy(dollar_weight=0.1).decide(RoutingRequest("sum 1", candidates=("ada", "bob"))).model == "bob"
    assert policy().decide(RoutingRequest("sum 1", route="cyd")).reason == "route"


def test_a_score_that_is_known_from_before_decides_alike() -> None:
    known = RoutingRequest("verse 1", win_probability=1.0)
    assert policy(dollar_weight=0.02).decide(known).model == "bob"


def test_copies_and_pickles_decide_alike() -> None:
    routes = policy(dollar_weight=0.02)
    for other in (copy.deepcopy(routes), pickle.loads(pickle.dumps(routes))):
        assert asked(other) == asked(routes)


@pytest.mark.parametrize("given", [{}, {"prices": None, "output_tokens": None}, {"seconds": TOKENS}])
def test_what_is_saved_decides_as_before(given: dict[str, Any], tmp_path: Path) -> None:
    routes = policy(**given, threshold=0.1, on_no_query="weak")
    routes.dollar_weight = 0.02 if routes.dollars else 0.0
    pinned = routes.save(tmp_path / "policy")
    again = ManyModelsPolicy.load(tmp_path / "policy", embedder=Axes(), expected_sha256=pinned)
    assert asked(again) == asked(routes)
    assert again.decide(None).model == "cyd"
    assert (again.threshold, again.dollar_weight) == (0.1, routes.dollar_weight)
    with pytest.raises(ArtifactExistsError):
        routes.save(tmp_path / "policy")


def test_a_share_goes_to_any_of_the_models_by_lot_also_when_saved(tmp_path: Path) -> None:
    """e = 0.03 of 3 models: 0.01 for each, and 0.97 more for the best for its price."""
    policy(dollar_weight=0.02, explore=0.03, explore_seed=5).save(tmp_path / "saved")
    routes = ManyModelsPolicy.load(tmp_path / "saved", embedder=Axes())
    decided = routes.decide_many(["verse 1"] * 5000)
    seen = {each.model: each.propensity for each in decided}
    assert seen == pytest.approx({"ada": 0.01, "bob": 0.98, "cyd": 0.01})


def test_learned_lengths_are_saved_too(tmp_path: Path) -> None:
    """Answers to sums are counted as 1,000 tokens and verses as 10, of each model."""
    tokens = {
        model: [1000.0 if p.startswith("sum") else 10.0 for p in outcomes().prompts] for model in PRICES
    }
    counted = Outcomes.from_columns(list(outcomes().prompts), measures={"output_tokens": tokens})
    lengths = OutputTokens.fit(counted, embedder=Axes())
    routes = policy(output_tokens=lengths, dollar_weight=0.1)
    routes.save(tmp_path / "policy")
    again = ManyModelsPolicy.load(tmp_path / "policy", embedder=Axes())
    np.testing.assert_array_equal(again.costs(["sum 1", "verse 1"]), routes.costs(["sum 1", "verse 1"]))
    assert asked(again) == asked(routes)
    assert again.decide("verse 1").model == "ada"  # ten tokens of her cost next to nothing


def test_code_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="code is not saved"):
        policy(count_tokens=len).save(tmp_path / "policy")
    with pytest.raises(ArtifactError):
        ManyModelsPolicy.load(tmp_path / "policy")


def test_without_prices_quality_alone_decides_and_a_weight_is_refused() -> None:
    routes = policy(prices=None, output_tokens=None)
    assert asked(routes) == ["ada", "ada", "ada"]
    with pytest.raises(InvalidInputError, match="dollar_weight needs prices and output_tokens"):
        routes.dollar_weight = 0.1
    with pytest.raises(InvalidInputError, match="second_weight needs seconds"):
        routes.second_weight = 0.1


def test_a_predictor_that_fails_sends_to_the_best_and_says_so_once() -> None:
    routes = policy()
    del routes.predictor._known  # type: ignore[attr-defined]
    with pytest.warns(RouterFallbackWarning):
        decision = routes.decide("sum 1")
    assert (decision.model, decision.reason) == ("ada", "router_error:AttributeError")


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"dollar_weight": -1}, "dollar_weight must be a finite number >= 0"),
        ({"dollar_weight": float("nan")}, "dollar_weight must be a finite number"),
        ({"prices": {"ada": PRICES["ada"]}}, r"prices must be given for each model, and \['bob', 'cyd'\]"),
        ({"output_tokens": {"ada": 1.0}}, "output_tokens must be given for each model"),
        ({"output_tokens": {**TOKENS, "cyd": -1.0}}, "output_tokens must be >= 0, got -1.0 for cyd"),
        ({"output_tokens": {**TOKENS, "cyd": "x"}}, "output_tokens must be >= 0, got 'x' for cyd"),
        ({"output_tokens": {**TOKENS, "cyd": True}}, "output_tokens must be >= 0, got True for cyd"),
        ({"seconds": {**TOKENS, "cyd": None}}, "seconds must be >= 0, got None for cyd"),
        ({"seconds": 3}, "seconds must be a number a model, got int"),
        ({"output_tokens": 3}, "OutputTokens or a number a model, got int"),
        ({"seconds": {"ada": 1.0}}, "seconds must be given for each model"),
        ({"threshold": 30}, "threshold"),
    ],
)
def test_a_setting_outside_its_rule_is_refused(given: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        policy(**given)


def test_a_predictor_that_is_none_or_has_learned_nothing_is_refused() -> None:
    nothing: Any = 3
    with pytest.raises(InvalidInputError, match="must be a QualityPredictor, got int"):
        ManyModelsPolicy(nothing)
    with pytest.raises(NotFittedError, match="call fit"):
        ManyModelsPolicy(NeighborsPredictor(Axes()))


def test_a_budget_gives_the_smallest_weight_that_keeps_it() -> None:
    """The prompts are a sum, a verse, a joke: ada, bob, cyd cost (10 + 1 + .1) / 3 = 3.7 dollars.

    From a weight of .1 / 9 a verse goes to bob, from 0 a joke to cyd, from .5 / 9.9 a sum to cyd.
    """
    prompts = ["sum 1", "verse 1", "joke 1"]
    choice = dollar_weight_for_budget(policy(), prompts, dollars_per_1k=3.7)
    assert choice.dollar_weight == pytest.approx(0.1 / 9)
    assert choice.dollars_per_1k == pytest.approx(3.7)
    assert choice.shares == pytest.approx({"ada": 1 / 3, "bob": 1 / 3, "cyd": 1 / 3})
    assert asked(policy(dollar_weight=choice.dollar_weight * 1.001)) == ["ada", "bob", "cyd"]
    assert "3.7 dollars" in choice.explain()
    assert dollar_weight_for_budget(policy(), prompts, dollars_per_1k=10).dollar_weight == 0.0


def test_a_budget_below_the_cheapest_says_what_that_is() -> None:
    with pytest.raises(InvalidInputError, match="at least 0.1, what the cheapest models cost, got 0.05"):
        dollar_weight_for_budget(policy(), ["sum 1"], dollars_per_1k=0.05)
    for nothing in (float("nan"), "1"):
        wrong: Any = nothing
        with pytest.raises(InvalidInputError, match="finite number"):
            dollar_weight_for_budget(policy(), ["sum 1"], dollars_per_1k=wrong)


def test_a_quality_gives_the_largest_weight_that_is_shown_to_keep_it() -> None:
    """Of 3,000 prompts a third each: verses to bob cost .1 / 3 = .033 of mean grade, sums to cyd .5 / 3 more.

    So a drop of .1 allows the first and not the second, at any confidence that so many prompts give.
    """
    choice = dollar_weight_for_quality(policy(), outcomes(1000), max_drop=0.1)
    assert choice.guaranteed
    assert choice.reference == "ada"
    assert choice.quality == pytest.approx((1.0 + 0.9 + 0.8) / 3)
    assert 0.1 / 9 < choice.dollar_weight < 0.5 / 9.9
    assert "With confidence 0.95 the mean grade is at most 0.1 below ada's" in choice.explain()


def test_what_cannot_be_shown_goes_to_the_reference_and_says_how_many_grades_would_do() -> None:
    choice = dollar_weight_for_quality(policy(), outcomes(2), max_drop=0.01)
    assert (choice.guaranteed, choice.shares["ada"], choice.dollar_weight) == (False, 1.0, 0.0)
    assert choice.n_needed is not None
    assert f"about {choice.n_needed:,} graded prompts" in choice.explain()


def test_a_promise_is_broken_no_more_often_than_its_confidence_says() -> None:
    """Grades drawn anew 300 times; the true drop of every weight is known from their means."""
    generator = np.random.default_rng(0)
    routes, broken = policy(), 0
    means = np.array([GRADES[kind] for kind in GRADES])
    prompts = [f"{kind} {i}" for kind in GRADES for i in range(50)]
    for _ in range(300):
        drawn = generator.random((150, 3)) < np.repeat(means, 50, axis=0)
        columns = {m: drawn[:, place].astype(float) for place, m in enumerate(routes.models)}
        choice = dollar_weight_for_quality(
            routes, Outcomes.from_columns(prompts, columns), max_drop=0.06, confidence=0.9
        )
        routes.dollar_weight = choice.dollar_weight
        sent = [routes.models.index(model) for model in asked(routes)]
        best = means.mean(axis=0)[routes.models.index(choice.reference or "")]
        broken += bool(choice.guaranteed) and best - means[[0, 1, 2], sent].mean() > 0.06
    assert broken <= 300 * 0.1 + 2 * (300 * 0.1 * 0.9) ** 0.5


def test_outcomes_that_cannot_show_a_quality_are_refused() -> None:
    holes = Outcomes.from_columns(["sum 1", "sum 2"], {"ada": [1, None], "bob": [1, 1], "cyd": [1, 1]})
    with pytest.raises(DataError, match="graded on each prompt"):
        dollar_weight_for_quality(policy(), holes, max_drop=0.1)
    for name in ("max_drop", "confidence"):
        with pytest.raises(InvalidInputError, match=rf"{name} must be in \(0, 1\), got 30"):
            dollar_weight_for_quality(policy(), outcomes(), **{"max_drop": 0.1, name: 30})  # type: ignore[arg-type]
    unpriced = policy(prices=None, output_tokens=None)
    with pytest.raises(InvalidInputError, match="policy with prices"):
        dollar_weight_for_quality(unpriced, outcomes(), max_drop=0.1)
    wrong: Any
    for wrong in (-1, "x", 0.5):
        with pytest.raises(InvalidInputError, match="seed must be"):
            dollar_weight_for_quality(policy(), outcomes(), max_drop=0.1, seed=wrong)
    wrong = "graded.csv"
    with pytest.raises(InvalidInputError, match="outcomes must be Outcomes, got str"):
        dollar_weight_for_quality(policy(), wrong, max_drop=0.1)


def test_two_models_are_many_too() -> None:
    routes = ManyModelsPolicy(NeighborsPredictor(Axes()).fit(graded()))
    assert [routes.decide(query).model for query in ("sum 1", "verse 1")] == ["ada", "bob"]
